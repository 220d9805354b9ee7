"""What the pages say, without a browser."""

import re
from decimal import Decimal
from importlib import resources

import httpx
import psycopg
import pytest

from district.pages import language
from district.pages.form import add_up
from district.pages.results import ItemResult
from scoring import rubric
from scoring.model import Text
from tests.district.pages.seed import DISTRICT


def get(site: str, path: str, lang: str = "en") -> str:
    answer = httpx.get(f"{site}{path}", params={"lang": lang})
    assert answer.status_code == 200
    return answer.text


def test_the_form_shows_every_item_in_its_own_words(site: str) -> None:
    page = get(site, f"/districts/{DISTRICT}/form", "en")
    for item in rubric.load("hangzhou-city-2023").items():
        assert f">{item.code}</a>" in page
        assert (
            item.text.zh.replace("&", "&amp;").replace(">", "&gt;").replace('"', "&#34;").replace("'", "&#39;") in page
        )


def test_demo_points_stand_apart_and_enter_no_total(site: str) -> None:
    page = re.sub(r"\s+", " ", get(site, f"/districts/{DISTRICT}/form"))
    sums = dict(re.findall(r'<dt>([^<]+)</dt><dd><span class="number">([\d.]+)</span>', page))
    assert (sums["Decided"], sums["Suggested"], sums["Demo"], sums["Undetermined"]) == ("0", "0", "3", "37")


def test_an_item_says_how_to_recompute_it(site: str) -> None:
    page = get(site, f"/districts/{DISTRICT}/items/2.2.5.1")
    assert f"district scoring verify --district {DISTRICT}" in page
    assert re.search(r"<code>[0-9a-f]{64}</code>", page)
    assert "gate-east" in page


def test_an_undetermined_item_has_no_points_and_says_that_this_is_not_zero(site: str) -> None:
    page = get(site, f"/districts/{DISTRICT}/items/2.6.1.1")
    assert '<span class="number quiet">–</span>' in page
    assert "this does not mean zero" in page


@pytest.mark.parametrize("path", ["/districts/nowhere", "/districts/lakeside-demo/items/9.9.9.9"])
def test_what_does_not_exist_is_not_found(site: str, path: str) -> None:
    assert httpx.get(f"{site}{path}").status_code == 404


def test_a_district_without_data_has_a_page(database: str, site: str) -> None:
    with psycopg.connect(database) as connection:
        connection.execute(
            "TRUNCATE metrics.value, metrics.hour, ingest.ledger, ingest.quarantine, ingest.reading CASCADE"
        )
    page = get(site, f"/districts/{DISTRICT}")
    assert "No figures yet" in page
    assert "Nothing arrived in the last 24 hours" in page
    assert "The quarantine is empty" in page


def test_a_real_district_has_no_banner(database: str, site: str) -> None:
    with psycopg.connect(database) as connection:
        connection.execute("UPDATE ingest.fact SET body = body || '{\"demo\": false}' WHERE kind = 'district'")
    assert '<aside class="demo"' not in get(site, f"/districts/{DISTRICT}")


def test_names_of_a_catalogue_are_escaped(database: str, site: str) -> None:
    with psycopg.connect(database) as connection:
        connection.execute(
            "UPDATE ingest.fact SET body = body || '{\"name_en\": \"<script>x\"}' WHERE kind = 'district'"
        )
    page = get(site, f"/districts/{DISTRICT}")
    assert "&lt;script&gt;x" in page
    assert "<script" not in page


def result(code: str, outcome: str, points: str | None, *, provisional: bool = False, demo: bool = False,
           decided: str | None = None) -> ItemResult:  # fmt: skip
    return ItemResult(
        code=code, outcome=outcome, suggested_points=None if points is None else Decimal(points),
        provisional=provisional, demo=demo, reason=Text(zh="", en=""), rule_id="", rule_version="",
        decided_points=None if decided is None else Decimal(decided),
    )  # fmt: skip


def test_each_item_adds_to_one_kind_of_sum() -> None:
    results = {
        "a": result("a", "met", "1", decided="1"),
        "b": result("b", "met", "2", provisional=True),
        "c": result("c", "met", "4", demo=True),
        "d": result("d", "undetermined", None),
        "e": result("e", "documents_only", None, decided="0.5"),
        "f": result("f", "not_met", "0"),
    }
    sums = add_up([(code, Decimal(8)) for code in "abcdefg"], results)
    assert (
        sums.suggested,
        sums.provisional,
        sums.demo,
        sums.undetermined,
        sums.documents,
        sums.no_rule,
        sums.decided,
    ) == tuple(map(Decimal, ("1", "2", "4", "8", "8", "8", "1.5")))
    assert sum(sums.counts.values()) == 7


def test_every_text_exists_in_both_languages() -> None:
    for key, entry in language.catalogue().items():
        assert set(entry) == {"zh", "en"}, key
        assert all(isinstance(text, str) and text for text in entry.values()), key
        assert set(re.findall(r"\{(\w+)\}", entry["zh"])) == set(re.findall(r"\{(\w+)\}", entry["en"])), key


def test_templates_use_texts_that_exist_and_no_text_is_left_over() -> None:
    folder = resources.files("district.pages")
    source = "".join(entry.read_text("utf-8") for entry in folder.joinpath("templates").iterdir())
    source += folder.joinpath("display.py").read_text("utf-8")
    whole = set(re.findall(r"""["']([a-z]+\.[a-z_0-9]+)["']""", source))
    stems = tuple(f"{stem}" for stem in re.findall(r"""["']([a-z]+\.[a-z_]*)["'] ~""", source))
    known = set(language.catalogue())
    assert {key for key in re.findall(r"""\bt\(["']([a-z_.0-9]+)["'][,)]""", source) if key not in known} == set()
    assert {key for key in known if key not in whole and not key.startswith(stems)} == set()

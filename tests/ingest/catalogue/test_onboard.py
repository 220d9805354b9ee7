"""Lists of devices, from CSV, Excel and YAML, become facts with history; a wrong cell is named with a good one."""

from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import openpyxl
import psycopg
import pytest

from ingest import registry
from ingest.catalogue import CatalogueError, Result, apply
from ingest.catalogue.onboard import bring_in
from ingest.catalogue.show import show
from ingest.yaml_document import DocumentError

NOW = datetime(2026, 11, 23, 4, 10, tzinfo=UTC)
LATER = NOW + timedelta(days=1)
FILE = """\
district: {id: d, name: {zh: 区, en: D}, zone: Asia/Shanghai}
spaces: [{id: hall, name: {zh: 厅, en: Hall}}, {id: yard, name: {zh: 院, en: Yard}}]
entrances: [{id: gate, space: hall, name: {zh: 门, en: Gate}}]
gateways: [{id: gw}]
devices:
  - {id: old-1, feed: energy, space: hall, interval: 15min, addresses: [{route: lora, address: AA-01}]}
"""
HEAD = "id,feed,space,interval"
GOOD = f"""\
{HEAD},profile,entrance,sign,route,address,route_2,address_2,counters,commissioned_on,submeter_of
door-1,foot_traffic,hall,10min,milesight-vs133,gate,-1,lora,24:E1:24:01,mail,North Door,,2026-12-01,
0815,energy,yard,60s,,,,lora,1E3,,,"{{energy.import_total: {{policy: wrap, wrap: 1000000}}}}",,old-1
"""


class Desk:
    """Somebody with a district and lists."""

    def __init__(self, connection: psycopg.Connection, folder: Path) -> None:
        self.connection, self.folder = connection, folder
        self.file = folder / "district.yaml"
        self.whole(FILE)

    def whole(self, text: str, now: datetime = NOW) -> Result:
        self.file.write_text(text, encoding="utf-8")
        return apply(self.connection, self.file, now=now, who="desk")

    def bring(self, text: str, name: str = "devices.csv", now: datetime = NOW, **options: object) -> Result:
        path = self.folder / name
        path.write_text(text, encoding="utf-8")
        return bring_in(self.connection, path, now=now, who="desk", **options)  # type: ignore[arg-type]

    def devices(self, at: datetime = LATER) -> dict[str, dict[str, object]]:
        return {fact.id: fact.body for fact in show(self.connection, at=at, kind="device")}


@pytest.fixture
def desk(connection: psycopg.Connection, tmp_path: Path) -> Desk:
    return Desk(connection, tmp_path)


def test_rows_become_devices_and_the_same_list_again_records_nothing(desk: Desk) -> None:
    result = desk.bring(GOOD)
    assert [(change.id, change.before) for change in result.changes] == [("door-1", None), ("0815", None)]
    assert desk.devices()["0815"] == {
        "feed": "energy", "space": "yard", "interval_s": 60, "origin": "real", "indicative": False, "submeter_of": "old-1",
        "addresses": [{"route": "lora", "address": "1E3"}],
        "counters": {"energy.import_total": {"policy": "wrap", "wrap": "1000000"}},
    }  # fmt: skip
    door = registry.load(desk.connection, datetime(2026, 12, 1, tzinfo=UTC)).by_address["mail", "northdoor"]
    assert (door.id, door.profile) == ("door-1", "milesight-vs133")
    assert ("d", "door-1") not in registry.load(desk.connection, NOW).devices  # not commissioned yet
    assert desk.bring(GOOD, now=LATER).revision is None


def test_a_dry_run_tells_the_difference_and_writes_nothing(desk: Desk) -> None:
    assert len(desk.bring(GOOD, dry_run=True).changes) == 2
    assert desk.connection.execute("SELECT count(*) FROM ingest.revision").fetchone() == (1,)


def test_what_a_table_has_no_column_for_stays_as_it_was_and_the_past_stays_recorded(desk: Desk) -> None:
    result = desk.bring(f"{HEAD}\nold-1,energy,hall,5min\n", now=LATER)
    [change] = result.changes
    assert (change.valid_from, change.before and change.before["interval_s"], change.after) == (
        LATER, 900, {**(change.before or {}), "interval_s": 300},
    )  # fmt: skip
    assert desk.devices(NOW)["old-1"]["interval_s"] == 900
    assert desk.devices()["old-1"]["addresses"] == [{"route": "lora", "address": "AA-01"}]


def test_an_empty_cell_takes_away_what_was_recorded(desk: Desk) -> None:
    desk.bring(f"{HEAD},route,address\nold-1,energy,hall,15min,,\n", now=LATER)
    assert "addresses" not in desk.devices()["old-1"]


def test_the_whole_file_ends_its_own_devices_and_leaves_those_of_lists(desk: Desk) -> None:
    desk.bring(GOOD.replace("old-1", ""))
    without = FILE.partition("devices:")[0]
    changes = desk.whole(without + "maintenance: [{id: m, devices: ['0815'], start: 2026-12-01T08:00:00+08:00,"
                         " end: 2026-12-01T09:00:00+08:00}]\n", now=LATER).changes  # fmt: skip
    assert [(change.kind, change.id, change.after is None) for change in changes] == [
        ("maintenance", "m", False), ("device", "old-1", True),
    ]  # fmt: skip


def test_the_whole_file_keeps_the_places_of_devices_of_lists(desk: Desk) -> None:
    desk.bring(GOOD)
    with pytest.raises(CatalogueError) as caught:
        desk.whole(FILE.replace(", {id: yard, name: {zh: 院, en: Yard}}", ""), now=LATER)
    assert "expected the space 'yard' of device '0815', which came by a list, got none" in str(caught.value)


def test_the_whole_file_cannot_take_an_address_of_a_device_of_a_list(desk: Desk) -> None:
    desk.bring(GOOD)
    with pytest.raises(CatalogueError, match=r"addresses\[0\].address: .* got '1e3', which belongs to d/0815"):
        desk.whole(FILE.replace("AA-01", '"1e3"'), now=LATER)


def wrong(desk: Desk, write: Callable[[], object]) -> list[str]:
    with pytest.raises((DocumentError, CatalogueError)) as caught:
        write()
    desk.connection.rollback()
    assert desk.connection.execute("SELECT count(*) FROM ingest.revision").fetchone() == (1,)
    return str(caught.value).splitlines()


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("a,energy,hall,5 m", "row 2, column interval: expected a duration like 60s or 5min, got '5 m'"),
        ("a,energi,hall,60s", "row 2, column feed: expected one of foot_traffic, parking, wifi, "),
        ("A 1,energy,hall,60s", "row 2, column id: expected an id of a-z, 0-9, _ and - (at most 64) like counter-north-1, got 'A 1'"),
        ("a,energy,hal,60s", "row 2, column space: expected a known space, got 'hal' (did you mean 'hall'?)"),
        ("a,energy,,60s", "row 2: expected the key 'space' like `space: mall-a`, got none"),
        ("a,energy,hall,60s\n\na,energy,hall,60s", "row 4, column id: expected an id of its own, got 'a', which is row 2"),
        ("a,energy,hall,60s,x", "row 2, column 5: expected a column with a name, got 'x' under none"),
        ("old-1,energy,hall,60s", None),
    ],
)  # fmt: skip
def test_a_wrong_cell_is_named_by_file_row_and_column_with_a_good_value(
    desk: Desk, text: str, said: str | None
) -> None:
    if said is None:
        assert desk.bring(f"{HEAD}\n{text}\n").changes
    else:
        [problem] = wrong(desk, lambda: desk.bring(f"{HEAD}\n{text}\n"))
        assert problem.startswith(f"devices.csv {said}")


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        ("24:E1:24:01", "aa01", "row 2, column address: expected an address of its own, got 'aa01', which belongs to d/old-1"),
        ("North Door", "--", "row 2, column address_2: expected a name with letters or digits like 24:E1:24, got '--'"),
        ("milesight-vs133", "milesight-vs13", ("row 2, column profile: expected the id of a profile like milesight-vs121, got"
         " 'milesight-vs13' (did you mean 'milesight-vs133'?)")),
        ("policy: wrap, ", "", "row 3, column counters $['energy.import_total']: expected the key 'policy', got none"),
        ("energy.import_total:", "energy.import:", "row 3, column counters $['energy.import']: expected a running total"),
        ("submeter_of", "submeterof", "row 1: expected a known column like interval, got 'submeterof' (did you mean 'submeter_of'?)"),
        ("commissioned_on", "id", "row 1: expected a name of its own for each column, got 'id' twice"),
        ("old-1", "0815", "row 3, column submeter_of: expected a tree, got the circle 0815 > 0815"),
        (",-1,", ",0,", "row 2, column sign: expected 1 or -1, got 0"),
        (",mail,", ",,", "row 2, column address_2: expected the key 'route' like `route: chirpstack-v4`, got none"),
    ],
)  # fmt: skip
def test_contradictions_are_named_the_same_way(desk: Desk, old: str, new: str, said: str) -> None:
    assert old in GOOD
    [problem] = wrong(desk, lambda: desk.bring(GOOD.replace(old, new)))
    assert problem.startswith(f"devices.csv {said}")


def test_all_mistakes_are_told_at_once(desk: Desk) -> None:
    lines = [f"dev-{n},energy,hall,{n} m" for n in range(5)]
    assert len(wrong(desk, lambda: desk.bring("\n".join([HEAD, *lines])))) == 5


def test_the_origin_of_a_device_never_changes(desk: Desk) -> None:
    [problem] = wrong(desk, lambda: desk.bring(f"{HEAD},origin\nold-1,energy,hall,15min,simulated\n"))
    assert problem.startswith(
        "devices.csv row 2, column origin: expected 'real' like its recorded past, got 'simulated'"
    )


def test_the_recorded_past_is_rewritten_only_with_a_reason(desk: Desk) -> None:
    text = f"{HEAD},since\nold-1,energy,hall,5min,2026-11-01T08:00:00+08:00\n"
    [problem] = wrong(desk, lambda: desk.bring(text, now=LATER))
    assert "row 2: expected a change from now on, got one of the recorded past of device 'old-1'" in problem
    assert desk.bring(text, now=LATER, reason="read off the plate").revision == 2


def test_a_list_without_a_catalogue_or_for_an_unknown_district_says_what_is_missing(
    connection: psycopg.Connection, tmp_path: Path
) -> None:
    path = tmp_path / "devices.csv"
    path.write_text(f"{HEAD}\n", encoding="utf-8")
    with pytest.raises(CatalogueError, match=r"apply a district\.yaml first"):
        bring_in(connection, path, now=NOW, who="desk")
    Desk(connection, tmp_path)
    with pytest.raises(CatalogueError, match="--district: expected one of d, got e"):
        bring_in(connection, path, now=NOW, who="desk", district="e")


@pytest.mark.parametrize(
    ("name", "content", "said"),
    [
        ("devices.csv", "id,space\n商场".encode("gb18030"), "devices.csv row 2: expected UTF-8, got byte 0xc9; save it as 'CSV UTF-8'"),
        ("devices.csv", b"", "devices.csv row 1: expected the names of the columns like id, feed, space, interval, got nothing"),
        ("devices.csv", b'id,space\n"a,b', "devices.csv row 2: expected CSV, got: unexpected end of data"),
        ("devices.xlsx", b"no workbook", "devices.xlsx: expected an Excel workbook (.xlsx), got: File is not a zip file"),
        ("devices.ods", b"", "devices.ods: expected a file named .csv, .xlsx or .yaml, got '.ods'"),
        ("devices.yaml", b"spaces: []", "devices.yaml $: expected the key 'devices' with a list, and no other, got the keys spaces"),
        ("devices.yaml", b"devices: [{id: a, intervall: 60s}]", ("devices.yaml $.intervall: expected a known column like interval, got"
         " 'intervall' (did you mean 'interval'?)")),
    ],
)  # fmt: skip
def test_a_file_that_is_no_list_is_refused(desk: Desk, name: str, content: bytes, said: str) -> None:
    path = desk.folder / name
    path.write_bytes(content)
    assert wrong(desk, lambda: bring_in(desk.connection, path, now=NOW, who="desk")) == [said]


@pytest.mark.parametrize("separator", [";", "\t"])
def test_a_csv_may_have_the_separator_of_another_country(desk: Desk, separator: str) -> None:
    text = f"\ufeff{HEAD}\nmeter-2,energy,yard,60s\n".replace(",", separator)
    assert [change.id for change in desk.bring(text).changes] == ["meter-2"]


def test_a_workbook_is_read_as_people_fill_it_in(desk: Desk) -> None:
    book = openpyxl.Workbook()
    sheet = book.active
    assert sheet is not None
    sheet.append(["id", "feed", "space", "interval", "commissioned_on", "indicative", "route", "address"])
    sheet.append([815, "air_quality", " hall ", "60s", date(2026, 12, 1), True, "lora", "24E124"])
    sheet.append([])
    sheet.append(["air-2", "air_quality", "hall", "60s", None, None, "lora", 241240000000000001])
    path = desk.folder / "devices.xlsx"
    book.save(path)
    said = wrong(desk, lambda: bring_in(desk.connection, path, now=NOW, who="desk"))
    assert said == [
        (
            "devices.xlsx row 4, column address: expected a cell of text like 24E124123456789A, got the number"
            " 241240000000000000: Excel keeps 15 digits"
        )
    ]
    sheet["H4"] = "0241240000000000001"
    book.save(path)
    assert len(bring_in(desk.connection, path, now=NOW, who="desk").changes) == 2
    body = desk.devices(datetime(2026, 12, 2, tzinfo=UTC))["815"]
    assert (body["space"], body["indicative"], body["commissioned_on"]) == ("hall", True, "2026-12-01")


def test_a_cell_may_hold_the_limits_of_a_clock_and_a_later_list_keeps_them(desk: Desk) -> None:
    desk.bring(f'{HEAD},clock\nfar,energy,hall,15min,"{{behind: 90d}}"\n')
    assert desk.devices()["far"]["clock"] == {"behind_s": 7_776_000}
    desk.bring("id,interval\nfar,5min\n", now=NOW + timedelta(minutes=1))
    assert (desk.devices()["far"]["clock"], desk.devices()["far"]["interval_s"]) == ({"behind_s": 7_776_000}, 300)

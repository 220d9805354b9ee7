import hashlib
import json
from datetime import UTC, datetime, timedelta, timezone
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from scoring.digest import Canonical, canonical, content_hash, decimal_text, lines_hash


def test_keys_stand_in_the_byte_order_of_their_text() -> None:
    assert canonical({"湖": 1, "é": 2, "z": 3, "Z": 4}) == '{"Z":4,"z":3,"é":2,"湖":1}'.encode()


def test_equal_numbers_have_one_text() -> None:
    assert {decimal_text(Decimal(text)) for text in ("0.9", "0.90", "9E-1", "0.900")} == {"0.9"}
    assert canonical([Decimal("1E+3"), 1000]) == b'["1000",1000]'


def test_an_instant_is_written_in_utc_whatever_zone_it_came_in() -> None:
    here = datetime(2026, 11, 23, 8, 15, tzinfo=timezone(timedelta(hours=8)))
    assert canonical(here) == canonical(here.astimezone(UTC)) == b'"2026-11-23T00:15:00.000000Z"'


@pytest.mark.parametrize("value", [0.5, float("nan"), b"bytes", {1, 2}])
def test_what_has_no_one_text_is_refused(value: Canonical) -> None:
    with pytest.raises(TypeError):
        canonical(value)


@pytest.mark.parametrize("value", [Decimal("NaN"), datetime(2026, 1, 1)])  # noqa: DTZ001  the point of the test
def test_what_is_ambiguous_is_refused(value: Canonical) -> None:
    with pytest.raises(ValueError, match="expected"):
        canonical(value)


@given(
    st.dictionaries(
        st.text(st.characters(exclude_categories=["Cs"])),
        st.integers() | st.text(st.characters(exclude_categories=["Cs"])) | st.none() | st.booleans(),
    )
)
def test_canonical_text_is_json_and_does_not_depend_on_the_order_of_keys(value: dict[str, Canonical]) -> None:
    assert json.loads(canonical(value)) == value
    assert content_hash(value) == content_hash(dict(reversed(value.items())))


def test_the_digest_of_a_datastream_is_over_its_lines() -> None:
    hour = datetime(2026, 11, 23, tzinfo=UTC)
    lines = [(hour, b"\x01"), (hour + timedelta(hours=1), b"\xff")]
    text = "2026-11-23T00:00:00.000000Z 01\n2026-11-23T01:00:00.000000Z ff\n"
    assert lines_hash(lines) == hashlib.sha256(text.encode()).hexdigest()

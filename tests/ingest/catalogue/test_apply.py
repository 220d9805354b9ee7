"""The catalogue keeps history: what held when, as known when."""

from datetime import UTC, datetime, timedelta
from pathlib import Path

import psycopg
import pytest

from ingest import registry
from ingest.catalogue import CatalogueError, Result, apply
from ingest.catalogue.show import show

NOON = datetime(2026, 11, 23, 4, 10, tzinfo=UTC)
FULL_HOUR = datetime(2026, 11, 23, 5, tzinfo=UTC)
DAY = timedelta(days=1)
FILE = """\
district: {id: d, name: {zh: 区, en: D}, zone: Asia/Shanghai}
spaces:
  - {id: a, name: {zh: 甲, en: A}}
  - {id: b, name: {zh: 乙, en: B}}
gateways:
  - {id: gw}
devices:
  - {id: c1, feed: wifi, space: a, interval: 60s, origin: real}
"""


class Desk:
    """Somebody who edits one district.yaml and applies it."""

    def __init__(self, connection: psycopg.Connection, file: Path) -> None:
        self.connection, self.file, self.text = connection, file, FILE

    def apply(
        self, now: datetime = NOON, *, since: datetime | None = None, reason: str | None = None, dry_run: bool = False
    ) -> Result:
        self.file.write_text(self.text, encoding="utf-8")
        return apply(self.connection, self.file, now=now, who="desk", since=since, reason=reason, dry_run=dry_run)

    def edit(self, old: str, new: str) -> None:
        assert old in self.text
        self.text = self.text.replace(old, new)

    def add(self, line: str) -> None:
        self.text += line + "\n"

    def periods(
        self, kind: str, name: str, revision: int | None = None
    ) -> list[tuple[datetime | None, datetime | None, str]]:
        """(from, to, space) of each period of a fact; None: infinite."""
        return [
            (row[0], row[1], row[2])
            for row in self.connection.execute(
                "SELECT NULLIF(valid_from, '-infinity'), NULLIF(valid_to, 'infinity'), body->>'space'"
                " FROM ingest.facts('d', %s, %s) WHERE id = %s ORDER BY valid_from",
                (kind, revision, name),
            )
        ]

    def rows(self, table: str) -> int:
        row = self.connection.execute(f"SELECT count(*) FROM ingest.{table}").fetchone()
        assert row is not None
        return int(row[0])


@pytest.fixture
def desk(connection: psycopg.Connection, tmp_path: Path) -> Desk:
    return Desk(connection, tmp_path / "district.yaml")


def test_the_first_revision_holds_since_ever(desk: Desk) -> None:
    assert desk.apply().revision == 1
    assert desk.periods("device", "c1") == [(None, None, "a")]


def test_the_same_file_again_records_nothing(desk: Desk) -> None:
    desk.add("maintenance: [{id: m, devices: [c1], start: 2026-12-01T08:00:00+08:00, end: 2026-12-01T09:00:00+08:00}]")
    desk.apply()
    before = desk.rows("fact")
    assert desk.apply(NOON + DAY) == Result(district="d", revision=None, changes=())
    assert (desk.rows("fact"), desk.rows("revision")) == (before, 1)


def test_a_move_leaves_the_past_alone_and_takes_effect_at_the_next_full_hour(desk: Desk) -> None:
    desk.apply()
    desk.edit("space: a, interval", "space: b, interval")
    desk.apply()
    assert desk.periods("device", "c1") == [(None, FULL_HOUR, "a"), (FULL_HOUR, None, "b")]


def test_a_move_is_recorded_once_although_it_lies_ahead(desk: Desk) -> None:
    desk.apply()
    desk.edit("space: a, interval", "space: b, interval")
    desk.apply()
    assert desk.apply(NOON + timedelta(minutes=10)).revision is None
    assert desk.apply(NOON + DAY).revision is None


def test_a_move_can_be_called_off_before_its_hour(desk: Desk) -> None:
    desk.apply()
    desk.edit("space: a, interval", "space: b, interval")
    desk.apply()
    desk.edit("space: b, interval", "space: a, interval")
    desk.apply(NOON + timedelta(minutes=10))
    assert {space for _, _, space in desk.periods("device", "c1")} == {"a"}
    assert desk.apply(NOON + DAY).revision is None


def test_a_device_that_is_not_commissioned_yet_is_recorded_once(desk: Desk) -> None:
    desk.apply()
    desk.add("  - {id: c2, feed: wifi, space: a, interval: 60s, commissioned_on: 2026-12-01}")
    desk.apply()
    assert desk.apply(NOON + DAY).revision is None
    desk.edit("commissioned_on", "role: crowd, commissioned_on")
    desk.apply(NOON + DAY)
    assert [start for start, _, _ in desk.periods("device", "c2")] == [datetime(2026, 11, 30, 16, tzinfo=UTC)]


def test_other_changes_hold_from_now(desk: Desk) -> None:
    desk.apply()
    desk.edit("interval: 60s", "interval: 30s")
    desk.apply()
    assert [start for start, _, _ in desk.periods("device", "c1")] == [None, NOON]


def test_a_move_in_a_zone_with_a_half_hour_takes_effect_at_its_own_full_hour(desk: Desk) -> None:
    desk.edit("Asia/Shanghai", "Asia/Kolkata")
    desk.apply()
    desk.edit("space: a, interval", "space: b, interval")
    desk.apply()
    assert desk.periods("device", "c1")[1][0] == datetime(2026, 11, 23, 4, 30, tzinfo=UTC)


def test_a_device_that_is_added_later_is_not_expected_before(desk: Desk) -> None:
    desk.apply()
    desk.add("  - {id: c2, feed: wifi, space: b, interval: 60s}")
    desk.apply(NOON + DAY)
    assert desk.periods("device", "c2") == [(NOON + DAY, None, "b")]


def test_a_device_is_expected_from_the_local_day_it_was_commissioned_until_it_was_retired(desk: Desk) -> None:
    desk.edit("origin: real", "origin: real, commissioned_on: 2026-11-01, retired_on: 2026-12-01")
    desk.apply()
    start, end = datetime(2026, 10, 31, 16, tzinfo=UTC), datetime(2026, 11, 30, 16, tzinfo=UTC)
    assert desk.periods("device", "c1") == [(start, end, "a")]
    assert desk.apply(NOON + 30 * DAY).revision is None


def test_another_day_of_commissioning_corrects_the_past(desk: Desk) -> None:
    desk.apply()
    desk.edit("origin: real", "origin: real, commissioned_on: 2026-11-01")
    with pytest.raises(CatalogueError, match="'c1' since ever"):
        desk.apply()
    desk.apply(reason="was never there in October")
    assert desk.periods("device", "c1") == [(datetime(2026, 10, 31, 16, tzinfo=UTC), None, "a")]
    assert desk.apply(NOON + DAY).revision is None


def test_an_entry_taken_out_ends_and_keeps_its_past(desk: Desk) -> None:
    desk.apply()
    desk.edit("  - {id: b, name: {zh: 乙, en: B}}\n", "")
    desk.apply()
    assert desk.periods("space", "b") == [(None, NOON, None)]  # type: ignore[comparison-overlap]
    assert [fact.id for fact in show(desk.connection, at=NOON, kind="space")] == ["a"]
    assert desk.apply(NOON + DAY).revision is None


def test_since_in_the_past_is_refused_for_something_recorded(desk: Desk) -> None:
    desk.apply()
    desk.edit("space: a, interval: 60s", "space: b, interval: 60s, since: 2026-11-20T08:00:00+08:00")
    with pytest.raises(CatalogueError) as caught:
        desk.apply()
    assert str(caught.value) == (
        "district.yaml $.devices[0]: expected a change from now on, got one of the recorded past of device 'c1'"
        " since 2026-11-20T00:00:00Z; leave out `since:`, or apply with --correct --reason 'why'"
    )
    assert desk.rows("revision") == 1


def test_a_correction_needs_a_reason(desk: Desk) -> None:
    desk.apply()
    desk.edit("space: a, interval: 60s", "space: b, interval: 60s, since: 2026-11-20T08:00:00+08:00")
    with pytest.raises(CatalogueError, match="--reason: expected why the past is corrected"):
        desk.apply(reason=" ")


def test_a_correction_rewrites_the_past_and_what_was_known_before_can_still_be_read(desk: Desk) -> None:
    desk.apply()
    desk.edit("space: a, interval: 60s", "space: b, interval: 60s, since: 2026-11-20T08:00:00+08:00")
    assert desk.apply(reason="stood at B").revision == 2
    at = datetime(2026, 11, 20, tzinfo=UTC)
    assert desk.periods("device", "c1") == [(None, at, "a"), (at, None, "b")]
    assert desk.periods("device", "c1", revision=1) == [(None, None, "a")]
    row = desk.connection.execute("SELECT mode, reason FROM ingest.revision WHERE rev = 2").fetchone()
    assert row == ("correct", "stood at B")
    assert desk.apply(NOON + DAY).revision is None


def test_a_correction_has_the_hours_with_readings_since_then_computed_again(desk: Desk) -> None:
    desk.apply()
    moved = datetime(2026, 11, 20, tzinfo=UTC)
    stamps = [moved - 2 * DAY, moved + timedelta(minutes=5), moved + timedelta(hours=1, minutes=5)]
    for device in ("c1", "other"):
        desk.connection.execute(
            "INSERT INTO ingest.datastream (district, device, quantity) VALUES ('d', %s, 'wifi.clients')", (device,)
        )
    desk.connection.execute("SELECT ingest.ensure_partition(%s)", (moved,))
    desk.connection.execute(
        "INSERT INTO ingest.reading (time, value, batch_id, datastream_id, late_s, flags)"
        " SELECT t, 1, 1, d.id, 0, 0 FROM unnest(%s::timestamptz[]) t, ingest.datastream d",
        (stamps,),
    )
    desk.edit("space: a, interval: 60s", "space: b, interval: 60s, since: 2026-11-20T08:00:00+08:00")
    desk.apply(reason="stood at B")
    touched = desk.connection.execute(
        "SELECT t.batch_id, t.hour, array_agg(d.device) FROM ingest.touched t"
        " JOIN ingest.datastream d ON d.id = ANY (t.datastream_ids) GROUP BY 1, 2 ORDER BY 2"
    ).fetchall()
    assert touched == [(None, moved, ["c1"]), (None, moved + timedelta(hours=1), ["c1"])]


def test_since_in_the_future_plans_a_change(desk: Desk) -> None:
    desk.apply()
    desk.edit("interval: 60s", "interval: 30s, since: 2026-12-01T08:00:00+08:00")
    desk.apply()
    planned = datetime(2026, 12, 1, tzinfo=UTC)
    assert [start for start, _, _ in desk.periods("device", "c1")] == [None, planned]
    assert registry.load(desk.connection, NOON).changes_at == planned


def test_since_of_a_whole_run_holds_for_what_does_not_say_its_own(desk: Desk) -> None:
    desk.apply()
    desk.edit("interval: 60s", "interval: 30s")
    desk.apply(since=NOON + DAY)
    assert [start for start, _, _ in desk.periods("device", "c1")] == [None, NOON + DAY]


def test_a_dry_run_tells_the_difference_and_writes_nothing(desk: Desk) -> None:
    result = desk.apply(dry_run=True)
    assert (result.revision, len(result.changes)) == (None, 5)
    assert (desk.rows("revision"), desk.rows("fact")) == (0, 0)


def test_the_origin_of_a_device_can_never_change_even_after_it_was_taken_out(desk: Desk) -> None:
    line = "  - {id: c1, feed: wifi, space: a, interval: 60s, origin: real}\n"
    desk.edit("origin: real", "origin: simulated")
    desk.apply()
    desk.edit(line.replace("real", "simulated"), "  []\n")
    desk.apply(NOON + DAY)
    desk.edit("  []\n", line)
    with pytest.raises(CatalogueError) as caught:
        desk.apply(NOON + 2 * DAY)
    assert str(caught.value) == (
        "district.yaml $.devices[0].origin: expected 'simulated' like its recorded past, got 'real';"
        " register a new device like `id: c1-2` instead"
    )


def test_the_zone_of_a_recorded_district_can_never_change(desk: Desk) -> None:
    desk.apply()
    desk.edit("Asia/Shanghai", "Asia/Tokyo")
    with pytest.raises(
        CatalogueError, match=r"\$.district.zone: expected 'Asia/Shanghai' as recorded, got 'Asia/Tokyo'"
    ):
        desk.apply()


def test_an_address_belongs_to_one_device_of_all_districts(desk: Desk) -> None:
    desk.edit("origin: real", "origin: real, addresses: [{route: r, address: A-1}]")
    desk.apply()
    desk.edit("district: {id: d,", "district: {id: e,")
    desk.edit("A-1", "a:1")
    with pytest.raises(CatalogueError, match="got 'a:1', which belongs to d/c1"):
        desk.apply()


def test_a_refused_file_leaves_nothing_of_it_behind(desk: Desk) -> None:
    desk.apply()
    facts = desk.rows("fact")
    desk.edit("origin: real", "origin: manual")
    desk.add("  - {id: c2, feed: wifi, space: b, interval: 60s}")
    with pytest.raises(CatalogueError):
        desk.apply()
    assert (desk.rows("fact"), desk.rows("revision")) == (facts, 1)


def test_a_maintenance_window_keeps_the_time_it_was_entered(desk: Desk) -> None:
    desk.apply()
    desk.add("maintenance: [{id: m, devices: [c1], start: 2026-12-01T08:00:00+08:00, end: 2026-12-01T09:00:00+08:00}]")
    desk.apply(NOON + DAY)
    desk.apply(NOON + 2 * DAY)
    [window] = show(desk.connection, at=NOON + 3 * DAY, kind="maintenance")
    assert window.body["entered_at"] == "2026-11-24T04:10:00Z"
    desk.edit("T09:00", "T10:00")
    desk.apply(NOON + 4 * DAY)
    [window] = show(desk.connection, at=NOON + 5 * DAY, kind="maintenance")
    assert window.body["entered_at"] == "2026-11-27T04:10:00Z"


def test_applying_commits_by_itself(desk: Desk, database: str) -> None:
    desk.apply()
    with psycopg.connect(database) as another:
        assert registry.load(another).revision == 1

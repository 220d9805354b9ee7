"""A new revision says why it superseded the old, and a figure that moved says what it was."""

from collections.abc import Callable
from datetime import timedelta

import psycopg
import pytest

from tests.metrics import readings as put
from tests.scoring import lane, village
from tests.scoring.village import DISTRICT, NOW

AT = NOW - timedelta(days=3)
HOUR = timedelta(hours=1)


def forget(connection: psycopg.Connection) -> None:
    """The reports of AT and an hour later never came, as far as evidence knows."""
    connection.execute("DELETE FROM ingest.reading WHERE time = ANY (%s)", ([AT, AT + HOUR],))
    touch(connection)


def touch(connection: psycopg.Connection) -> None:
    connection.execute(
        "INSERT INTO ingest.touched (hour, datastream_ids) SELECT h.hour, array_agg(id) FROM ingest.datastream, unnest(%s::timestamptz[]) h (hour) GROUP BY 1",
        ([AT + n * HOUR for n in range(3)],),
    )
    lane.roll_up(connection)


def send(connection: psycopg.Connection, *, transfer: bool = False, flags: int = 1) -> None:
    """They come in a batch of its own."""
    batch = lane.batch(connection, transfer=transfer)
    for quantity, (value, span_us) in lane.SAID.items():
        stream = put.datastream(connection, quantity, device="gate-1", district=DISTRICT)
        put.insert(
            connection,
            stream,
            [put.Row(at=at, value=value, span_us=span_us, flags=flags) for at in (AT, AT + HOUR)],
            batch=batch,
        )
    touch(connection)


def correct(connection: psycopg.Connection) -> None:
    connection.execute(
        "INSERT INTO ingest.correction (datastream_id, time_from, time_to, action, value, who, why)"
        " SELECT id, %s, %s, 'replace', 21, 'Wang Fang', 'recount' FROM ingest.datastream WHERE quantity = 'parking.in'",
        (AT + 2 * HOUR, AT + 2 * HOUR + timedelta(microseconds=1)),
    )
    touch(connection)


def register(connection: psycopg.Connection) -> None:
    village.fact(connection, "car_park", "p1", {"space": "mall", "public": True, "spaces": 120})


@pytest.mark.parametrize(
    ("happens", "cause", "words"),
    [
        (send, "late_data", "迟到数据补入"),
        (lambda c: send(c, transfer=True), "replay", "隔离数据重新入库"),
        (lambda c: send(c, flags=1 | 1 << 8), "import", "历史数据导入"),
        (correct, "correction", "数据更正"),
        (register, "register", "登记信息变更"),
    ],
    ids=["late", "replay", "import", "correction", "register"],
)  # fmt: skip
def test_what_changed_the_inputs_is_the_reason_of_the_revision(
    connection: psycopg.Connection, happens: Callable[[psycopg.Connection], None], cause: str, words: str
) -> None:
    lane.build(connection)
    forget(connection)
    lane.assess(connection)
    happens(connection)
    suggestion = lane.assess(connection, hours=1)
    now, first = lane.revisions(connection)
    assert (now.revision, now.supersedes, now.reason) == (2, first.id, cause)
    assert (first.reason, first.changes) == ("first", [])
    assert f"本期数据因{words}更新，取代第1版结果。" in suggestion.reason.zh
    assert "they replace revision 1." in suggestion.reason.en
    assert lane.assess(connection, hours=2).reason == suggestion.reason
    assert len(lane.revisions(connection)) == 2


def test_a_figure_that_moved_says_what_it_was(connection: psycopg.Connection) -> None:
    lane.build(connection)
    forget(connection)
    lane.assess(connection)
    send(connection)
    lane.assess(connection, hours=1)
    changes = lane.revisions(connection)[0].changes
    (moved,) = [one for one in changes if (one.what, one.which) == ("figure", "completeness feed:parking")]
    assert moved.before is not None
    assert (float(moved.before) < 1, moved.after) == (True, "1")
    (stream,) = [one for one in changes if one.what == "readings" and one.which.endswith("parking.used")]
    assert 0 < stream.hour_count <= 4
    assert stream.hours[0].startswith("2026-11-19")


def test_readings_that_changed_without_an_account_say_so(connection: psycopg.Connection) -> None:
    lane.build(connection)
    lane.assess(connection)
    connection.execute("UPDATE ingest.reading SET value = 19 WHERE time = %s", (AT,))
    touch(connection)
    lane.assess(connection, hours=1)
    assert lane.revisions(connection)[0].reason == "readings"

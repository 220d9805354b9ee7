"""Roll-ups of random series, with late arrivals and corrections, against the reference, hour by hour and exactly."""

import random
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from fractions import Fraction

import psycopg
import pytest
from psycopg.rows import dict_row

from ingest.model import Flag
from metrics.refresh import RefreshResult, rebuild, refresh
from tests.metrics import readings as put
from tests.metrics.readings import START, Row, at
from tests.metrics.rollup import reference
from tests.metrics.rollup.reference import Known

QUANTITY = {
    "gauge": "power.active",
    "stuck": "env.pm2_5",
    "counter": "people.in_total",
    "state": "parking.occupied",
    "delta": "people.in",
}
START_US = int(START.timestamp()) * 1_000_000


def no_values(_connection: object, _changed: object) -> int:
    """Roll-ups alone."""
    return 0


def roll(connection: psycopg.Connection, now: datetime) -> RefreshResult:
    """Refresh without grace and without figures."""
    return refresh(connection, now, grace=timedelta(0), file=no_values)


def table(connection: psycopg.Connection) -> list[dict[str, object]]:
    """All of metrics.hour, under public names, as text."""
    with connection.cursor(row_factory=dict_row) as cursor:
        rows = cursor.execute(
            "SELECT d.public_id, to_jsonb(h) - 'datastream_id' - 'hour' - 'gap_start' AS row, h.hour, h.gap_start"
            " FROM metrics.hour h JOIN ingest.datastream d ON d.id = h.datastream_id ORDER BY 1, 3"
        ).fetchall()
    connection.commit()
    return rows


def us(time: datetime) -> int:
    """Microseconds since 1970."""
    return (time - datetime(1970, 1, 1, tzinfo=UTC)) // timedelta(microseconds=1)


def expect(connection: psycopg.Connection, stream: int, expected: dict[int, reference.Hour], kind: str) -> None:
    """Compare the stored hours of a datastream with the reference."""
    with connection.cursor(row_factory=dict_row) as cursor:
        rows = cursor.execute("SELECT * FROM metrics.hour WHERE datastream_id = %s ORDER BY hour", (stream,)).fetchall()
    connection.commit()
    assert [us(row["hour"]) for row in rows] == list(expected)
    for row in rows:
        want = expected[us(row["hour"])]
        hour = row["hour"]
        assert (hour, row["received"], row["valid"], row["slots"]) == (hour, want.received, want.valid, want.slots)
        assert (hour, row["covered_us"], row["doubted_us"]) == (hour, want.covered, want.doubted)
        assert (hour, [row["shared_in_us"], row["shared_out_us"]]) == (hour, want.shared_us)
        assert (hour, [row["shared_in"], row["shared_out"]]) == (hour, want.shared)
        assert (hour, {n for n, bit in enumerate(row["minutes"]) if bit == "1"}) == (hour, want.minutes)
        if kind in {"gauge", "stuck"}:
            assert (hour, Fraction(row["weighted"])) == (hour, want.weighted)
            if want.values:
                extremes = min(want.values), max(want.values), want.values[-1]
                assert (row["minimum"], row["maximum"], row["last"]) == extremes
            else:
                assert row["minimum"] is row["maximum"] is row["last"] is None
        elif kind == "state":
            assert (hour, {int(code): part for code, part in row["state_us"].items()}) == (hour, dict(want.states))
            assert sum(row["state_us"].values()) == row["covered_us"]
            assert (hour, row["transitions"]) == (hour, want.transitions)
        else:
            assert (hour, Fraction(row["amount"]), Fraction(row["estimated"])) == (hour, want.amount, want.estimated)
            assert row["amount"] == int(row["amount"]), "people stay whole"
        if kind == "counter":
            gap = None if row["gap_amount"] is None else Fraction(row["gap_amount"])
            assert (hour, row["resets"], row["dips"], gap) == (hour, want.resets, want.dips, want.gap)
        if kind == "delta":
            assert (hour, row["overlapped"]) == (hour, want.overlapped)


def series(rng: random.Random, kind: str) -> list[Row]:
    """One to 25 readings over 20 hours, or over three days, on a grid that makes collisions with full hours likely."""
    grid, reach = rng.choice([1, 5, 15, 30, 60]), rng.choice([20 * 60, 72 * 60])
    times = sorted(rng.sample(range(0, reach, grid), rng.randint(1, min(25, reach // grid))))
    if kind == "stuck":
        times = [n for n in range(rng.randint(0, 90), reach, rng.choice([7, 10, 20])) if rng.random() < 0.97]
    total, rows = 0, []
    for minute in times:
        if kind == "counter":
            total = rng.randint(0, 5) if rng.random() < 0.1 else max(0, total + rng.choice([0, 1, 2, 50, 997, -1, -1]))
            value: float = total
        elif kind == "gauge":
            value = rng.choice([0.1, 0.3, 35.05, -2.5, 1e-7, 12345.678901])
        elif kind == "stuck":
            value = rng.choice([35.0] * 30 + [36.5])
        elif kind == "state":
            value = rng.randint(0, 1)
        else:
            value = rng.randint(0, 9)
        span = rng.choice([None, 60, 300, 900, 5400, 4 * 3600 + 7]) if kind == "delta" else None
        flags = int(rng.choice([0] * 9 + [Flag.OUT_OF_RANGE, Flag.SOURCE_BAD])) | rng.randint(0, 1)
        rows.append(Row(at=at(minute), value=value, span_us=span * 1_000_000 if span else None, flags=flags))
    return rows


def known(rows: Sequence[Row], replaced: dict[datetime, float | None]) -> list[Known]:
    """The readings in force, for the reference. `replaced`: time -> value, None: void."""
    result = []
    for row in rows:
        value = replaced.get(row.at, row.value)
        if value is not None:
            valid = row.at in replaced or not row.flags & int(Flag.OUT_OF_RANGE | Flag.SOURCE_BAD)
            result.append(Known(us=us(row.at), value=Fraction(Decimal(str(value))), span=row.span_us, valid=valid))
    return result


@pytest.mark.parametrize("kind", list(QUANTITY))
def test_late_readings_and_corrections_give_what_the_reference_and_a_rebuild_give(
    connection: psycopg.Connection, kind: str
) -> None:
    rng = random.Random(f"{kind} 0")
    put.zone(connection, "Asia/Shanghai")
    streams = []
    for n in range(40):
        interval, hold = rng.choice([(60, None), (300, None), (420, None), (900, 4 * 3600), (7200, None)])
        put.register(connection, "device", f"dev{n}", {"interval_s": interval, **({"hold_s": hold} if hold else {})})
        stream = put.datastream(connection, QUANTITY[kind], device=f"dev{n}")
        streams.append(
            (stream, interval, hold or 3 * interval, series(rng, kind), list[Row](), dict[datetime, float | None]())
        )
    now = START
    for _ in range(5):
        now += timedelta(minutes=rng.choice([13, 60, 300, 24 * 60]))
        for stream, _, _, waiting, stored, replaced in streams:
            arrived = [row for row in waiting if row.at <= now and rng.random() < 0.6]
            if arrived:
                put.insert(connection, stream, rng.sample(arrived, len(arrived)))
                stored.extend(arrived)
                waiting[:] = [row for row in waiting if row not in arrived]
            if stored and rng.random() < 0.3:
                row = rng.choice(stored)
                value = rng.choice([None, float(rng.randint(0, 1))])
                action = "void" if value is None else "replace"
                put.correct(connection, stream, row.at, row.at + timedelta(microseconds=1), action, value)
                replaced[row.at] = value
        roll(connection, now)
        cutoff = us(now.replace(minute=0))
        for stream, interval, hold, _, stored, replaced in streams:
            want = reference.hours(
                "gauge" if kind == "stuck" else kind, known(stored, replaced), interval=interval * 1_000_000,
                hold=hold * 1_000_000, cutoff=cutoff, frozen=6 * reference.HOUR if kind == "stuck" else None,
            )  # fmt: skip
            expect(connection, stream, want, kind)
        incremental = table(connection)
        rebuild(connection, now, grace=timedelta(0), file=no_values)
        assert table(connection) == incremental

"""What has to be recorded so that an entry of the file holds from some instant on; pure functions.

A timeline maps the start of each period to what holds in it; a period ends where the next one starts.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

from ingest.catalogue.facts import PLACEMENT, Fact

#: Stands for "since ever": `-infinity` in the database.
EVER = datetime.min.replace(tzinfo=UTC)

#: A body, or None for "ended".
State = Mapping[str, object] | None
Timeline = Mapping[datetime, State]


@dataclass(frozen=True, slots=True, kw_only=True)
class Change:
    """One row to record: from `valid_from` on, `after` holds instead of `before`."""

    kind: str
    id: str
    #: UTC; `EVER`: since ever
    valid_from: datetime
    #: None: nothing held
    before: State
    #: None: the entry ends
    after: State
    #: where it stands in the file; '' for an entry that was taken out
    where: str
    #: changes what was recorded for a time that has passed
    rewrites: bool


def entry_changes(
    key: tuple[str, str],
    fact: Fact,
    known: Timeline,
    *,
    now: datetime,
    since: datetime | None,
    first: bool,
    zone: ZoneInfo,
) -> list[Change]:
    """The rows that make `fact` hold.

    Args:
        key: kind and id.
        fact: the entry in the file.
        known: what is recorded about it; empty: nothing yet.
        now: UTC.
        since: from when differences hold that do not say so themselves; None: `now`.
        first: nothing at all is recorded about the district, so its entries hold since ever.
        zone: of the district.
    """
    start = fact.since or since
    if not known:
        begin = start or fact.begins or (EVER if first else now)
        wanted: dict[datetime, State] = {begin: fact.body}
    else:
        wanted = _wanted(fact, known, start or now, zone)
    if fact.until is not None:
        wanted = {at: state for at, state in wanted.items() if at < fact.until} | {fact.until: None}
    return _differences(key, wanted, known, now, fact.where)


def end_changes(key: tuple[str, str], known: Timeline, *, now: datetime, since: datetime | None) -> list[Change]:
    """The rows that end an entry which is no longer in the file."""
    return _differences(key, {since or now: None}, known, now, "")


def state_at(timeline: Timeline, at: datetime) -> State:
    """What holds at an instant."""
    starts = [start for start in timeline if start <= at]
    return timeline[max(starts)] if starts else None


def next_full_hour(at: datetime, zone: ZoneInfo) -> datetime:
    """The first clock hour of the zone that starts at or after `at`, UTC."""
    odd = (at.astimezone(zone).utcoffset() or timedelta(0)) % timedelta(hours=1)
    past = (at - datetime(1970, 1, 1, tzinfo=UTC) + odd) % timedelta(hours=1)
    return at if not past else at + (timedelta(hours=1) - past)


def _wanted(fact: Fact, known: Timeline, start: datetime, zone: ZoneInfo) -> dict[datetime, State]:
    latest = next((known[at] for at in sorted(known, reverse=True) if known[at] is not None), None) or {}
    if fact.begins is not None and latest.get("commissioned_on") != fact.body.get("commissioned_on"):
        # Another day of commissioning moves the start itself: what was recorded before it never held.
        earlier = {at: None for at in known if at < fact.begins}
        return {**earlier, fact.begins: fact.body}
    if fact.begins is not None and fact.since is None:
        start = max(start, fact.begins)
    before = state_at(known, start)
    moved = before is not None and any(before.get(key) != fact.body.get(key) for key in PLACEMENT)
    return {next_full_hour(start, zone) if moved else start: fact.body}


def _differences(key: tuple[str, str], wanted: Timeline, known: Timeline, now: datetime, where: str) -> list[Change]:
    """Rows for `wanted`, which replaces everything known from its first start on."""
    first = min(wanted)
    timeline = dict(known)
    changes = []
    for at in sorted({*wanted, *(start for start in known if start > first)}):
        before, after = state_at(timeline, at), state_at(wanted, at)
        if before != after:
            timeline[at] = after
            kind, name = key
            rewrites = bool(known) and at < now
            changes.append(
                Change(kind=kind, id=name, valid_from=at, before=before, after=after, where=where, rewrites=rewrites)
            )
    return changes


def earliest(changes: Sequence[Change]) -> datetime:
    """Where the first of the changes begins."""
    return min(change.valid_from for change in changes)

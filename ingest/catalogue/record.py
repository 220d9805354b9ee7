"""The recorded side of a catalogue: what is known of a district, and how differences are added as one revision."""

from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from importlib import resources

import psycopg
from psycopg.types.json import Jsonb

from ingest.catalogue.facts import canonical, instant_text
from ingest.catalogue.history import EVER, Change, Timeline, earliest, state_at

#: Advisory lock of all writers of the catalogue: addresses are unique over all districts.
LOCK = 7_300_902


class CatalogueError(Exception):
    """A catalogue that contradicts what is recorded; a line per problem."""

    def __init__(self, problems: Sequence[str]) -> None:
        super().__init__("\n".join(problems))
        self.problems = tuple(problems)


@dataclass(frozen=True, slots=True, kw_only=True)
class Result:
    """What applying a file did, or would do."""

    district: str
    #: the revision recorded; None: nothing differed, or it was a dry run
    revision: int | None
    changes: tuple[Change, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class History:
    """Everything recorded about one district."""

    #: by (kind, id), with the last word on each period
    timelines: Mapping[tuple[str, str], Timeline]
    #: every origin a device was ever recorded with
    origins: Mapping[str, frozenset[str]]
    #: entries that only lists recorded, never a whole file
    listed: frozenset[tuple[str, str]]

    @classmethod
    def read(cls, connection: psycopg.Connection, district: str) -> "History":
        """All that is recorded about a district, as of now."""
        timelines: dict[tuple[str, str], dict[datetime, Mapping[str, object] | None]] = defaultdict(dict)
        origins: dict[str, set[str]] = defaultdict(set)
        listed = set()
        for kind, name, valid_from, body, ended, by_list in connection.execute(
            statement("history"), {"district": district}
        ):
            timelines[kind, name][valid_from or EVER] = None if ended else body
            if kind == "device":
                origins[name].add(body["origin"])
            if by_list:
                listed.add((kind, name))
        return cls(
            timelines=dict(timelines),
            origins={name: frozenset(found) for name, found in origins.items()},
            listed=frozenset(listed),
        )

    def at(self, kind: str, now: datetime) -> dict[str, Mapping[str, object]]:
        """Bodies of a kind that hold at an instant, by id."""
        found = {}
        for (of, name), timeline in self.timelines.items():
            if of == kind and (body := state_at(timeline, now)) is not None:
                found[name] = body
        return found


@dataclass(frozen=True, slots=True, kw_only=True)
class Entry:
    """Who records, and from what."""

    who: str
    #: SHA-256 of the file, in hexadecimal; '' where there is none
    digest: str
    signed_on: date | None = None
    #: why the recorded past is changed; None: it is not
    reason: str | None = None
    #: a list of devices or one exchange, not a whole file
    listed: bool = False


def record(connection: psycopg.Connection, district: str, changes: Sequence[Change], entry: Entry) -> int:
    """Add changes as one revision; returns its number."""
    row = connection.execute(
        statement("revision"),
        {
            "district": district,
            "who": entry.who,
            "signed_on": entry.signed_on,
            "file_sha256": entry.digest,
            "mode": "apply" if entry.reason is None else "correct",
            "reason": entry.reason,
            "listed": entry.listed,
        },
    ).fetchone()
    if row is None:
        raise RuntimeError("INSERT ... RETURNING gave no row")
    revision = int(row[0])
    with connection.cursor() as cursor:
        cursor.executemany(
            statement("fact"),
            [
                {
                    "district": district,
                    "kind": change.kind,
                    "id": change.id,
                    "valid_from": None if change.valid_from == EVER else change.valid_from,
                    "rev": revision,
                    # The end keeps the last body: a device that comes back is still known by its origin.
                    "body": Jsonb(change.after if change.after is not None else change.before, dumps=canonical),
                    "ended": change.after is None,
                }
                for change in changes
            ],
        )
    return revision


def touch(connection: psycopg.Connection, district: str, past: Sequence[Change]) -> None:
    """Have the hours computed again that changes of the past can reach."""
    if not past:
        return
    only_devices = all(change.kind == "device" for change in past)
    start = earliest(past)
    connection.execute(
        statement("touch"),
        {
            "district": district,
            "devices": sorted({change.id for change in past}) if only_devices else None,
            "start": None if start == EVER else start,
        },
    )


def foreign_origin(history: History, device: str, origin: str) -> str | None:
    """Why a device cannot have this origin; None: it can."""
    others = sorted(history.origins.get(device, frozenset()) - {origin})
    if not others:
        return None
    return (
        f"expected {others[0]!r} like its recorded past, got {origin!r};"
        f" register a new device like `id: {device[:58]}-2` instead"
    )


def rewriting(changes: Sequence[Change]) -> Iterator[tuple[Change, str]]:
    """The first change of each entry whose recorded past would be rewritten, and why that is refused."""
    first: dict[tuple[str, str], Change] = {}
    for change in changes:
        if change.rewrites:
            first.setdefault((change.kind, change.id), change)
    for change in first.values():
        at = "since ever" if change.valid_from == EVER else f"since {instant_text(change.valid_from)}"
        yield (
            change,
            (
                f"expected a change from now on, got one of the recorded past of {change.kind} {change.id!r} {at};"
                " leave out `since:`, or apply with --correct --reason 'why'"
            ),
        )


def statement(name: str) -> bytes:
    """The text of ingest/catalogue/sql/<name>.sql."""
    return resources.files("ingest.catalogue").joinpath("sql", f"{name}.sql").read_bytes()

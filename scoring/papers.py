"""Papers as records: what was handed in, what a person said about it, and for which items it counts.

A paper counts once a person has accepted it, and no longer than it is valid. The file itself stays where it is; its hash
and size say which one was meant.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from importlib.resources import files

import psycopg
from psycopg.rows import class_row, tuple_row

from metrics.zones import zone
from scoring.digest import Canonical
from scoring.model import PaperState
from scoring.requirement import Rule


class PaperError(Exception):
    """A paper or what is said about it is wrong; the message names it and shows a good one."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Document:
    """One paper that was handed in, with the last word about it."""

    id: int
    #: id of a paper of the rules
    kind: str
    title: str
    #: of the file
    sha256: str
    bytes: int
    valid_from: date | None
    #: last day on which it counts
    valid_until: date | None
    signer: str
    #: codes it serves; empty: every item that asks for its kind
    items: list[str]
    added_by: str
    recorded_at: datetime
    #: accepted, rejected; None: nobody has looked at it yet
    verdict: str | None
    reviewed_by: str | None
    review_reason: str | None
    reviewed_at: datetime | None

    def state(self, day: date) -> PaperState:
        """What it is worth on `day`."""
        if self.verdict == "rejected":
            return PaperState.REJECTED
        if (self.valid_from and day < self.valid_from) or (self.valid_until and day > self.valid_until):
            return PaperState.EXPIRED
        return PaperState.WAITING if self.verdict is None else PaperState.ACCEPTED

    def canonical(self) -> dict[str, Canonical]:
        """As it stands in the inputs of evidence: what it is, and never who handed it in or when."""
        return {
            "kind": self.kind, "sha256": self.sha256, "bytes": self.bytes, "valid_from": self.valid_from,
            "valid_until": self.valid_until, "signer": self.signer, "verdict": self.verdict or "",
        }  # fmt: skip


def add(
    connection: psycopg.Connection,
    district: str,
    rules: Mapping[str, Rule],
    *,
    kind: str,
    title: str,
    sha256: str,
    size: int,
    signer: str,
    person: str,
    items: Sequence[str] = (),
    valid_from: date | None = None,
    valid_until: date | None = None,
    now: datetime | None = None,
) -> int:
    """Record a paper; returns its number.

    Raises:
        PaperError: no rule asks for such a paper, an item does not, or a value is wrong.
    """
    asking = {code for code, rule in rules.items() if any(paper.id == kind for paper in rule.papers)}
    if not asking:
        known = sorted({paper.id for rule in rules.values() for paper in rule.papers})
        raise PaperError(f"kind: expected a paper of the rules like {known[0] if known else 'a_plan'}, got {kind!r}")
    for code in items:
        if code not in asking:
            raise PaperError(f"items: expected items that ask for {kind} like {min(asking)}, got {code!r}")
    if valid_from and valid_until and valid_from > valid_until:
        raise PaperError(f"valid_until: expected a day from {valid_from} on, got {valid_until}")
    try:
        with connection.cursor(row_factory=tuple_row) as cursor:
            row = cursor.execute(
                "INSERT INTO scoring.document (district, kind, title, sha256, bytes, valid_from, valid_until, signer, items,"
                " added_by, recorded_at) VALUES (%s, %s, %s, %s, %s, %s, %s, %s, %s, %s, coalesce(%s, clock_timestamp()))"
                " RETURNING id",
                (district, kind, title, sha256, size, valid_from, valid_until, signer, list(items), person, now),
            ).fetchone()
    except psycopg.errors.CheckViolation as error:
        raise PaperError(
            "document: expected a title, a signer, the SHA-256 of the file in 64 lower-case hexadecimal digits and its size"
            f" above 0, got {error.diag.constraint_name}"
        ) from error
    if row is None:
        raise RuntimeError("INSERT ... RETURNING gave no row")
    return int(row[0])


def review(
    connection: psycopg.Connection,
    district: str,
    number: int,
    *,
    accepted: bool,
    person: str,
    reason: str = "",
    now: datetime | None = None,
) -> None:
    """Record what a person says about a paper; the last word counts.

    Raises:
        LookupError: the district has no such paper.
        PaperError: a rejection without a reason, or nobody who says it.
    """
    if not any(document.id == number for document in of_district(connection, district)):
        raise LookupError(f"district {district!r} has no document {number}")
    if not person.strip():
        raise PaperError("person: expected a name like 'Wang Fang', got nothing")
    if not accepted and not reason.strip():
        raise PaperError("reason: expected why it is rejected like 'page 2 is missing', got nothing")
    connection.execute(
        "INSERT INTO scoring.document_review (document_id, verdict, person, reason, recorded_at)"
        " VALUES (%s, %s, %s, %s, coalesce(%s, clock_timestamp()))",
        (number, "accepted" if accepted else "rejected", person, reason, now),
    )


def of_district(connection: psycopg.Connection, district: str, known_at: datetime | None = None) -> list[Document]:
    """Every paper that was handed in by `known_at`, with what was said about it by then; None: now."""
    with connection.cursor(row_factory=class_row(Document)) as cursor:
        return cursor.execute(
            (files("scoring") / "documents.sql").read_bytes(), {"district": district, "known_at": known_at}
        ).fetchall()


def serving(rule: Rule, documents: Sequence[Document]) -> list[Document]:
    """Those that serve the item of `rule`."""
    kinds = {paper.id for paper in rule.papers}
    return [
        document
        for document in documents
        if document.kind in kinds and (not document.items or rule.item.code in document.items)
    ]


def states(rule: Rule, documents: Sequence[Document], at: datetime, place: str) -> dict[str, PaperState]:
    """What became of each paper of the rule on the local day of `at`; of several documents the best one counts."""
    day = at.astimezone(zone(place)).date()
    order = list(PaperState)
    found = {}
    for paper in rule.papers:
        own = [document.state(day) for document in serving(rule, documents) if document.kind == paper.id]
        found[paper.id] = min(own, key=order.index, default=PaperState.MISSING)
    return found

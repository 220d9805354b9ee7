"""The terms of a metric for many subjects and windows: one query of its SQL behind inputs.sql, or its Python file."""

import importlib
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal, localcontext
from types import MappingProxyType
from typing import Protocol, cast
from zoneinfo import ZoneInfo

import psycopg
from psycopg import sql

from ingest.model import Origin
from metrics import expression, inputs
from metrics.definition import Definition, Reach, SubjectKind
from metrics.inputs import Window
from metrics.shared import Shared, planner


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """What one key of a subject and window says, or in detail one device and hour of it."""

    subject: str
    window: Window
    key: str
    covered: Decimal
    expected: Decimal
    devices: tuple[str, ...]
    datastreams: tuple[str, ...]
    #: None where rows are added up
    hour: datetime | None
    origins: tuple[str, ...]
    #: readings, or a share of them, that came by a declared import
    backfilled: Decimal
    #: term to sum; None where nothing is known
    terms: Mapping[str, Decimal | None]
    #: readings in all
    received: Decimal = Decimal(1)
    #: how far the amounts may be off, because a part of them was shared over an edge of the window
    shared: Decimal = Decimal(0)


class Computed(Protocol):
    """A catalogue file in Python."""

    def rows(
        self,
        connection: psycopg.Connection,
        district: str,
        windows: Sequence[Window],
        zone: ZoneInfo,
        subjects: Sequence[str] | None,
        revision: int | None,
    ) -> list[Row]:
        """Returns the terms of the windows."""


def rows_of(
    connection: psycopg.Connection,
    definition: Definition,
    district: str,
    windows: Sequence[Window],
    zone: ZoneInfo,
    subjects: Sequence[str] | None,
    revision: int | None,
    *,
    kinds: Sequence[SubjectKind] | None = None,
    detail: bool = False,
    streams: bool = True,
    shared: Shared | None = None,
) -> list[Row]:
    """Returns the terms of windows that share their dated parameters, added up per key.

    Args:
        connection: to the migrated database.
        definition: of the metric.
        district: id.
        windows: that `inputs.dated` put into one group.
        zone: of the district.
        subjects: None: all.
        revision: of the catalogue; None: the latest.
        kinds: of subjects that are wanted; None: all of the metric.
        detail: one row per device and hour instead of sums.
        streams: whether rows shall name their datastreams.
        shared: of the same district, revision and windows, where there is one.
    """
    if definition.path.endswith(".py"):
        module = cast("Computed", importlib.import_module(f"metrics.catalogue.{definition.name}"))
        return module.rows(connection, district, windows, zone, subjects, revision)
    tables = shared.tables if shared and definition.reach is Reach.WINDOW else ()
    query = _detail_query(definition) if detail else _sum_query(definition, streams=streams, tables=tables)
    wanted = [kind.value for kind in kinds or definition.subjects]
    bound = {**inputs.bind(definition, district, windows, zone, revision), "subjects": subjects, "kinds": wanted}
    with planner(connection) as cursor:
        return [_row(definition, row) for row in cursor.execute(query, bound)]


_WANTED = sql.SQL(
    "(%(subjects)s::text[] IS NULL OR r.subject = ANY (%(subjects)s))"
    " AND CASE WHEN r.subject LIKE 'feed:%%/space:%%' THEN 'feed_space' ELSE split_part(r.subject, ':', 1) END"
    " = ANY (%(kinds)s)"
)


def _sum_query(definition: Definition, *, streams: bool, tables: tuple[str, ...]) -> sql.Composed:
    """Terms added up per subject, window and key."""
    sums = sql.SQL(", ").join(
        sql.SQL("sum(r.{})::numeric AS {}").format(sql.Identifier(term), sql.Identifier(f"term {term}"))
        for term in definition.terms
    )
    ids = "array_agg(DISTINCT r.datastream_id) FILTER (WHERE r.datastream_id IS NOT NULL)" if streams else "NULL::int[]"
    return sql.SQL(
        "{prelude}, row AS ({body})"
        " SELECT r.subject, r.window_start, r.window_end, r.key, NULL AS hour,"
        " coalesce(sum(r.covered), 0)::numeric AS covered, coalesce(sum(r.expected), 0)::numeric AS expected,"
        " array_agg(DISTINCT r.device) FILTER (WHERE r.device IS NOT NULL) AS devices,"
        " (SELECT array_agg(d.public_id ORDER BY d.public_id) FROM ingest.datastream d WHERE d.id = ANY ({ids}))"
        " AS datastreams,"
        " ARRAY[sum(r.origins[1]), sum(r.origins[2]), sum(r.origins[3]), sum(r.origins[4])]::numeric[] AS origins,"
        " coalesce(sum(r.backfilled), 0)::numeric AS backfilled, {shared} AS shared, {sums}"
        " FROM row r WHERE {wanted}"
        " GROUP BY r.subject, r.window_start, r.window_end, r.key"
    ).format(
        prelude=_text(inputs.prelude(tables)),
        body=_body(definition),
        ids=_text(ids),
        shared=_text("coalesce(sum(r.shared), 0)::numeric" if definition.shares else "0::numeric"),
        sums=sums,
        wanted=_WANTED,
    )


def _detail_query(definition: Definition) -> sql.Composed:
    """Terms of each device and hour."""
    terms = sql.SQL(", ").join(
        sql.SQL("r.{}::numeric AS {}").format(sql.Identifier(term), sql.Identifier(f"term {term}"))
        for term in definition.terms
    )
    return sql.SQL(
        "{prelude}, row AS ({body})"
        " SELECT r.subject, r.window_start, r.window_end, r.key, r.hour,"
        " coalesce(r.covered, 0)::numeric AS covered, coalesce(r.expected, 0)::numeric AS expected,"
        " array_remove(ARRAY[r.device], NULL) AS devices, array_remove(ARRAY[d.public_id], NULL) AS datastreams,"
        " r.origins::numeric[] AS origins, coalesce(r.backfilled, 0)::numeric AS backfilled,"
        " 0::numeric AS shared, {terms}"
        " FROM row r LEFT JOIN ingest.datastream d ON d.id = r.datastream_id"
        " WHERE {wanted}"
        " ORDER BY r.window_start, r.key, r.device NULLS FIRST, r.hour, d.public_id"
    ).format(prelude=_text(inputs.prelude()), body=_body(definition), terms=terms, wanted=_WANTED)


#: Subjects that a device speaks for; `i` are the spaces around it.
_SPEAKS_FOR: Mapping[SubjectKind, str] = MappingProxyType(
    {
        SubjectKind.DISTRICT: "SELECT 'district'",
        SubjectKind.DEVICE: "SELECT 'device:' || p.device",
        SubjectKind.FEED: "SELECT 'feed:' || p.feed",
        SubjectKind.SPACE: "SELECT 'space:' || a.ancestor FROM unnest(i.ancestors) AS a (ancestor)",
    }
)


def _body(definition: Definition) -> sql.SQL:
    """The query of a metric; where its devices tell what is covered, with a row for each of their hours."""
    if definition.covered_by == "rows":
        return _text(definition.body)
    terms = "".join(f", b.{term}" for term in definition.terms)
    subjects = " UNION ALL ".join(_SPEAKS_FOR[kind] for kind in definition.subjects)
    return _text(  # names of the catalogue's own headers
        "SELECT b.subject, b.window_start, b.window_end, b.key, b.device, NULL::int AS datastream_id, b.hour,"  # noqa: S608
        f" 0 AS covered, 0 AS expected, NULL::bigint[] AS origins, 0 AS backfilled{terms} FROM ({definition.body}) b"
        " UNION ALL SELECT v.subject, p.window_start, p.window_end, '', p.device, NULL, p.hour, p.slots,"
        f" p.expected_slots, p.origins, p.backfilled{', NULL' * len(definition.terms)} FROM presence p"
        " LEFT JOIN around i ON i.window_start = p.window_start AND i.window_end = p.window_end AND i.space = p.space"
        f" CROSS JOIN LATERAL ({subjects}) v (subject)"
    )


def _text(text: str) -> sql.SQL:
    """SQL from our own package data."""
    return sql.SQL(text)


def _row(definition: Definition, row: Mapping[str, object]) -> Row:
    """A row of either query as a type."""
    counts = [count or Decimal(0) for count in cast("list[Decimal | None] | None", row["origins"]) or []]
    return Row(
        subject=str(row["subject"]),
        window=Window(start=cast("datetime", row["window_start"]), end=cast("datetime", row["window_end"])),
        key=str(row["key"]),
        covered=cast("Decimal", row["covered"]),
        expected=cast("Decimal", row["expected"]),
        devices=tuple(cast("list[str] | None", row["devices"]) or ()),
        datastreams=tuple(cast("list[str] | None", row["datastreams"]) or ()),
        hour=cast("datetime | None", row["hour"]),
        origins=tuple(str(origin) for origin, count in zip(Origin, counts, strict=False) if count),
        backfilled=cast("Decimal", row["backfilled"]),
        terms={term: cast("Decimal | None", row[f"term {term}"]) for term in definition.terms},
        received=sum(counts, Decimal(0)),
        shared=cast("Decimal", row["shared"]),
    )


def terms_of(rows: Iterable[Row]) -> expression.Terms:
    """Returns the terms of a subject and window by key, rows of one key added up."""
    found: dict[str, dict[str, Decimal | None]] = {}
    with localcontext(expression.EXACT):
        for row in rows:
            sums = found.setdefault(row.key, dict.fromkeys(row.terms))
            for term, value in row.terms.items():
                if value is not None:
                    sums[term] = (sums[term] or Decimal(0)) + value
    return found

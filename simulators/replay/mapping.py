"""What a mapping file says: how the file reads, whose the numbers are, when they were measured, what they mean."""

# ruff: noqa: RUF009 -- `key` makes a field
import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta
from enum import StrEnum

from ingest.model import Kind
from simulators.replay.keys import (
    duration,
    flag,
    integer,
    integer_pair,
    key,
    list_of,
    object_of,
    one_of,
    pattern,
    patterns,
    positive_duration,
    text,
    texts,
    words,
)

ID = re.compile(r"[a-z0-9][a-z0-9_-]{0,63}")


def identifier(node: object, path: str) -> str:
    """An id of the catalogue."""
    if not ID.fullmatch(text(node, path)):
        raise ValueError("expected an id of a-z, 0-9, _ and -, at most 64 characters")
    return str(node)


class ShortRows(StrEnum):
    """What becomes of a row with fewer cells than the header."""

    REFUSE = "refuse"
    EMPTY = "empty"


class Stamp(StrEnum):
    """What the time of a row marks."""

    START = "start"
    END = "end"
    INSTANT = "instant"


class Ambiguous(StrEnum):
    """What becomes of a local time that exists twice (clocks were put back)."""

    REFUSE = "refuse"
    EARLIER = "earlier"
    LATER = "later"
    IN_ORDER = "in_order"
    BOTH = "both"


class Nonexistent(StrEnum):
    """What becomes of a local time that does not exist (clocks were put forward)."""

    REFUSE = "refuse"
    IGNORE = "ignore"
    SHIFT = "shift"


class Unlisted(StrEnum):
    """What becomes of a device name that `device.ids` does not list."""

    SLUG = "slug"
    REFUSE = "refuse"
    IGNORE = "ignore"


class Covers(StrEnum):
    """Whether a value was taken at an instant or speaks for the row's whole interval."""

    INSTANT = "instant"
    INTERVAL = "interval"


@dataclass(frozen=True, slots=True, kw_only=True)
class Section:
    """The part of the file that is the table."""

    heading: str = key(
        text,
        "Whole line (spaces around it aside) after which the section begins.",
        example="Client Count",
    )
    ends_at: tuple[str, ...] = key(
        texts,
        "Whole lines at which it ends, usually the other headings.",
        example="[Total Client Count]",
        default=(),
    )
    ends_at_blank: bool = key(
        flag,
        "It ends at the first blank line after its first row.",
        example="true",
        default=False,
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class File:
    """How the bytes become rows of cells. gzip and zip (one member) are recognised by their first bytes."""

    encoding: str = key(
        text,
        "Encoding of the text, by any name Python knows. A byte order mark overrules it and is removed.",
        example="gb18030",
        default="utf-8",
    )
    separator: str = key(
        text,
        "Between cells: one or more characters, or the words `tab` or `whitespace` (any run of spaces and tabs).",
        example='";"',
        default=",",
    )
    quote: str = key(
        text,
        "Character around cells that hold separators or line ends; doubled inside. `none`: quotes are ordinary "
        "characters.",
        example='"\'"',
        default='"',
    )
    escape: str = key(
        text,
        "Character that takes the meaning from the next one, `none` where quotes are doubled.",
        example='"\\"',
        default="none",
    )
    trim: bool = key(flag, "Spaces and tabs around a cell are removed.", example="false", default=True)
    decimal: str = key(text, "Decimal mark of the numbers.", example='","', default=".")
    thousands: str = key(
        text,
        "Grouping mark inside numbers (`space` for any kind of space), `none` where there is none.",
        example='"."',
        default="none",
    )
    skip_lines: int = key(integer, "Lines at the top that are no part of the table.", example="3", default=0)
    starts_at: str | None = key(
        text,
        "Lines before the first one that begins with this text are no part of the table (preambles of varying length).",
        example="Date;Time",
        default=None,
    )
    stops_at: tuple[str, ...] = key(
        texts,
        "The first line that begins with one of these texts and all lines after it are no part of the table (footers).",
        example="[Total, Report end]",
        default=(),
    )
    comment: tuple[str, ...] = key(
        texts,
        "Lines that begin with one of these texts are comments.",
        example='["#", "//"]',
        default=(),
    )
    section: Section | None = key(
        object_of(Section),
        "The table is one section of the file, chosen by its heading. `skip_lines` and the others then count from"
        " there.",
        example="{heading: Client Count}",
        default=None,
    )
    header: int = key(
        integer,
        "Header lines: 0 none, 1 names, 2 or more joined by a space. Unnamed columns are called #1, #2, ... by "
        "position; a repeated name becomes name#2.",
        example="0",
        default=1,
    )
    header_fill: bool = key(
        flag,
        "In header lines above the last one an empty cell repeats the one to its left (merged cells of a spreadsheet).",
        example="true",
        default=False,
    )
    columns: tuple[str, ...] = key(
        texts,
        "Names of all columns, instead of those of the header; needed with `header: 0`.",
        example="[station, time, pm25]",
        default=(),
    )
    short_rows: ShortRows = key(
        one_of(ShortRows),
        "A row with fewer cells than the header: `refuse`, or `empty` (the cells that are left off count as empty).",
        example="empty",
        default=ShortRows.REFUSE,
    )
    name: "re.Pattern[str] | None" = key(
        pattern,
        "Regular expression for the whole file name; its named groups are columns of every row.",
        example="'B-(?P<room>\\d+)_(?P<day>\\d{8})\\.csv'",
        default=None,
    )
    preamble: "tuple[re.Pattern[str], ...]" = key(
        patterns,
        "Regular expressions for whole lines above the table; their named groups are columns of every row.",
        example="['Station: (?P<station>.+)']",
        default=(),
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class OtherEnd:
    """Where a table gives both ends of an interval."""

    columns: tuple[str, ...] = key(
        texts,
        "Columns of the other end, joined by a space.",
        example="[to_date, to_time]",
    )
    formats: tuple[str, ...] = key(
        texts,
        "Formats of the other end; those of `time.formats` where left out.",
        example='["%H:%M"]',
        default=(),
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class Time:
    """When a row was measured."""

    columns: tuple[str, ...] = key(
        texts,
        "One column, or several whose cells are joined by a space before they are read.",
        example="[Date, Hour]",
    )
    formats: tuple[str, ...] = key(
        texts,
        "Tried in this order, the first that reads the whole text decides. See *Formats of times*.",
        example='["%d/%m/%Y %H", "%Y-%m-%d %H"]',
    )
    zone: str | None = key(
        text,
        "IANA zone, `UTC` or an offset like `+08:00`: what the clock of the file showed. Needed unless every "
        "format carries the offset.",
        example="Europe/London",
        default=None,
    )
    stamp: Stamp = key(
        one_of(Stamp),
        "What the time marks: `start` or `end` of the interval, or an `instant`. Deltas need start or end.",
        example="end",
        default=Stamp.INSTANT,
    )
    other_end: OtherEnd | None = key(
        object_of(OtherEnd),
        "The interval's other end, where rows give both; otherwise the interval is `interval` long.",
        example="{columns: [to]}",
        default=None,
    )
    ambiguous: Ambiguous = key(
        one_of(Ambiguous),
        "A local time that exists twice: `refuse`, `earlier`, `later`, `in_order` (of a device's rows, the one "
        "that goes back begins the second hour) or `both` (one row carries the amount of both; only for deltas).",
        example="in_order",
        default=Ambiguous.REFUSE,
    )
    nonexistent: Nonexistent = key(
        one_of(Nonexistent),
        "A local time that does not exist: `refuse`, `ignore` (filler) or `shift` (moved forward with the clock).",
        example="ignore",
        default=Nonexistent.REFUSE,
    )
    midnight_closes_day: bool = key(
        flag,
        "A row at 00:00 carries the date of the day it closes: a day is added. (24:00 needs no key: it is always "
        "the next day's 00:00.)",
        example="true",
        default=False,
    )
    add: timedelta = key(
        duration,
        "Added to the local time before the zone is applied, for example -1h where hours are numbered 1 to 24 by "
        "their end.",
        example="-1h",
        default=timedelta(0),
    )
    pivot: int = key(integer, "Two-digit years from this one on are 19xx, below it 20xx.", example="50", default=69)
    months: tuple[str, ...] = key(
        texts,
        "Twelve month names for %b and %B where they are not English.",
        example="[Jan, Feb, Mär, Apr, Mai, Jun, Jul, Aug, Sep, Okt, Nov, Dez]",
        default=(),
    )
    am_pm: tuple[str, ...] = key(texts, "The two words of %p.", example="[上午, 下午]", default=("AM", "PM"))
    zone_names: Mapping[str, str] = key(
        words,
        "Offsets of the abbreviations that %Z may find.",
        example='{GMT: "+00:00", BST: "+01:00"}',
        default={},
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class Device:
    """Whose a row is: `column` or `constant`, or neither where values name their devices or columns are devices."""

    column: tuple[str, ...] = key(
        texts,
        "Column (or a group of `file.name` or `file.preamble`) with the device's name; several are joined by a space.",
        example="LocationName",
        default=(),
    )
    constant: str | None = key(text, "The whole file is of this device.", example="station-1", default=None)
    pattern: "re.Pattern[str] | None" = key(
        pattern,
        "Regular expression for the whole name; its group `device` is the name that counts.",
        example="'.* > (?P<device>[^>]+)'",
        default=None,
    )
    ids: Mapping[str, str] = key(
        words,
        "Name in the file to device id in the catalogue.",
        example="{Broad Street: broad-street}",
        default={},
    )
    unlisted: Unlisted = key(
        one_of(Unlisted),
        "Names that `ids` does not list: `slug` (Broad Street becomes broad-street), `refuse` or `ignore` "
        "(declared as of no interest).",
        example="refuse",
        default=Unlisted.SLUG,
    )
    prefix: str = key(text, "Put before each id that was made as a slug.", example="cp-", default="")


@dataclass(frozen=True, slots=True, kw_only=True)
class Value:
    """What the cells of a column mean. Exactly one of `column` and `columns`."""

    column: str | None = key(text, "The column.", example="PM2.5", default=None)
    columns: "re.Pattern[str] | None" = key(
        pattern,
        "Wide tables: every column, not named elsewhere, whose whole name matches is one device; its name is the "
        "group `device`, or the whole column name.",
        example="'(?P<device>.+) in'",
        default=None,
    )
    quantity: str = key(text, "Name in the vocabulary.", example="env.pm2_5")
    kind: Kind = key(
        one_of(Kind),
        "The quantity's kind, said again so that a running total is not taken for an amount: gauge, counter, "
        "delta (amount of the interval) or state.",
        example="delta",
    )
    unit: str = key(
        text,
        "UCUM code of the unit in the file. It is converted exactly to the quantity's own unit.",
        example="ug/m3",
    )
    factor: tuple[int, int] | None = key(
        integer_pair,
        "Numbers of the file are multiplied by this exact ratio first: [numerator, denominator].",
        example="[1, 1000]",
        default=None,
    )
    channel: str = key(identifier, "Channel, where a device has several of the quantity.", example="l1", default="")
    device: str | None = key(
        identifier,
        "Device id, where each column is another device.",
        example="kitchen",
        default=None,
    )
    where: Mapping[str, str] = key(
        words,
        "Only rows in which these columns hold these texts (long tables with a column that names the quantity).",
        example="{parameter: pm25}",
        default={},
    )
    missing: tuple[str, ...] = key(
        texts,
        "Markers of a missing value, besides the mapping's.",
        example='["-999"]',
        default=(),
    )
    empty_is: str | None = key(
        text,
        "Value that an empty cell stands for, where emptiness is a statement. Without it an empty cell is missing.",
        example='"0"',
        default=None,
    )
    words: Mapping[str, str] = key(
        words,
        "Words of the column and the numbers they stand for.",
        example="{open: 1, closed: 0}",
        default={},
    )
    covers: Covers | None = key(
        one_of(Covers),
        "`interval`: a gauge is a mean over the row's interval, and is sent at its start because a gauge holds "
        "from its time on. Default: instant (deltas: interval).",
        example="interval",
        default=None,
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class IgnoredRows:
    """Rows that are no measurements. All conditions given must hold."""

    why: str = key(text, "The reason, printed in the account.", example="daily total")
    column: str | None = key(text, "Column that decides.", example="Hour", default=None)
    equals: tuple[str, ...] = key(texts, "Its cell is one of these texts.", example="[Total, Sum]", default=())
    matches: "re.Pattern[str] | None" = key(
        pattern,
        "Its whole cell matches this regular expression.",
        example="'(?i)total.*'",
        default=None,
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class CatalogueNames:
    """Names for `--catalogue`, which writes a district.yaml for the devices of the files."""

    name_zh: str | None = key(text, "Chinese name of the district.", example="利兹", default=None)
    name_en: str | None = key(text, "English name of the district.", example="Leeds", default=None)
    zone: str | None = key(
        text,
        "IANA zone of the district, where `time.zone` is not one.",
        example="Europe/Dublin",
        default=None,
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class ReplayMapping:
    """One kind of file, completely described."""

    why: str = key(
        text,
        "Why these data are imported; it stands in the declared backfill.",
        example="Open data of Leeds City Council",
    )
    district: str = key(identifier, "District id.", example="leeds")
    gateway: str = key(
        identifier,
        "Gateway id. It should be the replay's own: the account reads the ledger by it.",
        example="replay-leeds",
    )
    feed: str = key(identifier, "Feed of the devices.", example="foot_traffic")
    interval: timedelta = key(
        positive_duration,
        "Time between rows of a device, and the length of a row's interval.",
        example="15min",
    )
    hold: timedelta | None = key(
        positive_duration,
        "How long a value holds where rows or cells are written only on change; goes into the catalogue.",
        example="1d",
        default=None,
    )
    file: File = key(
        object_of(File),
        "How the bytes become rows of cells.",
        example='{separator: ";"}',
        default=File(),
    )
    time: Time = key(object_of(Time), "When a row was measured.", example="{columns: time, formats: iso, zone: UTC}")
    device: Device = key(object_of(Device), "Whose a row is.", example="{column: station}", default=Device())
    values: tuple[Value, ...] = key(
        list_of(object_of(Value)),
        "What the columns mean.",
        example="[{column: n, quantity: people.in, kind: delta, unit: '{people}'}]",
    )
    missing: tuple[str, ...] = key(
        texts,
        "Markers of a missing value in any column, besides the empty cell. A number also matches written "
        "otherwise (-999 and -999.0).",
        example='[NA, "?"]',
        default=(),
    )
    ignore: tuple[str, ...] = key(
        texts,
        "Columns that carry nothing for us. A column named nowhere is an error.",
        example="[Weekday, Month]",
        default=(),
    )
    ignore_pattern: "re.Pattern[str] | None" = key(
        pattern,
        "The same by a regular expression for the whole name.",
        example="'.*_flag'",
        default=None,
    )
    ignore_rows: tuple[IgnoredRows, ...] = key(
        list_of(object_of(IgnoredRows)),
        "Rows that are no measurements (totals, test rows).",
        example="[{why: daily total, column: Hour, equals: Total}]",
        default=(),
    )
    catalogue: CatalogueNames = key(
        object_of(CatalogueNames),
        "Names for `--catalogue`.",
        example="{name_en: Leeds}",
        default=CatalogueNames(),
    )

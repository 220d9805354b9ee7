"""Windows on the command line: dates of the district's zone, or RFC 3339 instants."""

from datetime import UTC, date, datetime, time
from zoneinfo import ZoneInfo

import typer


def instant(text: str | None, zone: str = "UTC") -> datetime | None:
    """An aware instant: a date is its first moment in `zone`.

    Raises:
        typer.BadParameter: neither a date nor a time with offset.
    """
    if text is None:
        return None
    try:
        if len(text) == 10:
            return datetime.combine(date.fromisoformat(text), time(), ZoneInfo(zone)).astimezone(UTC)
        stamp = datetime.fromisoformat(text)
    except ValueError:
        stamp = None
    if stamp is None or stamp.tzinfo is None:
        raise typer.BadParameter(f"expected 2026-11-23 or 2026-11-23T08:00:00+08:00, got {text!r}")
    return stamp.astimezone(UTC)

"""Dahua people counting: rows of a statistics query, the summary, and NumberStat events; JSON, or the key=value text of CGI.

The body names channel and area, not the camera: addresses begin with ``/`` and stand below the device that the route names.
Rows are amounts of their interval; `Total` and `Today` are running totals (the second starts anew at midnight). Times are
wall clocks.

Dahua HTTP API, videoStatServer: doFind, getSummary; event NumberStat.
"""

import re
from collections.abc import Mapping

from ingest.formats import json_document, stamps
from ingest.formats.fixed import add, inside, objects, text
from ingest.formats.redaction import KEEP, Shape, dumped, kept
from ingest.formats.report import Decoded, Naive, Sent
from ingest.model import PayloadError, Reason

_ROW = (("EnteredSubtotal", "people.in"), ("ExitedSubtotal", "people.out"), ("PassedSubtotal", "people.pass"))
_TOTAL = (("EnteredSubtotal", "people.in_total"), ("ExitedSubtotal", "people.out_total"))
_EVENT = re.compile(
    rb"Code=(?P<code>\w+);action=(?P<action>\w+);index=(?P<index>\d+)(?:;data=(?P<data>\{.*\}))?", re.DOTALL
)
_PAIR = re.compile(r"(?P<key>[\w.\[\]]+)=(?P<value>.*)")

_SUMS: Shape = {"Total": KEEP, "Today": KEEP}
_KEPT: Shape = dict.fromkeys(("Channel", "AreaID", "StartTime", "EndTime", "PassedSubtotal", "InsideSubtotal"), KEEP)


def decode(sent: Sent) -> Decoded:
    """What a query's answer or an event says."""
    document = _read(sent.payload)
    decoded = Decoded()
    for row in _rows(document):
        _row(decoded, row)
    return decoded


def redact(sent: Sent) -> bytes:
    """The counts by channel and area, as rows."""
    rows = []
    for row in _rows(_read(sent.payload)):
        body = kept(row, _KEPT)
        sums = {
            key: kept(row[key], _SUMS if isinstance(row[key], dict) else KEEP)
            for key in ("EnteredSubtotal", "ExitedSubtotal")
            if key in row
        }
        rows.append({**(body if isinstance(body, dict) else {}), **sums})
    return dumped({"params": {"info": rows}})


def _read(payload: bytes) -> Mapping[str, object]:
    event = _EVENT.search(payload)
    if event is not None:
        data = json_document.read(event["data"]) if event["data"] else {}
        return {"Code": event["code"].decode(), "Index": int(event["index"]), "Data": data}
    if payload.lstrip()[:1] == b"{":
        return json_document.mapping(json_document.read(payload), "answer")
    try:
        lines = payload.decode("utf-8").split()
    except UnicodeDecodeError as bad:
        raise PayloadError(Reason.BAD_ENCODING, f"not UTF-8 at byte {bad.start}") from bad
    return (
        {"text": _tree(payload.decode("utf-8"))}
        if any("=" in line for line in lines)
        else json_document.mapping(json_document.read(payload), "answer")
    )


def _tree(body: str) -> dict[str, object]:
    """`summary.EnteredSubtotal.Total=5` and `info[0].Channel=0` as nested objects."""
    tree: dict[str, object] = {}
    for line in body.splitlines():
        match = _PAIR.fullmatch(line.strip())
        if match is None:
            continue
        place: dict[str, object] = tree
        *path, last = match["key"].split(".")
        for step in path:
            inner = place.setdefault(step, {})
            if not isinstance(inner, dict):
                inner = place[step] = {}
            place = inner
        place[last] = match["value"].strip()
    return tree


def _rows(document: Mapping[str, object]) -> list[Mapping[str, object]]:
    """The objects with counts, wherever the answer puts them."""
    if "text" in document:
        tree = inside(document, "text")
        return [row for key, row in tree.items() if isinstance(row, dict) and re.match(r"info|summary", key)]
    if "Code" in document:
        if document["Code"] != "NumberStat":
            return []
        rows = document.get("Data")
        index = {"Channel": document.get("Index")}
        return [{**index, **row} for row in objects(rows if isinstance(rows, list) else [rows])]
    body = inside(document, "params") or inside(document, "result") or document
    found = [*objects(body.get("info")), *objects(body.get("summary")), *objects(body.get("Info"))]
    if isinstance(body.get("summary"), dict):
        found.append(inside(body, "summary"))
    if not found and not {"found", "result", "info"} & document.keys() and "found" not in body:
        raise PayloadError(Reason.BAD_SHAPE, "expected params.info, a summary or a NumberStat event")
    return list(found)


def _row(decoded: Decoded, row: Mapping[str, object]) -> None:
    channel, area = text(row.get("Channel")), text(row.get("AreaID"))
    address = "".join(f"/{word} {number}" for word, number in (("channel", channel), ("area", area)) if number)
    begun, ended = stamps.instant(row.get("StartTime")), stamps.instant(row.get("EndTime"))
    span = None
    if isinstance(begun, Naive) and isinstance(ended, Naive) and ended.us > begun.us:
        span = ended.us - begun.us
    for key, quantity in _TOTAL:
        sums = inside(row, key)
        total = sums.get("Total", sums.get("Today"))
        add(decoded, address, ended, quantity, "", total, f"{key}.Total")
    if ended is not None:
        for key, quantity in _ROW:
            if not isinstance(row.get(key), dict):
                add(decoded, address, ended, quantity, "", row.get(key), key, span_us=span)
        add(decoded, address, ended, "people.present", "", row.get("InsideSubtotal"), "InsideSubtotal")

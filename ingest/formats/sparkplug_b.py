"""Sparkplug B: spBv1.0/<group>/<message type>/<edge node>[/<device>], protobuf, or JSON as the specification prints it.

Address: `group/node` or `group/node/device`; key: the metric's name. A birth says which aliases, data types and units
later messages leave out, so births are remembered. Data whose alias nobody announced waits as `no_birth`, and a rebirth
is asked for; so it is after a gap in the sequence. Births and deaths are `device.online`; a node's death is that of its
devices. `STATE` (of hosts) and commands are no measurements.

Sparkplug 3.0 (Eclipse), chapters 4 to 6.
"""

from collections.abc import Mapping, Sequence
from typing import NamedTuple

from ingest.formats import sparkplug_wire, stamps
from ingest.formats.report import Decoded, Direct, Recall, Report, Sent
from ingest.formats.sparkplug_wire import Payload
from ingest.model import Flag, PayloadError, Reason

NAMESPACE = "spBv1.0"
NO_MEASUREMENT = frozenset({"NCMD", "DCMD", "STATE"})
#: Command points and the birth counter are no measurements (6.4.19, 6.4.16).
_CONTROL = ("Node Control/", "Device Control/")
#: Counts the sessions of a node: pairs its birth with its will.
BD_SEQ = "bdSeq"
#: The property `Quality` of a good value (6.4.15); 0 is bad, 500 stale.
_GOOD = 192


class Birth(NamedTuple):
    """What a birth says of the metrics of a node or device, as it is remembered (JSON has no other keys than texts)."""

    names: Mapping[str, str]  #: alias -> name
    points: Mapping[str, Sequence[object]]  #: name -> data type, unit; null where it says nothing


UNBORN = Birth({}, {})


def decode(sent: Sent) -> Decoded:
    """What a Sparkplug message says."""
    levels = sent.topic.split("/")
    if NAMESPACE in levels:
        levels = levels[levels.index(NAMESPACE) + 1 :]
    kind = levels[1] if len(levels) > 1 else ""
    if levels[:1] == ["STATE"] or kind in NO_MEASUREMENT:
        return Decoded()
    if kind not in {"NBIRTH", "DBIRTH", "NDATA", "DDATA", "NDEATH", "DDEATH"} or len(levels) != 3 + (kind[0] == "D"):
        raise PayloadError(
            Reason.UNKNOWN_TOPIC, f"expected {NAMESPACE}/<group>/<type>/<node>[/<device>], got {sent.topic[:200]!r}"
        )
    node = f"{levels[0]}/{levels[2]}"
    address = f"{node}/{levels[3]}" if kind[0] == "D" else node
    payload = sparkplug_wire.read(sent.payload)
    if kind == "NDEATH":
        return _node_death(node, payload, sent.recall)
    decoded = Decoded()
    if kind == "DDEATH":
        decoded.direct.append(Direct(address, stamps.from_number(payload.stamp), "device.online", "", 0.0))
        _sequence(node, payload, sent.recall, decoded, unborn=False)
        return decoded
    if kind.endswith("BIRTH"):
        birth: Birth | None = _birth(kind, node, address, payload, sent.recall, decoded)
    else:
        birth = _recalled(sent.recall(f"birth/{address}"))
    _reports(address, payload, birth or UNBORN, decoded)
    if kind == "NBIRTH":
        decoded.remember[f"seq/{node}"] = payload.seq
        decoded.remember[f"asked/{node}"] = None
    else:
        unborn = bool(decoded.problems) or birth is None or sent.recall(f"birth/{node}") is None
        _sequence(node, payload, sent.recall, decoded, unborn=unborn)
    return decoded


def _reports(address: str, payload: Payload, birth: Birth, decoded: Decoded) -> None:
    """A report for each time in the payload."""
    batches: dict[tuple[int | None, int], tuple[dict[str, object], dict[str, str]]] = {}
    names, points = birth
    for metric in payload.metrics:
        name, alias, stamp, datatype, historical, value, unsigned, (unit, quality) = metric
        if not name:
            name = names.get(str(alias), "")
            if not name:
                decoded.problems.append((Reason.NO_BIRTH, f"{address}: no birth names the alias {alias}"))
                continue
        if value is None or name == BD_SEQ or name.startswith(_CONTROL):
            continue
        point = points.get(name)
        if point is not None:
            known, named = point
            if datatype is None and isinstance(known, int):
                datatype = known
            if unit is None and isinstance(named, str):
                unit = named
        if unsigned:
            if datatype is None and isinstance(value, int) and value >= 1 << 31:
                decoded.problems.append((Reason.NO_BIRTH, f"{address}: {name[:64]}: no birth names its data type"))
                continue
            value = sparkplug_wire.signed(value, datatype)
        flags = int(Flag.HISTORICAL) if historical else 0
        if quality is not None and quality != _GOOD:
            flags |= int(Flag.SOURCE_BAD)
        values, units = batches.setdefault((stamp or payload.stamp, flags), ({}, {}))
        values[name] = value
        if unit:
            units[name] = unit
    for (stamp, flags), (values, units) in batches.items():
        decoded.reports.append(Report(address, stamps.from_number(stamp), values, units, flags=flags))


def _birth(kind: str, node: str, address: str, payload: Payload, recall: Recall, decoded: Decoded) -> Birth:
    metrics = [metric for metric in payload.metrics if metric.name and not metric.name.startswith(_CONTROL)]
    birth = Birth(
        {str(metric.alias): metric.name for metric in metrics if metric.alias is not None},
        {metric.name: [metric.datatype, metric.property.unit] for metric in metrics},
    )
    known = recall(f"devices/{node}")
    devices = known if isinstance(known, list) else []
    if kind == "NBIRTH":
        # The devices of a node are born again after it, with other aliases perhaps.
        decoded.remember |= {f"birth/{device}": None for device in devices}
        decoded.remember[f"devices/{node}"] = []
        decoded.remember[f"bdSeq/{node}"] = _bd_seq(payload)
    elif address not in devices:
        decoded.remember[f"devices/{node}"] = [*devices, address]
    decoded.remember[f"birth/{address}"] = birth._asdict()
    decoded.direct.append(Direct(address, stamps.from_number(payload.stamp), "device.online", "", 1.0))
    return birth


def _recalled(remembered: object) -> Birth | None:
    return Birth(**remembered) if isinstance(remembered, dict) else None


def _node_death(node: str, payload: Payload, recall: Recall) -> Decoded:
    """A will: sent by the broker, stamped when the node connected, so it carries no time of its own (6.4.21)."""
    born = recall(f"bdSeq/{node}")
    if born is not None and _bd_seq(payload) not in {None, born}:
        # The will of an earlier session, overtaken by the birth of this one.
        return Decoded()
    known = recall(f"devices/{node}")
    devices = [device for device in known if isinstance(device, str)] if isinstance(known, list) else []
    return Decoded(direct=[Direct(address, None, "device.online", "", 0.0) for address in (node, *devices)])


def _bd_seq(payload: Payload) -> int | None:
    for metric in payload.metrics:
        if metric.name == BD_SEQ and isinstance(metric.value, int):
            return metric.value
    return None


def _sequence(node: str, payload: Payload, recall: Recall, decoded: Decoded, *, unborn: bool) -> None:
    """Remember the sequence number, and ask for a rebirth where a message or the birth is missing.

    It is asked for once, and again a whole round of 256 messages later.
    """
    if payload.seq is None:
        return
    before = recall(f"seq/{node}")
    decoded.remember[f"seq/{node}"] = payload.seq
    gap = isinstance(before, int) and payload.seq not in {before, (before + 1) % 256}
    if not (unborn or gap):
        return
    asked = recall(f"asked/{node}")
    if asked is None or asked == payload.seq:
        decoded.remember[f"asked/{node}"] = payload.seq
        group, _, name = node.partition("/")
        # A decoder has no clock: the command carries the time of the message that made us ask.
        decoded.commands.append((f"{NAMESPACE}/{group}/NCMD/{name}", sparkplug_wire.rebirth(payload.stamp)))


def redact(sent: Sent) -> bytes:
    """The payload with numbers, truth values, and texts that are words of a machine."""
    return sparkplug_wire.redacted(sent.payload)

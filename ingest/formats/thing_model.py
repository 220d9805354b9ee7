"""What platforms with a thing model share: properties as `value` or `{value, time}`, grouped by their time; events.

The keys are those of the product's thing model: a profile gives them meaning. An event's parameters can be anything, also
a plate or a name: only those under the words below are kept.
"""

from collections.abc import Iterable, Mapping

from ingest.formats import json_document, stamps
from ingest.formats.redaction import Own, dumped, kept
from ingest.formats.report import Happening, Report, Sent, Time, flat
from ingest.model import PayloadError, Reason

#: Parameters of events that classify: kept. Any other may name a person: dropped. Our choice.
_CLASSIFYING = frozenset(
    {
        "errorcode", "code", "alarmtype", "alarmlevel", "alarmcode", "alarmstatus", "type", "level", "status", "state",
        "severity", "eventtype", "eventcode", "eventcount", "count", "value", "aname", "bname", "lname",
    }
)  # fmt: skip
_LONGEST = 64
_SHAPE = Own("deviceName", "productKey", "method", "id", "messageId", "username")


def reports(address: str, properties: Mapping[str, object], time: Time = None, times: object = None) -> list[Report]:
    """Properties of a device, one report per time.

    Args:
        address: of the device.
        properties: by identifier.
        time: of those without one of their own.
        times: their times by identifier, where the platform sends them apart.
    """
    groups: dict[Time, dict[str, object]] = {}
    own = times if isinstance(times, dict) else {}
    for key, sent in properties.items():
        for value, stamp in _values(sent):
            at = stamps.instant(own.get(key) if stamp is None else stamp)
            groups.setdefault(time if at is None else at, {}).update(flat(value, key))
    return [Report(address, at, values) for at, values in groups.items()]


def happening(address: str, kind: str, parameters: object, time: Time, key: str = "") -> Happening:
    """An event of a device, `alarm` -> `alarm_alarm` where it is one, with the parameters that classify it."""
    attributes: dict[str, object] = {"event": kind[:_LONGEST]}
    leaves = flat(parameters) if isinstance(parameters, dict | list) else {"value": parameters}
    for path, value in leaves.items():
        name = "".join(letter for letter in path.rpartition(".")[2].lower() if letter.isalnum())
        short = isinstance(value, bool | int | float) or (isinstance(value, str) and len(value) <= _LONGEST)
        if name in _CLASSIFYING and short:
            attributes[path[:_LONGEST]] = value
    return Happening(address, time, "device_event", key, attributes=attributes)


def redact(sent: Sent) -> bytes:
    """Properties without what they say of persons and places; a message with events has too much in it that may.

    Raises:
        PayloadError: it tells of events.
    """
    document = json_document.mapping(json_document.read(sent.payload), "message")
    levels = sent.topic.strip("/").split("/")
    method = document.get("method")
    kind = method.split(".") if isinstance(method, str) else levels
    if ("event" in kind and "property" not in kind) or "push" in levels or b'"events"' in sent.payload:
        raise PayloadError(Reason.BAD_SHAPE, "events are not redacted")
    return dumped(kept(document, _SHAPE))


def _values(sent: object) -> Iterable[tuple[object, object]]:
    """Values with their times; a history is a list of them."""
    if isinstance(sent, list) and sent and all(_timed(entry) for entry in sent):
        return [(entry["value"], entry.get("time")) for entry in sent]
    return [(sent["value"], sent.get("time"))] if isinstance(sent, dict) and _timed(sent) else [(sent, None)]


def _timed(entry: object) -> bool:
    return isinstance(entry, dict) and "value" in entry and entry.keys() <= {"value", "time"}

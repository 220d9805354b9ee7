"""ChirpStack 4, JSON or protobuf: application/<id>/device/<devEui>/event/<event>.

`up` carries the output of a codec in `object`; `status` battery and margin. Joins, acknowledgements and locations are no
measurements; a `log` of level ERROR or WARNING is an event. Time: `time`, which the server takes from a gateway where one
has it, else the first gateway's. A profile explains the keys of `object`.

chirpstack.io/docs/chirpstack/integrations/events.html
"""

from ingest.formats import json_document, stamps
from ingest.formats.chirpstack_wire import document_of
from ingest.formats.lorawan import codec_report, entries, eui, hear, status
from ingest.formats.report import Decoded, Happening, Sent, Time
from ingest.model import PayloadError, Reason

NO_MEASUREMENT = frozenset({"join", "ack", "txack", "location", "integration"})
EVENTS = NO_MEASUREMENT | {"up", "status", "log"}


def decode(sent: Sent) -> Decoded:
    """What a ChirpStack event says."""
    event = sent.topic.rpartition("/event/")[2]
    if "/command/" in sent.topic or "/state/" in sent.topic:
        return Decoded()
    if event not in EVENTS:
        raise PayloadError(Reason.UNKNOWN_TOPIC, f"expected .../event/up or another event, got {sent.topic[:200]!r}")
    if sent.payload[:1] in {b"{", b"["} or sent.payload[:1].isspace() or not sent.payload:
        document = json_document.mapping(json_document.read(sent.payload), "event")
    elif event in {"up", "status"}:
        document = document_of(event, sent.payload)
    elif sent.payload[:1] == b"\n":
        return Decoded()
    else:
        document = json_document.mapping(json_document.read(sent.payload), "event")
    return Decoded() if event in NO_MEASUREMENT else of(document, event)


def of(document: dict[str, object], event: str) -> Decoded:
    """What the document of an `up`, `status` or `log` event says."""
    address = eui(json_document.mapping(document.get("deviceInfo"), "deviceInfo").get("devEui"))
    if address is None:
        raise PayloadError(Reason.BAD_SHAPE, "deviceInfo.devEui: expected the device's EUI")
    time, decoded = _time(document), Decoded()
    if event == "status":
        status(decoded, address, time, document)
    elif event == "log":
        level, code = str(document.get("level", "")), document.get("code")
        if level in {"ERROR", "WARNING"} and isinstance(code, str):
            decoded.events.append(
                Happening(address, time, "lorawan.log", severity=level.lower(), attributes={"code": code})
            )
    else:
        if isinstance(output := document.get("object"), dict) and output:
            decoded.reports.append(codec_report(address, time, output))
        hear(decoded, address, time, entries(document.get("rxInfo")), ("snr",))
    return decoded


def _time(document: dict[str, object]) -> Time:
    gateways = [entry.get(key) for entry in entries(document.get("rxInfo")) for key in ("nsTime", "gwTime", "time")]
    for text in (document.get("time"), *gateways):
        if isinstance(text, str) and (found := stamps.from_text(text)) is not None:
            return found
    return None

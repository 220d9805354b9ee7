"""ChirpStack 4, JSON or protobuf: application/<id>/device/<devEui>/event/<event>.

`up` carries the output of a codec in `object`; `status` battery and margin. Joins, acknowledgements and locations are no
measurements; a `log` of level ERROR or WARNING is an event. Time: `time`, which the server takes from a gateway where one
has it, else the first gateway's. A profile explains the keys of `object`.

chirpstack.io/docs/chirpstack/integrations/events.html
"""

from ingest.formats import json_document, stamps
from ingest.formats.chirpstack_wire import document_of
from ingest.formats.lorawan import OUTPUT, RECEPTIONS, STATUS, codec_report, entries, eui, hear, status
from ingest.formats.redaction import KEEP, Shape, dumped, kept
from ingest.formats.report import Decoded, Happening, Sent, Time
from ingest.model import PayloadError, Reason

NO_MEASUREMENT = frozenset({"join", "ack", "txack", "location", "integration"})
EVENTS = NO_MEASUREMENT | {"up", "status", "log"}
SHAPE: Shape = {
    "time": KEEP, "deviceInfo": {"devEui": KEEP}, "object": OUTPUT, "rxInfo": RECEPTIONS, "level": KEEP, "code": KEEP, **STATUS
}  # fmt: skip


def decode(sent: Sent) -> Decoded:
    """What a ChirpStack event says."""
    event = sent.topic.rpartition("/event/")[2]
    if "/command/" in sent.topic or "/state/" in sent.topic:
        return Decoded()
    document = _read(sent, event)
    return Decoded() if document is None or event in NO_MEASUREMENT else of(document, event)


def redact(sent: Sent) -> bytes:
    """The event as JSON, without names of tenants, applications and devices, and what its codec says of persons."""
    return dumped(kept(_read(sent, sent.topic.rpartition("/event/")[2]) or {}, SHAPE))


def _read(sent: Sent, event: str) -> dict[str, object] | None:
    """The document of an event; None: one in protobuf of which nothing is read."""
    if event not in EVENTS:
        raise PayloadError(Reason.UNKNOWN_TOPIC, f"expected .../event/up or another event, got {sent.topic[:200]!r}")
    # Every protobuf event begins with field 1, whose tag is a line feed: white space alone does not make it JSON.
    if sent.payload.lstrip()[:1] in {b"{", b"[", b""} or sent.payload[:1] != b"\n":
        return json_document.mapping(json_document.read(sent.payload), "event")
    return None if event in NO_MEASUREMENT else document_of(event, sent.payload)


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

"""ChirpStack 3, JSON: application/<id>/device/<devEUI>/event/<event>, of older versions .../rx.

devEUI is base64 or hexadecimal, as the server is set up; the output of the codec is an object in `object` or a text in
`objectJSON`. Time: the first gateway's that has one, else `publishedAt`. Joins, acknowledgements, errors and locations are
no measurements. A profile explains the keys of the codec.

chirpstack.io/application-server/integrations/events/
"""

from ingest.formats import json_document, stamps
from ingest.formats.lorawan import OUTPUT, RECEPTIONS, STATUS, codec_report, entries, eui, hear, status
from ingest.formats.redaction import KEEP, TEXT, Shape, dumped, kept
from ingest.formats.report import Decoded, Sent, Time
from ingest.model import PayloadError, Reason

NO_MEASUREMENT = frozenset({"join", "ack", "error", "location", "txack", "integration", "tx"})
EVENTS = NO_MEASUREMENT | {"up", "rx", "status"}
SHAPE: Shape = {"devEUI": KEEP, "object": OUTPUT, "rxInfo": RECEPTIONS, "publishedAt": KEEP, "time": KEEP, **STATUS}


def decode(sent: Sent) -> Decoded:
    """What a ChirpStack 3 event says."""
    event = sent.topic.rpartition("/")[2]
    if "/command/" in sent.topic:
        return Decoded()
    if event not in EVENTS:
        raise PayloadError(Reason.UNKNOWN_TOPIC, f"expected .../event/up or another event, got {sent.topic[:200]!r}")
    document = json_document.mapping(json_document.read(sent.payload), "event")
    return Decoded() if event in NO_MEASUREMENT else of(document, event)


def redact(sent: Sent) -> bytes:
    """The event without names of applications and devices, and what its codec says of persons."""
    return dumped(kept_of(json_document.mapping(json_document.read(sent.payload), "event")))


def kept_of(document: dict[str, object]) -> object:
    """What may be kept of the document of an event."""
    output, broken = _output(document)
    body = kept({**document, "object": output}, SHAPE)
    return {**body, "objectJSON": TEXT} if broken and isinstance(body, dict) else body


def of(document: dict[str, object], event: str) -> Decoded:
    """What the document of an `up` or `status` event says."""
    address = eui(document.get("devEUI"))
    if address is None:
        raise PayloadError(Reason.BAD_SHAPE, "devEUI: expected the device's EUI")
    time, decoded = _time(document), Decoded()
    if event == "status":
        status(decoded, address, time, document)
        return decoded
    output, broken = _output(document)
    if broken:
        decoded.problems.append((Reason.BAD_JSON, "objectJSON: expected JSON in a text"))
    if isinstance(output, dict) and output:
        decoded.reports.append(codec_report(address, time, output))
    hear(decoded, address, time, entries(document.get("rxInfo")), ("loRaSNR", "snr"))
    return decoded


def _output(document: dict[str, object]) -> tuple[object, bool]:
    """The output of the codec, and whether the text that should hold it cannot be read."""
    if isinstance(text := document.get("objectJSON"), str) and text:
        try:
            return json_document.read(text.encode()), False
        except (PayloadError, UnicodeEncodeError):
            return document.get("object"), True
    return document.get("object"), False


def _time(document: dict[str, object]) -> Time:
    gateways = [entry.get("time") for entry in entries(document.get("rxInfo"))]
    for text in (*gateways, document.get("publishedAt"), document.get("time")):
        if isinstance(text, str) and (found := stamps.from_text(text)) is not None:
            return found
    return None

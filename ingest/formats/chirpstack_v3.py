"""ChirpStack 3, JSON: application/<id>/device/<devEUI>/event/<event>, of older versions .../rx.

devEUI is base64 or hexadecimal, as the server is set up; the output of the codec is an object in `object` or a text in
`objectJSON`. Time: the first gateway's that has one, else `publishedAt`. Joins, acknowledgements, errors and locations are
no measurements. A profile explains the keys of the codec.

chirpstack.io/application-server/integrations/events/
"""

from ingest.formats import json_document, stamps
from ingest.formats.lorawan import codec_report, entries, eui, hear, status
from ingest.formats.report import Decoded, Sent, Time
from ingest.model import PayloadError, Reason

NO_MEASUREMENT = frozenset({"join", "ack", "error", "location", "txack", "integration", "tx"})
EVENTS = NO_MEASUREMENT | {"up", "rx", "status"}


def decode(sent: Sent) -> Decoded:
    """What a ChirpStack 3 event says."""
    event = sent.topic.rpartition("/")[2]
    if "/command/" in sent.topic:
        return Decoded()
    if event not in EVENTS:
        raise PayloadError(Reason.UNKNOWN_TOPIC, f"expected .../event/up or another event, got {sent.topic[:200]!r}")
    document = json_document.mapping(json_document.read(sent.payload), "event")
    return Decoded() if event in NO_MEASUREMENT else of(document, event)


def of(document: dict[str, object], event: str) -> Decoded:
    """What the document of an `up` or `status` event says."""
    address = eui(document.get("devEUI"))
    if address is None:
        raise PayloadError(Reason.BAD_SHAPE, "devEUI: expected the device's EUI")
    time, decoded = _time(document), Decoded()
    if event == "status":
        status(decoded, address, time, document)
        return decoded
    output = document.get("object")
    if isinstance(text := document.get("objectJSON"), str) and text:
        try:
            output = json_document.read(text.encode())
        except (PayloadError, UnicodeEncodeError):
            decoded.problems.append((Reason.BAD_JSON, "objectJSON: expected JSON in a text"))
    if isinstance(output, dict) and output:
        decoded.reports.append(codec_report(address, time, output))
    hear(decoded, address, time, entries(document.get("rxInfo")), ("loRaSNR", "snr"))
    return decoded


def _time(document: dict[str, object]) -> Time:
    gateways = [entry.get("time") for entry in entries(document.get("rxInfo"))]
    for text in (*gateways, document.get("publishedAt"), document.get("time")):
        if isinstance(text, str) and (found := stamps.from_text(text)) is not None:
            return found
    return None

"""AirGradient: airgradient/readings/<serial>, and the same object from its local API.

Address: `serialno`, else the topic's last level. The default profile takes the plain keys and ignores their compensated
twins, so that each quantity is stored once. No time.

github.com/airgradienthq/arduino, docs/local-server.md.
"""

from ingest.formats import json_document, numbers
from ingest.formats.redaction import dumped, own
from ingest.formats.report import Decoded, Direct, Report, Sent, flat

_ABOUT = frozenset({"serialno", "wifi", "firmware", "model", "ledMode", "boot", "bootCount", "channels"})


def decode(sent: Sent) -> Decoded:
    """What a monitor says."""
    if "/readings" not in f"/{sent.topic}" and "/" in sent.topic and not sent.payload.startswith(b"{"):
        return Decoded()
    document = json_document.mapping(json_document.read(sent.payload), "readings")
    serial = document.get("serialno")
    address = serial if isinstance(serial, str) and serial else sent.topic.rpartition("readings/")[2]
    decoded = Decoded()
    signal = numbers.number(document.get("wifi"))
    if signal is not None:
        decoded.direct.append(Direct(address, None, "radio.rssi", "", signal))
    values = flat({key: value for key, value in document.items() if key not in _ABOUT})
    if values:
        decoded.reports.append(Report(address, None, values))
    return decoded


def redact(sent: Sent) -> bytes:
    """The readings; `wifi` is the strength of a signal here, and names no network."""
    document = json_document.mapping(json_document.read(sent.payload), "readings")
    kept = {key: value for key, value in document.items() if key not in {"serialno", "wifi"}}
    named = {key: document[key] for key in ("serialno", "wifi") if isinstance(document.get(key), str | int)}
    return dumped({**named, **_object(own(kept))})


def _object(kept: object) -> dict[str, object]:
    return kept if isinstance(kept, dict) else {}

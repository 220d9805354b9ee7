"""The output of a LoRaWAN codec by itself, as bridges and gateways hand it on; or within an envelope, which is recognised.

The route names the device, and the time is that of the receipt, unless an envelope of ChirpStack 4, ChirpStack 3 (which
Milesight's gateways send too), The Things Stack or Milesight's Development Platform (webhook, DEVICE_DATA) is around it. A
list is several reports. A profile explains the keys.
"""

from ingest.formats import chirpstack_v3, chirpstack_v4, json_document, stamps, tts_v3
from ingest.formats.fixed import inside, text
from ingest.formats.lorawan import codec_report
from ingest.formats.redaction import KEEP, Own, Shape, dumped, kept, own
from ingest.formats.report import Decoded, Sent

_PLATFORM: Shape = {
    "eventCreatedTime": KEEP,
    "data": {"deviceProfile": {"devEUI": KEEP, "sn": KEEP}, "type": KEEP, "payload": Own()},
}


def decode(sent: Sent) -> Decoded:
    """What the output of a codec says."""
    if not sent.payload:
        return Decoded()
    document = json_document.read(sent.payload)
    decoded = Decoded()
    for entry in document if isinstance(document, list) else [document]:
        one = json_document.mapping(entry, "output of a codec")
        found = Decoded()
        match _envelope(one):
            case "chirpstack-v4":
                found = chirpstack_v4.of(one, "up")
            case "chirpstack-v3":
                found = chirpstack_v3.of(one, "up")
            case "tts-v3":
                tts_v3.of(one, found)
            case "milesight":
                _platform(one, found)
            case _:
                found.reports.append(codec_report("", None, one))
        decoded.reports += found.reports
        decoded.direct += found.direct
        decoded.problems += found.problems
    return decoded


def redact(sent: Sent) -> bytes:
    """The output without what it says of persons and places, and without the names in an envelope."""
    document = json_document.read(sent.payload)
    if isinstance(document, list):
        return dumped([_kept(json_document.mapping(one, "output of a codec")) for one in document])
    return dumped(_kept(json_document.mapping(document, "output of a codec")))


def _kept(document: dict[str, object]) -> object:
    match _envelope(document):
        case "chirpstack-v4":
            return kept(document, chirpstack_v4.SHAPE)
        case "chirpstack-v3":
            return chirpstack_v3.kept_of(document)
        case "tts-v3":
            return kept(document, tts_v3.SHAPE)
        case "milesight":
            return kept(document, _PLATFORM)
        case _:
            return own(document)


def _envelope(document: dict[str, object]) -> str | None:
    """The format of the envelope around the output; None: there is none."""
    if "deviceInfo" in document:
        return "chirpstack-v4"
    if "devEUI" in document and not {"rxInfo", "object", "objectJSON", "fPort"}.isdisjoint(document):
        return "chirpstack-v3"
    if "deviceProfile" in inside(document, "data"):
        return "milesight"
    return "tts-v3" if "end_device_ids" in document else None


def _platform(document: dict[str, object], decoded: Decoded) -> None:
    """Add what an event of Milesight's Development Platform says; connections and services are no measurements."""
    data = inside(document, "data")
    device, payload = inside(data, "deviceProfile"), inside(data, "payload")
    if text(data.get("type")) in {"PROPERTY", "EVENT", ""} and payload:
        address = text(device.get("devEUI")) or text(device.get("sn"))
        decoded.reports.append(codec_report(address, stamps.instant(document.get("eventCreatedTime")), payload))

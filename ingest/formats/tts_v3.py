"""The Things Stack 3, JSON: v3/<application>@<tenant>/devices/<device>/up, and what its storage exports.

An uplink carries the output of a codec in `uplink_message.decoded_payload`. Everything else (joins, downlinks with their
echoes, solved locations, service data) is no measurement. Time: `settings.time`, then that of a gateway, then those of the
servers; 0001-01-01 is none. Address: the EUI, else the device's id. `simulated` makes the origin simulated. An export is
`{"result": ..}`, a list, or one document a line. A profile explains the keys of the codec.

thethingsindustries.com/docs/integrations/data-formats
"""

from collections.abc import Iterator, Mapping

from ingest.formats import json_document, stamps
from ingest.formats.lorawan import OUTPUT, RECEPTIONS, codec_report, entries, hear
from ingest.formats.redaction import KEEP, Shape, dumped, kept
from ingest.formats.report import Decoded, Sent, Time
from ingest.model import PayloadError, Reason

#: Position of `simulated` in `Origin`.
_SIMULATED = 1
_SHAPE: Mapping[str, Shape] = {
    "end_device_ids": {"dev_eui": KEEP, "device_id": KEEP}, "simulated": KEEP, "received_at": KEEP,
    "uplink_message": {
        "settings": {"time": KEEP}, "received_at": KEEP, "rx_metadata": RECEPTIONS, "decoded_payload": OUTPUT,
    },
}  # fmt: skip
SHAPE: Shape = {**_SHAPE, "result": _SHAPE}


def decode(sent: Sent) -> Decoded:
    """What a message of The Things Stack says."""
    decoded = Decoded()
    for document in _documents(sent.payload):
        of(document, decoded)
    return decoded


def redact(sent: Sent) -> bytes:
    """The messages as a list, without names of applications, and what a codec says of persons."""
    return dumped([kept(document, SHAPE) for document in _documents(sent.payload)])


def of(document: dict[str, object], decoded: Decoded) -> None:
    """Add what one document says."""
    if isinstance(inner := document.get("result"), dict):
        document = inner
    identity = json_document.mapping(document.get("end_device_ids"), "end_device_ids")
    uplink = document.get("uplink_message")
    if not isinstance(uplink, dict):
        return
    address = identity.get("dev_eui") or identity.get("device_id")
    if not isinstance(address, str):
        raise PayloadError(Reason.BAD_SHAPE, "end_device_ids: expected dev_eui or device_id")
    flags = _SIMULATED if document.get("simulated") is True else 0
    time = _time(document, uplink)
    if isinstance(output := uplink.get("decoded_payload"), dict) and output:
        decoded.reports.append(codec_report(address, time, output, flags))
    hear(decoded, address, time, entries(uplink.get("rx_metadata")), ("snr",), flags)


def _documents(payload: bytes) -> Iterator[dict[str, object]]:
    document = json_document.read(payload)
    for entry in document if isinstance(document, list) else [document]:
        yield json_document.mapping(entry, "message")


def _time(document: dict[str, object], uplink: dict[str, object]) -> Time:
    settings = uplink.get("settings")
    candidates = [
        settings.get("time") if isinstance(settings, dict) else None,
        *(entry.get("time") for entry in entries(uplink.get("rx_metadata"))),
        uplink.get("received_at"),
        document.get("received_at"),
    ]
    for text in candidates:
        if isinstance(text, str) and (found := stamps.from_text(text)) is not None:
            return found
    return None

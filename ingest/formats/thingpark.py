"""ThingPark (Actility), JSON: mqtt/things/<DevEUI>/uplink.

The output of a driver stands in `payload`. Numbers are texts in the original format. Everything but `DevEUI_uplink`
(downlinks, locations, notifications) is no measurement. `Late` 1: the gateway had kept it. Time: `Time`, with its offset. A
profile explains the keys of the driver.

Actility, ThingPark Wireless: LRC-AS tunnel interface.
"""

from ingest.formats import json_document, stamps
from ingest.formats.lorawan import codec_report, eui
from ingest.formats.numbers import number
from ingest.formats.report import Decoded, Direct, Sent
from ingest.model import Flag, PayloadError, Reason


def decode(sent: Sent) -> Decoded:
    """What a ThingPark message says."""
    document = json_document.mapping(json_document.read(sent.payload), "message")
    uplink = document.get("DevEUI_uplink")
    if uplink is None:
        if any(key.startswith("DevEUI_") for key in document):
            return Decoded()
        raise PayloadError(Reason.BAD_SHAPE, "expected DevEUI_uplink or another report of ThingPark")
    uplink = json_document.mapping(uplink, "DevEUI_uplink")
    address = eui(uplink.get("DevEUI"))
    if address is None:
        raise PayloadError(Reason.BAD_SHAPE, "DevEUI_uplink.DevEUI: expected the device's EUI")
    flags = int(Flag.HISTORICAL) if number(uplink.get("Late")) == 1 else 0
    time = stamps.instant(uplink.get("Time"))
    decoded = Decoded()
    if isinstance(output := uplink.get("payload"), dict) and output:
        decoded.reports.append(codec_report(address, time, output, flags))
    for key, quantity in (("LrrRSSI", "radio.rssi"), ("LrrSNR", "radio.snr")):
        if (value := number(uplink.get(key))) is not None:
            decoded.direct.append(Direct(address, time, quantity, "", value, flags=flags))
    return decoded

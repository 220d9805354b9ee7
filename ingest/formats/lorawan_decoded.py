"""The output of a LoRaWAN codec by itself, as bridges and gateways hand it on; or within an envelope, which is recognised.

The route names the device, and the time is that of the receipt, unless an envelope of ChirpStack 4, ChirpStack 3 (which
Milesight's gateways send too) or The Things Stack is around it. A list is several reports. A profile explains the keys.
"""

from ingest.formats import chirpstack_v3, chirpstack_v4, json_document, tts_v3
from ingest.formats.lorawan import codec_report
from ingest.formats.report import Decoded, Sent


def decode(sent: Sent) -> Decoded:
    """What the output of a codec says."""
    if not sent.payload:
        return Decoded()
    document = json_document.read(sent.payload)
    decoded = Decoded()
    for entry in document if isinstance(document, list) else [document]:
        one = json_document.mapping(entry, "output of a codec")
        if "deviceInfo" in one:
            found = chirpstack_v4.of(one, "up")
        elif "devEUI" in one and ("rxInfo" in one or "object" in one or "objectJSON" in one or "fPort" in one):
            found = chirpstack_v3.of(one, "up")
        else:
            found = Decoded()
            if "end_device_ids" in one:
                tts_v3.of(one, found)
            else:
                found.reports.append(codec_report("", None, one))
        decoded.reports += found.reports
        decoded.direct += found.direct
        decoded.problems += found.problems
    return decoded

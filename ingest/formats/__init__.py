"""Wire formats by name: one module each. Adding one takes its module, its line here, and a folder of examples."""

from collections.abc import Mapping

from ingest.formats import chirpstack_v4, thingsboard
from ingest.formats.report import Decode

FORMATS: Mapping[str, Decode] = {
    "chirpstack-v4": chirpstack_v4.decode,
    "thingsboard": thingsboard.decode,
}

__all__ = ["FORMATS"]

"""Names of a file -> device ids of the catalogue; two names that would become one device are an error."""

import re
import unicodedata

from simulators.replay.keys import MappingError, show
from simulators.replay.mapping import ID, Device, Unlisted

_LETTERS_WITHOUT_PARTS = str.maketrans(
    {"ß": "ss", "ø": "o", "Ø": "O", "ł": "l", "Ł": "L", "æ": "ae", "Æ": "AE", "đ": "d"}
)


class DeviceRefusedError(Exception):
    """A row names no device of ours; the text says why."""


def slug(name: str) -> str:
    """The id that a name suggests: lower case, without accents, anything else a hyphen.

    >>> slug("Broad Street (Süd)")
    'broad-street-sud'
    """
    plain = unicodedata.normalize("NFKD", name.translate(_LETTERS_WITHOUT_PARTS)).encode("ascii", "ignore").decode()
    return re.sub(r"[^a-z0-9]+", "-", plain.lower()).strip("-")


class Names:
    """Device ids by name, over all files of one replay."""

    def __init__(self, device: Device) -> None:
        self._device = device
        self._ids: dict[str, str | None] = {}
        self.names: dict[str, list[str]] = {}  #: names met, by id

    def id_of(self, name: str) -> str | None:
        """The device id of a name as the file has it; None where the mapping ignores the device.

        Raises:
            DeviceRefusedError: the row must be refused.
            MappingError: two names would share an id that nobody declared.
        """
        if name not in self._ids:
            self._ids[name] = self._resolve(name)
        return self._ids[name]

    def _resolve(self, name: str) -> str | None:
        declared = self._device
        short = name
        if declared.pattern is not None:
            match = declared.pattern.fullmatch(name)
            if match is None:
                raise DeviceRefusedError(f"the device name {show(name)} does not match {declared.pattern.pattern!r}")
            short = match["device"] or ""
        if not short:
            raise DeviceRefusedError("no device name")
        for key in (name, short):
            if key in declared.ids:
                self.note(declared.ids[key], short)
                return declared.ids[key]
        if declared.unlisted is Unlisted.IGNORE:
            return None
        if declared.unlisted is Unlisted.REFUSE:
            raise DeviceRefusedError(f"the device name {show(short)} is not in $.device.ids")
        made = declared.prefix + slug(short)
        if not slug(short) or not ID.fullmatch(made):
            raise MappingError(
                f"$.device.ids: the name {show(short)} makes no id (got {made!r}); declare one, for example "
                f"ids: {{{short}: {declared.prefix}device-1}}"
            )
        known = self.names.get(made, [])
        if any(other != short for other in known):
            raise MappingError(
                f"$.device.ids: {show(known[0])} and {show(short)} would both become {made}; declare both, for example "
                f"ids: {{{known[0]}: {made}, {short}: {made}-2}}"
            )
        self.note(made, short)
        return made

    def note(self, device: str, name: str) -> None:
        """Keeps a name under its id, for the catalogue and for the search for collisions."""
        names = self.names.setdefault(device, [])
        if name not in names:
            names.append(name)

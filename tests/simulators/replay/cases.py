"""A mapping and a small file of our own -> what would be sent."""

from pathlib import Path
from textwrap import dedent
from typing import NamedTuple

from ingest.quantities import load
from ingest.times import to_datetime
from simulators.replay.account import FileAccount, Refusal
from simulators.replay.check import parse
from simulators.replay.convert import Converter, Reading
from simulators.replay.devices import Names
from simulators.replay.keys import parse_yaml
from simulators.replay.reader import open_table

#: The keys that every mapping needs; a test writes its own over them.
PLAIN = """
why: a test
district: town
gateway: replay
feed: air_quality
interval: 1h
time: {columns: time, formats: ["%Y-%m-%d %H:%M"], zone: UTC}
device: {column: station}
values: [{column: pm, quantity: env.pm2_5, kind: gauge, unit: ug/m3}]
"""


class Converted(NamedTuple):
    account: FileAccount
    readings: list[Reading]
    refusals: list[Refusal]
    read_by: list[int]

    def plain(self) -> list[tuple[str, str, str, int | float]]:
        """(device, time, quantity, value) of each reading."""
        return [(r.device, instant(r.time), r.name, r.value) for r in self.readings]

    def spans(self) -> list[tuple[str, str, int | float]]:
        """(from, time, value) of each delta."""
        return [(instant(r.start), instant(r.time), r.value) for r in self.readings if r.start is not None]

    def reasons(self) -> list[str]:
        return [str(refusal) for refusal in self.refusals]


def instant(time: int) -> str:
    return to_datetime(time).isoformat(timespec="auto").replace("+00:00", "Z")


def mapping_text(changes: str) -> str:
    """PLAIN with the top-level keys of `changes` in place of its own."""
    changes = dedent(changes)
    changed = parse_yaml(changes) or {}
    assert isinstance(changed, dict)
    kept = [line for line in PLAIN.strip().splitlines() if line.split(":")[0] not in changed]
    return "\n".join(kept) + "\n" + changes


def convert(tmp_path: Path, changes: str, data: str | bytes, name: str = "data.csv") -> Converted:
    """What a mapping makes of a file with this content."""
    path = tmp_path / name
    path.write_bytes(data if isinstance(data, bytes) else data.encode())
    mapping = parse(mapping_text(changes), load())
    with open_table(path, mapping.file) as table:
        converter = Converter(mapping, table, Names(mapping.device), load())
        readings: list[Reading] = []
        refusals: list[Refusal] = []
        for some, refused in converter.rows():
            readings += some
            refusals += refused
    assert converter.account.balanced
    assert converter.account.sent == len(readings)
    return Converted(converter.account, readings, refusals, converter.clock.read_by)

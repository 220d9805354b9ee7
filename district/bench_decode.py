"""How many messages of each foreign format one process decodes a second, from a folder of cases."""

import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from ingest.formats import FORMATS
from ingest.formats.report import Sent
from ingest.guess import guess
from ingest.model import PayloadError
from ingest.profile import Compiled, explain, shipped

#: Larger messages are not counted here.
MOST_BYTES = 1024


@dataclass(frozen=True, slots=True, kw_only=True)
class Rate:
    """What one format does."""

    format: str
    cases: int
    messages_per_s: float


def rates(cases: Path, seconds: float) -> Iterator[Rate]:
    """Decodes the good messages below 1 KB of `<cases>/<format>/<case>/{topic,payload}` over and over, with their profile."""
    for name, form in sorted(FORMATS.items()):
        folders = ((folder, sent) for folder in sorted((cases / name).glob("*")) if (sent := _sent(folder)) is not None)
        good = [(sent, _profile(name, form.profile, folder, sent)) for folder, sent in folders if _is_good(name, sent)]
        if good:
            yield Rate(format=name, cases=len(good), messages_per_s=_rate(name, good, seconds))


def _rate(name: str, good: Sequence[tuple[Sent, Compiled | None]], seconds: float) -> float:
    decode = FORMATS[name].decode
    done, start = 0, time.perf_counter()
    while (spent := time.perf_counter() - start) < seconds:
        for sent, profile in good:
            for report in decode(sent).reports:
                if profile is not None:
                    explain(report, profile)
        done += len(good)
    return done / spent


def _sent(folder: Path) -> Sent | None:
    coded, plain = folder / "payload.hex", folder / "payload"
    payload = bytes.fromhex(coded.read_text()) if coded.exists() else plain.read_bytes()
    return Sent((folder / "topic").read_text().strip(), payload) if len(payload) <= MOST_BYTES else None


def _is_good(name: str, sent: Sent) -> bool:
    try:
        FORMATS[name].decode(sent)
    except PayloadError:
        return False
    return True


def _profile(name: str, default: str | None, folder: Path, sent: Sent) -> Compiled | None:
    """The profile of a case; None: it needs none."""
    named = (folder / "profile").read_text().strip() if (folder / "profile").exists() else default
    for report in FORMATS[name].decode(sent).reports:
        named = named or guess(name, report.values)
    return None if named is None else shipped().get(named)

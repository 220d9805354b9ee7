"""What must hold of any message: no crash, no hang, no neighbour lost, nothing in the draft that cannot be stored."""

import math
import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field

import orjson

from ingest.decode import Decoder
from ingest.draft import Draft
from ingest.formats import FORMATS
from ingest.formats.clock import Clock
from ingest.formats.report import Sent
from ingest.guess import guess
from ingest.model import Message, Origin, PayloadError
from ingest.profile import shipped
from ingest.registry import DeviceEntry, DistrictEntry, Registry
from ingest.series import SeriesTable
from ingest.times import LATEST
from ingest.topics import Bindings, RouteSpec

NOON = 1_795_435_200_000_000
#: Longest time that one message may take, of the processor.
HANG_S = 0.1
_LARGEST = 262_144
#: Messages after which a collector's decoder is made anew, as a change of the catalogue does.
_LIFE = 2_000

_NEIGHBOUR = Message(
    "near/24e124fffef00001/event/up",
    b'{"time":"2026-11-23T12:00:00Z","deviceInfo":{"devEui":"24e124fffef00001"},"object":{"temperature":21.5,"humidity":40}}',
    1, 1, False, False, NOON,
)  # fmt: skip
_NEIGHBOUR_SAYS = [21.5, 40.0]


class _Everybody(Mapping[tuple[str, str], DeviceEntry]):
    """A registry of addresses in which every name without a slash is a device's."""

    def __init__(self, device: DeviceEntry) -> None:
        self.device = device

    def __getitem__(self, place: tuple[str, str]) -> DeviceEntry:
        if not place[1] or "/" in place[1]:
            raise KeyError(place)
        return self.device

    def __iter__(self) -> Iterator[tuple[str, str]]:
        return iter(())

    def __len__(self) -> int:
        return 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Fault:
    """What a message broke."""

    number: int
    form: str
    sent: Sent
    what: str


@dataclass(slots=True)
class Trial:
    """One decoder per format, as a collector would have it, with what stateful formats remember."""

    decoders: dict[tuple[str, str | None], tuple[Decoder, dict[tuple[str, str], object]]] = field(default_factory=dict)
    seen: int = 0

    def batch(self, form: str, numbered: Sequence[tuple[int, Sent]]) -> Iterator[Fault]:
        """Decode messages of one format between good ones of another, as one batch; a fault is searched message by message."""
        profile = _profile(form, numbered)
        messages = [_NEIGHBOUR]
        for _, sent in numbered:
            messages += [Message(sent.topic, sent.payload, 1, 1, sent.retained, False, NOON), _NEIGHBOUR]
        decoder, memory = self._decoder(form, profile)
        started = time.process_time()
        what = _decoded(decoder, memory, messages)
        hung = time.process_time() - started > HANG_S
        self.seen += len(numbered)
        for number, sent in numbered:
            if what or hung:
                yield from self._alone(number, form, profile, sent)
            redact = FORMATS[form].redact
            if redact is not None:
                try:
                    redact(sent)
                except (PayloadError, ValueError, RecursionError):
                    continue  # it is sealed instead
                except Exception as error:  # noqa: BLE001 - whatever it raises is what is looked for
                    yield Fault(number=number, form=form, sent=sent, what=f"redact: {error!r}")

    def _alone(self, number: int, form: str, profile: str | None, sent: Sent) -> Iterator[Fault]:
        decoder, memory = self._decoder(form, profile)
        alone = [_NEIGHBOUR, Message(sent.topic, sent.payload, 1, 1, sent.retained, False, NOON), _NEIGHBOUR]
        started = time.process_time()
        what = _decoded(decoder, memory, alone)
        taken = time.process_time() - started
        if what:
            yield Fault(number=number, form=form, sent=sent, what=what)
        elif taken > HANG_S:
            yield Fault(number=number, form=form, sent=sent, what=f"took {taken * 1000:.0f} ms")

    def _decoder(self, form: str, profile: str | None) -> tuple[Decoder, dict[tuple[str, str], object]]:
        if self.seen > _LIFE:
            self.decoders.clear()
            self.seen = 0
        if (form, profile) not in self.decoders:
            memory: dict[tuple[str, str], object] = {}
            self.decoders[form, profile] = _collector(form, profile, memory), memory
        return self.decoders[form, profile]


def _decoded(decoder: Decoder, memory: dict[tuple[str, str], object], messages: Sequence[Message]) -> str:
    """What is wrong with the draft of a batch; '': nothing."""
    try:
        draft = decoder.decode(messages)
    except Exception as error:  # noqa: BLE001 - whatever it raises is what is looked for
        return repr(error)[:300]
    memory.update({place: value for place, value in draft.memory.items() if value is not None})
    return _wrong(draft, sum(message is _NEIGHBOUR for message in messages))


def _wrong(draft: Draft, neighbours: int) -> str:
    if not (len(draft.series) == len(draft.values) == sum(draft.run_count)):
        return "series, values and runs do not agree"
    if not all(math.isfinite(value) for value in draft.values):
        return "a value is not finite"
    if any(not 0 <= at < LATEST for at in draft.run_time):
        return "a time that no table takes"
    landed, place = 0, 0
    for number, count in zip(draft.run_message, draft.run_count, strict=True):
        if draft.messages[number] is _NEIGHBOUR:
            landed += sorted(draft.values[place : place + count]) == _NEIGHBOUR_SAYS
        place += count
    if landed != neighbours:
        return f"{neighbours - landed} of {neighbours} neighbours lost"
    try:
        orjson.dumps([*draft.memory.values()])
        for event in draft.events:
            "".join([event.type, event.key, event.severity or "", event.refers_to or ""]).encode()
            if "\\u0000" in event.attributes or "\x00" in event.type + event.key:
                return "NUL in an event"
    except (orjson.JSONEncodeError, UnicodeEncodeError) as error:
        return f"cannot be stored: {error}"
    return ""


def _profile(form: str, numbered: Sequence[tuple[int, Sent]]) -> str | None:
    """A profile for the batch: the format's, else the likeliest of the first message that says what it may be."""
    if FORMATS[form].profile is not None:
        return None
    for _, sent in numbered[:5]:
        try:
            reports = FORMATS[form].decode(sent).reports
        except Exception:  # noqa: BLE001 - the batch finds it again, and reports it
            reports = []
        for report in reports[:1]:
            if (found := guess(form, report.values)) is not None:
                return found
    return "temperature-humidity"


def _collector(form: str, profile: str | None, memory: dict[tuple[str, str], object]) -> Decoder:
    routes = (
        RouteSpec("near", "near/{device}/event/up", "chirpstack-v4", "d", "gw", "temperature-humidity"),
        RouteSpec("fuzz", "#", form, "d", "gw", profile, commands=True),
    )
    device = DeviceEntry(
        district="d", id="thing", feed="foot_traffic", origin=Origin.REAL, interval_us=60_000_000, profile=None, zone="Asia/Shanghai"
    )  # fmt: skip
    entries = Registry(
        revision=1, districts={"d": DistrictEntry(id="d", zone="Asia/Shanghai", demo=False)}, gateways=frozenset({("d", "gw")}),
        devices={("d", "thing"): device}, by_address=_Everybody(device),
    )  # fmt: skip
    table = SeriesTable()
    bindings = Bindings(entries, table, {}, routes)
    return Decoder(bindings, table, Clock(120, 30 * 86_400), _LARGEST, memory, shipped())

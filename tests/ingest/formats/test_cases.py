"""Golden folders: tests/ingest/formats/cases/<format>/<case>/{topic,payload,readings}. A new bug is a new folder.

`readings` has a line per value: device (blanks as _), quantity, channel or -, value, time or `arrival` (`local:` before a
wall clock); then a line per event: `event`, device, type, key or -, attributes or -, time; then `! reason` per part that
cannot be taken. An empty file stands for no measurement. Where they are needed: `profile` names a device profile,
`retained` marks the message, `before` has earlier messages of a stateful format (topic, blank, payload in hex), and
`payload.hex` is the payload in hex.
"""

from collections.abc import Iterator
from pathlib import Path

import orjson
import pytest

from ingest import profile
from ingest.formats import FORMATS, stamps
from ingest.formats.report import Naive, Sent, Time
from ingest.model import PayloadError
from ingest.times import to_datetime
from ingest.topics import RouteSpec
from tests.ingest.world import decoder, device, message, registry

CASES = Path(__file__).parent / "cases"
FOLDERS = sorted(folder for form in CASES.iterdir() for folder in form.iterdir())


def decoded(folder: Path) -> Iterator[str]:
    topic, coded = (folder / "topic").read_text().rstrip("\n"), folder / "payload.hex"
    payload = bytes.fromhex(coded.read_text()) if coded.exists() else (folder / "payload").read_bytes()
    form = FORMATS[folder.parent.name]
    named = folder / "profile"
    name = named.read_text().strip() if named.exists() else form.profile or "temperature-humidity"
    meanings = profile.shipped().get(name)
    assert meanings is not None, name
    retained = (folder / "retained").exists()
    try:
        found = form.decode(Sent(topic, payload, retained, _remembered(folder).get))
    except PayloadError as error:
        yield f"! {error.reason}"
        return
    problems = list(found.problems)
    for report in found.reports:
        explained = profile.explain(report, meanings)
        problems += explained.problems
        for run in explained.runs:
            for quantity, channel, value in run.values:
                yield _line(report.address, quantity, channel, value, run.time)
        found.events += explained.events
    for entry in found.direct:
        yield _line(entry.address, entry.quantity, entry.channel, entry.value, entry.time)
    for event in found.events:
        amount = "" if event.amount == 1 else f" x{event.amount:g}"
        attributes = orjson.dumps(dict(event.attributes)).decode() if event.attributes else "-"
        where = event.address.replace(" ", "_") or "(route)"
        yield f"event {where} {event.type}{amount} {event.key or '-'} {attributes} {_when(event.time)}"
    for reason, _ in problems:
        yield f"! {reason}"


def _remembered(folder: Path) -> dict[str, object | None]:
    """What the messages of `before` leave behind: lines of a topic, a blank, and the payload in hex."""
    memory: dict[str, object | None] = {}
    before = folder / "before"
    for line in before.read_text().splitlines() if before.exists() else ():
        topic, _, payload = line.rpartition(" ")
        taught = FORMATS[folder.parent.name].decode(Sent(topic, bytes.fromhex(payload), False, memory.get)).remember
        memory |= orjson.loads(orjson.dumps(taught))
    return memory


def _line(address: str, quantity: str, channel: str, value: float | None, time: Time) -> str:
    return f"{address.replace(' ', '_') or '(route)'} {quantity} {channel or '-'} {value} {_when(time)}"


def _when(time: Time) -> str:
    at = stamps.resolve(time, "UTC")
    zone = "local:" if isinstance(time, Naive) else ""
    return "arrival" if at is None else f"{zone}{to_datetime(at).isoformat()}"


@pytest.mark.parametrize("folder", FOLDERS, ids=[f"{folder.parent.name}/{folder.name}" for folder in FOLDERS])
def test_a_message_means_what_its_folder_says(folder: Path) -> None:
    wanted = [line for line in (folder / "readings").read_text().splitlines() if line and not line.startswith("#")]
    assert list(decoded(folder)) == wanted


def test_every_format_has_a_folder_of_cases() -> None:
    assert {folder.parent.name for folder in FOLDERS} == set(FORMATS)


ROUTE = RouteSpec("lora", "application/+/device/{device}/event/+", "chirpstack-v4", "d", "gw", "temperature-humidity")
SENSOR = "application/a1/device/24e124fffef00001/event/up"


def uplink(**values: object) -> bytes:
    info = {"devEui": "24e124fffef00001"}
    return orjson.dumps({"time": "2026-11-23T12:00:00Z", "deviceInfo": info, "object": values})


def test_a_foreign_message_is_stored_under_the_device_of_its_address() -> None:
    entries = registry(device("hall", "air_quality"), addresses={("lora", "24e124fffef00001"): "hall"})
    decode = decoder(entries, routes=(ROUTE,))
    draft = decode.decode([message(uplink(temperature=21.5, humidity=48, door=1), SENSOR)])
    assert draft.values == [21.5, 48]
    assert draft.refusals == []
    assert draft.unknown_keys == [1]
    assert (draft.group[0].gateway, draft.group[0].feed, draft.device[0]) == ("gw", "air_quality", "hall")


def test_a_message_of_an_unknown_device_waits_whole_for_its_registration() -> None:
    draft = decoder(routes=(ROUTE,)).decode([message(uplink(temperature=21.5), SENSOR)])
    ((_, refusal),) = draft.refusals
    assert (refusal.reason, refusal.body) == ("unknown_device", None)
    assert draft.values == []


def test_a_value_of_the_wrong_type_is_refused_and_its_neighbours_land() -> None:
    entries = registry(device("hall", "air_quality"), addresses={("lora", "24e124fffef00001"): "hall"})
    draft = decoder(entries, routes=(ROUTE,)).decode([message(uplink(temperature="warm", humidity=48), SENSOR)])
    assert draft.values == [48]
    assert [refusal.reason for _, refusal in draft.refusals] == ["wrong_type"]


def test_every_shipped_profile_loads_and_is_named_like_its_file() -> None:
    folder = Path(profile.__file__).parents[1] / "profiles"
    assert {file.stem for file in folder.glob("*.yaml")} == set(profile.shipped())

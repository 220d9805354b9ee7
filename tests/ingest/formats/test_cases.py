"""Golden folders: tests/ingest/formats/cases/<format>/<case>/{topic,payload,readings}. A new bug is a new folder.

`readings` has a line per value: device (blanks as _), quantity, channel or -, value, time or `arrival`; in the order of
decoding. One line `! reason` stands for a message that cannot be decoded; an empty file for no measurement.
"""

from collections.abc import Iterator
from pathlib import Path

import orjson
import pytest

from ingest import profile
from ingest.formats import FORMATS
from ingest.model import PayloadError
from ingest.times import to_datetime
from ingest.topics import RouteSpec
from tests.ingest.world import decoder, device, message, registry

CASES = Path(__file__).parent / "cases"
FOLDERS = sorted(folder for form in CASES.iterdir() for folder in form.iterdir())


def decoded(folder: Path) -> Iterator[str]:
    topic, payload = (folder / "topic").read_text(), (folder / "payload").read_bytes()
    meanings = profile.shipped()["temperature-humidity"]
    try:
        found = FORMATS[folder.parent.name](topic, payload)
    except PayloadError as error:
        yield f"! {error.reason}"
        return
    for report in found.reports:
        for key, sent in report.values.items():
            meant = profile.meant(meanings[key], sent) if key in meanings else None
            if meant is not None:
                yield _line(report.address, meant.quantity, meant.channel, meant.value, report.time)
    for entry in found.direct:
        yield _line(entry.address, entry.quantity, entry.channel, entry.value, entry.time)


def _line(address: str, quantity: str, channel: str, value: float | None, time: int | None) -> str:
    when = "arrival" if time is None else to_datetime(time).isoformat()
    return f"{address.replace(' ', '_') or '(route)'} {quantity} {channel or '-'} {value} {when}"


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


@pytest.mark.corpus
def test_the_corpus_of_the_two_foreign_formats_is_decoded_as_expected(shared: Path) -> None:
    expected = orjson.loads((shared / "payloads" / "EXPECTED.json").read_bytes())
    profiles = {"up_dragino_lht52": "dragino-lht52", "up_parking_ultrasonic": "parking-ultrasonic"}
    cases = [case for case in expected if case["format"] in FORMATS]
    assert len(cases) == 15
    for case in cases:
        path = shared / "payloads" / case["file"]
        found = FORMATS[case["format"]](case["topic"], path.read_bytes())
        meanings = profile.shipped()[profiles.get(path.stem, "temperature-humidity")]
        values = [(entry.quantity, entry.value) for entry in found.direct]
        for report in found.reports:
            for key, sent in report.values.items():
                meant = profile.meant(meanings[key], sent) if key in meanings else None
                if meant is not None and meant.value is not None and not meant.channel:
                    values.append((meant.quantity, meant.value))
        for record in case["expected"]:
            if record["kind"] in {"gauge", "counter", "delta", "state"} and not record["canonical"].startswith("("):
                scale = 0.01 if record["unit"] == "cm" else 1
                found_at = [
                    n
                    for n, (name, value) in enumerate(values)
                    if name == record["canonical"] and value == pytest.approx(record["value"] * scale)
                ]
                assert found_at, f"{case['file']}: {record['canonical']}"
                values.pop(found_at[0])


def test_every_shipped_profile_loads_and_is_named_like_its_file() -> None:
    folder = Path(profile.__file__).parent / "profiles"
    assert {file.stem for file in folder.glob("*.yaml")} == set(profile.shipped())

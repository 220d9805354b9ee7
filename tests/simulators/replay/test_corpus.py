"""Every row of the seven public files accounted for, and totals equal to a count that knows nothing of the product."""

import csv
from collections import Counter
from collections.abc import Iterator
from datetime import datetime, timedelta
from pathlib import Path

import pytest

from ingest.quantities import load as quantities
from simulators.replay import check
from simulators.replay.convert import Converter, Reading
from simulators.replay.devices import Names
from simulators.replay.reader import open_table
from simulators.replay.run import Look, look

MAPPINGS = Path(check.__file__).parents[1] / "mappings"
FILES = {
    "leeds_footfall": "pedestrian/*.csv",
    "birmingham_parking": "parking/*.csv",
    "ucd_wifi_logs": "wifi/*.csv",
    "ucd_wifi_reports": "wifi/raw_reports_B-02/*.csv",
    "steel_energy": "energy/*.csv",
    "household_power": "energy/*.txt",
    "beijing_air": "air/*.csv",
}

pytestmark = pytest.mark.corpus


@pytest.fixture
def files(shared: Path) -> dict[str, list[Path]]:
    return {name: sorted((shared / "datasets").glob(pattern)) for name, pattern in FILES.items()}


def readings(name: str, paths: list[Path]) -> Iterator[Reading]:
    mapping = check.load(MAPPINGS / f"{name}.yaml", quantities())
    names = Names(mapping.device)
    for path in paths:
        with open_table(path, mapping.file) as table:
            for some, _ in Converter(mapping, table, names, quantities()).rows():
                yield from some


def looked(name: str, paths: list[Path]) -> Look:
    found = look(check.load(MAPPINGS / f"{name}.yaml", quantities()), paths, quantities())
    assert all(file.account.balanced for file in found.files)
    return found


def utc(microseconds: int) -> datetime:
    return datetime(1970, 1, 1) + timedelta(microseconds=microseconds)  # noqa: DTZ001


def last_sunday(year: int, month: int) -> datetime:
    day = datetime(year, month, 31, 1)  # noqa: DTZ001 -- March and October: 01:00 UTC on the last Sunday
    return day - timedelta(days=(day.weekday() + 1) % 7)


def british(clock: datetime) -> datetime:
    """UTC of a British local time, by the rule of the law (the first of a doubled hour)."""
    begin, end = last_sunday(clock.year, 3), last_sunday(clock.year, 10)
    return clock - timedelta(hours=1) if begin + timedelta(hours=1) <= clock < end + timedelta(hours=1) else clock


@pytest.mark.parametrize(
    ("name", "account"),
    [
        # rows, read, sent, missing, refused, ignored
        ("leeds_footfall", (21_408, 21_408, 21_406, 0, 0, 2)),
        ("birmingham_parking", (35_717, 71_434, 71_434, 0, 0, 0)),
        ("ucd_wifi_logs", (8_278, 16_556, 16_556, 0, 0, 0)),
        ("ucd_wifi_reports", (68, 136, 136, 0, 0, 0)),
        ("steel_energy", (17_376, 34_752, 34_752, 0, 0, 0)),
        ("household_power", (84, 504, 504, 0, 0, 0)),
        ("beijing_air", (13_176, 158_112, 155_740, 2_372, 0, 0)),
    ],
)
def test_every_cell_is_accounted_for(files: dict[str, list[Path]], name: str, account: tuple[int, ...]) -> None:
    of = [file.account for file in looked(name, files[name]).files]
    sums = [
        sum(column)
        for column in zip(*((a.rows, a.read, a.sent, a.missing, a.refused, a.ignored.total()) for a in of), strict=True)
    ]
    assert tuple(sums) == account


def test_leeds_hourly_and_daily_totals_equal_a_count_of_the_file(files: dict[str, list[Path]]) -> None:
    (path,) = files["leeds_footfall"]
    hours: Counter[tuple[str, datetime]] = Counter()
    days: Counter[tuple[str, str]] = Counter()
    with path.open(newline="", encoding="utf-8") as stream:
        for row in csv.DictReader(stream):
            clock = datetime.strptime(f"{row['NewDate']} {row['Hour']}", "%d-%b-%Y %H")  # noqa: DTZ007
            if clock == datetime(2015, 3, 29, 1):  # noqa: DTZ001
                assert row["InCount"] == "0"
                continue
            hours[row["LocationName"].lower(), british(clock)] += int(row["InCount"])
            days[row["LocationName"].lower(), row["NewDate"]] += int(row["InCount"])
    sent_hours: Counter[tuple[str, datetime]] = Counter()
    sent_days: Counter[tuple[str, str]] = Counter()
    doubled = []
    for reading in readings("leeds_footfall", [path]):
        assert reading.start is not None
        start, end = utc(reading.start), utc(reading.time)
        if end - start != timedelta(hours=1):
            doubled.append((reading.device, start, end, reading.value))
        sent_hours[reading.device, start] += int(reading.value)
        local = next(clock for clock in (start, start + timedelta(hours=1)) if british(clock) == start)
        sent_days[reading.device, local.strftime("%d-%b-%Y")] += int(reading.value)
    assert sent_hours == hours
    assert sent_days == days
    nights = [(night, night + timedelta(hours=2)) for night in (datetime(2014, 10, 26), datetime(2015, 10, 25))]  # noqa: DTZ001
    assert doubled == [
        ("briggate", *nights[0], 1573),
        ("headrow", *nights[0], 602),
        ("briggate", *nights[1], 971),
        ("headrow", *nights[1], 420),
    ]


def test_birmingham_sends_every_row_with_repeats_negatives_and_overfull_car_parks(files: dict[str, list[Path]]) -> None:
    (path,) = files["birmingham_parking"]
    counted: Counter[tuple[datetime, str, int]] = Counter()
    with path.open(newline="", encoding="utf-8") as stream:
        for _, capacity, occupancy, stamp in csv.reader(stream):
            time = british(datetime.strptime(stamp.strip(), "%Y-%m-%d %H:%M:%S"))  # noqa: DTZ007
            counted[time, "parking_used", int(occupancy)] += 1
            counted[time, "parking_total", int(capacity)] += 1
    sent = list(readings("birmingham_parking", [path]))
    assert Counter((utc(r.time), r.name, int(r.value)) for r in sent) == counted
    assert len({r.device for r in sent}) == 30
    used = [r for r in sent if r.name == "parking_used"]
    assert sum(r.value < 0 for r in used) == 12
    assert len(used) - len({(r.device, r.time, r.value) for r in used}) == 216


def test_wifi_logs_and_reports_agree_with_their_files(files: dict[str, list[Path]]) -> None:
    (path,) = files["ucd_wifi_logs"]
    logs: Counter[tuple[str, datetime, int, int]] = Counter()
    with path.open(newline="", encoding="utf-8") as stream:
        for room, stamp, associated, authenticated in list(csv.reader(stream))[1:]:
            time = datetime.strptime(stamp, "%a %b %d %H:%M:%S GMT+00:00 %Y")  # noqa: DTZ007
            logs[room.split(" > ")[-1].lower(), time, int(associated), int(authenticated)] += 1
    sent = iter(readings("ucd_wifi_logs", [path]))
    pairs = Counter((a.device, utc(a.time), int(a.value), int(b.value)) for a, b in zip(sent, sent, strict=True))
    assert pairs == logs
    rooms: Counter[tuple[str, int, int]] = Counter()
    for report in files["ucd_wifi_reports"]:
        for row in csv.reader(report.read_text(encoding="utf-8").splitlines()):
            if len(row) == 4 and row[0].startswith("Belfield"):
                rooms[row[1].split(" GMT")[0], int(row[2]), int(row[3])] += 1
    sent = iter(readings("ucd_wifi_reports", files["ucd_wifi_reports"]))
    pairs_of_reports = Counter(
        (f"{utc(a.time):%a %b %d %H:%M:%S}", int(a.value), int(b.value)) for a, b in zip(sent, sent, strict=True)
    )
    assert pairs_of_reports == rooms


def test_steel_daily_totals_equal_the_days_of_the_file_and_midnight_closes_them(files: dict[str, list[Path]]) -> None:
    (path,) = files["steel_energy"]
    days: dict[str, list[str]] = {}
    hours: Counter[tuple[str, int]] = Counter()
    with path.open(newline="", encoding="utf-8-sig") as stream:
        for row in csv.DictReader(stream):
            days.setdefault(row["date"][:10], []).append(row["Usage_kWh"])
            second = int(row["NSM"]) or 86_400
            hours[row["date"][:10], (second - 900) // 3_600] += round(float(row["Usage_kWh"]) * 100)
    sent_days: dict[str, list[float]] = {}
    sent_hours: Counter[tuple[str, int]] = Counter()
    last = 0
    for reading in readings("steel_energy", [path]):
        if reading.start is None:
            continue
        assert reading.start >= last  # in the order of the file, no quarter goes back
        last = reading.start
        korean = utc(reading.start) + timedelta(hours=9)
        sent_days.setdefault(f"{korean:%d-%m-%Y}", []).append(float(reading.value))
        sent_hours[f"{korean:%d-%m-%Y}", korean.hour] += round(float(reading.value) * 100)
    assert sent_days == {day: [float(cell) for cell in cells] for day, cells in days.items()}
    assert sent_hours == hours
    assert all(len(quarters) == 96 for quarters in sent_days.values())


def test_household_watts_and_watt_hours_equal_the_file(files: dict[str, list[Path]]) -> None:
    (path,) = files["household_power"]
    with path.open(newline="", encoding="ascii") as stream:
        rows = list(csv.DictReader(stream, delimiter=";"))
    sent = list(readings("household_power", [path]))
    watts = [r.value for r in sent if r.name == "power_active"]
    assert watts == [int(row["Global_active_power"].replace(".", "")) for row in rows]
    for device, column in (("kitchen", "Sub_metering_1"), ("laundry", "Sub_metering_2"), ("heating", "Sub_metering_3")):
        total = sum(int(row[column].split(".")[0]) for row in rows)
        assert sum(round(r.value * 1000) for r in sent if r.device == device) == total
    assert f"{utc(sent[0].time)}" == "2006-12-16 16:24:00"


def test_beijing_values_equal_the_file_and_carbon_monoxide_is_in_milligrams(files: dict[str, list[Path]]) -> None:
    (path,) = files["beijing_air"]
    columns = {
        "PM2.5": "env_pm2_5", "PM10": "env_pm10", "SO2": "env_so2", "NO2": "env_no2", "O3": "env_o3", "CO": "env_co",
        "TEMP": "env_temperature", "DEWP": "env_dew_point", "RAIN": "env_rain", "WSPM": "env_wind_speed",
        "PRES": "env_pressure",
    }  # fmt: skip
    counted: dict[tuple[str, datetime], float] = {}
    with path.open(newline="", encoding="utf-8") as stream:
        for row in csv.DictReader(stream):
            hour = datetime(*(int(row[part]) for part in ("year", "month", "day", "hour"))) - timedelta(hours=8)  # type: ignore[arg-type]  # noqa: DTZ001
            for column, name in columns.items():
                if row[column].strip() not in ("NA", ""):
                    number = float(row[column])
                    counted[name, hour] = (
                        number / 1000 if column == "CO" else number * 100 if column == "PRES" else number
                    )
    sent = {
        (r.name, utc(r.time if r.start is None else r.start)): r.value
        for r in readings("beijing_air", [path])
        if r.name != "env_wind_direction"
    }
    assert sent.keys() == counted.keys()
    assert all(sent[key] == pytest.approx(counted[key], rel=1e-15) for key in counted)
    assert sent["env_co", datetime(2013, 2, 28, 16)] == 0.3  # noqa: DTZ001

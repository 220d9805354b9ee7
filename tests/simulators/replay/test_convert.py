from pathlib import Path

import pytest

from simulators.replay.keys import MappingError
from tests.simulators.replay.cases import convert

T0 = "2020-01-01T00:00:00Z"


def values(tmp_path: Path, keys: str, *cells: str, **more: str) -> list[int | float]:
    rows = "".join(f'a,2020-01-01 {hour:02}:00,"{cell}"\n' for hour, cell in enumerate(cells))
    changes = f"values: [{{column: v, {keys}}}]\n" + "\n".join(f"{key}: {value}" for key, value in more.items())
    found = convert(tmp_path, changes, "station,time,v\n" + rows)
    return [reading.value for reading in found.readings]


def test_units_are_converted_exactly(tmp_path: Path) -> None:
    def converted(quantity: str, unit: str, cell: str) -> list[int | float]:
        return values(tmp_path, f'quantity: {quantity}, kind: gauge, unit: "{unit}"', cell)

    assert converted("env.co", "ug/m3", "300") == [0.3]
    assert converted("power.active", "kW", "4.216") == [4216.0]
    assert converted("env.pressure", "hPa", "1023.2") == [102320.0]
    assert converted("env.temperature", "[degF]", "32") == [0.0]
    assert converted("env.temperature", "K", "273.15") == [0.0]
    assert converted("power.factor", "%", "73.21") == [0.7321]
    assert values(tmp_path, "quantity: energy.import_total, kind: counter, unit: MJ", "3.6") == [1.0]


def test_a_factor_of_the_mapping_comes_before_the_unit(tmp_path: Path) -> None:
    assert values(tmp_path, "quantity: power.active, kind: gauge, unit: kW, factor: [26121, 1000]", "0.001") == [26.121]


def test_decimal_commas_and_grouped_thousands(tmp_path: Path) -> None:
    keys = "quantity: power.active, kind: gauge, unit: W"
    german = "{decimal: ',', thousands: '.'}"
    assert values(tmp_path, keys, "1.234,5", "1.234.567", "12,5", "-7", file=german) == [1234.5, 1234567.0, 12.5, -7.0]
    assert values(tmp_path, keys, "1,234.5", file="{thousands: ','}") == [1234.5]
    assert values(tmp_path, keys, "1 234", "1\u202f234", file="{thousands: space}") == [1234.0, 1234.0]
    assert values(tmp_path, keys, "1.5", file="{decimal: ','}") == []
    assert values(tmp_path, keys, "12,34", "1,2345", file="{thousands: ','}") == []


def test_numbers_as_files_write_them(tmp_path: Path) -> None:
    keys = "quantity: power.active, kind: gauge, unit: W"
    assert values(tmp_path, keys, "1e3", "+5", ".5", "5.", "\u22123", "-0") == [1000.0, 5.0, 0.5, 5.0, -3.0, 0.0]
    assert values(tmp_path, keys, "1_000", "٣", "12 W", "0x1F", "nan", "-inf", "1e999", "9" * 400) == []


def test_what_is_no_value_is_refused_with_line_column_and_reason(tmp_path: Path) -> None:
    found = convert(
        tmp_path,
        "values: [{column: n, quantity: wifi.clients, kind: gauge, unit: '{client}'}, {column: s, quantity: device.online, kind: state, unit: '1'}]",
        "station,time,n,s\na,2020-01-01 00:00,2.5,2\na,2020-01-01 01:00,nan,x\na,2020-01-01 02:00,3.0,1\n",
    )
    assert found.reasons() == [
        "line 2, column n: '2.5' is no whole number, and wifi.clients counts (1 cell)",
        "line 2, column s: '2' is neither 0 nor 1; declare words for device.online (1 cell)",
        "line 3, column n: 'nan' is not finite (1 cell)",
        "line 3, column s: 'x' is no number (1 cell)",
    ]
    assert [reading.value for reading in found.readings] == [3, 1]
    assert isinstance(found.readings[0].value, int)


def test_negative_and_implausible_values_are_sent_for_the_store_to_flag(tmp_path: Path) -> None:
    assert values(tmp_path, "quantity: parking.used, kind: gauge, unit: '{space}'", "-8", "70000") == [-8, 70000]


def test_missing_markers_match_as_text_and_as_numbers(tmp_path: Path) -> None:
    changes = """
        missing: [NA]
        values:
          - {column: pm, quantity: env.pm2_5, kind: gauge, unit: ug/m3, missing: ["-999"]}
          - {column: co, quantity: env.co, kind: gauge, unit: ug/m3}
        """
    data = "station,time,pm,co\na,2020-01-01 00:00,-999.0,-999\na,2020-01-01 01:00,NA,\na,2020-01-01 02:00,NO,NA\n"
    found = convert(tmp_path, changes, data)
    assert (found.account.read, found.account.missing, found.account.sent, found.account.refused) == (6, 4, 1, 1)
    assert found.plain() == [("a", T0, "env_co", -0.999)]


def test_an_empty_cell_is_missing_unless_it_is_declared_to_mean_a_number(tmp_path: Path) -> None:
    keys = "quantity: people.present, kind: gauge, unit: '{people}'"
    assert values(tmp_path, keys, "", "4") == [4]
    assert values(tmp_path, keys + ", empty_is: '0'", "", "4") == [0, 4]


def test_words_stand_for_numbers(tmp_path: Path) -> None:
    assert values(
        tmp_path,
        "quantity: state.open, kind: state, unit: '1', words: {open: '1', closed: '0'}",
        "open",
        "closed",
        "ajar",
    ) == [1, 0]
    assert values(
        tmp_path, "quantity: env.wind_direction, kind: gauge, unit: deg, words: {N: '0', NNE: '22.5'}", "NNE"
    ) == [22.5]


def test_deltas_carry_their_interval_and_end_at_their_time(tmp_path: Path) -> None:
    changes = """
        time: {columns: time, formats: "%Y-%m-%d %H:%M", zone: UTC, stamp: STAMP}
        values:
          - {column: n, quantity: people.in, kind: delta, unit: "{people}"}
          - {column: t, quantity: env.temperature, kind: gauge, unit: Cel, covers: interval}
          - {column: c, quantity: people.in_total, kind: counter, unit: "{people}"}
        """
    data = "station,time,n,t,c\na,2020-01-01 00:00,5,20,100\n"
    began = convert(tmp_path, changes.replace("STAMP", "start"), data)
    assert began.spans() == [(T0, "2020-01-01T01:00:00Z", 5)]
    assert began.plain()[1:] == [("a", T0, "env_temperature", 20.0), ("a", T0, "people_in_total", 100)]
    ended = convert(tmp_path, changes.replace("STAMP", "end"), data)
    assert ended.spans() == [("2019-12-31T23:00:00Z", T0, 5)]
    assert ended.plain()[1:] == [
        ("a", "2019-12-31T23:00:00Z", "env_temperature", 20.0),
        ("a", T0, "people_in_total", 100),
    ]


def test_one_row_may_carry_both_hours_that_share_a_name(tmp_path: Path) -> None:
    changes = """
        time: {columns: [d, h], formats: "%d/%m/%Y %H", zone: Europe/London, stamp: start, ambiguous: both, nonexistent: ignore}
        values: [{column: n, quantity: people.pass, kind: delta, unit: "{people}"}]
        """
    data = "station,d,h,n\na,25/10/2015,0,4\na,25/10/2015,1,9\na,25/10/2015,2,3\na,29/03/2015,1,0\n"
    found = convert(tmp_path, changes, data)
    assert found.spans() == [
        ("2015-10-24T23:00:00Z", "2015-10-25T00:00:00Z", 4),
        ("2015-10-25T00:00:00Z", "2015-10-25T02:00:00Z", 9),
        ("2015-10-25T02:00:00Z", "2015-10-25T03:00:00Z", 3),
    ]
    assert found.account.ignored == {"local time that does not exist": 1}


WIDE = """
    time: {columns: time, formats: "%Y-%m-%d %H:%M", zone: UTC, stamp: start}
    device: {}
    values:
      - {columns: '(?P<device>.+) in', quantity: people.in, kind: delta, unit: "{people}"}
      - {columns: '(?P<device>.+) out', quantity: people.out, kind: delta, unit: "{people}"}
    ignore_pattern: 'note.*'
    """


def test_wide_tables_have_a_device_per_column_and_cells_only_where_something_changed(tmp_path: Path) -> None:
    data = "time,North Gate in,North Gate out,South in,South out,note 1\n2020-01-01 00:00,1,,,4,x\n2020-01-01 01:00,,2,3,,\n"
    found = convert(tmp_path, WIDE, data)
    assert [(device, name, value) for device, _, name, value in found.plain()] == [
        ("north-gate", "people_in", 1), ("south", "people_out", 4), ("north-gate", "people_out", 2), ("south", "people_in", 3),
    ]  # fmt: skip
    assert (found.account.read, found.account.missing) == (8, 4)


def test_columns_of_wide_tables_follow_the_declared_ids(tmp_path: Path) -> None:
    changes = WIDE.replace("device: {}", "device: {ids: {North Gate: n1}, unlisted: ignore}")
    data = "time,North Gate in,North Gate out,South in\n2020-01-01 00:00,1,2,4\n"
    found = convert(tmp_path, changes, data)
    assert {reading.device for reading in found.readings} == {"n1"}
    assert found.account.read == 2


def test_each_column_may_name_its_device_and_channel(tmp_path: Path) -> None:
    changes = """
        device: {constant: house}
        values:
          - {column: a, quantity: voltage, kind: gauge, unit: V, channel: l1}
          - {column: b, quantity: voltage, kind: gauge, unit: V, channel: l2, device: shed}
        """
    found = convert(tmp_path, changes, "time,a,b\n2020-01-01 00:00,230,231\n")
    assert found.plain() == [("house", T0, "voltage_l1", 230.0), ("shed", T0, "voltage_l2", 231.0)]


def test_a_column_that_names_the_quantity_of_each_row(tmp_path: Path) -> None:
    changes = """
        values:
          - {column: v, where: {what: pm25}, quantity: env.pm2_5, kind: gauge, unit: ug/m3}
          - {column: v, where: {what: co}, quantity: env.co, kind: gauge, unit: ug/m3}
        time: {columns: time, formats: "%Y-%m-%d %H:%M", zone: Europe/London, ambiguous: in_order}
        """
    data = "station,time,what,v\na,2015-10-25 01:00,pm25,4\na,2015-10-25 01:00,co,300\na,2015-10-25 01:00,pm25,5\na,2015-10-25 01:00,so2,1\n"
    found = convert(tmp_path, changes, data)
    assert found.plain()[:3] == [
        ("a", "2015-10-25T00:00:00Z", "env_pm2_5", 4.0),
        ("a", "2015-10-25T00:00:00Z", "env_co", 0.3),
        ("a", "2015-10-25T01:00:00Z", "env_pm2_5", 5.0),
    ]
    assert found.reasons() == ["line 5, column v: no value is declared for what 'so2' (1 cell)"]


def test_device_names_become_ids(tmp_path: Path) -> None:
    def devices(keys: str, *names: str) -> list[str]:
        rows = "".join(f'"{name}",2020-01-01 00:00,1\n' for name in names)
        return [
            reading.device
            for reading in convert(
                tmp_path, f"device: {{column: station, {keys}}}", "station,time,pm\n" + rows
            ).readings
        ]

    assert devices("prefix: aq-", "Broad Street", "B-02 (Süd)") == ["aq-broad-street", "aq-b-02-sud"]
    assert devices("ids: {北京: beijing}", "北京", "A") == ["beijing", "a"]
    assert devices("unlisted: ignore, ids: {A: a1}", "A", "B") == ["a1"]
    assert devices("pattern: '(?:.* > )?(?P<device>[^>]+)'", "Campus > Hall > B-002", "B-004") == ["b-002", "b-004"]


def test_a_device_that_is_not_declared_is_refused_where_that_is_declared(tmp_path: Path) -> None:
    found = convert(
        tmp_path,
        "device: {column: station, unlisted: refuse, ids: {A: a}}",
        "station,time,pm\nA,2020-01-01 00:00,1\nB,2020-01-01 00:00,1\n,2020-01-01 00:00,1\n",
    )
    assert found.reasons() == [
        "line 3: the device name 'B' is not in $.device.ids (1 cell)",
        "line 4: no device name (1 cell)",
    ]


def test_two_names_of_one_id_are_an_error_that_shows_both(tmp_path: Path) -> None:
    data = "station,time,pm\nBroad Street,2020-01-01 00:00,1\nBroad-Street,2020-01-01 00:00,1\n"
    with pytest.raises(
        MappingError, match=r"'Broad Street' and 'Broad-Street' would both become broad-street; declare both"
    ):
        convert(tmp_path, "", data)
    declared = "device: {column: station, ids: {Broad Street: bs, Broad-Street: bs}}"
    assert len(convert(tmp_path, declared, data).readings) == 2
    taken = "device: {column: station, ids: {Broad Street: broad-street}}"
    with pytest.raises(MappingError, match="would both become"):
        convert(tmp_path, taken, data)


def test_a_name_without_a_letter_that_fits_an_id_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(MappingError, match=r"\$\.device\.ids: the name '北京' makes no id"):
        convert(tmp_path, "", "station,time,pm\n北京,2020-01-01 00:00,1\n")


def test_rows_that_are_no_measurements_are_counted_as_ignored(tmp_path: Path) -> None:
    changes = "ignore_rows: [{why: daily total, column: station, matches: '(?i)total.*'}, {why: test, column: time, equals: [x, y]}]"
    found = convert(tmp_path, changes, "station,time,pm\nA,2020-01-01 00:00,1\nTotal 1.1.,,1\nA,y,1\nTOTAL\n")
    assert found.account.ignored == {"daily total": 2, "test": 1}
    assert (found.account.read, found.account.sent) == (4, 1)


def test_a_column_that_is_named_nowhere_is_an_error(tmp_path: Path) -> None:
    data = "station,time,pm,pm10\nA,2020-01-01 00:00,1,2\n"
    with pytest.raises(MappingError, match=r"\$\.ignore: the column 'pm10' is named nowhere"):
        convert(tmp_path, "", data)
    assert len(convert(tmp_path, "ignore: pm10", data).readings) == 1


@pytest.mark.parametrize(
    ("changes", "problem"),
    [
        (
            "time: {columns: zeit, formats: iso, zone: UTC}",
            r"\$\.time\.columns: no column 'zeit'.*it has station, time, pm",
        ),
        ("device: {column: stadt}", r"\$\.device\.column: no column 'stadt'"),
        ("ignore: [x]", r"\$\.ignore: no column 'x'"),
        (
            "values: [{column: x, quantity: env.co, kind: gauge, unit: mg/m3}]",
            r"\$\.values\[0\]\.column: no column 'x'",
        ),
        (
            "values: [{columns: 'x.*', quantity: env.co, kind: gauge, unit: mg/m3}]",
            r"\$\.values\[0\]\.columns: 'x\.\*' matches none",
        ),
        (
            "values: [{column: pm, quantity: env.co, kind: gauge, unit: mg/m3}, {column: pm, quantity: env.so2, kind: gauge, unit: ug/m3}]",
            r"the column 'pm' has 2 values; keep one, or tell them apart with where",
        ),
    ],
)
def test_a_mapping_that_does_not_fit_the_file_is_an_error(tmp_path: Path, changes: str, problem: str) -> None:
    with pytest.raises(MappingError, match=problem):
        convert(tmp_path, changes, "station,time,pm\nA,2020-01-01 00:00,1\n")

import gzip
import zipfile
from pathlib import Path

import pytest

from simulators.replay.keys import MappingError
from tests.simulators.replay.cases import convert

ROWS = "station,time,pm\nNord,2020-01-01 00:00,4.5\nSüd,2020-01-01 01:00,5\n"
EXPECTED = [
    ("nord", "2020-01-01T00:00:00Z", "env_pm2_5", 4.5),
    ("sud", "2020-01-01T01:00:00Z", "env_pm2_5", 5.0),
]


@pytest.mark.parametrize(
    ("encoding", "data"),
    [
        ("utf-8", ROWS.encode()),
        ("utf-8", ROWS.encode("utf-8-sig")),
        ("utf-8", ROWS.encode("utf-16")),
        ("utf-16-le", ROWS.encode("utf-16")),
        ("utf-16-le", ROWS.encode("utf-16-le")),
        ("cp1252", ROWS.encode("cp1252")),
        ("ascii", ROWS.encode("utf-32")),
        ("utf-8", gzip.compress(ROWS.encode("utf-8-sig"), mtime=0)),
        ("utf-8", ROWS.replace("\n", "\r\n").encode()),
        ("utf-8", ROWS.replace("\n", "\r").encode()),
    ],
)
def test_encodings_byte_order_marks_gzip_and_line_ends_give_the_same_rows(
    tmp_path: Path, encoding: str, data: bytes
) -> None:
    assert convert(tmp_path, f"file: {{encoding: {encoding}}}", data).plain() == EXPECTED


def test_chinese_text_in_its_own_encoding(tmp_path: Path) -> None:
    data = "站点,时间,细颗粒物\n北京,2020-01-01 00:00,4\n".encode("gb18030")
    found = convert(
        tmp_path,
        """
        file: {encoding: gb18030}
        time: {columns: 时间, formats: "%Y-%m-%d %H:%M", zone: Asia/Shanghai}
        device: {column: 站点, ids: {北京: beijing}}
        values: [{column: 细颗粒物, quantity: env.pm2_5, kind: gauge, unit: ug/m3}]
        """,
        data,
    )
    assert found.plain() == [("beijing", "2019-12-31T16:00:00Z", "env_pm2_5", 4.0)]


def test_a_zip_with_one_file_is_read_and_one_with_two_is_not(tmp_path: Path) -> None:
    path = tmp_path / "data.zip"
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("a.csv", ROWS)
    assert convert(tmp_path, "", path.read_bytes()).plain() == EXPECTED
    with zipfile.ZipFile(path, "a") as archive:
        archive.writestr("b.csv", ROWS)
    with pytest.raises(MappingError, match="2 files"):
        convert(tmp_path, "", path.read_bytes())


def test_a_row_with_bytes_of_another_encoding_is_refused_and_its_neighbours_are_not(tmp_path: Path) -> None:
    found = convert(tmp_path, "", ROWS.encode("cp1252"))
    assert found.plain() == EXPECTED[:1]
    assert "line 3" in found.reasons()[0]
    assert "$.file.encoding" in found.reasons()[0]


@pytest.mark.parametrize(
    ("keys", "separator"),
    [('separator: ";"', ";"), ("separator: tab", "\t"), ('separator: "|"', "|"), ('separator: "::"', "::")],
)
def test_separators(tmp_path: Path, keys: str, separator: str) -> None:
    assert convert(tmp_path, f"file: {{{keys}}}", ROWS.replace(",", separator)).plain() == EXPECTED


def test_columns_set_apart_by_runs_of_spaces(tmp_path: Path) -> None:
    found = convert(
        tmp_path,
        """
        file: {separator: whitespace, header: 0, columns: [station, day, hour, pm]}
        time: {columns: [day, hour], formats: "%Y-%m-%d %H:%M", zone: UTC}
        """,
        "Nord   2020-01-01  00:00    4.5\nSüd    2020-01-01  01:00    5\n",
    )
    assert found.plain() == EXPECTED


def test_quoted_cells_hold_separators_quotes_line_ends_and_what_looks_like_a_comment(tmp_path: Path) -> None:
    data = (
        'station,time,pm,note\n"Nord","2020-01-01 00:00",4.5,"a, ""b""\n# no comment\n\nc"\n'
        "# a comment\nSüd,2020-01-01 01:00,5,x\nSüd,wrong,5,x\n"
    )
    found = convert(tmp_path, 'ignore: [note]\nfile: {comment: "#"}', data)
    assert found.plain() == EXPECTED
    assert found.reasons()[0].startswith("line 8:")


def test_a_quote_that_is_never_closed_is_an_error_that_names_its_line(tmp_path: Path) -> None:
    with pytest.raises(MappingError, match=r"line 3.*quote: none"):
        convert(
            tmp_path,
            "",
            'station,time,pm\nNord,2020-01-01 00:00,4.5\n"Süd,2020-01-01 01:00,5\nNord,2020-01-01 02:00,6\n',
        )


def test_other_quotes_no_quotes_and_escapes(tmp_path: Path) -> None:
    assert convert(tmp_path, 'file: {quote: "\'"}', ROWS.replace("Nord", "'Nord'")).plain() == EXPECTED
    odd = convert(tmp_path, "file: {quote: none}", ROWS.replace("Nord", '"Nord'))
    assert odd.plain() == EXPECTED
    escaped = convert(
        tmp_path,
        'file: {escape: "\\\\"}\ndevice: {column: station, ids: {"No,rd": nord}}',
        ROWS.replace("Nord", "No\\,rd"),
    )
    assert escaped.plain() == EXPECTED


def test_lines_above_below_and_between_are_no_rows(tmp_path: Path) -> None:
    data = "Report\nStation list\n\n" + ROWS.replace("Süd", "\n;;;\n,,\n// remark\nSüd") + "Total,,9.5\nanything\n"
    found = convert(tmp_path, 'file: {skip_lines: 2, comment: [";", "//"], stops_at: Total}', data)
    assert found.plain() == EXPECTED
    assert found.account.rows == 2


def test_a_preamble_of_unknown_length_ends_where_the_header_begins_and_its_values_are_columns(tmp_path: Path) -> None:
    data = "Export\nStation: Nord (7)\nunits ug/m3\n\ntime,pm\n2020-01-01 00:00,4.5\n"
    found = convert(tmp_path, "file: {starts_at: 'time,', preamble: ['Station: (?P<station>.+) \\(\\d+\\)']}", data)
    assert found.plain() == EXPECTED[:1]
    with pytest.raises(MappingError, match=r"preamble.*station"):
        convert(tmp_path, "file: {starts_at: 'time,', preamble: ['Ort: (?P<station>.+)']}", data)


def test_a_section_is_chosen_by_its_heading_and_ends_at_the_next(tmp_path: Path) -> None:
    total = "Totals\nstation,time,pm\nall,2020-01-01 00:00,99\n"
    both = f"Report\n{total}Rooms\n{ROWS}"
    assert convert(tmp_path, "file: {section: {heading: Rooms}}", both).plain() == EXPECTED
    assert (
        convert(tmp_path, "file: {section: {heading: Rooms, ends_at: Totals}}", f"Rooms\n{ROWS}{total}").plain()
        == EXPECTED
    )
    blank = f"Rooms\n\n{ROWS}\n{total}"
    assert convert(tmp_path, "file: {section: {heading: Rooms, ends_at_blank: true}}", blank).plain() == EXPECTED
    with pytest.raises(MappingError, match=r"\$\.file\.section\.heading: no line is 'Floors'"):
        convert(tmp_path, "file: {section: {heading: Floors}}", both)


def test_headers_of_two_lines_with_unnamed_and_repeated_columns(tmp_path: Path) -> None:
    found = convert(
        tmp_path,
        """
        file: {header: 2}
        time: {columns: "time [UTC]", formats: "%Y-%m-%d %H:%M", zone: UTC}
        values: [{column: "pm [ug/m3]#2", quantity: env.pm2_5, kind: gauge, unit: ug/m3}]
        ignore: ["pm [ug/m3]", "#5"]
        """,
        "station,time,pm,pm,\n,[UTC],[ug/m3],[ug/m3],\nNord,2020-01-01 00:00,1,4.5,\n",
    )
    assert found.plain() == EXPECTED[:1]


def test_a_row_of_another_length_is_refused_unless_short_rows_are_declared(tmp_path: Path) -> None:
    data = "station,time,pm,note\nNord,2020-01-01 00:00,4.5\nSüd,2020-01-01 01:00,5,a,b\nSüd,2020-01-01 01:00,5,a,,\n"
    found = convert(tmp_path, "ignore: [note]", data)
    assert found.reasons() == ["line 2: 3 cells, expected 4 (1 cell)", "line 3: 5 cells, expected 4 (1 cell)"]
    assert found.plain() == EXPECTED[1:]
    assert convert(tmp_path, "ignore: [note]\nfile: {short_rows: empty}", data).plain() == EXPECTED


def test_names_for_a_file_without_a_header_must_be_as_many_as_its_columns(tmp_path: Path) -> None:
    with pytest.raises(MappingError, match=r"\$\.file\.columns: 2 names, but line 1 has 3 cells"):
        convert(tmp_path, "file: {header: 0, columns: [station, time]}", "Nord,2020-01-01 00:00,4.5\n")


def test_groups_of_the_file_name_are_columns(tmp_path: Path) -> None:
    changes = """
        file: {name: '(?P<station>[a-z]+)_(?P<day>\\d{8})\\.txt'}
        time: {columns: [day, time], formats: "%Y%m%d %H:%M", zone: UTC}
        """
    assert convert(tmp_path, changes, "time,pm\n00:00,4.5\n", "nord_20200101.txt").plain() == EXPECTED[:1]
    with pytest.raises(MappingError, match=r"does not match the file name 'other\.txt'"):
        convert(tmp_path, changes, "time,pm\n00:00,4.5\n", "other.txt")


def test_a_file_that_is_not_there_is_named(tmp_path: Path) -> None:
    from simulators.replay.mapping import File
    from simulators.replay.reader import open_table

    with (
        pytest.raises(MappingError, match=r"nothing\.csv: cannot be read"),
        open_table(tmp_path / "nothing.csv", File()),
    ):
        pass

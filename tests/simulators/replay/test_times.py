from datetime import timedelta
from pathlib import Path

import pytest

from simulators.replay.mapping import Ambiguous, Nonexistent, OtherEnd, Stamp, Time
from simulators.replay.times import Clock, TimeIgnoredError, TimeRefusedError, compile_format
from tests.simulators.replay.cases import convert, instant

HOUR = timedelta(hours=1)


def read(text: str, *formats: str, **keys: object) -> str:
    """The instant that a text means, in UTC."""
    time = Time(columns=("time",), formats=formats, **{"zone": "UTC", **keys})  # type: ignore[arg-type]
    return instant(Clock(time, HOUR).moment(text, None, "").stamp)


@pytest.mark.parametrize(
    ("text", "pattern", "expected"),
    [
        ("2020-02-29 05:06:07", "%Y-%m-%d %H:%M:%S", "2020-02-29T05:06:07Z"),
        ("29.2.2020 5:06", "%d.%m.%Y %H:%M", "2020-02-29T05:06:00Z"),
        ("20200229050607", "%Y%m%d%H%M%S", "2020-02-29T05:06:07Z"),
        ("20200229 506", "%Y%m%d %H%M", "2020-02-29T05:06:00Z"),
        ("02/29/20 12:30 am", "%m/%d/%y %I:%M %p", "2020-02-29T00:30:00Z"),
        ("02/29/20 12:30 P.M.", "%m/%d/%y %I:%M %p", "2020-02-29T12:30:00Z"),
        ("29-FEB-20 1:05PM", "%d-%b-%y %I:%M%p", "2020-02-29T13:05:00Z"),
        ("Sat, 29 February 2020", "%a, %d %B %Y", "2020-02-29T00:00:00Z"),
        ("Mon Nov 02 20:32:06 GMT+00:00 2015", "%a %b %d %H:%M:%S GMT%z %Y", "2015-11-02T20:32:06Z"),
        ("Mon Nov 02 20:32:06 +0530 2015", "%a %b %d %H:%M:%S %z %Y", "2015-11-02T15:02:06Z"),
        ("2020-02-29 24:00", "%Y-%m-%d %H:%M", "2020-03-01T00:00:00Z"),
        ("2020-02-29T24:00:00+08:00", "iso", "2020-02-29T16:00:00Z"),
        ("2020 2 29 24", "%Y %m %d %H", "2020-03-01T00:00:00Z"),
        ("2020-060 12", "%Y-%j %H", "2020-02-29T12:00:00Z"),
        ("2020-02-29 05:06:07.1234567", "%Y-%m-%d %H:%M:%S.%f", "2020-02-29T05:06:07.123456Z"),
        ("2020-02-29T05:06:07.5Z", "iso", "2020-02-29T05:06:07.500000Z"),
        ("2020-02-29 05:06:07 +01:00", "iso", "2020-02-29T04:06:07Z"),
        ("2020-02-29T05:06", "iso", "2020-02-29T05:06:00Z"),
        ("1582952767", "epoch_s", "2020-02-29T05:06:07Z"),
        ("1582952767.25", "epoch_s", "2020-02-29T05:06:07.250000Z"),
        ("1582952767123", "epoch_ms", "2020-02-29T05:06:07.123000Z"),
        ("1.582952767123E+12", "epoch_ms", "2020-02-29T05:06:07.123000Z"),
        ("1582952767123456", "epoch_us", "2020-02-29T05:06:07.123456Z"),
        ("43890.2125810185", "excel", "2020-02-29T05:06:07Z"),
    ],
)
def test_formats(text: str, pattern: str, expected: str) -> None:
    assert read(text, pattern) == expected


@pytest.mark.parametrize(
    ("text", "pattern"),
    [
        ("2020-02-30", "%Y-%m-%d"),
        ("2020-02-29 24:01", "%Y-%m-%d %H:%M"),
        ("2020-02-29 25:00", "%Y-%m-%d %H:%M"),
        ("2020-02-29 13:00 PM", "%Y-%m-%d %I:%M %p"),
        ("2020-02-29x", "%Y-%m-%d"),
        ("2021-366", "%Y-%j"),
        ("", "iso"),
        ("nan", "epoch_s"),
        ("99999999999999999999", "epoch_s"),
    ],
)
def test_what_is_no_time_is_refused(text: str, pattern: str) -> None:
    with pytest.raises(TimeRefusedError, match="none of the formats"):
        read(text, pattern)


def test_the_first_format_that_reads_the_whole_text_decides() -> None:
    formats = ("%d/%m/%Y", "%Y-%m-%d", "%m/%d/%Y")
    assert read("01/02/2020", *formats) == "2020-02-01T00:00:00Z"
    assert read("2020-02-01", *formats) == "2020-02-01T00:00:00Z"
    assert read("01/31/2020", *formats) == "2020-01-31T00:00:00Z"


def test_two_digit_years_turn_at_the_pivot() -> None:
    assert read("01.01.70", "%d.%m.%y") == "1970-01-01T00:00:00Z"
    assert read("01.01.68", "%d.%m.%y") == "2068-01-01T00:00:00Z"
    assert read("01.01.70", "%d.%m.%y", pivot=80) == "2070-01-01T00:00:00Z"


def test_months_and_halves_of_the_day_in_another_language() -> None:
    months = ("Jan", "Feb", "Mär", "Apr", "Mai", "Jun", "Jul", "Aug", "Sep", "Okt", "Nov", "Dez")
    assert read("5. Mär 2020", "%d. %b %Y", months=months) == "2020-03-05T00:00:00Z"
    assert read("2020-01-01 下午3:05", "%Y-%m-%d %p%I:%M", am_pm=("上午", "下午")) == "2020-01-01T15:05:00Z"


def test_names_of_offsets_are_declared() -> None:
    names = {"GMT": "+00:00", "BST": "+01:00"}
    assert read("2015-10-25 01:30 BST", "%Y-%m-%d %H:%M %Z", zone_names=names) == "2015-10-25T00:30:00Z"
    assert read("2015-10-25 01:30 gmt", "%Y-%m-%d %H:%M %Z", zone_names=names) == "2015-10-25T01:30:00Z"


@pytest.mark.parametrize(
    ("pattern", "problem"),
    [
        ("%H:%M", "a year"),
        ("%Y-%m", "a day"),
        ("%Y-%m-%d %I:%M", "%I and %p together"),
        ("%Y-%m-%d %q", "found %q"),
        ("%Y-%m-%d %d", "once"),
        ("ISO8601", "iso, excel"),
    ],
)
def test_a_format_that_cannot_tell_an_instant_is_an_error(pattern: str, problem: str) -> None:
    with pytest.raises(ValueError, match=problem):
        compile_format(pattern, Time(columns=("t",), formats=(pattern,)))


def clock(interval: timedelta = HOUR, **keys: object) -> Clock:
    fixed = {"columns": ("time",), "formats": ("%Y-%m-%d %H:%M",), "zone": "Europe/London", "stamp": Stamp.START}
    return Clock(Time(**{**fixed, **keys}), interval)  # type: ignore[arg-type]


def interval(of: Clock, text: str, other: str | None = None) -> tuple[str, str]:
    moment = of.moment(text, other, "device")
    assert moment.start is not None
    assert moment.end is not None
    return instant(moment.start), instant(moment.end)


def test_a_time_that_exists_twice_has_the_declared_fate() -> None:
    twice = "2015-10-25 01:30"
    with pytest.raises(TimeRefusedError, match=r"exists twice in Europe/London; declare \$\.time\.ambiguous"):
        interval(clock(), twice)
    assert interval(clock(ambiguous=Ambiguous.EARLIER), twice) == ("2015-10-25T00:30:00Z", "2015-10-25T01:30:00Z")
    assert interval(clock(ambiguous=Ambiguous.LATER), twice) == ("2015-10-25T01:30:00Z", "2015-10-25T02:30:00Z")
    both = clock(ambiguous=Ambiguous.BOTH)
    assert interval(both, "2015-10-25 01:00") == ("2015-10-25T00:00:00Z", "2015-10-25T02:00:00Z")
    assert interval(both, "2015-10-25 00:00") == ("2015-10-24T23:00:00Z", "2015-10-25T00:00:00Z")
    assert interval(both, "2015-10-25 02:00") == ("2015-10-25T02:00:00Z", "2015-10-25T03:00:00Z")


def test_a_row_of_both_hours_that_is_stamped_at_its_end() -> None:
    both = clock(ambiguous=Ambiguous.BOTH, stamp=Stamp.END)
    assert interval(both, "2015-10-25 01:00") == ("2015-10-24T23:00:00Z", "2015-10-25T00:00:00Z")
    assert interval(both, "2015-10-25 02:00") == ("2015-10-25T00:00:00Z", "2015-10-25T02:00:00Z")
    assert interval(both, "2015-10-25 03:00") == ("2015-10-25T02:00:00Z", "2015-10-25T03:00:00Z")


def test_rows_in_order_begin_the_second_hour_where_they_go_back() -> None:
    of = clock(timedelta(minutes=30), ambiguous=Ambiguous.IN_ORDER)
    local = ["00:30", "01:00", "01:30", "01:00", "01:30", "02:00"]
    starts = [interval(of, f"2015-10-25 {text}")[0][11:16] for text in local]
    assert starts == ["23:30", "00:00", "00:30", "01:00", "01:30", "02:00"]


def test_the_order_of_rows_is_that_of_their_device() -> None:
    of = clock(ambiguous=Ambiguous.IN_ORDER)
    starts = [instant(of.moment("2015-10-25 01:00", None, who).stamp)[11:16] for who in ("a", "b", "a", "b")]
    assert starts == ["00:00", "00:00", "01:00", "01:00"]


def test_a_time_that_does_not_exist_has_the_declared_fate() -> None:
    never = "2015-03-29 01:30"
    with pytest.raises(TimeRefusedError, match=r"does not exist in Europe/London; declare \$\.time\.nonexistent"):
        interval(clock(), never)
    with pytest.raises(TimeIgnoredError):
        interval(clock(nonexistent=Nonexistent.IGNORE), never)
    with pytest.raises(TimeIgnoredError):
        interval(clock(nonexistent=Nonexistent.IGNORE, ambiguous=Ambiguous.BOTH), never)
    assert interval(clock(nonexistent=Nonexistent.SHIFT), never)[0] == "2015-03-29T01:30:00Z"


def test_an_hour_before_a_change_of_clocks_is_one_hour_long() -> None:
    assert interval(clock(), "2015-03-29 00:00") == ("2015-03-29T00:00:00Z", "2015-03-29T01:00:00Z")
    ended = clock(stamp=Stamp.END)
    assert interval(ended, "2015-03-29 02:00") == ("2015-03-29T00:00:00Z", "2015-03-29T01:00:00Z")


def test_a_day_is_a_day_of_the_zone() -> None:
    of = clock(timedelta(days=1), formats=("%Y-%m-%d",))
    assert interval(of, "2015-03-29") == ("2015-03-29T00:00:00Z", "2015-03-29T23:00:00Z")
    assert interval(of, "2015-10-25") == ("2015-10-24T23:00:00Z", "2015-10-26T00:00:00Z")


def test_the_row_at_midnight_closes_the_day_whose_date_it_carries() -> None:
    of = clock(timedelta(minutes=15), stamp=Stamp.END, midnight_closes_day=True, zone="Asia/Seoul")
    assert interval(of, "2018-01-01 00:15") == ("2017-12-31T15:00:00Z", "2017-12-31T15:15:00Z")
    assert interval(of, "2018-01-01 00:00") == ("2018-01-01T14:45:00Z", "2018-01-01T15:00:00Z")


def test_hours_counted_from_1_to_24_become_starts() -> None:
    of = clock(formats=("%Y-%m-%d %H",), add=timedelta(hours=-1))
    assert interval(of, "2020-01-01 1") == ("2020-01-01T00:00:00Z", "2020-01-01T01:00:00Z")
    assert interval(of, "2020-01-01 24") == ("2020-01-01T23:00:00Z", "2020-01-02T00:00:00Z")


def test_rows_that_give_both_ends_need_no_interval() -> None:
    of = clock(other_end=OtherEnd(columns=("to",)), midnight_closes_day=True)
    assert interval(of, "2020-01-01 23:00", "2020-01-01 23:20") == ("2020-01-01T23:00:00Z", "2020-01-01T23:20:00Z")
    assert interval(of, "2020-01-01 23:00", "2020-01-01 00:00") == ("2020-01-01T23:00:00Z", "2020-01-02T00:00:00Z")
    with pytest.raises(TimeRefusedError, match="ends before it starts"):
        interval(of, "2020-01-01 23:00", "2020-01-01 22:00")


def test_text_that_carries_its_offset_needs_no_zone(tmp_path: Path) -> None:
    data = "station,time,pm\na,2020-07-01T00:00:00+08:00,1\na,2020-07-01T00:00:00,2\n"
    found = convert(tmp_path, "time: {columns: time, formats: iso}", data)
    assert [reading.value for reading in found.readings] == [1]
    assert "carries no offset" in found.reasons()[0]


def test_time_spread_over_columns_is_joined(tmp_path: Path) -> None:
    found = convert(
        tmp_path,
        """
        time: {columns: [year, month, day, hour], formats: "%Y %m %d %H", zone: Asia/Shanghai}
        """,
        "station,year,month,day,hour,pm\na,2013,3,1,0,4\n",
    )
    assert found.plain() == [("a", "2013-02-28T16:00:00Z", "env_pm2_5", 4.0)]


def test_times_outside_the_calendar_of_the_platform_are_refused(tmp_path: Path) -> None:
    found = convert(tmp_path, "", "station,time,pm\na,1999-12-31 23:59,4\na,2100-01-01 00:00,4\na,2020-01-01 00:00,4\n")
    assert len(found.readings) == 1
    assert found.reasons()[0] == "line 2: the time is outside the years 2000 to 2099 (1 cell)"

from datetime import datetime

import pandas as pd
import pytest

from metrics.frame import compare, frame, profile
from tests.metrics.full_town import DAY, HOUR
from tests.metrics.town import Town


def test_a_profile_has_local_hours_and_weekdays(full: Town) -> None:
    table = frame(full.connection, "footfall", full.district, DAY, DAY + 8 * 24 * HOUR, subjects=["district"])
    shape = profile(table)
    assert shape.shape == (24, 7)
    assert shape.loc[5, 0] == (5 + 7 * 24 + 5) / 2, "two Mondays"
    assert shape.loc[5, 6] == 6 * 24 + 5


def test_two_windows_stand_side_by_side(full: Town) -> None:
    def of(start: datetime, metric: str = "parking_in") -> pd.DataFrame:
        return frame(
            full.connection, metric, full.district, start, start + 24 * HOUR, subjects=["district", "car_park:p1"]
        )

    side = compare(of(DAY), of(DAY + 24 * HOUR))
    first, second = (sum(n % 7 for n in range(24 * d, 24 * d + 24)) / 24 for d in (0, 1))
    assert list(side.loc["car_park:p1"]) == pytest.approx([first, second, second - first, second / first])
    with pytest.raises(ValueError, match="of one metric, got parking_in and parking_out"):
        compare(of(DAY), of(DAY, "parking_out"))

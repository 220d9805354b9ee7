"""A few thousand messages that nobody meant to send; `make fuzz N=1000000` sends more."""

import pytest

from ingest.formats import FORMATS
from tests.fuzz.maker import Maker
from tests.fuzz.trial import Trial

BATCH = 25


@pytest.mark.parametrize("form", sorted(FORMATS))
def test_no_payload_stops_the_decoder_or_takes_its_neighbours_with_it(form: str) -> None:
    maker, trial = Maker(7, [form]), Trial()
    for first in range(0, 4 * BATCH, BATCH):
        batch = [(number, maker.message(number)[1]) for number in range(first, first + BATCH)]
        assert list(trial.batch(form, batch)) == []


def test_the_same_number_is_the_same_message_anywhere() -> None:
    assert Maker(3).message(4711) == Maker(3).message(4711)
    assert Maker(3).message(4711) != Maker(4).message(4711)

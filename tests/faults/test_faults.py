"""A round of each fault, one after the other on one plant: whatever happens, the account of every message is right."""

import subprocess
import sys

import pytest

from tests.faults.faults import FAULTS
from tests.faults.hall import Hall

pytestmark = [pytest.mark.broker, pytest.mark.xdist_group("faults")]


@pytest.mark.parametrize("name", FAULTS)
def test_every_acknowledged_message_is_accounted_for_exactly_once(hall: Hall, name: str) -> None:
    try:
        hall.play(FAULTS[name], seed=list(FAULTS).index(name))
    except BaseException:
        hall.close()
        raise


def test_the_command_agrees_that_the_ledger_balances(hall: Hall) -> None:
    done = subprocess.run(
        [sys.executable, "-m", "district", "ledger", "--check"],
        env=hall.plant().environment, capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr

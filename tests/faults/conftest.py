"""One plant for the files whose tests follow each other on it (xdist group `faults`)."""

from collections.abc import Iterator

import pytest

from tests.faults.hall import Hall


@pytest.fixture(scope="session")
def hall() -> Iterator[Hall]:
    made = Hall()
    yield made
    made.close()

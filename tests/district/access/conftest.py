from collections.abc import Iterator

import httpx
import pytest

from tests.district.access.service import served


@pytest.fixture
def client(database: str) -> Iterator[httpx.Client]:
    """Asks the service with its default settings over an empty database."""
    with served(database) as asking:
        yield asking

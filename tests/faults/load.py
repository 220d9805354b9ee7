"""Publishers as processes, started and told what to send."""

import select
import subprocess
import sys
from typing import NamedTuple, Self

from tests.faults.publisher import GATEWAYS


class Sent(NamedTuple):
    """What a publisher says in the end."""

    acknowledged: int
    resent: int


class Load:
    """One publisher. Its messages are numbered on from `first`; use it as a context manager."""

    def __init__(
        self, port: int, start_ms: int, *, first: int = 0, gateway: str = GATEWAYS[0], boot: int = 0,
        receipts: bool = False, clean: bool = False,
    ) -> None:  # fmt: skip
        words = ["receipts"] * receipts + ["clean"] * clean
        numbers = [str(number) for number in (first, start_ms, boot)]
        self.asked = 0
        self._process = subprocess.Popen(
            [sys.executable, "-m", "tests.faults.publisher", str(port), gateway, *numbers, *words],
            stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True,
        )  # fmt: skip

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._process.kill()
        self._process.communicate()

    def send(self, messages: int, rate: int | None = None) -> None:
        """Have so many messages sent, so many a second; returns at once."""
        assert self._process.stdin is not None
        self._process.stdin.write(f"{messages} {rate or ''}\n")
        self._process.stdin.flush()
        self.asked += messages

    def answered(self) -> bool:
        """Whether it has handed over all of the first `send`."""
        assert self._process.stdout is not None
        return bool(select.select([self._process.stdout], [], [], 0)[0])

    def finish(self, timeout_s: float = 90) -> Sent:
        """Wait until all is acknowledged, and with receipts confirmed."""
        output, _ = self._process.communicate(timeout=timeout_s)
        last = output.split("\n")[-2] if output else ""
        acknowledged, resent, unconfirmed = map(int, last.split())
        assert (self._process.returncode, unconfirmed) == (0, 0), output
        return Sent(acknowledged, resent)

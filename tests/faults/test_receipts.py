"""With receipts a broker that is killed loses nothing and doubles nothing: the gateway of docs/receipts.md, under load."""

import logging
import re
import time
from collections import Counter
from pathlib import Path
from typing import Any

import psycopg
import pytest

from ingest import ledger, sequences
from tests.broker import PASSWORD, USER
from tests.faults.plant import plant, wait_until
from tests.faults.publisher import DISTRICT, GATEWAYS

logger = logging.getLogger(__name__)

PAGE = Path(__file__).parents[2] / "docs" / "receipts.md"
ROUNDS, BURST, DEVICES = 3, 1_500, 20


def example() -> Any:
    """The class of the page."""
    [code] = re.findall(r"```python\n(.*?)```", PAGE.read_text(encoding="utf-8"), re.DOTALL)
    assert len([line for line in code.splitlines() if line.strip()]) <= 40
    found: dict[str, Any] = {}
    exec(compile(code, str(PAGE), "exec"), found)
    return found["Gateway"]


@pytest.mark.broker
def test_a_gateway_with_receipts_loses_and_doubles_nothing_when_the_broker_is_killed() -> None:
    with plant() as running:
        running.start_collector()
        log = running.folder / "collector.log"
        wait_until(lambda: "connected to the broker" in log.read_text(), "the collector")
        gateway = example()("127.0.0.1", running.broker.port, USER, PASSWORD, DISTRICT, GATEWAYS[0], patience_s=1.5)
        start_ms = int(time.time() * 1000) - 3_600_000
        sent = 0
        try:
            for round_ in range(ROUNDS):
                for number in range(sent, sent + BURST):
                    report = {
                        "ts": start_ms + number,
                        "seq": number // DEVICES,
                        "boot": 1,
                        "values": {"people_in": number},
                    }
                    gateway.send("foot_traffic", f"dev{number % DEVICES}", report)
                    if number == sent + BURST // 2:
                        running.broker.kill()
                        logger.warning("round %d: broker killed, %d without receipt", round_ + 1, len(gateway.kept))
                        running.broker.start()
                sent += BURST

            def all_have_receipts() -> bool:
                gateway.again()
                return not gateway.kept

            wait_until(all_have_receipts, "receipts", 40)
        finally:
            gateway.client.disconnect()
            gateway.client.loop_stop()
        with psycopg.connect(running.server.dsn(), autocommit=True) as connection:
            values = connection.execute("SELECT value FROM ingest.reading").fetchall()
            assert Counter(int(value) for (value,) in values) == Counter(range(sent))
            assert connection.execute("SELECT count(*) FROM ingest.conflict").fetchone() == (0,)
            assert list(ledger.check(connection)) == []
            assert sequences.holes(connection) == []

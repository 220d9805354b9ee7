"""What of a refused message is kept: redacted, sealed or its hash, and never more of one gateway than its cap."""

import orjson
import psycopg
import pytest

from ingest import ledger, quarantine, redact
from ingest.draft import Group
from ingest.keeper import Keeper
from ingest.model import Message
from ingest.seal import Opener, Sealer, SealError, pair
from ingest.series import SeriesTable
from ingest.store import Store
from tests.ingest.world import decoder, message

KEYS = pair()


def write(connection: psycopg.Connection, keeper: Keeper, *messages: Message) -> None:
    table = SeriesTable()
    store = Store(connection, table, "c0", keeper=keeper)
    store.write(decoder(table=table).decode(messages), store.number(), revision=1)


def bodies(connection: psycopg.Connection) -> list[tuple[str, bytes | None]]:
    return connection.execute("SELECT kept, body FROM ingest.quarantine ORDER BY id").fetchall()


def alarms(connection: psycopg.Connection) -> list[tuple[str, str]]:
    return connection.execute("SELECT gateway, level FROM ingest.quarantine_alarm ORDER BY id").fetchall()


@pytest.mark.parametrize(
    ("payload", "kept"),
    [
        ({"ts": 1, "user": "Li Lei", "values": {"people_in": 3}}, b'{"ts":1,"values":{"people_in":3}}'),
        ([{"ts": 1, "values": {"people_in": "aa:bb:cc:dd:ee:ff"}}], b'[{"ts":1,"values":{"people_in":"(text)"}}]'),
        ({"ts": 1, "values": {"charger_state": "charging"}}, b'{"ts":1,"values":{"charger_state":"charging"}}'),
        ({"ts": 1, "values": {"charger_state": "Li Lei"}}, b'{"ts":1,"values":{"charger_state":"(text)"}}'),
        ({"ts": 1, "values": {"x": {"phone": "138"}}}, b'{"ts":1,"values":{"x":null}}'),
        ({"ts": 1, "event": {"type": "t", "face": "x"}}, b'{"ts":1,"event":{"type":"t"}}'),
        ({"ts": "x" * 65}, b'{"ts":"(text)"}'),
        (b'{"ts": 1, "values": {"env_co2": NaN}}', b'{"ts":1,"values":{"env_co2":NaN}}'),
        (b"{oops", None),
        ("text", None),
        ([], None),
        ([1], None),
        (b"[" * 100_000, None),
    ],
)
def test_a_native_message_is_kept_as_far_as_its_decoder_reads_it(payload: object, kept: bytes | None) -> None:
    assert redact.native(payload if isinstance(payload, bytes) else orjson.dumps(payload)) == kept


def test_a_body_that_nobody_can_redact_is_sealed_or_only_its_hash_stays(connection: psycopg.Connection) -> None:
    secret = b"plate=ABC123"
    write(connection, Keeper(), message(secret, "some/camera"))
    write(connection, Keeper(public_key=KEYS.public), message(secret, "some/camera"))
    assert bodies(connection) == [("hash", None), ("sealed", None)]
    (row,) = connection.execute(
        "SELECT to_jsonb(q)::text FROM ingest.quarantine q WHERE kept = 'sealed'"
    ).fetchone() or ("",)
    assert secret.hex() not in row
    [_, item] = quarantine.find(connection)
    assert quarantine.body_of(item, None) is None
    assert quarantine.body_of(item, Opener(KEYS.private)) == secret
    with pytest.raises(SealError, match="another key"):
        quarantine.body_of(item, Opener(pair().private))


def test_who_sealed_a_body_cannot_open_it_afterwards() -> None:
    sealer = Sealer(KEYS.public)
    first, second = sealer.seal(b"a"), sealer.seal(b"a")
    assert first != second
    assert Opener(KEYS.private).open(second) == b"a"
    with pytest.raises(SealError):
        Opener(KEYS.public).open(first)


@pytest.mark.parametrize("key", ["", "oops", "YWJj"])
def test_a_key_that_is_none_is_refused(key: str) -> None:
    with pytest.raises(SealError, match="44 characters"):
        Opener(key)
    if key:
        with pytest.raises(SealError, match=r"quarantine\.public_key"):
            Keeper(public_key=key)


SIZE = 85


def refused(numbers: range, topic: str = "", gateway: str = "gw", size: int = 63) -> list[Message]:
    """Dated messages of an unknown device, each of about `size` bytes, in 40 topics or in one."""
    return [
        message(
            (b'{"ts":17953929%05d,"values":{' % n)
            + b",".join(b'"env_co2_%05d":1' % i for i in range(size // 18))
            + b"}}",
            f"district/v1/d/{gateway}/foot_traffic/{topic or f'stranger-{n % 40}'}",
        )
        for n in numbers
    ]


def kept(connection: psycopg.Connection) -> int:
    return sum(form == "redacted" for form, _ in bodies(connection))


def test_a_gateway_fills_its_own_share_only_with_alarms_before(connection: psycopg.Connection) -> None:
    keeper = Keeper(cap_bytes=SIZE * 100)
    for end, count, raised in ((40, 40, []), (60, 60, ["filling"]), (80, 80, ["restricted"]), (130, 100, ["full"])):
        before = alarms(connection)
        write(connection, keeper, *refused(range(end - 20 if end > 40 else 0, end)))
        assert (kept(connection), [level for _, level in alarms(connection)[len(before) :]]) == (count, raised)
    # Nobody else is touched, and what is not kept is counted with its reason.
    write(connection, keeper, *refused(range(3), gateway="other"))
    assert kept(connection) == 103
    assert quarantine.counts(connection) == {"unknown_device": 100, "unknown_gateway": 3}
    assert list(ledger.check(connection)) == []


def test_a_new_process_goes_on_with_what_is_in_the_table_and_raises_no_alarm_twice(
    connection: psycopg.Connection,
) -> None:
    write(connection, Keeper(cap_bytes=SIZE * 100), *refused(range(60)))
    write(connection, Keeper(cap_bytes=SIZE * 100), *refused(range(60, 65)))
    assert [level for _, level in alarms(connection)] == ["filling"]
    write(connection, Keeper(cap_bytes=SIZE * 100), *refused(range(65, 130)))
    assert kept(connection) == 100


def test_near_the_cap_large_and_flooding_messages_give_way_first(connection: psycopg.Connection) -> None:
    large = 20_000
    (one,) = refused(range(1), size=large)
    keeper = Keeper(cap_bytes=len(one.payload) * 8)
    write(connection, keeper, *refused(range(6), size=large))
    assert kept(connection) == 6
    write(connection, keeper, *refused(range(6, 8), size=large))  # three quarters are full
    assert kept(connection) == 6
    write(connection, keeper, *refused(range(1000, 1500), topic="noisy"))
    (small,) = refused(range(1))
    assert kept(connection) == 6 + keeper._cap // 16 // len(small.payload)
    before = kept(connection)
    write(connection, keeper, *refused(range(2006, 2040)))  # of other topics than the large ones
    assert kept(connection) == before + 34


def test_a_batch_that_was_rolled_back_fills_nothing(connection: psycopg.Connection) -> None:
    keeper = Keeper(cap_bytes=SIZE * 100)
    for _ in range(3):
        keeper.begin(connection)
        for one in refused(range(60)):
            keeper.keep(one, one.payload, Group("d", "gw", "-"))
    assert [alarm.level for alarm in keeper.alarms()] == ["filling"]
    write(connection, keeper, *refused(range(40)))
    assert kept(connection) == 40
    assert alarms(connection) == []

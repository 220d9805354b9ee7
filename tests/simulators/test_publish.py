"""Every message is acknowledged once in the account, whatever happens to the connection; on a real Mosquitto."""

import threading
import time
from pathlib import Path

import orjson
import paho.mqtt.client as mqtt
import pytest
from paho.mqtt.enums import CallbackAPIVersion, MQTTProtocolVersion
from paho.mqtt.packettypes import PacketTypes
from paho.mqtt.properties import Properties

from district.embedded.ports import free_port
from simulators.backlog import Outgoing, backlog
from simulators.live import live
from simulators.publish import Broker, BrokerError, Gateways
from tests.broker import PASSWORD, USER, MosquittoProcess, broker, folder

from .worlds import DAY, HOUR, MONDAY, large, small

__all__ = ["broker", "folder"]  # fixtures

pytestmark = pytest.mark.broker


def _address(broker: MosquittoProcess) -> Broker:
    return Broker(port=broker.port, user=USER, password=PASSWORD)


class Listener:
    """Collects every message below district/, in a session that outlives its connections."""

    def __init__(self, port: int) -> None:
        self.messages: list[tuple[str, bytes]] = []
        ready = threading.Event()
        self._client = mqtt.Client(CallbackAPIVersion.VERSION2, "listener", protocol=MQTTProtocolVersion.MQTTv5)
        lasting = Properties(PacketTypes.CONNECT)  # type: ignore[no-untyped-call]
        lasting.SessionExpiryInterval = 600
        self._client.username_pw_set(USER, PASSWORD)
        self._client.max_queued_messages_set(0)
        self._client.on_message = lambda _c, _d, message: self.messages.append((message.topic, bytes(message.payload)))
        self._client.on_connect = lambda client, *_: client.subscribe("district/#", qos=1) and None
        self._client.on_subscribe = lambda *_: ready.set()
        deadline = time.monotonic() + 10
        while True:
            try:
                self._client.connect("127.0.0.1", port, clean_start=False, properties=lasting)
                break
            except OSError:
                if time.monotonic() > deadline:
                    raise
                time.sleep(0.02)
        self._client.loop_start()
        assert ready.wait(10)

    def close(self) -> None:
        self._client.disconnect()
        self._client.loop_stop()

    def wait_for(self, count: int) -> None:
        deadline = time.monotonic() + 20
        while len(set(self.messages)) < count and time.monotonic() < deadline:
            time.sleep(0.01)


def test_what_is_acknowledged_is_what_arrived(broker: MosquittoProcess) -> None:
    world = large()
    listener = Listener(broker.port)
    sent: list[Outgoing] = []
    with Gateways(_address(broker), {d.gateway for d in world.devices.values()}) as gateways:
        gateways.publish_all(backlog(world, MONDAY, MONDAY + 6 * HOUR), progress=sent.append)
        assert gateways.drain()
        accounts = gateways.accounts
    listener.wait_for(len(sent))
    listener.close()
    assert sorted(listener.messages) == sorted((message.topic, message.payload) for message in sent)
    assert set(accounts) == {"gw-north", "gw-south", "gw-parking", "gw-plant"}
    for gateway, account in accounts.items():
        mine = [message for message in sent if message.gateway == gateway]
        assert account.acknowledged_messages == len(mine)
        assert account.acknowledged_objects == sum(message.objects for message in mine)
        assert account.waiting_messages == 0
    assert sum(account.acknowledged_objects for account in accounts.values()) == sum(
        6 * HOUR // device.interval_s for device in world.devices.values()
    )


def test_a_broker_that_restarts_gets_every_message_and_each_counts_once(broker: MosquittoProcess) -> None:
    messages = [Outgoing("gw", f"district/v1/small/gw/energy/m{n}", b"{}", 1, n) for n in range(1500)]
    listener = Listener(broker.port)
    with Gateways(_address(broker), ["gw"]) as gateways:
        gateways.publish_all(messages[:700])
        broker.stop()
        # Publishing into the void: the window fills, then publish() waits for the broker.
        rest = threading.Thread(target=gateways.publish_all, args=(messages[700:],))
        rest.start()
        broker.start()
        rest.join(60)
        assert not rest.is_alive()
        assert gateways.drain()
        account = gateways.accounts["gw"]
    assert account.acknowledged_messages == account.acknowledged_objects == 1500
    assert account.waiting_messages == 0
    assert account.resent_messages > 0
    listener.wait_for(1500)
    listener.close()
    assert {topic for topic, _ in listener.messages} == {message.topic for message in messages}


def test_what_nobody_subscribed_to_is_sent_again_until_somebody_has(broker: MosquittoProcess) -> None:
    messages = [Outgoing("gw", f"district/v1/small/gw/energy/m{n}", b"{}", 1, n) for n in range(2)]
    stop = threading.Event()
    with Gateways(_address(broker), ["gw"]) as gateways:
        # One only: with a refused message at hand, a gateway sends that again before it takes the next.
        gateways.publish_all(messages[:1])
        assert not gateways.drain(0.3)
        assert gateways.accounts["gw"].acknowledged_messages == 0
        stop.set()
        gateways.publish_all(messages[1:], stop=stop)
        assert gateways.accounts["gw"].waiting_messages == 1
        listener = Listener(broker.port)
        assert gateways.drain(10)
        assert gateways.accounts["gw"].acknowledged_messages == 1
    listener.wait_for(1)
    listener.close()
    assert sorted(listener.messages) == [(message.topic, message.payload) for message in messages[:1]]


def test_a_gateway_that_may_not_publish_says_so(folder: Path) -> None:
    (folder / "acl").write_text("topic read #\n")
    (folder / "acl").chmod(0o600)
    process = MosquittoProcess(folder, f"acl_file {folder / 'acl'}")
    try:
        with Gateways(_address(process), ["gw"]) as gateways:
            gateways.publish(Outgoing("gw", "district/v1/small/gw/energy/m", b"{}", 1, 0))
            with pytest.raises(BrokerError, match=r"gw: broker refused .*energy/m with reason code 0x87"):
                gateways.drain(10)
            assert gateways.accounts["gw"].acknowledged_messages == 0
    finally:
        process.kill()


def test_no_broker_is_an_error_that_names_the_address() -> None:
    port = free_port()
    with pytest.raises(BrokerError, match=f"broker 127.0.0.1:{port}"):
        Gateways(Broker(port=port), ["gw"])


def test_a_password_that_is_wrong_is_an_error_that_names_the_gateway(broker: MosquittoProcess) -> None:
    with pytest.raises(BrokerError, match="gateway gw: refused with reason code"):
        Gateways(Broker(port=broker.port, user=USER, password="guessed"), ["gw"])


def test_live_reports_come_in_time_and_say_when_they_were_sent() -> None:
    world = small()
    stop = threading.Event()
    clock = [float(MONDAY + 12 * HOUR)]

    def now() -> float:
        clock[0] += 30.0  # a clock that runs fast enough for every report to be due
        if clock[0] > MONDAY + 14 * HOUR:
            stop.set()
        return clock[0]

    messages = list(live(world, MONDAY + 12 * HOUR, stop=stop, now=now))
    reports = [orjson.loads(message.payload) for message in messages]
    assert len(reports) > 20
    assert all(report["sent"] >= report["ts"] for report in reports)
    assert [report["sent"] for report in reports] == sorted(report["sent"] for report in reports)
    assert len({(message.topic, message.payload) for message in messages}) == len(messages)


def test_live_goes_on_where_the_history_ends() -> None:
    world = small()
    start = MONDAY + DAY
    stop = threading.Event()
    first: dict[str, int] = {}
    for message in live(world, start, stop=stop, now=lambda: float(start + DAY)):
        first.setdefault(message.topic.rpartition("/")[2], orjson.loads(message.payload)["seq"])
        if len(first) == len(world.devices):
            stop.set()
    last: dict[str, int] = {}
    for message in backlog(world, MONDAY, start):
        last[message.topic.rpartition("/")[2]] = orjson.loads(message.payload)[-1]["seq"]
    assert first == {device: seq + 1 for device, seq in last.items()}

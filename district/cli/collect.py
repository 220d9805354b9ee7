"""`district collect`: one collector process."""

import gc
import mmap
import os
import signal
import struct
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from district.settings import Broker, Settings, current
from ingest.collector import Collector, Options, ignore_stage
from ingest.receiver import BrokerSettings, Tls, receiver
from ingest.topics import RouteSpec

if TYPE_CHECKING:
    from ingest.profile import Profiles

STAGES = ("idle", "copy", "commit", "acknowledge")


def tls(broker: Broker) -> Tls | None:
    """How the broker of the settings is spoken to; None: in the clear."""
    own = broker.tls
    if not own.enabled:
        return None
    ca_file, cert_file, key_file = (Path(name) if name else None for name in (own.ca_file, own.cert_file, own.key_file))
    return Tls(ca_file=ca_file, cert_file=cert_file, key_file=key_file, insecure=own.insecure)


def broker_settings(settings: Settings, client_id: str, subscriptions: tuple[str, ...] = ()) -> BrokerSettings:
    """A session on the broker of the settings."""
    broker = settings.broker
    will = broker.will.topic
    return BrokerSettings(
        client_id=client_id, subscriptions=subscriptions, host=broker.host, port=broker.port, user=broker.user,
        password=broker.password, tls=tls(broker), keepalive_s=broker.keepalive_s, session_expiry_s=broker.session_expiry_s,
        receive_maximum=broker.receive_maximum, will_topic=will.replace("{id}", client_id) if will else None,
        will_payload=broker.will.payload.encode(),
    )  # fmt: skip


def routes(settings: Settings) -> tuple[RouteSpec, ...]:
    """The foreign topic trees of the settings."""
    return tuple(RouteSpec(**route.model_dump()) for route in settings.routes)


def _profiles(settings: Settings) -> "Profiles | None":
    if settings.profiles is None:
        return None
    # Not above: most collectors have no foreign route.
    from district.cli.profile import own_profiles

    return own_profiles()


def collector(settings: Settings, stage: Callable[[str, int], None] = ignore_stage) -> Collector:
    """A collector as the settings have it."""
    own = settings.collector
    foreign = routes(settings)
    subscriptions = (*own.subscriptions, *(route.subscription() for route in foreign))
    options = Options(
        id=own.id, database_url=settings.database.url, broker=f"{settings.broker.host}:{settings.broker.port}", routes=foreign, batch_messages=own.batch_messages,
        batch_age_s=own.batch_age_ms / 1000, max_payload_bytes=own.max_payload_bytes, clock_ahead_s=own.clock_ahead_s,
        clock_behind_s=own.clock_behind_s,
        profiles=_profiles(settings), public_key=settings.quarantine.public_key,
        cap_bytes=settings.quarantine.cap_bytes,
    )  # fmt: skip
    return Collector(
        receiver(settings.broker.receiver, broker_settings(settings, own.id, subscriptions)), options, stage=stage
    )


def collect(
    stage_file: Annotated[
        Path | None, typer.Option(hidden=True, help="Tell tests where the batch in hand stands.")
    ] = None,
) -> None:
    """Turn messages into rows until SIGTERM: read, decode, store, acknowledge after COMMIT."""
    # Millions of short-lived tuples and no cycles: the garbage collector would look through them again and again.
    gc.freeze()
    gc.set_threshold(100_000, 50, 100)
    process = collector(current(), _observer(stage_file) if stage_file else ignore_stage)
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: process.stop())
    process.run()


def _observer(path: Path) -> Callable[[str, int], None]:
    """Writes the stage and the number of messages in hand into a mapped file: 2 integers, readable after a SIGKILL."""
    path.touch()
    os.truncate(path, 8)  # never shorter: somebody may have it mapped
    with path.open("r+b") as file:
        memory = mmap.mmap(file.fileno(), 8)

    def tell(stage: str, messages: int) -> None:
        struct.pack_into("<ii", memory, 0, STAGES.index(stage), messages)

    return tell

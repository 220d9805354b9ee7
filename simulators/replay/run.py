"""A replay from end to end: look at the files, declare, send, wait for the ledger, account."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path

import psycopg

from ingest.quantities import Quantity
from ingest.times import LATEST, to_datetime
from simulators.publish import Broker, Gateway
from simulators.replay.account import Arrived, FileAccount, Refusal
from simulators.replay.backfill import Backfill, ReplayError
from simulators.replay.convert import Converter, Reading
from simulators.replay.devices import Names
from simulators.replay.keys import MappingError
from simulators.replay.mapping import ReplayMapping
from simulators.replay.pack import pack
from simulators.replay.reader import open_table

#: Readings that a look at a file keeps for people.
FIRST = 10


@dataclass(slots=True, kw_only=True)
class FileLook:
    """What a file holds, found without sending anything."""

    path: Path
    account: FileAccount
    read_by: list[int]  #: rows that each format of `time.formats` has read
    refusals: list[Refusal] = field(default_factory=list)
    first: list[Reading] = field(default_factory=list)


@dataclass(slots=True, kw_only=True)
class Look:
    """What all files hold."""

    files: list[FileLook]
    devices: dict[str, list[str]]  #: names in the files, by device id

    @property
    def period(self) -> tuple[int, int] | None:
        """Earliest and latest instant, µs since 1970 UTC; None where nothing would be sent."""
        firsts = [look.account.first for look in self.files if look.account.first is not None]
        lasts = [look.account.last for look in self.files if look.account.last is not None]
        return (min(firsts), max(lasts)) if firsts else None


@dataclass(frozen=True, slots=True, kw_only=True)
class FileResult:
    """The account of a file that was sent."""

    path: Path
    account: FileAccount
    arrived: Arrived
    messages: int  #: acknowledged by the broker

    @property
    def balanced(self) -> bool:
        """Whether every cell has exactly one fate, up to the table or the quarantine."""
        return self.account.balanced and self.arrived.balances(self.account.sent, self.messages)


def ignore_progress(cells: int) -> None:
    """The default observer of a replay."""
    del cells


def look(
    mapping: ReplayMapping, files: Sequence[Path], quantities: Mapping[str, Quantity], *, latest: int = LATEST
) -> Look:
    """Reads all files to their end and sends nothing. Times after `latest`, in µs since 1970 UTC, are refused.

    Raises:
        MappingError: a file and the mapping do not fit, or two names would become one device.
    """
    names = Names(mapping.device)
    devices: dict[str, list[str]] = {}
    looks = []
    for path in files:
        with _converter(mapping, path, names, quantities, latest) as converter:
            found = FileLook(path=path, account=converter.account, read_by=converter.clock.read_by)
            for readings, refusals in converter.rows():
                found.refusals += refusals
                found.first += readings[: FIRST - len(found.first)]
                for reading in readings:
                    devices.setdefault(reading.device, names.names.get(reading.device, []))
            looks.append(found)
    return Look(files=looks, devices=dict(sorted(devices.items())))


def replay(
    mapping: ReplayMapping,
    found: Look,
    quantities: Mapping[str, Quantity],
    *,
    connection: psycopg.Connection,
    broker: Broker,
    who: str,
    latest: int = LATEST,
    timeout_s: float = 60.0,
    progress: Callable[[int], None] = ignore_progress,
) -> Iterator[FileResult]:
    """Sends the files that `look` found, one after the other, and yields the account of each.

    Args:
        mapping: how the files read.
        found: the look at the same files.
        quantities: the vocabulary.
        connection: to the collector's database, in autocommit mode.
        broker: where the collector listens.
        who: stands in the declared backfill.
        latest: times after it, in µs since 1970 UTC, are refused.
        timeout_s: without any progress, after which broker or collector count as absent.
        progress: called with the cells of each row.

    Raises:
        ReplayError: the catalogue lacks a device, or the collector does not take in what was sent.
        simulators.publish.BrokerError: the broker does not take the messages.
    """
    period = found.period
    if period is None:
        raise ReplayError("there is nothing to send: no row of these files gives a reading (--dry-run says why)")
    backfill = Backfill(connection, mapping)
    backfill.check_catalogue(found.devices)
    gateway = Gateway(broker, mapping.gateway, patience_s=timeout_s)
    try:
        stop = to_datetime(period[1]) + timedelta(microseconds=1)
        backfill.declare(to_datetime(period[0]), stop, who, ", ".join(file.path.name for file in found.files))
        for file in found.files:
            before, acknowledged = backfill.arrived(), gateway.account.acknowledged_messages
            with _converter(mapping, file.path, Names(mapping.device), quantities, latest) as converter:
                for message in pack(mapping, _told(converter, progress)):
                    gateway.publish(message)
            if not gateway.drain(timeout_s):
                raise ReplayError(
                    f"the broker {broker.host}:{broker.port} did not take all messages: is `district collect` running?"
                )
            messages = gateway.account.acknowledged_messages - acknowledged
            arrived = backfill.wait(before, messages, timeout_s)
            yield FileResult(path=file.path, account=converter.account, arrived=arrived, messages=messages)
        backfill.close()
    finally:
        gateway.close()


def _told(converter: Converter, progress: Callable[[int], None]) -> Iterator[list[Reading]]:
    for readings, _ in converter.rows():
        progress(len(readings))
        yield readings


@contextmanager
def _converter(
    mapping: ReplayMapping, path: Path, names: Names, quantities: Mapping[str, Quantity], latest: int
) -> Iterator[Converter]:
    with open_table(path, mapping.file) as table:
        try:
            yield Converter(mapping, table, names, quantities, latest=latest)
        except MappingError as error:
            raise MappingError(str(error) if str(error).startswith(str(path)) else f"{path}: {error}") from error

"""Hardware is swapped and the measuring point stays: from an instant on, another address speaks for the same device.

A running total goes on where the old hardware stopped, by a correction: readings stay as they came.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from decimal import Decimal

import psycopg

from ingest import quantities, registry
from ingest.catalogue.history import EVER, Change, State
from ingest.catalogue.record import LOCK, CatalogueError, Entry, History, record
from ingest.corrections import Action, Wanted, correct
from ingest.model import Kind
from ingest.yaml_document import suggestion

#: Route of devices that speak the native payload: their address is the id in their topics.
NATIVE = "native"
_KIND = "hardware"


@dataclass(frozen=True, slots=True, kw_only=True)
class Swap:
    """An exchange of hardware."""

    #: id of the device, or an address that it has
    old: str
    #: address of the new hardware, or its id in native topics; None: the one that the old hardware had
    new: str | None
    #: aware; readings from then on come from the new hardware
    at: datetime
    #: route of the address; None: the only one on which the device has addresses
    route: str | None = None
    #: running total with its channel: what the old hardware showed when it was taken down
    last: Mapping[str, Decimal]
    #: the same of the new hardware when it was put up; 0 where nothing is said
    first: Mapping[str, Decimal]


@dataclass(frozen=True, slots=True, kw_only=True)
class Swapped:
    """What was recorded."""

    district: str
    device: str
    #: addresses that speak for the device until then, and the one that does from then on
    before: tuple[str, ...]
    after: str | None
    #: public id of each running total that was shifted, and by how much
    shifted: Mapping[str, Decimal]


def replace(
    connection: psycopg.Connection, swap: Swap, *, now: datetime, who: str, district: str | None = None
) -> Swapped:
    """Record an exchange of hardware and have the running totals go on.

    Args:
        connection: a transaction that is open goes on; else this commits one of its own.
        swap: what is exchanged.
        now: aware.
        who: the person who says so.
        district: None: the only one that has such a device.

    Raises:
        CatalogueError: there is no such device, or the exchange contradicts what is recorded.
    """
    with connection.transaction():
        connection.execute("SELECT pg_advisory_xact_lock(%s)", (LOCK,))
        entries = registry.load(connection, now)
        name, device = _device(entries, swap.old, district)
        history = History.read(connection, name)
        body = history.at("device", now.astimezone(UTC))[device]
        at = swap.at.astimezone(UTC)
        timeline = history.timelines.get((_KIND, device), {})
        if (later := max(timeline, default=EVER)) >= at:
            raise CatalogueError(
                [f"--at: expected an instant after {later.isoformat()}, when {device} was exchanged before"]
            )
        route, before = _addresses(body, timeline, swap)
        after: dict[str, object] = {"replaces": list(before)}
        if swap.new is not None:
            _free(entries, name, device, route, swap.new)
            after |= {"route": route, "address": swap.new}
        shifts = _shifts(connection, name, device, body, swap, at)
        change = Change(
            kind=_KIND, id=device, valid_from=at, before=_latest(timeline), after=after, where="", rewrites=False
        )
        record(connection, name, [change], Entry(who=who, digest="", listed=True))
        for stream, (shift, earlier) in shifts.items():
            if shift != earlier:
                action = Action.CALIBRATE if shift else Action.RESTORE
                wanted = Wanted(action=action, start=at, addend=float(shift))
                correct(connection, [stream], wanted, who=who, why=f"exchange of the hardware of {device}")
    return Swapped(
        district=name, device=device, before=before, after=swap.new,
        shifted={stream: shift for stream, (shift, earlier) in shifts.items() if shift != earlier},
    )  # fmt: skip


def _device(entries: registry.Registry, old: str, district: str | None) -> tuple[str, str]:
    """District and id of what `old` names: a device, else the owner of an address."""
    wanted, _, name = old.rpartition("/")
    if not wanted or (wanted, name) not in entries.devices:
        wanted, name = district or "", old
    found = {
        (one.district, one.id) for (of, key), one in entries.devices.items() if key == name and of == (wanted or of)
    } or {
        (one.district, one.id)
        for (_, key), one in entries.by_address.items()
        if key == registry.normalise(old) and one.district == (wanted or one.district)
    }
    if len(found) != 1:
        known = sorted({one.id for one in entries.devices.values()})
        got = (
            f"{old!r}{suggestion(old, known)}"
            if not found
            else f"{old!r} of {' and '.join(sorted(d for d, _ in found))}"
        )
        raise CatalogueError([f"OLD: expected a device like door-1, or an address of one, got {got}"])
    return found.pop()


def _latest(timeline: Mapping[datetime, State]) -> State:
    return timeline[max(timeline)] if timeline else None


def _addresses(
    body: Mapping[str, object], timeline: Mapping[datetime, State], swap: Swap
) -> tuple[str, tuple[str, ...]]:
    """The route concerned, and the addresses on it that end."""
    found: list[tuple[str, str]] = []
    listed = body.get("addresses", [])
    assert isinstance(listed, list)
    found += [(str(one["route"]), str(one["address"])) for one in listed]
    latest = _latest(timeline)
    if latest is not None and "address" in latest:
        gone = {registry.normalise(str(one)) for one in latest["replaces"]}  # type: ignore[attr-defined]  # a list
        found = [one for one in found if registry.normalise(one[1]) not in gone]
        found.append((str(latest["route"]), str(latest["address"])))
    routes = sorted({route for route, _ in found}) or [NATIVE]
    if swap.new is not None and swap.route is None and len(routes) > 1:
        raise CatalogueError([f"--route: expected one of {', '.join(routes)}, got none"])
    route = swap.route or routes[0]
    ends = [address for of, address in found if of == route] if swap.new is not None else []
    return route, tuple(dict.fromkeys(ends))


def _free(entries: registry.Registry, district: str, device: str, route: str, new: str) -> None:
    owner = (
        entries.devices.get((district, new))
        if route == NATIVE
        else entries.by_address.get((route, registry.normalise(new)))
    )
    if owner is not None and (owner.district, owner.id) != (district, device):
        raise CatalogueError(
            [f"NEW: expected an address of its own, got {new!r}, which belongs to {owner.district}/{owner.id}"]
        )
    if not registry.normalise(new):
        raise CatalogueError([f"NEW: expected a name with letters or digits like 24:E1:24, got {new!r}"])


def _shifts(
    connection: psycopg.Connection, district: str, device: str, body: Mapping[str, object], swap: Swap, at: datetime
) -> dict[str, tuple[Decimal, Decimal]]:
    """By public id of each running total: what is added to readings from then on, and what is added before."""
    rows = connection.execute(
        "SELECT id, quantity, channel, public_id FROM ingest.datastream WHERE district = %s AND device = %s ORDER BY 2, 3",
        (district, device),
    ).fetchall()
    vocabulary = quantities.load()
    totals = {
        f"{quantity}.{channel}" if channel else quantity: (stream, quantity, public)
        for stream, quantity, channel, public in rows
        if vocabulary[quantity].kind is Kind.COUNTER
    }
    for option, told in (("--last", swap.last), ("--first", swap.first)):
        for name in told:
            if name not in totals:
                raise CatalogueError(
                    [
                        f"{option}: expected a running total of {device} like energy.import_total, got {name!r}{suggestion(name, sorted(totals))}"
                    ]
                )
    counters = body.get("counters", {})
    assert isinstance(counters, dict)
    shifts = {}
    for name, (stream, quantity, public) in totals.items():
        first = swap.first.get(name, Decimal(0))
        policy = counters.get(quantity, {}).get("policy", "restart")
        earlier = _shift_before(connection, stream, at)
        if name in swap.last:
            shifts[public] = swap.last[name] + earlier - first, earlier
        elif policy == "restart":
            shifts[public] = -first, earlier  # it begins at zero: a fall that the policy knows
        else:
            raise CatalogueError(
                [(f"--last: expected what the old hardware showed like `--last {name}=1234.5`, got none: by the policy"
                 f" {policy!r} of {name} the exchange would count for something else")]
            )  # fmt: skip
    return shifts


def _shift_before(connection: psycopg.Connection, stream: int, at: datetime) -> Decimal:
    """What a correction adds to readings just before an instant."""
    row = connection.execute(
        "SELECT action, addend::text FROM ingest.correction"
        " WHERE datastream_id = %(stream)s AND time_from < %(at)s AND time_to >= %(at)s ORDER BY id DESC LIMIT 1",
        {"stream": stream, "at": at},
    ).fetchone()
    return Decimal(row[1]) if row is not None and row[0] == Action.CALIBRATE and row[1] is not None else Decimal(0)


def told(words: Sequence[str], option: str) -> dict[str, Decimal]:
    """Readings from the command line: ``energy.import_total=1234.5``.

    Raises:
        CatalogueError: one is not written so.
    """
    found = {}
    for word in words:
        name, sign, number = word.partition("=")
        if not sign or not _is_number(number):
            raise CatalogueError(
                [f"{option}: expected a total and its reading like energy.import_total=1234.5, got {word!r}"]
            )
        found[name.strip()] = Decimal(number)
    return found


def _is_number(text: str) -> bool:
    try:
        return Decimal(text).is_finite()
    except ArithmeticError:
        return False

"""Districts to test with: a small one where every case can be followed, and one the size of the demo's."""

from dataclasses import replace

from simulators import physics
from simulators.world import CarPark, Device, Space, World

#: 2026-10-12T00:00:00+08:00, a Monday.
MONDAY = 1_791_734_400
HOUR = 3600
DAY = 86_400

ALL_WEEK = dict.fromkeys(range(7), (36000, 79200))


def small(seed: int = 7, zone: str = "Asia/Shanghai") -> World:
    """One mall with two doors, a passage, a car park, an access point, an incomer with two meters, one station."""
    spaces = [
        Space(id="mall", parent=None, core_public=True, opening=ALL_WEEK),
        Space(id="atrium", parent="mall", core_public=True, opening={}),
    ]
    devices = [
        Device(
            id="door-a", gateway="gw", feed="foot_traffic", role="counter", space="mall", interval_s=120, entrance="a"
        ),
        Device(
            id="door-b",
            gateway="gw",
            feed="foot_traffic",
            role="counter",
            space="mall",
            interval_s=60,
            entrance="b",
            sign=-1,
        ),
        Device(id="passage", gateway="gw", feed="foot_traffic", role="counter", space="atrium", interval_s=300),
        Device(id="gate", gateway="gw", feed="parking", role="gate", space="mall", interval_s=120, car_park="p1"),
        Device(id="count", gateway="gw", feed="parking", role="count", space="mall", interval_s=120, car_park="p1"),
        Device(id="ap-1", gateway="gw", feed="wifi", role="ap", space="atrium", interval_s=300),
        Device(id="incomer", gateway="gw", feed="energy", role="incomer", space="mall", interval_s=300),
        Device(
            id="meter-1",
            gateway="gw",
            feed="energy",
            role="submeter",
            space="atrium",
            interval_s=300,
            submeter_of="incomer",
        ),
        Device(
            id="meter-2",
            gateway="gw",
            feed="energy",
            role="submeter",
            space="mall",
            interval_s=300,
            submeter_of="incomer",
        ),
        Device(id="station", gateway="gw", feed="air_quality", role="station", space="mall", interval_s=300),
    ]
    return World(
        seed=seed,
        district="small",
        zone=zone,
        physics=physics.load(),
        spaces={space.id: space for space in spaces},
        car_parks={"p1": CarPark(id="p1", spaces=120)},
        devices={device.id: device for device in devices},
    )


#: One device of each role: feed, role, interval [s].
ROLES = (
    ("video", "crowd", 600), ("video", "road", 600), ("video", "kitchen", 600), ("video", "watch", 1200),
    ("thermal", "spot", 1200), ("thermal", "screening", 1200),
    ("equipment", "lift", 600), ("equipment", "kiosk", 1200), ("equipment", "service_machine", 1200),
    ("equipment", "aed", 1200), ("equipment", "charger", 600), ("equipment", "locker", 1200),
    ("equipment", "toilet", 600), ("equipment", "light", 1200), ("equipment", "power_cabinet", 1200),
    ("traffic", "road", 600), ("traffic", "taxi_stop", 600), ("traffic", "bicycles", 600),
    ("alarms", "fire", 1200), ("alarms", "intrusion", 1200), ("alarms", "sos", 1200), ("alarms", "crowd", 1200),
    ("deliveries", "dispatch", 1200),
)  # fmt: skip


def busy(seed: int = 7, zone: str = "Asia/Shanghai") -> World:
    """The small district with one device of each role of the other feeds, and a second where two share the people."""
    world = small(seed, zone)
    devices = dict(world.devices)
    for feed, role, interval in ROLES:
        id_ = f"{feed}-{role}".replace("_", "-")
        devices[id_] = Device(id=id_, gateway="gw", feed=feed, role=role, space="mall", interval_s=interval)
    for id_, feed, role, space in (
        ("zone-atrium", "video", "crowd", "atrium"),
        ("zone-plaza", "video", "crowd", "plaza"),
        ("road-2", "traffic", "road", "plaza"),
        ("taxi-2", "traffic", "taxi_stop", "plaza"),
    ):
        devices[id_] = Device(id=id_, gateway="gw", feed=feed, role=role, space=space, interval_s=600)
    spaces = {**world.spaces, "plaza": Space(id="plaza", parent=None, core_public=True, opening={})}
    return replace(
        world, devices=devices, spaces=spaces, carriers=("swift", "lake"), merchants=("noodles", "books", "tea"),
        car_parks={"p1": replace(world.car_parks["p1"], space="mall")},
    )  # fmt: skip


def large(seed: int = 7) -> World:
    """About sixty devices behind four gateways."""
    spaces = {
        id_: Space(id=id_, parent=parent, core_public=True, opening=ALL_WEEK)
        for id_, parent in (("north", None), ("south", None), ("plant-north", "north"), ("plant-south", "south"))
    }
    devices = []
    for side in ("north", "south"):
        devices += [
            Device(
                id=f"door-{side}-{n}",
                gateway=f"gw-{side}",
                feed="foot_traffic",
                role="counter",
                space=side,
                interval_s=60 if (side, n) == ("north", 0) else 120,
                entrance=f"{side}-{n}",
            )
            for n in range(4)
        ]
        devices += [
            Device(id=f"ap-{side}-{n}", gateway=f"gw-{side}", feed="wifi", role="ap", space=side, interval_s=300)
            for n in range(8)
        ]
        devices += [
            Device(
                id=f"meter-{side}-{n}",
                gateway="gw-plant",
                feed="energy",
                role="submeter" if n else "incomer",
                space=f"plant-{side}" if n else side,
                interval_s=300,
                submeter_of=f"meter-{side}-0" if n else None,
            )
            for n in range(6)
        ]
        devices += [
            Device(
                id=f"air-{side}-{n}", gateway="gw-plant", feed="air_quality", role="station", space=side, interval_s=300
            )
            for n in range(3)
        ]
    for n in range(3):
        devices += [
            Device(
                id=f"{role}-{n}",
                gateway="gw-parking",
                feed="parking",
                role=role,
                space="north",
                interval_s=120,
                car_park=f"p{n}",
            )
            for role in ("gate", "count")
        ]
    return World(
        seed=seed,
        district="large",
        zone="Asia/Shanghai",
        physics=physics.load(),
        spaces=spaces,
        car_parks={f"p{n}": CarPark(id=f"p{n}", spaces=300 + 60 * n) for n in range(3)},
        devices={device.id: device for device in devices},
    )

"""Machines: how often they were used."""

from collections.abc import Iterator

import numpy as np

from simulators.draw import Whole
from simulators.feeds.machines import charging, cubicle_uses, uses
from simulators.truth.figure import Truth, summed
from simulators.truth.view import View
from simulators.world import Device

METRICS = ("equipment_sessions",)


def figures(view: View) -> Iterator[Truth]:
    """Uses of everything that counts them, by day and window."""
    machines = view.world.of_role("equipment", "lift", "kiosk", "service_machine", "charger", "toilet")
    if machines:
        begun = np.concatenate([_begun(view, machine) for machine in machines])
        yield from summed(
            view, "equipment_sessions", "district", machines, view.per_hour(begun), grains=("day", "window")
        )


def _begun(view: View, machine: Device) -> Whole:
    if machine.role == "charger":
        return charging(view.world, machine, view.start, view.end).begun
    if machine.role == "toilet":
        return cubicle_uses(view.world, machine, view.start, view.end)[0]
    return uses(view.world, machine, view.start, view.end)

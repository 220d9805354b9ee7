"""Deliveries: what the platforms did in the window, from their trips."""

from collections.abc import Iterator
from fractions import Fraction

from simulators.days import days_between
from simulators.feeds.deliveries import Stop, Trip, trips
from simulators.truth.figure import Truth, coverage, lossy, make
from simulators.truth.view import View, Window

METRICS = ("delivery_on_time_share", "joint_trip_share", "carriers_connected", "joint_trip_merchant_share")


def figures(view: View) -> Iterator[Truth]:
    """On-time share, share of joint trips, carriers with a trip, and merchants that a joint trip served; by window."""
    platforms = view.world.of_feed("deliveries")
    for window in view.windows(("window",)) if platforms else ():
        share, exact = coverage(view, platforms, window), not lossy(view, platforms).any()
        for metric, value in zip(METRICS, _values(view, window), strict=True):
            yield make(window, metric, "district", value, share, exact=bool(exact))


def _values(view: View, window: Window) -> tuple[Fraction | None, ...]:
    world = view.world
    days = days_between(world.zone, window.start, window.end)
    driven = [trip for platform in world.of_feed("deliveries") for day in days for trip in trips(world, platform, day)]
    begun = [trip for trip in driven if window.start <= trip.begins < window.end]
    stops = [(trip, stop) for trip in driven for stop in trip.stops if window.start <= stop.at < window.end]
    aboard = {carrier for trip in begun for carrier in trip.carriers}
    served = {stop.merchant for trip, stop in stops if _joint(trip)}
    return (
        _share(sum(_in_time(stop) for _, stop in stops), len(stops)),
        _share(sum(_joint(trip) for trip in begun), len(begun)),
        Fraction(len(aboard)),
        _share(len(served), len(world.merchants)),
    )


def _joint(trip: Trip) -> bool:
    return len(trip.carriers) > 1


def _in_time(stop: Stop) -> bool:
    return stop.at <= stop.due


def _share(part: int, whole: int) -> Fraction | None:
    return Fraction(part, whole) if whole else None

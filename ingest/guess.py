"""What a device probably is, from what it sends: profile, interval, feed. Proposals for people; stored data are never guessed."""

import itertools
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from typing import NamedTuple

from ingest.formats.report import Report
from ingest.model import Reason
from ingest.profile import Compiled, Profiles, explain, shipped
from ingest.profile.compiled import Element, pattern

#: Formats that carry the output of a LoRaWAN device's codec: a profile for `lorawan` fits each of them.
LORAWAN = frozenset({"chirpstack-v3", "chirpstack-v4", "lorawan-decoded", "milesight-lorawan", "thingpark", "tts-v3"})
#: A profile that knows a smaller share of the keys than this is no proposal. Our choice.
LEAST_KNOWN = 0.5
#: Intervals that people set [s], and how near one must be to be taken for it. Our choice.
ROUND_S = (
    1,
    2,
    5,
    10,
    15,
    20,
    30,
    60,
    120,
    180,
    300,
    600,
    900,
    1200,
    1800,
    3600,
    7200,
    14_400,
    21_600,
    28_800,
    43_200,
    86_400,
)
NEAR = 0.1
#: The feed that most devices with quantities of these names belong to (docs/glossary.md); `state.*` tells nothing.
FEEDS: Mapping[str, str] = {
    "people.": "foot_traffic", "space.": "foot_traffic", "parking.": "parking", "wifi.": "wifi", "energy.": "energy",
    "power.": "energy", "voltage": "energy", "current": "energy", "gas.": "energy", "env.": "air_quality",
    "video.": "video", "vehicles.": "video", "thermal.": "thermal", "equipment.": "equipment", "charger.": "equipment",
    "locker.": "equipment", "toilet.": "equipment", "traffic.": "traffic", "bicycles.": "traffic", "alarm.": "alarms",
}  # fmt: skip


class Candidate(NamedTuple):
    """A profile that may be the right one."""

    profile: str
    matched: int  #: keys of its largest `match` that the message has
    unknown: Sequence[str]  #: key paths that it does not know
    keys: int  #: of the message


def guess(form: str, keys: Iterable[str], profiles: Profiles | None = None) -> str | None:
    """The id of the profile whose `match` and keys fit best, or None."""
    found = candidates(form, keys, profiles)
    return found[0].profile if found else None


def candidates(form: str, keys: Iterable[str], profiles: Profiles | None = None) -> Sequence[Candidate]:
    """Profiles whose `match` and keys fit, the best first.

    Args:
        form: name of the wire format.
        keys: key paths of one or more messages of one device; with their values (a mapping), profiles that refuse one
            are left out.
        profiles: those to choose from; default: the shipped ones.
    """
    profiles = shipped() if profiles is None else profiles
    names = set(keys)
    values = keys if isinstance(keys, Mapping) else None
    found: list[tuple[tuple[int, float, int], Candidate]] = []
    for name, compiled in sorted(_candidates(form, profiles)):
        here = names | _within(compiled, names) if compiled.spec.lists else names
        matched = max((len(wanted) for wanted in compiled.spec.match if _has(here, wanted)), default=0)
        if not matched:
            continue
        unknown = sorted(key for key in names if not _known(compiled, key))
        known = len(names) - len(unknown)
        if known < LEAST_KNOWN * len(names) or (values is not None and not _takes(compiled, values)):
            continue
        # Of two that know the same keys, the one that was made for fewer others.
        rank = matched, known / len(names), -len(compiled.spec.keys)
        found.append((rank, Candidate(name, matched, unknown, len(names))))
    return [candidate for _, candidate in sorted(found, key=lambda entry: entry[0], reverse=True)]


def fits(formats: tuple[str, ...], form: str) -> bool:
    """Whether a profile for these formats (none: any) is one for `form`."""
    return not formats or form in formats or ("lorawan" in formats and form in LORAWAN)


def _candidates(form: str, profiles: Profiles) -> Iterable[tuple[str, Compiled]]:
    return ((name, profiles[name]) for name in profiles if fits(profiles.spec(name).formats, form))


def _within(compiled: Compiled, names: set[str]) -> set[str]:
    """Keys of elements of declared lists that mean what they mean outside: a message may hold nothing but its history."""
    found = (compiled.entry(name) for name in names)
    return {entry.rest for entry in found if isinstance(entry, Element) and entry.spec.keys is None}


def _has(names: set[str], wanted: Iterable[str]) -> bool:
    return all(
        key in names if "*" not in key else any(pattern(key).fullmatch(name) for name in names) for key in wanted
    )


def _known(compiled: Compiled, key: str) -> bool:
    entry = compiled.entry(key)
    return entry.known if isinstance(entry, Element) else entry is not None


def _takes(compiled: Compiled, values: Mapping[str, object]) -> bool:
    problems = explain(Report("", None, values), compiled).problems
    return all(reason is Reason.UNIT_UNDECLARED for reason, _ in problems)


def interval_s(times: Iterable[int]) -> int | None:
    """The time between two reports that a device probably keeps [s]; None: it was met less than three times.

    The middle one of the distances between its times [µs], so that lost messages and one sent out of turn do not count; a
    round one where that is near.

    >>> interval_s([0, 60_400_000, 119_900_000, 300_100_000])
    60
    """
    known = sorted(set(times))
    if len(known) < 3:
        return None
    steps = sorted(later - earlier for earlier, later in itertools.pairwise(known))
    seconds = steps[(len(steps) - 1) // 2] / 1_000_000
    near = min(ROUND_S, key=lambda usual: abs(usual - seconds))
    return near if abs(near - seconds) <= NEAR * near else max(1, round(seconds))


def feed(quantities: Iterable[str]) -> str | None:
    """The feed of a device that sends these quantities: that of most of them; None: they tell nothing of it."""
    votes = Counter(name for quantity in quantities for start, name in FEEDS.items() if quantity.startswith(start))
    return votes.most_common(1)[0][0] if votes else None

"""Which profile a device probably needs, from the keys it sends. A proposal for people; stored data are never guessed."""

from collections.abc import Iterable, Mapping

from ingest.formats.report import Report
from ingest.model import Reason
from ingest.profile import Compiled, Profiles, explain, shipped
from ingest.profile.compiled import Element, pattern

#: Formats that carry the output of a LoRaWAN device's codec: a profile for `lorawan` fits each of them.
LORAWAN = frozenset({"chirpstack-v3", "chirpstack-v4", "lorawan-decoded", "milesight-lorawan", "thingpark", "tts-v3"})
#: A profile that knows a smaller share of the keys than this is no proposal. Our choice.
LEAST_KNOWN = 0.5


def guess(form: str, keys: Iterable[str], profiles: Profiles | None = None) -> str | None:
    """The id of the profile whose `match` and keys fit best, or None.

    Args:
        form: name of the wire format.
        keys: key paths of one or more messages of one device; with their values (a mapping), profiles that refuse one
            are left out.
        profiles: those to choose from; default: the shipped ones.
    """
    profiles = shipped() if profiles is None else profiles
    names = set(keys)
    values = keys if isinstance(keys, Mapping) else None
    best: tuple[int, float, int] | None = None
    found = None
    for name, compiled in sorted(_candidates(form, profiles)):
        matched = max((len(wanted) for wanted in compiled.spec.match if _has(names, wanted)), default=0)
        if not matched:
            continue
        known = sum(_known(compiled, key) for key in names)
        if known < LEAST_KNOWN * len(names) or (values is not None and not _takes(compiled, values)):
            continue
        # Of two that know the same keys, the one that was made for fewer others.
        rank = matched, known / len(names), -len(compiled.spec.keys)
        if best is None or rank > best:
            best, found = rank, name
    return found


def fits(formats: tuple[str, ...], form: str) -> bool:
    """Whether a profile for these formats (none: any) is one for `form`."""
    return not formats or form in formats or ("lorawan" in formats and form in LORAWAN)


def _candidates(form: str, profiles: Profiles) -> Iterable[tuple[str, Compiled]]:
    return ((name, profiles[name]) for name in profiles if fits(profiles.spec(name).formats, form))


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

"""All device profiles at hand: those that are shipped, and those of a folder of the user's own, which win."""

import dataclasses
from collections.abc import Iterable, Iterator, Mapping
from functools import cache
from importlib import resources
from pathlib import Path

from ingest import quantities
from ingest.formats import FORMATS
from ingest.model import Kind
from ingest.profile.compiled import Compiled
from ingest.profile.rules import ProfileError
from ingest.profile.spec import Profile
from ingest.yaml_document import DocumentError, parse, suggestion

#: In `formats`: any of those that carry the output of a LoRaWAN device's codec.
LORAWAN = "lorawan"


class Profiles(Mapping[str, Compiled]):
    """Profiles by id; made ready for use when first asked for."""

    def __init__(self, specs: Mapping[str, Profile]) -> None:
        self._specs = specs
        self._compiled: dict[str, Compiled] = {}

    def __getitem__(self, name: str) -> Compiled:
        found = self._compiled.get(name)
        if found is None:
            found = self._compiled[name] = Compiled(extended(self._specs[name], self._specs))
        return found

    def __iter__(self) -> Iterator[str]:
        return iter(self._specs)

    def __len__(self) -> int:
        return len(self._specs)

    def spec(self, name: str) -> Profile:
        """The document of a profile as it stands in its file."""
        return self._specs[name]

    def with_folder(self, folder: Path) -> "Profiles":
        """These and those in a folder, which win over those of the same id.

        Raises:
            DocumentError: a file is wrong; nothing of the folder is taken.
        """
        return self.with_files(sorted(folder.glob("*.yaml")))

    def with_files(self, files: Iterable[Path]) -> "Profiles":
        """These and those of some files."""
        own: dict[str, Profile] = {}
        for file in files:
            profile = read(file.read_text(encoding="utf-8"), str(file))
            if profile.id != file.stem:
                raise DocumentError([f"{file} $.id: expected the file's name {file.stem!r}, got {profile.id!r}"])
            own[profile.id] = profile
        together = Profiles({**self._specs, **own})
        for name in own:
            checked(name, together, f"{name}.yaml")
        return together


@cache
def shipped() -> Profiles:
    """The profiles of ingest/profiles; read once per process, each checked when it is first used."""
    folder = resources.files("ingest").joinpath("profiles")
    files = sorted((entry for entry in folder.iterdir() if entry.name.endswith(".yaml")), key=lambda entry: entry.name)
    specs = (read(entry.read_text(encoding="utf-8"), entry.name) for entry in files)
    return Profiles({spec.id: spec for spec in specs})


def read(text: str, name: str) -> Profile:
    """The document of a profile.

    Raises:
        DocumentError: names the file, the key, what was expected and what stood there.
    """
    return parse(text, Profile, name)


def checked(name: str, profiles: Profiles, file: str) -> Compiled:
    """The profile of an id, with all it says checked against the vocabulary.

    Raises:
        DocumentError: names the file, the key, what was expected and what stood there.
    """
    try:
        compiled = profiles[name]
    except ProfileError as error:
        raise DocumentError([f"{file} ${error}"]) from error
    problems = [f"{file} ${problem}" for problem in _problems(compiled.spec)]
    if problems:
        raise DocumentError(problems)
    return compiled


def extended(profile: Profile, specs: Mapping[str, Profile]) -> Profile:
    """A profile with what it takes over from the one it extends."""
    if profile.extends is None:
        return profile
    rest = {name: spec for name, spec in specs.items() if name != profile.id}
    if profile.extends not in rest:
        hint = suggestion(profile.extends, list(rest))
        raise ProfileError(f".extends: expected the id of another profile, got {profile.extends!r}{hint}")
    # A profile that extends itself through others is not found among the rest.
    parent = extended(rest[profile.extends], rest)
    return dataclasses.replace(
        profile,
        extends=None,
        formats=profile.formats or parent.formats,
        keys={**parent.keys, **profile.keys},
        lists={**parent.lists, **profile.lists},
        ignore=tuple(dict.fromkeys((*profile.ignore, *(key for key in parent.ignore if key not in profile.keys)))),
        time=profile.time or parent.time,
        good={**parent.good, **profile.good},
        primary={**parent.primary, **profile.primary},
        counters={**parent.counters, **profile.counters},
    )


def _problems(profile: Profile) -> Iterator[str]:
    """Contradictions with the vocabulary and the formats, each from its key path on."""
    vocabulary = quantities.load()
    for place, form in enumerate(profile.formats):
        if form not in {LORAWAN, *FORMATS}:
            hint = suggestion(form, [LORAWAN, *FORMATS]) or f"; known: {LORAWAN}, {', '.join(FORMATS)}"
            yield f".formats[{place}]: expected a format like chirpstack-v4, got {form!r}{hint}"
    for flow, name in profile.primary.items():
        if name not in vocabulary or vocabulary[name].flow != flow:
            known = ", ".join(view.name for view in quantities.views(flow))
            yield f".primary.{flow}: expected a view of the flow ({known or 'no such flow'}), got {name!r}"
    for name, counter in profile.counters.items():
        if name not in vocabulary or vocabulary[name].kind is not Kind.COUNTER:
            yield f".counters.{name}: expected a counter of the vocabulary{suggestion(name, _counters())}"
        elif (counter.wrap is None) == (counter.policy.value == "wrap"):
            yield f".counters.{name}.wrap: expected a limit for the policy `wrap`, and for no other"


def _counters() -> list[str]:
    return [name for name, quantity in quantities.load().items() if quantity.kind is Kind.COUNTER]

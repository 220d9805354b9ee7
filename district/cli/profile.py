"""`district profile`: device profiles, those that are shipped and one's own."""

from pathlib import Path
from typing import Annotated

import typer

from district.settings import SettingsError, current
from ingest.profile import Compiled, Profiles, checked, shipped
from ingest.profile.examples import mistakes
from ingest.yaml_document import DocumentError, suggestion

app = typer.Typer(no_args_is_help=True)


def own_profiles() -> Profiles:
    """The shipped profiles with those of the folder that the settings name.

    Raises:
        SettingsError: there is no such folder.
    """
    folder = current().profiles
    if folder is None:
        return shipped()
    if not Path(folder).is_dir():
        raise SettingsError(f"$.profiles: expected a folder of profiles, got {folder!r}; see district/sample.yaml")
    return shipped().with_folder(Path(folder))


def named_profile(name: str | None, profiles: Profiles) -> Compiled | None:
    """The profile of an id, or in a file.

    Raises:
        DocumentError: there is none, or it is wrong.
    """
    if name is None:
        return None
    if name.endswith((".yaml", ".yml")):
        return _of_file(Path(name), profiles)
    if name not in profiles:
        raise DocumentError([f"--profile: expected an id or a file, got {name!r}{suggestion(name, list(profiles))}"])
    return checked(name, profiles, f"{name}.yaml")


def _of_file(file: Path, profiles: Profiles) -> Compiled:
    if not file.is_file():
        raise DocumentError([f"{file}: expected a file with a device profile, found none"])
    together = profiles.with_files([file])
    return together[file.stem]


@app.command("list")
def list_profiles() -> None:
    """Print id, formats and title of every profile."""
    profiles = own_profiles()
    width = max(map(len, profiles))
    for name in sorted(profiles):
        spec = profiles.spec(name)
        typer.echo(f"{name:{width}}  {','.join(spec.formats) or 'any':24}  {spec.title}")


@app.command("test")
def run_examples(
    files: Annotated[list[Path] | None, typer.Argument(help="Profiles in files; none: all that are known.")] = None,
) -> None:
    """Run the examples in profiles; exit status 1 where one does not come out as it says."""
    profiles = own_profiles()
    if files:
        chosen = [(str(file), _of_file(file, profiles)) for file in files]
    else:
        chosen = [(name, checked(name, profiles, f"{name}.yaml")) for name in sorted(profiles)]
    wrong = 0
    for name, compiled in chosen:
        count = 0
        for example, problems in mistakes(compiled):
            count += 1
            wrong += bool(problems)
            for problem in problems:
                typer.echo(f"{name}: {example.title}: {problem}")
        if files:
            typer.echo(f"{name}: {count} example{'s' if count != 1 else ''}" + ("" if count else ": write one"))
    if wrong:
        typer.echo(f"{wrong} example{'s do' if wrong != 1 else ' does'} not come out as written", err=True)
        raise typer.Exit(1)

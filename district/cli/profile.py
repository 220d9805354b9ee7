"""`district profile`: device profiles, those that are shipped and one's own."""

import re
import sys
from pathlib import Path
from typing import Annotated

import orjson
import typer

from district.settings import SettingsError, current
from ingest.formats import FORMATS
from ingest.formats.redaction import own
from ingest.formats.report import Report, Sent
from ingest.formats.unit_words import ucum
from ingest.guess import LORAWAN, candidates
from ingest.model import PayloadError
from ingest.profile import Compiled, Profiles, checked, shipped
from ingest.profile.examples import mistakes
from ingest.yaml_document import DocumentError, suggestion

app = typer.Typer(no_args_is_help=True)
#: Candidates that are shown, and keys that YAML takes without quotes.
_MOST, _PLAIN = 5, re.compile(r"[A-Za-z_][A-Za-z0-9_.]*")


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


@app.command("guess")
def guess_profile(
    file: Annotated[str, typer.Argument(help="File with one payload, or '-'.")],
    form: Annotated[str, typer.Option("--format", help=f"One of {', '.join(sorted(FORMATS))}.")],
    topic: Annotated[str, typer.Option(help="Topic of the message.")] = "",
) -> None:
    """Print the profiles that fit a message, the likeliest first; where none does, the start of one.

    A proposal for people: stored data are never guessed.
    """
    payload = sys.stdin.buffer.read() if file == "-" else Path(file).read_bytes()
    if form not in FORMATS:
        raise DocumentError([f"--format: expected one of {', '.join(sorted(FORMATS))}, got {form!r}"])
    try:
        reports = FORMATS[form].decode(Sent(topic, payload)).reports
    except PayloadError as error:
        raise DocumentError([f"{file}: {error.reason.value}: {error.detail}"]) from error
    if not reports:
        typer.echo("this format itself says what the message means: it needs no profile")
        return
    profiles = own_profiles()
    for report in reports:
        fitting = candidates(form, report.values, profiles)
        for one in fitting[:_MOST]:
            rest = f"; unknown: {', '.join(one.unknown)}" if one.unknown else ""
            typer.echo(f"{one.profile}: knows {one.keys - len(one.unknown)} of {one.keys} keys{rest}")
        if not fitting:
            typer.echo(_start(form, report))


def _start(form: str, report: Report) -> str:
    """The start of a profile: its keys, with what was sent under them."""
    lines = ["# no profile fits; give each key a quantity and a unit, or put it under `ignore`"]
    lines += ["id: acme-hall-9", "title: Acme Hall 9", f"formats: [{'lorawan' if form in LORAWAN else form}]", "keys:"]
    for key, value in report.values.items():
        unit = f", unit: {orjson.dumps(ucum(report.units[key])).decode()}" if key in report.units else ""
        name = key if _PLAIN.fullmatch(key) else orjson.dumps(key).decode()
        lines.append(f"  {name}: {{quantity: ?{unit}}}   # {own(value)!s:.60}")
    return "\n".join(lines)


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

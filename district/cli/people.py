"""`district people`: accounts for the pages."""

import getpass
import sys
from dataclasses import asdict
from typing import Annotated

import orjson
import psycopg
import typer

from district.access import people
from district.access.roles import EVERYWHERE, Role
from district.cli.keys import roles_said
from district.settings import current

app = typer.Typer(no_args_is_help=True)

Id = Annotated[str, typer.Argument(help="What the person logs in with, like wang.fang.")]
Stdin = Annotated[bool, typer.Option("--password-stdin", help="Read the password from standard input.")]


@app.command()
def add(
    number: Id,
    name: Annotated[str, typer.Option(help="As it stands beside what the person decides, like 'Wang Fang'.")],
    role: Annotated[Role, typer.Option(help="What the person may do: each may do all that those before it may.")],
    district: Annotated[
        list[str] | None, typer.Option(help="Only in this district; several times for several. Without it in all.")
    ] = None,
    password_stdin: Stdin = False,
    who: Annotated[str | None, typer.Option(help="Who makes it; default: the user at the terminal.")] = None,
) -> None:
    """Make an account; the password is asked for and stored as its Argon2id hash."""
    password = _password(from_stdin=password_stdin)
    with psycopg.connect(current().database.url) as connection:
        people.add(
            connection, number, name, password, dict.fromkeys(district or [EVERYWHERE], role),
            who=who or getpass.getuser(),
        )  # fmt: skip
    typer.echo(f"{number} may log in")


@app.command("list")
def list_(json: Annotated[bool, typer.Option("--json", help="One JSON object a line.")] = False) -> None:
    """Show accounts, removed ones too."""
    with psycopg.connect(current().database.url) as connection:
        found = people.every(connection)
    if not found and not json:
        typer.echo("no account yet; `district people add ID --name NAME --role viewer` makes one")
    for person in found:
        state = ", removed" if person.removed_at else ""
        typer.echo(
            orjson.dumps(asdict(person)).decode()
            if json
            else f"{person.id}  {person.name}  {roles_said(person.roles) or 'no role'}{state}"
        )


@app.command()
def role(
    number: Id,
    role: Annotated[Role | None, typer.Argument(help="The role; none: take it away.", show_default=False)] = None,
    district: Annotated[str, typer.Option(help="In this district; * stands for all.")] = EVERYWHERE,
) -> None:
    """Give a person another role in a district, or none; it holds from the next request on."""
    with psycopg.connect(current().database.url) as connection:
        people.grant(connection, number, district, role)
    typer.echo(f"{number}: {role or 'no role'} in {'all' if district == EVERYWHERE else district}")


@app.command()
def password(number: Id, password_stdin: Stdin = False) -> None:
    """Set a new password; whoever is logged in under the old one is logged out."""
    text = _password(from_stdin=password_stdin)
    with psycopg.connect(current().database.url) as connection:
        people.set_password(connection, number, text)
    typer.echo(f"{number} has a new password")


@app.command()
def remove(number: Id) -> None:
    """Let a person log in no more; what the person decided goes on naming them."""
    with psycopg.connect(current().database.url) as connection:
        people.remove(connection, number)
    typer.echo(f"{number} is removed")


def _password(*, from_stdin: bool) -> str:
    if from_stdin:
        return sys.stdin.readline().rstrip("\n")
    text: str = typer.prompt("Password", hide_input=True, confirmation_prompt=True)
    return text

"""`district keys`: what programs show to the HTTP service."""

import getpass
from dataclasses import asdict
from datetime import UTC, datetime
from typing import Annotated

import orjson
import psycopg
import typer

from district.access import keys
from district.access.roles import EVERYWHERE, Role
from district.cli.windows import instant
from district.settings import current

app = typer.Typer(no_args_is_help=True)


@app.command()
def create(
    name: Annotated[str, typer.Argument(help="What it is for, like grafana.")],
    role: Annotated[Role, typer.Option(help="What it may do: each may do all that those before it may.")],
    district: Annotated[
        list[str] | None, typer.Option(help="Only in this district; several times for several. Without it in all.")
    ] = None,
    expires: Annotated[str | None, typer.Option(help="Refused from then on: a date in UTC, or an instant.")] = None,
    who: Annotated[str | None, typer.Option(help="Who makes it; default: the user at the terminal.")] = None,
) -> None:
    """Make a key and print it. It is stored nowhere: what is lost is revoked and made anew."""
    with psycopg.connect(current().database.url) as connection:
        text = keys.create(
            connection, name, dict.fromkeys(district or [EVERYWHERE], role), who=who or getpass.getuser(),
            expires_at=instant(expires),
        )  # fmt: skip
    typer.echo(text)
    typer.echo("shown this once; send it as `Authorization: Bearer KEY`", err=True)


@app.command("list")
def list_(json: Annotated[bool, typer.Option("--json", help="One JSON object a line.")] = False) -> None:
    """Show keys, with what each may do; the keys themselves are stored nowhere."""
    with psycopg.connect(current().database.url) as connection:
        found = keys.every(connection)
    if not found and not json:
        typer.echo("no key yet; `district keys create NAME --role viewer` makes one")
    for key in found:
        typer.echo(orjson.dumps(asdict(key)).decode() if json else _line(key, datetime.now(UTC)))


@app.command()
def revoke(number: Annotated[str, typer.Argument(help="Id from `keys list`; it stands in the key too.")]) -> None:
    """Refuse a key from now on."""
    with psycopg.connect(current().database.url) as connection:
        keys.revoke(connection, number)
    typer.echo(f"key {number} is revoked")


def roles_said(roles: dict[str, str]) -> str:
    """Roles in one line.

    >>> roles_said({"*": "viewer", "lakeside": "operator"})
    'viewer in all, operator in lakeside'
    """
    return ", ".join(f"{role} in {'all' if place == EVERYWHERE else place}" for place, role in sorted(roles.items()))


def _line(key: keys.Key, now: datetime) -> str:
    if key.revoked_at:
        state = f"revoked {key.revoked_at.astimezone(UTC):%Y-%m-%d}"
    elif key.expires_at and key.expires_at <= now:
        state = f"expired {key.expires_at.astimezone(UTC):%Y-%m-%d}"
    else:
        state = f"last used {key.last_used_on or 'never'}"
    return f"{key.id}  {key.name}  {roles_said(key.roles)}  made {key.created_at.astimezone(UTC):%Y-%m-%d} by {key.created_by}, {state}"

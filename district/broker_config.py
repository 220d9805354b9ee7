"""Mosquitto's configuration, password and ACL files from the catalogue: a gateway may publish below its own id only."""

import base64
import csv
import hashlib
import os
import secrets
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

from district.embedded.broker import shipped_configuration
from ingest.registry import Registry
from ingest.topics import RouteSpec

#: PBKDF2 with SHA-512, as mosquitto_passwd 2.0 writes it: rounds, bytes of salt.
ROUNDS, SALT = 101, 12
CREDENTIALS = "credentials.csv"


def write(
    folder: Path,
    registry: Registry,
    routes: Sequence[RouteSpec],
    *,
    collector: str,
    port: int,
    password: str | None = None,
) -> list[str]:
    """Write mosquitto.conf, users, acl and credentials.csv; returns the names of users that are new.

    Passwords of an earlier run stay: credentials.csv has them, for the owner only.

    Args:
        folder: made when missing.
        registry: what is registered now.
        routes: foreign topic trees.
        collector: user of the collector.
        port: TCP port on 127.0.0.1.
        password: the collector's; None: as before, or drawn.
    """
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    known = _credentials(folder / CREDENTIALS)
    users = [collector, *(gateway_user(*gateway) for gateway in sorted(registry.gateways))]
    drawn = {user: known.get(user) or secrets.token_urlsafe(24) for user in users}
    if password is not None:
        drawn[collector] = password
    _put(folder / CREDENTIALS, "".join(f"{user},{word}\n" for user, word in drawn.items()))
    _put(folder / "users", "".join(f"{user}:{hashed(word)}\n" for user, word in drawn.items()))
    _put(folder / "acl", "\n".join(acl(registry, routes, collector)) + "\n")
    configuration = shipped_configuration().replace("@PORT@", str(port)).replace("@FOLDER@", str(folder))
    _put(folder / "mosquitto.conf", f"{configuration.rstrip()}\n\nacl_file {folder / 'acl'}\n")
    return [user for user in users if user not in known]


def gateway_user(district: str, gateway: str) -> str:
    """The name under which a gateway connects."""
    return f"{district}.{gateway}"


def acl(registry: Registry, routes: Sequence[RouteSpec], collector: str) -> Iterator[str]:
    """The lines of Mosquitto's ACL file; what no line grants is denied."""
    yield "# Made from the catalogue by `district broker config`; a change there is a change here."
    yield f"user {collector}"
    yield "topic read district/v1/#"
    yield "topic write district/v1-receipt/#"
    yield "topic write district/v1-collector/#"
    yield "topic read $SYS/#"
    for route in routes:
        yield f"topic read {route.subscription()}"
        if route.commands:
            yield f"topic write {route.topic.split('/')[0]}/#"
    for district, gateway in sorted(registry.gateways):
        yield f"\nuser {gateway_user(district, gateway)}"
        yield f"topic write district/v1/{district}/{gateway}/#"
        yield f"topic read district/v1-receipt/{district}/{gateway}"
        for route in routes:
            if route.district == district and route.gateway in {None, gateway}:
                own = "/".join(gateway if level == "{gateway}" else level for level in route.topic.split("/"))
                yield f"topic write {route._replace(topic=own).subscription()}"


def hashed(password: str) -> str:
    """A password as Mosquitto keeps it."""
    salt = os.urandom(SALT)
    digest = hashlib.pbkdf2_hmac("sha512", password.encode(), salt, ROUNDS)
    return f"$7${ROUNDS}${base64.b64encode(salt).decode()}${base64.b64encode(digest).decode()}"


def _credentials(file: Path) -> Mapping[str, str]:
    if not file.exists():
        return {}
    with file.open(encoding="utf-8", newline="") as lines:
        return {row[0]: row[1] for row in csv.reader(lines) if len(row) == 2}


def _put(file: Path, text: str) -> None:
    file.touch(0o600)
    file.chmod(0o600)
    file.write_text(text, encoding="utf-8")

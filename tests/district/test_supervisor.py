"""The supervisor with real processes."""

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path

import pytest

from district import supervisor as module
from district.supervisor import BACKOFF_FIRST_S, Program, Supervisor

FOREVER = "import threading; threading.Event().wait()"


@pytest.fixture
def supervisor() -> Iterator[Supervisor]:
    running = Supervisor()
    yield running
    running.stop()


def python(name: str, code: str) -> Program:
    return Program(name=name, command=[sys.executable, "-c", code])


def wait_for(condition: Callable[[], object]) -> None:
    deadline = time.monotonic() + 20
    while not condition():
        assert time.monotonic() < deadline
        time.sleep(0.01)


def alive(pid: int) -> bool:
    """Whether a process runs; one that nobody has waited for yet does not."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()[0] != "Z"
    except OSError:
        return False


def test_a_program_that_was_killed_is_started_again(supervisor: Supervisor) -> None:
    supervisor.add(python("collect", FOREVER))
    wait_for(lambda: supervisor.pid("collect"))
    first = supervisor.pid("collect")
    assert first
    os.kill(first, signal.SIGKILL)
    wait_for(lambda: supervisor.pid("collect") not in {None, first})
    assert supervisor.restarts("collect") == 1


def test_the_wait_doubles_while_a_program_keeps_crashing(
    supervisor: Supervisor, monkeypatch: pytest.MonkeyPatch
) -> None:
    supervisor.add(python("collect", "raise SystemExit(3)"))
    wait_for(lambda: supervisor.restarts("collect") == 2)
    assert supervisor._children[0].backoff == 4 * BACKOFF_FIRST_S
    monkeypatch.setattr(module, "STABLE_S", 0.0)
    wait_for(lambda: supervisor.restarts("collect") == 3)
    assert supervisor._children[0].backoff == 2 * BACKOFF_FIRST_S, "it had stayed up long enough"


def test_a_command_that_does_not_exist_leaves_the_others_running(supervisor: Supervisor) -> None:
    supervisor.add(Program(name="wrong", command=["/no/such/command"]))
    supervisor.add(python("right", FOREVER))
    wait_for(lambda: supervisor.restarts("wrong") == 2)
    assert supervisor.pid("right")


def has_length(file: Path, length: int) -> bool:
    return file.exists() and len(file.read_text()) == length


def test_programs_stop_in_the_reverse_order_of_their_start(tmp_path: Path) -> None:
    log = tmp_path / "log"
    code = f"""
import signal, sys
def over(*_):
    with open({str(log)!r}, "a") as file: file.write("-" + sys.argv[1])
    sys.exit()
signal.signal(signal.SIGTERM, over)
with open({str(log)!r}, "a") as file: file.write("+" + sys.argv[1])
while True: signal.pause()
"""
    running = Supervisor()
    for number, name in enumerate("abc", start=1):
        running.add(Program(name=name, command=[sys.executable, "-c", code, name]))
        wait_for(partial(has_length, log, 2 * number))
    assert running.stop() == 0
    assert log.read_text() == "+a+b+c-c-b-a"


def test_a_program_that_ignores_sigterm_is_killed_and_counted(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "GRACE_S", 0.3)
    ready = tmp_path / "ready"
    running = Supervisor()
    running.add(
        python("deaf", f"import signal; signal.signal(15, signal.SIG_IGN); open({str(ready)!r}, 'w'); {FOREVER}")
    )
    wait_for(ready.exists)
    pid = running.pid("deaf")
    assert pid
    assert running.stop() == 1
    assert not alive(pid)


def started(tmp_path: Path, child: str) -> tuple[subprocess.Popen[str], list[int]]:
    """A supervisor in a process of its own with two children, and their process ids."""
    code = f"""
import sys
from district.supervisor import Program, run
sys.exit(run([Program(name=name, command=[sys.executable, "-c", {child!r}, name]) for name in ("one", "two")]))
"""
    process = subprocess.Popen([sys.executable, "-c", code], stderr=subprocess.PIPE, text=True)
    assert process.stderr is not None
    lines = sorted(process.stderr.readline() for _ in range(2))
    assert [line[:11] for line in lines] == ["     one | ", "     two | "]
    return process, [int(line[11:]) for line in lines]


CHILD = """
import os, sys, threading
from district.supervisor import die_with_supervisor
die_with_supervisor()
print(os.getpid(), flush=True)
threading.Event().wait()
"""


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_a_signal_stops_everything_in_order(tmp_path: Path, number: signal.Signals) -> None:
    process, pids = started(tmp_path, CHILD)
    with process:
        process.send_signal(number)
        assert process.wait(20) == 0
    assert not any(map(alive, pids))


def test_no_child_survives_a_sigkill_of_the_supervisor(tmp_path: Path) -> None:
    process, pids = started(tmp_path, CHILD)
    with process:
        assert all(map(alive, pids))
        process.kill()
    wait_for(lambda: not any(map(alive, pids)))


def test_a_child_whose_supervisor_is_already_gone_does_not_start() -> None:
    environment = {**os.environ, module.SUPERVISED: "1"}
    code = "from district.supervisor import die_with_supervisor; die_with_supervisor()"
    result = subprocess.run([sys.executable, "-c", code], env=environment, capture_output=True, text=True, check=False)
    assert result.returncode == 1
    assert "the supervisor is gone" in result.stderr

"""Runs the processes of one machine: restarts what crashes, stops in order, and never leaves one behind."""

import ctypes
import logging
import os
import random
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import IO

logger = logging.getLogger(__name__)

#: Tells a child that it has a supervisor, and which.
SUPERVISED = "DISTRICT_SUPERVISED"
BACKOFF_FIRST_S, BACKOFF_LAST_S = 0.5, 30.0
#: A process that stayed up this long starts with a short wait again.
STABLE_S = 60.0
GRACE_S = 15.0
_PR_SET_PDEATHSIG = 1


@dataclass(frozen=True, slots=True, kw_only=True)
class Program:
    """One process to keep running."""

    name: str
    command: Sequence[str]
    environment: Mapping[str, str] = field(default_factory=dict)


@dataclass(slots=True)
class _Child:
    program: Program
    process: subprocess.Popen[bytes] | None = None
    started: float = 0.0
    due: float = 0.0
    backoff: float = BACKOFF_FIRST_S
    restarts: int = 0


class Supervisor:
    """Keeps programs running from a thread of its own, which also starts them.

    A child asks the kernel for a signal when the thread that started it ends (`die_with_supervisor`), so this thread
    lives as long as the children do: not even a SIGKILL of the supervisor leaves one behind.
    """

    def __init__(self) -> None:
        self._children: list[_Child] = []
        self._changed = threading.Condition()
        self._stopping = False
        self._killed = 0
        self._thread = threading.Thread(target=self._watch, name="supervisor", daemon=True)
        self._thread.start()

    def add(self, program: Program) -> None:
        """Start a program and keep it running; programs stop in the reverse order of their adding."""
        with self._changed:
            self._children.append(_Child(program))
            self._changed.notify_all()

    def restarts(self, name: str) -> int:
        """How often the program was started again."""
        return next(child.restarts for child in self._children if child.program.name == name)

    def pid(self, name: str) -> int | None:
        """The process id of a program that runs."""
        child = next(child for child in self._children if child.program.name == name)
        return child.process.pid if child.process and child.process.poll() is None else None

    def stop(self) -> int:
        """Stop all programs in reverse order; returns how many had to be killed after the time of grace."""
        with self._changed:
            self._stopping = True
            self._changed.notify_all()
        self._thread.join()
        return self._killed

    def _watch(self) -> None:
        while True:
            with self._changed:
                if self._stopping:
                    break
                for child in self._children:
                    self._look_after(child)
                self._changed.wait(0.1)
        for child in reversed(self._children):
            self._end(child)

    def _look_after(self, child: _Child) -> None:
        now = time.monotonic()
        if child.process is None:
            if now >= child.due:
                self._start(child)
            return
        code = child.process.poll()
        if code is None:
            return
        if now - child.started >= STABLE_S:
            child.backoff = BACKOFF_FIRST_S
        self._put_off(child, f"ended with {code}")

    def _put_off(self, child: _Child, why: str) -> None:
        """Start it again after a wait that doubles with every crash."""
        wait = child.backoff * random.uniform(0.5, 1.0)  # noqa: S311 - jitter, not a secret
        child.backoff = min(child.backoff * 2, BACKOFF_LAST_S)
        logger.warning("%s %s; starting it again in %.1f s", child.program.name, why, wait)
        child.process, child.due = None, time.monotonic() + wait
        child.restarts += 1

    def _start(self, child: _Child) -> None:
        environment = {**os.environ, **child.program.environment, SUPERVISED: str(os.getpid())}
        child.started = time.monotonic()
        try:
            child.process = subprocess.Popen(
                child.program.command,
                env=environment,
                stdin=subprocess.DEVNULL,
                stdout=subprocess.PIPE,
                stderr=subprocess.STDOUT,
                # Ctrl-C at the terminal goes to the supervisor alone, which then stops its children in order.
                start_new_session=True,
            )
        except OSError as error:
            # An exception here would end the thread that looks after all the others.
            self._put_off(child, f"did not start ({error})")
            return
        if child.process.stdout is not None:
            threading.Thread(target=_pass_on, args=(child.program.name, child.process.stdout), daemon=True).start()

    def _end(self, child: _Child) -> None:
        if child.process is None or child.process.poll() is not None:
            return
        child.process.terminate()
        try:
            child.process.wait(GRACE_S)
        except subprocess.TimeoutExpired:
            logger.warning("%s did not stop within %.0f s and was killed", child.program.name, GRACE_S)
            child.process.kill()
            child.process.wait()
            self._killed += 1


def run(programs: Sequence[Program]) -> int:
    """Run programs until SIGTERM or SIGINT; the exit code is 1 when one had to be killed."""
    over = threading.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: over.set())
    supervisor = Supervisor()
    for program in programs:
        supervisor.add(program)
    over.wait()
    return 1 if supervisor.stop() else 0


def die_with_supervisor() -> None:
    """In a supervised child: ask the kernel for SIGTERM when the supervisor dies, however it dies (prctl(2))."""
    supervisor = os.environ.get(SUPERVISED)
    if supervisor is None:
        return
    ctypes.CDLL(None, use_errno=True).prctl(_PR_SET_PDEATHSIG, signal.SIGTERM)
    if os.getppid() != int(supervisor):
        sys.exit("the supervisor is gone")


def _pass_on(name: str, output: IO[bytes]) -> None:
    with output:
        for line in output:
            sys.stderr.write(f"{name:>8} | {line.decode('utf-8', 'replace').rstrip()}\n")

"""The engine's process as the studio holds it: start, send, read, end."""

from __future__ import annotations

import contextlib
import logging
import os
import subprocess
import sys
import threading
from collections.abc import Iterator, Sequence
from pathlib import Path

from aura.engine.environment import environment
from aura.engine.protocol import Plain, Quit, line
from aura.settings import Settings

ROOT = Path(__file__).resolve().parent.parent.parent
COMMAND = (sys.executable, "-m", "aura.engine.child")

log = logging.getLogger(__name__)


class Process:
    """A running child. Commands go in and events come out a line each."""

    def __init__(self, popen: subprocess.Popen[bytes]) -> None:
        self._popen = popen
        self._lock = threading.Lock()

    @classmethod
    def start(cls, settings: Settings, command: Sequence[str] | None = None) -> Process:
        """Raises OSError."""
        logs = settings.data_dir / "logs"
        logs.mkdir(parents=True, exist_ok=True)
        with (logs / "engine.log").open("ab") as journal:
            popen = subprocess.Popen(
                command or COMMAND,
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=journal,
                cwd=ROOT,
                env=environment(os.environ),
                creationflags=getattr(subprocess, "CREATE_NO_WINDOW", 0),
            )
        process = cls(popen)
        process._write(_plain(settings).model_dump_json().encode() + b"\n")
        return process

    @property
    def pid(self) -> int:
        return self._popen.pid

    @property
    def returncode(self) -> int | None:
        """How it ended; below 0 by which signal. None while it lives."""
        return self._popen.returncode

    def lines(self) -> Iterator[bytes]:
        """What it says, until it ends."""
        assert self._popen.stdout is not None
        yield from self._popen.stdout

    def send(self, command: Plain) -> None:
        """Sent to a dead process, a command is lost: its reader sees the end anyway."""
        self._write(line(command))

    def end(self, grace_s: float) -> None:
        """Ask it to quit, then terminate, then kill. Returns when it has ended."""
        if grace_s and self._popen.poll() is None:
            self._write(line(Quit()))
        self._close_stdin()  # its end alone makes a child go, also in the middle of a job
        for finish in (self._popen.terminate, self._popen.kill):
            try:
                self._popen.wait(grace_s)
                break
            except subprocess.TimeoutExpired:
                finish()
                grace_s = max(grace_s, 2.0)
        self._popen.wait()

    def _close_stdin(self) -> None:
        assert self._popen.stdin is not None
        with self._lock, contextlib.suppress(OSError):  # it went with commands unread
            self._popen.stdin.close()

    def _write(self, message: bytes) -> None:
        assert self._popen.stdin is not None
        try:
            with self._lock:
                self._popen.stdin.write(message)
                self._popen.stdin.flush()
        except (OSError, ValueError) as gone:
            log.info("the engine did not take a command: %s", gone)


def _plain(settings: Settings) -> Settings:
    """Without what an engine has no use for."""
    return settings.model_copy(update={"password": None})

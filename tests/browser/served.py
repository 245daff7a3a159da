"""Aura as a person starts it: a process of its own, with a data folder of its own."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from contextlib import suppress
from pathlib import Path

import psutil

from tests.processes import command, ended

ROOT = Path(__file__).resolve().parents[2]
START_S = 90  # a loaded machine; on an idle one it takes four seconds
END_S = 30


class Served:
    """A running studio. ``url`` ends in a slash; ``program`` is the module that serves it."""

    def __init__(self, data: Path, root: Path, *options: str, program: str = "aura") -> None:
        self.data, self.root, self.options, self.program = data, root, options, program
        self.process: subprocess.Popen[bytes] | None = None
        self.url = ""

    def start(self) -> Served:
        environ = {
            **os.environ,
            "AURA_APP_DIR": str(self.root),
            "OMP_NUM_THREADS": "1",
            "PYTHONUNBUFFERED": "1",
        }
        command = [sys.executable, "-m", self.program, "serve", "--no-browser", "--port", "0"]
        command += ["--device", "cpu", "--data-dir", str(self.data), *self.options]
        self.data.mkdir(parents=True, exist_ok=True)
        with (self.data / "served.log").open("ab") as log:
            self.process = subprocess.Popen(
                command, cwd=ROOT, env=environ, stdout=log, stderr=log, start_new_session=True
            )
        self.url = self._announced()
        return self

    def _announced(self) -> str:
        address = self.data / "locks" / "studio.url"
        until = time.monotonic() + START_S
        while time.monotonic() < until:
            assert self.process is not None
            assert self.process.poll() is None, self.log()
            if address.is_file() and (url := address.read_text(encoding="utf-8")):
                return url
            time.sleep(0.1)
        raise TimeoutError(self.log())

    def stop(self) -> None:
        """End it as Ctrl+C would, and all it started."""
        if self.process is None:
            return
        family = self._children()
        self.process.send_signal(signal.SIGINT)
        try:
            self.process.wait(END_S)
        finally:
            self.process.kill()
            self.process = None
            for child in family:
                if not ended(child, END_S):
                    with suppress(psutil.NoSuchProcess):
                        child.kill()

    def engines(self) -> list[psutil.Process]:
        """The engine's processes, as the system sees them."""
        return [
            child
            for child in self._children()
            if any("aura.engine" in part for part in command(child))
        ]

    def _children(self) -> list[psutil.Process]:
        assert self.process is not None
        return psutil.Process(self.process.pid).children(recursive=True)

    def pictures(self) -> list[Path]:
        """What lies in the output folder, oldest first."""
        found = self.data.joinpath("outputs").rglob("*.png")
        return sorted(found, key=lambda path: path.stat().st_mtime_ns)

    def log(self) -> str:
        return (self.data / "served.log").read_text(encoding="utf-8", errors="replace")[-4000:]

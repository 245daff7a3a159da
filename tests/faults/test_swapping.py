"""Full-size models taking turns on the real processor, as the system sees it from outside.

A limit bounds the resident set: what the process has allocated and what it has mapped, the
weights among them, which lie in memory as pages of their files.
"""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import threading
from collections.abc import Iterator
from pathlib import Path

import psutil
import pytest

from aura.engine.environment import environment
from tools import full_size

ROOT = Path(__file__).resolve().parent.parent.parent
GIB = 2**30
SAMPLE_S = 0.005
MODELS = ("sd15", "blip-base", "siglip-so400m", "bge-m3")
IN_TURN = ("aura-shapes", *MODELS)  # the built-in one, and those at full size
# Limits in GiB, how often each model has its turn, and which of them are too large.
LEVELS = (
    (2.9, 1, ()),
    (1.9, 2, ("sd15", "siglip-so400m")),
    (2.9, 1, ()),
    (4.0, 2, ()),
)


class Child:
    """The process in which the models take turns, and the watch over it."""

    def __init__(self, models: Path, errors: Path) -> None:
        self.errors = errors
        self.process = subprocess.Popen(
            [sys.executable, "-m", "tests.faults.swapper", str(models)],
            cwd=ROOT,
            env=environment(os.environ),
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=errors.open("w"),
            text=True,
        )
        assert self.line() == "ready"
        self.seen = psutil.Process(self.process.pid)
        self.highest, self.lock = 0, threading.Lock()
        threading.Thread(target=self._watch, daemon=True).start()

    def line(self) -> str:
        told = self.process.stdout.readline().strip()
        assert told, self.errors.read_text(encoding="utf-8")[-4000:]
        return told

    def turns(self, limit: int, names: tuple[str, ...]) -> dict[str, str]:
        """What came of each turn of each model under ``limit`` bytes, the same every time."""
        self._forget()
        self.process.stdin.write(f"{limit} {' '.join(names)}\n")
        self.process.stdin.flush()
        told = {(one["model"], one["outcome"]) for one in json.loads(self.line())}
        assert len(told) == len(set(names))
        return dict(told)

    def resident(self) -> int:
        return int(self.seen.memory_info().rss)

    def peak(self) -> int:
        """Most bytes resident since the last turns began; the kernel's own figure, if it tells."""
        try:
            status = Path(f"/proc/{self.process.pid}/status").read_text().splitlines()
        except OSError:  # not Linux
            return self.highest
        kept = next(line for line in status if line.startswith("VmHWM"))
        return max(self.highest, int(kept.split()[1]) * 1024)

    def _forget(self) -> None:
        with self.lock:
            self.highest = 0
        peak = Path(f"/proc/{self.process.pid}/clear_refs")
        if peak.exists():
            peak.write_text("5")

    def _watch(self) -> None:
        while self.process.poll() is None:
            try:
                with self.lock:
                    self.highest = max(self.highest, self.resident())
            except psutil.Error:  # it has just ended
                return
            threading.Event().wait(SAMPLE_S)


@pytest.fixture(scope="module")
def models(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """``full`` and ``tiny`` folders of every model; five gigabytes, gone afterwards."""
    root = tmp_path_factory.mktemp("models")
    for name in MODELS:
        full_size.write(name, root / "full" / name)
        full_size.write(name, root / "tiny" / name, tiny=True)
    yield root
    shutil.rmtree(root)


@pytest.fixture
def child(models: Path, tmp_path: Path) -> Iterator[Child]:
    born = Child(models, tmp_path / "errors.txt")
    with born.process:
        yield born
        born.process.stdin.close()


def test_thirty_turns_of_full_size_models_stay_within_their_limit_and_leave_nothing(child):
    baseline = 0
    for gib, rounds, too_large in LEVELS:
        outcomes = child.turns(int(gib * GIB), IN_TURN * rounds)
        assert outcomes == {n: "refused" if n in too_large else "done" for n in IN_TURN}
        assert child.peak() <= gib * GIB
        # After the first level each was used once, and libraries keep what they have built.
        baseline = baseline or child.resident()
        assert child.resident() <= baseline * 1.05

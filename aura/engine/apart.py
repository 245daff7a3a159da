"""Measurements in processes of their own: they hold no lock, and leave nothing behind.

What a library builds in one thread is not safe from another that loads a model meanwhile.
"""

from __future__ import annotations

import json
import logging
import os
import subprocess
import sys
from collections.abc import Mapping, Sequence

from aura.engine.process import ROOT

PARTS = (2, 4, 8)  # processes side by side that are tried
MEASURED_S = 3.0
COMMAND = (sys.executable, "-m", "aura.families.rivals")

log = logging.getLogger(__name__)


def gains(dtypes: Sequence[str]) -> Mapping[str, float]:
    """By dtype, how many times faster OpenVINO is than torch; empty where it cannot be used."""
    run = subprocess.run([*COMMAND, "gains", *dtypes], cwd=ROOT, capture_output=True, text=True)
    if run.returncode:
        log.warning("OpenVINO could not be measured: %s", run.stderr[-2000:])
        return {}
    found: dict[str, float] = json.loads(run.stdout.splitlines()[-1])
    return found


def measured(of: Sequence[int] = PARTS, seconds: float = MEASURED_S) -> dict[int, float]:
    """By number of processes, how many times as much they do together as one with all cores."""
    alone = rate(1, seconds)
    return {many: rate(many, seconds) / alone for many in of if many <= cores()}


def rate(many: int, seconds: float) -> float:
    """Passes a second of ``many`` processes together, each with its share of the cores."""
    threads = str(max(1, cores() // many))
    environment = os.environ | {"OMP_NUM_THREADS": threads}
    command = [*COMMAND, "rate", str(seconds)]
    started = [
        subprocess.Popen(
            command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, cwd=ROOT, env=environment
        )
        for _ in range(many)
    ]
    for process in started:
        assert process.stdout is not None
        process.stdout.readline()  # it is ready
    for process in started:
        assert process.stdin is not None
        process.stdin.write(b"go\n")
        process.stdin.flush()
    return sum(float(process.communicate()[0]) for process in started)


def cores() -> int:
    """Those this process may use."""
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1

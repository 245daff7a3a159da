"""The processor as a device: its memory is RAM, bounded by the cgroup and by a limit."""

from __future__ import annotations

import ctypes
import gc
import platform
import sys
import threading
import time
from functools import cache
from pathlib import Path

import psutil

from aura.memory import probe
from aura.memory.device import Snapshot

CGROUP = Path("/sys/fs/cgroup")
SAMPLE_S = 0.01
BF16_FLAGS = {"avx512_bf16", "amx_bf16", "bf16"}  # of x86 and of ARM, as Linux names them
UNBOUNDED = 2**60  # version 1 writes "no limit" as a number near 2**63


class CpuDevice:
    """RAM as one more device. What it holds is this process's resident set above its start."""

    def __init__(self, limit: int | None = None, cgroup: Path = CGROUP) -> None:
        self.limit = limit
        self.cgroup = cgroup
        self._process = psutil.Process()
        self._baseline = self._rss()
        self._peak = ResidentPeak(self._rss)

    def snapshot(self) -> Snapshot:
        total, free = ram(self.cgroup)
        held = max(0, self._rss() - self._baseline)
        return Snapshot(
            kind="cpu",
            name=processor(),
            total=total,
            free=free,
            held=held,
            limit=self.limit,
            overhead=self._baseline,
            host_total=total,
            host_free=free,
            host_held=held,
            host_limit=self.limit,
            cpu_percent=psutil.cpu_percent(),
            dtypes=dtypes(),
        )

    def rebase(self) -> None:
        """Take what is resident now as the start: the libraries, once no model is held."""
        self._baseline = max(self._baseline, self._rss())

    def reset_peak(self) -> None:
        self._peak.reset()

    def peak(self) -> int:
        return max(0, self._peak.read() - self._baseline)

    def setup(self) -> str:
        return probe.setup()

    def throughput(self) -> dict[str, float]:
        return probe.throughput("cpu", dtypes(), 1024)

    def empty_cache(self) -> None:
        gc.collect()
        trim()

    def _rss(self) -> int:
        return int(self._process.memory_info().rss)


class ResidentPeak:
    """The highest reading of ``rss``, taken by a thread from the first ``reset`` on."""

    def __init__(self, rss) -> None:  # type: ignore[no-untyped-def]
        self._rss = rss
        self._highest = 0
        self._thread: threading.Thread | None = None

    def reset(self) -> None:
        self._highest = self._rss()
        if self._thread is None:
            self._thread = threading.Thread(target=self._watch, name="memory-peak", daemon=True)
            self._thread.start()

    def read(self) -> int:
        self._highest = max(self._highest, self._rss())
        return self._highest

    def _watch(self) -> None:
        while True:
            self._highest = max(self._highest, self._rss())
            time.sleep(SAMPLE_S)


def ram(cgroup: Path = CGROUP) -> tuple[int, int]:
    """Total and available bytes of RAM for this process, whichever bound is tighter."""
    memory = psutil.virtual_memory()
    bound = cgroup_memory(cgroup)
    if bound is None or bound[0] >= memory.total:
        return memory.total, memory.available
    most, used = bound
    return most, max(0, min(memory.available, most - used))


def cgroup_memory(cgroup: Path = CGROUP) -> tuple[int, int] | None:
    """Limit and use in bytes of the tightest cgroup this process is in; None without one.

    Use leaves out file pages the kernel can drop at once.
    """
    found = [_v2(folder) for folder in groups(cgroup)] + [_v1(cgroup / "memory")]
    bounds = [bound for bound in found if bound is not None and bound[0] < UNBOUNDED]
    return min(bounds, default=None)


def groups(cgroup: Path = CGROUP) -> list[Path]:
    """This process's group and every one around it, as far as they can be seen from here."""
    try:
        lines = Path("/proc/self/cgroup").read_text().splitlines()
    except OSError:  # not Linux
        return [cgroup]
    inner = next((line[3:] for line in lines if line.startswith("0::")), "/")
    own = cgroup / inner.strip("/")
    return [own, *(folder for folder in own.parents if folder.is_relative_to(cgroup))]


def _v2(folder: Path) -> tuple[int, int] | None:
    return _bound(folder / "memory.max", folder / "memory.current", folder, "inactive_file")


def _v1(folder: Path) -> tuple[int, int] | None:
    limit, used = folder / "memory.limit_in_bytes", folder / "memory.usage_in_bytes"
    return _bound(limit, used, folder, "total_inactive_file")


def _bound(limit: Path, used: Path, folder: Path, droppable: str) -> tuple[int, int] | None:
    try:
        most = int(limit.read_text())
        stat = dict(line.split() for line in (folder / "memory.stat").read_text().splitlines())
        return most, max(0, int(used.read_text()) - int(stat.get(droppable, 0)))
    except (OSError, ValueError):  # no such cgroup, or "max"
        return None


def processor() -> str:
    """The processor's name as its maker writes it."""
    for line in described().splitlines():
        if line.startswith("model name"):
            return line.partition(":")[2].strip()
    return platform.processor() or platform.machine()


def dtypes(cpuinfo: str | None = None) -> tuple[str, ...]:
    """Best first: half precision only leads where the processor has instructions for it."""
    words = set((described() if cpuinfo is None else cpuinfo).split())
    return ("bf16", "fp32") if words & BF16_FLAGS else ("fp32", "bf16")


@cache
def described() -> str:
    """What Linux tells of the processor; empty on other systems."""
    try:
        return Path("/proc/cpuinfo").read_text(encoding="utf-8")
    except OSError:
        return ""


def trim() -> None:
    """Have glibc return freed memory to the system; it keeps it otherwise."""
    if sys.platform == "linux":
        try:
            ctypes.CDLL("libc.so.6").malloc_trim(0)
        except (OSError, AttributeError):  # another libc, which does so by itself
            return

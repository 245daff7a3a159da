"""Tells running out of memory from every other fault. Works without torch loaded."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from pathlib import Path

from aura.memory.cpu import CGROUP, groups
from aura.memory.device import MIB, Snapshot

TYPES = ("OutOfMemoryError", "MemoryError")
CUDA_OUT_OF_MEMORY = 2  # cudaErrorMemoryAllocation
SIGKILL = -9
NO_MEMORY = (0xC0000017, 0xC000012D)  # how a Windows process ends: no memory, no page file
RAM_TEXTS = (
    "can't allocate memory",
    "cannot allocate memory",
    "not enough memory",
    "std::bad_alloc",
)
TEXTS = (
    "out of memory",
    "cudnn_status_alloc_failed",
    "cublas_status_alloc_failed",
    "failed to allocate",
    *RAM_TEXTS,
)


def ran_out(fault: BaseException) -> bool:
    """True for every form in which torch, its libraries or the system run out of memory.

    The cause counts too: libraries wrap what they catch.
    """
    return any(_is(one) for one in _causes(fault))


def ran_out_of_ram(fault: BaseException) -> bool:
    """True where it was the computer's own memory, not a card's."""
    return any(isinstance(one, MemoryError) or _says(one, RAM_TEXTS) for one in _causes(fault))


def _causes(fault: BaseException) -> Iterator[BaseException]:
    seen: BaseException | None = fault
    for _ in range(5):
        if seen is None:
            return
        yield seen
        seen = seen.__cause__


def _is(fault: BaseException) -> bool:
    names = {kind.__name__ for kind in type(fault).__mro__}
    if names & set(TYPES):
        return True
    if "AcceleratorError" in names and getattr(fault, "error_code", None) == CUDA_OUT_OF_MEMORY:
        return True
    return _says(fault, TEXTS)


def _says(fault: BaseException, texts: Iterable[str]) -> bool:
    told = isinstance(fault, RuntimeError | OSError)
    return told and any(text in str(fault).lower() for text in texts)


class RamIsLow(MemoryError):
    """What computes in RAM is about to take the last of it, or more than its limit."""


def ram_is_low(snapshot: Snapshot) -> bool:
    """True where so little RAM is left, to the system or to Aura, that the system kills next."""
    own = snapshot.host_held + (snapshot.overhead if snapshot.kind == "cpu" else 0)
    if snapshot.host_limit is not None and own > snapshot.host_limit:
        return True
    return snapshot.host_free < min(snapshot.host_total // 50, 256 * MIB)


def starved(returncode: int | None, kills: int, last: Snapshot | None) -> bool:
    """Whether a process that ended so was ended for want of memory.

    ``kills`` of the system while it lived; ``last`` what its device read shortly before. A
    process that a person killed looks the same but for these two.
    """
    if returncode in NO_MEMORY:
        return True
    return returncode == SIGKILL and (kills > 0 or (last is not None and ram_is_low(last)))


def kills() -> int:
    """How many processes the system has killed for want of memory so far; 0 if nobody tells."""
    inner = (folder / "memory.events" for folder in groups())
    older = (CGROUP / "memory" / "memory.oom_control",)
    return _kills((Path("/proc/vmstat"), *inner, *older))


def _kills(counters: Iterable[Path]) -> int:
    """Their ``oom_kill`` lines together: what is counted twice rises all the same."""
    return sum(_read(counter).get("oom_kill", 0) for counter in counters)


def _read(counter: Path) -> dict[str, int]:
    try:
        lines = (line.split() for line in counter.read_text().splitlines())
        return {name: int(value) for name, value in lines}
    except (OSError, ValueError):  # not Linux, or an older kernel
        return {}

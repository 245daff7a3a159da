"""Devices as the planner sees them: how much memory there is, now, and who holds it.

Probes read a device without loading a model onto it. A snapshot is plain data; the
planner is a pure function of it. Nothing here imports torch until a device is opened.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Literal, Protocol

from aura.requests import Plain
from aura.settings import Settings

Kind = Literal["cuda", "mps", "cpu", "simulated"]

SHARE_RAM = ("cpu", "mps")
TORCH_NAMES: Mapping[Kind, str] = {
    "cuda": "cuda:0",
    "mps": "mps",
    "cpu": "cpu",
    "simulated": "cuda:0",
}

MIB = 2**20
GIB = 2**30


class Snapshot(Plain):
    """One reading of a device. All sizes in bytes; ``None`` where nothing can tell.

    ``total`` and ``free`` are the driver's word (on a CPU: RAM, bounded by the cgroup);
    ``held`` is what Aura holds on it, ``reusable`` the part of that which the allocator
    has free. ``limit`` is the cap a person set (``--vram-limit``, ``--memory-limit``) and
    counts ``overhead`` too: what Aura needs there before any model (a CUDA context, the
    libraries in RAM).
    """

    kind: Kind
    name: str
    total: int
    free: int
    held: int = 0
    reusable: int = 0
    limit: int | None = None
    overhead: int = 0
    host_total: int
    host_free: int
    host_held: int = 0
    host_limit: int | None = None
    cpu_percent: float = 0.0
    utilisation: float | None = None  # percent
    temperature: float | None = None  # °C
    power: float | None = None  # W
    bandwidth: float | None = None  # bytes per second, host to device
    dtypes: tuple[str, ...] = ("fp32",)  # in which this device computes well, best first

    @property
    def shares_ram(self) -> bool:
        """True where models and programs live in the same memory: a CPU, Apple silicon."""
        return self.kind in SHARE_RAM

    @property
    def torch_name(self) -> str:
        """The device as torch names it; a simulated one stands for a card."""
        return TORCH_NAMES[self.kind]


class Device(Protocol):
    """What computes. Probing allocates nothing that lasts."""

    def snapshot(self) -> Snapshot: ...

    def rebase(self) -> None:
        """No model is held: take what this process holds in RAM now as its own need."""
        ...

    def reset_peak(self) -> None:
        """Begin to measure anew."""
        ...

    def peak(self) -> int:
        """Most bytes Aura's models held at once since ``reset_peak``, weights included."""
        ...

    def setup(self) -> str:
        """What its speed depends on beside itself."""
        ...

    def throughput(self) -> dict[str, float]:
        """Operations a second by dtype, measured now; empty where nothing can tell."""
        ...

    def empty_cache(self) -> None:
        """Give back what the allocator keeps for later."""
        ...


def reserve(snapshot: Snapshot) -> int:
    """Bytes left alone for what no prediction sees: fragments, other programs' next move."""
    size = min(snapshot.total, snapshot.limit or snapshot.total)
    return min(max(size * 3 // 100, 128 * MIB), GIB)


def budget(snapshot: Snapshot) -> int:
    """Bytes all of Aura's models together may hold on the device. Never negative."""
    cap = snapshot.total if snapshot.limit is None else min(snapshot.limit, snapshot.total)
    room = min(snapshot.free + snapshot.held, cap - snapshot.overhead)
    return max(0, room - reserve(snapshot))


def host_budget(snapshot: Snapshot) -> int:
    """Bytes of RAM Aura's models may hold. On a CPU it is the same memory as ``budget``."""
    if snapshot.shares_ram:
        return budget(snapshot)
    kept = min(max(snapshot.host_total * 5 // 100, 256 * MIB), 2 * GIB)
    cap = snapshot.host_limit if snapshot.host_limit is not None else snapshot.host_total
    return max(0, min(snapshot.host_free + snapshot.host_held, cap) - kept)


def open_device(settings: Settings) -> Device:
    """The device of ``settings.device``; ``auto`` takes the best that torch offers."""
    from aura.memory.cpu import CpuDevice

    if settings.device == "cpu":
        return CpuDevice(settings.memory_limit)
    import torch

    if settings.device in ("auto", "cuda") and torch.cuda.is_available():
        from aura.memory.cuda import CudaDevice

        return CudaDevice(settings.vram_limit, settings.memory_limit)
    if settings.device in ("auto", "mps") and torch.backends.mps.is_available():
        from aura.memory.mps import MpsDevice

        return MpsDevice(settings.vram_limit or settings.memory_limit)
    return CpuDevice(settings.memory_limit)

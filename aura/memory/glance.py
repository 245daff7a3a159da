"""This machine as an engine would find it, read in a moment and without loading torch."""

from __future__ import annotations

import importlib.metadata
import sys
from collections.abc import Callable

from aura.memory.cards import dtypes
from aura.memory.cpu import CpuDevice
from aura.memory.cuda import Nvml
from aura.memory.device import Snapshot, open_device
from aura.memory.simulated import CONTEXT
from aura.settings import Settings


def glance(settings: Settings, open_nvml: Callable[[], Nvml | None] = Nvml.open) -> Snapshot:
    """Where nothing but torch can tell, as on a Mac, it is asked after all."""
    if sys.platform == "darwin" and settings.device in ("auto", "mps"):
        return open_device(settings).snapshot()
    processor = CpuDevice(settings.memory_limit).snapshot()
    if settings.device == "cpu" or not _torch_has_cuda():
        return processor
    nvml = open_nvml()
    return processor if nvml is None else _card(nvml, processor, settings)


def _card(nvml: Nvml, beside: Snapshot, settings: Settings) -> Snapshot:
    name, capability, total, free = nvml.card()
    return Snapshot(
        kind="cuda",
        name=name,
        total=total,
        free=max(0, free - CONTEXT),  # which the engine will need before any model
        limit=settings.vram_limit,
        overhead=CONTEXT if settings.vram_limit else 0,
        host_total=beside.host_total,
        host_free=beside.host_free,
        host_limit=settings.memory_limit,
        dtypes=dtypes(capability, name),
    )


def _torch_has_cuda() -> bool:
    """Wheels of the processor's build say so in their version."""
    try:
        return "+cpu" not in importlib.metadata.version("torch")
    except importlib.metadata.PackageNotFoundError:
        return False

"""Apple silicon: the graphics processor and the programs share one memory."""

from __future__ import annotations

import gc
import platform

import psutil

from aura.memory import probe
from aura.memory.cpu import ResidentPeak, ram
from aura.memory.device import Snapshot


class MpsDevice:
    """Metal through torch. Peaks are sampled: Metal keeps no high-water mark."""

    def __init__(self, limit: int | None = None) -> None:
        import torch

        self._mps = torch.mps
        self.limit = limit
        recommended = int(torch.mps.recommended_max_memory())
        if limit is not None:
            torch.mps.set_per_process_memory_fraction(min(limit / recommended, 2.0))
        self._recommended = recommended
        self._peak = ResidentPeak(self._held)

    def snapshot(self) -> Snapshot:
        total, free = ram()
        held = self._held()
        return Snapshot(
            kind="mps",
            name=f"Apple {platform.processor()}".strip(),
            total=min(total, self._recommended),
            free=min(free, self._recommended - held),
            held=held,
            reusable=max(0, held - int(self._mps.current_allocated_memory())),
            limit=self.limit,
            host_total=total,
            host_free=free,
            cpu_percent=psutil.cpu_percent(),
            dtypes=("fp16", "fp32"),
        )

    def rebase(self) -> None:
        """Metal counts its own; nothing of the libraries is in it."""

    def reset_peak(self) -> None:
        self._peak.reset()

    def peak(self) -> int:
        return self._peak.read()

    def setup(self) -> str:
        return probe.setup()

    def throughput(self) -> dict[str, float]:
        return probe.throughput("mps", ("fp16", "fp32"), 2048, self._mps.synchronize)

    def empty_cache(self) -> None:
        gc.collect()
        self._mps.empty_cache()

    def _held(self) -> int:
        return int(self._mps.driver_allocated_memory())

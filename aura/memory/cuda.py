"""An NVIDIA card through torch, with NVML for what torch does not tell."""

from __future__ import annotations

import gc
import sys
import time
from typing import Any

import psutil

from aura.memory import probe
from aura.memory.cards import dtypes
from aura.memory.cpu import ram
from aura.memory.device import GIB, MIB, Snapshot

PROBE_BYTES = 64 * MIB  # of the copy that measures the bus


class CudaDevice:
    """The first card. A limit is set in torch's allocator, so that it refuses beyond it."""

    def __init__(self, limit: int | None = None, host_limit: int | None = None) -> None:
        import torch

        self._torch = torch
        self._nvml = Nvml.open()
        before = self._nvml.used() if self._nvml else None
        torch.zeros(1, device="cuda:0")  # creates the context
        self._overhead = self._context(before)
        self._properties = torch.cuda.get_device_properties(0)
        self.limit, self.host_limit = limit, host_limit
        self._process = psutil.Process()
        self._baseline = self._rss()
        self._cap()
        self._bandwidth = self._measured_bandwidth()

    def snapshot(self) -> Snapshot:
        cuda = self._torch.cuda
        free, total = cuda.mem_get_info(0)
        reserved = cuda.memory_reserved(0)
        host_total, host_free = ram()
        return Snapshot(
            kind="cuda",
            name=self._properties.name,
            total=total,
            free=free,
            held=reserved,
            reusable=reserved - cuda.memory_allocated(0),
            limit=self.limit,
            overhead=self._overhead if self.limit else 0,  # the driver's free has it already
            host_total=host_total,
            host_free=host_free,
            host_held=max(0, self._rss() - self._baseline),
            host_limit=self.host_limit,
            cpu_percent=psutil.cpu_percent(),
            bandwidth=self._bandwidth,
            dtypes=self._dtypes(),
            **(self._nvml.reading() if self._nvml else {}),
        )

    def rebase(self) -> None:
        self._baseline = max(self._baseline, self._rss())

    def reset_peak(self) -> None:
        self._torch.cuda.reset_peak_memory_stats(0)

    def peak(self) -> int:
        return int(self._torch.cuda.max_memory_allocated(0))

    def setup(self) -> str:
        return probe.setup()

    def throughput(self) -> dict[str, float]:
        return probe.throughput(
            "cuda:0", self._dtypes(), 4096, lambda: self._torch.cuda.synchronize(0)
        )

    def empty_cache(self) -> None:
        gc.collect()
        self._torch.cuda.synchronize(0)
        self._torch.cuda.empty_cache()
        self._cap()

    def _cap(self) -> None:
        """Bound torch's allocator: at the limit, and on Windows at what is free now.

        The Windows driver moves what does not fit into RAM instead of refusing, which
        makes everything ten times slower and nothing says so; a bound makes torch raise.
        """
        free, total = self._torch.cuda.mem_get_info(0)
        most = total if self.limit is None else max(self.limit - self._overhead, 0)
        if sys.platform == "win32":
            most = min(most, free + self._torch.cuda.memory_reserved(0))
        if most < total:
            self._torch.cuda.set_per_process_memory_fraction(most / total, 0)

    def _context(self, before: int | None) -> int:
        """Bytes of the context: the driver's use after it was made, less that before."""
        if self._nvml is None or before is None:
            return 0
        return min(max(0, self._nvml.used() - before), GIB)

    def _dtypes(self) -> tuple[str, ...]:
        one = self._properties
        return dtypes((one.major, one.minor), one.name)

    def _measured_bandwidth(self) -> float | None:
        """Bytes a second from ordinary RAM to the card, the better of two copies."""
        torch = self._torch
        try:
            source = torch.empty(PROBE_BYTES, dtype=torch.uint8)
            best = min(self._timed_copy(source) for _ in range(3))
        except RuntimeError:  # the card is full: no matter, only ranking needs it
            return None
        finally:
            torch.cuda.empty_cache()
        return PROBE_BYTES / best

    def _timed_copy(self, source: Any) -> float:
        self._torch.cuda.synchronize(0)
        begun = time.perf_counter()
        source.to("cuda:0")
        self._torch.cuda.synchronize(0)
        return max(time.perf_counter() - begun, 1e-6)

    def _rss(self) -> int:
        return int(self._process.memory_info().rss)


class Nvml:
    """Use, load, heat and power of the first card. Every reading may be missing."""

    def __init__(self, pynvml: Any) -> None:
        self._pynvml = pynvml
        self._handle = pynvml.nvmlDeviceGetHandleByIndex(0)

    @classmethod
    def open(cls) -> Nvml | None:
        try:
            import pynvml

            pynvml.nvmlInit()
            return cls(pynvml)
        except (ImportError, OSError):
            return None
        except Exception as missing:
            if type(missing).__module__.startswith("pynvml"):
                return None
            raise

    def card(self) -> tuple[str, tuple[int, int], int, int]:
        """Its name and CUDA capability, and total and free bytes."""
        nvml, handle = self._pynvml, self._handle
        major, minor = nvml.nvmlDeviceGetCudaComputeCapability(handle)
        memory = nvml.nvmlDeviceGetMemoryInfo(handle)
        return nvml.nvmlDeviceGetName(handle), (major, minor), int(memory.total), int(memory.free)

    def used(self) -> int:
        return int(self._pynvml.nvmlDeviceGetMemoryInfo(self._handle).used)

    def reading(self) -> dict[str, float | None]:
        nvml = self._pynvml
        return {
            "utilisation": self._try(lambda: nvml.nvmlDeviceGetUtilizationRates(self._handle).gpu),
            "temperature": self._try(lambda: nvml.nvmlDeviceGetTemperature(self._handle, 0)),
            "power": self._try(lambda: nvml.nvmlDeviceGetPowerUsage(self._handle) / 1000),
        }

    def _try(self, ask: Any) -> float | None:
        try:
            return float(ask())
        except self._pynvml.NVMLError:  # many laptop cards do not answer all three
            return None

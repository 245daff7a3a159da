"""A device that exists only as numbers: for tests, and for asking what another card would do."""

from __future__ import annotations

from collections.abc import Callable

from aura.memory.device import Snapshot


class OutOfMemoryError(RuntimeError):
    """What torch calls it when a card refuses; RAM that runs out is a MemoryError."""


class SimulatedOutOfMemory(OutOfMemoryError):
    """The simulated card refused an allocation."""


class SimulatedDevice:
    """A card of ``total`` bytes beside ``host`` bytes of RAM.

    ``allocate`` and ``release`` are what a simulated family calls instead of torch.
    ``refuse(stage)`` may turn any one down, whatever is free. ``foreign`` bytes, on the card
    and in RAM, belong to other programs and may change at any time.
    """

    def __init__(
        self,
        total: int,
        host: int,
        *,
        rate: float = 12e9,
        limit: int | None = None,
        dtypes: tuple[str, ...] = ("bf16", "fp16", "fp32"),
        refuse: Callable[[str], bool] = lambda stage: False,
        throughput: dict[str, float] | None = None,
    ) -> None:
        self.total, self.host, self.rate, self.limit = total, host, rate, limit
        self.dtypes = dtypes
        self.refuse = refuse
        self._throughput = throughput or {}
        self.foreign = self.host_foreign = 0
        self.used = 0
        self.host_used = 0
        self._peak = 0

    def snapshot(self) -> Snapshot:
        return Snapshot(
            kind="simulated",
            name=f"Simulated {self.total / 2**30:.0f} GB",
            total=self.total,
            free=max(0, self.total - self.foreign - self.used),
            held=self.used,
            limit=self.limit,
            host_total=self.host,
            host_free=max(0, self.host - self.host_foreign - self.host_used),
            host_held=self.host_used,
            bandwidth=self.rate,
            dtypes=self.dtypes,
        )

    def allocate(self, count: int, stage: str = "loading") -> None:
        """Take ``count`` bytes of the card, or raise SimulatedOutOfMemory and take none."""
        most = min(self.total - self.foreign, self.limit or self.total)
        if self.refuse(stage) or self.used + count > most:
            raise SimulatedOutOfMemory(f"{stage}: {count} bytes beside {self.used} of {most}")
        self.used += count
        self._peak = max(self._peak, self.used)

    def release(self, count: int) -> None:
        self.used -= count

    def allocate_host(self, count: int, stage: str = "ram") -> None:
        """Take ``count`` bytes of RAM, or raise MemoryError and take none."""
        most = self.host - self.host_foreign
        if count and (self.refuse(stage) or self.host_used + count > most):
            raise MemoryError(f"{stage}: {count} bytes of RAM")
        self.host_used += count

    def release_host(self, count: int) -> None:
        self.host_used -= count

    def rebase(self) -> None:
        """A simulated process needs nothing for itself."""

    def reset_peak(self) -> None:
        self._peak = self.used

    def peak(self) -> int:
        return self._peak

    def setup(self) -> str:
        return "simulated"

    def throughput(self) -> dict[str, float]:
        return self._throughput

    def empty_cache(self) -> None:
        """A simulated allocator keeps nothing back."""


CONTEXT = 400 * 2**20  # what a driver keeps on a card for one process, about
SYSTEM = 3 * 2**30  # RAM that the system and a browser take


def imagined(card: int, ram: int, name: str = "") -> Snapshot:
    """A card of ``card`` bytes in a computer with ``ram``, as it would read with Aura on it.

    ``card`` 0 is a computer without one.
    """
    host_free = max(0, ram - SYSTEM)
    if not card:
        return Snapshot(
            kind="cpu",
            name=name or "CPU",
            total=ram,
            free=host_free,
            host_total=ram,
            host_free=host_free,
            dtypes=("fp32", "bf16"),
        )
    device = SimulatedDevice(card, ram)
    device.foreign, device.host_used = CONTEXT, SYSTEM
    snapshot = device.snapshot()
    return snapshot.model_copy(update={"name": name or snapshot.name, "host_held": 0})

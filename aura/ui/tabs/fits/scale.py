"""Where bytes lie on a bar: percent of its width, and the steps of the axis above."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from aura.memory.device import GIB, Snapshot, budget, host_budget

STEPS = (0.5, 1, 2, 4, 8, 16, 32, 64)  # GB
TICKS = 8


@dataclass(frozen=True)
class Scale:
    """A bar as wide as ``total`` bytes, of which ``room`` can be used."""

    total: int
    room: int

    @classmethod
    def device(cls, snapshot: Snapshot) -> Scale:
        """Of what computes: the card, or RAM where there is none."""
        return cls(snapshot.total, budget(snapshot))

    @classmethod
    def ram(cls, snapshot: Snapshot) -> Scale:
        return cls(snapshot.host_total, host_budget(snapshot))

    def at(self, count: float) -> float:
        """Percent of the width, at most all of it."""
        return max(0.0, min(100.0, 100 * count / self.total)) if self.total else 0.0

    def ticks(self) -> Iterator[tuple[float, float]]:
        """Gigabytes and percent, from nothing to the end."""
        whole = self.total / GIB
        step = next((step for step in STEPS if whole / step <= TICKS), STEPS[-1])
        for place in range(int(whole / step + 1e-6) + 1):
            yield place * step, self.at(place * step * GIB)

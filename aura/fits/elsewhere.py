"""What would become of a model on another card, of whichever size, beside the same RAM."""

from __future__ import annotations

from functools import lru_cache
from typing import Literal

from aura.memory.device import GIB
from aura.memory.footprint import Footprint
from aura.memory.plan import Plan
from aura.memory.planner import fitting, ladder
from aura.memory.simulated import imagined
from aura.memory.verdict import is_slow

Verdict = Literal["fits", "slow", "refused"]


class Elsewhere:
    """One model beside ``ram`` bytes. The cards are taken for modern ones."""

    def __init__(self, footprint: Footprint, ram: int) -> None:
        self._told, self._ram = footprint.model_dump_json(), ram

    def on(self, gigabytes: int) -> tuple[Verdict, Plan | None]:
        """The verdict and the best plan on a card of that many GB; None if refused."""
        return _on(self._told, gigabytes * GIB, self._ram)


@lru_cache(maxsize=4096)
def _on(footprint: str, card: int, ram: int) -> tuple[Verdict, Plan | None]:
    """Remembered, because people look at the same models on many machines."""
    known, there = Footprint.model_validate_json(footprint), imagined(card, ram)
    best = next(iter(fitting(ladder(known.model, known, there), there)), None)
    if best is None:
        return "refused", None
    return ("slow" if is_slow(best, there) else "fits"), best

"""Bytes in the books: what a model takes of the card and of RAM under a plan."""

from __future__ import annotations

from typing import Any, NamedTuple

from aura.memory.plan import Plan


class Claim(NamedTuple):
    """Bytes accounted to a model, on the card and in RAM."""

    card: int
    ram: int

    def __add__(self, other: Any) -> Claim:
        return Claim(self.card + other.card, self.ram + other.ram)

    def __sub__(self, other: Any) -> Claim:
        return Claim(self.card - other.card, self.ram - other.ram)


NOTHING = Claim(0, 0)


def claim(plan: Plan, lent: bool = True) -> Claim:
    """Bytes a model takes of the card and of RAM: its peak while lent, else what rests.

    On Apple silicon both are one memory, counted once.
    """
    here = plan.peak if lent else plan.resting
    if not plan.on_card:
        return Claim(0, here)
    return Claim(here, 0 if plan.device == "mps" else plan.ram)

"""What each family can carry out, as plain data, for those who may not load the family.

The page asks what a model would need without loading torch; a family declares the same
in its footprint, and a test holds the two together. A family that is not written yet is
planned with everything the ladder has.
"""

from __future__ import annotations

from collections.abc import Mapping

from aura.memory.planner import FORMATS, SWITCHES
from aura.memory.rungs import RUNGS

EVERYTHING = (*dict.fromkeys(rung.name for rung in RUNGS), *SWITCHES, *FORMATS)

ABILITIES: Mapping[str, tuple[str, ...]] = {
    "stable_diffusion": ("resident", "encoders_out", "vae_slicing", "vae_tiling", "cpu"),
}


def abilities(family: str) -> tuple[str, ...]:
    return ABILITIES.get(family, EVERYTHING)

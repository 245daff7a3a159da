"""Every family, in one ordered list. A new one is a file beside this and a line here."""

from __future__ import annotations

from pathlib import Path

from aura import extras
from aura.families.base import Family

with extras.unseen():
    from aura.families.bge import Bge
    from aura.families.blip import Blip
    from aura.families.conversions import Conversions
    from aura.families.flux import Flux
    from aura.families.siglip import Siglip
    from aura.families.stable_diffusion import StableDiffusion
    from aura.families.stable_diffusion_xl import StableDiffusionXL


def families(compiled: bool = False, conversions: Path | None = None) -> tuple[Family, ...]:
    """``compiled``: a person wants kernels built for their machine, where a family can.

    ``conversions``: the folder that networks are kept in which were converted for it.
    """
    kept = Conversions(conversions) if conversions else None
    return (
        StableDiffusion(compiled, kept),
        StableDiffusionXL(compiled, kept),
        Flux(compiled),
        Blip(),
        Siglip(),
        Bge(),
    )


FAMILIES = families()


def by_name(compiled: bool = False, conversions: Path | None = None) -> dict[str, Family]:
    return {family.name: family for family in families(compiled, conversions)}

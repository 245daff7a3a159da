"""Every family, in one ordered list. A new one is a file beside this and a line here."""

from __future__ import annotations

from aura import extras
from aura.catalog.additions import NOTHING, Additions
from aura.families.base import Family

with extras.unseen():
    from aura.families.bge import Bge
    from aura.families.blip import Blip
    from aura.families.flux import Flux
    from aura.families.siglip import Siglip
    from aura.families.stable_diffusion import StableDiffusion
    from aura.families.stable_diffusion_xl import StableDiffusionXL


def families(compiled: bool = False, additions: Additions = NOTHING) -> tuple[Family, ...]:
    """``compiled``: a person wants kernels built for their machine, where a family can.
    ``additions`` finds what requests want added to a model."""
    return (
        StableDiffusion(compiled, additions),
        StableDiffusionXL(compiled, additions),
        Flux(compiled, additions),
        Blip(),
        Siglip(),
        Bge(),
    )


FAMILIES = families()


def by_name(compiled: bool = False, additions: Additions = NOTHING) -> dict[str, Family]:
    return {family.name: family for family in families(compiled, additions)}

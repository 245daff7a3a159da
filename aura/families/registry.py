"""Every family, in one ordered list. A new one is a file beside this and a line here."""

from __future__ import annotations

from pathlib import Path

from aura import extras
from aura.catalog.additions import NOTHING, Additions
from aura.families.base import Family

with extras.unseen():
    from aura.families.bge import Bge
    from aura.families.blip import Blip
    from aura.families.conversions import Conversions
    from aura.families.esrgan import Esrgan
    from aura.families.flux import Flux
    from aura.families.flux2 import Flux2
    from aura.families.owl import Owl
    from aura.families.sana import Sana
    from aura.families.siglip import Siglip
    from aura.families.stable_diffusion import StableDiffusion
    from aura.families.stable_diffusion_xl import StableDiffusionXL
    from aura.families.z_image import ZImage


def families(
    compiled: bool = False, additions: Additions = NOTHING, conversions: Path | None = None
) -> tuple[Family, ...]:
    """``compiled``: a person wants kernels built for their machine, where a family can.

    ``additions`` finds what requests want added to a model; ``conversions`` is the folder
    of networks that were converted for this machine.
    """
    kept = Conversions(conversions) if conversions else None
    return (
        StableDiffusion(compiled, additions, kept),
        StableDiffusionXL(compiled, additions, kept),
        Flux(compiled, additions),
        Flux2(compiled, additions),
        ZImage(compiled, additions),
        Sana(compiled, additions),
        Blip(),
        Siglip(),
        Bge(),
        Esrgan(),
        Owl(),
    )


FAMILIES = families()


def by_name(
    compiled: bool = False, additions: Additions = NOTHING, conversions: Path | None = None
) -> dict[str, Family]:
    return {family.name: family for family in families(compiled, additions, conversions)}

"""A person's own models: folders in the diffusers layout, each a model of its own.

Single files of weights are told apart in ``own``.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator, Mapping, Sequence, Set
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

from aura.catalog import complete
from aura.i18n import LANGUAGES, text

if TYPE_CHECKING:
    from aura.catalog.models import Defaults, Model

FOLDERS_MAX = 1000  # entries looked at in each of the folders named


class Kind(NamedTuple):
    """``side`` in pixels where no configuration tells; ``patch``: latents taken together."""

    family: str
    denoiser: str  # the folder of what draws
    side: int
    patch: int = 1


# Pipeline class → what it is.
PIPELINES = {
    "StableDiffusionPipeline": Kind("stable_diffusion", "unet", 512),
    "LatentConsistencyModelPipeline": Kind("stable_diffusion", "unet", 512),
    "StableDiffusionXLPipeline": Kind("stable_diffusion_xl", "unet", 1024),
    "FluxPipeline": Kind("flux", "transformer", 1024, patch=2),
    "Flux2KleinPipeline": Kind("flux2", "transformer", 1024, patch=2),
    "ZImagePipeline": Kind("z_image", "transformer", 1024, patch=2),
    "SanaSprintPipeline": Kind("sana", "transformer", 1024),
}

# Family → steps and guidance of its distilled models, and of the others.
FLOWS: Mapping[str, tuple[tuple[int, float], tuple[int, float]]] = {
    "flux": ((4, 0.0), (28, 3.5)),
    "flux2": ((4, 1.0), (50, 4.0)),
    "z_image": ((9, 0.0), (28, 4.0)),
    "sana": ((2, 4.5), (2, 4.5)),
}
BASE_SHIFT = 6.0  # of the noise schedule of Z-Image, where Turbo has 3


def models(folders: Sequence[Path], taken: Set[str] = frozenset()) -> tuple[Model, ...]:
    """One model for each pipeline of a known family in or right below ``folders``, or where
    ComfyUI keeps pipelines in its own."""
    found: list[Model] = []
    ids = set(taken)
    for folder in _pipelines(folders):
        model = _model(folder, ids)
        if model is not None:
            ids.add(model.id)
            found.append(model)
    return tuple(found)


def _pipelines(folders: Sequence[Path]) -> Iterator[Path]:
    for folder in folders:
        for path in (folder, *_below(folder), *_below(folder / "diffusers")):
            if (path / "model_index.json").is_file():
                yield path


def _below(folder: Path) -> list[Path]:
    try:
        return sorted(islice(folder.iterdir(), FOLDERS_MAX))
    except OSError:
        return []  # gone, or not ours to read


def _model(folder: Path, taken: Set[str]) -> Model | None:
    from aura.catalog.models import Model

    index = complete.index_of(folder) or {}
    kind = PIPELINES.get(str(index.get("_class_name")))
    if kind is None:
        return None
    multiple, area = _sizes(folder, kind)
    return Model(
        id=free_id(folder.name, taken),
        name=folder.name,
        family=kind.family,
        task="generate",
        area=area,
        multiple=multiple,
        defaults=_defaults(folder, kind),
        folder=str(folder),
        licence=text("en", "catalog.licence.own"),
        commercial=False,
        good_for={lang: text(lang, "catalog.good_for.own") for lang in LANGUAGES},
    )


def _sizes(folder: Path, kind: Kind) -> tuple[int, int]:
    """What sides must divide by, and the native number of pixels, from the configurations."""
    vae = complete.read_json(folder / "vae" / "config.json") or {}
    denoiser = complete.read_json(folder / kind.denoiser / "config.json") or {}
    stages = vae.get("block_out_channels") or vae.get("encoder_block_out_channels")
    factor = 2 ** (len(stages) - 1) if isinstance(stages, list) and 0 < len(stages) < 8 else 8
    side = _number(denoiser.get("sample_size"), kind.side // factor) * factor
    return max(8, factor * kind.patch), side * side


def _defaults(folder: Path, kind: Kind) -> Defaults:
    """Few steps for a model that was distilled for few, else what its family likes."""
    from aura.catalog.models import Defaults

    scheduler = complete.read_json(folder / "scheduler" / "scheduler_config.json") or {}
    if kind.family in FLOWS:
        few, many = FLOWS[kind.family]
        steps, guidance = few if _distilled(folder, kind, scheduler) else many
        return Defaults(steps=steps, guidance=guidance)
    if scheduler.get("_class_name") == "LCMScheduler":
        return Defaults(steps=6, guidance=7.5, scheduler="lcm")
    if scheduler.get("timestep_spacing") == "trailing":  # as the Turbo models come
        return Defaults(steps=2, guidance=0.0)
    return Defaults(steps=20, guidance=7.0)


def _distilled(folder: Path, kind: Kind, scheduler: Mapping[str, Any]) -> bool:
    """Each says so in its own place; of SANA only the distilled one has this pipeline."""
    if kind.family == "flux":  # schnell takes no guidance
        denoiser = complete.read_json(folder / kind.denoiser / "config.json") or {}
        return denoiser.get("guidance_embeds") is not True
    if kind.family == "flux2":
        return (complete.index_of(folder) or {}).get("is_distilled") is True
    return kind.family == "sana" or scheduler.get("shift") != BASE_SHIFT


def _number(value: Any, otherwise: int) -> int:
    return value if isinstance(value, int) and 0 < value <= 1024 else otherwise


def free_id(name: str, taken: Set[str]) -> str:
    """A word for it that no other model has."""
    plain = unicodedata.normalize("NFKD", name).encode("ascii", "ignore").decode().lower()
    slug = re.sub(r"[^a-z0-9.]+", "-", plain).strip("-.") or "model"
    number, id = 2, slug
    while id in taken:
        number, id = number + 1, f"{slug}-{number}"
    return id

"""A person's own checkpoints: everything that drawing takes, in one file, or what draws alone.

A checkpoint holds weights alone. Its configurations and its tokenizers are borrowed from a
model in the diffusers layout that is installed and has a UNet of exactly the same size.
FLUX is given out as its transformer alone, in all precisions; its text encoders and its
VAE are borrowed, too, from a folder of the same FLUX, which need not have a transformer.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence, Set
from pathlib import Path
from typing import TYPE_CHECKING

from aura.catalog import complete, headers, own
from aura.catalog.recognise import PREFIXES, WeightFile
from aura.errors import AuraError
from aura.i18n import LANGUAGES, text

if TYPE_CHECKING:
    from aura.catalog.models import Defaults, Model

SIDES = {"SD 1.5": 512, "SDXL": 1024, "FLUX.1 schnell": 1024, "FLUX.1 dev": 1024}  # pixels
ALONE = ("flux",)  # families of which a file holds what draws and no more
PLAIN = ("fp32", "fp16", "bf16", "fp8")  # any other is a type of GGUF


def models(folders: Sequence[Path], lenders: Iterable[Path], taken: Set[str]) -> tuple[Model, ...]:
    """One model for each checkpoint in and below ``folders``."""
    from aura.catalog.local import free_id

    files = [file for file in own.files(folders).files if _draws(file)]
    there, ids = tuple(lenders) if files else (), set(taken)
    found: list[Model] = []
    for file in files:
        found.append(_model(file, free_id(Path(file.path).stem, ids), there))
        ids.add(found[-1].id)
    return tuple(found)


def _draws(file: WeightFile) -> bool:
    if file.model not in SIDES:
        return False
    gguf = Path(file.path).suffix.lower() == ".gguf"
    if file.families[0] in ALONE:
        return file.kind in ("denoiser", "checkpoint") and (gguf or file.precision in PLAIN)
    return file.kind == "checkpoint" and not gguf


def _model(file: WeightFile, id: str, lenders: tuple[Path, ...]) -> Model:
    from aura.catalog.models import Model

    path, alone = Path(file.path), file.families[0] in ALONE
    lends = _lends_flux if alone else _lends
    return Model(
        id=id,
        name=path.stem,
        family=file.families[0],
        task="generate",
        area=SIDES[file.model] ** 2,
        multiple=16 if alone else 8,
        defaults=_defaults(file),
        file=str(path),
        kind=file.model,
        precision=file.precision,
        lender=next((str(folder) for folder in lenders if lends(folder, file)), None),
        licence=text("en", "catalog.licence.own"),
        commercial=False,
        good_for={lang: text(lang, "catalog.good_for.own") for lang in LANGUAGES},
    )


def _defaults(file: WeightFile) -> Defaults:
    from aura.catalog.models import Defaults

    told = {"FLUX.1 schnell": (4, 0.0), "FLUX.1 dev": (28, 3.5)}
    steps, guidance = told.get(file.model, (20, 7.0))
    return Defaults(steps=steps, guidance=guidance)


def _lends_flux(folder: Path, file: WeightFile) -> bool:
    """Schnell and dev differ in what their transformer is told, and in their sampler."""
    told = complete.read_json(folder / "transformer" / "config.json") or {}
    guided = told.get("guidance_embeds") is True
    is_flux = told.get("_class_name") == "FluxTransformer2DModel"
    return is_flux and guided == (file.model == "FLUX.1 dev")


def _lends(folder: Path, file: WeightFile) -> bool:
    """Models made for few steps have a sampler of their own, which fits no other."""
    scheduler = complete.read_json(folder / "scheduler" / "scheduler_config.json") or {}
    distilled = scheduler.get("_class_name") == "LCMScheduler"
    if distilled or scheduler.get("timestep_spacing") == "trailing":
        return False
    try:
        return 0 < sum(_unet_of(Path(file.path))) == sum(_sizes(folder / "unet"))
    except AuraError:
        return False


def _unet_of(file: Path) -> Iterator[int]:
    for name, tensor in headers.read(file).tensors.items():
        if name.startswith(PREFIXES):
            yield tensor.count


def _sizes(part: Path) -> Iterator[int]:
    for path in complete.weights(part) or complete.weights(part, complete.HALF):
        yield from (tensor.count for tensor in headers.read(path).tensors.values())

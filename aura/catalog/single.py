"""A person's own checkpoints: everything that drawing takes, in one file.

Such a file holds weights alone. Its configurations and its tokenizers are borrowed from a
model in the diffusers layout that is installed and has a UNet of exactly the same size.
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
    from aura.catalog.models import Model

SIDES = {"SD 1.5": 512, "SDXL": 1024}  # pixels; the kinds that one file of each is known of


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
    known = file.kind == "checkpoint" and file.model in SIDES
    return known and Path(file.path).suffix.lower() == ".safetensors"


def _model(file: WeightFile, id: str, lenders: tuple[Path, ...]) -> Model:
    from aura.catalog.models import Defaults, Model

    path = Path(file.path)
    return Model(
        id=id,
        name=path.stem,
        family=file.families[0],
        task="generate",
        area=SIDES[file.model] ** 2,
        defaults=Defaults(steps=20, guidance=7.0),
        file=str(path),
        kind=file.model,
        precision=file.precision,
        lender=next((str(folder) for folder in lenders if _lends(folder, path)), None),
        licence=text("en", "catalog.licence.own"),
        commercial=False,
        good_for={lang: text(lang, "catalog.good_for.own") for lang in LANGUAGES},
    )


def _lends(folder: Path, file: Path) -> bool:
    """Models made for few steps have a sampler of their own, which fits no other."""
    scheduler = complete.read_json(folder / "scheduler" / "scheduler_config.json") or {}
    distilled = scheduler.get("_class_name") == "LCMScheduler"
    if distilled or scheduler.get("timestep_spacing") == "trailing":
        return False
    try:
        return 0 < sum(_unet_of(file)) == sum(_sizes(folder / "unet"))
    except AuraError:
        return False


def _unet_of(file: Path) -> Iterator[int]:
    for name, tensor in headers.read(file).tensors.items():
        if name.startswith(PREFIXES):
            yield tensor.count


def _sizes(part: Path) -> Iterator[int]:
    for path in complete.weights(part) or complete.weights(part, complete.HALF):
        yield from (tensor.count for tensor in headers.read(path).tensors.values())

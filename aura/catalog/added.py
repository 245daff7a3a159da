"""What a person adds to a model from files of their own: LoRAs, VAEs, textual inversions."""

from __future__ import annotations

from collections.abc import Iterator, Sequence, Set
from pathlib import Path
from typing import TYPE_CHECKING

from aura.catalog import own
from aura.catalog.recognise import XL, WeightFile
from aura.i18n import LANGUAGES, text

if TYPE_CHECKING:
    from aura.catalog.models import Model

COMMON = ("diffusion_pytorch_model", "pytorch_lora_weights", "learned_embeds")  # file names
TINY = ("TAESD", "TAEF1")  # decoders that stand in for a VAE by a way of their own


def models(folders: Sequence[Path], taken: Set[str]) -> tuple[Model, ...]:
    """One model for each such file in and below ``folders`` and each family it fits."""
    from aura.catalog.local import free_id

    ids, found = set(taken), []
    for file in own.files(folders).files:
        for family in _families(file):
            found.append(_model(file, family, free_id(_told_apart(file, family), ids)))
            ids.add(found[-1].id)
    return tuple(found)


def _families(file: WeightFile) -> Iterator[str]:
    """VAEs of SD 1.5 and SDXL have the same tensors; a file that is named for SDXL is its."""
    from aura.catalog.models import ADDED, RUNNABLE

    path = Path(file.path)
    if file.kind not in ADDED or file.model in TINY or path.suffix.lower() == ".gguf":
        return
    large = file.kind == "vae" and XL in file.families and "xl" in _name(file).lower()
    yield from (f for f in file.families if f in RUNNABLE and (f == XL or not large))


def _name(file: WeightFile) -> str:
    """Its own, or its folder's where every such file is called the same."""
    path = Path(file.path)
    return path.parent.name if path.stem in COMMON else path.stem


def _told_apart(file: WeightFile, family: str) -> str:
    name = _name(file)
    known = family == file.families[0] or "xl" in name.lower()
    return name if known else f"{name} {family.rpartition('_')[2]}"


def _model(file: WeightFile, family: str, id: str) -> Model:
    from aura.catalog.models import Model

    return Model(
        id=id,
        name=_name(file),
        family=family,
        task=file.kind,  # type: ignore[arg-type]  # one of those that are added
        file=file.path,
        kind=file.model,
        precision=file.precision,
        licence=text("en", "catalog.licence.own"),
        commercial=False,
        good_for={lang: text(lang, f"catalog.good_for.own_{file.kind}") for lang in LANGUAGES},
        triggers=file.triggers,
    )

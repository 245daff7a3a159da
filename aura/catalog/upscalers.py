"""A person's own upscalers: networks of the ESRGAN kind, each in one file."""

from __future__ import annotations

import math
import re
from collections.abc import Mapping, Sequence, Set
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

from aura.catalog import headers, own
from aura.catalog.recognise import WeightFile, bare
from aura.i18n import LANGUAGES, text

if TYPE_CHECKING:
    from aura.catalog.models import Model

Shapes = Mapping[str, tuple[int, ...]]

COLOURS = 3  # channels of the pictures that Aura enlarges
AROUND = 5  # layers of an old ESRGAN beside those that double: before, within and after


class Upscaler(NamedTuple):
    """``network`` is the class it was traced as. It makes ``factor`` times the sides, out of
    pictures that it first folds ``fold`` times smaller and as much deeper."""

    network: str
    channels: int
    factor: int
    fold: int = 1


def models(folders: Sequence[Path], taken: Set[str]) -> tuple[Model, ...]:
    """One model for each upscaler in and below ``folders`` that can be run."""
    from aura.catalog.local import free_id

    ids: set[str] = set(taken)
    found: list[Model] = []
    for file in own.files(folders).files:
        known = _known(file)
        if known is not None:
            found.append(_model(file, known, free_id(Path(file.path).stem, ids)))
            ids.add(found[-1].id)
    return tuple(found)


def _known(file: WeightFile) -> Upscaler | None:
    path = Path(file.path)
    if file.kind != "upscaler" or not file.families or path.suffix.lower() != ".safetensors":
        return None
    return about({name: one.shape for name, one in headers.read(path).tensors.items()})


def _model(file: WeightFile, known: Upscaler, id: str) -> Model:
    from aura.catalog.models import Model

    return Model(
        id=id,
        name=Path(file.path).stem,
        family=file.families[0],
        task="upscale",
        file=file.path,
        kind=f"{file.model} {known.factor}×",
        precision=file.precision,
        licence=text("en", "catalog.licence.own"),
        commercial=False,
        good_for={lang: text(lang, "catalog.good_for.own") for lang in LANGUAGES},
    )


def about(shapes: Shapes) -> Upscaler | None:
    """What a file with tensors of these names and shapes is; None for what cannot be run."""
    tensors = bare(shapes)
    known = _compact(tensors) if "body.0.weight" in tensors else _rrdb(tensors)
    return known if known and known.factor >= 1 else None


def _rrdb(tensors: Shapes) -> Upscaler | None:
    first = tensors.get("conv_first.weight") or tensors.get("model.0.weight")
    last = tensors.get("conv_last.weight") or tensors.get(
        f"model.{_highest(tensors, 'model')}.weight"
    )
    if not first or not last or last[0] != COLOURS or first[1] % COLOURS:
        return None
    doublings = sum(bool(re.match(r"(conv_up|upconv)\d\.weight", name)) for name in tensors)
    if "model.0.weight" in tensors:
        doublings = (_highest(tensors, "model") + 1 - AROUND) // 3
    fold = math.isqrt(first[1] // COLOURS)
    return Upscaler("RRDBNet", first[0], 2**doublings // fold, fold)


def _compact(tensors: Shapes) -> Upscaler | None:
    first, last = tensors["body.0.weight"], tensors.get(f"body.{_highest(tensors, 'body')}.weight")
    if not last or first[1] != COLOURS or last[0] % COLOURS:
        return None
    return Upscaler("Compact", first[0], math.isqrt(last[0] // COLOURS))


def _highest(tensors: Shapes, under: str) -> int:
    """The number of the last layer of a sequence; -1 where there is none."""
    numbers = (re.match(rf"{under}\.(\d+)\.", name) for name in tensors)
    return max((int(number[1]) for number in numbers if number), default=-1)

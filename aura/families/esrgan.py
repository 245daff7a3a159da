"""Real-ESRGAN and its kin: pictures enlarged in tiles, by the networks of spandrel."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import numpy as np
import torch
from PIL import Image, ImageFilter
from safetensors.torch import load_file

from aura import extras
from aura.catalog.models import Model
from aura.catalog.recognise import bare
from aura.errors import ModelDamaged, ModelMissing, PackageMissing
from aura.families import speed
from aura.families.base import Drawn, Happening, StageBegun, StepDone
from aura.families.placement import RAM, Placement
from aura.families.pretrained import DTYPES
from aura.families.stored import BROKEN
from aura.families.tiles import pieces, put
from aura.library.images import open_image
from aura.memory import towers
from aura.memory.abilities import abilities
from aura.memory.batches import tile
from aura.memory.exhaustion import ran_out
from aura.memory.footprint import Footprint
from aura.memory.plan import Plan
from aura.requests import UpscaleRequest

OVERLAP = 32  # pixels that neighbouring tiles share; what lies further off hardly tells
SPREAD = 8  # pixels that colours reach into what is transparent
STAGE = "upscaling"


@dataclass
class Loaded:
    """``enlarger`` makes 1 × 3 × h × w, from 0 to 1, ``enlarger.scale`` times as large."""

    enlarger: Any
    placement: Placement

    @property
    def factor(self) -> int:
        return int(self.enlarger.scale)

    def enlarged(self, image: Image.Image) -> Image.Image:
        pixels = torch.from_numpy(np.array(image)).permute(2, 0, 1)[None]
        drawn = self.enlarger(pixels.to(self.placement.device, self.enlarger.dtype) / 255)
        rounded = (drawn[0].float() * 255).round().byte()
        return Image.fromarray(rounded.permute(1, 2, 0).cpu().numpy())


class Esrgan:
    """The family; see ``base.Family`` for what each method promises."""

    name = "esrgan"

    def footprint(self, model: Model, folder: Path | None, request: UpscaleRequest) -> Footprint:
        """Raises PackageMissing, too: before others have drawn what it is to enlarge."""
        if find_spec("spandrel") is None:
            raise PackageMissing(model=model.name, package="spandrel")
        found = towers.footprint(model.id, folder, request, abilities(self.name))
        if found is None:
            raise ModelMissing(model=model.name)
        return found

    def load(self, model: Model, folder: Path, plan: Plan) -> Loaded:
        """Raises PackageMissing, too."""
        spandrel = _spandrel(model)
        file = folder if folder.is_file() else folder / model.files[0]
        try:
            enlarger = spandrel.ModelLoader().load_from_state_dict(bare(load_file(file)))
            enlarger.to(DTYPES[plan.dtype]).eval()
        except (*BROKEN, AssertionError, spandrel.UnsupportedModelError) as broken:
            if ran_out(broken):
                raise
            raise ModelDamaged(model=model.name, path=str(file)) from broken
        machine = speed.machine(torch.device(plan.device))
        speed.arrange(enlarger.model, machine, enlarger.dtype)
        return Loaded(enlarger, _placed(enlarger, plan))

    def run(
        self, loaded: Loaded, request: UpscaleRequest, plan: Plan, first: int = 0
    ) -> Iterator[Happening]:
        side = tile(request, plan.switches)
        loaded.placement.enter(STAGE)
        try:
            for index in range(first, request.count):
                yield StageBegun(STAGE, index)
                path = Path(request.pictures[index])
                yield from _enlarging(loaded, open_image(path, path.name), side, index)
        finally:
            loaded.placement.leave()

    def park(self, loaded: Loaded) -> None:
        loaded.placement.lift()

    def unpark(self, loaded: Loaded, plan: Plan) -> None:
        loaded.placement = _placed(loaded.enlarger, plan)

    def parts(self, loaded: Loaded) -> tuple[object, ...]:
        return tuple(loaded.placement.modules.values())

    def unload(self, loaded: Loaded) -> None:
        loaded.placement.forget()
        loaded.enlarger = None


def _spandrel(model: Model) -> Any:
    """The package. It imports torchvision for two architectures that Aura never loads."""
    try:
        with extras.standing_in(
            "torchvision.transforms.functional", "InterpolationMode", "rotate", "normalize"
        ):
            import spandrel
    except ImportError as missing:
        raise PackageMissing(model=model.name, package="spandrel") from missing
    return spandrel


def _placed(enlarger: Any, plan: Plan) -> Placement:
    modules, uses = {"generator": enlarger.model.to(RAM)}, {STAGE: ("generator",)}
    placement = Placement(modules, uses, "generator", plan, torch.device(plan.device))
    placement.settle()
    return placement


def _enlarging(loaded: Loaded, image: Image.Image, side: int, index: int) -> Iterator[Happening]:
    """Tile by tile. What is transparent is enlarged by Lanczos, beside its colours."""
    factor = loaded.factor
    seen, size = _opaque(image), (image.width * factor, image.height * factor)
    canvas = Image.new("RGB", size)
    every = pieces(image.size, side, min(OVERLAP, side // 4))
    for step, piece in enumerate(every, 1):
        put(canvas, loaded.enlarged(seen.crop(piece.box)), piece, factor)
        yield StepDone(step, len(every), index)
    if image.mode == "RGBA":
        canvas.putalpha(image.getchannel("A").resize(size, Image.Resampling.LANCZOS))
    yield Drawn(canvas, index)


def _opaque(image: Image.Image) -> Image.Image:
    """RGB. What cannot be seen takes the colours beside it, lest its own bleed into them."""
    if image.mode != "RGBA":
        return image.convert("RGB")
    near = image.convert("RGBa").filter(ImageFilter.BoxBlur(SPREAD)).convert("RGBA")
    seen = image.getchannel("A").point(lambda alpha: 255 if alpha else 0)
    return Image.composite(image.convert("RGB"), near.convert("RGB"), seen)

"""The second pass: a picture that was enlarged is drawn over, whole or in tiles."""

from __future__ import annotations

import numpy as np
from PIL import Image

from aura.memory.plan import Plan
from aura.memory.verdict import SLOW_RUNGS
from aura.passes import tiles
from aura.passes.anew import asked, up
from aura.passes.order import final_size
from aura.passes.piece import Desk, Making, Piece, Sketch, native_side
from aura.requests import SIDE_MAX, GenerateRequest, Start


def made(sketch: Sketch, desk: Desk) -> Making:
    """The same picture with the detail of its size; each tile is drawn with its seed."""
    assert desk.request.larger is not None
    strength = desk.request.larger.strength
    image = padded(sketch.image, desk.step)
    areas = tiles.cut(*image.size, desk.tile or max(image.size))
    pieces = []
    for at, area in enumerate(areas):
        start = Start(pictures=(desk.put(image.crop(area)),), strength=strength)
        work = asked(desk, sketch.index, (area[2] - area[0], area[3] - area[1]), start)
        pieces.append((yield Piece(work, at, len(areas))).image)
    whole = tiles.join(pieces, areas)
    return Sketch(whole.crop((0, 0, *sketch.image.size)), sketch.index)


def whole(desk: Desk) -> GenerateRequest | None:
    """The work for a whole picture, to plan with; None where no model draws so large."""
    size = _padded_size(desk)
    return _work(desk, size) if max(size) <= SIDE_MAX else None


def tile(desk: Desk) -> GenerateRequest:
    """The work for one tile, to plan with."""
    across, down = _padded_size(desk)
    side = tile_side(desk)
    return _work(desk, (min(side, across), min(side, down)))


def better_tiled(whole: Plan | None, tile: Plan | None) -> bool:
    """Whether memory asks for tiles: the whole is refused, or only tiles run at full speed.

    None stands for what is refused.
    """
    return whole is None or (tile is not None and _slowed(whole) and not _slowed(tile))


def _slowed(plan: Plan) -> bool:
    """By its place: layers that come through one by one, or none of a card that is there."""
    return plan.rung in SLOW_RUNGS


def tile_side(desk: Desk) -> int:
    """As the request says, or what the model was made for."""
    assert desk.request.larger is not None and desk.model is not None
    wanted = desk.request.larger.tile // desk.step * desk.step
    return wanted or min(native_side(desk.model), SIDE_MAX)


def count(desk: Desk) -> int:
    """How many tiles a picture is cut into."""
    return len(tiles.cut(*_padded_size(desk), tile_side(desk)))


def padded(image: Image.Image, step: int) -> Image.Image:
    """Its right and lower edges drawn out until both sides divide by ``step``."""
    more = [up(side, step) - side for side in image.size]
    if not any(more):
        return image
    pixels = np.asarray(image.convert("RGB"))
    return Image.fromarray(np.pad(pixels, ((0, more[1]), (0, more[0]), (0, 0)), mode="edge"))


def _padded_size(desk: Desk) -> tuple[int, int]:
    width, height = final_size(desk.request)
    return up(width, desk.step), up(height, desk.step)


def _work(desk: Desk, size: tuple[int, int]) -> GenerateRequest:
    assert desk.request.larger is not None
    return asked(desk, 0, size, Start(pictures=("-",), strength=desk.request.larger.strength))

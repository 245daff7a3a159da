"""Details drawn anew: things are found, and each is drawn in its crop at the native size."""

from __future__ import annotations

from dataclasses import replace

from aura.families.base import Box
from aura.passes import crops
from aura.passes.anew import asked
from aura.passes.piece import Desk, Making, Piece, Sketch, native_side
from aura.requests import DetectRequest, Start

SHOWN_MAX = 2048  # pixels a side; detectors look at less, and open no file of any size


def found(sketch: Sketch, desk: Desk) -> Making:
    """The picture as it is, and where the things are that are to be repaired."""
    repair = desk.request.repair
    assert repair is not None and desk.model is not None
    shown = sketch.image.copy()
    shown.thumbnail((SHOWN_MAX, SHOWN_MAX))
    work = DetectRequest(
        model=desk.model.id,
        pictures=(desk.put(shown),),
        things=repair.things,
        threshold=repair.threshold,
    )
    scale = sketch.image.width / shown.width
    things = tuple(_scaled(box, scale) for box in (yield Piece(work)).boxes)
    return Sketch(sketch.image, sketch.index, things)


def made(sketch: Sketch, desk: Desk) -> Making:
    """The picture with every thing that was found in it drawn anew, the surest first."""
    repair = desk.request.repair
    assert repair is not None and desk.model is not None
    native = native_side(desk.model)
    image = sketch.image
    for at, box in enumerate(sketch.things):
        crop = crops.around(box, image.size, native, desk.step)
        picture, mask = (desk.put(one) for one in crops.cut(image, crop))
        start = Start(pictures=(picture,), masks=(mask,), strength=repair.strength)
        work = asked(desk, sketch.index, crop.size, start, repair.prompt)
        drawn = yield Piece(work, at, len(sketch.things))
        image = crops.put_back(image, crop, drawn.image)
    return Sketch(image, sketch.index)


def _scaled(box: Box, scale: float) -> Box:
    """From pixels of what was shown to those of the picture."""
    edges = {edge: round(getattr(box, edge) * scale) for edge in ("left", "top", "right", "bottom")}
    return replace(box, **edges)

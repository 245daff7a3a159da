"""What passes are made of: a picture between two of them, and the work they ask for."""

from __future__ import annotations

import math
from collections.abc import Callable, Generator
from dataclasses import dataclass, replace
from typing import Any

from PIL import Image

from aura.catalog.models import Model
from aura.families.base import Box
from aura.ratios import SIDE_STEP
from aura.requests import GenerateRequest, Work


@dataclass(frozen=True)
class Sketch:
    """Picture ``index`` of the request as a pass leaves it, and what was found in it."""

    image: Image.Image
    index: int = 0
    things: tuple[Box, ...] = ()


@dataclass(frozen=True)
class Piece:
    """One thing to ask a model for on the way of one picture: piece ``at`` of ``of``."""

    work: Work
    at: int = 0
    of: int = 1


Making = Generator[Piece, Any, Sketch]  # is sent what the model made of each piece
Put = Callable[[Image.Image], str]  # keeps an image for a piece of work: the path of its file


@dataclass(frozen=True)
class Desk:
    """What a pass works with: ``model``, None where it needs none, and ``drawn``, the one that
    drew. ``tile`` is the side of the squares it works in, 0 for whole pictures."""

    request: GenerateRequest
    drawn: Model
    model: Model | None
    put: Put
    tile: int = 0

    def in_tiles(self, tile: int) -> Desk:
        return replace(self, tile=tile)

    @property
    def step(self) -> int:
        """What the sides of all that the model draws divide by."""
        return side_step(self.model) if self.model else SIDE_STEP


def side_step(model: Model) -> int:
    return math.lcm(model.multiple, SIDE_STEP)


def native_side(model: Model) -> int:
    """The side of a square of the model's native area, in pixels."""
    step = side_step(model)
    return max(step, math.isqrt(model.area) // step * step)

"""Passes driven by hand: what a model would make of each piece is a function."""

from __future__ import annotations

from collections.abc import Callable

from PIL import Image

from aura.catalog.models import Model
from aura.families.base import Drawn
from aura.passes.piece import Desk, Making, Piece, Sketch
from aura.requests import GenerateRequest, Work
from tests.memory import simulation

MODEL = simulation.model(area=64 * 64)


class Folder:
    """Where pieces are put: in memory, by a name."""

    def __init__(self) -> None:
        self.images: dict[str, Image.Image] = {}

    def put(self, image: Image.Image) -> str:
        name = f"{len(self.images)}.png"
        self.images[name] = image
        return name

    def desk(
        self, request: GenerateRequest, model: Model | None = MODEL, drawn: Model = MODEL, tile=0
    ) -> Desk:
        return Desk(request, drawn, model, self.put, tile)


def played(making: Making, make: Callable[[Work], object]) -> tuple[Sketch, list[Piece]]:
    """The sketch a pass ends with, and all it asked for on the way."""
    pieces: list[Piece] = []
    result = None
    while True:
        try:
            pieces.append(making.send(result))
        except StopIteration as end:
            return end.value, pieces
        result = make(pieces[-1].work)


def drawn(image: Image.Image) -> Drawn:
    return Drawn(image)

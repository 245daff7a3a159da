"""Tiny models of published layouts, and what it takes to ask something of them."""

from __future__ import annotations

from functools import cache
from pathlib import Path
from typing import Any

from PIL import Image, ImageDraw

from aura.catalog.models import LIST, Model, shipped
from aura.families.base import Embedded
from aura.requests import EmbedRequest
from tests.families.plans import plan


@cache
def catalogue() -> dict[str, Model]:
    return {model.id: model for model in shipped(LIST)}


def pictures(folder: Path, count: int) -> tuple[str, ...]:
    """Paths of different pictures of different sizes."""
    paths = []
    for number in range(count):
        image = Image.new("RGB", (40 + 10 * number, 60), (250, 240 - 60 * number, 30))
        ImageDraw.Draw(image).ellipse((5, 5, 20 + 10 * number, 40), fill=(20, 60 * number, 200))
        paths.append(str(folder / f"{number}.png"))
        image.save(paths[-1])
    return tuple(paths)


def vectors(family: Any, loaded: Any, request: EmbedRequest, first: int = 0) -> dict[int, Any]:
    """Index of an item → its vector."""
    found = {}
    for one in family.run(loaded, request, plan(), first):
        if isinstance(one, Embedded):
            found |= {one.index + row: vector for row, vector in enumerate(one.vectors)}
    return found

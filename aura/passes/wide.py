"""How a model best reaches a size: directly, or enlarged and drawn over, whole or in tiles."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from aura.catalog.models import Model
from aura.memory.abilities import STARTS
from aura.memory.device import Snapshot
from aura.memory.examples import example
from aura.memory.verdict import Verdict
from aura.passes import refine
from aura.passes.anew import up
from aura.passes.foresight import Lessons, Planner, unlearnt
from aura.passes.order import LANCZOS
from aura.passes.piece import Desk, side_step
from aura.ratios import size_near
from aura.requests import SIDE_MAX, GenerateRequest, Larger

ROOM = 1.2  # times a model's native area, it still draws as well


@dataclass(frozen=True)
class Wide:
    """The size to draw, the second pass if it takes one, and why: a text's key and its facts."""

    width: int
    height: int
    larger: Larger | None
    code: str
    facts: dict[str, Any]


def wide(
    model: Model,
    width: int,
    height: int,
    snapshot: Snapshot,
    *,
    installed: Callable[[Model], Any] = lambda model: None,
    known: Lessons = unlearnt,
    upscaler: str = LANCZOS,
    strength: float = 0.3,
    refiner: Model | None = None,
) -> Wide:
    """For a final size in pixels, on this machine. ``installed``: Catalog.installed.

    ``refiner`` draws over what was enlarged, ``model`` itself unless another is given.
    """
    second = refiner or model
    planner = Planner(installed, snapshot, known)
    larger = Larger(
        width=width, height=height, upscaler=upscaler, strength=strength, steps=None, tile=0
    )
    native = size_near(width, height, model.area, model.multiple)
    facts = {"model": model.name, "width": width, "height": height}
    facts |= {"draw_width": native[0], "draw_height": native[1], "refiner": second.name}
    best = planner.told(model, _request(model, native))
    if best and best.plan is None:
        return Wide(*native, None, "passes.wide.refused", facts)
    size = up(width, side_step(model)), up(height, side_step(model))
    if _drawable(model, size) and _as_well(planner.told(model, _request(model, size)), best):
        trimmed = larger.model_copy(update={"strength": 0.0, "upscaler": LANCZOS})
        exact = size == (width, height)
        return Wide(*size, None if exact else trimmed, "passes.wide.direct", facts)
    code, larger = _second(planner, model, native, larger, second)
    return Wide(*native, larger, f"passes.wide.{code}", {**facts, "tile": larger.tile})


def _second(
    planner: Planner, model: Model, native: tuple[int, int], larger: Larger, refiner: Model
) -> tuple[str, Larger]:
    """The second pass from the native size: whole, in tiles, or without drawing over."""
    if larger.strength and refiner.family not in STARTS:
        return "unrefined", larger.model_copy(update={"strength": 0.0})
    request = _request(model, native).model_copy(update={"larger": larger})
    desk = Desk(request, model, refiner, put=lambda image: "-")
    part = planner.outlook("refine", desk)
    if part.change:
        return "interpolated", larger.model_copy(update={"strength": 0.0})
    if part.tile:
        return "tiled", larger.model_copy(update={"tile": part.tile})
    return "enlarged", larger


def _drawable(model: Model, size: tuple[int, int]) -> bool:
    return size[0] * size[1] <= model.area * ROOM and max(size) <= SIDE_MAX


def _as_well(direct: Verdict | None, native: Verdict | None) -> bool:
    """Whether the machine takes the whole size as it takes the native one, or nobody knows."""
    if direct is None or native is None:
        return True
    return not refine.better_tiled(direct.plan, native.plan)


def _request(model: Model, size: tuple[int, int]) -> GenerateRequest:
    request = example(model)
    assert isinstance(request, GenerateRequest)
    return request.model_copy(update={"width": size[0], "height": size[1]})

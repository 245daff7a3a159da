"""The one edge where what a person typed becomes a request: tab, command line and API alike."""

from __future__ import annotations

import math
import secrets
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

from pydantic import ValidationError

from aura import prompts, ratios
from aura.catalog.models import Catalog, Model
from aura.errors import BadRequest, CannotInpaint, CannotStart
from aura.memory.abilities import INPAINTS, STARTS
from aura.passes.order import LANCZOS, parts
from aura.requests import (
    COUNT_MAX,
    SEED_MAX,
    GenerateRequest,
    Larger,
    Lora,
    Repair,
    Start,
    Way,
    seed_after,
)
from aura.styles import Style, Styles

PARTS = ("lora", "vae")  # what becomes part of the model that draws


def compose(
    catalog: Catalog,
    styles: Styles,
    *,
    prompt: str,
    negative: str = "",
    model: str | None = None,
    ratio: str | None = None,
    width: int | None = None,
    height: int | None = None,
    count: int = 1,
    steps: int | None = None,
    guidance: float | None = None,
    scheduler: str | None = "auto",
    seed: int | None = None,
    style: str | None = None,
    wildcards: Path | None = None,
    preset: str | None = None,
    loras: Sequence[Lora] = (),
    vae: str | None = None,
    clip_skip: int = 0,
    start: Start | None = None,
    larger: Larger | None = None,
    repair: Repair | None = None,
    way: Way | None = None,
) -> GenerateRequest:
    """A whole, valid request. ``None`` takes the model's default; no seed or -1, a random one.

    The size is either of a ratio at the model's native area, or ``width`` and ``height`` in
    pixels. What cannot draw over a picture only enlarges it. Raises BadRequest, UnknownModel,
    ModelMissing, ModelDamaged, CannotStart, CannotInpaint.
    """
    chosen = _model(catalog, model)
    for field, id, task in _others(loras, vae, larger, repair):
        _check_other(catalog, chosen, field, id, task)
    worn = styles.get(style) if style else None
    seed = _seed(seed)
    written = _written(_text("prompt", prompt), _text("negative", negative or ""), worn)
    seeds = [seed_after(seed, i) for i in range(_whole("count", count, 1, COUNT_MAX))]
    across, down = _size(chosen, ratio, width, height)
    request = _checked(
        model=chosen.id,
        prompt=prompt,
        negative=negative or "",
        style=worn.name if worn else None,
        prompts=[prompts.expand(written[0], one, wildcards) for one in seeds],
        negatives=[prompts.expand(written[1], one, wildcards) for one in seeds],
        width=across,
        height=down,
        steps=chosen.defaults.steps if steps is None else steps,
        guidance=chosen.defaults.guidance if guidance is None else guidance,
        scheduler=chosen.defaults.scheduler if scheduler is None else scheduler,
        seed=seed,
        preset=preset,
        loras=tuple(loras),
        vae=vae,
        clip_skip=clip_skip,
        start=start,
        larger=_refinable(catalog, chosen, larger),
        repair=repair,
        way=way or Way(),
    )
    _able(catalog, request)
    return request


def _model(catalog: Catalog, id: str | None) -> Model:
    """The model, if it can draw here and now."""
    model = catalog.get(id) if id else catalog.default()
    if not model.draws:
        raise BadRequest(field="model", problem="error.problem.model_family")
    catalog.require(model)
    return model


def _others(
    loras: Sequence[Lora], vae: str | None, larger: Larger | None, repair: Repair | None
) -> Iterator[tuple[str, str, str]]:
    """Every other model the request names: the field, its id, and what it must be for."""
    yield from (("loras", lora.id, "lora") for lora in loras)
    if vae:
        yield "vae", vae, "vae"
    if larger and larger.upscaler != LANCZOS:
        yield "upscaler", larger.upscaler, "upscale"
    if larger and larger.model:
        yield "refiner", larger.model, "generate"
    if repair:
        yield "detector", repair.detector, "detect"


def _check_other(catalog: Catalog, drawing: Model, field: str, id: str, task: str) -> None:
    """It is there, it is for that, and it fits the model that draws."""
    model = catalog.get(id)
    if model.task != task or not model.runnable:
        raise _bad(field)
    if task in PARTS and model.family != drawing.family:
        raise BadRequest(field=field, problem="error.problem.other_family")
    catalog.require(model)


def _refinable(catalog: Catalog, drawing: Model, larger: Larger | None) -> Larger | None:
    """Another model refines in its own number of steps; one that cannot start from a picture
    leaves it enlarged."""
    if larger is None:
        return None
    refiner = catalog.get(larger.model) if larger.model else drawing
    if refiner.family not in STARTS:
        return larger.model_copy(update={"strength": 0.0})
    own = larger.steps or refiner.id == drawing.id
    return larger if own else larger.model_copy(update={"steps": refiner.defaults.steps})


def _able(catalog: Catalog, request: GenerateRequest) -> None:
    """Raise CannotStart or CannotInpaint for what a model is asked to draw over and cannot."""
    drawing = catalog.get(request.model)
    if request.start and drawing.family not in STARTS:
        raise CannotStart(model=drawing.name)
    if request.start and request.start.masks and drawing.family not in INPAINTS:
        raise CannotInpaint(model=drawing.name)
    repairs = catalog.get(parts(request)[-1].model or request.model)
    if request.repair and repairs.family not in INPAINTS:
        raise CannotInpaint(model=repairs.name)


def _written(prompt: str, negative: str, style: Style | None) -> tuple[str, str]:
    """Templates of the prompt and the negative prompt, the style around them."""
    if not prompt.strip():
        raise _bad("prompt")
    return style.applied(prompt, negative) if style else (prompt, negative)


def _size(
    model: Model, ratio: str | None, width: int | None, height: int | None
) -> tuple[int, int]:
    """Pixels. A ratio and sides together would contradict each other."""
    if width is None and height is None:
        if ratio is not None and ratio not in ratios.RATIOS:
            raise _bad("ratio")
        return ratios.size_for(ratio or ratios.RATIOS[0], model.area, model.multiple)
    if ratio is not None or width is None or height is None:
        raise BadRequest(field="size", problem="error.problem.size")
    for field, side in (("width", width), ("height", height)):
        if _whole(field, side) % math.lcm(model.multiple, ratios.SIDE_STEP):
            raise _bad(field)
    return int(width), int(height)


def _seed(seed: int | None) -> int:
    """From 0 to SEED_MAX; chosen by chance where none is given."""
    if seed is None or seed == -1:
        return secrets.randbelow(SEED_MAX + 1)
    return _whole("seed", seed, 0, SEED_MAX)


def _whole(field: str, value: Any, least: float = -math.inf, most: float = math.inf) -> int:
    """A whole number within bounds; browsers send 7.0 for 7."""
    number = isinstance(value, int | float) and not isinstance(value, bool)
    if not number or not math.isfinite(value) or value != int(value) or not least <= value <= most:
        raise _bad(field)
    return int(value)


def _text(field: str, value: Any) -> str:
    if not isinstance(value, str):
        raise _bad(field)
    return value


def _checked(**fields: Any) -> GenerateRequest:
    """The request, its own bounds checked, the first failure in words of both languages."""
    try:
        return GenerateRequest(**fields)
    except ValidationError as invalid:
        first = invalid.errors()[0]["loc"]
        field = str(first[0]) if first else "start"  # what only the whole request can tell
        raise _bad({"prompts": "prompt", "negatives": "negative"}.get(field, field)) from None


def _bad(field: str) -> BadRequest:
    """``error.problem.<field>`` says in words what is allowed there."""
    return BadRequest(field=field, problem=f"error.problem.{field}")

"""The request that draws a picture, or a part of one, anew over what is there."""

from __future__ import annotations

import math
from typing import Any

from aura.passes.piece import Desk
from aura.requests import GenerateRequest, Start, Way


def asked(
    desk: Desk, index: int, size: tuple[int, int], start: Start, prompt: str = ""
) -> GenerateRequest:
    """Picture ``index`` drawn with the desk's model and the seed it had, ``size`` in pixels."""
    request = desk.request
    return request.model_copy(
        update={
            **_of_model(desk),
            "steps": request.redrawn_steps,
            "prompts": (prompt or request.prompts[index],),
            "negatives": (request.negatives[index],),
            "seed": request.seed_of(index),
            "width": size[0],
            "height": size[1],
            "start": start,
            "larger": None,
            "repair": None,
        }
    )


def _of_model(desk: Desk) -> dict[str, Any]:
    """Another model takes its own settings, and LoRAs and the like only where they fit it."""
    request, model = desk.request, desk.model
    assert model is not None
    if model.id == request.model:
        return {}
    own: dict[str, Any] = {
        "model": model.id,
        "guidance": model.defaults.guidance,
        "scheduler": model.defaults.scheduler,
        "preset": None,
        "way": Way(),
    }
    if model.family != desk.drawn.family:
        own |= {"loras": (), "vae": None, "clip_skip": 0}
    return own


def up(side: int, step: int) -> int:
    """The next multiple of ``step``."""
    return math.ceil(side / step) * step

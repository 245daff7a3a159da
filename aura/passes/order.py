"""Which passes a request asks for, in their order."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from aura.requests import GenerateRequest, Larger

LANCZOS = "lanczos"  # the upscaler that needs no model

Name = Literal["draw", "enlarge", "refine", "find", "repair"]


@dataclass(frozen=True)
class Part:
    """One pass over all pictures of a request; ``model`` is None where it needs none."""

    name: Name
    model: str | None


def parts(request: GenerateRequest) -> tuple[Part, ...]:
    """At least the first: what draws. All pictures pass each part before the next begins."""
    drawn = Part("draw", request.model)
    larger = _larger(request.larger, request.model) if request.larger else ()
    last = larger[-1].model if larger and larger[-1].name == "refine" else request.model
    if request.repair is None:
        return (drawn, *larger)
    return (drawn, *larger, Part("find", request.repair.detector), Part("repair", last))


def _larger(larger: Larger, drawn_with: str) -> tuple[Part, ...]:
    upscaler = None if larger.upscaler == LANCZOS else larger.upscaler
    enlarged = Part("enlarge", upscaler)
    if not larger.strength:
        return (enlarged,)
    return (enlarged, Part("refine", larger.model or drawn_with))


def final_size(request: GenerateRequest) -> tuple[int, int]:
    """Width and height of what is saved in the end."""
    last = request.larger or request
    return last.width, last.height

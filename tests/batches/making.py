"""Batches of plain requests, composed without a catalogue."""

from __future__ import annotations

from typing import Any

from aura.batches.batch import Batch
from aura.batches.making import made
from aura.grids import axis
from aura.requests import GenerateRequest

VALUES: dict[str, Any] = {"model": "tiny", "width": 64, "height": 64, "steps": 2, "guidance": 5.0}


def composed(**asked: Any) -> GenerateRequest:
    count = asked.pop("count", 1)
    prompt = asked["prompt"]
    asked = {name: value for name, value in asked.items() if value is not None}
    return GenerateRequest(**VALUES | asked, prompts=(prompt,) * count, negatives=("",) * count)


def prompts(*lines: str, seed: int | None = 5, unfinished=lambda described: None, **asked) -> Batch:
    return made({"seed": seed, **asked}, composed, unfinished, lines=lines)


def grid(*axes: str, lang: str = "en", **asked: Any) -> Batch:
    """``steps=1,2`` each."""
    found = [axis(*one.split("=")) for one in axes]
    wanted = {"prompt": "a red star", "seed": 5, **asked}
    return made(wanted, composed, lambda described: None, axes=found, lang=lang)

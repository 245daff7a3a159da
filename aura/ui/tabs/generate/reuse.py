"""Settings on their way back into the panel: of the last visit, a picture, or a file."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from aura.library.metadata import read_settings
from aura.requests import COUNT_MAX, PROMPT_MAX, SCHEDULERS, SEED_MAX, SIDE_MAX, SIDE_MIN
from aura.ui.tabs.generate.panel import FIELDS

if TYPE_CHECKING:
    from aura.library.history import Entry

BOUNDS = {
    "width": (SIDE_MIN, SIDE_MAX),
    "height": (SIDE_MIN, SIDE_MAX),
    "count": (1, COUNT_MAX),
    "steps": (1, 150),
    "guidance": (0, 30),
    "seed": (0, SEED_MAX),
}


def kept(asked: Mapping[str, Any]) -> dict[str, Any]:
    """What the browser keeps of a request, to fill the panel at the next visit."""
    return {name: asked.get(name) for name in ("model", *FIELDS)}


def of_entry(entry: Entry) -> dict[str, Any]:
    """The settings one picture of the history was drawn with, its own seed included."""
    request = entry.request
    return {
        "model": request.model,
        "prompt": request.prompt,
        "negative": request.negative,
        "style": request.style,
        "width": request.width,
        "height": request.height,
        "count": 1,
        "steps": request.steps,
        "guidance": request.guidance,
        "scheduler": request.scheduler,
        "seed": entry.picture.seed,
    }


def of_file(path: str) -> dict[str, Any]:
    """The settings a picture file carries. Raises BadImage, BadMetadata."""
    return dict(read_settings(Path(path)))


def valid(settings: Mapping[str, Any]) -> dict[str, Any]:
    """Only what the panel can hold: files and browsers may have kept anything."""
    return {name: value for name, value in settings.items() if _holds(name, value)}


def _holds(name: str, value: Any) -> bool:
    if value is None or name not in FIELDS:
        return False
    if name in BOUNDS:
        low, high = BOUNDS[name]
        return (
            isinstance(value, int | float) and not isinstance(value, bool) and low <= value <= high
        )
    if name == "scheduler":
        return value in SCHEDULERS
    return isinstance(value, str) and len(value) <= PROMPT_MAX

"""Settings on their way back into the panel: of the last visit, a picture, or a file."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from pydantic import BaseModel, TypeAdapter, ValidationError

from aura.library.inputs import is_kept
from aura.library.metadata import read_settings
from aura.requests import (
    COUNT_MAX,
    PROMPT_MAX,
    SCHEDULERS,
    SEED_MAX,
    SIDE_MAX,
    SIDE_MIN,
    GenerateRequest,
    Start,
)
from aura.ui.tabs.generate.panel import PARTS, PLAIN

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
SHAPES: dict[str, TypeAdapter[Any]] = {
    name: TypeAdapter(GenerateRequest.model_fields[name].annotation or str) for name in PARTS
}


def kept(asked: Mapping[str, Any]) -> dict[str, Any]:
    """What the browser keeps of a request, to fill the panel at the next visit."""
    return {name: _plain(asked.get(name)) for name in ("model", *PLAIN, *PARTS)}


def _plain(value: Any) -> Any:
    if isinstance(value, tuple):
        return [_plain(one) for one in value]
    return value.model_dump(mode="json") if isinstance(value, BaseModel) else value


def of_entry(entry: Entry) -> dict[str, Any]:
    """The settings one picture of the history was drawn with, its own seed included."""
    request, seed = entry.request, entry.picture.seed
    return {
        **{name: getattr(request, name) for name in (*PLAIN, *PARTS, "model") if name != "ratio"},
        "count": 1,
        "seed": seed,
        "start": request.part(request.index_of(seed)).start,
    }


def of_file(path: str) -> dict[str, Any]:
    """The settings a picture file carries. Raises BadImage, BadMetadata."""
    return dict(read_settings(Path(path)))


def valid(settings: Mapping[str, Any], data_dir: Path) -> dict[str, Any]:
    """Only what the panel can hold: files and browsers may have kept anything."""
    plain = {name: value for name, value in settings.items() if _holds(name, value)}
    parts = {name: _part(name, settings[name], data_dir) for name in PARTS if settings.get(name)}
    return plain | {name: part for name, part in parts.items() if part is not None}


def _holds(name: str, value: Any) -> bool:
    if value is None or name not in PLAIN:
        return False
    if name in BOUNDS:
        low, high = BOUNDS[name]
        return (
            isinstance(value, int | float) and not isinstance(value, bool) and low <= value <= high
        )
    if name == "scheduler":
        return value in SCHEDULERS
    return isinstance(value, str) and len(value) <= PROMPT_MAX


def _part(name: str, value: Any, data_dir: Path) -> Any:
    """One section's keyword as it is asked for; None for what is not, or is no longer there."""
    plain = _plain(value)
    try:
        part = SHAPES[name].validate_python(plain, strict=False)
    except ValidationError:
        return None
    gone = isinstance(part, Start) and not startable(part, data_dir)
    return None if gone else part


def startable(start: Start, data_dir: Path) -> bool:
    """Whether the pictures it names are still here. A file may name any on any machine."""
    return all(is_kept(data_dir, Path(path)) for path in (*start.pictures, *start.masks))

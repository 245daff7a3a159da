"""A preset's values put into what a person asked for, where they left them open."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from aura.catalog.models import Catalog, Model
from aura.memory.device import Snapshot
from aura.passes.foresight import Lessons, unlearnt
from aura.presets.option import Option
from aura.presets.options import Size, option
from aura.ratios import RATIOS, drawable, size_for

VALUES = ("steps", "guidance", "scheduler")


def applied(
    asked: Mapping[str, Any], catalog: Catalog, snapshot: Snapshot, known: Lessons = unlearnt
) -> dict[str, Any]:
    """Keywords of ``compose``. What was given wins over the preset, which is then not named.

    Without a preset, as it was asked. Raises BadRequest, UnknownModel.
    """
    given = dict(asked)
    name = given.pop("preset", None)
    if not name:
        return given
    model = catalog.get(given["model"]) if given.get("model") else catalog.default()
    wanted = wanted_size(given, model)
    started = given.get("start") is not None
    found = option(name, model, catalog, snapshot, known, size=wanted, whole=started)
    return _merged(given, found, sized=wanted is not None and not started and _open_size(given))


def wanted_size(asked: Mapping[str, Any], model: Model) -> Size | None:
    """Pixels of the picture that is wanted in the end; None where the bounds will complain."""
    width, height = asked.get("width"), asked.get("height")
    if isinstance(width, int | float) and isinstance(height, int | float):
        taken = drawable(width, height, model.multiple)
        return (int(width), int(height)) if taken else None
    ratio = asked.get("ratio") or RATIOS[0]
    return size_for(ratio, model.area, model.multiple) if ratio in RATIOS else None


def _merged(given: dict[str, Any], found: Option, *, sized: bool) -> dict[str, Any]:
    merged = dict(given)
    values = found.keywords
    merged.update({name: values[name] for name in VALUES if _open(given, name)})
    if sized:
        merged.update({name: values[name] for name in ("ratio", "width", "height", "larger")})
    if given.get("way") is None:
        merged["way"] = values["way"]
    own = {lora.id for lora in given.get("loras", ())}
    added = tuple(lora for lora in values["loras"] if lora.id not in own)
    merged["loras"] = (*added, *given.get("loras", ()))
    kept = all(merged[name] == values[name] for name in VALUES)
    return merged | {"preset": found.name if kept else None}


def _open(given: Mapping[str, Any], name: str) -> bool:
    value = given.get(name)
    return value is None or (name == "scheduler" and value == "auto")


def _open_size(given: Mapping[str, Any]) -> bool:
    """A ratio and sides together, or one side alone, are for ``compose`` to refuse."""
    if given.get("larger") is not None:
        return False
    sides = [given.get("width"), given.get("height")]
    if given.get("ratio") is not None:
        return sides == [None, None]
    return (sides[0] is None) == (sides[1] is None)

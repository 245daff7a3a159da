"""What a script asks for in plain words and numbers, as keywords of the composer.

The command line and the endpoint speak the same names; both come through here.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from pydantic import ValidationError

from aura.catalog.models import Catalog, Model
from aura.errors import BadRequest
from aura.library.images import open_header
from aura.library.inputs import keep_file
from aura.memory.abilities import STARTS
from aura.memory.device import Snapshot
from aura.passes.foresight import Lessons, unlearnt
from aura.passes.order import LANCZOS
from aura.passes.wide import wide
from aura.ratios import RATIOS, size_for, size_near
from aura.requests import Larger, Lora, Plain, Repair, Start

SIZE = re.compile(r"\s*(\d{2,5})\s*[x×]\s*(\d{2,5})\s*", re.IGNORECASE)
TIMES_MAX = 8.0

Sides = tuple[int, int]
Reason = dict[str, Any]  # a key of the texts and its facts

# The names that this module understands, besides those that ``compose`` takes as they are.
NAMES = (
    "lora",
    "start",
    "mask",
    "strength",
    "size",
    "larger",
    "upscaler",
    "refiner",
    "repair",
)


def keywords(
    asked: Mapping[str, Any],
    catalog: Catalog,
    data_dir: Path,
    snapshot: Snapshot,
    known: Lessons = unlearnt,
) -> tuple[dict[str, Any], Reason | None]:
    """``asked`` with the names of this module turned into what ``compose`` takes, and why a
    large picture is drawn the way it is.

    Pictures that are named are kept below ``data_dir``. Raises BadRequest, UnknownModel,
    BadImage, DiskFull, FolderUnwritable.
    """
    told = {name: asked.get(name) for name in NAMES}
    wanted = {name: value for name, value in asked.items() if name not in NAMES}
    model = catalog.get(wanted["model"]) if wanted.get("model") else catalog.default()
    wanted["loras"] = tuple(lora(text) for text in told["lora"] or ())
    wanted["start"] = start(told["start"], told["mask"], told["strength"], data_dir)
    wanted.update(_shape(told, wanted, model))
    sized, why = _sized(told, wanted, model, catalog, snapshot, known)
    wanted.update(sized)
    if told["strength"] is not None and not (wanted["start"] or wanted.get("larger")):
        raise BadRequest(field="strength", problem="error.problem.needs_start")
    if told["repair"]:
        wanted["repair"] = _made(Repair, "repair", things=told["repair"])
    return wanted, why


def lora(text: str) -> Lora:
    """Of ``ID`` or ``ID:WEIGHT``. Raises BadRequest."""
    id, _, weight = text.rpartition(":") if ":" in text else (text, "", "1")
    try:
        return Lora(id=id.strip(), weight=float(weight))
    except ValueError:
        raise BadRequest(field="loras", problem="error.problem.lora_text") from None


def start(
    picture: str | None, mask: str | None, strength: float | None, data_dir: Path
) -> Start | None:
    """What drawing starts from, kept by its content."""
    if picture is None:
        if mask is not None:
            raise BadRequest(field="mask", problem="error.problem.needs_start")
        return None
    kept = [str(keep_file(data_dir, Path(path).expanduser())) for path in (picture, mask) if path]
    fields: dict[str, Any] = {} if strength is None else {"strength": strength}
    made: Start = _made(Start, "start", pictures=kept[:1], masks=kept[1:], **fields)
    return made


def sides(text: str) -> Sides:
    """Of ``1920x1080``. Raises BadRequest."""
    match = SIZE.fullmatch(text)
    if match is None:
        raise BadRequest(field="size", problem="error.problem.size_text")
    return int(match[1]), int(match[2])


def _shape(told: Mapping[str, Any], wanted: Mapping[str, Any], model: Model) -> dict[str, int]:
    """Without any size, a picture to start from is drawn in its own shape, and not cropped."""
    if wanted["start"] is None or told["size"] is not None or _shaped(wanted):
        return {}
    path = Path(wanted["start"].pictures[0])
    header = open_header(path, path.name)
    across, down = size_near(header.width, header.height, model.area, model.multiple)
    return {"width": across, "height": down}


def _shaped(wanted: Mapping[str, Any]) -> bool:
    return any(wanted.get(name) is not None for name in ("ratio", "width", "height"))


def _sized(
    told: Mapping[str, Any],
    wanted: Mapping[str, Any],
    model: Model,
    catalog: Catalog,
    snapshot: Snapshot,
    known: Lessons,
) -> tuple[dict[str, Any], Reason | None]:
    """The size to draw in, and the second pass where the picture is to be larger."""
    if told["size"] is not None:
        return _final(told, wanted, model, catalog, snapshot, known)
    if told["larger"] is None:
        if told["upscaler"] or told["refiner"]:
            raise BadRequest(field="larger", problem="error.problem.needs_larger")
        return {}, None
    drawn, times = _drawn(wanted, model), _times(told["larger"])
    final = round(drawn[0] * times), round(drawn[1] * times)
    size = {"ratio": None, "width": drawn[0], "height": drawn[1]}
    second, refiner = _larger(final, told), _refiner(told, model, catalog)
    if not second.strength or refiner.family in STARTS:
        return size | {"larger": second}, None
    facts = {"model": model.name, "refiner": refiner.name, "width": final[0], "height": final[1]}
    facts |= {"draw_width": drawn[0], "draw_height": drawn[1]}
    second = second.model_copy(update={"strength": 0.0})
    return size | {"larger": second}, {"code": "passes.wide.unrefined", "facts": facts}


def _final(
    told: Mapping[str, Any],
    wanted: Mapping[str, Any],
    model: Model,
    catalog: Catalog,
    snapshot: Snapshot,
    known: Lessons,
) -> tuple[dict[str, Any], Reason]:
    """Whatever best leads to that many pixels with this model on this machine."""
    if _shaped(wanted) or told["larger"] is not None:
        raise BadRequest(field="size", problem="error.problem.size_twice")
    across, down = sides(told["size"])
    second = _larger((across, down), told)
    best = wide(
        model,
        across,
        down,
        snapshot,
        installed=catalog.installed,
        known=known,
        upscaler=second.upscaler,
        strength=second.strength,
        refiner=_refiner(told, model, catalog),
    )
    refiner: dict[str, Any] = {"model": second.model, "tile": 0} if second.model else {}
    larger = best.larger.model_copy(update=refiner) if best.larger else None
    size = {"ratio": None, "width": best.width, "height": best.height, "larger": larger}
    return size, {"code": best.code, "facts": best.facts}


def _refiner(told: Mapping[str, Any], model: Model, catalog: Catalog) -> Model:
    return catalog.get(told["refiner"]) if told["refiner"] else model


def _drawn(wanted: Mapping[str, Any], model: Model) -> Sides:
    """What would be drawn without a second pass; ``compose`` checks it."""
    if wanted.get("width") is not None and wanted.get("height") is not None:
        return int(wanted["width"]), int(wanted["height"])
    ratio = wanted.get("ratio") or RATIOS[0]
    if ratio not in RATIOS or wanted.get("width") or wanted.get("height"):
        raise BadRequest(field="size", problem="error.problem.size")
    return size_for(ratio, model.area, model.multiple)


def _times(value: Any) -> float:
    if not isinstance(value, int | float) or not 1 <= value <= TIMES_MAX:
        raise BadRequest(field="larger", problem="error.problem.larger_text")
    return float(value)


def _larger(final: Sides, told: Mapping[str, Any]) -> Larger:
    fields: dict[str, Any] = {"width": final[0], "height": final[1], "model": told["refiner"]}
    fields["upscaler"] = told["upscaler"] or LANCZOS
    if told["strength"] is not None and told["start"] is None:
        fields["strength"] = told["strength"]
    made: Larger = _made(Larger, "larger", **fields)
    return made


def _made(kind: type[Plain], field: str, **fields: Any) -> Any:
    try:
        return kind(**fields)
    except ValidationError:
        raise BadRequest(field=field, problem=f"error.problem.{field}") from None

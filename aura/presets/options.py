"""The presets of one model on one machine, and which of them to take.

Pure: nothing is loaded, and every figure is the planner's.
"""

from __future__ import annotations

import math
from collections.abc import Iterator

from aura.catalog import decoders
from aura.catalog.models import Catalog, Model
from aura.errors import BadRequest
from aura.memory.device import Snapshot
from aura.passes.foresight import Lessons, unlearnt
from aura.presets.foresight import foreseen
from aura.presets.option import Better, Option, Reason
from aura.presets.table import AUTOMATIC, CHOICES, FEW, NAMES, Preset, preset
from aura.ratios import RATIOS, SIDE_STEP, size_for, size_near
from aura.requests import SIDE_MAX, SIDE_MIN, Larger, Lora, Way, achievable

PATIENCE_S = 30.0  # what a person waits for one picture without going away
SOONER = 3.0  # a better choice draws in a third of the time, or it is none
FINEST = ("quality", "balanced", "ultra_fast")

Size = tuple[int, int]


def options(
    model: Model,
    catalog: Catalog,
    snapshot: Snapshot,
    known: Lessons = unlearnt,
    *,
    size: Size | None = None,
    whole: bool = False,
    patience_s: float = PATIENCE_S,
) -> tuple[Option, ...]:
    """Every preset, the automatic one first.

    ``size`` is the picture's in the end: native where none is given, or one no picture can have.
    ``whole`` draws all of it, and no draft to enlarge: that would soften what a picture to
    start from keeps.
    """
    native = size_for(RATIOS[0], model.area, model.multiple)
    wanted = size if size and achievable(*size) else native
    area = 1.0 if whole else None
    found = {n: _resolved(n, model, catalog, snapshot, wanted, known, area) for n in NAMES}
    every = (automatic(found, patience_s), *found.values())
    others = tuple(_others(model, catalog, snapshot, known))
    return tuple(_with_better(one, others, patience_s) for one in every)


def option(
    name: str,
    model: Model,
    catalog: Catalog,
    snapshot: Snapshot,
    known: Lessons = unlearnt,
    *,
    size: Size | None = None,
    whole: bool = False,
) -> Option:
    """One of them by its name. Raises BadRequest."""
    if name not in CHOICES:
        raise BadRequest(field="preset", problem="error.problem.preset")
    every = options(model, catalog, snapshot, known, size=size, whole=whole)
    return next(one for one in every if one.name == name)


def automatic(found: dict[str, Option], patience_s: float = PATIENCE_S) -> Option:
    """The finest that fits and ends within ``patience_s``, with why it was picked."""
    fitting = [found[name] for name in FINEST if found[name].verdict in ("fits", "slow", None)]
    if not fitting:
        return _picked(found["low_memory"], "memory")
    timed = [one for one in fitting if one.seconds is not None]
    if not timed:
        return _picked(_untimed(fitting), "unmeasured")
    for one in timed:
        if one.seconds is not None and one.seconds <= patience_s:
            return _picked(one, "within", limit=round(patience_s))
    return _picked(min(timed, key=lambda one: one.seconds or 0.0), "quickest")


def _untimed(fitting: list[Option]) -> Option:
    """Where no speed was measured: the middle way, unless only slow plans fit."""
    quick = [one for one in fitting if one.verdict == "fits"]
    return next((one for one in quick if one.name == "balanced"), (quick or fitting)[-1])


def _picked(one: Option, why: str, **facts: object) -> Option:
    reason: Reason = {
        "code": f"preset.why.{why}",
        "facts": {"preset": f"preset.{one.name}", **facts},
    }
    changes = {"name": AUTOMATIC, "follows": one.name, "reasons": (reason, *one.reasons)}
    return one.model_copy(update=changes)


def _resolved(
    name: str,
    model: Model,
    catalog: Catalog,
    snapshot: Snapshot,
    wanted: Size,
    known: Lessons,
    area: float | None = None,
) -> Option:
    table = preset(name, model, snapshot.kind == "cpu")
    if area is not None:
        table = table.model_copy(update={"area": area})
    quick = _quick_lora(model, catalog) if table.lora else None
    drawn = (
        _plain(table, model, wanted) if quick is None else _with_lora(table, model, quick, wanted)
    )
    drawn = drawn.model_copy(update={"way": _grantable(table.way, model, snapshot)})
    told = foreseen(drawn.request, catalog, snapshot, known)
    return drawn.model_copy(update=told._asdict())


def _grantable(way: Way, model: Model, snapshot: Snapshot) -> Way:
    """Without what this machine cannot do or has not got: nobody needs to hear of it."""
    changes: dict[str, str] = {}
    if way.precision not in ("auto", *snapshot.dtypes):
        changes["precision"] = "auto"
    if way.decoder == "tiny" and decoders.tiny(model.family) is None:
        changes["decoder"] = "auto"
    return way.model_copy(update=changes)


def _plain(table: Preset, model: Model, wanted: Size) -> Option:
    small = _drawn(wanted, table.area, model)
    smaller = {"code": "preset.note.fewer_steps", "facts": {}}
    return Option(
        name=table.name,
        model=model.id,
        steps=table.steps_of(model),
        guidance=model.defaults.guidance if table.guidance is None else table.guidance,
        scheduler=table.scheduler or model.defaults.scheduler,
        width=small[0],
        height=small[1],
        larger=_enlarged(small, wanted),
        way=table.way,
        reasons=(smaller,) if table.lora and model.defaults.steps > FEW else (),
    )


def _with_lora(table: Preset, model: Model, lora: Model, wanted: Size) -> Option:
    """At the LoRA's own values; it spares so many steps that the whole size is drawn."""
    whole = _drawn(wanted, 1.0, model)
    return Option(
        name=table.name,
        model=model.id,
        steps=lora.defaults.steps,
        guidance=lora.defaults.guidance,
        scheduler=lora.defaults.scheduler,
        width=whole[0],
        height=whole[1],
        larger=_enlarged(whole, wanted),
        loras=(Lora(id=lora.id, weight=1.0),),
        way=table.way,
        reasons=({"code": "preset.note.lora", "facts": {"lora": lora.name}},),
    )


def _quick_lora(model: Model, catalog: Catalog) -> Model | None:
    """The installed LoRA that lets this model draw in the fewest steps, if it needs many.

    It changes the published network of its family; one of another size it does not fit.
    """
    if model.defaults.steps <= FEW or model.vocabulary or model.pruned:
        return None
    fitting = (one for one in catalog.models if one.task == "lora" and one.family == model.family)
    quick = [m for m in fitting if 1 < m.defaults.steps <= FEW and catalog.installed(m)]
    return min(quick, key=lambda lora: lora.defaults.steps, default=None)


def _drawn(wanted: Size, area: float, model: Model) -> Size:
    """Sides for that share of the area, in the model's steps: the whole is never drawn smaller."""
    if max(wanted) > SIDE_MAX:
        return size_near(*wanted, model.area, model.multiple)
    step = math.lcm(model.multiple, SIDE_STEP)
    steps = math.ceil if area == 1 else round
    least = math.ceil(SIDE_MIN / step)
    width, height = (max(least, steps(side * area**0.5 / step)) * step for side in wanted)
    return width, height


def _enlarged(drawn: Size, wanted: Size) -> Larger | None:
    """By interpolation alone: a second pass of drawing would cost what the draft saves."""
    if drawn == wanted:
        return None
    return Larger(width=wanted[0], height=wanted[1], strength=0.0, steps=None, tile=0)


def _others(model: Model, catalog: Catalog, snapshot: Snapshot, known: Lessons) -> Iterator[Better]:
    """The other models that anything can be drawn with, and how soon they would here."""
    for other in catalog.models:
        if other.id == model.id or not other.draws or other.vocabulary:
            continue
        size = size_for(RATIOS[0], other.area, other.multiple)
        told = _resolved("balanced", other, catalog, snapshot, size, known)
        if told.seconds is not None and told.verdict != "refused":
            here = catalog.installed(other) is not None
            loaded = 0 if here else other.download_bytes
            yield Better(
                model=other.id, name=other.name, seconds=told.seconds, download_bytes=loaded
            )


def _with_better(one: Option, others: tuple[Better, ...], patience_s: float) -> Option:
    """Only where it takes long, and only what is much sooner: first what is here already."""
    if one.seconds is None or one.seconds <= patience_s:
        return one
    limit = one.seconds / SOONER
    sooner = [other for other in others if other.seconds <= limit]
    best = min(sooner, key=lambda o: (o.download_bytes > 0, o.seconds), default=None)
    return one.model_copy(update={"better": best})

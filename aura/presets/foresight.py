"""What a request will take, over all its passes, as the planner foresees it."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import NamedTuple

from aura.catalog.models import Catalog, Model
from aura.composer import LANCZOS
from aura.errors import AuraError
from aura.memory.device import Snapshot
from aura.memory.planner import NOTHING, Known
from aura.memory.verdict import Verdict, verdict
from aura.requests import GenerateRequest, Start, UpscaleRequest, Work

Learnt = Callable[[Model, Work], Known]  # what the ledger knows of such work here
TILE = 512  # pixels
RANK = ("fits", "slow", "refused")


def nothing(model: Model, request: Work) -> Known:
    return NOTHING


class Foreseen(NamedTuple):
    """``seconds`` of the whole request, ``peak`` of the pass that needs most, in bytes."""

    seconds: float | None
    peak: int | None
    verdict: str | None


UNKNOWN = Foreseen(None, None, None)


def foreseen(
    request: GenerateRequest, catalog: Catalog, snapshot: Snapshot, learnt: Learnt = nothing
) -> Foreseen:
    """The sum of the passes' seconds, the highest of their peaks, the worst of their verdicts."""
    found: list[Verdict] = []
    for model, work in passes(request, catalog):
        told = _verdict(model, work, catalog, snapshot, learnt)
        if told is None:
            return UNKNOWN
        found.append(told)
    seconds = [told.plan.seconds if told.plan else None for told in found]
    return Foreseen(
        sum(s for s in seconds if s is not None) if None not in seconds else None,
        max(told.plan.peak if told.plan else told.need_bytes for told in found),
        max((told.verdict for told in found), key=RANK.index),
    )


def passes(request: GenerateRequest, catalog: Catalog) -> Iterator[tuple[Model, Work]]:
    """Every model that will be lent, and for what. Lanczos takes next to nothing."""
    drawing = catalog.get(request.model)
    larger = request.larger
    yield drawing, request.model_copy(update={"larger": None, "repair": None})
    if larger is None:
        return
    if larger.upscaler != LANCZOS:
        upscaler = catalog.get(larger.upscaler)
        yield (
            upscaler,
            UpscaleRequest(model=upscaler.id, pictures=("-",) * request.count, tile=TILE),
        )
    if larger.strength:
        refiner = catalog.get(larger.model) if larger.model else drawing
        yield refiner, _refining(request, refiner)


def _refining(request: GenerateRequest, refiner: Model) -> GenerateRequest:
    """Image to image at the size that is wanted."""
    larger = request.larger
    assert larger is not None
    step = refiner.multiple
    return request.model_copy(
        update={
            "model": refiner.id,
            "width": max(64, larger.width // step * step),
            "height": max(64, larger.height // step * step),
            "steps": larger.steps or request.steps,
            "start": Start(pictures=("-",), strength=larger.strength),
            "larger": None,
            "repair": None,
        }
    )


def _verdict(
    model: Model, work: Work, catalog: Catalog, snapshot: Snapshot, learnt: Learnt
) -> Verdict | None:
    """None where nobody can tell, as of a model whose files are damaged."""
    folder = catalog.installed(model)
    try:
        return verdict(model, snapshot, work, folder=folder, known=learnt(model, work))
    except AuraError:
        return None

"""What a request will take over all its passes, in the three figures that a preset shows."""

from __future__ import annotations

from typing import Literal, NamedTuple

from aura.catalog.models import Catalog
from aura.errors import AuraError
from aura.memory.device import Snapshot
from aura.memory.verdict import is_slow
from aura.passes import foresight
from aura.passes.foresight import KnownOf, unlearnt
from aura.requests import GenerateRequest


class Foreseen(NamedTuple):
    """``seconds`` of the whole request, ``peak`` of the pass that needs most, in bytes."""

    seconds: float | None
    peak: int | None
    verdict: Literal["fits", "slow", "refused"] | None


UNKNOWN = Foreseen(None, None, None)


def foreseen(
    request: GenerateRequest, catalog: Catalog, snapshot: Snapshot, known: KnownOf = unlearnt
) -> Foreseen:
    """All None where nobody can tell, as of a model whose files are damaged."""
    try:
        told = foresight.foreseen(request, catalog, snapshot, known)
    except AuraError:
        return UNKNOWN
    if told.refused:
        return Foreseen(None, None, "refused")
    plans = [part.plan for part in told.parts if part.plan]
    if not plans:
        return UNKNOWN
    slow = any(is_slow(plan, snapshot) for plan in plans)
    return Foreseen(told.seconds, told.peak, "slow" if slow else "fits")

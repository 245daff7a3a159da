"""How every embedder goes through what it was given: batch by batch, as vectors of length one."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import torch

from aura.families.base import Embedded, Happening, StageBegun, StepDone
from aura.families.pretrained import Loaded
from aura.memory.batches import batch
from aura.memory.plan import Plan
from aura.requests import EmbedRequest

Embed = Callable[[tuple[str, ...]], torch.Tensor]  # a batch → n × width, on any device


@torch.no_grad()
def embedding(
    loaded: Loaded, request: EmbedRequest, plan: Plan, first: int, embed: Embed
) -> Iterator[Happening]:
    """Yield the vectors of each batch, from item ``first`` on. Closing it stops between two."""
    items = request.texts or request.pictures
    each = batch(request, plan.switches)
    starts = range(first, len(items), each)
    loaded.placement.enter(request.kind)
    try:
        for step, start in enumerate(starts, 1):
            yield StageBegun("encoding", start)
            vectors = embed(items[start : start + each])
            yield StepDone(step, len(starts), start)
            unit = torch.nn.functional.normalize(vectors.float(), dim=-1)
            yield Embedded(unit.cpu().numpy(), start)
    finally:
        loaded.placement.leave()

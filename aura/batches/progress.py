"""How far a batch is, and when it will be done."""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence
from typing import Any, Literal

from aura.batches.batch import Batch, keys
from aura.requests import GenerateRequest, Picture, Plain


class Progress(Plain):
    """Counts of pictures; ``until`` is the time of day when all will be drawn, by the wall
    clock; None while nothing can tell."""

    state: Literal["running", "stopped", "done", "incomplete"]
    drawn: int
    lost: int
    of: int
    until: float | None = None


def progress(
    batch: Batch,
    drawn: Mapping[str, Picture],
    lost: Mapping[str, Any],
) -> Progress:
    every = [(one, r, i) for r in batch.requests for i, one in enumerate(keys(r))]
    left = [r.part(i) for one, r, i in every if one not in drawn and one not in lost]
    done = [(r.part(i), drawn[one]) for one, r, i in every if one in drawn]
    left_s, now = _left(done, left), time.time()
    return Progress(
        state=_state(batch, len(left), len(lost)),
        drawn=len(done),
        lost=len(lost),
        of=len(every),
        until=now + left_s if batch.open and left_s is not None else None,
    )


def _state(
    batch: Batch, left: int, lost: int
) -> Literal["running", "stopped", "done", "incomplete"]:
    if batch.open:
        return "running"
    if left:
        return "stopped"
    return "incomplete" if lost else "done"


def _left(
    done: Sequence[tuple[GenerateRequest, Picture]], left: Sequence[GenerateRequest]
) -> float | None:
    """By what the drawn ones took, each weighed by its work."""
    work = sum(_work(request) for request, _ in done)
    if not work:
        return None
    each = sum(picture.seconds for _, picture in done) / work
    return each * sum(_work(request) for request in left)


def _work(request: GenerateRequest) -> float:
    """Of one picture, in steps of a pixel; a few steps' worth goes into encoding and decoding."""
    doubled = 2 if request.guidance > 1 else 1
    return request.width * request.height * (request.worked_steps * doubled + 4)

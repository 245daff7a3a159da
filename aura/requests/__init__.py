"""What can be asked for: one frozen, validated request per task, and what comes back.

A tab or the command line turns its inputs into a request at its edge; nothing past
that edge knows a widget. Requests, plans and results are plain data (``model_dump``),
because they cross processes, live in the journal and are saved inside the pictures.
"""

from __future__ import annotations

from typing import Annotated, Any

from pydantic import Field

from aura.requests.generate import GenerateRequest, Larger, Lora, Repair, Start, Way
from aura.requests.plain import (
    COUNT_MAX,
    LARGE_MAX,
    PIXELS_MAX,
    PROMPT_MAX,
    SCHEDULERS,
    SEED_MAX,
    SIDE_MAX,
    SIDE_MIN,
    Plain,
    achievable,
    seed_after,
)
from aura.requests.work import (
    CaptionRequest,
    DetectRequest,
    EmbedRequest,
    RemoveRequest,
    SegmentRequest,
    UpscaleRequest,
)

__all__ = [
    "COUNT_MAX",
    "LARGE_MAX",
    "PIXELS_MAX",
    "PROMPT_MAX",
    "SCHEDULERS",
    "SEED_MAX",
    "SIDE_MAX",
    "SIDE_MIN",
    "CaptionRequest",
    "DetectRequest",
    "EmbedRequest",
    "GenerateRequest",
    "Larger",
    "Lora",
    "Passed",
    "Picture",
    "Plain",
    "RemoveRequest",
    "Repair",
    "Request",
    "SegmentRequest",
    "Start",
    "UpscaleRequest",
    "Way",
    "Work",
    "achievable",
    "seed_after",
]

# What a person can queue, and what a model can be lent for. Pydantic tells them apart by
# ``task``; a task moves into ``Request`` when it has its tab.
Request = GenerateRequest
Work = Annotated[
    GenerateRequest
    | CaptionRequest
    | EmbedRequest
    | SegmentRequest
    | RemoveRequest
    | UpscaleRequest
    | DetectRequest,
    Field(discriminator="task"),
]


class Passed(Plain):
    """What one pass took for one picture; ``plan`` is None where it needed no model."""

    name: str  # as passes.order.Part has it
    model: str | None
    seconds: float
    peak_bytes: int
    plan: dict[str, Any] | None = None


class Picture(Plain):
    """One saved picture. ``path`` is absolute and on the disk of the process that drew it.

    ``passes`` are told where there was more than one; seconds and stages are then those of
    all together, the peak is the highest, and the plan is the last.
    """

    path: str
    width: int
    height: int
    seed: int
    prompt: str
    model: str
    seconds: float
    stages: dict[str, float]  # seconds per stage
    peak_bytes: int
    plan: dict[str, Any]  # memory.plan.Plan, dumped
    notices: tuple[dict[str, Any], ...] = ()  # what a fallback changed: {"code", "facts"}
    passes: tuple[Passed, ...] = ()

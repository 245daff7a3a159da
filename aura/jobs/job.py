"""A job: one request on its way, and the view of it that pages and scripts see."""

from __future__ import annotations

from typing import Any, Literal

from aura.requests import Picture, Plain, Request

State = Literal["queued", "running", "done", "failed", "cancelled", "interrupted"]
ENDED = frozenset({"done", "failed", "cancelled", "interrupted"})


class JobView(Plain):
    """A job as it stands at one moment. Plain data; times in seconds, sizes in bytes."""

    id: str
    owner: str  # the page or script that asked
    request: Request
    state: State
    created: float  # wall clock, for showing only
    place: int = 0  # jobs that run before it; 0 when next or running
    stage: str = "waiting"
    step: int = 0
    steps: int = 0
    index: int = 0  # which of the request's pictures
    part: int = 0  # which of its passes
    parts: int = 1
    preview: str | None = None
    elapsed: float = 0.0  # since it began to run
    eta: float | None = None  # left, once it can be told
    stages: dict[str, float] = {}
    peak_bytes: int = 0
    plan: dict[str, Any] | None = None
    pictures: tuple[Picture, ...] = ()
    notices: tuple[dict[str, Any], ...] = ()
    error: dict[str, Any] | None = None

    @property
    def ended(self) -> bool:
        return self.state in ENDED

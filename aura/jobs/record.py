"""What the queue keeps of one job: its view, and the clock readings behind it."""

from __future__ import annotations

from typing import Any

from aura.engine.protocol import (
    Cancelled,
    Done,
    Failed,
    JobEvent,
    Notice,
    Planned,
    Preview,
    Saved,
    Stage,
    Step,
)
from aura.jobs.forecast import Pace, Steps, left
from aura.jobs.job import JobView


class Record:
    """Changed under the queue's lock alone. ``version`` counts what a follower should see."""

    def __init__(self, view: JobView) -> None:
        self.kept = view
        self.version = 0
        self.stopping = False
        self._begun = 0.0
        self._stage_begun = 0.0
        self._steps: Steps | None = None

    def change(self, **fields: Any) -> None:
        self.kept = self.kept.model_copy(update=fields)
        self.version += 1

    def place(self, place: int) -> None:
        if self.kept.place != place:
            self.change(place=place)

    def begin(self, now: float) -> None:
        self._begun = self._stage_begun = now
        self.change(state="running", place=0)

    def apply(self, event: JobEvent, now: float) -> None:
        """Take in one event of its engine; ``now`` by a monotonic clock."""
        match event:
            case Planned():
                self.change(plan=event.plan)
            case Stage():
                self._stage_begun = now
                self._steps = Steps(now) if event.stage == "denoising" else None
                where = {"index": event.index, "part": event.part, "parts": event.parts}
                self.change(stage=event.stage, step=0, steps=0, **where)
            case Step():
                if self._steps is not None:
                    self._steps.done(now, event.step)
                self.change(step=event.step, steps=event.steps, index=event.index)
            case Preview():
                self.change(preview=event.path, index=event.index)
            case Notice():
                self.change(notices=(*self.kept.notices, _notice(event)))
            case Saved():
                self.change(pictures=(*self.kept.pictures, event.picture), preview=None)
            case Done():
                self.end("done", now, stages=event.stages, peak_bytes=event.peak_bytes)
            case Failed():
                self.end("failed", now, error=event.error)
            case Cancelled():
                self.end("cancelled", now)

    def end(self, state: str, now: float, **fields: Any) -> None:
        """Its last change; a queued job that never ran has no time of its own."""
        ran = self.kept.state == "running"
        elapsed = now - self._begun if ran else 0.0
        self.change(state=state, place=0, preview=None, eta=None, elapsed=elapsed, **fields)

    def view(self, now: float, past: Pace | None) -> JobView:
        """The job as it stands at ``now``."""
        if self.kept.state != "running":
            return self.kept
        told = self.kept.model_copy(update={"elapsed": now - self._begun})
        eta = left(told, self._steps, now - self._stage_begun, past)
        return told.model_copy(update={"eta": eta})


def _notice(event: Notice) -> dict[str, Any]:
    return {"code": event.code, "facts": event.facts}

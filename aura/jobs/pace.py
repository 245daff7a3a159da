"""How long is left: from a job's own steps, else from the model's last job, else its plan."""

from __future__ import annotations

from dataclasses import dataclass

from aura.jobs.job import JobView


@dataclass(frozen=True)
class Pace:
    """Seconds a model took last: for loading, and per pixel of one picture."""

    loading: float = 0.0
    encoding: float = 0.0
    step: float = 0.0
    decoding: float = 0.0
    saving: float = 0.0

    @classmethod
    def of(cls, done: JobView) -> Pace:
        asked = done.request
        pixels = asked.width * asked.height * asked.count

        def each(stage: str) -> float:
            return done.stages.get(stage, 0.0) / pixels

        return cls(
            loading=done.stages.get("loading", 0.0),
            encoding=each("encoding"),
            step=each("denoising") / asked.steps,
            decoding=each("decoding"),
            saving=each("saving"),
        )


@dataclass
class Steps:
    """When the steps of the picture now drawn were done, by a monotonic clock."""

    begun: float
    first: float | None = None
    last: float | None = None
    count: int = 0

    def done(self, now: float, step: int) -> None:
        self.first = now if self.first is None else self.first
        self.last, self.count = now, step

    def each(self) -> float | None:
        """Seconds per step; the first one warms up and counts only while it is alone."""
        if self.first is None or self.last is None:
            return None
        if self.count > 1:
            return (self.last - self.first) / (self.count - 1)
        return self.first - self.begun


def left(
    view: JobView, steps: Steps | None, since_stage_s: float, past: Pace | None
) -> float | None:
    """Seconds until a running job ends; None while nothing can tell."""
    own = steps.each() if steps else None
    if own is None and past is None:
        return _by_plan(view)
    asked, pace = view.request, past or Pace()
    pixels = asked.width * asked.height
    step = own if own is not None else pace.step * pixels
    finish = (pace.decoding + pace.saving) * pixels
    whole = pace.encoding * pixels + asked.steps * step + finish
    more = asked.count - view.index - 1
    return max(0.0, _this_one(view, step, finish, whole, pace, since_stage_s) + more * whole)


def _this_one(
    view: JobView, step: float, finish: float, whole: float, pace: Pace, since_stage_s: float
) -> float:
    """Seconds for what is left of the picture being drawn."""
    if view.stage in ("waiting", "loading"):
        return max(0.0, pace.loading - since_stage_s) + whole
    if view.stage == "encoding":
        return whole - since_stage_s
    if view.stage == "denoising":
        return (view.request.steps - view.step) * step + finish
    return finish - since_stage_s


def _by_plan(view: JobView) -> float | None:
    seconds = (view.plan or {}).get("seconds")
    return max(0.0, seconds - view.elapsed) if seconds else None

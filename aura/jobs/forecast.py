"""How long is left: from a job's own steps, else from the model's last job, else its plan."""

from __future__ import annotations

from dataclasses import dataclass, replace

from aura.jobs.job import JobView
from aura.passes.order import Part, final_size, parts
from aura.requests import GenerateRequest


@dataclass(frozen=True)
class Load:
    """What one pass asks for one picture: steps, of so many pixels each."""

    steps: int
    pixels: int

    @classmethod
    def of(cls, request: GenerateRequest, part: Part) -> Load:
        """What is enlarged or looked for takes little time; a repair, about one crop's."""
        small, large = request.width * request.height, final_size(request)
        if part.name == "draw":
            return cls(request.worked_steps, small)
        if part.name == "refine" and request.larger:
            steps = int(request.redrawn_steps * request.larger.strength)
            return cls(max(1, steps), large[0] * large[1])
        if part.name == "repair" and request.repair:
            return cls(max(1, int(request.redrawn_steps * request.repair.strength)), small)
        return cls(0, 0)

    @property
    def work(self) -> int:
        return self.steps * self.pixels


def loads(request: GenerateRequest) -> tuple[Load, ...]:
    """Those of every pass, in order."""
    return tuple(Load.of(request, part) for part in parts(request))


@dataclass(frozen=True)
class Pace:
    """Seconds a model took last: for loading, per pixel of one picture, and of one step."""

    loading: float = 0.0
    encoding: float = 0.0
    step: float = 0.0
    decoding: float = 0.0
    saving: float = 0.0

    @classmethod
    def of(cls, done: JobView) -> Pace:
        asked = done.request
        every = loads(asked)
        pixels = sum(load.pixels for load in every) * asked.count
        work = sum(load.work for load in every) * asked.count

        def each(stage: str, of: int = pixels) -> float:
            return done.stages.get(stage, 0.0) / of

        return cls(
            loading=done.stages.get("loading", 0.0) / sum(bool(p.model) for p in parts(asked)),
            encoding=each("encoding"),
            step=each("denoising", work),
            decoding=each("decoding"),
            saving=each("saving"),
        )

    def seconds(self, load: Load) -> float:
        """One picture through one pass, once the model is there."""
        each = self.encoding + self.decoding + self.saving
        return load.work * self.step + load.pixels * each


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
    every = loads(view.request)
    load, pace = every[min(view.part, len(every) - 1)], past or Pace()
    if own is not None and load.work:
        pace = replace(pace, step=own * view.steps / load.work)
    more = (view.request.count - view.index - 1) * pace.seconds(load)
    later = sum(
        pace.loading + view.request.count * pace.seconds(one) for one in every[view.part + 1 :]
    )
    return max(0.0, _this_one(view, load, pace, since_stage_s) + more + later)


def _this_one(view: JobView, load: Load, pace: Pace, since_stage_s: float) -> float:
    """Seconds for what is left of this pass over the picture it is at."""
    finish = load.pixels * (pace.decoding + pace.saving)
    if view.stage in ("waiting", "checking", "loading"):
        return max(0.0, pace.loading - since_stage_s) + pace.seconds(load)
    if view.stage == "encoding":
        return pace.seconds(load) - since_stage_s
    if view.stage == "denoising":
        undone = 1 - view.step / max(view.steps, 1)
        return undone * load.work * pace.step + finish
    return finish - since_stage_s


def _by_plan(view: JobView) -> float | None:
    seconds = (view.plan or {}).get("seconds")
    return max(0.0, seconds - view.elapsed) if seconds else None

"""The last ten minutes: what the device's memory held, and which jobs ran meanwhile.

The engine's statuses and the queue's jobs are told to it; pages look at it. Plain data, and
never more of it than ``WINDOW_S``: the oldest goes first. Times are of a monotonic clock.
"""

from __future__ import annotations

import threading
import time
from collections import deque
from collections.abc import Callable, Iterator

from aura.engine.protocol import Status
from aura.jobs.job import JobView
from aura.requests import Plain

WINDOW_S = 600
SAMPLES = WINDOW_S  # one a second
SPANS = 200  # jobs remembered, however short they were


class Sample(Plain):
    """One reading, in bytes. ``models``: what each resident is accounted with on the device."""

    at: float
    total: int
    free: int
    held: int  # by Aura, as the device measures it
    budget: int
    models: dict[str, int] = {}

    @property
    def others(self) -> int:
        """What everything else on this machine holds of the device."""
        return max(0, self.total - self.free - self.held)

    @property
    def accounted(self) -> int:
        return sum(self.models.values())


class Stretch(Plain):
    """A stage of a job; it lasts until the next one begins."""

    stage: str
    begun: float


class Forecast(Plain):
    """A plan the job went on under from ``begun`` on. ``peak``: bytes it was to need."""

    begun: float
    rung: str
    peak: int


class Span(Plain):
    """One job that ran. ``measured``: the most bytes Aura's models held during it, 0 if unknown."""

    job: str
    model: str
    words: str
    begun: float
    ended: float | None = None
    state: str = "running"
    stretches: tuple[Stretch, ...] = ()
    forecasts: tuple[Forecast, ...] = ()
    measured: int = 0
    notices: int = 0

    def until(self, now: float) -> float:
        return now if self.ended is None else self.ended

    def stages(self, now: float) -> Iterator[tuple[str, float, float]]:
        """Each stage with its begin and end."""
        ends = [*(stretch.begun for stretch in self.stretches[1:]), self.until(now)]
        for stretch, end in zip(self.stretches, ends, strict=False):
            yield stretch.stage, stretch.begun, end

    def plans(self, now: float) -> Iterator[tuple[Forecast, float]]:
        """Each plan with the time until which the job ran under it."""
        ends = [*(forecast.begun for forecast in self.forecasts[1:]), self.until(now)]
        yield from zip(self.forecasts, ends, strict=False)


class Recent(Plain):
    """The timeline as it stands at ``now``; samples and spans oldest first."""

    now: float
    samples: tuple[Sample, ...] = ()
    spans: tuple[Span, ...] = ()


class Timeline:
    """Thread-safe; each method returns at once."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self.clock = clock
        self._samples: deque[Sample] = deque(maxlen=SAMPLES)
        self._spans: dict[str, Span] = {}
        self._lock = threading.Lock()

    def hear(self, status: Status) -> None:
        """A status of the engine; of several within a second the last one stays."""
        sample = _sample(status, self.clock())
        with self._lock:
            if self._samples and int(self._samples[-1].at) == int(sample.at):
                self._samples.pop()
            self._samples.append(sample)

    def follow(self, view: JobView) -> None:
        """A job as it stands after a change. One that never ran leaves no trace."""
        now = self.clock()
        with self._lock:
            span = self._spans.get(view.id)
            if span is None and view.state == "running":
                words = view.request.prompt
                span = Span(job=view.id, model=view.request.model, words=words, begun=now)
            if span is not None and span.ended is None:
                self._spans[view.id] = _grown(span, view, now)
                self._forget(now)

    def recent(self) -> Recent:
        now = self.clock()
        with self._lock:
            self._forget(now)
            samples = tuple(sample for sample in self._samples if sample.at > now - WINDOW_S)
            return Recent(now=now, samples=samples, spans=tuple(self._spans.values()))

    def _forget(self, now: float) -> None:
        old = [job for job, span in self._spans.items() if span.until(now) <= now - WINDOW_S]
        for job in old or list(self._spans)[: max(0, len(self._spans) - SPANS)]:
            del self._spans[job]


def _sample(status: Status, now: float) -> Sample:
    device = status.device
    here = [
        resident
        for resident in status.residents
        if device.shares_ram or (resident.device != "cpu" and not resident.parked)
    ]
    return Sample(
        at=now,
        total=device.total,
        free=device.free,
        held=device.held,
        budget=status.budget,
        models={resident.model: resident.bytes for resident in here},
    )


def _grown(span: Span, view: JobView, now: float) -> Span:
    """The span with what this view adds to it."""
    measured = [view.peak_bytes, *(picture.peak_bytes for picture in view.pictures)]
    changes: dict[str, object] = {
        "measured": max(span.measured, *measured),
        "notices": len(view.notices),
    }
    if view.ended:
        changes |= {"state": view.state, "ended": now}
    elif not span.stretches or span.stretches[-1].stage != view.stage:
        kept = [s for s in span.stretches if s.begun > now - WINDOW_S] or span.stretches[-1:]
        changes["stretches"] = (*kept, Stretch(stage=view.stage, begun=now))
    plan = view.plan and (view.plan["rung"], view.plan["peak"])
    if plan and plan not in [(known.rung, known.peak) for known in span.forecasts[-1:]]:
        forecast = Forecast(begun=now, rung=plan[0], peak=plan[1])
        changes["forecasts"] = (*span.forecasts, forecast)
    return span.model_copy(update=changes)

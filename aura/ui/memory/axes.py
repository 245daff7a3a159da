"""Where a time and a size lie in the picture: percent from the left, pixels from the top."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from aura.memory.device import GIB, MIB
from aura.timeline import Recent, Span

WINDOWS_S = (60, 120, 300, 600)
LANE, GAP, PLOT, WHOLE = 26, 10, 210, 44  # pixels: the jobs, the curve, the whole device
CEILING = LANE + GAP  # where the curve's part begins
FLOOR = CEILING + PLOT
STEPS = (*(n * MIB for n in (1, 2, 5, 10, 20, 50, 100, 200, 512)), *(n * GIB for n in (1, 2, 5)))
STEPS += tuple(n * GIB for n in (10, 20, 50, 100))
HEADROOM = 1.08
IN_SIGHT = 2.5  # a budget further off than this many times what was used is only named


@dataclass(frozen=True)
class Axes:
    """``window`` seconds up to ``now``; 0 to ``top`` bytes, a line each ``step``."""

    now: float
    window: int
    top: int
    step: int

    def x(self, at: float) -> float:
        """Percent of the width; what is older than the window lies on its edge."""
        return 100 * min(1.0, max(0.0, 1 - (self.now - at) / self.window))

    def y(self, size: float) -> float:
        return FLOOR - PLOT * size / self.top

    def lines(self) -> Iterator[int]:
        yield from range(0, self.top + 1, self.step)


def fitted(recent: Recent) -> Axes:
    """The smallest window that shows all that is known, the smallest scale that holds it."""
    begins = [s.at for s in recent.samples[:1]] + [s.begun for s in recent.spans[:1]]
    age = recent.now - min(begins, default=recent.now)
    window = next((w for w in WINDOWS_S if w >= age), WINDOWS_S[-1])
    top, step = _scale(_highest(recent))
    return Axes(recent.now, window, top, step)


def _highest(recent: Recent) -> float:
    """The most bytes that the scale must reach."""
    used = [max(sample.held, sample.accounted) for sample in recent.samples]
    for span in recent.spans:
        used += [span.measured, *lines_of(recent, span).values()]
    most = max(used, default=0)
    budget = recent.samples[-1].budget if recent.samples else 0
    return max(most, budget) if budget <= IN_SIGHT * most else most


def _scale(highest: float) -> tuple[int, int]:
    wanted = max(highest * HEADROOM, 10 * MIB)
    step = next((s for s in STEPS if wanted / s <= 5), STEPS[-1])
    return -int(-wanted // step) * step, step


def lines_of(recent: Recent, span: Span) -> Mapping[float, int]:
    """For each plan of a job, by its begin: its predicted peak on top of the other models."""
    return {
        forecast.begun: forecast.peak + _beside(recent, span.model, forecast.begun, until)
        for forecast, until in span.plans(recent.now)
    }


def _beside(recent: Recent, model: str, begun: float, until: float) -> int:
    """Bytes of models other than this one at the end of that time."""
    meanwhile = [s for s in recent.samples if begun <= s.at <= until]
    if not meanwhile:
        return 0
    return sum(size for name, size in meanwhile[-1].models.items() if name != model)

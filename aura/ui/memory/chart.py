"""The curve as SVG: bands of the models, what was measured, jobs with their stages and plans.

Across everything is in percent, so that it fits any window; up and down it is in pixels.
Curves lie in an SVG of their own that is stretched, everything else keeps its shape.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence

from aura.timeline import Recent, Sample, Span
from aura.ui.markup import esc
from aura.ui.memory.axes import CEILING, FLOOR, LANE, PLOT, WHOLE, Axes, lines_of
from aura.ui.memory.patterns import band, definitions, stage

GAP_S = 5.0  # without a reading for so long, the curve has a hole
NARROWEST = 0.6  # percent; a job of a second must be seen in ten minutes
DIAMOND = "M0-6 6 0 0 6-6 0z"


def plot(recent: Recent, axes: Axes, order: Sequence[str]) -> str:
    """Jobs above, Aura's memory below them. ``order``: the models from the lowest band up."""
    spans = [span for span in recent.spans if axes.x(span.until(recent.now)) > 0]
    return (
        f'<svg class="aura-plot" width="100%" height="{FLOOR}" aria-hidden="true">'
        + definitions()
        + "".join(_grid(axes, size) for size in axes.lines())
        + "".join(_stages(span, axes) for span in spans)
        + "".join(_bands(recent, axes, order))
        + _stretched(CEILING, PLOT, _curves(recent, axes))
        + "".join(_forecasts(recent, span, axes) for span in spans)
        + "".join(_measured(recent, span, axes) for span in spans)
        + "</svg>"
    )


def whole(recent: Recent, axes: Axes) -> str:
    """The device from 0 to all it has: everything else below, Aura on top of it."""
    total = max((sample.total for sample in recent.samples), default=1)

    def height(size: float) -> float:
        return WHOLE * (1 - size / total)

    others = _area(recent, axes, lambda s: height(s.others), WHOLE)
    aura = _area(recent, axes, lambda s: height(s.others + s.held), WHOLE)
    inside = f'<path class="aura-is-aura" d="{aura}"/><path class="aura-is-rest" d="{others}"/>'
    return (
        f'<svg class="aura-whole" width="100%" height="{WHOLE}" aria-hidden="true">'
        f"{_stretched(0, WHOLE, inside)}</svg>"
    )


def _grid(axes: Axes, size: int) -> str:
    y = axes.y(size)
    return f'<line class="aura-grid" x1="0" x2="100%" y1="{y:.1f}" y2="{y:.1f}"/>'


# --- jobs


def _stages(span: Span, axes: Axes) -> str:
    """The stages in the lane, and faintly behind the curve."""
    shapes = ""
    for name, begun, ended in span.stages(axes.now):
        left, width = placed(axes, begun, ended)
        across = f'x="{left:.2f}%" width="{width:.2f}%"'
        shapes += f'<rect class="aura-behind" {across} y="{CEILING}" height="{PLOT}"/>'
        shapes += (
            f'<rect {across} y="0" height="{LANE}" fill="{stage(name)}" data-stage="{esc(name)}"/>'
        )
    return shapes


def _forecasts(recent: Recent, span: Span, axes: Axes) -> str:
    shapes, lines = "", lines_of(recent, span)
    for forecast, until in span.plans(recent.now):
        left, width = wide_enough(*placed(axes, forecast.begun, until))
        y = axes.y(lines[forecast.begun])
        shapes += (
            f'<line class="aura-predicted" x1="{left:.2f}%" x2="{left + width:.2f}%" '
            f'y1="{y:.1f}" y2="{y:.1f}" data-bytes="{forecast.peak}"/>'
        )
    return shapes


def _measured(recent: Recent, span: Span, axes: Axes) -> str:
    """A diamond at the measured peak, where the curve was highest meanwhile."""
    if not span.measured:
        return ""
    end = span.until(recent.now)
    during = [s for s in recent.samples if span.begun <= s.at <= end]
    at = max(during, key=lambda s: s.held).at if during else (span.begun + end) / 2
    return (
        f'<svg x="{axes.x(at):.2f}%" y="{axes.y(span.measured):.1f}" overflow="visible">'
        f'<path class="aura-measured" d="{DIAMOND}" data-bytes="{span.measured}"/></svg>'
    )


def placed(axes: Axes, begun: float, ended: float) -> tuple[float, float]:
    """Left edge and width in percent."""
    left = axes.x(begun)
    return left, max(0.0, axes.x(ended) - left)


def wide_enough(left: float, width: float) -> tuple[float, float]:
    more = max(0.0, NARROWEST - width)
    return max(0.0, left - more / 2), width + more


# --- memory


def _bands(recent: Recent, axes: Axes, order: Sequence[str]) -> Iterator[str]:
    for place, model in enumerate(order):
        for begun, ended, base, size in runs(recent, order, model):
            left, width = placed(axes, begun, ended)
            if width and size:
                high = axes.y(base + size)
                yield (
                    f'<rect x="{left:.2f}%" width="{width:.2f}%" y="{high:.1f}" '
                    f'height="{axes.y(base) - high:.1f}" fill="{band(place)}" '
                    f'data-model="{esc(model)}" data-bytes="{size}"/>'
                )


def runs(
    recent: Recent, order: Sequence[str], model: str
) -> Iterator[tuple[float, float, int, int]]:
    """Begin, end, bytes beneath and own bytes of one band, for as long as both stay the same."""
    below = order[: list(order).index(model)]
    begun, known, until = 0.0, (0, 0), 0.0
    for sample, end in _lasting(recent):
        now = sum(sample.models.get(name, 0) for name in below), sample.models.get(model, 0)
        if now != known or sample.at != until:
            if until:
                yield begun, until, *known
            begun, known = sample.at, now
        until = end
    if until:
        yield begun, until, *known


def _lasting(recent: Recent) -> Iterator[tuple[Sample, float]]:
    """Each sample with the time until which it holds: the next one, unless that is far."""
    ends = [*(sample.at for sample in recent.samples[1:]), recent.now]
    for sample, end in zip(recent.samples, ends, strict=False):
        yield sample, end if end - sample.at <= GAP_S else sample.at + 1


def _curves(recent: Recent, axes: Axes) -> str:
    def inside(size: float) -> float:
        return axes.y(size) - CEILING

    held = "".join(f"M{_points(piece, axes, lambda s: inside(s.held))}" for piece in pieces(recent))
    budget = "".join(
        f"M{_points(piece, axes, lambda s: inside(s.budget))}" for piece in pieces(recent)
    )
    return f'<path class="aura-held" d="{held}"/><path class="aura-budget" d="{budget}"/>'


def pieces(recent: Recent) -> list[list[Sample]]:
    """The samples without holes."""
    found: list[list[Sample]] = []
    for sample in recent.samples:
        if not found or sample.at - found[-1][-1].at > GAP_S:
            found.append([])
        found[-1].append(sample)
    return found


def _area(recent: Recent, axes: Axes, height: Callable[[Sample], float], floor: int) -> str:
    area = ""
    for piece in pieces(recent):
        left, right = axes.x(piece[0].at) * 10, axes.x(piece[-1].at) * 10
        area += f"M{left:.1f} {floor}L{_points(piece, axes, height)}L{right:.1f} {floor}Z"
    return area


def _points(piece: list[Sample], axes: Axes, height: Callable[[Sample], float]) -> str:
    return "L".join(f"{axes.x(s.at) * 10:.1f} {height(s):.1f}" for s in piece)


def _stretched(top: int, height: int, inside: str) -> str:
    """Curves in units of a thousandth of the width, whatever that is."""
    return (
        f'<svg x="0" y="{top}" width="100%" height="{height}" viewBox="0 0 1000 {height}" '
        f'preserveAspectRatio="none">{inside}</svg>'
    )

"""What lies over the curve: names of jobs, and the numbers that the pointer or the keys ask for.

Each mark carries its numbers as ``data-tip``, which the style sheet shows on hover and on
focus, and as its name, which a screen reader says.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from aura.i18n import size, text
from aura.timeline import Recent, Sample, Span
from aura.ui.markup import esc
from aura.ui.memory.axes import Axes
from aura.ui.memory.chart import GAP_S, placed, wide_enough
from aura.ui.wording import seconds

COLUMNS = 60  # moments that can be asked for, from the left edge to the right one
NAMED = 4.0  # percent of the width from which a job has room for its name

Names = Mapping[str, str]  # model ids as people know them


def jobs(lang: str, recent: Recent, axes: Axes, names: Names) -> str:
    shown = [span for span in recent.spans if axes.x(span.until(recent.now)) > 0]
    if not shown:
        return f'<p class="aura-lane-empty">{esc(text(lang, "memory.no_jobs"))}</p>'
    return "".join(_job(lang, span, axes, names) for span in shown)


def _job(lang: str, span: Span, axes: Axes, names: Names) -> str:
    left, width = wide_enough(*placed(axes, span.begun, span.until(axes.now)))
    label = f"<span>{esc(span.words)}</span>" if width >= NAMED else ""
    return _mark(
        f"aura-job is-{span.state}", left, width, "\n".join(told(lang, span, axes, names)), label
    )


def told(lang: str, span: Span, axes: Axes, names: Names) -> Iterator[str]:
    """Everything known of one job, a line each."""
    yield f"{_short(span.words)} ({names.get(span.model, span.model)})"
    lasted = seconds(lang, span.until(axes.now) - span.begun)
    yield f"{text(lang, f'generate.state.{span.state}')} · {lasted}"
    spent: dict[str, float] = {}
    for stage, begun, ended in span.stages(axes.now):
        spent[stage] = spent.get(stage, 0.0) + ended - begun
    for stage, count in spent.items():
        yield f"{text(lang, f'generate.stage.{stage}')}: {seconds(lang, count)}"
    for forecast in span.forecasts:
        yield f"{text(lang, 'memory.predicted')}: {size(lang, forecast.peak)}"
    if span.measured:
        yield f"{text(lang, 'memory.measured')}: {size(lang, span.measured)}"
    if len(span.forecasts) > 1:
        yield text(lang, "memory.job.climbed")


def columns(lang: str, recent: Recent, axes: Axes, names: Names) -> str:
    """A moment each; the arrow keys go from one to the next, the newest is reached by Tab."""
    found = list(_moments(recent, axes))
    return "".join(
        _mark(
            "aura-moment",
            100 * place / COLUMNS,
            100 / COLUMNS,
            "\n".join(_read(lang, sample, recent.now, names)),
            reached=place == found[-1][0],
        )
        for place, sample in found
    )


def _moments(recent: Recent, axes: Axes) -> Iterator[tuple[int, Sample]]:
    """Each column with the last reading in it, or the one before if that is not long ago."""
    samples = list(recent.samples)
    for place in range(COLUMNS):
        until = axes.now - axes.window * (1 - (place + 1) / COLUMNS)
        known = [sample for sample in samples if sample.at <= until]
        if known and until - known[-1].at <= GAP_S:
            yield place, known[-1]


def _read(lang: str, sample: Sample, now: float, names: Names) -> Iterator[str]:
    yield ago(lang, now - sample.at)
    yield f"{text(lang, 'memory.held')}: {size(lang, sample.held)}"
    for model, own in sample.models.items():
        yield f"{text(lang, 'memory.set_aside', model=names.get(model, model))}: {size(lang, own)}"
    yield f"{text(lang, 'memory.others')}: {size(lang, sample.others)}"
    yield f"{text(lang, 'memory.budget')}: {size(lang, sample.budget)}"


def ago(lang: str, age: float) -> str:
    """How long ago, in whole seconds, minutes or hours; what is nearly now is now."""
    if age < 2:
        return text(lang, "memory.now")
    whole = f"{age:.0f} s" if age < 60 else f"{age // 60:.0f} min"
    if 60 <= age < 600 and age % 60 >= 1:
        whole += f" {age % 60:.0f} s"
    return text(lang, "memory.ago", time=whole if age < 3600 else f"{age // 3600:.0f} h")


def _mark(
    look: str, left: float, width: float, tip: str, inside: str = "", reached: bool = True
) -> str:
    side = "is-left" if left + width / 2 > 50 else "is-right"
    told = f'aria-label="{esc(tip)}" data-tip="{esc(tip)}" tabindex="{0 if reached else -1}"'
    place = f"left:{left:.2f}%;width:{width:.2f}%"
    return f'<i class="{look} {side}" style="{place}" role="img" {told}>{inside}</i>'


def _short(words: str) -> str:
    return words if len(words) <= 60 else f"{words[:59]}…"

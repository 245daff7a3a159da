"""The memory picture as a whole: a sheet above the status bar."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from aura.engine.protocol import Status
from aura.i18n import decimal, size, text
from aura.memory.device import GIB, MIB
from aura.timeline import Recent
from aura.ui.markup import button, esc
from aura.ui.memory import chart, marks, models
from aura.ui.memory.axes import CEILING, FLOOR, LANE, PLOT, WHOLE, Axes, fitted
from aura.ui.memory.legend import legend

TIMES = {60: (60, 40, 20), 120: (120, 90, 60, 30), 300: (300, 240, 180, 120, 60)}
TIMES[600] = (600, 480, 360, 240, 120)


def sheet(
    lang: str,
    recent: Recent,
    status: Status | None,
    *,
    names: Mapping[str, str],
    keep_s: float,
    said: str = "",
) -> str:
    """``names``: model ids as people know them; ``said``: what the last button did."""
    order = banded(recent)
    title, close = esc(text(lang, "memory.title")), text(lang, "memory.close")
    held = models.held(lang, status) if status else ""
    free = models.free(lang, status) if status else ""
    return (
        '<dialog open id="aura-memory-sheet" tabindex="-1" aria-labelledby="aura-memory-title">'
        f'<header><h2 id="aura-memory-title">{title}</h2>{held}'
        f'<p class="aura-said" role="status">{esc(said)}</p>{free}'
        f"{button('close', close, symbol='close')}</header>"
        f'<div class="aura-memory"><section>{picture(lang, recent, status, names, order)}</section>'
        f"<aside>{_side(lang, status, names, order, keep_s)}</aside></div></dialog>"
    )


def banded(recent: Recent) -> list[str]:
    """The models of this time in the order in which they came; each keeps its band."""
    return list(dict.fromkeys(model for sample in recent.samples for model in sample.models))


def picture(
    lang: str,
    recent: Recent,
    status: Status | None,
    names: Mapping[str, str],
    order: Sequence[str],
) -> str:
    if not recent.samples:
        return f'<p class="aura-no-curve">{esc(text(lang, "memory.empty"))}</p>'
    axes = fitted(recent)
    device = _device(lang, status)
    label = text(lang, "memory.curve", device=device, minutes=axes.window // 60)
    return (
        f'<div class="aura-picture" role="group" aria-label="{esc(label)}">'
        f'<div class="aura-y" style="height:{FLOOR}px">{_sizes(lang, axes)}</div>'
        f'<div class="aura-plots" style="--floor:{FLOOR}px;--ceiling:{CEILING}px">'
        f"{chart.plot(recent, axes, order)}{_budget(lang, recent, axes)}"
        f"{marks.jobs(lang, recent, axes, names)}{marks.columns(lang, recent, axes, names)}</div>"
        f'<div class="aura-y"></div><div class="aura-x">{_times(lang, axes)}</div>'
        f"{_whole(lang, recent, axes, device)}</div>" + legend(lang, recent, names, order)
    )


def _device(lang: str, status: Status | None) -> str:
    if status is None or status.device.shares_ram:
        return text(lang, "memory.ram")
    return status.device.name


def _sizes(lang: str, axes: Axes) -> str:
    unit, per = ("GB", GIB) if axes.top >= GIB else ("MB", MIB)
    jobs = f'<span style="top:{LANE / 2}px">{esc(text(lang, "memory.jobs"))}</span>'
    return jobs + "".join(
        f'<span style="top:{axes.y(line):.1f}px">{decimal(lang, f"{line / per:g}")}'
        f"{f' {unit}' if line else ''}</span>"
        for line in axes.lines()
    )


def _times(lang: str, axes: Axes) -> str:
    shown = [(age, marks.ago(lang, age)) for age in (*TIMES[axes.window], 0)]
    return "".join(
        f'<span style="left:{axes.x(axes.now - age):.1f}%">{esc(words)}</span>'
        for age, words in shown
    )


def _budget(lang: str, recent: Recent, axes: Axes) -> str:
    """The budget's name at its line, or where it would be if the scale went so far."""
    now = recent.samples[-1].budget
    if now <= axes.top:
        words, y = text(lang, "memory.budget.line", budget_bytes=now), axes.y(now)
    else:
        words, y = text(lang, "memory.budget.above", budget_bytes=now), FLOOR - PLOT
    return f'<b class="aura-budget-name" style="top:{y:.1f}px">{esc(words)}</b>'


def _whole(lang: str, recent: Recent, axes: Axes, device: str) -> str:
    """All of the device on its own scale: what Aura and everything else hold of it."""
    last = recent.samples[-1]
    words = text(
        lang,
        "memory.whole",
        device=device,
        total_bytes=last.total,
        held_bytes=last.held,
        others_bytes=last.others,
    )
    return (
        f'<div class="aura-y" style="height:{WHOLE}px"><span>{esc(size(lang, last.total))}</span>'
        f'<span style="top:100%">0</span></div>'
        f'<div class="aura-all">{chart.whole(recent, axes)}'
        f"<p>{esc(words)}</p></div>"
    )


def _side(
    lang: str,
    status: Status | None,
    names: Mapping[str, str],
    order: Sequence[str],
    keep_s: float,
) -> str:
    title = f"<h3>{esc(text(lang, 'memory.models'))}</h3>"
    if status is None:
        known = f'<p class="aura-quiet">{esc(text(lang, "status.starting"))}</p>'
    else:
        known = models.listing(lang, status, names, order)
    return title + known + models.keep(lang, keep_s)

"""The whole picture: the axis on top, the models by what they are for, the legend below."""

from __future__ import annotations

from aura.catalog import Catalog
from aura.fits import words
from aura.fits.machine import Machine
from aura.fits.rows import Row
from aura.i18n import decimal, text
from aura.memory.device import Snapshot
from aura.ui.markup import esc
from aura.ui.tabs.fits.row import ICONS, pill, row_html
from aura.ui.tabs.fits.scale import Scale

LEGEND = ("words", "core", "picture", "sound", "working", "kept")


def board(lang: str, machine: Machine, rows: tuple[Row, ...], catalog: Catalog) -> str:
    snapshot = machine.snapshot
    groups = "".join(
        _group(lang, task, [r for r in rows if r.model.task == task], snapshot, catalog)
        for task in words.TASKS
    )
    return (
        f'<div class="aura-fits" role="region" aria-label="{esc(text(lang, "fits.name"))}">'
        f'{_head(lang, machine, rows)}<div class="aura-fits-list" tabindex="0">{groups}'
        f"{_unknown(lang, rows, catalog)}</div>{_foot(lang)}</div>"
    )


def _group(lang: str, task: str, rows: list[Row], snapshot: Snapshot, catalog: Catalog) -> str:
    if not rows:
        return ""
    drawn = "".join(row_html(lang, row, snapshot, catalog) for row in rows)
    return f"<h3>{esc(text(lang, f'fits.task.{task}'))}</h3>{drawn}"


def _head(lang: str, machine: Machine, rows: tuple[Row, ...]) -> str:
    snapshot = machine.snapshot
    counts = {verdict: sum(row.verdict == verdict for row in rows) for verdict in ICONS}
    pills = "".join(
        pill(lang, verdict, text(lang, f"fits.count.{verdict}", count=count))
        for verdict, count in counts.items()
        if count
    )
    what = [words.device(lang, snapshot)]
    what.append(text(lang, "fits.machine.ram", ram_bytes=snapshot.host_total))
    if machine.here:
        what = [text(lang, "fits.choice.here"), " · ".join(what)]
    name, rest = map(esc, what)
    return (
        f'<header><div class="aura-fits-machine"><b title="{name}">{name}</b>'
        f'<small title="{rest}">{rest}</small></div>{_axis(lang, snapshot)}'
        f'<div class="aura-fits-counts">{pills}</div></header>'
    )


def _axis(lang: str, snapshot: Snapshot) -> str:
    """Gigabytes along the bars, and where what can be used ends."""
    scale = Scale.device(snapshot)
    name = text(lang, "fits.axis.ram" if snapshot.shares_ram else "fits.axis.card")
    ticks = "".join(
        f'<i style="left:{at:.2f}%">{decimal(lang, f"{gb:g}")}</i>' for gb, at in scale.ticks()
    )
    room = esc(text(lang, "fits.usable", budget_bytes=scale.room))
    at = scale.at(scale.room)
    side = "is-left" if at > 50 else "is-right"
    return (
        f'<div class="aura-fits-axis"><small>{esc(name)} · GB</small>{ticks}'
        f'<b class="{side}" style="left:{at:.2f}%"><span>{room}</span></b></div>'
    )


def _unknown(lang: str, rows: tuple[Row, ...], catalog: Catalog) -> str:
    known = {row.model.id for row in rows}
    names = [model.name for model in catalog.models if model.id not in known]
    if not names:
        return ""
    return f"<p>{esc(text(lang, 'fits.unknown', models=', '.join(names)))}</p>"


def _foot(lang: str) -> str:
    keys = "".join(
        f'<span><i class="is-{look}"></i>{esc(text(lang, f"fits.legend.{look}"))}</span>'
        for look in LEGEND
    )
    thin = f"<span>{esc(text(lang, 'fits.legend.ram'))}</span>"
    said = esc(text(lang, "fits.predicted"))
    return f'<footer class="aura-fits-foot"><div>{keys}{thin}</div><p>{said}</p></footer>'

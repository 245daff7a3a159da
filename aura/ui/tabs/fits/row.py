"""One model: its bar and verdict, and behind a click its stages and what would change them."""

from __future__ import annotations

from aura.catalog import Catalog
from aura.fits import words
from aura.fits.rows import Row
from aura.i18n import size, text
from aura.memory.device import Snapshot
from aura.ui.icons import icon
from aura.ui.markup import esc
from aura.ui.tabs.fits import bars
from aura.ui.tabs.fits.scale import Scale
from aura.ui.wording import seconds

ICONS = {"fits": "check", "slow": "slow", "refused": "no"}


def row_html(lang: str, row: Row, snapshot: Snapshot, catalog: Catalog) -> str:
    return (
        f'<details class="aura-fit is-{row.verdict}" data-model="{esc(row.model.id)}">'
        f"<summary>{_about(lang, row, catalog)}{_picture(lang, row, snapshot)}"
        f"{_verdict(lang, row)}</summary>{_more(lang, row, snapshot)}</details>"
    )


def pill(lang: str, verdict: str, label: str = "") -> str:
    """A verdict by a shape, a word and a colour. ``label`` in place of the word."""
    said = label or text(lang, f"fits.verdict.{verdict}")
    return f'<b class="aura-pill is-{verdict}">{icon(ICONS[verdict], 15)}{esc(said)}</b>'


def _about(lang: str, row: Row, catalog: Catalog) -> str:
    """Its name, what must be downloaded, and what its licence allows."""
    model = row.model
    licence = esc(model.licence)
    if not model.commercial:
        licence = f"<em>{esc(text(lang, 'catalog.noncommercial'))}</em>"
    return (
        f'<div class="aura-fit-about"><b>{esc(model.name)}</b>'
        f"<small>{esc(_source(lang, row, catalog))}</small>"
        f'<small title="{esc(model.licence)}">{licence}</small></div>'
    )


def _source(lang: str, row: Row, catalog: Catalog) -> str:
    model = row.model
    if catalog.installed(model):
        return text(lang, "catalog.installed")
    return text(lang, "catalog.download", download_bytes=model.download_bytes)


def _picture(lang: str, row: Row, snapshot: Snapshot) -> str:
    """The device's bar, RAM's thin one where RAM is needed beside it, and the sentence."""
    device, ram = Scale.device(snapshot), ""
    if snapshot.shares_ram or row.plan.on_card:
        drawn = bars.main_bar(lang, row, device)
    else:
        drawn = bars.unused_bar(lang, device)
    if not snapshot.shares_ram and row.plan.ram:
        said = esc(text(lang, "fits.in_ram", ram_bytes=row.plan.ram))
        thin = bars.ram_bar(lang, row, Scale.ram(snapshot))
        ram = f'<div class="aura-fit-ram">{thin}<small>{said}</small></div>'
    sentence = esc(words.explanation(lang, row))
    return f'<div class="aura-fit-picture">{drawn}{ram}<p title="{sentence}">{sentence}</p></div>'


def _verdict(lang: str, row: Row) -> str:
    """The verdict, the peak, how it would run and how long it takes."""
    time = text(lang, "fits.unmeasured")
    if row.plan.seconds is not None:
        time = text(lang, "fits.seconds", time=seconds(lang, row.plan.seconds))
    how = "" if row.verdict == "refused" else words.rung(lang, row)
    if row.verdict == "refused" and row.changes:
        how, time = words.change(lang, row.changes[0]), ""
    return (
        f'<div class="aura-fit-verdict">{pill(lang, row.verdict)}'
        f"<b>{esc(size(lang, row.plan.peak))}</b>"
        f"<small>{esc(how)}</small><small>{esc(time)}</small></div>"
    )


def _more(lang: str, row: Row, snapshot: Snapshot) -> str:
    def part(name: str, inside: str) -> str:
        return f"<h4>{esc(text(lang, f'fits.{name}'))}</h4>{inside}"

    stages = part("stages", _stages(lang, row, snapshot))
    others = part("changes", _changes(lang, row)) + part("elsewhere", _elsewhere(lang, row))
    return (
        f'<div class="aura-fit-more"><p>{esc(_licence(lang, row))}</p>'
        f"<section>{stages}</section><section>{others}</section></div>"
    )


def _licence(lang: str, row: Row) -> str:
    """What it is good for, under which licence, and what that asks of a person."""
    model = row.model
    told = [model.good_for[lang], model.licence]
    told.append(text(lang, "catalog.commercial" if model.commercial else "catalog.noncommercial"))
    if model.gated:
        told.append(text(lang, "catalog.gated"))
    return " · ".join(told)


def _stages(lang: str, row: Row, snapshot: Snapshot) -> str:
    """Each stage's own bar, and in words what lies in it."""
    ram = snapshot.shares_ram or not row.plan.on_card
    scale = Scale.ram(snapshot) if ram else Scale.device(snapshot)
    steps = ""
    for stage in row.layout.stages:
        parts = [f"{words.part(lang, p.name)} {size(lang, p.size)}" for p in stage.parts]
        parts.append(f"{text(lang, 'fits.working')} {size(lang, stage.working)}")
        steps += (
            f"<li><b>{esc(words.stage(lang, stage.name))}</b>"
            f"{bars.stage_bar(lang, stage, scale)}<b>{esc(size(lang, stage.peak))}</b>"
            f"<small>{esc(' + '.join(parts))}</small></li>"
        )
    return f'<ol class="aura-fit-stages">{steps}</ol>'


def _changes(lang: str, row: Row) -> str:
    told = [words.change(lang, change) for change in row.changes]
    told = told or [text(lang, "fits.no_changes")]
    return f"<ul>{''.join(f'<li>{esc(one)}</li>' for one in told)}</ul>"


def _elsewhere(lang: str, row: Row) -> str:
    """One box a size of card, with the verdict there."""
    boxes = ""
    for gigabytes, verdict in row.elsewhere:
        said = text(lang, f"fits.verdict.{verdict}")
        boxes += (
            f'<li class="is-{verdict}" title="{esc(said)}">{icon(ICONS[verdict], 15)}'
            f'<b>{gigabytes} GB</b><span class="aura-unseen">{esc(said)}</span></li>'
        )
    return f'<ol class="aura-fit-cards">{boxes}</ol>'

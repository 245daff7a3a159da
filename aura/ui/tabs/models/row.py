"""One model: what it is for, whether it is here, whether it fits, and what can be done."""

from __future__ import annotations

from aura.catalog.downloads import DownloadView
from aura.catalog.models import Model
from aura.i18n import size, text
from aura.inventory import Entry
from aura.ui.icons import icon
from aura.ui.markup import esc
from aura.ui.tabs.fits.row import pill
from aura.ui.tabs.models.checks import Check
from aura.ui.wording import error_card, seconds

GOING = {"queued", "running", "paused", "failed"}  # a download that is not over
# What can be pressed while a download is in a state.
OFFERED = {
    "queued": ("pause", "cancel"),
    "running": ("pause", "cancel"),
    "paused": ("resume", "cancel"),
    "failed": ("retry", "cancel"),
}
NEEDS_TOKEN = {"gated_model", "token_refused"}


def row_html(
    lang: str, entry: Entry, view: DownloadView | None, check: Check | None, *, offline: bool
) -> str:
    """``view`` is the model's download, if it was ever asked for."""
    model = entry.model
    going = view if view and view.state in GOING else None
    acts = "".join(
        press(lang, act, model, main=act in ("resume", "retry", "token"))
        for act in _acts(entry, going, check, offline)
    )
    return (
        f'<article class="aura-model" data-row="{esc(model.id)}" aria-label="{esc(model.name)}"'
        f"{_said(lang, entry, view)}>"
        f"{_about(lang, model)}{_state(lang, entry)}{_fit(lang, entry)}"
        f'<div class="aura-model-acts">{acts}</div>'
        f"{download_html(lang, model, going) if going else ''}"
        f"{_check(lang, entry, check) if check else ''}</article>"
    )


def _said(lang: str, entry: Entry, view: DownloadView | None) -> str:
    """For who listens: the state of a download, without the figures that tick."""
    if view is None or view.state == "cancelled":
        return ""
    here = view.state == "done" and entry.folder is not None
    state = "fetching" if view.state == "running" else view.state
    word = "models.page.installed" if here else f"models.page.state.{state}"
    return f' data-say="{esc(entry.model.name)}: {esc(text(lang, word))}"'


def press(lang: str, act: str, model: Model, *, main: bool = False) -> str:
    """A button that says what it does, and to a screen reader also to which model."""
    word = text(lang, f"models.page.{act}")
    look = "is-main" if main else ""
    return (
        f'<button type="button" class="aura-btn is-text {look}" data-act="{act}" '
        f'data-model="{esc(model.id)}" aria-label="{esc(word)}: {esc(model.name)}">'
        f"{esc(word)}</button>"
    )


def _acts(
    entry: Entry, going: DownloadView | None, check: Check | None, offline: bool
) -> tuple[str, ...]:
    if check and check.running:
        return ("stop",)
    if going:
        acts: tuple[str, ...] = OFFERED[going.state]
        code = going.error["code"] if going.error else ""
        acts = ("token", *acts) if code in NEEDS_TOKEN else acts
        return ("cancel",) if offline else acts
    if entry.folder is not None:
        mine = entry.model.repo and not entry.model.folder
        return ("verify", "remove") if mine else ("verify",)
    return ("download",) if entry.model.runnable and not offline else ()


def _about(lang: str, model: Model) -> str:
    good_for = model.good_for.get(lang, "")
    return (
        f'<div class="aura-model-about"><b>{esc(model.name)}</b>'
        f'<small title="{esc(good_for)}">{esc(good_for)}</small></div>'
    )


def _state(lang: str, entry: Entry) -> str:
    """Here or to download, its licence and, where it has them, its conditions."""
    model = entry.model
    if entry.folder is not None:
        here = text(lang, "models.page.shipped" if _ships(model) else "models.page.installed")
        where = f"{icon('check', 14)}{esc(here)} · {esc(size(lang, entry.bytes))}"
    else:
        words = text(lang, "catalog.download", download_bytes=entry.bytes)
        where = esc(words if model.runnable else text(lang, "catalog.planned"))
    marks = [esc(model.licence)]
    if model.repo and not model.commercial:
        marks.append(f"<em>{esc(text(lang, 'catalog.noncommercial'))}</em>")
    if model.gated:
        marks.append(f"<em>{esc(text(lang, 'models.page.gated'))}</em>")
    look = "is-here" if entry.folder is not None else ""
    return (
        f'<div class="aura-model-state {look}"><span>{where}</span>'
        f"<small>{' · '.join(marks)}</small></div>"
    )


def _ships(model: Model) -> bool:
    return bool(model.folder) and not str(model.folder).startswith(("/", "\\"))


def _fit(lang: str, entry: Entry) -> str:
    """The planner's word, and what it is based on."""
    found = entry.verdict
    if found is None:
        unknown = text(lang, "models.verdict.unknown")
        return f'<div class="aura-model-fit"><span>{esc(unknown)}</span></div>'
    peak = found.plan.peak if found.plan else found.need_bytes
    said = text(lang, "models.page.peak", peak_bytes=peak)
    if found.plan and found.plan.seconds is not None:
        said += " · " + text(lang, "fits.seconds", time=seconds(lang, found.plan.seconds))
    word = pill(lang, found.verdict, text(lang, f"models.verdict.{found.verdict}"))
    return f'<div class="aura-model-fit">{word}<small>{esc(said)}</small></div>'


def download_html(lang: str, model: Model, view: DownloadView) -> str:
    """How far it is, in words and as a bar; why it ended, if it did."""
    if view.state == "failed" and view.error:
        return f'<div class="aura-model-note is-bad">{error_card(lang, view.error)}</div>'
    said = " · ".join(_told(lang, view))
    return _bar(lang, said, model, view.progress.bytes, view.progress.total, view.state)


def _told(lang: str, view: DownloadView) -> list[str]:
    now = view.progress
    state = now.phase if view.state == "running" else view.state
    parts = [text(lang, f"models.page.state.{state}")]
    if now.total:
        facts = {"here_bytes": now.bytes, "total_bytes": now.total}
        parts.append(text(lang, "models.page.of", **facts))
    if now.speed and view.state == "running":
        parts.append(text(lang, "models.page.speed", speed_bytes=now.speed))
    if now.left is not None and view.state == "running":
        parts.append(text(lang, "models.page.left", time=seconds(lang, now.left)))
    return parts


def _check(lang: str, entry: Entry, check: Check) -> str:
    """A check under way, or what it found."""
    model = entry.model
    if check.running:
        said = text(lang, "models.page.checking", file=check.file)
        return _bar(lang, said, model, check.bytes, entry.bytes, "running")
    if check.error and check.error["code"] == "stopped":
        return ""
    if check.error:
        return f'<div class="aura-model-note is-bad">{error_card(lang, check.error)}</div>'
    report = check.report
    if report is None or report.sound:
        read = report.bytes if report else 0
        said = text(lang, "models.sound", model=model.name, all_bytes=read)
        return f'<div class="aura-model-note is-good">{icon("check", 15)}{esc(said)}</div>'
    key = "models.page.aside" if report.aside else "models.damaged"
    said = text(lang, key, model=model.name, files=", ".join(report.damaged))
    return f'<div class="aura-model-note is-bad">{esc(said)}</div>'


def _bar(lang: str, said: str, model: Model, count: int, total: int, look: str) -> str:
    share = min(100 * count / total, 100.0) if total else 0.0
    name = text(lang, "models.page.progress", model=model.name)
    return (
        f'<div class="aura-model-bar is-{look}"><div role="progressbar" aria-valuemin="0" '
        f'aria-valuemax="100" aria-valuenow="{share:.0f}" aria-label="{esc(name)}" '
        f'aria-valuetext="{esc(said)}"><i style="width:{share:.1f}%"></i></div>'
        f"<small>{esc(said)}</small></div>"
    )

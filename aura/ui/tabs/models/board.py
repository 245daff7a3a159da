"""The head of the page, with the set for this machine, and the list of the models by task."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from aura.catalog.downloads import DownloadView
from aura.fits.words import TASKS
from aura.i18n import text
from aura.inventory import Entry
from aura.ui.icons import icon
from aura.ui.markup import button, esc
from aura.ui.tabs.models.checks import Check
from aura.ui.tabs.models.row import GOING, row_html
from aura.ui.wording import error_card


def head(
    lang: str,
    chosen: Sequence[Entry],
    views: Mapping[str, DownloadView],
    *,
    free: int,
    offline: bool,
    error: Mapping[str, Any] | None = None,
) -> str:
    """``chosen``: the models for this machine; ``free``: bytes on the disk they would go to;
    ``error``: why the last press did nothing."""
    disk = esc(text(lang, "models.page.free", free_bytes=free))
    line = f'<p class="aura-models-line">{icon("info", 15)}' if offline else ""
    line += f"{esc(text(lang, 'models.page.offline'))}</p>" if offline else ""
    return (
        f'<div class="aura-models-set">{_set(lang, chosen, views, offline)}'
        f"<small>{disk}</small></div>{line}{_refused(lang, error)}"
    )


def _set(
    lang: str, chosen: Sequence[Entry], views: Mapping[str, DownloadView], offline: bool
) -> str:
    title = f"<b>{esc(text(lang, 'models.page.set'))}</b>"
    if not chosen:
        return f"<div>{title}<small>{esc(text(lang, 'models.page.set_none'))}</small></div>"
    missing = [one for one in chosen if one.folder is None]
    names = ", ".join(one.model.name for one in missing or chosen)
    if not missing:
        said = text(lang, "models.page.set_here", models=names)
        return f"<div>{title}<small>{icon('check', 14)}{esc(said)}</small></div>"
    total = sum(one.bytes for one in missing)
    said = text(lang, "models.page.set_about", models=names, total_bytes=total)
    asked = all(one.model.id in views and views[one.model.id].state in GOING for one in missing)
    word = text(lang, "models.page.set_get")
    get = "" if asked or offline else button("set", word, look="is-text is-main")
    return f"<div>{title}<small>{esc(said)}</small></div>{get}"


def _refused(lang: str, error: Mapping[str, Any] | None) -> str:
    if error is None:
        return ""
    close = button("dismiss", text(lang, "models.page.close"), symbol="close")
    return (
        f'<div class="aura-model-note is-bad" role="alert">{error_card(lang, error)}{close}</div>'
    )


def rows_html(
    lang: str,
    entries: Sequence[Entry],
    views: Mapping[str, DownloadView],
    check: Callable[[str], Check | None],
    *,
    offline: bool,
) -> str:
    """What can be used first, each task under its heading."""
    groups = ""
    for task in TASKS:
        mine = sorted((e for e in entries if e.model.task == task), key=_later)
        drawn = "".join(
            row_html(lang, e, views.get(e.model.id), check(e.model.id), offline=offline)
            for e in mine
        )
        groups += f"<h3>{esc(text(lang, f'fits.task.{task}'))}</h3>{drawn}" if drawn else ""
    name = esc(text(lang, "models.page.name"))
    return f'<div class="aura-models" role="region" aria-label="{name}">{groups}</div>'


def _later(entry: Entry) -> bool:
    return not entry.model.runnable

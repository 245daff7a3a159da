"""The card above the stage: what went wrong with what was asked, or a kind hint."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from aura.i18n import text
from aura.ui.icons import icon
from aura.ui.markup import button, esc
from aura.ui.wording import error_card, notice

FALLBACKS = {"plan.climbed", "engine.starved"}


def failed(lang: str, error: Mapping[str, Any], job: str | None = None) -> str:
    """An error in its three sentences; for a job also the button that tries again."""
    retry = text(lang, "generate.queue.retry")
    again = button("retry", retry, look="is-text", job=job) if job else ""
    return (
        f'<div class="aura-card-bad" role="alert">{icon("warning", 20)}'
        f"<div>{error_card(lang, error)}{again}</div>{_close(lang)}</div>"
    )


def noticed(lang: str, notices: Sequence[Mapping[str, Any]]) -> str:
    """What a person should know of a job, such as what a fallback changed; also while it runs."""
    said = "".join(f"<p>{esc(notice(lang, told))}</p>" for told in notices)
    if any(told.get("code") in FALLBACKS for told in notices):
        said = f'<p class="aura-what">{esc(text(lang, "generate.climbed"))}</p>{said}'
        said += button("picture", text(lang, "memory.look"), look="is-text")
    return (
        f'<div class="aura-card-note" role="status">{icon("info", 20)}<div>{said}</div>'
        f"{_close(lang)}</div>"
    )


def paused(lang: str, why: Mapping[str, Any]) -> str:
    """Why nothing begins, with the button that ends it."""
    resume = button("resume", text(lang, "generate.queue.resume"), look="is-text")
    return (
        f'<div class="aura-card-note" role="status">{icon("info", 20)}'
        f"<div><p>{esc(notice(lang, why))}</p>{resume}</div></div>"
    )


def told(lang: str, key: str, **facts: Any) -> str:
    """One sentence that something was done."""
    return (
        f'<div class="aura-card-note" role="status">{icon("info", 20)}'
        f"<div><p>{esc(text(lang, key, **facts))}</p></div>{_close(lang)}</div>"
    )


def _close(lang: str) -> str:
    return button("dismiss", text(lang, "generate.dismiss"), symbol="close")

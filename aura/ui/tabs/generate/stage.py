"""The stage: the picture, how far it is, or an invitation to begin."""

from __future__ import annotations

import base64
from pathlib import Path

from aura.i18n import text
from aura.jobs.job import JobView
from aura.requests import Picture
from aura.ui.icons import icon
from aura.ui.markup import esc, file_url


def empty(lang: str) -> str:
    return (
        f'<div class="aura-canvas"><div class="aura-empty">{icon("sparkle", 44)}'
        f"<h2>{esc(text(lang, 'generate.empty.title'))}</h2>"
        f"<p>{esc(text(lang, 'generate.empty.hint'))}</p></div></div>"
    )


def picture(shown: Picture) -> str:
    return _frame("is-picture", shown.width, shown.height, file_url(shown.path), shown.prompt)


def drawing(lang: str, view: JobView) -> str:
    """A job on its way: its newest preview, or a soft shimmer of the size to come."""
    width, height = view.request.width, view.request.height
    preview = inline(view.preview)
    if preview is None:
        return _frame("is-waiting", width, height, "", "")
    alt = text(lang, "generate.preview_alt", step=view.step, steps=view.steps)
    return _frame("is-preview", width, height, preview, alt)


def inline(preview: str | None) -> str | None:
    """A preview as part of the page: its file may be gone before a browser asks for it."""
    try:
        data = Path(preview).read_bytes() if preview else b""
    except OSError:
        return None
    return f"data:image/jpeg;base64,{base64.b64encode(data).decode()}" if data else None


def _frame(look: str, width: int, height: int, address: str, alt: str) -> str:
    inside = f'<img src="{esc(address)}" alt="{esc(alt)}" draggable="false">' if address else ""
    return (
        f'<div class="aura-canvas"><figure class="aura-frame {look}" '
        f'style="--w:{width};--h:{height}">{inside}</figure></div>'
    )

"""Pieces of HTML. Everything a person or a file may have written goes through ``esc``."""

from __future__ import annotations

import html
from pathlib import Path
from typing import Any
from urllib.parse import quote

import gradio as gr

from aura.i18n import text
from aura.ui.icons import icon

# A click on anything that carries data-act becomes the event "act" with its data; so does a
# slider with data-slide, once it rests, with its value.
_DELEGATE = """
element.addEventListener('click', (event) => {
  const hit = event.target.closest('[data-act]');
  if (hit && !hit.disabled) trigger('act', {...hit.dataset});
});
let rest = 0;
element.addEventListener('input', ({target}) => {
  if (!target.dataset.slide) return;
  const told = target.parentElement.querySelector('output');
  told.textContent = (+target.value).toLocaleString(document.documentElement.lang);
  clearTimeout(rest);
  rest = setTimeout(() => trigger('act', {
    ...target.dataset, act: target.dataset.slide, value: target.value}), 300);
});
"""


# Nobody sees it; the page's script presses it once somebody begins to write a prompt.
WARMER = '<button type="button" data-act="warm" tabindex="-1" hidden></button>'


def island(elem_id: str, inside: str = "", **options: Any) -> gr.HTML:
    """A part of the page whose HTML the server writes; clicks come back as ``.act(...)``."""
    return gr.HTML(
        inside, elem_id=elem_id, js_on_load=_DELEGATE, apply_default_css=False, **options
    )


def act_data(event: gr.EventData) -> dict[str, str]:
    """What the clicked thing carries in its ``data-`` attributes.

    None of them may be called ``path``: Gradio takes data with that name for an upload
    and refuses what lies outside its cache.
    """
    data = event._data
    return {k: str(v) for k, v in data.items()} if isinstance(data, dict) else {}


def esc(words: object) -> str:
    return html.escape(str(words), quote=True)


def file_url(path: str | Path) -> str:
    """Where the page fetches a file of the data folder; relative, so that any root works."""
    return "gradio_api/file=" + quote(Path(path).as_posix(), safe="/:")


def button(
    act: str,
    label: str,
    *,
    look: str = "",
    symbol: str = "",
    pressed: bool | None = None,
    **data: str,
) -> str:
    """A button of an island. With a symbol the label is its name and tooltip alone.

    ``pressed``: whether what it switches is on; None for one that switches nothing.
    """
    attributes = "".join(f' data-{name}="{esc(value)}"' for name, value in data.items())
    inside = icon(symbol) if symbol else esc(label)
    named = f' aria-label="{esc(label)}" title="{esc(label)}"' if symbol else ""
    named += f' aria-pressed="{str(pressed).lower()}"' if pressed is not None else ""
    return (
        f'<button type="button" class="aura-btn {look}" data-act="{act}"{attributes}{named}>'
        f"{inside}</button>"
    )


def slider(
    act: str,
    label: str,
    shown: str,
    bounds: tuple[float, float, float],
    value: float,
    **data: str,
) -> str:
    """A slider of an island, its value beside it as ``shown``. ``bounds``: least, most, step."""
    attributes = "".join(f' data-{name}="{esc(value)}"' for name, value in data.items())
    least, most, step = bounds
    return (
        f'<div class="aura-slider"><input type="range" data-slide="{act}"{attributes} '
        f'min="{least:g}" max="{most:g}" step="{step:g}" value="{value:g}" '
        f'aria-label="{esc(label)}"><output>{esc(shown)}</output></div>'
    )


def section(lang: str, key: str, inside: str) -> str:
    """A part of the side under its heading."""
    return f"<h3>{esc(text(lang, key))}</h3>{inside}"


def facts(pairs: list[tuple[str, str]]) -> str:
    """Names and values as a description list; the values are HTML already."""
    rows = "".join(f"<div><dt>{esc(name)}</dt><dd>{value}</dd></div>" for name, value in pairs)
    return f'<dl class="aura-facts">{rows}</dl>'

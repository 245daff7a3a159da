"""The page around the tabs: top bar, tabs, status bar, and what launching it needs."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import gradio as gr
from starlette.middleware import Middleware

from aura.i18n import LANGUAGES
from aura.ui import api, memory, theme
from aura.ui import help as help_dialog
from aura.ui.context import Context
from aura.ui.icons import icon
from aura.ui.language import EarlyScript, say, translations
from aura.ui.pages import Pages
from aura.ui.shelf import Shelf
from aura.ui.tabs import TABS

if TYPE_CHECKING:
    from aura.studio import Studio

HERE = Path(__file__).parent
STYLES = (
    "frame",
    "panel",
    "sections",
    "presets",
    "stage",
    "side",
    "status",
    "memory",
    "dialogs",
    "library",
    "fits",
    "models",
    "small",
)
TICK_S = 1.0
SECRET = "aura"  # what the browser keeps is no secret; a fixed key lets it be read again
THREADS = 120  # a page that follows a job holds one


def build(studio: Studio) -> gr.Blocks:
    """The whole page. Starts nothing; ``launch(**launch_options(studio))`` serves it."""
    pages, shelf = Pages(), Shelf(studio)
    with gr.Blocks(
        title="Aura", fill_height=True, fill_width=True, analytics_enabled=False
    ) as page:
        owner = gr.BrowserState("", storage_key="aura-owner", secret=SECRET)
        last = gr.BrowserState(None, storage_key="aura-last", secret=SECRET)
        clock = gr.Timer(TICK_S)
        model = _top_bar(studio)
        with gr.Tabs(elem_id="aura-tabs", selected=TABS[0].id) as tabs:
            context = Context(studio, pages, shelf, page, tabs, owner, last, model, clock)
            for tab in TABS:
                with gr.Tab(say(tab.label), id=tab.id, elem_id=f"aura-tab-{tab.id}") as block:
                    tab.build(context, block)
        memory.build(context)
        help_dialog.build(context)
        api.build(studio)
    return page


def _top_bar(studio: Studio) -> gr.Dropdown:
    with gr.Row(elem_id="aura-top"):
        gr.HTML(_brand(), elem_id="aura-brand", apply_default_css=False)
        model = gr.Dropdown(
            choices=[(model.name, model.id) for model in studio.catalog.available()],
            value=studio.catalog.default().id,
            label=say("ui.model"),
            show_label=False,
            container=False,
            elem_id="aura-model",
        )
        gr.HTML(_switches(), elem_id="aura-switches", apply_default_css=False)
    return model


def _brand() -> str:
    return '<div class="aura-brand"><i class="aura-logo"></i><b>Aura</b></div>'


def _switches() -> str:
    """Language and theme. The script names the theme's button in the reader's language."""
    languages = "".join(
        f'<button type="button" data-lang="{code}" lang="{code}" aria-pressed="false">'
        f'<span class="aura-long">{name}</span>'
        f'<span class="aura-short">{code.upper()}</span></button>'
        for code, name in LANGUAGES.items()
    )
    symbols = icon("sun") + icon("moon")
    return (
        f'<div class="aura-switches"><div class="aura-languages" role="group">{languages}</div>'
        f'<button type="button" class="aura-btn" id="aura-theme">{symbols}</button></div>'
    )


def launch_options(studio: Studio) -> dict[str, Any]:
    """Everything of the page's own that ``launch`` takes. The caller adds address and safety.

    ``app_kwargs`` holds this page's middleware as a list that the caller may extend.
    """
    settings = studio.settings
    served = [settings.data_dir / name for name in ("outputs", "thumbnails", "exports", "inputs")]
    return {
        "theme": theme.make(),
        "css": theme.palette_css() + "".join(_css(name) for name in STYLES),
        "head": f"<script>{script()}</script>",
        "i18n": translations(),
        "favicon_path": str(HERE / "favicon.svg"),
        "footer_links": [],
        "run_history": False,
        "ssr_mode": False,
        "pwa": False,
        "max_threads": THREADS,
        "allowed_paths": [str(folder) for folder in served],
        "app_kwargs": {"middleware": [Middleware(EarlyScript, wanted=settings.lang)]},
    }


def _css(name: str) -> str:
    return (HERE / "css" / f"{name}.css").read_text(encoding="utf-8")


def script() -> str:
    """The page's script with the names it gives to controls that carry none."""
    import json

    from aura.i18n import texts

    names = {lang: _script_names(texts(lang)) for lang in LANGUAGES}
    source = (HERE / "script.js").read_text(encoding="utf-8")
    return source.replace(
        "__NAMES__", json.dumps(names, ensure_ascii=False).replace("<", "\\u003c")
    )


def _script_names(all_texts: Any) -> dict[str, str]:
    return {key: value for key, value in all_texts.items() if key.startswith("ui.name.")}

"""The library tab: all pictures ever drawn here, searched by their prompts, and the starred."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import gradio as gr

from aura.errors import AuraError
from aura.i18n import error_text, text
from aura.library import sheets
from aura.ui.context import Context
from aura.ui.icons import icon
from aura.ui.language import say
from aura.ui.markup import act_data, button, esc, file_url, island
from aura.ui.tabs.generate.details import star, start
from aura.ui.tabs.generate.filmstrip import image
from aura.ui.wire import QUICK

if TYPE_CHECKING:
    from aura.library.history import Entry

AT_FIRST = 60  # pictures shown; "more" shows as many again
# What can be made of the pictures that are found: how many at most, and how.
EXPORTS = {"sheet": (100, sheets.save_sheet), "zip": (2000, sheets.save_archive)}


def build(context: Context, tab: gr.Tab) -> None:
    library = Library(context)
    with gr.Column(elem_id="aura-library"):
        with gr.Row(elem_id="aura-library-bar"):
            search = gr.Textbox(
                label=say("library.search"),
                show_label=False,
                container=False,
                placeholder=say("library.search"),
                elem_id="aura-search",
                buttons=[],
            )
            starred = gr.Checkbox(label=say("library.starred"), elem_id="aura-only-starred")
            export = island("aura-export")
        grid = island("aura-grid")
    shown = gr.State(AT_FIRST)
    inputs = [context.owner, search, starred, shown]
    for event in (tab.select, search.change, starred.change):
        event(library.show, inputs, grid, **QUICK)
        event(library.offer, [context.owner], export, **QUICK)
    export.act(library.export, [context.owner, search, starred], export, **QUICK)
    acted = grid.act(library.act, inputs, [grid, shown, context.tabs], **QUICK)
    context.sends["stage"](acted)
    context.sends["start"](acted)


class Library:
    def __init__(self, context: Context) -> None:
        self.history, self.pages = context.studio.history, context.pages
        self.shelf = context.shelf
        self.exports = context.studio.settings.data_dir / "exports"

    def show(self, owner: str, search: str, starred: bool, shown: int, request: gr.Request) -> str:
        lang = self.pages.of(request, owner).lang
        entries = self.history.recent(shown + 1, starred=starred, search=search or "")
        asked = bool(search or starred)
        return grid(lang, entries, shown, self.shelf.thumbnails, asked=asked)

    def act(
        self,
        owner: str,
        search: str,
        starred: bool,
        shown: int,
        request: gr.Request,
        event: gr.EventData,
    ) -> list[Any]:
        """A picture goes to the stage, to be seen or started from; a star; more pictures."""
        page, data = self.pages.of(request, owner), act_data(event)
        entry, act = self.shelf.get(data.get("picture", "")), data["act"]
        tab: Any = gr.skip()
        if act == "more":
            shown += AT_FIRST
        elif entry and act == "star":
            self.history.star(entry.picture.path, not entry.starred)
        elif entry and act in ("show", "start"):
            page.looking_at = entry.picture.path
            page.start_from = entry.picture.path if act == "start" else None
            tab = gr.Tabs(selected="generate")
        return [self.show(owner, search, starred, shown, request), shown, tab]

    def offer(self, owner: str, request: gr.Request) -> str:
        """The two buttons; what was made before is not said again of another search."""
        return exporting(self.pages.of(request, owner).lang)

    def export(
        self, owner: str, search: str, starred: bool, request: gr.Request, event: gr.EventData
    ) -> str:
        """One file of all the pictures that the search finds, not only of those on the page."""
        lang = self.pages.of(request, owner).lang
        most, save = EXPORTS[act_data(event)["act"]]
        entries = self.history.recent(most, starred=starred, search=search or "")
        if not entries:
            return exporting(lang, esc(text(lang, "library.none_found")))
        try:
            path = save(self.exports, [entry.picture for entry in entries])
        except AuraError as error:
            return exporting(lang, esc(error_text(lang, error.as_dict())))
        return exporting(lang, _made(lang, path, len(entries)))


def exporting(lang: str, said: str = "") -> str:
    """The buttons for all that is found, and what became of the last press (HTML)."""
    buttons = "".join(button(act, text(lang, f"library.{act}"), look="is-text") for act in EXPORTS)
    return f'<div class="aura-row aura-export">{buttons}<p role="status">{said}</p></div>'


def _made(lang: str, path: Path, count: int) -> str:
    words = text(lang, "library.made", count=count, size_bytes=path.stat().st_size)
    link = f'href="{esc(file_url(path))}" download="{esc(path.name)}"'
    return f'<a {link} title="{esc(path)}">{icon("download")} {esc(path.name)}</a> {esc(words)}'


def grid(lang: str, entries: Sequence[Entry], shown: int, cache: Path, *, asked: bool) -> str:
    """Cards of the first ``shown`` entries; ``asked``: a search or the stars narrow them."""
    if not entries:
        key = "library.none_found" if asked else "library.empty"
        return f'<div class="aura-empty">{icon("search", 40)}<p>{esc(text(lang, key))}</p></div>'
    cards = "".join(_card(lang, entry, cache) for entry in entries[:shown])
    more = (
        button("more", text(lang, "library.more"), look="is-text") if len(entries) > shown else ""
    )
    return f'<div class="aura-grid">{cards}</div><div class="aura-row aura-more">{more}</div>'


def _card(lang: str, entry: Entry, cache: Path) -> str:
    shown = entry.picture
    label = esc(text(lang, "generate.strip.show", prompt=shown.prompt[:120]))
    return (
        '<figure class="aura-tile">'
        f'<button type="button" data-act="show" data-picture="{esc(shown.path)}"'
        f' aria-label="{label}">'
        f"{image(shown.path, cache)}</button>"
        f'<figcaption title="{esc(shown.prompt[:300])}"><span>{esc(shown.prompt[:160])}</span>'
        f"{start(lang, entry)}{star(lang, entry)}</figcaption></figure>"
    )

"""The library tab: all pictures ever drawn here, searched by their prompts, and the starred."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import gradio as gr

from aura.i18n import text
from aura.ui.context import Context
from aura.ui.icons import icon
from aura.ui.language import say
from aura.ui.markup import act_data, button, esc, island
from aura.ui.tabs.generate.filmstrip import image
from aura.ui.wire import QUICK

if TYPE_CHECKING:
    from pathlib import Path

    from aura.library.history import Entry

AT_FIRST = 60  # pictures shown; "more" shows as many again


def build(context: Context, tab: gr.Tab) -> None:
    library = Library(context)
    with gr.Column(elem_id="aura-library"):
        with gr.Row(elem_id="aura-library-bar"):
            search = gr.Textbox(
                show_label=False,
                container=False,
                placeholder=say("library.search"),
                elem_id="aura-search",
                buttons=[],
            )
            starred = gr.Checkbox(label=say("library.starred"), elem_id="aura-only-starred")
        grid = island("aura-grid")
    shown = gr.State(AT_FIRST)
    inputs = [context.owner, search, starred, shown]
    for event in (tab.select, search.change, starred.change):
        event(library.show, inputs, grid, **QUICK)
    acted = grid.act(library.act, inputs, [grid, shown, context.tabs], **QUICK)
    context.sends["stage"](acted)


class Library:
    def __init__(self, context: Context) -> None:
        self.history, self.pages = context.studio.history, context.pages
        self.shelf = context.shelf

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
        """A picture goes to the stage; a star changes where it is; "more" shows more."""
        page, data = self.pages.of(request, owner), act_data(event)
        entry, act = self.shelf.get(data.get("picture", "")), data["act"]
        tab: Any = gr.skip()
        if act == "more":
            shown += AT_FIRST
        elif entry and act == "star":
            self.history.star(entry.picture.path, not entry.starred)
        elif entry and act == "show":
            page.looking_at = entry.picture.path
            tab = gr.Tabs(selected="generate")
        return [self.show(owner, search, starred, shown, request), shown, tab]


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
    star = text(lang, "generate.tool.unstar" if entry.starred else "generate.tool.star")
    label = esc(text(lang, "generate.strip.show", prompt=shown.prompt[:120]))
    look = "is-on" if entry.starred else ""
    starred = button("star", star, symbol="star", look=look, picture=shown.path)
    return (
        '<figure class="aura-tile">'
        f'<button type="button" data-act="show" data-picture="{esc(shown.path)}"'
        f' aria-label="{label}">'
        f"{image(shown.path, cache)}</button>"
        f'<figcaption title="{esc(shown.prompt[:300])}"><span>{esc(shown.prompt[:160])}</span>'
        f"{starred}</figcaption></figure>"
    )

"""The tab that answers "what fits?": for each model the memory it would take, as a picture."""

from __future__ import annotations

from contextlib import closing
from typing import Any

import gradio as gr

from aura.errors import AuraError
from aura.fits.machine import Lessons, Machine, chosen
from aura.fits.rows import rows
from aura.memory.cards import NO_CARD, Card, cards, find
from aura.memory.device import GIB, Snapshot
from aura.memory.glance import glance
from aura.ui import status
from aura.ui.context import Context
from aura.ui.language import say
from aura.ui.tabs.fits.board import board
from aura.ui.wire import QUICK

HERE, NONE, SIZE = "here", "none", "size"  # choices that are no card's name
LARGEST = 48  # GB that the slider goes to
RAMS = (4, 8, 12, 16, 24, 32, 48, 64, 96, 128)  # GB
# Rows that were open stay open when another card is chosen.
_KEEP_OPEN = """
const open = new Set();
element.addEventListener('toggle', ({target}) => {
  if (target.dataset.model) open[target.open ? 'add' : 'delete'](target.dataset.model);
}, true);
new MutationObserver(() => {
  for (const row of element.querySelectorAll('details[data-model]:not([open])'))
    if (open.has(row.dataset.model)) row.open = true;
}).observe(element, {childList: true, subtree: true});
"""


def build(context: Context, tab: gr.Tab) -> None:
    fits = Fits(context)
    with gr.Column(elem_id="aura-fits"):
        with gr.Row(elem_id="aura-fits-bar"):
            card = gr.Dropdown(
                choices=_choices(), value=HERE, label=say("fits.card"), elem_id="aura-fits-card"
            )
            size = gr.Slider(
                0,
                LARGEST,
                value=0,
                step=1,
                label=say("fits.size"),
                elem_id="aura-fits-size",
                buttons=[],
            )
            ram = gr.Dropdown(
                choices=[(f"{gb} GB", gb) for gb in RAMS],
                value=16,
                label=say("fits.ram"),
                elem_id="aura-fits-ram",
            )
        picture = gr.HTML(
            "", elem_id="aura-fits-board", js_on_load=_KEEP_OPEN, apply_default_css=False
        )
    inputs, outputs = [context.owner, card, size, ram], [card, size, ram, picture]
    latest: dict[str, Any] = {**QUICK, "trigger_mode": "always_last"}  # of a slider that moves
    for event in (tab.select, card.input):
        event(fits.picked, inputs, outputs, **latest)
    size.input(fits.sized, inputs, outputs, **latest)
    # A number that was typed moves the slider's handle once it is given back.
    size.release(None, size, size, js="(size) => size", **QUICK)
    ram.input(fits.beside, inputs, outputs, **latest)


def _choices() -> list[tuple[Any, str]]:
    """This machine, none, the cards people have, and any other by its size alone."""
    named = [
        f"{name} {size // GIB}GB"
        for name, (sizes, _) in cards().items()
        if name.startswith(("GTX 1", "RTX ")) and "A" not in name
        for size in sizes
    ]
    return [
        (say("fits.choice.here"), HERE),
        (say("fits.choice.none"), NONE),
        (say("fits.choice.size"), SIZE),
        *((name.replace("GB", " GB"), name) for name in named),
    ]


class Fits:
    """The three fields always agree: a card has its size, a size is "any of this size"."""

    def __init__(self, context: Context) -> None:
        self.studio, self.pages = context.studio, context.pages

    def picked(self, owner: str, card: str, size: int, ram: int, request: gr.Request) -> list[Any]:
        """A card was chosen, or the tab opened: size and RAM follow."""
        if card == HERE:
            return self._answer(owner, request, card, None, None)
        known = Card("", int(size) * GIB) if card == SIZE and size else _found(card)
        return self._answer(owner, request, card, known, ram)

    def sized(self, owner: str, card: str, size: int, ram: int, request: gr.Request) -> list[Any]:
        """A slider that moves is left alone: it may be further on by now."""
        known = Card("", int(size) * GIB)
        choice, _, _, drawn = self._answer(owner, request, SIZE if size else NONE, known, ram)
        return [choice, gr.skip(), gr.skip(), drawn]

    def beside(self, owner: str, card: str, size: int, ram: int, request: gr.Request) -> list[Any]:
        """Other RAM makes this machine another one: a card of its size beside that RAM."""
        if card == HERE:
            return self.sized(owner, card, size, ram, request)
        return self.picked(owner, card, size, ram, request)

    def _answer(
        self, owner: str, request: gr.Request, choice: str, card: Card | None, ram: int | None
    ) -> list[Any]:
        page, studio = self.pages.of(request, owner), self.studio
        machine = chosen(card, ram and int(ram) * GIB, self._here())
        drawn = board(page.lang, machine, self._rows(machine), studio.catalog)
        return [choice, *_fields(machine.snapshot), drawn]

    def _here(self) -> Snapshot:
        """As the engine last read it; before its first word, as can be seen without it."""
        told = status.told(self.studio)
        return told.device if told else glance(self.studio.settings)

    def _rows(self, machine: Machine) -> Any:
        catalog, data = self.studio.catalog, self.studio.settings.data_dir
        with closing(Lessons(data / "ledger.db")) as lessons:
            return rows(
                catalog.models,
                machine.snapshot,
                catalog.installed,
                lambda model: lessons(machine, model),
            )


def _found(choice: str) -> Card:
    """What came from the page may be anything."""
    try:
        return find(choice)
    except AuraError:
        return NO_CARD


def _fields(snapshot: Snapshot) -> tuple[int, int]:
    """What size and RAM show: the nearest that they can."""
    gigabytes = 0 if snapshot.kind == "cpu" else round(snapshot.total / GIB)
    nearest = min(RAMS, key=lambda gb: abs(gb * GIB - snapshot.host_total))
    return min(gigabytes, LARGEST), nearest

"""The tabs of the page, in their order. A new tab is one module and its line here."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import gradio as gr

from aura.ui.context import Context
from aura.ui.tabs import fits, generate, library, models


@dataclass(frozen=True)
class Tab:
    """``label`` is a key of the texts; ``build`` makes the tab's components and wires them."""

    id: str
    label: str
    build: Callable[[Context, gr.Tab], None]


TABS: tuple[Tab, ...] = (
    Tab("generate", "ui.tab.generate", generate.build),
    Tab("library", "ui.tab.library", library.build),
    Tab("fits", "ui.tab.fits", fits.build),
    Tab("models", "ui.tab.models", models.build),
)

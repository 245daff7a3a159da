"""What every tab is built with: the studio, its pages, and the parts of the top bar."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import gradio as gr

from aura.ui.pages import Pages
from aura.ui.shelf import Shelf

if TYPE_CHECKING:
    from aura.studio import Studio


@dataclass(frozen=True)
class Context:
    """``owner`` and ``last`` live in the browser: who a page is, what it asked for last.

    ``sends`` holds what a tab offers to the others, by name: called with one of their
    events, it goes on from there. ``stage`` shows the picture the page has chosen.
    """

    studio: Studio
    pages: Pages
    shelf: Shelf
    page: gr.Blocks
    tabs: gr.Tabs
    owner: gr.BrowserState
    last: gr.BrowserState
    model: gr.Dropdown
    clock: gr.Timer
    sends: dict[str, Callable[[Any], Any]] = field(default_factory=dict)

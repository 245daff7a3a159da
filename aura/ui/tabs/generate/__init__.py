"""The text-to-image tab: what it is made of."""

from __future__ import annotations

import gradio as gr

from aura.ui.context import Context
from aura.ui.markup import island
from aura.ui.tabs.generate import easel, panel
from aura.ui.tabs.generate.actions import Actions
from aura.ui.tabs.generate.adding import Adding
from aura.ui.tabs.generate.adjusting import Adjusting
from aura.ui.tabs.generate.desk import Desk
from aura.ui.tabs.generate.live import Live
from aura.ui.tabs.generate.managing import Managing
from aura.ui.tabs.generate.many import Many
from aura.ui.tabs.generate.presets import Presets
from aura.ui.tabs.generate.starting import Starting
from aura.ui.tabs.generate.styles import wire as wire_styles
from aura.ui.tabs.generate.viewing import Viewing


def build(context: Context, tab: gr.Tab) -> None:
    with gr.Row(elem_classes="aura-studio"):
        form = panel.build(context.studio)
        with gr.Column(elem_id="aura-main", min_width=300, scale=1):
            shown = {"stop": form.stop, **_stage()}
            board = easel.build()
        shown |= _side()
    live = Live(context.studio, context.shelf, context.pages)
    desk = Desk(context, form, shown, live)
    opened = Actions(desk).wire()
    Starting(desk, board).wire(opened)
    added = Adding(desk).wire(opened)
    picked = Adjusting(desk).wire()
    Presets(desk).wire(opened, picked, added)
    Many(desk).wire(opened)
    Managing(desk).wire()
    Viewing(desk).wire()
    wire_styles(context.studio, form)


def _stage() -> dict[str, gr.components.Component]:
    message, stage = island("aura-message"), island("aura-stage")
    with gr.Row(elem_id="aura-line"):
        progress, tools = island("aura-progress"), island("aura-tools")
    strip = island("aura-strip")
    return {
        "message": message,
        "stage": stage,
        "progress": progress,
        "tools": tools,
        "strip": strip,
    }


def _side() -> dict[str, gr.components.Component]:
    with gr.Column(elem_id="aura-side", min_width=240, scale=0):
        return {"queue": island("aura-queue"), "details": island("aura-details")}

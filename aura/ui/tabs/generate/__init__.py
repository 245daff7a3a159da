"""The text-to-image tab: what it is made of."""

from __future__ import annotations

import gradio as gr

from aura.ui.context import Context
from aura.ui.markup import island
from aura.ui.tabs.generate import easel, panel
from aura.ui.tabs.generate.actions import Actions
from aura.ui.tabs.generate.desk import Desk
from aura.ui.tabs.generate.live import Live
from aura.ui.tabs.generate.lora_actions import LoraActions
from aura.ui.tabs.generate.many import Many
from aura.ui.tabs.generate.panel_actions import PanelActions
from aura.ui.tabs.generate.picture_actions import PictureActions
from aura.ui.tabs.generate.presets import Presets
from aura.ui.tabs.generate.queue_actions import QueueActions
from aura.ui.tabs.generate.start_actions import StartActions
from aura.ui.tabs.generate.styles import wire as wire_styles


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
    StartActions(desk, board).wire(opened)
    added = LoraActions(desk).wire(opened)
    picked = PanelActions(desk).wire()
    Presets(desk).wire(opened, picked, added)
    Many(desk).wire(opened)
    QueueActions(desk).wire()
    PictureActions(desk).wire()
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

"""The text-to-image tab: what it is made of."""

from __future__ import annotations

import gradio as gr

from aura.ui.context import Context
from aura.ui.markup import island
from aura.ui.tabs.generate import panel
from aura.ui.tabs.generate.actions import Actions
from aura.ui.tabs.generate.live import Live


def build(context: Context, tab: gr.Tab) -> None:
    with gr.Row(elem_classes="aura-studio"):
        form = panel.build(context.studio)
        shown = {"stop": form.stop, **_stage(), **_side()}
    live = Live(context.studio, context.shelf, context.pages)
    Actions(context, form, shown, live).wire()


def _stage() -> dict[str, gr.components.Component]:
    with gr.Column(elem_id="aura-main", min_width=300, scale=1):
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

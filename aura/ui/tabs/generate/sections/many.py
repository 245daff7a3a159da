"""Many pictures at once: a list of prompts, a grid, or the presets side by side."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

import gradio as gr

from aura.batches.batch import Batch
from aura.batches.progress import Progress
from aura.grids import PARAMETERS
from aura.i18n import text
from aura.ui.icons import icon
from aura.ui.language import say
from aura.ui.markup import button, esc, file_url, island
from aura.ui.tabs.generate.sections.pieces import folded

KINDS = ("prompts", "grid", "presets")
AXES = ("x", "y", "z")
NONE = ""
FIRST = {"x": "steps", "y": NONE, "z": NONE}


@dataclass(frozen=True)
class Parts:
    """``kinds`` maps each kind to what is shown for it; ``axes`` each axis to its two fields."""

    kind: gr.Radio
    kinds: dict[str, gr.Column]
    prompts: gr.Textbox
    file: gr.UploadButton
    axes: dict[str, tuple[gr.Dropdown, gr.Textbox]]
    draw: gr.Button
    shown: gr.HTML

    @property
    def inputs(self) -> list[Any]:
        """In the order in which ``draw`` is asked for."""
        return [self.kind, self.prompts, *(part for axis in self.axes.values() for part in axis)]


def build() -> Parts:
    with folded("many"):
        kind = gr.Radio(
            choices=[(say(f"many.kind.{name}"), name) for name in KINDS],
            value=KINDS[0],
            label=say("many.kind"),
            elem_id="aura-many-kind",
        )
        kinds: dict[str, gr.Column] = {}
        with gr.Column(elem_id="aura-many-prompts") as kinds["prompts"]:
            prompts, file = _prompts()
        with gr.Column(visible=False, elem_id="aura-many-grid") as kinds["grid"]:
            axes = {name: _axis(name) for name in AXES}
        with gr.Column(visible=False, elem_id="aura-many-presets") as kinds["presets"]:
            gr.Markdown(say("many.presets.info"))
        draw = gr.Button(say("many.draw"), elem_id="aura-many-draw", size="sm")
        shown = island("aura-batches")
    return Parts(kind, kinds, prompts, file, axes, draw, shown)


def _prompts() -> tuple[gr.Textbox, gr.UploadButton]:
    prompts = gr.Textbox(
        label=say("many.prompts"),
        info=say("many.prompts.info"),
        lines=4,
        max_lines=10,
        elem_id="aura-many-lines",
        buttons=[],
    )
    file = gr.UploadButton(
        str(say("many.file")),
        file_types=[".txt", "text/plain"],
        elem_id="aura-many-file",
        size="sm",
        variant="secondary",
    )
    return prompts, file


def _axis(name: str) -> tuple[gr.Dropdown, gr.Textbox]:
    with gr.Row(elem_classes="aura-inline"):
        parameter = gr.Dropdown(
            choices=[(say("grid.none"), NONE), *((say(f"grid.{p}"), p) for p in PARAMETERS)],
            value=FIRST[name],
            label=say(f"many.{name}"),
            elem_id=f"aura-many-{name}",
            min_width=110,
        )
        values = gr.Textbox(
            label=say("many.values"),
            placeholder=say("many.values.placeholder"),
            elem_id=f"aura-many-{name}-values",
            min_width=120,
            buttons=[],
        )
    return parameter, values


# --- what became of them


def listing(lang: str, told: Sequence[tuple[Batch, Progress]], made: str = "") -> str:
    """The batches, the newest first, and what the last button made (HTML)."""
    rows = "".join(_row(lang, batch, progress) for batch, progress in told)
    said = f'<p class="aura-export" role="status">{made}</p>' if made else ""
    return f'<ul class="aura-queue">{rows}</ul>{said}' if rows else ""


def _row(lang: str, batch: Batch, progress: Progress) -> str:
    share = 100 * progress.drawn / progress.of
    label = esc(text(lang, "many.bar"))
    bar = (
        f'<div class="aura-bar" role="progressbar" aria-label="{label}" aria-valuemin="0" '
        f'aria-valuemax="100" aria-valuenow="{share:.0f}"><i style="width:{share:.1f}%"></i></div>'
    )
    return (
        f'<li class="is-{progress.state}"><div><p>{esc(name(lang, batch))}</p>'
        f"<small>{esc(state(lang, progress))}</small>{bar}</div>"
        f"{_buttons(lang, batch, progress)}</li>"
    )


def name(lang: str, batch: Batch) -> str:
    if batch.grid:
        return text(lang, "many.grid_named", prompt=batch.grid.title)
    return text(lang, "many.prompts_named", count=len(batch.requests))


def state(lang: str, progress: Progress) -> str:
    """``14 of 80 · done about 06:40``."""
    parts = [text(lang, "many.progress", drawn=progress.drawn, count=progress.of)]
    if progress.until is not None:
        time = f"{datetime.fromtimestamp(progress.until):%H:%M}"
        parts.append(text(lang, "many.until", time=time))
    else:
        parts.append(text(lang, f"many.state.{progress.state}", lost=progress.lost))
    return " · ".join(parts)


def _buttons(lang: str, batch: Batch, progress: Progress) -> str:
    found = []
    if progress.state == "running":
        found.append(("stop", "close"))
    elif progress.state != "done":
        found.append(("resume", "again"))
    if batch.sheet:
        found.append(("show", "expand"))
    elif progress.drawn:
        found.append(("sheet", "picture"))
    if progress.drawn:
        found.append(("zip", "download"))
    return "".join(
        button(act, text(lang, f"many.{act}"), symbol=symbol, batch=batch.id)
        for act, symbol in found
    )


def link(path: Path) -> str:
    """A file that was made, to be taken along."""
    where = f'href="{esc(file_url(path))}" download="{esc(path.name)}"'
    return f'<a {where} title="{esc(path)}">{icon("download")} {esc(path.name)}</a>'

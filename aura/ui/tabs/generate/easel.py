"""The easel: over the stage, the picture to start from, and a brush for what shall change.

What is painted is a mask. The picture is painted on in a small copy, because the editor
sends all it holds with every stroke; the mask is enlarged again afterwards.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import gradio as gr
from PIL import Image, ImageChops

from aura.i18n import text
from aura.ui.language import say
from aura.ui.markup import esc, island

SIDE = 1024  # pixels of the longer side of what is painted on
INK = "#ff2d55"
OPACITY = 0.55
PAINTED = 24  # of 255: as much ink as means "drawn anew"
BRUSH, RUBBER = 48, 64  # pixels


@dataclass(frozen=True)
class Easel:
    """``editor`` holds the picture and its one layer of ink."""

    column: gr.Column
    hint: gr.HTML
    editor: gr.ImageEditor
    done: gr.Button
    cancel: gr.Button


def build() -> Easel:
    with gr.Column(elem_id="aura-easel", visible=False) as column:
        with gr.Row(elem_id="aura-easel-bar"):
            hint = island("aura-easel-hint")
            cancel = gr.Button(say("generate.easel.cancel"), elem_id="aura-easel-cancel", size="sm")
            done = gr.Button(
                say("generate.easel.done"), elem_id="aura-easel-done", size="sm", variant="primary"
            )
        editor = gr.ImageEditor(
            interactive=True,
            layers=False,
            transforms=(),
            sources=(),
            brush=gr.Brush(colors=[(INK, OPACITY)], default_size=BRUSH, color_mode="fixed"),
            eraser=gr.Eraser(default_size=RUBBER),
            type="pil",
            format="png",
            buttons=[],
            show_label=False,
            label=say("generate.easel"),
            elem_id="aura-easel-editor",
        )
    return Easel(column, hint, editor, done, cancel)


def hint(lang: str) -> str:
    return f"<p>{esc(text(lang, 'generate.easel.hint'))}</p>"


def easel_value(picture: Image.Image, mask: Image.Image | None) -> dict[str, Any]:
    """What the editor shows: the picture in small, under the ink of the mask it has already.

    The ink is part of the ground: the editor loses layers that come together with one.
    """
    ground = picture.convert("RGB")
    ground.thumbnail((SIDE, SIDE), Image.Resampling.LANCZOS)
    if mask is not None:
        strength = mask.convert("L").resize(ground.size).point(lambda white: round(white * OPACITY))
        ground.paste(Image.new("RGB", ground.size, INK), mask=strength)
    return {"background": ground, "layers": [], "composite": None}


def painted(value: dict[str, Any] | None, size: tuple[int, int]) -> Image.Image | None:
    """The mask that was painted, at the size of the picture: white where it shall change.

    None where nothing was painted, or before there was a picture to paint on.
    """
    held = value or {}
    layers = [layer for layer in held.get("layers") or [] if layer is not None]
    if not layers or held.get("background") is None:
        return None
    mask = layers[0].convert("RGBA").getchannel("A").point(lambda ink: 255 * (ink >= PAINTED))
    return mask.resize(size, Image.Resampling.BILINEAR) if mask.getbbox() else None


def joined(one: Image.Image | None, other: Image.Image | None) -> Image.Image | None:
    """White where either is. Both of one size."""
    if one is None or other is None:
        return one or other
    return ImageChops.lighter(one.convert("L"), other.convert("L"))

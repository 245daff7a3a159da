"""What becomes part of the model: LoRAs and their weights, another VAE, CLIP skip."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import gradio as gr
from pydantic import ValidationError

from aura.catalog.models import Catalog, Model
from aura.requests import Lora
from aura.ui.language import say
from aura.ui.markup import island
from aura.ui.tabs.generate.sections.pieces import chosen, folded, installed, titled

if TYPE_CHECKING:
    from aura.studio import Studio

FIELDS = ("loras", "vae", "clip_skip")
WITH_CLIP = ("stable_diffusion", "stable_diffusion_xl")  # families whose last layers can be left
OWN_VAE = ""
MOST = 16  # LoRAs of one request
SKIP_MOST = 8  # layers


@dataclass(frozen=True)
class Parts:
    """``shown`` lists those that were added, ``add`` offers the others."""

    accordion: gr.Accordion
    shown: gr.HTML
    add: gr.Dropdown


def build(studio: Studio, default: Model, fields: dict[str, Any]) -> Parts:
    with folded("loras") as accordion:
        shown = island("aura-loras-shown")
        add = gr.Dropdown(
            choices=installed(studio.catalog, "lora", default.family),
            value=None,
            label=say("generate.loras.add"),
            elem_id="aura-loras-add",
        )
        fields["vae"] = gr.Dropdown(
            choices=vaes(studio.catalog, default),
            value=OWN_VAE,
            label=say("generate.vae"),
            info=say("generate.vae.info"),
            elem_id="aura-vae",
        )
        fields["clip_skip"] = gr.Slider(
            0,
            SKIP_MOST,
            value=0,
            step=1,
            label=say("generate.clip_skip"),
            info=say("generate.clip_skip.info"),
            visible=default.family in WITH_CLIP,
            elem_id="aura-clip-skip",
            buttons=[],
        )
    # In the browser, so that a page goes on as it was after the studio was started again.
    fields["loras"] = gr.JSON([], visible="hidden", elem_id="aura-loras-kept")
    return Parts(accordion, shown, add)


def vaes(catalog: Catalog, model: Model) -> list[tuple[Any, str]]:
    return [(say("generate.vae.own"), OWN_VAE), *installed(catalog, "vae", model.family)]


def keywords(given: Mapping[str, Any], catalog: Catalog, model: Model) -> dict[str, Any]:
    """Those that fit the model; the list says of each other that it is left out."""
    with_clip = model.family in WITH_CLIP
    return {
        "loras": tuple(lora for lora in listed(given["loras"]) if fits(catalog, lora.id, model)),
        "vae": given["vae"] or None,
        "clip_skip": int(given["clip_skip"] or 0) if with_clip else 0,
    }


def filled(settings: Mapping[str, Any], catalog: Catalog, model: Model) -> dict[str, Any]:
    return {
        "loras": [lora.model_dump() for lora in settings.get("loras") or ()],
        "vae": chosen(vaes(catalog, model), settings.get("vae"), OWN_VAE),
        "clip_skip": gr.update(
            value=settings.get("clip_skip") or 0, visible=model.family in WITH_CLIP
        ),
    }


def listed(kept: Any) -> tuple[Lora, ...]:
    """The LoRAs that the browser holds; what is none is passed over."""
    found = []
    for one in kept if isinstance(kept, list) else []:
        try:
            found.append(Lora.model_validate(one))
        except ValidationError:
            continue
    return tuple(found[:MOST])


def fits(catalog: Catalog, id: str, model: Model) -> bool:
    lora = find(catalog, id)
    return bool(lora and lora.family == model.family and catalog.installed(lora))


def find(catalog: Catalog, id: str) -> Model | None:
    return next((one for one in catalog.models if one.id == id and one.task == "lora"), None)


def title(lang: str, loras: Sequence[Lora]) -> str:
    return titled(lang, "loras", str(len(loras)) if loras else "")

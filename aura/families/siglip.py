"""SigLIP: texts and pictures as vectors of one space."""

from __future__ import annotations

from collections.abc import Iterator

import torch
from transformers import PreTrainedTokenizerFast, SiglipImageProcessorPil, SiglipModel

from aura.families.base import Happening
from aura.families.embedding import embedding
from aura.families.pretrained import Loaded, Pretrained
from aura.memory.plan import Plan
from aura.requests import EmbedRequest


class Siglip(Pretrained):
    """The family; see ``base.Family`` for what each method promises."""

    name = "siglip"
    network = SiglipModel
    # Its tokenizer by the plain class: the one of its own name would want a package more.
    inputs = {"words": PreTrainedTokenizerFast, "pictures": SiglipImageProcessorPil}
    uses = {"text": ("text_model",), "picture": ("vision_model",)}

    def run(
        self, loaded: Loaded, request: EmbedRequest, plan: Plan, first: int = 0
    ) -> Iterator[Happening]:
        embed = _texts if request.texts else _pictures
        return embedding(loaded, request, plan, first, lambda batch: embed(loaded, batch))


def _texts(loaded: Loaded, texts: tuple[str, ...]) -> torch.Tensor:
    """n × width. Always of the full length and without a mask: so it was trained."""
    length = loaded.net.config.text_config.max_position_embeddings
    ids = loaded.words(texts, padding="max_length", max_length=length).input_ids
    return loaded.net.get_text_features(ids).pooler_output


def _pictures(loaded: Loaded, paths: tuple[str, ...]) -> torch.Tensor:
    """n × width."""
    return loaded.net.get_image_features(loaded.pixels(paths)).pooler_output

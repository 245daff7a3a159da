"""BGE-M3: texts of up to 8192 tokens, in a hundred languages, as dense vectors."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import torch
from transformers import XLMRobertaModel, XLMRobertaTokenizer

from aura.families.base import Happening
from aura.families.embedding import embedding
from aura.families.pretrained import Loaded, Pretrained
from aura.memory.plan import Plan
from aura.requests import EmbedRequest


class Encoder(XLMRobertaModel):
    """Without the pooler, which BGE-M3 does not use."""

    def __init__(self, config: Any) -> None:
        super().__init__(config, add_pooling_layer=False)


class Bge(Pretrained):
    """The family; see ``base.Family`` for what each method promises."""

    name = "bge"
    network = Encoder
    inputs = {"words": XLMRobertaTokenizer}
    uses = {"text": ("",)}

    def run(
        self, loaded: Loaded, request: EmbedRequest, plan: Plan, first: int = 0
    ) -> Iterator[Happening]:
        return embedding(loaded, request, plan, first, lambda batch: _texts(loaded, batch, request))


def _texts(loaded: Loaded, texts: tuple[str, ...], request: EmbedRequest) -> torch.Tensor:
    """n × width: the state of the mark that opens every text."""
    words = loaded.words(texts, padding=True, max_length=request.tokens)
    return loaded.net(**words).last_hidden_state[:, 0]

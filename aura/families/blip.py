"""BLIP: a sentence for each picture."""

from __future__ import annotations

from collections.abc import Iterator

import torch
from transformers import BertTokenizer, BlipForConditionalGeneration, BlipImageProcessorPil

from aura.families.base import Captioned, Happening, StageBegun
from aura.families.pretrained import Loaded, Pretrained
from aura.memory.plan import Plan
from aura.requests import CaptionRequest


class Blip(Pretrained):
    """The family; see ``base.Family`` for what each method promises."""

    name = "blip"
    network = BlipForConditionalGeneration
    inputs = {"words": BertTokenizer, "pictures": BlipImageProcessorPil}
    uses = {"encoding": ("vision_model",), "captioning": ("text_decoder",)}

    @torch.no_grad()
    def run(
        self, loaded: Loaded, request: CaptionRequest, plan: Plan, first: int = 0
    ) -> Iterator[Happening]:
        try:
            for index in range(first, request.count):
                yield StageBegun("encoding", index)
                loaded.placement.enter("encoding")
                pixels = loaded.pixels(request.pictures[index : index + 1])
                seen = loaded.net.vision_model(pixels).last_hidden_state
                yield StageBegun("captioning", index)
                loaded.placement.enter("captioning")
                yield Captioned(_said(loaded, seen, request), index)
        finally:
            loaded.placement.leave()


def _said(loaded: Loaded, seen: torch.Tensor, request: CaptionRequest) -> str:
    """The likeliest words, one after another, after those the request begins with.

    ``seen``: what the vision tower made of the picture, 1 × patches × width.
    """
    chosen = loaded.net.config.text_config
    # The tokenizer's opening mark makes way for the decoder's own, its closing one for words.
    ids = loaded.words((request.prompt,)).input_ids[:, :-1]
    ids[:, 0] = chosen.bos_token_id
    tokens = loaded.net.text_decoder.generate(
        input_ids=ids,
        encoder_hidden_states=seen,
        encoder_attention_mask=torch.ones_like(seen[..., 0], dtype=torch.long),
        max_new_tokens=request.tokens,
        eos_token_id=chosen.sep_token_id,
        pad_token_id=chosen.pad_token_id,
    )
    return str(loaded.inputs["words"].decode(tokens[0, 1:], skip_special_tokens=True))

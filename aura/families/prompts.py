"""Prompts with weights, of any length, for models that read with CLIP encoders.

The library weighs and cuts long prompts into what an encoder reads at a time; what a
person wrote is told apart in ``weighting``. A prompt that is short and has no weights never
comes here: it is read as the model was published.
"""

from __future__ import annotations

from collections.abc import Sequence
from importlib.util import find_spec
from typing import Any

import torch

from aura.families.inversions import Clip
from aura.families.weighting import Fragments, plain


def weighing_works() -> bool:
    """Whether the library is installed."""
    return find_spec("compel") is not None


def fits(clips: Sequence[Clip], text: str) -> bool:
    """Whether every encoder reads the whole of ``text`` at once."""
    return all(
        len(words(text, truncation=False, verbose=False).input_ids) <= words.model_max_length
        for words, _ in clips
    )


class Reader:
    """One CLIP encoder. ``skipped``: the last layers that are left out; ``normed``: whether
    what comes out is normalised, as SD 1.5 has it and SDXL has not."""

    def __init__(self, clip: Clip, device: torch.device, skipped: int, normed: bool = True) -> None:
        from compel.embeddings_provider import EmbeddingsProvider

        words, encoder = clip
        self._provider = EmbeddingsProvider(
            tokenizer=words,
            text_encoder=_Cut(encoder, device, skipped, normed),
            truncate=False,
            device=device,
        )
        self._words, self._device = words, device

    def read(self, fragments: Fragments) -> torch.Tensor:
        """1 × a multiple of what the encoder reads at a time × width."""
        known = [one for one in fragments if self._says(one[0])] or [("", 1.0)]
        texts, worths = [text for text, _ in known], [worth for _, worth in known]
        return self._provider.get_embeddings_for_weighted_prompt_fragments(
            [texts], [worths], device=self._device
        )

    def pooled(self, fragments: Fragments) -> torch.Tensor:
        """1 × width, of as much as the encoder reads at a time."""
        return self._provider.get_pooled_embeddings([plain(fragments)], device=self._device)

    def nothing(self) -> torch.Tensor:
        """What an empty prompt says, once: 1 × tokens × width."""
        return self._provider.empty_z

    def _says(self, text: str) -> bool:
        return bool(self._words(text, add_special_tokens=False, verbose=False).input_ids)


class _Cut:
    """Stands for an encoder whose last layers are left out."""

    def __init__(self, encoder: Any, device: torch.device, skipped: int, normed: bool) -> None:
        self._encoder, self.device, self.dtype = encoder, device, encoder.dtype
        self._skipped, self._normed = skipped, normed

    def __call__(self, ids: torch.Tensor, mask: torch.Tensor | None = None, **_: Any) -> Any:
        if mask is not None and bool(mask.all()):
            mask = None  # as the pipelines read
        told = self._encoder(ids, attention_mask=mask, output_hidden_states=True, return_dict=True)
        if self._skipped:
            layers = told.hidden_states
            told.last_hidden_state = layers[max(-(self._skipped + 1), -len(layers))]
            if self._normed:
                inner = getattr(self._encoder, "text_model", self._encoder)
                told.last_hidden_state = inner.final_layer_norm(told.last_hidden_state)
        return told


def read_pair(
    readers: Sequence[Reader], told: Fragments, denied: Fragments | None
) -> tuple[torch.Tensor, torch.Tensor | None]:
    """What all readers together make of both prompts, of one length: 1 × tokens × width."""
    both = [told] if denied is None else [told, denied]
    heard = [[reader.read(one) for one in both] for reader in readers]
    length = max(one.shape[1] for each in heard for one in each)
    whole = [
        torch.cat(
            [
                _filled(each[at], length, reader)
                for reader, each in zip(readers, heard, strict=True)
            ],
            dim=-1,
        )
        for at in range(len(both))
    ]
    return whole[0], whole[1] if denied is not None else None


def _filled(heard: torch.Tensor, length: int, reader: Reader) -> torch.Tensor:
    """As long as the longest, with nothing said in the rest."""
    nothing = reader.nothing().to(heard)
    missing = (length - heard.shape[1]) // nothing.shape[1]
    return torch.cat([heard, *[nothing] * missing], dim=1)

"""Textual inversions: words that somebody trained, for as long as a prompt is read.

A word that was trained is a few vectors in place of the tokens' own. In the prompt it
becomes words of the vocabulary that the prompt does not use, and while the encoders read,
what they look up for those is the trained vectors: neither tokenizer nor weights change.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any

import torch
from safetensors.torch import load_file

from aura.catalog.additions import Addition, mention
from aura.errors import AdditionUnfit, ModelDamaged
from aura.families.stored import BROKEN

Clip = tuple[Any, Any]  # a tokenizer and the encoder that reads its tokens
Texts = Sequence[str]
OF_TWO = ("clip_l", "clip_g")  # what files for two encoders call them


@contextmanager
def understood(
    clips: Sequence[Clip], found: Sequence[Addition], texts: Texts, base: str
) -> Iterator[Callable[[str], str]]:
    """While it lasts ``clips`` know the words of ``found``; yields what writes a prompt so.

    ``texts`` are the prompts that will be read. Raises AdditionUnfit, ModelDamaged.
    """
    used = [one for one in found if any(mention(one.model.name).search(text) for text in texts)]
    vectors = [_vectors(one, clips, base) for one in used]
    counts = [len(each[0]) for each in vectors]
    spare = _spare([words for words, _ in clips], texts, sum(counts))
    handles = []
    try:
        for at, (words, encoder) in enumerate(clips):
            trained = [vector for each in vectors for vector in each[at]]
            known = {_token(words, word): vec for word, vec in zip(spare, trained, strict=True)}
            table = encoder.get_input_embeddings()
            handles.append(table.register_forward_hook(_looked_up(known)))
        yield lambda text: _written(text, used, counts, spare)
    finally:
        for handle in handles:
            handle.remove()


def _vectors(one: Addition, clips: Sequence[Clip], base: str) -> list[torch.Tensor]:
    """For each encoder its vectors, n × width."""
    try:
        tensors = load_file(one.path)
    except BROKEN as broken:
        raise ModelDamaged(model=one.model.name, path=str(one.path)) from broken
    named = [tensors[name] for name in OF_TWO if name in tensors] or list(tensors.values())
    rows = [each if each.ndim == 2 else each[None] for each in named]
    widths = [encoder.get_input_embeddings().weight.shape[1] for _, encoder in clips]
    if [each.shape[-1] for each in rows] != widths or len({len(each) for each in rows}) != 1:
        raise AdditionUnfit(name=one.model.name, model=base)
    return rows


def _spare(tokenizers: Sequence[Any], texts: Texts, count: int) -> list[str]:
    """Words of one token each that no text has, the rarest first."""
    if not count:
        return []
    used = {id for words in tokenizers for text in texts for id in _ids(words, text)}
    found: list[str] = []
    vocabulary = sorted(tokenizers[0].get_vocab().items(), key=lambda entry: -entry[1])
    for token, id in vocabulary:
        word = token.removesuffix("</w>")
        if id in used or word == token or not (word.isascii() and word.isalpha()):
            continue
        if all(len(_ids(words, word)) == 1 for words in tokenizers):
            found.append(word)
            if len(found) == count:
                break
    return found


def _ids(words: Any, text: str) -> list[int]:
    return list(words(text, add_special_tokens=False, verbose=False).input_ids)


def _token(words: Any, word: str) -> int:
    return _ids(words, word)[0]


def _looked_up(known: Mapping[int, torch.Tensor]) -> Callable[..., torch.Tensor]:
    def replaced(_: Any, given: tuple[torch.Tensor, ...], found: torch.Tensor) -> torch.Tensor:
        for id, vector in known.items():
            found = torch.where((given[0] == id)[..., None], vector.to(found), found)
        return found

    return replaced


def _written(text: str, used: Sequence[Addition], counts: Sequence[int], spare: Texts) -> str:
    """``text`` with the spare words for each trained one."""
    at = 0
    for one, count in zip(used, counts, strict=True):
        words = " ".join(spare[at : at + count])
        text = mention(one.model.name).sub(f" {words} ", text)
        at += count
    return text

"""Makes the tokenizer: byte-level BPE in CLIP's form, in which each known word is one token."""

from __future__ import annotations

from collections import Counter
from itertools import pairwise

from transformers import CLIPTokenizer
from transformers.convert_slow_tokenizer import bytes_to_unicode

from tools.train.words import vocabulary

LENGTH = 48  # tokens a prompt may have
END = "</w>"


def _split(word: str, letters: dict[int, str]) -> list[str]:
    symbols = [letters[byte] for byte in word.encode()]
    return [*symbols[:-1], symbols[-1] + END]


def _merged(symbols: list[str], pair: tuple[str, str]) -> list[str]:
    out: list[str] = []
    at = 0
    while at < len(symbols):
        if tuple(symbols[at : at + 2]) == pair:
            out.append(symbols[at] + symbols[at + 1])
            at += 2
        else:
            out.append(symbols[at])
            at += 1
    return out


def merges(words: list[str]) -> list[tuple[str, str]]:
    """Join the commonest neighbours, again and again, until every word is one token."""
    letters = bytes_to_unicode()
    split = [_split(word, letters) for word in words]
    found: list[tuple[str, str]] = []
    while any(len(symbols) > 1 for symbols in split):
        pairs = Counter(p for symbols in split for p in pairwise(symbols))
        best = max(sorted(pairs), key=lambda pair: pairs[pair])
        found.append(best)
        split = [_merged(symbols, best) for symbols in split]
    return found


def build() -> CLIPTokenizer:
    """All 256 bytes, inside and at the end of a word, then the merges, then the two marks."""
    letters = list(bytes_to_unicode().values())
    joined = merges(vocabulary())
    tokens = [*letters, *(letter + END for letter in letters), *(a + b for a, b in joined)]
    tokens = [*dict.fromkeys(tokens), "<|startoftext|>", "<|endoftext|>"]
    return CLIPTokenizer(
        vocab={token: number for number, token in enumerate(tokens)},
        merges=joined,
        model_max_length=LENGTH,
    )

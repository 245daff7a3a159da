"""Small real tokenizers of the published classes: they know letters and the special words.

The special words have the ids that the published models expect of them; ids in between
belong to words that nobody types.
"""

from __future__ import annotations

import string
from collections.abc import Callable, Mapping
from typing import Any

from tokenizers import Tokenizer, models, normalizers, pre_tokenizers, processors
from transformers import (
    BertTokenizer,
    CLIPTokenizer,
    GemmaTokenizer,
    PreTrainedTokenizerFast,
    Qwen2Tokenizer,
    T5Tokenizer,
    XLMRobertaTokenizer,
)

LETTERS = tuple(string.ascii_letters + string.digits + string.punctuation)
FEW = 1000  # words, where the last ids mean nothing to the model
RARE, COMMON = -20.0, -3.0  # log-probabilities of a unigram
TURNS = (  # a conversation, and where its answer begins; empty thoughts for those who want none
    "{% for message in messages %}<|im_start|>{{ message.role }}\n"
    "{{ message.content }}<|im_end|>\n{% endfor %}"
    "{% if add_generation_prompt %}<|im_start|>assistant\n"
    "{% if enable_thinking is false %}<think>\n\n</think>\n\n{% endif %}{% endif %}"
)


def clip(size: int) -> CLIPTokenizer:
    letters = (*LETTERS, *(f"{letter}</w>" for letter in LETTERS))
    words = numbered(letters, size, {size - 2: "<|startoftext|>", size - 1: "<|endoftext|>"})
    return CLIPTokenizer(vocab=words, merges=[], model_max_length=77)


def bert(size: int) -> BertTokenizer:
    special = {0: "[PAD]", 100: "[UNK]", 101: "[CLS]", 102: "[SEP]", 103: "[MASK]"}
    letters = (*LETTERS, *(f"##{letter}" for letter in LETTERS))
    # The decoder's own two marks, the last ids, are unknown to the published tokenizer.
    return BertTokenizer(vocab=numbered(letters, size - 2, special), model_max_length=512)


def t5(size: int) -> T5Tokenizer:
    special = {0: "<pad>", 1: "</s>", 2: "<unk>"}
    return T5Tokenizer(vocab=weighted(special, size), extra_ids=0, model_max_length=512)


def xlm_roberta(size: int) -> XLMRobertaTokenizer:
    size = min(size, FEW)  # a quarter of a million words would take seconds to read
    special = {0: "<s>", 1: "<pad>", 2: "</s>", 3: "<unk>", size - 1: "<mask>"}
    return XLMRobertaTokenizer(vocab=weighted(special, size), model_max_length=8192)


def siglip(size: int) -> PreTrainedTokenizerFast:
    """As published beside the SentencePiece model: lower case, and one mark at the end."""
    inner = Tokenizer(models.Unigram(weighted({0: "<pad>", 1: "</s>", 2: "<unk>"}, size), 2))
    inner.normalizer = normalizers.Lowercase()
    inner.pre_tokenizer = pre_tokenizers.Metaspace()
    inner.post_processor = processors.TemplateProcessing(
        single="$A </s>", special_tokens=[("</s>", 1)]
    )
    special = {"eos_token": "</s>", "pad_token": "</s>", "unk_token": "<unk>"}
    return PreTrainedTokenizerFast(tokenizer_object=inner, model_max_length=64, **special)


def qwen(size: int) -> Qwen2Tokenizer:
    """With the turns of a conversation written as the published template does."""
    special = {size - 3: "<|endoftext|>", size - 2: "<|im_start|>", size - 1: "<|im_end|>"}
    words = numbered((*LETTERS, "Ġ", "Ċ"), size, special)
    made = Qwen2Tokenizer(
        vocab=words,
        merges=[],
        model_max_length=131072,
        extra_special_tokens=["<|im_start|>", "<|im_end|>"],
    )
    made.chat_template = TURNS
    return made


def gemma(size: int) -> GemmaTokenizer:
    special = {0: "<pad>", 1: "<eos>", 2: "<bos>", 3: "<unk>", size - 1: "<mask>"}
    return GemmaTokenizer(vocab=numbered(("▁", "\n", *LETTERS), size, special), merges=[])


OF: Mapping[str, Callable[[int], Any]] = {
    "CLIPTextModel": clip,
    "CLIPTextModelWithProjection": clip,
    "Owlv2ForObjectDetection": clip,
    "T5EncoderModel": t5,
    "BlipForConditionalGeneration": bert,
    "SiglipModel": siglip,
    "XLMRobertaModel": xlm_roberta,
    "Qwen3Model": qwen,
    "Qwen3ForCausalLM": qwen,
    "Gemma2Model": gemma,
}


def numbered(letters: tuple[str, ...], size: int, special: Mapping[int, str]) -> dict[str, int]:
    """Word → id for every id below ``size``."""
    rest = iter(letters)
    return {special.get(i) or next(rest, f"unused{i}"): i for i in range(size)}


def weighted(special: Mapping[int, str], size: int) -> list[tuple[str, float]]:
    """The words of a unigram model by id, with their log-probabilities."""
    words = numbered(("▁", *LETTERS), size, special)
    common = {"▁", *LETTERS}
    return [(word, COMMON if word in common else RARE) for word in words]

"""Prompts that a language model reads as a turn of a conversation."""

from __future__ import annotations

from typing import Any


def room(tokenizer: Any, most: int, thinking: bool) -> int:
    """Tokens that are left to the words when the turn around them has its own of ``most``."""
    turn = tokenizer.apply_chat_template(
        [{"role": "user", "content": ""}],
        tokenize=False,
        add_generation_prompt=True,
        enable_thinking=thinking,
    )
    return most - len(tokenizer(turn).input_ids)

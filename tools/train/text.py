"""The text encoder, and its warm-up: naming what a caption says before any drawing is learnt."""

from __future__ import annotations

import time
from collections.abc import Sequence

import numpy as np
import torch
import torch.nn.functional as F
from torch import nn
from transformers import CLIPTextConfig, CLIPTextModel, CLIPTokenizer

from tools.train.captions import LANGUAGES, caption
from tools.train.kept import scene_for_training
from tools.train.names import COLOURS, PLACES, SHAPES, SIZES
from tools.train.tokens import LENGTH
from tools.train.world import Scene

WIDTH = 128
ANSWERS = (len(SHAPES), len(COLOURS), len(COLOURS), len(SIZES), len(PLACES), 2, 2)


def build(tokenizer: CLIPTokenizer) -> CLIPTextModel:
    return CLIPTextModel(
        CLIPTextConfig(
            vocab_size=len(tokenizer),
            hidden_size=WIDTH,
            intermediate_size=4 * WIDTH,
            num_hidden_layers=2,
            num_attention_heads=4,
            max_position_embeddings=LENGTH,
            projection_dim=WIDTH,
            bos_token_id=tokenizer.bos_token_id,
            eos_token_id=tokenizer.eos_token_id,
            pad_token_id=tokenizer.pad_token_id,
        )
    )


def ids(tokenizer: CLIPTokenizer, captions: Sequence[str]) -> torch.Tensor:
    return tokenizer(
        list(captions),
        padding="max_length",
        truncation=True,
        max_length=LENGTH,
        return_tensors="pt",
    ).input_ids


def wordings(scenes: Sequence[Scene], rng: np.random.Generator) -> list[str]:
    return [caption(scene, rng, LANGUAGES[rng.integers(2)]) for scene in scenes]


def answers(scene: Scene) -> list[int]:
    return [
        SHAPES.index(scene.shape),
        COLOURS.index(scene.colour),
        COLOURS.index(scene.background),
        SIZES.index(scene.size),
        PLACES.index(scene.place),
        int(scene.gradient),
        int(scene.shadow),
    ]


def warm_up(encoder: CLIPTextModel, tokenizer: CLIPTokenizer, seconds: float, seed: int) -> float:
    """Train the encoder to answer seven questions; returns how often all are right at the end."""
    rng = np.random.default_rng(seed)
    heads = nn.Linear(WIDTH, sum(ANSWERS))
    optimiser = torch.optim.AdamW([*encoder.parameters(), *heads.parameters()], lr=2e-3)
    start, right = time.monotonic(), 0.0
    while (done := (time.monotonic() - start) / seconds) < 1:
        for group in optimiser.param_groups:
            group["lr"] = 2e-3 * (1 - 0.95 * done)
        scenes = [scene_for_training(rng) for _ in range(96)]
        wanted = torch.tensor([answers(scene) for scene in scenes])
        hidden = encoder(ids(tokenizer, wordings(scenes, rng))).last_hidden_state[:, -1]
        guesses = heads(hidden).split(ANSWERS, dim=1)
        loss = sum(F.cross_entropy(g, wanted[:, k]) for k, g in enumerate(guesses))
        loss.backward()
        torch.nn.utils.clip_grad_norm_(encoder.parameters(), 1.0)
        optimiser.step()
        optimiser.zero_grad()
        hits = torch.stack([g.argmax(1) == wanted[:, k] for k, g in enumerate(guesses)])
        right = 0.9 * right + 0.1 * hits.float().mean(1).min().item()
    return right

"""Trains the UNet and the text encoder together on cached latents (v-prediction, zero SNR)."""

from __future__ import annotations

import argparse
import copy
import json
import math
import time
from dataclasses import dataclass, field, replace
from pathlib import Path

import numpy as np
import torch
from diffusers import DDIMScheduler, UNet2DConditionModel
from diffusers.models.attention_processor import AttnProcessor
from safetensors import safe_open
from torch import nn
from transformers import CLIPTokenizer

from tools.train import text, tokens
from tools.train.muon import Muon, divided
from tools.train.world import Scene, spot

EMPTY = 0.10  # captions left out, so that guidance can be learnt
CELL = 8  # pixels across a latent
INSIDE = 0.6  # the share of the loss that falls where the caption lets the shape be


def build_unet() -> UNet2DConditionModel:
    return UNet2DConditionModel(
        sample_size=32,
        in_channels=4,
        out_channels=4,
        block_out_channels=(64, 96, 128),
        layers_per_block=1,
        cross_attention_dim=text.WIDTH,
        attention_head_dim=4,
        norm_num_groups=16,
        down_block_types=("DownBlock2D", "CrossAttnDownBlock2D", "CrossAttnDownBlock2D"),
        up_block_types=("CrossAttnUpBlock2D", "CrossAttnUpBlock2D", "UpBlock2D"),
    )


def build_scheduler() -> DDIMScheduler:
    return DDIMScheduler(
        num_train_timesteps=1000,
        beta_start=0.00085,
        beta_end=0.012,
        beta_schedule="scaled_linear",
        prediction_type="v_prediction",
        rescale_betas_zero_snr=True,
        timestep_spacing="trailing",
        steps_offset=1,
        clip_sample=False,
        set_alpha_to_one=True,
    )


@dataclass
class Shelf:
    """The cached latents; new shards are taken in as they appear."""

    folder: Path
    read: dict[str, tuple[torch.Tensor, list[Scene]]] = field(default_factory=dict)

    def refresh(self) -> None:
        for path in sorted(self.folder.glob("*.safetensors")):
            if path.name not in self.read:
                with safe_open(path, "pt") as shard:
                    scenes = [_scene(values) for values in json.loads(shard.metadata()["scenes"])]
                    self.read[path.name] = shard.get_tensor("latents"), scenes

    def batch(self, count: int, rng: np.random.Generator) -> tuple[torch.Tensor, list[Scene]]:
        """Pictures of one frame size, from one frame's shards."""
        first, _ = self._any(rng)
        same = [shard for shard in self.read.values() if shard[0].shape[2:] == first.shape[2:]]
        rows = [(same[rng.integers(len(same))], rng.integers(1 << 30)) for _ in range(count)]
        latents = torch.stack([shard[0][k % len(shard[1])] for shard, k in rows]).float()
        return latents, [shard[1][k % len(shard[1])] for shard, k in rows]

    def _any(self, rng: np.random.Generator) -> tuple[torch.Tensor, list[Scene]]:
        return list(self.read.values())[rng.integers(len(self.read))]


def _scene(values: dict) -> Scene:
    return Scene(**{**values, "shift": tuple(values["shift"])})


def stress(scenes: list[Scene], height: int, width: int) -> torch.Tensor:
    """Weights of mean 1 over the latents, most of them around the place the caption names.

    They follow from the caption alone, not from the drawing, so the best guess stays the same;
    but the shape's few cells are no longer lost among the many of the ground.
    """
    rows, columns = torch.meshgrid(torch.arange(height), torch.arange(width), indexing="ij")
    maps = []
    for scene in scenes:
        usual = replace(scene, shift=(0.0, 0.0), stretch=1.0)
        x, y, radius = (value / CELL for value in spot(usual, width * CELL, height * CELL))
        inside = torch.hypot(columns + 0.5 - x, rows + 0.5 - y) < 1.35 * radius + 1
        maps.append((1 - INSIDE) + INSIDE * inside / inside.float().mean())
    return torch.stack(maps)[:, None]


class Average:
    """The slowly moving average of weights that is kept in the end."""

    def __init__(self, modules: list[nn.Module]) -> None:
        self.kept = [copy.deepcopy(module).eval().requires_grad_(False) for module in modules]
        self.live = modules

    @torch.no_grad()
    def follow(self, step: int, slowest: float) -> None:
        rate = min(slowest, (1 + step) / (10 + step))
        for kept, live in zip(self.kept, self.live, strict=True):
            torch._foreach_lerp_(list(kept.parameters()), list(live.parameters()), 1 - rate)


@dataclass
class Trainer:
    """Everything a step needs, in one place."""

    unet: UNet2DConditionModel
    encoder: nn.Module
    tokenizer: CLIPTokenizer
    shelf: Shelf
    batch: int
    rate: float
    seed: int
    decay: float = 0.999

    def __post_init__(self) -> None:
        self.rng = np.random.default_rng(self.seed)
        self.average = Average([self.unet, self.encoder])
        self.parameters = [*self.unet.parameters(), *self.encoder.parameters()]
        inner, other = divided(self.unet, ("conv_in", "conv_out"))
        self.optimisers = [
            Muon([{"params": inner, "pace": 1.0}], lr=self.rate),
            torch.optim.AdamW(
                [
                    {"params": other, "pace": 1.0},
                    {"params": list(self.encoder.parameters()), "pace": 0.3},
                ],
                lr=self.rate,
                betas=(0.9, 0.99),
                weight_decay=0.01,
                foreach=True,
            ),
        ]
        self.signal = build_scheduler().alphas_cumprod.sqrt()
        self.noise = (1 - build_scheduler().alphas_cumprod).sqrt()

    def step(self, rate: float) -> float:
        for optimiser in self.optimisers:
            for group in optimiser.param_groups:
                group["lr"] = rate * group["pace"]
        clean, scenes = self.shelf.batch(self.batch, self.rng)
        said = text.wordings(scenes, self.rng)
        said = ["" if self.rng.random() < EMPTY else caption for caption in said]
        weights = stress(scenes, *clean.shape[2:])
        loss = self._loss(clean, text.ids(self.tokenizer, said), weights)
        loss.backward()
        torch.nn.utils.clip_grad_norm_(self.parameters, 1.0)
        for optimiser in self.optimisers:
            optimiser.step()
            optimiser.zero_grad()
        return loss.item()

    def _loss(
        self, clean: torch.Tensor, tokens_: torch.Tensor, weights: torch.Tensor
    ) -> torch.Tensor:
        even = (torch.arange(self.batch) + torch.rand(1)) / self.batch  # spread over all times
        times = (even * 1000).long().clamp(0, 999)
        a, b = (c[times].view(-1, 1, 1, 1) for c in (self.signal, self.noise))
        noise = torch.randn_like(clean)
        hidden = self.encoder(tokens_).last_hidden_state
        with torch.autocast("cpu", torch.bfloat16):
            guess = self.unet(a * clean + b * noise, times, hidden).sample
        return (weights * (guess.float() - (a * noise - b * clean)) ** 2).mean()


def pace(done: float, step: int, cool_from: float) -> float:
    """Warm up over 100 steps, hold, and from `cool_from` on cool down along a cosine."""
    cooled = max(0.0, (done - cool_from) / (1 - cool_from))
    return min(1.0, (step + 1) / 100) * (0.01 + 0.99 * 0.5 * (1 + math.cos(math.pi * cooled)))


def save(folder: Path, unet: nn.Module, encoder: nn.Module, tokenizer: CLIPTokenizer) -> None:
    unet.save_pretrained(folder / "unet")
    encoder.save_pretrained(folder / "text_encoder")
    tokenizer.save_pretrained(folder / "tokenizer")


def save_all(trainer: Trainer, folder: Path) -> None:
    save(folder, *trainer.average.kept, trainer.tokenizer)
    save(folder / "live", trainer.unet, trainer.encoder, trainer.tokenizer)


def train(trainer: Trainer, minutes: float, folder: Path, cool_from: float) -> int:
    start, step, mean = time.monotonic(), 0, 1.0
    while (done := (time.monotonic() - start) / (60 * minutes)) < 1:
        if step % 100 == 0:
            trainer.shelf.refresh()
        mean = 0.98 * mean + 0.02 * trainer.step(trainer.rate * pace(done, step, cool_from))
        step += 1
        trainer.average.follow(step, trainer.decay)
        if step % 50 == 0:
            print(f"{time.monotonic() - start:6.0f}s step {step} loss {mean:.4f}", flush=True)
        if step % 300 == 0:
            save_all(trainer, folder)
    save_all(trainer, folder)
    return step


def start_from(folder: Path | None, warm_seconds: float, seed: int) -> tuple:
    """The three parts, new (the text encoder warmed up) or as an earlier run left them."""
    if folder:
        return (
            UNet2DConditionModel.from_pretrained(folder / "unet"),
            text.CLIPTextModel.from_pretrained(folder / "text_encoder"),
            CLIPTokenizer.from_pretrained(folder / "tokenizer"),
        )
    tokenizer = tokens.build()
    encoder = text.build(tokenizer)
    right = text.warm_up(encoder, tokenizer, warm_seconds, seed)
    print(f"text warmed up: {right:.3f}", flush=True)
    return build_unet(), encoder, tokenizer


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--latents", type=Path, default=Path("data/train/latents"))
    parser.add_argument("--folder", type=Path, default=Path("data/train/text_to_image"))
    parser.add_argument("--resume", type=Path)
    parser.add_argument("--minutes", type=float, default=60)
    parser.add_argument("--warm-seconds", type=float, default=90)
    parser.add_argument("--batch", type=int, default=16)
    parser.add_argument("--rate", type=float, default=6e-4)
    parser.add_argument("--cool-from", type=float, default=0.4)
    parser.add_argument("--threads", type=int, default=1)
    parser.add_argument("--seed", type=int, default=7)
    args = parser.parse_args()
    torch.manual_seed(args.seed)
    torch.set_num_threads(args.threads)
    parts = start_from(args.resume, args.warm_seconds, args.seed)
    for part in parts[:2]:
        part.train()
    parts[0].set_attn_processor(AttnProcessor())  # on a CPU its backward is a quarter faster
    parts[1].config._attn_implementation = "eager"
    trainer = Trainer(*parts, Shelf(args.latents), args.batch, args.rate, args.seed)
    steps = train(trainer, args.minutes, args.folder, args.cool_from)
    print(f"{steps} steps", flush=True)


if __name__ == "__main__":
    main()

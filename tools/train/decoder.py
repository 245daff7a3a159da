"""Sharpens the image codec's decoder alone, on whole drawings, from slightly wrong latents.

The encoder stays as it is, so latents cached before stay valid. With `--unet`, part of the
latents come back from the UNet (noised, then denoised in a few steps): the decoder then learns
to draw clean edges from the very mistakes the UNet makes.
"""

from __future__ import annotations

import argparse
import math
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np
import torch
from diffusers import AutoencoderKL, DDIMScheduler, UNet2DConditionModel
from transformers import CLIPTextModel, CLIPTokenizer

from tools.train import text, world
from tools.train.kept import scene_for_training
from tools.train.vae import likeness
from tools.train.world import Scene

BATCH = 4
Spoil = Callable[[torch.Tensor, list[Scene]], torch.Tensor]


def drawings(rng: np.random.Generator) -> tuple[torch.Tensor, list[Scene]]:
    """A few scenes; one in five batches holds doodles instead (and no scenes)."""
    if rng.random() < 0.2:
        stack, scenes = [world.doodle(rng) for _ in range(BATCH)], []
    else:
        scenes = [scene_for_training(rng) for _ in range(BATCH)]
        stack = [world.draw(scene) for scene in scenes]
    return torch.from_numpy(np.stack(stack)).permute(0, 3, 1, 2).float() / 127.5 - 1, scenes


def with_noise(latents: torch.Tensor, _: list[Scene]) -> torch.Tensor:
    """Fine noise and, at times, coarse noise: a wrongness that spans several cells."""
    level = torch.rand(len(latents), 1, 1, 1) * 0.25 * (torch.rand(len(latents), 1, 1, 1) < 0.8)
    noise = torch.randn_like(latents)
    if torch.rand(()) < 0.4:
        coarse = torch.randn(len(latents), 4, latents.shape[2] // 2, latents.shape[3] // 2)
        noise = torch.nn.functional.interpolate(coarse, scale_factor=2, mode="bilinear")
    return latents + level * noise


class WithUnet:
    """Latents noised part of the way and denoised again by the UNet, told what they show."""

    def __init__(self, folder: Path, seed: int) -> None:
        self.unet = UNet2DConditionModel.from_pretrained(folder / "unet").eval()
        self.encoder = CLIPTextModel.from_pretrained(folder / "text_encoder").eval()
        self.tokenizer = CLIPTokenizer.from_pretrained(folder / "tokenizer")
        self.scheduler = DDIMScheduler.from_pretrained(folder / "scheduler")
        self.rng = np.random.default_rng(seed)

    @torch.no_grad()
    def __call__(self, latents: torch.Tensor, scenes: list[Scene]) -> torch.Tensor:
        if not scenes or self.rng.random() < 0.35:
            return with_noise(latents, scenes)
        said = text.wordings(scenes, self.rng)
        hidden = self.encoder(text.ids(self.tokenizer, said)).last_hidden_state
        self.scheduler.set_timesteps(20)
        times = self.scheduler.timesteps[int(self.rng.integers(10, 18)) :]
        out = self.scheduler.add_noise(latents, torch.randn_like(latents), times[:1])
        for time_ in times:
            with torch.autocast("cpu", torch.bfloat16):
                guess = self.unet(out, time_, hidden).sample
            out = self.scheduler.step(guess.float(), time_, out).prev_sample
        return out


def train(vae: AutoencoderKL, spoil: Spoil, minutes: float, rate: float, seed: int) -> None:
    rng = np.random.default_rng(seed)
    parameters = [*vae.decoder.parameters(), *vae.post_quant_conv.parameters()]
    optimiser = torch.optim.AdamW(parameters, lr=rate, betas=(0.9, 0.98), weight_decay=1e-3)
    start, step, mean = time.monotonic(), 0, 0.1
    while (done := (time.monotonic() - start) / (60 * minutes)) < 1:
        for group in optimiser.param_groups:
            warm = min(1.0, (step + 1) / 50)
            group["lr"] = rate * warm * (0.01 + 0.99 * 0.5 * (1 + math.cos(math.pi * done)))
        true, scenes = drawings(rng)
        with torch.no_grad(), torch.autocast("cpu", torch.bfloat16):
            latents = vae.encode(true).latent_dist.mean.float()
        wrong = spoil(latents, scenes)
        with torch.autocast("cpu", torch.bfloat16):
            made = vae.decode(wrong).sample.float()
        loss = likeness(made, true)
        loss.backward()
        torch.nn.utils.clip_grad_norm_(parameters, 1.0)
        optimiser.step()
        optimiser.zero_grad()
        mean = 0.98 * mean + 0.02 * loss.item()
        step += 1
        if step % 100 == 0:
            print(f"{time.monotonic() - start:6.0f}s step {step} loss {mean:.4f}", flush=True)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--vae", type=Path, default=Path("data/train/vae"))
    parser.add_argument("--folder", type=Path, default=Path("data/train/vae_sharp"))
    parser.add_argument("--unet", type=Path, help="a published model, to learn from its mistakes")
    parser.add_argument("--minutes", type=float, default=10)
    parser.add_argument("--rate", type=float, default=1e-3)
    parser.add_argument("--seed", type=int, default=17)
    args = parser.parse_args()
    torch.manual_seed(args.seed)
    torch.set_num_threads(1)
    vae = AutoencoderKL.from_pretrained(args.vae).requires_grad_(False)
    vae.decoder.requires_grad_(True)
    vae.post_quant_conv.requires_grad_(True)
    spoil = WithUnet(args.unet, args.seed) if args.unet else with_noise
    train(vae, spoil, args.minutes, args.rate, args.seed)
    vae.save_pretrained(args.folder)


if __name__ == "__main__":
    main()

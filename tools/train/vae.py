"""Trains the image codec (AutoencoderKL, 8x smaller, 4 channels) on the project's drawings."""

from __future__ import annotations

import argparse
import math
import time
from pathlib import Path

import numpy as np
import torch
import torch.nn.functional as F
from diffusers import AutoencoderKL

from tools.train import world

Rng = np.random.Generator
CROP = 128
BATCH = 8
RATE = 1.5e-3


def build() -> AutoencoderKL:
    return AutoencoderKL(
        in_channels=3,
        out_channels=3,
        latent_channels=4,
        sample_size=256,
        block_out_channels=(16, 32, 64, 96),
        layers_per_block=1,
        norm_num_groups=8,
        down_block_types=("DownEncoderBlock2D",) * 4,
        up_block_types=("UpDecoderBlock2D",) * 4,
        mid_block_add_attention=False,
        scaling_factor=1.0,
    )


def pictures(count: int, seed: int) -> np.ndarray:
    """`count` drawings of 256 x 256; two in three are scenes, the others doodles."""
    rng = np.random.default_rng(seed)
    stack = np.empty((count, 256, 256, 3), np.uint8)
    for i in range(count):
        scene = rng.random() < 0.67
        stack[i] = world.draw(world.scene_at_random(rng)) if scene else world.doodle(rng)
    return stack


def crops(stack: np.ndarray, count: int, rng: Rng, side: int = CROP) -> torch.Tensor:
    """Random windows with something to see in them, flipped at random, in [-1, 1]."""
    batch = np.empty((count, side, side, 3), np.uint8)
    for i, k in enumerate(rng.integers(len(stack), size=count)):
        for _ in range(3):
            top, left = rng.integers(0, 256 - side + 1, 2)
            batch[i] = stack[k, top : top + side, left : left + side]
            if batch[i, ::8, ::8].std(axis=(0, 1)).max() > 30:
                break
    tensor = torch.from_numpy(batch).permute(0, 3, 1, 2).float() / 127.5 - 1
    return tensor.flip(3) if rng.random() < 0.5 else tensor


def edges(x: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
    return x[..., :, 1:] - x[..., :, :-1], x[..., 1:, :] - x[..., :-1, :]


def likeness(made: torch.Tensor, true: torch.Tensor) -> torch.Tensor:
    """How far a picture is from the true one: pixels, and the edges between them."""
    loss = F.l1_loss(made, true) + 4 * F.mse_loss(made, true)
    for a, b in zip(edges(made), edges(true), strict=True):
        loss = loss + F.l1_loss(a, b) + 2 * F.mse_loss(a, b)
    return loss


def tidy(mean: torch.Tensor, logvar: torch.Tensor) -> torch.Tensor:
    """Keeps each latent channel near unit variance, centred, and unlike the other three."""
    flat = mean.permute(1, 0, 2, 3).flatten(1)
    centre = flat.mean(1, keepdim=True)
    covariance = (flat - centre) @ (flat - centre).T / flat.shape[1]
    wanted = torch.eye(4)
    return (
        0.02 * ((covariance - wanted) ** 2).sum()
        + 0.02 * (centre**2).sum()
        + 1e-3 * ((logvar + 6) ** 2).mean()
    )


def blur_latents(mean: torch.Tensor, logvar: torch.Tensor, noise: float) -> torch.Tensor:
    """Latents as the decoder meets them in life: slightly wrong, some more than others."""
    level = torch.rand(mean.shape[0], 1, 1, 1) * noise
    level = level * (torch.rand_like(level) < 0.75)
    std = (0.5 * logvar.clamp(-20, 4)).exp()
    return mean + torch.randn_like(mean) * (std**2 + level**2).sqrt()


def train(
    minutes: float, folder: Path, threads: int = 1, seed: int = 7, noise: float = 0.2
) -> None:
    torch.manual_seed(seed)
    torch.set_num_threads(threads)
    rng = np.random.default_rng(seed)
    stack = pictures(4000, seed)
    vae = build()
    optimiser = torch.optim.AdamW(vae.parameters(), lr=RATE, betas=(0.9, 0.98), weight_decay=1e-3)
    start, step = time.monotonic(), 0
    while (done := (time.monotonic() - start) / (60 * minutes)) < 1:
        rate = min(1.0, (step + 1) / 200) * (0.02 + 0.98 * 0.5 * (1 + math.cos(math.pi * done)))
        for group in optimiser.param_groups:
            group["lr"] = RATE * rate
        true = crops(stack, BATCH, rng)
        with torch.autocast("cpu", torch.bfloat16):
            moments = vae.quant_conv(vae.encoder(true))
        mean, logvar = moments.float().chunk(2, 1)
        with torch.autocast("cpu", torch.bfloat16):
            made = vae.decoder(vae.post_quant_conv(blur_latents(mean, logvar, noise))).float()
        loss = likeness(made, true) + tidy(mean, logvar)
        loss.backward()
        torch.nn.utils.clip_grad_norm_(vae.parameters(), 1.0)
        optimiser.step()
        optimiser.zero_grad()
        step += 1
        if step % 100 == 0:
            psnr = -10 * math.log10(F.mse_loss(made.detach(), true).item() / 4)
            spread = mean.detach().std((0, 2, 3)).tolist()
            print(
                f"{time.monotonic() - start:6.0f}s step {step} loss {loss.item():.4f} "
                f"{psnr:.1f} dB std {[round(s, 2) for s in spread]}",
                flush=True,
            )
        if step % 500 == 0:
            vae.save_pretrained(folder)
    vae.save_pretrained(folder)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--minutes", type=float, default=12)
    parser.add_argument("--threads", type=int, default=1)
    parser.add_argument("--seed", type=int, default=7)
    parser.add_argument("--folder", type=Path, default=Path("data/train/vae"))
    args = parser.parse_args()
    train(args.minutes, args.folder, args.threads, args.seed)


if __name__ == "__main__":
    main()

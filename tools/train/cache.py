"""Draws training scenes and keeps their latents on disk, in shards of one frame size each."""

from __future__ import annotations

import argparse
import json
from dataclasses import asdict
from pathlib import Path

import numpy as np
import torch
from diffusers import AutoencoderKL
from safetensors.torch import save_file

from tools.train import world
from tools.train.kept import scene_for_training
from tools.train.names import FRAMES

SHARD = 240
SHARES = {
    "1:1": 0.40,
    "16:9": 0.14,
    "9:16": 0.14,
    "4:3": 0.08,
    "3:4": 0.08,
    "3:2": 0.06,
    "2:3": 0.06,
    "21:9": 0.04,
}


@torch.no_grad()
def encode(vae: AutoencoderKL, drawings: np.ndarray) -> torch.Tensor:
    pixels = torch.from_numpy(drawings).permute(0, 3, 1, 2).float() / 127.5 - 1
    return torch.cat([vae.encode(part).latent_dist.mean for part in pixels.split(8)])


def shard(vae: AutoencoderKL, frame: tuple[int, int], rng: np.random.Generator) -> dict:
    scenes = [scene_for_training(rng) for _ in range(SHARD)]
    drawings = np.stack([world.draw(scene, *frame) for scene in scenes])
    latents = encode(vae, drawings).half()
    return {"latents": latents, "scenes": json.dumps([asdict(scene) for scene in scenes])}


def fill(vae_folder: Path, folder: Path, count: int, scale: float, seed: int) -> None:
    """Write shards one by one; each appears whole, so that training may already read."""
    vae = AutoencoderKL.from_pretrained(vae_folder).eval()
    rng = np.random.default_rng(seed)
    folder.mkdir(parents=True, exist_ok=True)
    for number in range(count // SHARD):
        shares = SHARES if number % 5 else {"1:1": 1.0}  # the first shard is square
        name = str(rng.choice(list(shares), p=list(shares.values())))
        width, height = (int(side * scale) // 8 * 8 for side in FRAMES[name])
        unfinished = folder / f"{number:04d}.part"
        made = shard(vae, (width, height), rng)
        scenes = {"scenes": str(made["scenes"])}
        save_file({"latents": made["latents"].contiguous()}, unfinished, metadata=scenes)
        unfinished.rename(folder / f"{number:04d}.safetensors")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--vae", type=Path, default=Path("data/train/vae"))
    parser.add_argument("--folder", type=Path, default=Path("data/train/latents"))
    parser.add_argument("--count", type=int, default=24000)
    parser.add_argument("--scale", type=float, default=1.0)
    parser.add_argument("--seed", type=int, default=11)
    args = parser.parse_args()
    torch.set_num_threads(1)
    fill(args.vae, args.folder, args.count, args.scale, args.seed)


if __name__ == "__main__":
    main()

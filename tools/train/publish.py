"""Packs what training left into one folder that plain `from_pretrained` opens."""

from __future__ import annotations

import argparse
import json
import shutil
from pathlib import Path

import torch
from diffusers import AutoencoderKL, StableDiffusionPipeline, UNet2DConditionModel
from transformers import CLIPTextModel, CLIPTokenizer

from tools.train.text_to_image import build_scheduler
from tools.train.words import tables

PACK = Path("assets/models/aura-shapes")
LIMIT = 20_000_000  # bytes
PARTS = ("unet", "vae", "text_encoder", "tokenizer", "scheduler")


def assemble(trained: Path, vae: Path) -> StableDiffusionPipeline:
    """Halves what runs halved; the text encoder stays whole, or loading mixes the two widths."""
    return StableDiffusionPipeline(
        vae=AutoencoderKL.from_pretrained(vae).to(torch.float16),
        text_encoder=CLIPTextModel.from_pretrained(trained / "text_encoder"),
        tokenizer=CLIPTokenizer.from_pretrained(trained / "tokenizer"),
        unet=UNet2DConditionModel.from_pretrained(trained / "unet").to(torch.float16),
        scheduler=build_scheduler(),
        safety_checker=None,
        feature_extractor=None,
        requires_safety_checker=False,
    )


def pack(trained: Path, vae: Path, folder: Path) -> None:
    for part in PARTS:
        shutil.rmtree(folder / part, ignore_errors=True)
    assemble(trained, vae).save_pretrained(folder)
    vocabulary = json.dumps(tables(), ensure_ascii=False, indent=1)
    (folder / "vocabulary.json").write_text(vocabulary + "\n", encoding="utf-8")
    for config in folder.rglob("*.json"):
        _forget_where(config)


def _forget_where(config: Path) -> None:
    """Take out of a config the folder it happened to be loaded from."""
    values = json.loads(config.read_text(encoding="utf-8"))
    if isinstance(values, dict) and values.pop("_name_or_path", None) is not None:
        config.write_text(json.dumps(values, indent=2, ensure_ascii=False) + "\n", encoding="utf-8")


def weight(folder: Path) -> int:
    """Bytes of all files in the folder."""
    return sum(path.stat().st_size for path in folder.rglob("*") if path.is_file())


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--trained", type=Path, default=Path("data/train/text_to_image"))
    parser.add_argument("--vae", type=Path, default=Path("data/train/vae_sharp"))
    parser.add_argument("--folder", type=Path, default=PACK)
    args = parser.parse_args()
    pack(args.trained, args.vae, args.folder)
    size = weight(args.folder)
    if size > LIMIT:
        raise SystemExit(f"{size:,} bytes are more than the {LIMIT:,} allowed")
    print(f"{args.folder}: {size:,} bytes")


if __name__ == "__main__":
    main()

"""Files of what people add to models, written as their trainers write them."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import torch
from safetensors.torch import save_file
from torch import nn

from aura.catalog import Catalog
from aura.catalog.additions import Additions
from aura.catalog.models import Model

RANK = 2
ENDS = ("to_q", "to_v", "q_proj", "out_proj")


def additions(*models: Model) -> Additions:
    catalog = Catalog(models, Path())
    return Additions(catalog.get, lambda: catalog)


def added(task: str, path: Path, family: str = "stable_diffusion", **fields: Any) -> Model:
    return Model(
        id=f"{path.stem}-1.0",
        name=path.stem,
        family=family,
        task=task,
        **{"folder" if path.is_dir() else "file": str(path)},
        licence="none",
        commercial=False,
        good_for={},
        **fields,
    )


def kohya(path: Path, parts: dict[str, nn.Module], seed: int = 0) -> Path:
    """``parts``: prefix (``lora_unet``, ``lora_te1``) → the part whose attention it changes."""
    tensors = {}
    for prefix, part in parts.items():
        for name, layer in _attention(part):
            inner = f"text_model.{name}" if prefix.startswith("lora_te") else name
            key = f"{prefix}_{inner.replace('.', '_')}"
            down, up = _pair(layer, seed)
            tensors[f"{key}.lora_down.weight"], tensors[f"{key}.lora_up.weight"] = down, up
            tensors[f"{key}.alpha"] = torch.tensor(float(RANK))
    save_file(tensors, path)
    return path


def diffusers(path: Path, parts: dict[str, nn.Module], seed: int = 0) -> Path:
    """``parts``: name in the pipeline → the part whose attention it changes."""
    tensors = {}
    for prefix, part in parts.items():
        for name, layer in _attention(part):
            down, up = _pair(layer, seed)
            tensors[f"{prefix}.{name}.lora_A.weight"] = down
            tensors[f"{prefix}.{name}.lora_B.weight"] = up
    save_file(tensors, path)
    return path


def _attention(part: nn.Module) -> Iterator[tuple[str, nn.Linear]]:
    for name, layer in part.named_modules():
        if "attn" in name and hasattr(layer, "in_features") and name.endswith(ENDS):
            yield name, layer


def _pair(layer: Any, seed: int) -> tuple[torch.Tensor, torch.Tensor]:
    random = torch.Generator().manual_seed(seed)
    down = torch.randn(RANK, layer.in_features, generator=random)
    return down, torch.randn(layer.out_features, RANK, generator=random)

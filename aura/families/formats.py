"""Components stored smaller than they compute.

Plain weights are mapped from their file, not read into a copy of their own, and what is
stored smaller is made of them layer by layer, so that a second whole copy never exists.
Only linear layers shrink: they are most of a large model, and bear it best.
"""

from __future__ import annotations

import importlib
import json
import logging
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import torch
from diffusers.hooks import apply_layerwise_casting
from torch import nn

from aura.catalog.quants import NAMES, gguf_file
from aura.errors import ModelMissing
from aura.families.stored import network

LIBRARIES = ("diffusers", "transformers")
KEPT = ("wo",)  # T5's last layers, whose results overflow in less than they were trained in
NF4_ROW = 64  # inputs that share a scale; a layer of another width does not divide
NOT_LINEAR = (nn.Conv1d, nn.Conv2d, nn.Conv3d, nn.ConvTranspose2d, nn.Embedding)
RAM = torch.device("cpu")


def component(folder: Path, name: str, form: str, dtype: torch.dtype, device: torch.device) -> Any:
    """The part ``name`` of the pipeline in ``folder``, stored in ``form``, in RAM.

    It computes in ``dtype``, on ``device``, where it is shrunk as well. Raises
    ModelMissing, and what loading raises for files that are damaged.
    """
    kind = class_of(folder, name)
    if kind.__name__.startswith("T5") and dtype == torch.float16:
        dtype = torch.bfloat16  # in fp16 its last layers would have to stay in fp32
    if form in NAMES:
        return _from_gguf(kind, folder, name, form, dtype)
    plain = network(kind, folder / name, dtype)
    SHRINK[form](plain, dtype, device)
    return plain.eval()


def class_of(folder: Path, name: str) -> Any:
    """The class that ``model_index.json`` names. Raises KeyError for any but known libraries."""
    index = json.loads((folder / "model_index.json").read_text(encoding="utf-8"))
    library, class_name = index[name]
    if library not in LIBRARIES:
        raise KeyError(library)
    return getattr(importlib.import_module(library), class_name)


def shrinkable(module: nn.Module) -> Iterator[tuple[nn.Module, str, nn.Linear]]:
    """Every linear layer that may be stored smaller: its parent, its name there, itself."""
    for parent in list(module.modules()):
        for name, layer in list(parent.named_children()):
            if isinstance(layer, nn.Linear) and name not in KEPT:
                yield parent, name, layer


def _fp8(module: nn.Module, dtype: torch.dtype, device: torch.device) -> None:
    """Eight-bit floats, widened layer by layer while they compute."""
    apply_layerwise_casting(
        module,
        storage_dtype=torch.float8_e4m3fn,
        compute_dtype=dtype,
        skip_modules_pattern=tuple(rf"\.{name}$" for name in KEPT),
        skip_modules_classes=NOT_LINEAR,
    )


def _int8(module: nn.Module, dtype: torch.dtype, device: torch.device) -> None:
    """Eight-bit integers with a scale for each row."""
    with quiet():
        from torchao.quantization import Int8WeightOnlyConfig, quantize_
    small = {layer for _, _, layer in shrinkable(module)}
    # Its own settings for the compiler would be the whole process's.
    config = Int8WeightOnlyConfig(set_inductor_config=False)
    quantize_(module, config, filter_fn=lambda layer, _: layer in small)


def _nf4(module: nn.Module, dtype: torch.dtype, device: torch.device) -> None:
    """Four bits with a scale for each 64 weights.

    The layers are replaced here rather than by the libraries' own quantisers, because
    that of diffusers asks for a card, and this works with and without.
    """
    with quiet():
        from bitsandbytes.nn import Linear4bit, Params4bit
    how: Mapping[str, Any] = {"quant_type": "nf4", "compress_statistics": False}
    for parent, name, layer in shrinkable(module):
        if layer.in_features % NF4_ROW:
            continue
        packed = Linear4bit(
            layer.in_features,
            layer.out_features,
            bias=layer.bias is not None,
            compute_dtype=dtype,
            device="meta",
            **how,
        )
        packed.weight = Params4bit(layer.weight.data, module=packed, **how)
        packed.bias = layer.bias
        setattr(parent, name, packed.to(device).to(RAM))


SHRINK: Mapping[str, Callable[[nn.Module, torch.dtype, torch.device], None]] = {
    "fp8": _fp8,
    "int8": _int8,
    "nf4": _nf4,
}


def _from_gguf(kind: Any, folder: Path, name: str, form: str, dtype: torch.dtype) -> Any:
    path = gguf_file(folder / name, form)
    if path is None:
        raise ModelMissing(model=f"{folder.name} ({form})")
    from diffusers import GGUFQuantizationConfig

    return kind.from_single_file(
        str(path),
        config=str(folder),
        subfolder=name,
        dtype=dtype,
        quantization_config=GGUFQuantizationConfig(compute_dtype=dtype),
        local_files_only=True,
    ).eval()


@contextmanager
def quiet() -> Iterator[None]:
    """Libraries tell at import which kernels of theirs they lack; nobody can act on it."""
    before = logging.root.manager.disable
    logging.disable(logging.WARNING)
    try:
        yield
    finally:
        logging.disable(before)

"""Components stored smaller than they compute.

What is stored smaller is read and made smaller layer by layer, so that loading never needs
more than the finished model and one layer. Only linear layers shrink: they are most of a
large model, and bear it best.
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
from accelerate.utils import set_module_tensor_to_device
from diffusers.hooks import apply_layerwise_casting
from diffusers.loaders.single_file_utils import convert_flux_transformer_checkpoint_to_diffusers
from safetensors.torch import load_file
from torch import nn

from aura.catalog.quants import NAMES, gguf_file
from aura.catalog.recognise import denoiser_of
from aura.errors import ModelMissing
from aura.families.homes import RAM
from aura.families.stored import complete_or_raise, empty, unread
from aura.memory.cpu import trim

LIBRARIES = ("diffusers", "transformers")
FP8 = (torch.float8_e4m3fn, torch.float8_e5m2)  # floats of eight bits; ours, and others'
# T5's last layers, whose results overflow in less than they were trained in, and the layer
# that is a language model's table of words once more.
KEPT = ("wo", "lm_head")
NF4_ROW = 64  # inputs that share a scale; a layer of another width does not divide
SHED = 2**26  # weights read and let go, after which the system gets its memory back
NOT_LINEAR = (nn.Conv1d, nn.Conv2d, nn.Conv3d, nn.ConvTranspose2d, nn.Embedding)


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
    tensors = unread(folder / name, dtype, mapped=False)
    net = _shrunk(empty(kind, folder / name), tensors, form, dtype, device)
    return complete_or_raise(net, folder / name).eval()


def of_one_file(
    file: Path, folder: Path, form: str | None, dtype: torch.dtype, device: torch.device
) -> Any:
    """FLUX's transformer, of which ``file`` holds the weights and ``folder`` the configuration.

    ``form`` is None for weights that stay as they are in the file.
    """
    kind = class_of(folder, "transformer")
    if file.suffix.lower() == ".gguf":
        return _of_gguf(kind, file, folder, "transformer", dtype)
    tensors = renamed(load_file(file))  # mapped, and most of what is renamed are views of it
    narrow = next((one.dtype for one in tensors.values() if one.dtype in FP8), None)
    form = "fp8" if narrow else form
    net = empty(kind, folder / "transformer")
    net = _shrunk(net, tensors, form, dtype, device, narrow or FP8[0])
    return complete_or_raise(net, file).eval()


def renamed(tensors: dict[str, Any]) -> dict[str, Any]:
    """Under the names of diffusers, without what a checkpoint holds beside the transformer."""
    inner = denoiser_of(tensors)
    if any(name.startswith("transformer_blocks.") for name in inner):
        return dict(inner)
    return dict(convert_flux_transformer_checkpoint_to_diffusers(dict(inner)))


def _shrunk(
    net: Any,
    tensors: dict[str, Any],
    form: str | None,
    dtype: torch.dtype,
    device: torch.device,
    narrow: torch.dtype = FP8[0],
) -> Any:
    """``net``, which has no bytes yet, filled with its linear layers shrunk.

    ``narrow`` is what floats of eight bits are.
    """
    small = dict(shrinkable(net, form)) if form else {}
    shed = 0
    for owner, names in _by_owner(tensors, net).items():
        for name, tensor in names.items():
            set_module_tensor_to_device(net, name, RAM, value=tensor[...], dtype=dtype)
        if owner in small:
            layer = small[owner]
            less = layer.to(narrow) if form == "fp8" else SHRINK[str(form)](layer, dtype, device)
            net.set_submodule(owner, less)
            shed += small[owner].in_features * small[owner].out_features
        if shed > SHED:
            trim()
            shed = 0
    trim()
    if hasattr(net, "tie_weights"):
        net.tie_weights()
    if form == "fp8":
        _widen_to_compute(net, dtype, narrow)
    return net


def _by_owner(tensors: dict[str, Any], net: Any) -> Mapping[str, dict[str, Any]]:
    """Layer → its tensors, by name."""
    if hasattr(net, "_fix_state_dict_keys_on_load"):
        net._fix_state_dict_keys_on_load(tensors)  # attention as it was named in older files
    owners: dict[str, dict[str, Any]] = {}
    for name, tensor in tensors.items():
        owners.setdefault(name.rpartition(".")[0], {})[name] = tensor
    return owners


def class_of(folder: Path, name: str) -> Any:
    """The class that ``model_index.json`` names. Raises KeyError for any but known libraries."""
    index = json.loads((folder / "model_index.json").read_text(encoding="utf-8"))
    library, class_name = index[name]
    if library not in LIBRARIES:
        raise KeyError(library)
    return getattr(importlib.import_module(library), class_name)


def shrinkable(net: nn.Module, form: str) -> Iterator[tuple[str, nn.Linear]]:
    """The linear layers that are stored in ``form``, with their names."""
    for name, layer in net.named_modules():
        if not isinstance(layer, nn.Linear) or name.rpartition(".")[2] in KEPT:
            continue
        if form != "nf4" or layer.in_features % NF4_ROW == 0:
            yield name, layer


def _widen_to_compute(net: nn.Module, dtype: torch.dtype, narrow: torch.dtype) -> None:
    """Each layer of eight-bit floats is widened while it computes, and only then."""
    apply_layerwise_casting(
        net,
        storage_dtype=narrow,
        compute_dtype=dtype,
        skip_modules_pattern=tuple(rf"(^|\.){name}$" for name in KEPT),
        skip_modules_classes=NOT_LINEAR,
    )


def _int8(layer: nn.Linear, dtype: torch.dtype, device: torch.device) -> nn.Linear:
    """Eight-bit integers with a scale for each row."""
    with quiet():
        from torchao.quantization import Int8WeightOnlyConfig, quantize_
    # Its own settings for the compiler would be the whole process's.
    quantize_(layer, Int8WeightOnlyConfig(set_inductor_config=False))
    return layer


def _nf4(layer: nn.Linear, dtype: torch.dtype, device: torch.device) -> nn.Module:
    """Four bits with a scale for each 64 weights.

    Packed here rather than by the libraries' own quantisers, because that of diffusers
    asks for a card, and this works with and without.
    """
    with quiet():
        from bitsandbytes.nn import Linear4bit, Params4bit
    how: Mapping[str, Any] = {"quant_type": "nf4", "compress_statistics": False}
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
    return packed.to(device).to(RAM)


SHRINK: Mapping[str, Callable[[nn.Linear, torch.dtype, torch.device], nn.Module]] = {
    "int8": _int8,
    "nf4": _nf4,
}


def _from_gguf(kind: Any, folder: Path, name: str, form: str, dtype: torch.dtype) -> Any:
    path = gguf_file(folder / name, form)
    if path is None:
        raise ModelMissing(model=f"{folder.name} ({form})")
    return _of_gguf(kind, path, folder, name, dtype)


def _of_gguf(kind: Any, path: Path, folder: Path, name: str, dtype: torch.dtype) -> Any:
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

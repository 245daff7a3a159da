"""Networks from their files, tensor by tensor: loading needs hardly more than the network.

A file that is mapped into memory counts as this process's memory while it is mapped. That
costs nothing where its tensors are computed with as they lie there. Where they must be
converted, or copied to a card, it would be a second copy of the model: those are read.
So are the kernels of convolutions, which may be laid out anew to compute faster.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import torch
from accelerate import init_empty_weights
from diffusers import ModelMixin
from diffusers.loaders.single_file_utils import SingleFileComponentError
from diffusers.models.model_loading_utils import load_model_dict_into_meta
from safetensors import SafetensorError, safe_open

from aura.catalog import complete

STORED = {"F32": torch.float32, "F16": torch.float16, "BF16": torch.bfloat16}
KERNEL = 4  # dimensions
RAM = torch.device("cpu")


class Incomplete(ValueError):
    """Files that leave a part of the network without weights."""


# What loading raises for files that are missing, cut short or not what they claim.
BROKEN = (
    OSError,
    ValueError,
    KeyError,
    TypeError,
    RuntimeError,
    SafetensorError,
    SingleFileComponentError,
)


def network(kind: Any, folder: Path, dtype: torch.dtype, device: torch.device = RAM) -> Any:
    """A model of class ``kind``, of diffusers or transformers. Raises any of ``BROKEN``."""
    tensors = unread(folder, dtype, mapped=device == RAM)
    net = (_of_diffusers if issubclass(kind, ModelMixin) else _of_transformers)(
        kind, folder, tensors, dtype, device
    )
    return net.eval()


def empty(kind: Any, folder: Path) -> Any:
    """The same model with the shapes of its weights and without their bytes."""
    of_diffusers = issubclass(kind, ModelMixin)
    with init_empty_weights():
        if of_diffusers:
            return kind.from_config(kind.load_config(folder, local_files_only=True))
        return kind(kind.config_class.from_pretrained(folder, local_files_only=True))


def unread(folder: Path, dtype: torch.dtype, mapped: bool = True) -> dict[str, Any]:
    """Name → what reads that tensor when it is sliced (``[...]``).

    ``mapped``: those that are computed with as they lie in the file stay in it.
    """
    found: dict[str, Any] = {}
    for path in complete.weights(folder) or complete.weights(folder, complete.HALF):
        file = safe_open(path, framework="pt")
        read = safe_open(path, framework="pt", backend="pread")
        for name in file.keys():  # noqa: SIM118 - it is no dictionary
            used = file.get_slice(name)
            kernel = len(used.get_shape()) == KERNEL
            as_it_lies = mapped and STORED.get(used.get_dtype()) == dtype and not kernel
            found[name] = used if as_it_lies else read.get_slice(name)
    return found


class Reading(Mapping[str, torch.Tensor]):
    """Reads each tensor when it is asked for, and keeps none."""

    def __init__(self, tensors: Mapping[str, Any]) -> None:
        self.tensors = tensors

    def __getitem__(self, name: str) -> torch.Tensor:
        return self.tensors[name][...]

    def __iter__(self) -> Iterator[str]:
        return iter(self.tensors)

    def __len__(self) -> int:
        return len(self.tensors)


def _of_transformers(
    kind: Any, folder: Path, tensors: dict[str, Any], dtype: torch.dtype, device: torch.device
) -> Any:
    net, report = kind.from_pretrained(
        None,
        config=kind.config_class.from_pretrained(folder, local_files_only=True),
        state_dict=tensors,
        dtype=dtype,
        device_map={"": device},
        output_loading_info=True,
    )
    if report["missing_keys"]:
        raise Incomplete(f"{folder}: {sorted(report['missing_keys'])[:3]}")
    return net


def _of_diffusers(
    kind: Any, folder: Path, tensors: dict[str, Any], dtype: torch.dtype, device: torch.device
) -> Any:
    net = empty(kind, folder)
    net._fix_state_dict_keys_on_load(tensors)  # attention as it was named in older files
    load_model_dict_into_meta(
        net,
        Reading(tensors),  # type: ignore[arg-type]  # any mapping of tensors does
        dtype=dtype,
        device_map={"": device},
        keep_in_fp32_modules=net._keep_in_fp32_modules,
    )
    return complete_or_raise(net, folder)


def complete_or_raise(net: Any, folder: Path) -> Any:
    """``net`` if every tensor of it has its bytes. Raises Incomplete."""
    missing = [name for name, one in net.state_dict().items() if one.is_meta]
    if missing:
        raise Incomplete(f"{folder}: {missing[:3]}")
    return net

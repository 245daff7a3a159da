"""Weights that have a home in RAM, which they leave as copies and never give up."""

from __future__ import annotations

import copy
from collections.abc import Iterator, Sequence
from itertools import chain
from typing import Any

import torch
from torch import nn

RAM = torch.device("cpu")
PLAIN = (nn.Parameter, torch.Tensor)  # anything else carries more than its data


class Home:
    """Weights in RAM, kept there while copies of them are on a device.

    ``recurse``: those of everything inside ``module`` too.
    """

    def __init__(self, module: nn.Module, recurse: bool = True) -> None:
        owners = module.modules() if recurse else [module]
        self.kept = [
            (table, name, tensor, tensor.data)
            for owner in owners
            for table in tables(owner)
            for name, tensor in table.items()
            if tensor is not None
        ]

    def go(self, device: torch.device) -> None:
        gone: dict[int, torch.Tensor] = {}  # one copy of what two layers share
        for table, name, tensor, data in self.kept:
            if id(tensor) not in gone:
                gone[id(tensor)] = _copied(tensor, data, device)
            if type(tensor) in PLAIN:
                tensor.data = gone[id(tensor)]
            else:
                table[name] = gone[id(tensor)]

    def back(self) -> None:
        for table, name, tensor, data in self.kept:
            if type(tensor) in PLAIN:
                tensor.data = data
            else:
                table[name] = tensor


def _copied(tensor: torch.Tensor, data: torch.Tensor, device: torch.device) -> Any:
    """A copy on ``device``; of packed weights with the scales they carry."""
    if type(tensor) in PLAIN:
        return data.to(device, non_blocking=True)
    if hasattr(tensor, "quant_state"):
        tensor = copy.copy(tensor)  # moving it moves its scales in place
        tensor.quant_state = copy.copy(tensor.quant_state)
        return tensor.to(device)
    moved = tensor.to(device)
    return moved if isinstance(moved, nn.Parameter) else nn.Parameter(moved, requires_grad=False)


class Passing:
    """Parts that come when they compute and leave again: for packed weights, which the
    hooks of diffusers would move without their scales."""

    def __init__(self, homes: Sequence[tuple[nn.Module, Home]], device: torch.device) -> None:
        self._handles = [self._hooked(part, home, device) for part, home in homes]

    def remove(self) -> None:
        for pair in self._handles:
            for handle in pair:
                handle.remove()

    def _hooked(self, part: nn.Module, home: Home, device: torch.device) -> tuple[Any, Any]:
        return (
            part.register_forward_pre_hook(lambda *_: home.go(device)),
            part.register_forward_hook(lambda *_: home.back(), always_call=True),
        )


def tables(module: nn.Module) -> tuple[dict[str, Any], dict[str, Any]]:
    """Where a module keeps its own tensors, by name."""
    return module._parameters, module._buffers


def is_packed(module: nn.Module) -> bool:
    """Whether weights of it carry scales beside their data."""
    return any(is_packed_tensor(one) for one in module.parameters())


def is_packed_tensor(tensor: Any) -> bool:
    return hasattr(tensor, "quant_state") or hasattr(tensor, "__tensor_flatten__")


def tensors_of(module: nn.Module) -> Iterator[torch.Tensor]:
    return chain(module.parameters(), module.buffers())


def bytes_of(module: nn.Module) -> int:
    """Bytes of weights and buffers as they are stored."""
    return sum(tensor.numel() * tensor.element_size() for tensor in tensors_of(module))

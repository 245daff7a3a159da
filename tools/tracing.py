"""Peak memory and work of a model's forward pass, without its weights and without a device.

The model is built from its configuration under fake tensors, which have shapes and no
contents. Every storage that comes to life is counted until it dies, and every product of
numbers once.
"""

from __future__ import annotations

import weakref
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any, NamedTuple
from unittest import mock

import torch
from torch._subclasses import fake_tensor
from torch._subclasses.fake_tensor import FakeTensorMode
from torch.overrides import TorchFunctionMode
from torch.utils._python_dispatch import TorchDispatchMode
from torch.utils._pytree import tree_leaves
from torch.utils.flop_counter import flop_registry, sdpa_flop_count

GRAIN = 512  # bytes; what torch's allocator rounds each allocation up to
KEPT = 64  # numbers


class Trace(NamedTuple):
    """Of one forward pass: most bytes of activations alive at once, and floating operations."""

    peak: int
    work: int


def traced_pass(
    build: Callable[[], torch.nn.Module],
    call: Callable[[torch.nn.Module, torch.dtype], Any],
    dtype: torch.dtype,
) -> Trace:
    """What ``call`` takes; the bytes of the weights are not counted."""
    with _remembered(), FakeTensorMode(allow_non_fake_inputs=True), torch.no_grad(), Spaced():
        model = _in_dtype(build, dtype).eval()
        live = Live(model)
        with live, FusedAttention() as attention:
            call(model, dtype)
    return Trace(live.peak, live.work + attention.work)


def _in_dtype(build: Callable[[], torch.nn.Module], dtype: torch.dtype) -> torch.nn.Module:
    """Built in its dtype at once: fake parameters cannot be cast afterwards."""
    usual = torch.get_default_dtype()
    torch.set_default_dtype(dtype)
    try:
        return build()
    finally:
        torch.set_default_dtype(usual)


@contextmanager
def _remembered() -> Iterator[None]:
    """Small integer tables keep their values: some models read sizes back out of them."""
    with mock.patch.object(fake_tensor, "CONSTANT_NUMEL_LIMIT", KEPT):
        yield


class Spaced(TorchFunctionMode):
    """A row of evenly spaced numbers is written out, so that its values are known, too."""

    def __torch_function__(
        self, func: Any, types: Any, args: tuple[Any, ...] = (), kwargs: Any = None
    ) -> Any:
        if func is not torch.linspace:
            return func(*args, **(kwargs or {}))
        first, last, count = args
        return torch.tensor([first + (last - first) * n / max(1, count - 1) for n in range(count)])


class Live(TorchDispatchMode):
    """Adds up the storages that operations make, until each is collected, and their work."""

    def __init__(self, model: torch.nn.Module) -> None:
        super().__init__()
        self.bytes = self.peak = self.work = 0
        # Weights first: operations return views of them, which are nothing new.
        tensors = [*model.parameters(), *model.buffers()]
        self._known = weakref.WeakSet(tensor.untyped_storage() for tensor in tensors)

    def __torch_dispatch__(
        self, func: Any, types: Any, args: tuple[Any, ...] = (), kwargs: Any = None
    ) -> Any:
        out = func(*args, **(kwargs or {}))
        count = flop_registry.get(func._overloadpacket)
        self.work += count(*args, **(kwargs or {}), out_val=out) if count else 0
        for leaf in tree_leaves(out):
            if isinstance(leaf, torch.Tensor):
                self._add(leaf.untyped_storage())
        return out

    def _add(self, storage: torch.UntypedStorage) -> None:
        if storage in self._known:
            return
        size = -(-storage.nbytes() // GRAIN) * GRAIN
        self._known.add(storage)
        self.bytes += size
        self.peak = max(self.peak, self.bytes)
        weakref.finalize(storage, self._remove, size)

    def _remove(self, size: int) -> None:
        self.bytes -= size


class FusedAttention(TorchFunctionMode):
    """Attention as the fused kernels do it: an output and a row of log-sums, no score matrix."""

    def __init__(self) -> None:
        super().__init__()
        self.work = 0

    def __torch_function__(
        self, func: Any, types: Any, args: tuple[Any, ...] = (), kwargs: Any = None
    ) -> Any:
        if func is not torch.nn.functional.scaled_dot_product_attention:
            return func(*args, **(kwargs or {}))
        named = dict(zip(("query", "key", "value"), args, strict=False)) | (kwargs or {})
        query, key, value = (named[name] for name in ("query", "key", "value"))
        self.work += sdpa_flop_count(query.shape, key.shape, value.shape)
        out = query.new_empty(*query.shape[:-1], value.shape[-1])
        query.new_empty(query.shape[:-1], dtype=torch.float32)
        return out

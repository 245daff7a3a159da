"""LoRAs on a loaded pipeline: put on, weighed and taken off again without a trace.

Their layers lie beside those they change, so that the weights of the model stay as they
are, in whatever form they are stored.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import torch
from torch import nn

from aura import extras
from aura.errors import AdditionUnfit, ModelDamaged
from aura.families.formats import quiet
from aura.families.homes import is_packed_tensor
from aura.families.stored import BROKEN
from aura.memory.exhaustion import ran_out

WIDE = (torch.float32, torch.bfloat16, torch.float16)


def put_on(pipe: Any, core: str, loras: Sequence[tuple[str, Path]], base: str) -> None:
    """Load LoRAs, each a name and a file, onto ``pipe``, whose model is called ``base``.

    Nothing may stream through its parts meanwhile. Raises AdditionUnfit, ModelDamaged; those
    that were put on before it are then still there.
    """
    with extras.unseen():
        import peft  # noqa: F401  diffusers imports it; it would load every quantiser it sees
    for number, (name, path) in enumerate(loras):
        with quiet(), computing(getattr(pipe, core)):
            _loaded(pipe, _adapter(number), name, path, base)


def _loaded(pipe: Any, adapter: str, name: str, path: Path, base: str) -> None:
    folder, file = str(path.parent), path.name
    try:
        pipe.load_lora_weights(
            folder, weight_name=file, adapter_name=adapter, local_files_only=True
        )
    except OSError as unread:
        raise ModelDamaged(model=name, path=str(path)) from unread
    except (*BROKEN, AttributeError, IndexError) as misfit:
        if ran_out(misfit):
            raise
        raise AdditionUnfit(name=name, model=base) from misfit
    if not any(adapter in known for known in pipe.get_list_adapters().values()):
        raise AdditionUnfit(name=name, model=base)  # of its layers this model has none


def weigh(pipe: Any, weights: Sequence[float]) -> None:
    """How strongly each of those that were put on speaks, in their order."""
    pipe.set_adapters([_adapter(number) for number in range(len(weights))], list(weights))


def take_off(pipe: Any) -> None:
    """Every LoRA, and the layers that held them."""
    if hasattr(pipe, "unload_lora_weights"):
        pipe.unload_lora_weights()


def _adapter(number: int) -> str:
    return f"lora{number}"  # ids have dots, which names of layers cannot have


@contextmanager
def computing(net: nn.Module) -> Iterator[None]:
    """For a while layers that are stored smaller look like what they compute in.

    What is put beside a layer takes its dtype, for which eight bits are too few; and packed
    weights do not bear being asked for their names and shapes.
    """
    stored: Mapping[nn.Linear, Any] = {
        layer: layer.weight
        for layer in net.modules()
        if isinstance(layer, nn.Linear) and _is_small(layer.weight)
    }
    try:
        for layer, weight in stored.items():
            empty = torch.zeros((), dtype=_dtype(net), device=weight.device)
            shape = layer.out_features, layer.in_features
            layer.weight = nn.Parameter(empty.expand(shape), requires_grad=False)
        yield
    finally:
        for layer, weight in stored.items():
            layer.weight = weight


def _is_small(weight: Any) -> bool:
    return weight.dtype not in WIDE or type(weight) is not nn.Parameter or is_packed_tensor(weight)


def _dtype(net: nn.Module) -> torch.dtype:
    """That of the layers that are stored as they compute, such as norms."""
    return next(one.dtype for one in net.parameters() if not _is_small(one))

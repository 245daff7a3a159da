"""The core of a diffusion model computed by OpenVINO, on processors where that is faster.

The network is written out once, in the dtype it computes in, and read from there as it is
needed: mapped into memory, compiled for one size of picture at a time, because fixed shapes
are the fastest. Nothing of torch's weights is loaded beside it.
"""

from __future__ import annotations

import sys
import warnings
from collections.abc import Mapping
from pathlib import Path
from types import ModuleType
from typing import Any, cast

import numpy as np
import torch
from torch import nn

MODEL = "core.xml"  # and core.bin beside it
PRECISIONS = {torch.float32: "f32", torch.bfloat16: "bf16"}
REPORTS = "openvino_telemetry"  # tells its makers of every conversion, where it is installed

Shapes = tuple[tuple[int, ...], ...]


def library() -> Any:
    """The package, as if what reports to its makers were not installed. Raises ImportError."""
    sys.modules[REPORTS] = cast(ModuleType, None)
    import openvino

    return openvino


class Traced(nn.Module):
    """A denoiser as OpenVINO is shown it: plain tensors in full precision, in and out."""

    def __init__(self, net: Any) -> None:
        super().__init__()
        self.net, self.added = net, added(net.config)

    def forward(
        self,
        sample: torch.Tensor,
        timestep: torch.Tensor,
        words: torch.Tensor,
        *more: torch.Tensor,
    ) -> torch.Tensor:
        dtype = self.net.dtype
        named = {name: one.to(dtype) for name, one in zip(self.added, more, strict=True)}
        condition = named.pop("timestep_cond", None)
        noise = self.net(
            sample.to(dtype),
            timestep,
            words.to(dtype),
            timestep_cond=condition,
            added_cond_kwargs=named or None,
            return_dict=False,
        )[0]
        return cast(torch.Tensor, noise.float())


class Converted(nn.Module):
    """Stands in a pipeline for the network that ``shell`` has the shapes of.

    It takes and gives what the network does. ``folder`` holds the converted network; what is
    compiled for one shape of its inputs stays until another one is asked for.
    """

    def __init__(self, shell: Any, folder: Path, dtype: torch.dtype) -> None:
        super().__init__()
        self._shell = (shell,)  # in a tuple it is no part of this module: it has no bytes
        self.config, self.dtype = shell.config, dtype
        self._engine = library().Core()
        self._network = self._engine.read_model(folder / MODEL)
        self._compiled: tuple[Shapes, Any] | None = None

    def __getattr__(self, name: str) -> Any:
        try:
            return super().__getattr__(name)
        except AttributeError:
            return getattr(self.__dict__["_shell"][0], name)

    @property
    def shell(self) -> Any:
        return self._shell[0]

    @property
    def device(self) -> torch.device:
        return torch.device("cpu")

    def forward(
        self,
        sample: torch.Tensor,
        timestep: Any,
        encoder_hidden_states: torch.Tensor,
        timestep_cond: torch.Tensor | None = None,
        added_cond_kwargs: Mapping[str, torch.Tensor] | None = None,
        **_: Any,
    ) -> tuple[torch.Tensor]:
        more = {"timestep_cond": timestep_cond, **(added_cond_kwargs or {})}
        named: list[Any] = [more[name] for name in added(self.config)]
        inputs = [sample, torch.as_tensor(timestep), encoder_hidden_states, *named]
        arrays = [one.float().contiguous().numpy() for one in inputs]
        noise = self._of(tuple(a.shape for a in arrays)).infer(arrays, share_inputs=True)[0]
        return (torch.from_numpy(np.array(noise)).to(sample.dtype),)

    def _of(self, shapes: Shapes) -> Any:
        """What computes inputs of these shapes, compiled now if the last ones were others."""
        if self._compiled is None or self._compiled[0] != shapes:
            self._compiled = None
            inputs = zip(self._network.inputs, shapes, strict=True)
            self._network.reshape({port: list(shape) for port, shape in inputs})
            compiled = self._engine.compile_model(self._network, "CPU", settings(self.dtype))
            self._compiled = shapes, compiled.create_infer_request()
        return self._compiled[1]


def settings(dtype: torch.dtype) -> dict[str, Any]:
    """As many threads as torch has, which are not bound to cores that others may be using."""
    return {
        "INFERENCE_PRECISION_HINT": PRECISIONS[dtype],
        "PERFORMANCE_HINT": "LATENCY",
        "INFERENCE_NUM_THREADS": torch.get_num_threads(),
        "ENABLE_CPU_PINNING": False,
    }


def added(config: Any) -> tuple[str, ...]:
    """What such a network takes beside the picture, the time and the words."""
    sizes = ("text_embeds", "time_ids") if config.get("addition_embed_type") else ()
    guided = ("timestep_cond",) if config.get("time_cond_proj_dim") else ()
    return (*sizes, *guided)


@torch.no_grad()
def convert(net: Any) -> Any:
    """The network for any batch and size. Its weights stay those of ``net``, which therefore
    must have them in the order in which they were stored."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", torch.jit.TracerWarning)  # sizes it takes from its inputs
        # Traced here, because the package would do it twice over, to compare.
        traced = torch.jit.trace(Traced(net), _examples(net), check_trace=False)
        return library().convert_model(traced)


def save(network: Any, folder: Path) -> None:
    library().save_model(network, folder / MODEL, compress_to_fp16=False)


def _examples(net: Any) -> tuple[torch.Tensor, ...]:
    """Inputs of the smallest size at which every path of the network is taken."""
    config, batch = net.config, 2
    side = 2 ** len(config.block_out_channels)
    widths = {
        "time_ids": 6,
        "text_embeds": _pooled(config),
        "timestep_cond": config.get("time_cond_proj_dim"),
    }
    return (
        torch.zeros(batch, config.in_channels, side, side),
        torch.tensor(1.0),
        torch.zeros(batch, 77, config.cross_attention_dim),
        *(torch.zeros(batch, widths[name]) for name in added(config)),
    )


def _pooled(config: Any) -> int:
    """Of what SDXL adds to the time: the sizes' six numbers, and the rest is the text."""
    sizes = 6 * (config.get("addition_time_embed_dim") or 0)
    return int((config.get("projection_class_embeddings_input_dim") or sizes) - sizes)

"""Model folders in the published layout and at full size, with random weights.

    python -m tools.full_size sd15 /somewhere

Nothing is fetched: shapes come from the published configurations, values from two random
megabytes written again and again. No more than those is ever held in memory, so that only
the disk limits how large a model can be made.
"""

from __future__ import annotations

import importlib
import json
import math
import struct
import sys
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from typing import Any, BinaryIO

import diffusers
import torch
import transformers

from aura.memory.pipelines import published
from tools.footprints import configs
from tools.vocabularies import OF

TINY = Path(__file__).with_name("tiny.json")
ITEM = 2  # bytes of a value: everything is bfloat16
TILE = 1_048_573  # values; a prime, so that the rows of a matrix differ
STATISTICS = ("running_mean", "running_var")  # of a norm: stored, though nothing learns them
FILES = {"diffusers": "diffusion_pytorch_model.safetensors", "transformers": "model.safetensors"}

NOISE = {"beta_start": 0.00085, "beta_end": 0.012, "beta_schedule": "scaled_linear"}


@dataclass(frozen=True)
class Layout:
    """What stands beside the components of a pipeline: its scheduler and its tokenizers."""

    pipeline: str
    scheduler: str
    config: Mapping[str, Any]
    tokenizers: Mapping[str, str]  # folder → the text encoder it is for
    settings: Mapping[str, Any] = field(default_factory=dict)  # of the pipeline itself


CLIP = {"tokenizer": "text_encoder"}
PAIR = CLIP | {"tokenizer_2": "text_encoder_2"}

PIPELINES: Mapping[str, Layout] = {
    "sd15": Layout(
        "StableDiffusionPipeline",
        "PNDMScheduler",
        NOISE | {"steps_offset": 1, "skip_prk_steps": True},
        CLIP,
    ),
    "sdxl": Layout(
        "StableDiffusionXLPipeline", "EulerDiscreteScheduler", NOISE | {"steps_offset": 1}, PAIR
    ),
    "flux1-schnell": Layout(
        "FluxPipeline", "FlowMatchEulerDiscreteScheduler", {"shift": 1.0}, PAIR
    ),
    "flux2-klein-4b": Layout(
        "Flux2KleinPipeline",
        "FlowMatchEulerDiscreteScheduler",
        {"shift": 3.0, "use_dynamic_shifting": True},
        CLIP,
        {"is_distilled": True},
    ),
    "z-image-turbo": Layout(
        "ZImagePipeline", "FlowMatchEulerDiscreteScheduler", {"shift": 3.0}, CLIP
    ),
    "sana-sprint-0.6b": Layout("SanaSprintPipeline", "SCMScheduler", {}, CLIP),
}
# Models of one component: its configuration, and the class that prepares its pictures.
SINGLES: Mapping[str, tuple[str, str | None]] = {
    "blip-base": ("blip_base", "BlipImageProcessorPil"),
    "blip-large": ("blip_large", "BlipImageProcessorPil"),
    "siglip-so400m": ("siglip_so400m", "SiglipImageProcessorPil"),
    "bge-m3": ("bge_m3", None),
    "owlv2": ("owlv2_base", "Owlv2ImageProcessorPil"),
}
NAMES = (*PIPELINES, *SINGLES)


def write(name: str, folder: Path, tiny: bool = False) -> Path:
    """Make the model ``name`` in ``folder``; ``tiny`` makes a few kilobytes of the same kind."""
    folder.mkdir(parents=True)
    if name in PIPELINES:
        _write_pipeline(name, folder, tiny)
    else:
        _write_single(*SINGLES[name], folder, tiny)
    return folder


def _write_pipeline(name: str, folder: Path, tiny: bool) -> None:
    layout, parts = PIPELINES[name], published()[name]
    index: dict[str, Any] = {"_class_name": layout.pipeline, **layout.settings}
    for part, component in parts.items():
        _write_component(component, folder / part, tiny)
        index[part] = configs()[component]["class"].split(".")
    for part, encoder in layout.tokenizers.items():
        tokenizer = _write_tokenizer(parts[encoder], folder / part, tiny)
        index[part] = ["transformers", type(tokenizer).__name__]
    getattr(diffusers, layout.scheduler)(**layout.config).save_pretrained(folder / "scheduler")
    index["scheduler"] = ["diffusers", layout.scheduler]
    (folder / "model_index.json").write_text(json.dumps(index, indent=2), encoding="utf-8")


def _write_single(component: str, pictures: str | None, folder: Path, tiny: bool) -> None:
    _write_component(component, folder, tiny)
    _write_tokenizer(component, folder, tiny)
    if pictures is not None:
        side = config(component, tiny)["vision_config"]["image_size"]
        prepare = getattr(transformers, pictures)(size={"height": side, "width": side})
        prepare.save_pretrained(folder)


def _write_tokenizer(component: str, folder: Path, tiny: bool) -> Any:
    words = config(component, tiny)
    size = int(words.get("text_config", words)["vocab_size"])
    tokenizer = OF[configs()[component]["class"].partition(".")[2]](size)
    tokenizer.save_pretrained(folder)
    return tokenizer


def _write_component(component: str, folder: Path, tiny: bool) -> None:
    """Its configuration and one safetensors file, each shared tensor in it once."""
    library, _, kind = configs()[component]["class"].partition(".")
    made, chosen = getattr(importlib.import_module(library), kind), config(component, tiny)
    with torch.device("meta"):
        model = made(**chosen) if library == "diffusers" else made(made.config_class(**chosen))
    if library == "diffusers":
        model.save_config(folder)
    else:
        model.config.architectures = [kind]
        model.config.save_pretrained(folder)
    kept = {name: one for name, one in model.named_buffers() if name.endswith(STATISTICS)}
    shapes = {name: tuple(one.shape) for name, one in (*model.named_parameters(), *kept.items())}
    with (folder / FILES[library]).open("wb") as file:
        _write_weights(shapes, file)


def config(component: str, tiny: bool) -> dict[str, Any]:
    """The published configuration, or what is left of it when it is tiny."""
    chosen = dict(configs()[component]["config"])
    for name, value in _tiny()[component].items() if tiny else ():
        nested = isinstance(value, dict)
        chosen[name] = {**chosen[name], **value} if nested else value
    return chosen


@cache
def _tiny() -> Mapping[str, Any]:
    return json.loads(TINY.read_text(encoding="utf-8"))


def _write_weights(shapes: Mapping[str, tuple[int, ...]], file: BinaryIO) -> None:
    """The safetensors format: length of the header, header, bytes of the tensors in turn."""
    header, end = {}, 0
    for name, shape in shapes.items():
        begin, end = end, end + math.prod(shape) * ITEM
        header[name] = {"dtype": "BF16", "shape": shape, "data_offsets": [begin, end]}
    told = json.dumps(header).encode()
    file.write(struct.pack("<Q", len(told)) + told)
    for name, shape in shapes.items():
        values = _values(name, shape)
        left = math.prod(shape) * ITEM
        while left:
            left -= file.write(values[:left])


def _values(name: str, shape: tuple[int, ...]) -> memoryview:
    """Values that keep a signal's size from layer to layer, to be repeated as needed."""
    if len(shape) > 1:
        return _noise(math.prod(shape[1:]) ** -0.5)
    return _same(1.0 if name.endswith(("weight", "var")) else 0.0)  # norms, and biases


@cache
def _noise(scale: float) -> memoryview:
    random = torch.randn(TILE, generator=torch.Generator().manual_seed(0))
    return _bytes(random * scale)


@cache
def _same(value: float) -> memoryview:
    return _bytes(torch.full((TILE,), value))


def _bytes(values: torch.Tensor) -> memoryview:
    return values.bfloat16().view(torch.int16).numpy().data.cast("B")


def main(arguments: list[str]) -> int:
    if len(arguments) != 2 or arguments[0] not in NAMES:
        print(f"usage: python -m tools.full_size {{{','.join(NAMES)}}} FOLDER")
        return 2
    print(write(arguments[0], Path(arguments[1])))
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))

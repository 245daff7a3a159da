"""Traces the published full-size configurations and writes the coefficients the planner uses.

    python -m tools.footprints

Nothing is downloaded and no weights are made. Run it again when a library that builds the
models changes; a test traces again and fails when the written numbers have drifted.
"""

from __future__ import annotations

import functools
import importlib
import json
import logging
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import torch
from numpy.polynomial import Polynomial
from transformers.initialization import no_init_weights

from aura.memory.activations import DATA, guided, width
from aura.memory.towers import DESCRIBED, TOWERS
from aura.memory.weights import Parts, divided, towers
from tools.forwards import FORWARDS, Forward
from tools.tracing import Trace, traced_pass

CONFIGS = Path(__file__).with_name("configs.json")
DTYPES = {"half": torch.bfloat16, "full": torch.float32}


def main() -> None:
    logging.getLogger("diffusers").setLevel(logging.ERROR)
    written = json.loads(DATA.read_text(encoding="utf-8"))
    written["components"] = {name: entry(name) for name in names()}
    DATA.write_text(json.dumps(written, indent=2) + "\n", encoding="utf-8")


@functools.cache
def configs() -> Mapping[str, Any]:
    return json.loads(CONFIGS.read_text(encoding="utf-8"))


def names() -> tuple[str, ...]:
    """What is traced: each configuration, or each of its towers as ``name.tower``."""
    return tuple(
        f"{name}.{tower}" if tower else name
        for name in configs()
        for tower in TOWERS.get(kind(name), ("",))
    )


def written_of(name: str) -> Mapping[str, Any]:
    return configs()[name.partition(".")[0]]


def entry(name: str) -> dict[str, Any]:
    """What the planner needs to know of one published component."""
    config, forward = described(name), forward_of(name)
    return {
        "class": kind(name),
        "variant": tower(name) or config.get("addition_embed_type"),
        "guided": guided(config),
        "width": width(config),
        "patches": patches(config),
        "tokens": written_of(name).get("tokens") or config.get("max_position_embeddings", 512),
        "unit": forward.unit,
        "weights": parts(name).as_dict(),
        "activations": lines(name),
        "work": curve(name),
        "ways": {way: lines(name, way) | {"work": curve(name, way)} for way in ways(name)},
    }


def ways(name: str) -> tuple[str, ...]:
    """Other ways through the same model, such as an autoencoder's encoder."""
    return tuple(key.partition(":")[2] for key in FORWARDS if key.startswith(f"{kind(name)}:"))


def lines(name: str, way: str = "") -> dict[str, dict[str, float]]:
    return {form: line(name, DTYPES[form], way) for form in forms(name)}


def forms(name: str) -> tuple[str, ...]:
    """In which width of numbers the model can compute: some have no kernels for the half."""
    return tuple(written_of(name).get("forms", DTYPES))


def described(name: str) -> Mapping[str, Any]:
    """The configuration of the component itself, also where it is a tower of a model."""
    config = written_of(name)["config"]
    config = config.get(DESCRIBED.get(tower(name), ""), config)
    return config | config.get("backbone_config", {})


def patches(config: Mapping[str, Any]) -> int:
    """Positions of one picture; 1 for what has none."""
    side, patch = config.get("image_size"), config.get("patch_size")
    return (side // patch) ** 2 if side and patch else 1


def parts(name: str) -> Parts:
    with torch.device("meta"):
        shapes = {n: tuple(p.shape) for n, p in build(name).named_parameters()}
    if not tower(name):
        return divided(shapes)
    return towers(shapes, TOWERS[kind(name)])[tower(name)]


def line(name: str, dtype: torch.dtype, way: str = "") -> dict[str, float]:
    """Bytes per position and a constant, through the two samples of its architecture."""
    forward = forward_of(name, way)
    (less, few), (more, many) = (
        (forward.positions(*sample), traced(name, dtype, *sample, way).peak)
        for sample in forward.samples
    )
    slope = (many - few) / (more - less)
    return {"each": round(slope, 3), "once": round(few - slope * less)}


def curve(name: str, way: str = "") -> dict[str, float]:
    """Operations of one item, through every size its architecture is traced at.

    Attention looks from each position at each: with three sizes there is a square. Where
    there is but one, the work is taken to be in proportion.
    """
    forward, dtype = forward_of(name, way), DTYPES[forms(name)[-1]]
    sizes = {size for size, _ in (*forward.samples, forward.check)}
    points = {
        forward.positions(size, 1): float(traced(name, dtype, size, 1, way).work)
        for size in sorted(sizes)
    }
    if len(points) == 1:
        points[0] = 0.0
    fitted = Polynomial.fit(list(points), list(points.values()), len(points) - 1).convert()
    once, each, square = (*fitted.coef, 0.0)[:3]
    return {"square": round(square, 3), "each": round(each, 3), "once": round(once)}


@functools.cache
def traced(name: str, dtype: torch.dtype, size: int, batch: int, way: str = "") -> Trace:
    """Peak activation bytes and work of one forward pass."""
    config, call = written_of(name)["config"], forward_of(name, way).call
    return traced_pass(
        lambda: build(name), lambda model, dt: call(model, config, dt, size, batch), dtype
    )


def build(name: str) -> torch.nn.Module:
    written = written_of(name)
    library, _, class_name = written["class"].rpartition(".")
    made = getattr(importlib.import_module(library), class_name)
    if library != "transformers":
        return made(**written["config"])
    with no_init_weights():  # initialising reads values, and fake tensors have none
        model = made(made.config_class(**written["config"]))
    model.tie_weights()
    return model


def kind(name: str) -> str:
    return str(written_of(name)["class"]).rpartition(".")[2]


def tower(name: str) -> str:
    return name.partition(".")[2]


def forward_of(name: str, way: str = "") -> Forward:
    part = f".{tower(name)}" if tower(name) else ""
    return FORWARDS[f"{kind(name)}{part}{':' if way else ''}{way}"]


if __name__ == "__main__":
    main()

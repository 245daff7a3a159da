"""Published networks, built at full size without memory, against listings of their tensors.

A listing gives names with their shapes, or names alone where no more was published, and the
number of parameters. ``{0-3}`` stands for four names.
"""

from __future__ import annotations

import json
import math
import re
from pathlib import Path

import pytest
import torch
from diffusers.loaders import single_file_utils

from aura.families.formats import renamed
from tools import footprints

LISTINGS = Path(__file__).with_name("listings")
PUBLISHED = ("flux1-dev", "flux2-klein-4b", "sana-sprint-0.6b", "qwen3-4b")
SPAN = re.compile(r"\{(\d+)-(\d+)\}")


def read(name: str) -> tuple[str, int, dict[str, tuple[int, ...] | None]]:
    """What it is of, its number of parameters, and its tensors."""
    told = json.loads((LISTINGS / f"{name}.json").read_text())
    tensors = {
        key: shape and tuple(shape)
        for pattern, shape in told["tensors"].items()
        for key in spelt(pattern)
    }
    return told["of"], told["parameters"], tensors


def spelt(pattern: str) -> list[str]:
    span = SPAN.search(pattern)
    if span is None:
        return [pattern]
    return [SPAN.sub(str(n), pattern) for n in range(int(span[1]), int(span[2]) + 1)]


def built(component: str) -> dict[str, tuple[int, ...]]:
    with torch.device("meta"):
        net = footprints.build(component)
    return {name: tuple(one.shape) for name, one in net.state_dict().items()}


def empty(tensors) -> dict[str, torch.Tensor]:
    return {name: torch.empty(shape, device="meta") for name, shape in tensors.items()}


@pytest.mark.parametrize("name", PUBLISHED)
def test_a_published_network_has_the_tensors_of_its_listing(name):
    of, parameters, listed = read(name)
    own = built(of)
    assert set(own) == set(listed)
    assert {key: own[key] for key, shape in listed.items() if shape} == {
        key: shape for key, shape in listed.items() if shape
    }
    assert sum(map(math.prod, own.values())) == parameters


def test_the_one_file_of_flux_fills_its_network():
    of, parameters, listed = read("flux1-dev-file")
    made = renamed(empty(listed))
    assert {key: tuple(one.shape) for key, one in made.items()} == built(of)
    assert sum(one.numel() for one in made.values()) == parameters


def test_the_one_file_of_z_image_holds_its_network():
    of, parameters, listed = read("z-image-turbo-file")
    assert len(listed) == 453
    made = single_file_utils.convert_z_image_transformer_checkpoint_to_diffusers(empty(listed))
    assert {key: tuple(one.shape) for key, one in made.items()} == built(of)
    assert sum(one.numel() for one in made.values()) == parameters

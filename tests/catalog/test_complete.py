"""Which folders hold a whole model: in half precision alone, of one part, of named files."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import pytest

from aura.catalog import complete


@pytest.fixture
def copy(tiny_pack: Path, tmp_path: Path) -> Path:
    return Path(shutil.copytree(tiny_pack, tmp_path / "pack"))


def halve(path: Path) -> Path:
    return path.rename(path.with_name(f"{path.stem}.fp16{path.suffix}"))


def test_weights_in_half_precision_alone_are_a_whole_model(copy):
    for path in list(copy.rglob("*.safetensors")):
        halve(path)
    assert complete.flaw(copy) is None


def test_one_part_may_be_in_half_precision_alone(copy):
    halve(next((copy / "unet").glob("*.safetensors")))
    assert complete.flaw(copy) is None


def test_full_precision_is_what_counts_where_both_are_there(copy):
    full = next((copy / "unet").glob("*.safetensors"))
    shutil.copy(full, full.with_name(f"{full.stem}.fp16.safetensors"))
    full.write_bytes(full.read_bytes()[:-1])
    assert complete.flaw(copy) == full


def test_half_precision_in_shards_needs_every_shard(copy):
    unet = copy / "unet"
    first = unet / "diffusion_pytorch_model.fp16-00001-of-00002.safetensors"
    next(unet.glob("*.safetensors")).rename(first)
    second = unet / "diffusion_pytorch_model.fp16-00002-of-00002.safetensors"
    index = {"weight_map": {"a": first.name, "b": second.name}}
    (unet / "diffusion_pytorch_model.safetensors.index.fp16.json").write_text(json.dumps(index))
    assert complete.flaw(copy) == second
    shutil.copy(first, second)
    assert complete.flaw(copy) is None


def test_weights_cut_short_are_found_in_half_precision_too(copy):
    path = halve(next((copy / "vae").glob("*.safetensors")))
    path.write_bytes(path.read_bytes()[:-1])
    assert complete.flaw(copy) == path


def test_a_model_of_one_part_needs_its_configuration_and_its_weights(copy):
    lone = copy / "text_encoder"
    assert complete.flaw(lone) is None
    (lone / "model.safetensors").rename(copy / "kept")
    assert complete.flaw(lone) is not None


def test_named_files_are_each_needed_and_whole(copy):
    folder = copy / "vae"
    assert complete.flaw(folder, ("*.safetensors", "config.json")) is None
    assert complete.flaw(folder, ("other.safetensors",)) == folder / "other.safetensors"
    weights = next(folder.glob("*.safetensors"))
    weights.write_bytes(weights.read_bytes()[:-1])
    assert complete.flaw(folder, ("*.safetensors",)) == weights

"""FLUX's transformer in one file, as people have it: through the catalogue to a picture."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import numpy as np
import pytest
import torch
from diffusers import FluxTransformer2DModel
from safetensors.torch import load_file, save_file

from aura.catalog.models import Catalog
from aura.catalog.own import files
from aura.errors import LenderMissing
from aura.families.base import Drawn
from aura.families.placement import bytes_of
from aura.families.registry import by_name
from aura.requests import GenerateRequest
from aura.settings import Settings
from tests.engine import scripted
from tests.families import components
from tests.families.plans import plan
from tools import full_size

TYPES = {"bf16": torch.bfloat16, "fp8": torch.float8_e4m3fn, "fp8-e5m2": torch.float8_e5m2}
FILES = (*TYPES, "Q8_0", "Q4_0")
NEAR = {"bf16": 0, "fp8": 8, "fp8-e5m2": 12, "Q8_0": 8, "Q4_0": 24}  # of 255, on average


@pytest.fixture(scope="module")
def places(tmp_path_factory) -> Path:
    """A folder with a FLUX that has no transformer, one with its transformer in files."""
    root = tmp_path_factory.mktemp("flux")
    whole = full_size.write("flux1-schnell", root / "whole", tiny=True)
    bare = shutil.copytree(whole, root / "models" / "bare")
    (weights,) = (bare / "transformer").glob("*.safetensors")
    tensors = load_file(weights)
    weights.unlink()
    made = root / "models" / "unet"
    made.mkdir()
    for name, kind in TYPES.items():
        save_file({key: one.to(kind) for key, one in tensors.items()}, made / f"{name}.safetensors")
    net = FluxTransformer2DModel.from_pretrained(whole / "transformer")
    for form in ("Q8_0", "Q4_0"):
        components.write_gguf(net, made / f"{form}.gguf", form)
    return root


@pytest.fixture(scope="module")
def catalog(places) -> Catalog:
    return Catalog.read(Settings(models_dirs=(places / "models", places)))


def request(id: str) -> GenerateRequest:
    return scripted.request(model=id)


def drawn(catalog: Catalog, id: str, **placed) -> np.ndarray:
    model, asked = catalog.get(id), plan(dtype="bf16", **placed)
    family = by_name()[model.family]
    loaded = family.load(model, catalog.require(model), asked)
    try:
        happenings = list(family.run(loaded, request(id), asked))
        (image,) = [one.image for one in happenings if isinstance(one, Drawn)]
    finally:
        family.unload(loaded)
    return np.asarray(image, int)


@pytest.mark.parametrize("file", FILES)
def test_a_transformer_in_a_file_draws_with_what_another_folder_lends(catalog, places, file):
    id = file.lower().replace("_", "-")
    model = catalog.get(id)
    assert model.lender == str(places / "models" / "bare")
    assert (model.kind, model.multiple, model.defaults.steps) == ("FLUX.1 schnell", 16, 4)
    picture = drawn(catalog, id)
    away = np.abs(picture - drawn(catalog, "whole")).mean()
    assert away <= NEAR[file]
    placed = {"rung": "leaf_offload", "device": "cpu:0"}
    assert np.array_equal(drawn(catalog, id, **placed), picture)


@pytest.mark.parametrize("form", ["fp8", "int8", "nf4"])
def test_a_file_of_plain_numbers_is_stored_smaller_as_a_folder_is(catalog, form):
    formats = {"transformer": form, "text_encoder_2": form}
    file, folder = drawn(catalog, "bf16", formats=formats), drawn(catalog, "whole", formats=formats)
    assert np.array_equal(file, folder)


@pytest.mark.parametrize(("id", "form"), [("fp8", "fp8"), ("q8-0", "gguf_q8"), ("q4-0", "gguf_q4")])
def test_a_file_that_is_small_already_needs_what_it_holds(catalog, id, form):
    model = catalog.get(id)
    family = by_name()[model.family]
    needs = family.footprint(model, catalog.require(model), request(id))
    core = needs.component("transformer")
    assert set(core.weights) == {"fp32", "fp16", "bf16", form}
    assert len(set(core.weights.values())) == 1
    assert form in needs.rungs and "fp8" in needs.component("text_encoder_2").weights
    loaded = family.load(model, catalog.require(model), plan(dtype="bf16"))
    assert core.weights[form] == pytest.approx(bytes_of(loaded.pipe.transformer), rel=0.25)
    family.unload(loaded)


def test_schnell_lends_nothing_to_dev(places, tmp_path):
    models = shutil.copytree(places / "models", tmp_path / "models")
    config = models / "bare" / "transformer" / "config.json"
    config.write_text(json.dumps(json.loads(config.read_text()) | {"guidance_embeds": True}))
    catalog = Catalog.read(Settings(models_dirs=(models,)))
    model = catalog.get("bf16")
    assert catalog.installed(model) is None
    with pytest.raises(LenderMissing) as refused:
        catalog.require(model)
    assert refused.value.facts["kind"] == "FLUX.1 schnell"


@pytest.mark.parametrize("kind", ["scaled_fp8", "layer.scale_weight", "layer.weight_scale"])
def test_weights_with_scales_beside_them_are_refused_with_the_reason(tmp_path, places, kind):
    tensors = load_file(places / "models" / "unet" / "fp8.safetensors")
    save_file(tensors | {kind: torch.ones(1)}, tmp_path / "scaled.safetensors")
    (refused,) = files((tmp_path,)).refused
    assert refused.error["facts"]["problem"] == "error.problem.weights_scaled"

"""Footprints of models that are no pipelines: which of their towers a request needs."""

from __future__ import annotations

import json

import pytest
from safetensors.torch import save_file
from transformers import BlipForConditionalGeneration

from aura.catalog.models import LIST, shipped
from aura.errors import ModelDamaged
from aura.memory import towers
from aura.memory.batches import batch, tile
from aura.memory.examples import example, smaller
from aura.requests import CaptionRequest, EmbedRequest, UpscaleRequest

MODELS = {model.id: model for model in shipped(LIST) if not model.added}
SMALL = {"hidden_size": 32, "intermediate_size": 64, "num_hidden_layers": 2}
HEADS = {"num_attention_heads": 2}


def published(request, rungs=()):
    return towers.footprint(request.model, None, request, rungs)


def embed(model, **changes):
    return EmbedRequest(model=model, **({"batch": 4} | changes))


@pytest.fixture(scope="module")
def blip(tmp_path_factory):
    """A small BLIP as it is published: with the tied table of words written twice."""
    kind = BlipForConditionalGeneration
    vision = SMALL | HEADS | {"image_size": 32, "patch_size": 16}
    text = SMALL | HEADS | {"vocab_size": 100, "encoder_hidden_size": 32}
    net = kind(kind.config_class(vision_config=vision, text_config=text))
    folder = tmp_path_factory.mktemp("blip")
    net.config.architectures = [kind.__name__]
    net.config.save_pretrained(folder)
    written = {name: tensor.clone() for name, tensor in net.state_dict().items()}
    save_file(written, folder / "model.safetensors")
    return folder, net


def test_a_folder_s_bytes_are_those_that_loading_takes(blip):
    folder, net = blip
    request = CaptionRequest(model="mine", pictures=("-",))
    footprint = towers.footprint("mine", folder, request, ("resident",))
    for name in ("vision_model", "text_decoder"):
        loaded = sum(p.numel() * p.element_size() for p in getattr(net, name).parameters())
        assert footprint.component(name).weights["fp32"] == pytest.approx(loaded, rel=0.01)


def test_a_small_model_is_not_expected_to_compute_like_a_large_one(blip):
    request = CaptionRequest(model="mine", pictures=("-",))
    small = towers.footprint("mine", blip[0], request, ())
    large = published(CaptionRequest(model="blip-base", pictures=("-",)))
    assert small.activations["encoding"]["fp32"] < large.activations["encoding"]["fp32"] / 100


def test_a_folder_of_no_known_class_is_damaged(tmp_path):
    (tmp_path / "config.json").write_text(json.dumps({"architectures": ["Other"]}))
    with pytest.raises(ModelDamaged):
        towers.footprint("mine", tmp_path, CaptionRequest(model="mine", pictures=("-",)), ())


def test_a_request_computes_with_the_tower_that_reads_it_alone():
    texts = published(embed("siglip-so400m", texts=("a",)))
    pictures = published(embed("siglip-so400m", pictures=("a",)))
    assert texts.uses == {"encoding": ("text_model",)}
    assert pictures.uses == {"encoding": ("vision_model",)}
    assert {part.name for part in texts.components} == {"text_model", "vision_model"}


def test_what_an_embedder_reads_is_told_by_its_towers():
    assert towers.reads("siglip-so400m") == ("picture", "text")
    assert towers.reads("clap") == ("sound", "text")
    assert towers.reads("bge-m3") == ("text",)


def test_a_batch_takes_what_its_items_take():
    one, many = (
        published(embed("bge-m3", texts=("a",) * 16, batch=size)).activations["encoding"]["bf16"]
        for size in (1, 16)
    )
    assert many == pytest.approx(16 * one, rel=0.01)


def test_no_more_is_computed_at_once_than_was_asked_for():
    few = embed("bge-m3", texts=("a",) * 3, batch=64)
    assert batch(few, ()) == 3
    assert batch(few.model_copy(update={"batch": 8}), ("small_batch",)) == 2
    assert tile(UpscaleRequest(model="x", pictures=("-",), tile=512), ("small_tile",)) == 256


@pytest.mark.parametrize(
    ("name", "switch"), [("bge-m3", "small_batch"), ("realesrgan-x4plus", "small_tile")]
)
def test_less_at_once_takes_a_quarter(name, switch):
    footprint = published(example(MODELS[name]))
    (stage,) = footprint.uses
    whole, relieved = footprint.activations[stage], footprint.relief[switch][stage]
    assert relieved["fp32"] == pytest.approx(whole["fp32"] / 4, rel=0.01)


def test_an_upscaler_is_computed_in_half_where_that_is_offered():
    """It is small, and what it works on is not."""
    large = example(MODELS["realesrgan-x4plus"])
    small = UpscaleRequest(model="realesrgan-x4plus", pictures=("-",), tile=64)
    assert published(large).ranked(("bf16", "fp32"))[0] == "bf16"
    assert published(small).ranked(("bf16", "fp32"))[0] == "fp32"


def test_a_network_without_kernels_for_half_precision_is_planned_in_full():
    assert published(example(MODELS["lama"])).dtypes() == ("fp32",)


@pytest.mark.parametrize("model", MODELS.values(), ids=list(MODELS))
def test_every_model_can_be_asked_for_what_it_is_for_and_for_less(model):
    request = example(model)
    assert (request.task, request.model) == (model.task, model.id)
    for _, less in smaller(request):
        assert type(request).model_validate(less.model_dump()) != request

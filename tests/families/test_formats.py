"""Weights stored smaller, really loaded and run on the processor: their bytes and answers."""

from __future__ import annotations

import functools
import json
import shutil
from pathlib import Path

import pytest
import torch
from safetensors.torch import load_file, save_file

from aura.errors import ModelMissing
from aura.families import formats
from aura.families.formats import class_of, component
from aura.families.placement import Placement
from aura.families.stored import Incomplete
from aura.memory.weights import read
from tests.families import components
from tests.families.plans import plan

CPU = torch.device("cpu")
ANSWERS = {
    "transformer": components.drawn,
    "text_encoder_2": components.spoken,
    "unet": components.painted,
}
# How far an answer may be from the plain one, relative to it.
BOUNDS = {"fp8": 0.08, "int8": 0.03, "nf4": 0.25, "gguf_q8": 0.03, "gguf_q4": 0.25}
CASES = [
    ("transformer", "fp8"),
    ("transformer", "int8"),
    ("transformer", "nf4"),
    ("transformer", "gguf_q8"),
    ("transformer", "gguf_q4"),
    ("text_encoder_2", "fp8"),
    ("text_encoder_2", "int8"),
    ("text_encoder_2", "nf4"),
    ("unet", "fp8"),
    ("unet", "int8"),
]


@pytest.fixture(scope="module")
def folder(tmp_path_factory) -> Path:
    """Parts of pipelines, wide enough that scales and norms weigh as little as in real ones."""
    folder = tmp_path_factory.mktemp("stored")
    made = {
        "transformer": components.flux(double=1, single=1, width=512),
        "text_encoder_2": components.t5(width=256),
        "unet": components.unet(width=128),
    }
    for name, model in made.items():
        model.to(torch.bfloat16).save_pretrained(folder / name)
    index = {
        "transformer": ["diffusers", "FluxTransformer2DModel"],
        "text_encoder_2": ["transformers", "T5EncoderModel"],
        "unet": ["diffusers", "UNet2DConditionModel"],
        "stranger": ["os", "system"],
    }
    (folder / "model_index.json").write_text(json.dumps(index))
    for form in ("Q8_0", "Q4_0"):
        components.write_gguf(
            made["transformer"], folder / "transformer" / f"tiny-{form}.gguf", form
        )
    return folder


@pytest.fixture(scope="module")
def stored(folder):
    """A component in a form, loaded once for those tests that only look at it."""
    return functools.cache(lambda name, form: component(folder, name, form, torch.bfloat16, CPU))


@functools.cache
def plain(folder, name):
    model = class_of(folder, name)
    return model.from_pretrained(folder / name, dtype=torch.bfloat16).eval()


def stored_bytes(model) -> int:
    """Bytes of everything a model is made of, with the scales of packed weights."""
    return sum(size(tensor) for tensor in model.parameters())


def size(tensor) -> int:
    if hasattr(tensor, "__tensor_flatten__"):  # torchao's
        return sum(size(getattr(tensor, name)) for name in tensor.__tensor_flatten__()[0])
    scales = size(tensor.quant_state.absmax) if hasattr(tensor, "quant_state") else 0
    return tensor.numel() * tensor.element_size() + scales


@pytest.mark.parametrize(("name", "form"), CASES)
def test_a_stored_form_takes_the_bytes_that_were_predicted(folder, stored, name, form):
    predicted = read(folder / name).bytes((form,))[form]
    assert stored_bytes(stored(name, form)) == pytest.approx(predicted, rel=0.02)


@pytest.mark.parametrize(("name", "form"), CASES)
def test_a_stored_form_answers_nearly_as_the_plain_one(folder, stored, name, form):
    answer, expected = (
        ANSWERS[name](model).float() for model in (stored(name, form), plain(folder, name))
    )
    assert torch.isfinite(answer).all()
    error = (answer - expected).norm() / expected.norm()
    assert 0 < error < BOUNDS[form]


@pytest.mark.parametrize(
    "rung", ["model_offload", "partial_blocks", "group_offload", "leaf_offload"]
)
@pytest.mark.parametrize("form", BOUNDS)
def test_a_stored_form_computes_the_same_in_every_place(stored, form, rung):
    model = stored("transformer", form)
    expected = components.drawn(model)
    uses = {"encoding": (), "denoising": ("transformer",)}
    device, placed = torch.device("cpu:0"), plan(rung=rung, share=0.5)
    placement = Placement({"transformer": model}, uses, "transformer", placed, device)
    placement.settle()
    for _ in range(2):
        placement.enter("denoising")
        assert torch.equal(components.drawn(model), expected)
        placement.leave()
    placement.lift()
    assert torch.equal(components.drawn(model), expected)
    assert not any(m._forward_hooks or m._forward_pre_hooks for m in model.modules())


@pytest.mark.parametrize("form", ["int8", "nf4"])
def test_packed_blocks_are_on_the_device_only_while_they_compute(stored, form):
    model = stored("transformer", form)
    seen = []
    watch = model.single_transformer_blocks[0].register_forward_hook(
        lambda *_: seen.append([is_away(block) for block in blocks])
    )
    blocks = [*model.transformer_blocks, *model.single_transformer_blocks]
    homes = {id(p) for p in model.parameters()}

    def is_away(block) -> bool:
        return any(id(p) not in homes for p in block.parameters())

    uses, placed = {"encoding": (), "denoising": ("transformer",)}, plan(rung="group_offload")
    placement = Placement(
        {"transformer": model}, uses, "transformer", placed, torch.device("cpu:0")
    )
    placement.settle()
    placement.enter("denoising")
    components.drawn(model)
    watch.remove()
    placement.lift()
    assert seen == [[False, True]]
    assert not any(is_away(block) for block in blocks)


def test_the_layers_of_t5_that_overflow_stay_as_they_are(folder):
    model = component(folder, "text_encoder_2", "nf4", torch.float16, CPU)
    kept = [p for name, p in model.named_parameters() if name.endswith(".wo.weight")]
    assert kept and all(p.dtype == torch.bfloat16 and p.ndim == 2 for p in kept)


def test_a_form_that_is_not_on_the_disk_is_named_as_missing(folder, tmp_path):
    (tmp_path / "transformer").mkdir()
    (tmp_path / "model_index.json").write_bytes((folder / "model_index.json").read_bytes())
    with pytest.raises(ModelMissing):
        component(tmp_path, "transformer", "gguf_q4", torch.bfloat16, CPU)


def test_a_model_index_cannot_name_a_class_of_any_library(folder):
    with pytest.raises(KeyError):
        component(folder, "stranger", "fp8", torch.bfloat16, CPU)


def test_making_weights_smaller_leaves_the_process_as_it_was(folder):
    before = torch.get_float32_matmul_precision(), torch.get_default_dtype()
    for form in ("fp8", "int8", "nf4"):
        component(folder, "text_encoder_2", form, torch.bfloat16, CPU)
    assert (torch.get_float32_matmul_precision(), torch.get_default_dtype()) == before


@pytest.mark.parametrize("form", ["fp8", "int8", "nf4"])
def test_loading_holds_no_more_than_one_layer_that_is_not_yet_small(folder, monkeypatch, form):
    most = 0
    fill = formats.set_module_tensor_to_device

    def watched(net, *what, **how):
        nonlocal most
        fill(net, *what, **how)
        wide = [one for _, one in formats.shrinkable(net, form) if is_wide(one.weight)]
        most = max(most, len(wide))

    monkeypatch.setattr(formats, "set_module_tensor_to_device", watched)
    component(folder, "text_encoder_2", form, torch.bfloat16, CPU)
    assert most == 1


def is_wide(weight) -> bool:
    plain = type(weight) is torch.nn.Parameter and weight.dtype == torch.bfloat16
    return plain and not weight.is_meta


def test_a_component_with_a_tensor_missing_is_incomplete(folder, tmp_path):
    broken = shutil.copytree(folder / "text_encoder_2", tmp_path / "text_encoder_2")
    (tmp_path / "model_index.json").write_bytes((folder / "model_index.json").read_bytes())
    weights = broken / "model.safetensors"
    tensors = load_file(weights)
    tensors.pop("encoder.block.1.layer.0.SelfAttention.q.weight")
    save_file(tensors, weights)
    with pytest.raises(Incomplete):
        component(tmp_path, "text_encoder_2", "int8", torch.bfloat16, CPU)

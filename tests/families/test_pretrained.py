"""What captioners and embedders have in common: loading, stopping, leaving nothing behind."""

from __future__ import annotations

import gc
import shutil
import weakref

import numpy as np
import pytest
import torch

from aura.errors import ModelDamaged, ModelMissing
from aura.families.base import Captioned, Embedded, Result
from aura.families.bge import Bge
from aura.families.blip import Blip
from aura.families.siglip import Siglip
from aura.requests import CaptionRequest, EmbedRequest
from tests.families.plans import plan
from tests.families.published import catalogue, pictures

FAMILIES = {"blip-base": Blip(), "siglip-so400m": Siglip(), "bge-m3": Bge()}


@pytest.fixture(params=FAMILIES)
def name(request):
    return request.param


@pytest.fixture
def asked(name, tmp_path):
    """Three items, in as many batches."""
    if name == "blip-base":
        return CaptionRequest(model=name, pictures=pictures(tmp_path, 3), tokens=3)
    return EmbedRequest(model=name, texts=("a", "red circle", "the sea"), batch=1)


def load(name, folder, **changes):
    return FAMILIES[name].load(catalogue()[name], folder, plan(**changes))


def results(name, loaded, asked, first=0):
    happenings = FAMILIES[name].run(loaded, asked, plan(), first)
    return [told(one) for one in happenings if isinstance(one, Result)]


def told(result):
    return result.text if isinstance(result, Captioned) else result.vectors.tobytes()


def test_the_same_request_gives_the_same_results(name, asked, tiny_models):
    loaded = load(name, tiny_models / name)
    assert results(name, loaded, asked) == results(name, loaded, asked)
    again = load(name, tiny_models / name)
    assert results(name, loaded, asked) == results(name, again, asked)


def test_a_second_attempt_goes_on_where_the_first_ended(name, asked, tiny_models):
    loaded = load(name, tiny_models / name)
    run = FAMILIES[name].run(loaded, asked, plan())
    first = next(one for one in run if isinstance(one, Result))
    run.close()
    rest = results(name, loaded, asked, first=first.following)
    assert [told(first), *rest] == results(name, loaded, asked)


def test_closing_at_any_happening_leaves_the_model_usable(name, asked, tiny_models):
    loaded = load(name, tiny_models / name, rung="model_offload")
    expected = results(name, loaded, asked)
    for stop_at in range(1, 7):
        run = FAMILIES[name].run(loaded, asked, plan())
        for _ in range(stop_at):
            next(run)
        run.close()
        assert not loaded.placement.here
    assert results(name, loaded, asked) == expected


def test_what_was_parked_works_again_in_its_place(name, asked, tiny_models):
    loaded = load(name, tiny_models / name)
    expected = results(name, loaded, asked)
    FAMILIES[name].park(loaded)
    assert not loaded.placement.here
    FAMILIES[name].unpark(loaded, plan(rung="model_offload"))
    assert results(name, loaded, asked) == expected


def test_unloading_leaves_no_network_behind(name, asked, tiny_models):
    loaded = load(name, tiny_models / name)
    results(name, loaded, asked)
    network = weakref.ref(loaded.net)
    FAMILIES[name].unload(loaded)
    gc.collect()
    assert network() is None


@pytest.mark.parametrize("name", ["siglip-so400m", "bge-m3"])
def test_half_precision_means_the_same(name, asked, tiny_models):
    full = load(name, tiny_models / name)
    half = load(name, tiny_models / name, dtype="bf16")
    assert half.net.dtype == torch.bfloat16
    for a, b in zip(vectors(name, full, asked), vectors(name, half, asked), strict=True):
        assert float((a * b).sum(axis=1).min()) > 0.999


def vectors(name, loaded, asked):
    run = FAMILIES[name].run(loaded, asked, plan())
    return [np.array(one.vectors) for one in run if isinstance(one, Embedded)]


@pytest.mark.parametrize("file", ["config.json", "model.safetensors", "tokenizer.json"])
def test_a_missing_file_is_told_as_damage(name, file, tiny_models, tmp_path):
    copy = shutil.copytree(tiny_models / name, tmp_path / "copy")
    (copy / file).unlink()
    with pytest.raises(ModelDamaged):
        load(name, copy)


def test_a_file_that_was_cut_short_is_told_as_damage(name, tiny_models, tmp_path):
    copy = shutil.copytree(tiny_models / name, tmp_path / "copy")
    weights = copy / "model.safetensors"
    weights.write_bytes(weights.read_bytes()[:-1000])
    with pytest.raises(ModelDamaged):
        load(name, copy)


def test_a_model_nobody_traced_and_nobody_has_is_missing(name, asked):
    stranger = catalogue()[name].model_copy(update={"id": "stranger"})
    with pytest.raises(ModelMissing):
        FAMILIES[name].footprint(stranger, None, asked)

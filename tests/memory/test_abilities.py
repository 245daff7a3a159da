"""What can be planned here depends on what is installed and on what lies on the disk."""

from __future__ import annotations

import pytest

from aura.catalog import decoders
from aura.catalog.models import LIST, shipped
from aura.catalog.quants import gguf_file
from aura.memory.abilities import ABILITIES, RANGES, abilities
from aura.memory.device import GIB
from aura.memory.simulated import imagined
from aura.memory.verdict import verdict

ALL = frozenset({"torchao", "bitsandbytes", "gguf", "openvino"})


@pytest.fixture(autouse=True)
def every_decoder(monkeypatch, tmp_path):
    monkeypatch.setattr(decoders, "tiny", lambda family: tmp_path)


def test_with_everything_there_a_family_can_do_all_it_declares():
    for family, declared in ABILITIES.items():
        assert abilities(family, packages=ALL) == declared


@pytest.mark.parametrize(
    ("package", "forms"),
    [
        ("torchao", {"int8"}),
        ("bitsandbytes", {"nf4"}),
        ("gguf", {"gguf_q8", "gguf_q4"}),
        ("openvino", {"openvino"}),
    ],
)
def test_a_form_whose_package_is_missing_is_never_planned(package, forms):
    there = set(abilities("unwritten", packages=ALL))
    assert there - set(abilities("unwritten", packages=ALL - {package})) == forms


def test_a_small_decoder_is_planned_only_where_it_is_on_the_disk(monkeypatch):
    assert "taesd" in abilities("stable_diffusion")
    monkeypatch.setattr(decoders, "tiny", lambda family: None)
    assert "taesd" not in abilities("stable_diffusion")


def test_a_model_on_the_disk_is_planned_as_gguf_only_with_such_a_file(tmp_path):
    part = tmp_path / "transformer"
    part.mkdir()
    assert not {"gguf_q8", "gguf_q4"} & set(abilities("unwritten", tmp_path, ALL))
    (part / "flux1-schnell-Q4_K_S.gguf").touch()
    assert {"gguf_q8", "gguf_q4"} & set(abilities("unwritten", tmp_path, ALL)) == {"gguf_q4"}


@pytest.mark.parametrize(
    ("name", "form"),
    [("flux1-dev-Q8_0.gguf", "gguf_q8"), ("a.q4_0.gguf", "gguf_q4"), ("b-Q4_K_M.gguf", "gguf_q4")],
)
def test_gguf_files_are_known_by_their_names(tmp_path, name, form):
    (tmp_path / name).touch()
    assert gguf_file(tmp_path, form) == tmp_path / name
    assert gguf_file(tmp_path, "fp8") is None


def test_a_card_without_bfloat16_is_not_promised_a_family_that_half_precision_overflows():
    card = imagined(12 * GIB, 32 * GIB).model_copy(update={"dtypes": ("fp16", "fp32")})
    for model in (one for one in shipped(LIST) if one.family in RANGES and not one.added):
        told = verdict(model, card)
        if told and told.plan:
            assert told.plan.dtype in RANGES[model.family]
    sdxl = next(one for one in shipped(LIST) if one.id == "sdxl")
    assert verdict(sdxl, card).plan.dtype == "fp16"

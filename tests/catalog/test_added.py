"""LoRAs, VAEs and textual inversions from a person's own folders."""

from __future__ import annotations

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from aura.catalog import Catalog
from aura.catalog.additions import Additions, mention, weights
from aura.catalog.models import LIST, shipped
from aura.catalog.remove import remove
from aura.catalog.triggers import LENGTH_MAX, WORDS_MAX, triggers
from aura.requests import SCHEDULERS, Lora
from aura.settings import Settings
from tests.catalog import layouts
from tests.engine.scripted import request


@pytest.fixture
def mine(tmp_path):
    """A folder as people have it, with one of each."""
    folder = tmp_path / "models"
    for name, shapes in {
        "loras/My Style v1.5": {
            "lora_unet_down_blocks_0_attentions_0_transformer_blocks_0_attn2_to_k.lora_down.weight":
            (4, 768),
            "lora_unet_down_blocks_0_attentions_0_transformer_blocks_0_attn2_to_k.lora_up.weight":
            (320, 4),
        },
        "vae/kl-f8-anime2": layouts.VAE,
        "vae/sdxl_vae": layouts.VAE,
        "vae/ae": layouts.FLUX_VAE,
        "embeddings/EasyNegative": {"emb_params": (8, 768)},
        "embeddings/negativeXL": {"clip_l": (8, 768), "clip_g": (8, 1280)},
    }.items():  # fmt: skip
        path = folder / f"{name}.safetensors"
        path.parent.mkdir(parents=True, exist_ok=True)
        layouts.safetensors(path, shapes)
    return folder


def catalogue(folder, tmp_path):
    return Catalog.read(Settings(app_dir=tmp_path, data_dir=tmp_path, models_dirs=(folder,)))


def test_each_is_known_by_what_it_fits(mine, tmp_path):
    found = catalogue(mine, tmp_path)
    own = {m.id: (m.task, m.family) for m in found.models if m.file}
    assert own == {
        "my-style-v1.5": ("lora", "stable_diffusion"),
        "kl-f8-anime2": ("vae", "stable_diffusion"),
        "kl-f8-anime2-xl": ("vae", "stable_diffusion_xl"),
        "sdxl-vae": ("vae", "stable_diffusion_xl"),
        "ae": ("vae", "flux"),
        "easynegative": ("embedding", "stable_diffusion"),
        "negativexl": ("embedding", "stable_diffusion_xl"),
    }
    for model in (found.get(id) for id in own):
        assert found.weights(model) == found.installed(model) and not model.draws


def test_what_is_added_never_draws_by_itself_and_has_no_verdict(mine, tmp_path):
    from aura.fits.rows import rows
    from aura.memory.simulated import imagined

    found = [model for model in catalogue(mine, tmp_path).models if model.added]
    assert len(found) > 7
    assert rows(found, imagined(8 * 2**30, 16 * 2**30)) == ()


def test_a_file_that_comes_in_a_folder_of_its_own_has_the_folders_name(mine, tmp_path):
    (mine / "my-vae-xl").mkdir()
    source = mine / "vae" / "sdxl_vae.safetensors"
    source.rename(mine / "my-vae-xl" / "diffusion_pytorch_model.safetensors")
    assert catalogue(mine, tmp_path).get("my-vae-xl").family == "stable_diffusion_xl"


def test_words_that_were_trained_are_found_where_they_are_named(mine, tmp_path):
    found = catalogue(mine, tmp_path)
    additions = Additions(found.get, lambda: found)
    named = additions.named("stable_diffusion", ["bad, (easynegative:1.2)", "negativeXL"])
    assert [one.model.id for one in named] == ["easynegative"]
    assert not additions.named("stable_diffusion", ["easynegatives"])


@pytest.mark.parametrize("text", ["word", "a WORD, b", "(word:1.2)", "embedding:word", "x word"])
def test_a_name_is_a_word_of_its_own(text):
    assert mention("word").search(text)
    assert not mention("word").search(text.replace("word", "words").replace("WORD", "my-word"))


def test_a_lora_named_twice_speaks_once_and_one_without_weight_not_at_all():
    asked = request(loras=(Lora(id="a", weight=0.5), Lora(id="b", weight=0), Lora(id="a")))
    assert weights(asked) == {"a": 1.5}


def test_shipped_ones_name_the_file_and_what_goes_with_it():
    found = [model for model in shipped(LIST) if model.added]
    assert {"lcm-lora-sd15", "sdxl-lightning", "sdxl-vae-fp16"} <= {model.id for model in found}
    for model in found:
        assert model.files and model.repo and not model.draws
        assert model.defaults.scheduler in SCHEDULERS
        assert model.defaults.steps <= 8 and model.defaults.guidance <= 1


# --- the words a LoRA answers to


def test_trigger_words_are_read_from_what_trainers_write(tmp_path):
    tags = {"10_sks dog": {"sks dog": 30, "grass": 12, "sky": 3}, "reg": {"grass": 4}}
    assert triggers({"ss_tag_frequency": json.dumps(tags)}) == ("sks dog", "grass", "sky")
    told = {"modelspec.trigger_phrase": "mystyle", "ss_tag_frequency": json.dumps(tags)}
    assert triggers(told) == ("mystyle",)
    assert triggers({}) == ()


TABLES = st.dictionaries(st.text(), st.dictionaries(st.text(), st.integers()))
NESTED = st.recursive(st.integers() | st.text(), st.lists)
KEYS = st.sampled_from(["ss_tag_frequency", "modelspec.trigger_phrase"])


@given(st.dictionaries(KEYS, st.text() | NESTED.map(json.dumps) | TABLES.map(json.dumps)))
def test_strangers_words_are_few_and_short_and_can_be_shown(words):
    found = triggers(words)
    assert len(found) <= WORDS_MAX
    assert all(0 < len(word) <= LENGTH_MAX and word.isprintable() for word in found)


def test_of_several_models_of_one_repository_one_is_removed_alone(tmp_path, monkeypatch):
    monkeypatch.setattr("huggingface_hub.constants.HF_HUB_CACHE", str(tmp_path / "hub"))
    known = Catalog(shipped(LIST), tmp_path)
    small, large = known.get("hyper-sd15"), known.get("hyper-sdxl")
    repo = tmp_path / "hub" / "models--ByteDance--Hyper-SD"
    for number, model in enumerate((small, large)):
        blob, link = repo / "blobs" / str(number), repo / "snapshots" / ("a" * 40) / model.files[0]
        for path in (blob, link):
            path.parent.mkdir(parents=True, exist_ok=True)
        layouts.safetensors(blob, {"x": (number + 1, 8)})
        link.symlink_to(blob)
    assert known.installed(small) and known.installed(large)
    size = (repo / "blobs" / "0").stat().st_size
    assert remove(known, small).bytes == size
    assert known.installed(small) is None and known.installed(large)
    assert not (repo / "blobs" / "0").exists()

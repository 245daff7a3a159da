"""The catalogue: what is known, what is here, and what is only half here."""

from __future__ import annotations

import json
import shutil
import struct
from pathlib import Path
from typing import get_args

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from aura import i18n
from aura.catalog import Catalog, complete
from aura.catalog.hub import COMMIT
from aura.catalog.models import LIST, RUNNABLE, Task, shipped
from aura.errors import ModelDamaged, ModelMissing, UnknownModel
from aura.requests import SCHEDULERS
from aura.settings import APP_DIR, Settings

MODELS = shipped(LIST)


def catalogue(*folders: Path, app: Path) -> Catalog:
    return Catalog.read(Settings(app_dir=app, data_dir=app, models_dirs=folders))


@pytest.fixture
def copy(tiny_pack: Path, tmp_path: Path) -> Path:
    return Path(shutil.copytree(tiny_pack, tmp_path / "models" / "My Model v1.5"))


# --- what is known


def test_families_that_are_offered_are_those_the_engine_has():
    from aura.families.registry import by_name

    assert set(by_name()) == RUNNABLE


def test_every_model_is_described_in_both_languages_and_once():
    assert len({model.id for model in MODELS}) == len(MODELS)
    for model in MODELS:
        assert set(model.good_for) == set(i18n.LANGUAGES)
        assert model.defaults.scheduler in SCHEDULERS
        assert model.folder or (model.repo and model.download_bytes > 0)


def test_a_pinned_revision_is_a_whole_commit_and_everything_fetched_says_its_size():
    for model in MODELS:
        assert model.revision is None or COMMIT.fullmatch(model.revision), model.id
        assert (model.repo is None) == (model.download_bytes == 0), model.id


def test_models_that_make_pictures_say_at_what_size():
    for model in MODELS:
        assert (model.area > 0) == (model.task in ("generate", "remove"))
        assert model.defaults.steps >= 1


def test_every_task_has_a_model_but_for_words_that_people_train_themselves():
    assert {model.task for model in MODELS} == set(get_args(Task)) - {"embedding"}


def test_only_models_that_make_pictures_from_text_are_offered_to_draw_with():
    others = [model for model in MODELS if model.task != "generate"]
    assert others and not any(model.draws for model in others)


def test_the_model_that_ships_comes_first():
    assert MODELS[0].id == "aura-shapes"
    assert MODELS[0].path(APP_DIR) == APP_DIR / "assets" / "models" / "aura-shapes"


def test_an_unknown_id_is_refused_with_those_that_can_draw(tmp_path):
    with pytest.raises(UnknownModel) as refused:
        catalogue(app=tmp_path).get("nope")
    assert "sd15" in refused.value.facts["known"]
    assert "siglip" not in refused.value.facts["known"]


# --- a person's own folders


def test_a_folder_with_a_pipeline_is_a_model_of_its_own(copy, tmp_path):
    found = catalogue(copy.parent, app=tmp_path).get("my-model-v1.5")
    assert (found.name, found.family) == ("My Model v1.5", "stable_diffusion")
    assert (found.area, found.multiple) == (64 * 64, 8)
    assert set(found.good_for) == set(i18n.LANGUAGES)


def test_the_folder_itself_may_be_named(copy, tmp_path):
    assert catalogue(copy, app=tmp_path).available()[0].folder == str(copy)


def test_two_of_a_name_are_two_models(copy, tmp_path):
    shutil.copytree(copy, tmp_path / "more" / copy.name)
    found = catalogue(copy.parent, tmp_path / "more", app=tmp_path).available()
    assert [model.id for model in found] == ["my-model-v1.5", "my-model-v1.5-2"]


def test_a_folder_never_takes_the_id_of_a_known_model(copy, tmp_path):
    copy.rename(copy.with_name("sd15"))
    found = catalogue(copy.parent, app=tmp_path)
    assert found.get("sd15").repo and found.get("sd15-2").folder


def test_a_pipeline_of_another_kind_is_passed_over(copy, tmp_path):
    index = json.loads((copy / "model_index.json").read_text())
    (copy / "model_index.json").write_text(json.dumps(index | {"_class_name": "Other"}))
    assert catalogue(copy.parent, app=tmp_path).models == MODELS


@pytest.mark.parametrize("text", ["", "{", "[]", '{"_class_name": 3}', '{"a": "' + "[" * 9000])
def test_a_folder_of_nonsense_is_passed_over(tmp_path, text):
    (tmp_path / "x").mkdir()
    (tmp_path / "x" / "model_index.json").write_text(text)
    assert catalogue(tmp_path, tmp_path / "gone", app=tmp_path).models == MODELS


# --- what is here


def test_a_whole_model_is_installed_and_the_default_where_nothing_ships(copy, tmp_path):
    found = catalogue(copy.parent, app=tmp_path)
    model = found.get("my-model-v1.5")
    assert found.installed(model) == found.require(model) == copy
    assert found.available() == (model,)
    assert found.default() == model


def test_with_nothing_here_the_default_is_the_one_that_ships(tmp_path):
    found = catalogue(app=tmp_path)
    assert found.available() == ()
    assert found.default().id == "aura-shapes"
    with pytest.raises(ModelMissing):
        found.require(found.default())


def test_a_shipped_folder_is_found_below_the_app(tiny_pack, tmp_path):
    folder = tmp_path / "assets" / "models" / "aura-shapes"
    shutil.copytree(tiny_pack, folder)
    assert catalogue(app=tmp_path).available()[0].id == "aura-shapes"


def test_a_model_another_tool_fetched_is_found_in_the_cache(tiny_pack, tmp_path, monkeypatch):
    repo = tmp_path / "hub" / "models--stable-diffusion-v1-5--stable-diffusion-v1-5"
    snapshot = repo / "snapshots" / ("a" * 40)
    shutil.copytree(tiny_pack, snapshot)
    (repo / "refs").mkdir()
    (repo / "refs" / "main").write_text("a" * 40)
    monkeypatch.setattr("huggingface_hub.constants.HF_HUB_CACHE", str(tmp_path / "hub"))
    found = catalogue(app=tmp_path)
    assert found.installed(found.get("sd15")) == snapshot
    (snapshot / "unet" / "config.json").unlink()
    assert found.installed(found.get("sd15")) is None


def test_a_model_of_a_family_to_come_is_known_but_not_offered(copy, tmp_path, monkeypatch):
    sdxl = catalogue(copy.parent, app=tmp_path).get("sdxl")
    to_come = sdxl.model_copy(update={"family": "to_come"})
    found = Catalog((sdxl, to_come), tmp_path)
    monkeypatch.setattr("aura.catalog.hub.cached", lambda repo, revision, files: copy)
    assert found.installed(to_come) == copy
    assert found.available() == (sdxl,)


# --- what is only half here


def parts(folder: Path) -> list[Path]:
    return sorted(path for path in folder.rglob("*") if path.is_file() and used(path))


def used(path: Path) -> bool:
    needed = {"model_index.json", "config.json", "scheduler_config.json", "tokenizer.json"}
    return path.name in needed or path.suffix == ".safetensors"


def test_a_missing_file_is_named(copy, tmp_path):
    assert complete.flaw(copy) is None
    assert len(parts(copy)) >= 8
    for path in parts(copy):
        kept = path.read_bytes()
        path.unlink()
        assert complete.flaw(copy) is not None, path
        path.write_bytes(kept)
    assert complete.flaw(copy) is None


def test_weights_in_pickles_are_no_weights(copy):
    for path in copy.rglob("*.safetensors"):
        path.rename(path.with_suffix(".bin"))
    assert complete.flaw(copy) is not None


def test_shards_must_all_be_there(copy):
    unet = copy / "unet"
    (unet / "diffusion_pytorch_model.safetensors").rename(unet / "part-1.safetensors")
    index = {"weight_map": {"a": "part-1.safetensors", "b": "part-2.safetensors"}}
    (unet / "diffusion_pytorch_model.safetensors.index.json").write_text(json.dumps(index))
    assert complete.flaw(copy) == unet / "part-2.safetensors"
    shutil.copy(unet / "part-1.safetensors", unet / "part-2.safetensors")
    assert complete.flaw(copy) is None


@settings(max_examples=100, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(data=st.data())
def test_weights_cut_anywhere_or_grown_are_found(data, tmp_path, tiny_pack):
    whole = next((tiny_pack / "vae").glob("*.safetensors")).read_bytes()
    length = data.draw(st.integers(0, len(whole) - 1))
    cut = tmp_path / f"{length}.safetensors"
    cut.write_bytes(whole[:length])
    assert not complete.whole(cut)
    cut.write_bytes(whole + b"x")
    assert not complete.whole(cut)
    cut.write_bytes(whole)
    assert complete.whole(cut)


@given(header=st.binary(max_size=200), claim=st.integers(0, 2**64 - 1))
def test_any_bytes_are_judged_without_a_fault(header, claim, tmp_path_factory):
    path = tmp_path_factory.getbasetemp() / "any.safetensors"
    path.write_bytes(struct.pack("<Q", claim) + header)
    assert not complete.whole(path)


def test_a_component_cannot_point_out_of_its_folder(copy):
    index = json.loads((copy / "model_index.json").read_text())
    index["../outside"] = ["diffusers", "UNet2DConditionModel"]
    assert "../outside" not in list(complete.components(index))


def test_a_damaged_model_says_which_file(copy, tmp_path):
    (copy / "vae" / "config.json").write_text("{")
    found = catalogue(copy.parent, app=tmp_path)
    model = found.get("my-model-v1.5")
    assert found.installed(model) is None
    with pytest.raises(ModelDamaged) as refused:
        found.require(model)
    assert refused.value.facts["path"] == str(copy / "vae" / "config.json")

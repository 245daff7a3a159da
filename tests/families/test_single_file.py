"""Checkpoints in one file: through the catalogue to the same picture as from the folder."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import numpy as np
import pytest

from aura.catalog.models import Catalog
from aura.catalog.verify import verify
from aura.errors import LenderMissing, ModelDamaged
from aura.families.base import Drawn
from aura.families.registry import by_name
from aura.requests import GenerateRequest
from aura.settings import Settings
from tests.engine import scripted
from tests.families.checkpoints import single_file
from tests.families.plans import plan
from tools import full_size

# As narrow as they can be while a header still tells what they are.
WIDE = {
    "sd15": {
        "unet_sd15": {"cross_attention_dim": 768},
        "clip_l": {"hidden_size": 768, "max_position_embeddings": 77},
    },
    "sdxl": {
        "unet_sdxl": {"cross_attention_dim": 2048, "projection_class_embeddings_input_dim": 1328},
        "clip_l": {"hidden_size": 768, "max_position_embeddings": 77},
        "clip_bigg": {
            "hidden_size": 1280,
            "projection_dim": 1280,
            "max_position_embeddings": 77,
            "num_attention_heads": 20,
        },
    },
}


@pytest.fixture(scope="module")
def places(tmp_path_factory):
    """For each kind a folder with ``folder`` in the diffusers layout and ``file.safetensors``."""
    root = tmp_path_factory.mktemp("checkpoints")
    tiny = full_size._tiny()
    wide = {key: dict(value) for key, value in tiny.items()}
    with pytest.MonkeyPatch.context() as patch:
        for name, changes in WIDE.items():
            for key, change in changes.items():
                wide[key] = tiny[key] | change
            path = root / f"{name}.json"
            path.write_text(json.dumps(wide))
            patch.setattr(full_size, "TINY", path)
            full_size._tiny.cache_clear()
            full_size.write(name, root / name / "folder", tiny=True)
            single_file(root / name / "folder", root / name / "files" / "My mix v2.safetensors")
    full_size._tiny.cache_clear()
    return root


@pytest.fixture(params=WIDE)
def place(request, places) -> Path:
    return places / request.param


def catalogue(*folders: Path) -> Catalog:
    return Catalog.read(Settings(models_dirs=folders))


def drawn(catalog: Catalog, id: str, **changes) -> np.ndarray:
    model = catalog.get(id)
    family, asked = by_name()[model.family], plan()
    loaded = family.load(model, catalog.require(model), asked)
    try:
        (image,) = [
            one.image
            for one in family.run(loaded, request(id, **changes), asked)
            if isinstance(one, Drawn)
        ]
    finally:
        family.unload(loaded)
    return np.asarray(image, int)


def request(id: str, **changes) -> GenerateRequest:
    return scripted.request(model=id, **changes)


def test_a_file_draws_what_its_folder_draws(place):
    catalog = catalogue(place)
    folder, file = drawn(catalog, "folder"), drawn(catalog, "my-mix-v2")
    assert np.array_equal(folder, file)
    assert np.array_equal(file, drawn(catalog, "my-mix-v2"))
    assert not np.array_equal(file, drawn(catalog, "my-mix-v2", seed=8))


def test_a_file_is_a_model_with_what_its_header_tells(place):
    model = catalogue(place).get("my-mix-v2")
    kind = {"sd15": ("stable_diffusion", 512), "sdxl": ("stable_diffusion_xl", 1024)}
    assert (model.family, model.area**0.5) == kind[place.name]
    assert (model.name, model.precision) == ("My mix v2", "bf16")
    assert catalogue(place).installed(model) == place / "files" / "My mix v2.safetensors"


def test_a_file_needs_what_its_folder_needs(place):
    catalog = catalogue(place)
    sizes = []
    for id in ("folder", "my-mix-v2"):
        model = catalog.get(id)
        family = by_name()[model.family]
        needs = family.footprint(model, catalog.require(model), request(id))
        core = next(part for part in needs.components if part.name == "unet")
        every = {part.name: part.weights["bf16"] for part in needs.components}
        sizes.append((every, core.blocks, core.block, core.outside, needs.activations))
    assert sizes[0] == sizes[1]


def test_a_file_without_a_lender_says_which_model_it_needs(place):
    catalog = catalogue(place / "files")
    model = catalog.get("my-mix-v2")
    assert catalog.installed(model) is None
    with pytest.raises(LenderMissing) as refused:
        catalog.require(model)
    assert refused.value.as_dict()["facts"]["kind"] in ("SD 1.5", "SDXL")


def test_a_model_made_for_few_steps_lends_nothing(place, tmp_path):
    shutil.copytree(place, tmp_path / "few")
    scheduler = tmp_path / "few" / "folder" / "scheduler" / "scheduler_config.json"
    told = json.loads(scheduler.read_text()) | {"timestep_spacing": "trailing"}
    scheduler.write_text(json.dumps(told))
    assert catalogue(tmp_path / "few").get("my-mix-v2").lender is None


def test_a_file_cut_short_after_it_was_listed_is_damaged(place, tmp_path):
    shutil.copytree(place, tmp_path / "cut")
    catalog = catalogue(tmp_path / "cut")
    model = catalog.get("my-mix-v2")
    assert verify(catalog, model).sound
    with Path(model.file).open("r+b") as file:
        file.truncate(Path(model.file).stat().st_size - 100)
    assert not verify(catalog, model).sound
    with pytest.raises(ModelDamaged):
        catalog.require(model)

"""What scripts say in plain words means the same as what the page asks for."""

from __future__ import annotations

from pathlib import Path

import pytest
from PIL import Image

from aura import i18n, wishes
from aura.catalog import Catalog
from aura.errors import AuraError, BadRequest
from aura.memory.device import GIB
from aura.memory.planner import Known
from aura.memory.simulated import imagined
from aura.requests import Lora
from aura.settings import APP_DIR, Settings

CATALOG = Catalog.read(Settings(app_dir=APP_DIR))
MACHINE = imagined(0, 16 * GIB)


@pytest.fixture
def picture(tmp_path: Path) -> str:
    path = tmp_path / "begin.png"
    Image.new("RGB", (64, 64), "red").save(path)
    return str(path)


class Always(dict):
    """The same of every way of running."""

    def __init__(self, value):
        self.value = value

    def get(self, key, default=None):
        return self.value


def told(folder: Path, **asked):
    return wishes.keywords({"model": "sd15", **asked}, CATALOG, folder, MACHINE)[0]


def test_loras_come_with_their_weights():
    assert wishes.lora("add-detail") == Lora(id="add-detail")
    assert wishes.lora("add-detail:0.8") == Lora(id="add-detail", weight=0.8)
    assert wishes.lora("C:detail:-1") == Lora(id="C:detail", weight=-1)


def test_a_picture_to_start_from_is_kept_with_its_mask(tmp_path: Path, picture: str):
    start = told(tmp_path, start=picture, mask=picture, strength=0.4)["start"]
    assert start.strength == 0.4 and len(start.masks) == 1
    Path(picture).unlink()
    assert all(Path(path).is_file() for path in (*start.pictures, *start.masks))


def test_without_a_size_a_landscape_is_drawn_whole_and_not_as_a_square(tmp_path: Path):
    path = tmp_path / "photo.png"
    Image.new("RGB", (1500, 1000)).save(path)
    asked = told(tmp_path, start=str(path), larger=2.0)
    assert asked["width"] / asked["height"] == pytest.approx(1.5, abs=0.05)
    assert asked["width"] * asked["height"] < 1.3 * 512 * 512
    assert asked["larger"].width == 2 * asked["width"]
    assert told(tmp_path, start=str(path), ratio="1:1").get("width") is None
    whole = told(tmp_path, start=str(path), size="512x512")
    assert (whole["width"], whole["height"]) == (512, 512)


def test_another_model_refines_in_tiles_of_its_own(tmp_path: Path):
    small = imagined(2 * GIB, 8 * GIB)
    asked = {"model": "sdxl", "size": "3840x2160"}
    own = wishes.keywords(asked, CATALOG, tmp_path, small)[0]["larger"]
    other = wishes.keywords({**asked, "refiner": "sd15"}, CATALOG, tmp_path, small)[0]["larger"]
    assert own.tile and (other.model, other.tile) == ("sd15", 0)


def test_a_final_size_is_drawn_near_the_models_own_and_enlarged(tmp_path: Path):
    asked = told(tmp_path, size="1920x1080", upscaler="lanczos", refiner="sd-turbo", strength=0.2)
    larger = asked["larger"]
    assert (larger.width, larger.height, larger.model, larger.strength) == (
        1920, 1080, "sd-turbo", 0.2,
    )  # fmt: skip
    assert asked["width"] * asked["height"] < 1.3 * 512 * 512
    assert abs(asked["width"] / asked["height"] - 16 / 9) < 0.1


def test_a_size_that_a_model_draws_well_takes_no_second_pass(tmp_path: Path):
    asked = told(tmp_path, size="512x512")
    assert (asked["width"], asked["height"], asked["larger"]) == (512, 512, None)


def test_a_machine_that_has_learnt_large_pictures_take_more_draws_them_in_tiles(tmp_path: Path):
    machine = imagined(48 * GIB, 32 * GIB)

    def learnt(id, work):
        return Known(excess=Always(45 * GIB) if work.width > 2048 else {})

    asked = {"model": "sdxl", "size": "3840x2160"}
    before, _ = wishes.keywords(asked, CATALOG, tmp_path, machine)
    after, why = wishes.keywords(asked, CATALOG, tmp_path, machine, learnt)
    assert before["larger"].tile == 0 and after["larger"].tile == 1024
    assert why["code"] == "passes.wide.tiled"


def test_so_many_times_larger_is_of_what_is_drawn(tmp_path: Path):
    asked = told(tmp_path, larger=2.0, width=256, height=128)
    assert (asked["width"], asked["height"]) == (256, 128)
    assert (asked["larger"].width, asked["larger"].height) == (512, 256)


def test_a_model_that_cannot_refine_only_enlarges_and_says_so(tmp_path: Path):
    asked = {"model": "flux2-klein-4b", "larger": 2.0}
    wanted, why = wishes.keywords(asked, CATALOG, tmp_path, MACHINE)
    assert wanted["larger"].strength == 0 and why["code"] == "passes.wide.unrefined"
    wanted, why = wishes.keywords(asked | {"refiner": "sd15"}, CATALOG, tmp_path, MACHINE)
    assert wanted["larger"].strength > 0 and why is None


def test_what_is_named_is_repaired(tmp_path: Path):
    assert told(tmp_path, repair="face, hand")["repair"].things == "face, hand"


@pytest.mark.parametrize(
    "asked",
    [
        {"lora": ["a:b"]},
        {"lora": ["a:9"]},
        {"mask": "mask.png"},
        {"strength": 0.5},
        {"start": "none.png"},
        {"size": "large"},
        {"size": "512x512", "width": 512},
        {"size": "512x512", "larger": 2.0},
        {"size": "99999x99999"},
        {"size": "16000x16000"},
        {"larger": 99.0},
        {"larger": 0.5},
        {"larger": 2.0, "ratio": "5:4"},
        {"upscaler": "lanczos"},
        {"refiner": "sd15"},
        {"repair": "x" * 300},
        {"model": "lighthouse-9000"},
    ],
)
def test_what_cannot_be_is_refused_in_words_before_anything_is_drawn(tmp_path: Path, asked):
    with pytest.raises(AuraError) as refused:
        told(tmp_path, **asked)
    for lang in i18n.LANGUAGES:
        assert "{" not in i18n.error_text(lang, refused.value.as_dict())


def test_a_strength_out_of_bounds_is_refused(tmp_path: Path, picture: str):
    with pytest.raises(BadRequest):
        told(tmp_path, start=picture, strength=1.5)

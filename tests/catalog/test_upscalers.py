"""A person's own upscalers: told apart by their headers, and offered as models."""

from __future__ import annotations

import pytest

from aura.catalog import upscalers
from aura.catalog.models import Catalog
from aura.catalog.upscalers import Upscaler
from aura.settings import Settings
from tests.catalog import layouts as of

X2PLUS = of.UPSCALERS["ESRGAN"] | {
    "conv_first.weight": (64, 12, 3, 3),
    "conv_up2.weight": (64, 64, 3, 3),
    "conv_last.weight": (3, 64, 3, 3),
}
X4PLUS = X2PLUS | {"conv_first.weight": (64, 3, 3, 3)}
OLD_2X = {
    "model.0.weight": (64, 3, 3, 3),
    "model.1.sub.0.RDB1.conv1.0.weight": (32, 64, 3, 3),
    "model.7.weight": (3, 64, 3, 3),
}
VIDEO = of.UPSCALERS["Real-ESRGAN compact"] | {"body.66.weight": (48, 64, 3, 3)}


@pytest.mark.parametrize(
    ("shapes", "known"),
    [
        (X4PLUS, Upscaler("RRDBNet", 64, 4)),
        (of.under("params_ema.", X4PLUS), Upscaler("RRDBNet", 64, 4)),
        (X2PLUS, Upscaler("RRDBNet", 64, 2, 2)),
        (X4PLUS | {"conv_first.weight": (64, 48, 3, 3)}, Upscaler("RRDBNet", 64, 1, 4)),
        (of.UPSCALERS["ESRGAN, old"], Upscaler("RRDBNet", 64, 4)),
        (OLD_2X, Upscaler("RRDBNet", 64, 2)),
        (VIDEO, Upscaler("Compact", 64, 4)),
        (of.under("params.", VIDEO), Upscaler("Compact", 64, 4)),
    ],
)
def test_the_factor_is_told_by_the_layers(shapes, known):
    assert upscalers.about(shapes) == known


@pytest.mark.parametrize(
    "shapes",
    [
        X4PLUS | {"conv_last.weight": (1, 64, 3, 3)},
        X4PLUS | {"conv_first.weight": (64, 4, 3, 3)},
        VIDEO | {"body.0.weight": (64, 1, 3, 3)},
        {},
    ],
)
def test_what_makes_no_coloured_pictures_is_none_of_them(shapes):
    assert upscalers.about(shapes) is None


def test_a_folder_s_upscalers_become_models_that_need_nothing_else(tmp_path):
    of.safetensors(tmp_path / "4x Sharp.safetensors", X4PLUS)
    of.safetensors(tmp_path / "x2.safetensors", X2PLUS)
    of.safetensors(tmp_path / "lora.safetensors", of.LORAS["SDXL kohya"])
    of.safetensors(tmp_path / "grey.safetensors", X4PLUS | {"conv_last.weight": (1, 64, 3, 3)})
    catalog = Catalog.read(Settings(models_dirs=(tmp_path,), data_dir=tmp_path))
    found = [model for model in catalog.models if model.task == "upscale" and model.file]
    assert [(model.id, model.kind) for model in found] == [
        ("4x-sharp", "ESRGAN 4×"),
        ("x2", "ESRGAN 2×"),
    ]
    for model in found:
        assert (model.task, model.family, model.draws) == ("upscale", "esrgan", False)
        assert str(catalog.installed(model)) == str(catalog.require(model)) == model.file


def test_an_upscaler_that_was_cut_short_is_not_installed(tmp_path):
    path = of.safetensors(tmp_path / "a.safetensors", X4PLUS)
    catalog = Catalog.read(Settings(models_dirs=(tmp_path,), data_dir=tmp_path))
    path.write_bytes(path.read_bytes()[:-10])
    assert catalog.installed(catalog.get("a")) is None

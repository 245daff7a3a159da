"""Upscalers of the ESRGAN kind on small networks, found as a person's own files are."""

from __future__ import annotations

import gc
import sys

import numpy as np
import pytest
import torch
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from PIL import Image, ImageDraw

from aura.catalog.models import Catalog
from aura.errors import ModelDamaged, PackageMissing
from aura.families.base import Drawn, StageBegun, StepDone
from aura.families.esrgan import Esrgan
from aura.memory import towers
from aura.memory.cpu import CpuDevice
from aura.memory.ledger import Ledger
from aura.memory.manager import Manager
from aura.requests import UpscaleRequest
from aura.settings import Settings
from tests.families import enlargers
from tests.families.plans import plan
from tools.train.judge import judge

FILES = {
    "faithful": enlargers.faithful(),
    "random": enlargers.random(),
    "old": enlargers.old(enlargers.random()),
    "trained": enlargers.trained(enlargers.random()),
    "twice": enlargers.random(doublings=1),
    "cleaner": enlargers.random(doublings=0),
    "folded": enlargers.folded(),
    "compact": enlargers.compact(),
}
FACTORS = {"twice": 2, "cleaner": 1, "folded": 2, "compact": 2}


@pytest.fixture(scope="module")
def catalog(tmp_path_factory) -> Catalog:
    folder = tmp_path_factory.mktemp("upscale_models")
    for name, state in FILES.items():
        enlargers.written(state, folder / f"{name}.safetensors")
    return Catalog.read(Settings(models_dirs=(folder,), data_dir=folder / "data"))


@pytest.fixture(scope="module")
def load(catalog):
    loaded = {}

    def of(name, **changes):
        key = (name, *changes.items())
        if key not in loaded:
            model = catalog.get(name)
            loaded[key] = Esrgan().load(model, catalog.require(model), plan(**changes))
        return loaded[key]

    return of


@pytest.fixture(scope="module")
def enlarged(load, tmp_path_factory):
    folder = tmp_path_factory.mktemp("pictures")

    def of(name, image, side=4096, switches=(), **changes):
        image.save(folder / "one.png")
        asked = UpscaleRequest(model=name, pictures=(str(folder / "one.png"),), tile=side)
        chosen = plan(switches=switches)
        (drawn,) = results(Esrgan().run(load(name, **changes), asked, chosen))
        return drawn.image

    return of


def results(happenings):
    return [one for one in happenings if isinstance(one, Drawn)]


def noise(width, height, mode="RGB"):
    random = np.random.default_rng(width * height)
    return Image.fromarray(
        random.integers(0, 256, (height, width, len(mode)), dtype=np.uint8), mode
    ).resize((width, height))


def furthest(one, other):
    return int(np.abs(np.array(one).astype(int) - np.array(other).astype(int)).max())


def circle(side=64):
    image = Image.new("RGB", (side, side), (70, 110, 220))
    ImageDraw.Draw(image).ellipse(
        (side // 4, side // 4, 3 * side // 4, 3 * side // 4), (220, 30, 30)
    )
    return image


# --- what comes out


@pytest.mark.parametrize("name", FILES)
def test_a_picture_becomes_exactly_the_factor_larger(enlarged, name):
    factor = FACTORS.get(name, 4)
    assert enlarged(name, noise(13, 7)).size == (13 * factor, 7 * factor)


@pytest.mark.parametrize("name", ["old", "trained"])
def test_the_published_layouts_of_a_network_give_the_same_picture(enlarged, name):
    picture = noise(20, 16)
    assert furthest(enlarged(name, picture), enlarged("random", picture)) == 0


def test_a_red_circle_stays_red_and_round_in_tiles(enlarged):
    before, after = judge(circle(160)), judge(enlarged("faithful", circle(160), side=64))
    assert (after.place, after.extent, after.background) == (before.place, before.extent, "blue")
    assert (after.shape, after.colour) == ("circle", "red")


def test_a_faithful_network_changes_no_pixel_in_tiles(enlarged):
    picture = noise(150, 70)
    expected = picture.resize((600, 280), Image.Resampling.NEAREST)
    assert furthest(enlarged("faithful", picture, side=64), expected) <= 1


@settings(
    max_examples=8, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(st.integers(1, 110), st.integers(1, 110), st.sampled_from((64, 80)))
def test_in_tiles_a_picture_of_any_size_is_what_it_is_in_one_piece(enlarged, width, height, side):
    picture = noise(width, height)
    tiled, whole = enlarged("twice", picture, side), enlarged("twice", picture)
    assert tiled.size == whole.size == (2 * width, 2 * height)
    off = np.abs(np.array(tiled).astype(int) - np.array(whole).astype(int)) > 3
    assert off.mean() < 0.003, "a seam of one pixel would be several times that"


def test_a_transparent_picture_stays_as_transparent_and_its_hidden_colours_hidden(enlarged):
    picture = Image.new("RGBA", (40, 40), (0, 255, 0, 0))
    ImageDraw.Draw(picture).rectangle((10, 10, 29, 29), (200, 0, 0, 255))
    large = enlarged("faithful", picture, side=64)
    assert (large.mode, large.size) == ("RGBA", (160, 160))
    pixels = np.array(large).astype(int)
    assert pixels[80, 80].tolist() == [200, 0, 0, 255] and pixels[4, 4, 3] == 0
    seen = pixels[pixels[..., 3] > 0]
    assert (seen[:, 1] < 30).all(), "no green bleeds in from what nobody saw"


@pytest.mark.parametrize("dtype", ["bf16", "fp16"])
def test_half_precision_looks_the_same(enlarged, dtype):
    picture = circle(32)
    assert furthest(enlarged("twice", picture, dtype=dtype), enlarged("twice", picture)) <= 8


# --- how it is told and stopped


def asked(tmp_path, count=1, name="twice"):
    paths = []
    for number in range(count):
        paths.append(str(tmp_path / f"{number}.png"))
        noise(100, 70 + number).save(paths[-1])
    return UpscaleRequest(model=name, pictures=tuple(paths), tile=64)


def test_every_tile_is_a_step(load, tmp_path):
    told = list(Esrgan().run(load("twice"), asked(tmp_path), plan()))
    assert told[0] == StageBegun("upscaling", 0)
    assert told[1:-1] == [StepDone(step, 4, 0) for step in range(1, 5)]


def test_smaller_tiles_are_what_the_plan_switches_on(load, tmp_path):
    request = asked(tmp_path).model_copy(update={"tile": 128})
    run = Esrgan().run(load("twice"), request, plan(switches=("small_tile",)))
    assert sum(isinstance(one, StepDone) for one in run) == 4


def test_it_stops_at_any_tile_and_goes_on_with_the_picture_that_is_missing(load, tmp_path):
    loaded, request = load("twice"), asked(tmp_path, 2)
    expected = results(Esrgan().run(loaded, request, plan()))
    for stop_at in range(1, 6):
        run = Esrgan().run(loaded, request, plan())
        for _ in range(stop_at):
            next(run)
        run.close()
    (second,) = results(Esrgan().run(loaded, request, plan(), first=expected[0].following))
    assert second.index == 1 and furthest(second.image, expected[1].image) == 0


# --- in the one budget


def test_it_is_lent_like_every_model_and_leaves_nothing(catalog, tmp_path):
    families = {"esrgan": Esrgan()}
    manager = Manager(CpuDevice(), families, Ledger(":memory:"), locate=catalog.installed)
    model, request = catalog.get("twice"), asked(tmp_path)
    with manager.lend(model, request) as loan:
        assert manager.residents()[0].bytes > 0
        first = results(manager.families["esrgan"].run(loan.loaded, request, loan.plan))
        manager.families["esrgan"].park(loan.loaded)
        manager.families["esrgan"].unpark(loan.loaded, loan.plan)
        again = results(manager.families["esrgan"].run(loan.loaded, request, loan.plan))
        assert furthest(first[0].image, again[0].image) == 0
    del loan
    manager.release()
    gc.collect()
    assert manager.residents() == () and manager.leaks() == ()


def test_the_weights_planned_for_a_file_are_those_that_loading_takes(catalog, load):
    for name in ("twice", "compact", "old"):
        path = catalog.require(catalog.get(name))
        footprint = towers.footprint(name, path, UpscaleRequest(model=name, pictures=("-",)), ())
        loaded = sum(p.numel() * p.element_size() for p in load(name).enlarger.model.parameters())
        assert footprint.component("generator").weights["fp32"] == pytest.approx(loaded, rel=0.01)


@pytest.mark.parametrize(
    ("less", "more"), [("cleaner", "random"), ("folded", "twice"), ("compact", "random")]
)
def test_what_works_on_fewer_pixels_is_planned_with_less_memory(catalog, less, more):
    small, large = (
        towers.footprint(
            name,
            catalog.require(catalog.get(name)),
            UpscaleRequest(model=name, pictures=("-",)),
            (),
        ).activations["upscaling"]["fp32"]
        for name in (less, more)
    )
    assert small < large


# --- what goes wrong


def test_a_file_that_is_no_upscaler_inside_is_damaged(catalog, tmp_path):
    path = enlargers.written({"conv_first.weight": torch.zeros(1)}, tmp_path / "a.safetensors")
    with pytest.raises(ModelDamaged):
        Esrgan().load(catalog.get("twice"), path, plan())


def test_without_the_package_that_runs_it_a_sentence_says_so(catalog, monkeypatch):
    monkeypatch.setitem(sys.modules, "spandrel", None)
    model = catalog.get("twice")
    with pytest.raises(PackageMissing) as missing:
        Esrgan().load(model, catalog.require(model), plan())
    assert missing.value.facts == {"model": "twice", "package": "spandrel"}
    asked = UpscaleRequest(model="twice", pictures=("-",))
    with pytest.raises(PackageMissing):  # and before anything is drawn that it is to enlarge
        Esrgan().footprint(model, catalog.require(model), asked)


def test_nothing_stands_in_for_torchvision_afterwards(load):
    load("twice")
    assert not [name for name in sys.modules if name.startswith("torchvision")]

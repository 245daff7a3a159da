"""What several passes need, and the best way to a size, on machines that are only numbers."""

from __future__ import annotations

import pytest

from aura.catalog import Catalog
from aura.i18n import text
from aura.memory.planner import Known
from aura.memory.simulated import imagined
from aura.passes.foresight import foreseen
from aura.passes.wide import wide
from aura.requests import Larger, Repair
from aura.settings import Settings
from tests.memory import simulation
from tests.memory.simulation import GIB

SPEED = {"fp16": 2e13, "bf16": 2e13, "fp32": 1e13}


@pytest.fixture(scope="module")
def catalog(tmp_path_factory):
    return Catalog.read(Settings(data_dir=tmp_path_factory.mktemp("data")))


def asked(catalog, drawing, **changes):
    larger = Larger(width=2048, height=2048, **changes)
    return simulation.request(catalog.get(drawing), 2, larger=larger, steps=20)


def known(model, work):
    return Known(throughput=SPEED)


def test_the_peak_is_the_highest_and_the_seconds_are_the_sum_of_all_passes(catalog):
    request = asked(catalog, "sdxl")
    found = foreseen(request, catalog, imagined(24 * GIB, 32 * GIB), known)
    draw, enlarge, refine = found.parts
    assert (draw.name, enlarge.name, refine.name) == ("draw", "enlarge", "refine")
    assert enlarge.plan is None and found.refused is None
    assert found.peak == max(draw.plan.peak, refine.plan.peak) == refine.plan.peak
    assert found.seconds == pytest.approx(draw.plan.seconds + 2 * refine.plan.seconds)


def test_tiles_are_foreseen_where_they_are_asked_for_and_where_the_whole_does_not_fit(catalog):
    large, small = imagined(24 * GIB, 32 * GIB), imagined(6 * GIB, 32 * GIB)
    asked_for = foreseen(asked(catalog, "sdxl", tile=1024), catalog, large, known).parts[-1]
    assert (asked_for.tile, asked_for.times) == (1024, 2 * 9)
    wide = asked(catalog, "sdxl").model_copy(update={"larger": Larger(width=3840, height=2160)})
    tiles = [foreseen(wide, catalog, machine, known).parts[-1].tile for machine in (large, small)]
    assert tiles == [0, 1024]


def test_the_pass_that_is_refused_is_named_with_what_would_help(catalog):
    request = asked(catalog, "sd15", model="flux1-dev")
    found = foreseen(request, catalog, imagined(0, 8 * GIB))
    assert found.refused.model.id == "flux1-dev" and found.refused.change["code"]
    assert found.parts[0].plan is not None


def test_seconds_that_nobody_measured_are_not_told(catalog):
    assert foreseen(asked(catalog, "sdxl"), catalog, imagined(24 * GIB, 32 * GIB)).seconds is None


def test_what_is_found_and_repaired_is_planned_at_the_native_size(catalog):
    repair = Repair(detector="owlv2")
    request = simulation.request(catalog.get("sd15"), larger=None, repair=repair)
    found = foreseen(request, catalog, imagined(8 * GIB, 16 * GIB))
    assert [part.name for part in found.parts] == ["draw", "find", "repair"]
    assert found.parts[2].plan.peak <= found.parts[0].plan.peak


# --- wide formats

CARD = imagined(8 * GIB, 16 * GIB)
SIZES = ((1920, 1080), (2560, 1440), (3840, 2160))


def test_a_size_of_about_the_native_area_is_drawn_directly(catalog):
    way = wide(catalog.get("sdxl"), 1344, 768, CARD)
    assert (way.width, way.height, way.larger) == (1344, 768, None)
    assert way.code == "passes.wide.direct"


@pytest.mark.parametrize("model", ["sd15", "sdxl", "flux1-schnell", "aura-shapes"])
@pytest.mark.parametrize("size", SIZES)
def test_a_wide_format_is_drawn_near_the_native_area_in_its_ratio_and_enlarged(
    catalog, model, size
):
    model = catalog.get(model)
    way = wide(model, *size, imagined(16 * GIB, 32 * GIB), installed=catalog.installed)
    assert (way.larger.width, way.larger.height) == size and way.larger.strength > 0
    assert way.width * way.height == pytest.approx(model.area, rel=0.25)
    assert way.width / way.height == pytest.approx(16 / 9, rel=0.02)
    assert way.width % model.multiple == way.height % model.multiple == 0
    assert way.code in ("passes.wide.enlarged", "passes.wide.tiled")


def test_memory_asks_for_tiles_and_the_sentence_says_so(catalog):
    model = catalog.get("sdxl")
    roomy, scarce = (wide(model, 3840, 2160, imagined(c * GIB, 32 * GIB)) for c in (48, 6))
    assert (roomy.code, roomy.larger.tile) == ("passes.wide.enlarged", 0)
    assert (scarce.code, scarce.larger.tile) == ("passes.wide.tiled", 1024)
    for lang in ("en", "es"):
        said = text(lang, scarce.code, **scarce.facts)
        assert "3840 × 2160" in said and "1024" in said and model.name in said


def test_a_model_that_cannot_draw_over_a_picture_enlarges_it_unless_another_refines(catalog):
    klein, roomy = catalog.get("flux2-klein-4b"), imagined(24 * GIB, 64 * GIB)
    alone = wide(klein, 3840, 2160, roomy)
    helped = wide(klein, 3840, 2160, roomy, refiner=catalog.get("sdxl"))
    assert (alone.code, alone.larger.strength) == ("passes.wide.unrefined", 0)
    assert helped.larger.strength > 0
    for lang in ("en", "es"):
        assert klein.name in text(lang, alone.code, **alone.facts)


def test_a_machine_on_which_the_model_does_not_fit_is_told_so(catalog):
    way = wide(catalog.get("flux1-dev"), 1920, 1080, imagined(0, 4 * GIB))
    assert way.code == "passes.wide.refused" and way.larger is None

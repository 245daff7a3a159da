"""Presets: what each sets is seen, and every figure is the planner's own."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from aura import i18n
from aura.catalog import Catalog
from aura.catalog.models import Model
from aura.composer import compose
from aura.errors import BadRequest
from aura.memory.device import GIB
from aura.memory.planner import Known
from aura.memory.simulated import imagined
from aura.memory.verdict import verdict
from aura.presets import CHOICES, NAMES, applied, option, options
from aura.ratios import drawable, size_for
from aura.requests import GenerateRequest, Start
from aura.settings import APP_DIR, Settings
from aura.styles import Styles

CATALOG = Catalog.read(Settings(app_dir=APP_DIR))
DRAWING = [model for model in CATALOG.models if model.draws]
PROCESSOR = imagined(0, 32 * GIB)
CARD = imagined(8 * GIB, 32 * GIB)


def fast(speed: float):
    """A machine that was measured to do so many operations a second."""
    known = Known(throughput={"fp32": speed, "bf16": speed, "fp16": speed})
    return lambda model, work: known


def seconds(name: str, model: str, speed: float = 1e12) -> float:
    found = option(name, CATALOG.get(model), CATALOG, PROCESSOR, fast(speed))
    assert found.seconds is not None
    return found.seconds


@pytest.mark.parametrize("model", DRAWING, ids=lambda model: model.id)
@pytest.mark.parametrize("machine", [PROCESSOR, CARD], ids=["processor", "card"])
def test_what_a_preset_foretells_is_what_the_planner_says_of_what_it_asks_for(model, machine):
    for one in options(model, CATALOG, machine, fast(1e12)):
        drawn = one.request.model_copy(update={"larger": None})
        folder = CATALOG.installed(model)
        told = verdict(model, machine, drawn, folder=folder, known=fast(1e12)(model, drawn))
        assert told is not None and told.plan is not None
        assert (one.seconds, one.peak) == (told.plan.seconds, told.plan.peak)
        assert one.larger is None or one.larger.strength == 0, "or its seconds would be missing"


def test_the_tiers_of_sdxl_on_a_processor_are_as_much_quicker_as_they_promise():
    model = CATALOG.get("sdxl")
    usual = GenerateRequest(
        model="sdxl", prompt="-", prompts=("-",), negatives=("",), width=1024, height=1024,
        steps=30, guidance=6.0, seed=0,
    )  # fmt: skip
    told = verdict(model, PROCESSOR, usual, known=fast(1e12)(model, usual))
    whole = told.plan.seconds
    assert 5 <= whole / seconds("ultra_fast", "sdxl") <= 10
    assert 3 <= whole / seconds("balanced", "sdxl") <= 4
    assert 1.5 <= whole / seconds("quality", "sdxl") <= 2


@pytest.mark.parametrize("model", ["sd15", "sdxl", "ssd-1b"])
@pytest.mark.parametrize("machine", [PROCESSOR, CARD], ids=["processor", "card"])
def test_models_of_many_steps_take_dpm_and_fewer_steps_than_fifty(model, machine):
    for one in options(CATALOG.get(model), CATALOG, machine):
        slow = one.name == "low_memory" or one.follows == "low_memory"
        assert one.scheduler == ("ddim" if slow else "dpmpp_2m_karras")
        assert one.steps <= 30


def test_turbo_takes_one_to_four_steps_without_guidance_and_lcm_one_to_eight():
    for id, most in (("sd-turbo", 4), ("sdxl-turbo", 4), ("lcm-dreamshaper", 8)):
        found = options(CATALOG.get(id), CATALOG, CARD)
        assert all(1 <= one.steps <= most for one in found)
        assert {one.guidance for one in found} == {CATALOG.get(id).defaults.guidance}


@pytest.mark.parametrize("model", DRAWING, ids=lambda model: model.id)
def test_a_finer_preset_never_takes_less_time(model):
    found = {one.name: one for one in options(model, CATALOG, PROCESSOR, fast(1e12))}
    times = [found[name].seconds for name in ("ultra_fast", "balanced", "quality")]
    assert times == sorted(times)


@pytest.mark.parametrize("model", DRAWING, ids=lambda model: model.id)
@pytest.mark.parametrize("ratio", ["1:1", "16:9", "2:3"])
def test_what_is_drawn_small_ends_at_the_size_that_was_wanted(model, ratio):
    wanted = size_for(ratio, model.area, model.multiple)
    for one in options(model, CATALOG, PROCESSOR, size=wanted):
        last = one.larger or one
        assert (last.width, last.height) == wanted
        assert one.width <= wanted[0] and one.height <= wanted[1]
        assert not one.width % model.multiple and not one.height % model.multiple


@settings(max_examples=40)
@given(width=st.integers(0, 20_000), height=st.integers(0, 20_000))
def test_whatever_size_is_named_every_preset_is_one_that_can_be_drawn(width, height):
    model = CATALOG.get("sd15")
    for one in options(model, CATALOG, CARD, size=(width, height)):
        assert drawable(one.request.width, one.request.height, model.multiple)
        last = one.larger or one
        assert (last.width, last.height) in ((width, height), (512, 512))


def test_an_enlarged_size_between_the_models_steps_ends_at_exactly_that_size():
    found = option("quality", CATALOG.get("sd15"), CATALOG, CARD, size=(1020, 576))
    assert (found.width, found.height) == (1024, 576)
    assert (found.larger.width, found.larger.height) == (1020, 576)


@settings(max_examples=25)
@given(patience=st.floats(0.01, 1e5), speed=st.floats(1e9, 1e15))
def test_automatic_is_the_finest_within_patience_or_else_the_quickest(patience, speed):
    model = CATALOG.get("sd15")
    found = options(model, CATALOG, CARD, fast(speed), patience_s=patience)
    named = {one.name: one for one in found}
    picked, kept = named["automatic"], named[named["automatic"].follows]
    assert (picked.steps, picked.seconds) == (kept.steps, kept.seconds)
    order = ["quality", "balanced", "ultra_fast"]
    finer = [named[name] for name in order[: order.index(kept.name)]]
    assert all(one.seconds > patience for one in finer)
    assert kept.seconds <= patience or kept.name == "ultra_fast"
    why = {"within", "quickest"}
    assert picked.reasons[0]["code"].rpartition(".")[2] in why


def test_without_a_measured_speed_nothing_is_foretold_but_memory():
    for one in options(CATALOG.get("sd15"), CATALOG, CARD):
        assert one.seconds is None and one.peak and one.better is None
    picked = options(CATALOG.get("sd15"), CATALOG, CARD)[0]
    assert (picked.follows, picked.reasons[0]["code"]) == ("balanced", "preset.why.unmeasured")


def test_where_it_takes_long_a_model_is_named_that_takes_a_third_at_most():
    found = option("quality", CATALOG.get("sdxl"), CATALOG, PROCESSOR, fast(5e11))
    assert found.better and found.better.seconds * 3 <= found.seconds
    other = CATALOG.get(found.better.model)
    assert found.better.download_bytes == other.download_bytes
    assert found.better.seconds == seconds("balanced", other.id, 5e11)
    quick = option("ultra_fast", CATALOG.get("sd-turbo"), CATALOG, CARD, fast(1e14))
    assert quick.better is None


class WithLora(Catalog):
    """The catalogue with one more model, a LoRA for four steps, that is on the disk."""

    def __init__(self, family: str = "stable_diffusion_xl") -> None:
        lora = Model(
            id="quick", name="Quick", family=family, task="lora",
            licence="MIT", commercial=True, good_for={"en": "", "es": ""},
            defaults={"steps": 4, "guidance": 0.0, "scheduler": "lcm"},
        )  # fmt: skip
        super().__init__((*CATALOG.models, lora), CATALOG.root)

    def installed(self, model: Model) -> Path | None:
        return Path("/quick") if model.id == "quick" else super().installed(model)


def test_a_lora_for_few_steps_is_used_where_one_is_here_and_its_want_is_said():
    without = option("ultra_fast", CATALOG.get("sdxl"), CATALOG, CARD)
    assert not without.loras and without.larger
    assert "preset.note.fewer_steps" in [reason["code"] for reason in without.reasons]
    found = option("ultra_fast", CATALOG.get("sdxl"), WithLora(), CARD)
    assert [lora.id for lora in found.loras] == ["quick"]
    assert (found.steps, found.guidance, found.scheduler) == (4, 0.0, "lcm")
    assert found.larger is None and (found.width, found.height) == (1024, 1024)
    assert option("balanced", CATALOG.get("sdxl"), WithLora(), CARD).loras == ()


@pytest.mark.parametrize("name", ["aura-shapes", "bk-sdm-small", "bk-sdm-tiny", "ssd-1b"])
def test_a_network_of_another_size_takes_no_lora_of_its_family(name):
    model = CATALOG.get(name)
    with_lora = WithLora(model.family)
    assert not option("ultra_fast", model, with_lora, CARD).loras
    if model.family == "stable_diffusion":
        assert option("ultra_fast", with_lora.get("sd15"), with_lora, CARD).loras


def test_every_reason_is_told_in_both_languages():
    machines = (PROCESSOR, CARD, imagined(0, 4 * GIB))
    found = [
        reason
        for model in map(CATALOG.get, ("sd15", "sdxl", "sd-turbo"))
        for machine in machines
        for known in (fast(1e13), fast(1e10))
        for one in options(model, CATALOG, machine, known)
        for reason in one.reasons
    ]
    assert {reason["code"] for reason in found} >= {"preset.why.within", "preset.why.quickest"}
    for lang in i18n.LANGUAGES:
        assert all(i18n.text(lang, reason["code"], **reason["facts"]) for reason in found)
        assert all(i18n.has(f"preset.{name}") for name in CHOICES)


def test_where_nothing_else_fits_low_memory_is_picked_and_says_so():
    tiny = imagined(0, 4 * GIB)
    found = options(CATALOG.get("flux1-dev"), CATALOG, tiny, fast(1e12))
    assert {one.verdict for one in found} == {"refused"}
    assert (found[0].follows, found[0].reasons[0]["code"]) == ("low_memory", "preset.why.memory")


# --- put into what was asked


@pytest.fixture(scope="module")
def catalog(tiny_pack: Path, tmp_path_factory: pytest.TempPathFactory) -> Catalog:
    empty = tmp_path_factory.mktemp("app")
    return Catalog.read(Settings(app_dir=empty, data_dir=empty, models_dirs=(tiny_pack.parent,)))


@pytest.mark.parametrize("name", NAMES)
def test_a_preset_is_saved_with_what_it_set(catalog, tmp_path, name):
    asked = applied({"prompt": "x", "model": "tiny", "preset": name}, catalog, PROCESSOR)
    request = compose(catalog, Styles(tmp_path / "s.json"), **asked)
    found = option(name, catalog.get("tiny"), catalog, PROCESSOR)
    assert request.preset == name
    assert (request.steps, request.scheduler, request.way) == (
        found.steps, found.scheduler, found.way,
    )  # fmt: skip
    assert (request.width, request.height, request.larger) == (
        found.width, found.height, found.larger,
    )  # fmt: skip


def test_what_a_person_set_wins_and_then_it_is_no_longer_the_preset(catalog):
    asked = {"model": "tiny", "preset": "quality", "steps": 3}
    merged = applied(asked, catalog, PROCESSOR)
    assert (merged["steps"], merged["preset"]) == (3, None)
    assert merged["scheduler"] == "dpmpp_2m_karras"


def test_a_ratio_is_kept_and_without_a_preset_all_is_as_it_was(catalog):
    merged = applied({"model": "tiny", "preset": "ultra_fast", "ratio": "16:9"}, catalog, CARD)
    assert (merged["width"], merged["height"]) == size_for("16:9", 64 * 64, 8)
    assert applied({"prompt": "x", "ratio": "9:9"}, catalog, CARD) == {
        "prompt": "x",
        "ratio": "9:9",
    }


@pytest.mark.parametrize("sides", [(500, 500), (76, 76), (7, 64), (9000, 64), (64.5, 64)])
def test_sides_no_picture_can_have_are_refused_in_words_with_a_preset_too(catalog, tmp_path, sides):
    asked = {"prompt": "x", "model": "tiny", "preset": "balanced"}
    asked |= {"width": sides[0], "height": sides[1]}
    with pytest.raises(BadRequest) as refused:
        compose(catalog, Styles(tmp_path / "s.json"), **applied(asked, catalog, PROCESSOR))
    assert refused.value.facts["field"] in ("width", "height")


def test_from_a_picture_nothing_is_drawn_small_first(catalog):
    asked = {"model": "tiny", "preset": "low_memory", "width": 128, "height": 96}
    assert applied(asked, catalog, PROCESSOR)["larger"]
    merged = applied(asked | {"start": Start(pictures=("p",))}, catalog, PROCESSOR)
    assert (merged["width"], merged["height"], merged.get("larger")) == (128, 96, None)
    assert merged["preset"] == "low_memory"


def test_a_preset_nobody_has_is_refused(catalog):
    with pytest.raises(BadRequest):
        applied({"model": "tiny", "preset": "turbo"}, catalog, CARD)

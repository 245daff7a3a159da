"""What a person wants of the plan: granted where it fits, and told where it does not."""

from __future__ import annotations

from itertools import pairwise

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from aura.catalog.models import LIST, shipped
from aura.families.base import Drawn, Noticed
from aura.i18n import LANGUAGES, text
from aura.memory import ladder as climbing
from aura.memory.abilities import EVERYTHING
from aura.memory.ladder import Begun
from aura.memory.plan import Plan
from aura.memory.planner import Known, fitting, ladder
from aura.memory.simulated import imagined
from aura.memory.verdict import example, footprint_of, verdict
from aura.memory.wishes import ANY, granted, unmet
from aura.requests import Way
from tests.memory.simulation import GIB, model, request, studio

MODELS = {model.id: model for model in shipped(LIST)}
PLACES = {
    "resident": {"resident"},
    "offload": {"encoders_out", "model_offload"},
    "stream": {"partial_blocks", "group_offload", "leaf_offload"},
    "cpu": {"cpu"},
}
CORE = {"sdxl": "unet", "flux1-schnell": "transformer"}


def plans(name, machine, wish=ANY, known=Known()):  # noqa: B008 - frozen
    footprint = footprint_of(MODELS[name], example(MODELS[name]), rungs=EVERYTHING)

    def fits(wish):
        every = ladder(MODELS[name].name, footprint, machine, known=known, wish=wish)
        return fitting(every, machine, known=known)

    return granted(fits(ANY), wish, fits, known.failed)


@pytest.mark.parametrize("place", PLACES)
def test_a_place_is_chosen_by_a_person_where_it_fits(place):
    best = plans("sdxl", imagined(16 * GIB, 32 * GIB), Way(placement=place))[0]
    assert best.rung in PLACES[place]


@pytest.mark.parametrize("precision", ["fp32", "bf16", "fp16"])
def test_a_precision_is_that_of_weights_and_work(precision):
    best = plans("sdxl", imagined(24 * GIB, 64 * GIB), Way(precision=precision))[0]
    assert (best.dtype, best.formats) == (precision, {})


@pytest.mark.parametrize("precision", ["fp8", "int8", "nf4", "gguf"])
def test_a_form_of_storage_is_that_of_the_model_itself(precision):
    best = plans("flux1-schnell", imagined(24 * GIB, 64 * GIB), Way(precision=precision))[0]
    assert best.formats["transformer"].startswith(precision)


@pytest.mark.parametrize(("decoder", "small"), [("tiny", True), ("full", False)])
def test_a_decoder_is_chosen_even_where_memory_does_not_ask_for_it(decoder, small):
    for card in (3, 24):
        best = plans("sdxl", imagined(card * GIB, 64 * GIB), Way(decoder=decoder))[0]
        assert ("taesd" in best.switches) == small


def test_wishes_hold_together():
    wish = Way(precision="int8", placement="stream", decoder="tiny")
    best = plans("flux1-schnell", imagined(24 * GIB, 64 * GIB), wish)[0]
    assert best.formats["transformer"] == "int8"
    assert best.rung in PLACES["stream"] and "taesd" in best.switches


def test_what_does_not_fit_is_not_granted_and_the_planner_chooses():
    machine = imagined(6 * GIB, 32 * GIB)
    wish = Way(placement="resident", precision="fp32")
    assert plans("sdxl", machine, wish) == plans("sdxl", machine)
    assert set(unmet(wish, plans("sdxl", machine)[0])) == {"plan.wish.resident", "plan.wish.fp32"}


def test_what_ran_out_here_before_is_not_granted():
    machine = imagined(16 * GIB, 32 * GIB)
    wish = Way(precision="fp32", placement="stream")
    failed = frozenset(plan.signature for plan in plans("sdxl", machine, wish))
    known = Known(failed=failed)
    assert plans("sdxl", machine, wish, known) == plans("sdxl", machine, known=known)


wishes = st.builds(
    Way,
    precision=st.sampled_from(("auto", "fp32", "bf16", "fp8", "nf4", "gguf")),
    placement=st.sampled_from(("auto", *PLACES)),
    decoder=st.sampled_from(("auto", "full", "tiny")),
)


@settings(max_examples=60)
@given(wishes, st.sampled_from(tuple(CORE)), st.sampled_from((0, 4, 8, 16, 24)))
def test_every_plan_fits_the_next_needs_less_and_a_wish_once_dropped_stays_so(wish, name, card):
    machine = imagined(card * GIB, 64 * GIB)
    found = plans(name, machine, wish)
    assert all(plan.peak <= plan.budget for plan in found)
    met = [not unmet(wish, plan) for plan in found]
    if met and met[0]:
        dropped = met.index(False) if False in met else len(met)
        assert all(plan.cheaper_than(found[dropped - 1]) for plan in found[dropped:])
    else:
        assert found == plans(name, machine)


def test_what_is_predicted_for_a_preset_is_what_its_wish_makes_of_it():
    asked = example(MODELS["sdxl"]).model_copy(update={"way": Way(placement="offload")})
    machine = imagined(24 * GIB, 64 * GIB)
    plan = verdict(MODELS["sdxl"], machine, asked).plan
    assert plan.rung in PLACES["offload"]
    assert plan.peak < verdict(MODELS["sdxl"], machine).plan.peak


# --- while it runs


def asked(**wish):
    return request(model(), way=Way(**wish))


def told(happenings):
    return [(one.code, one.facts) for one in happenings if isinstance(one, Noticed)]


def test_a_wish_that_is_granted_needs_no_words():
    _, _, manager = studio()
    happenings = list(climbing.run(manager, model(), asked(placement="offload")))
    (plan,) = [one for one in happenings if isinstance(one, Plan)]
    assert plan.rung in PLACES["offload"] and not told(happenings)


@pytest.mark.parametrize("lang", LANGUAGES)
def test_a_wish_that_is_not_granted_is_told_in_words(lang):
    _, family, manager = studio()
    family.rungs = ("resident",)
    happenings = list(climbing.run(manager, model(), asked(precision="nf4", placement="cpu")))
    ((code, facts),) = told(happenings)
    said = text(lang, code, **facts)
    assert "NF4" in said and "plan." not in said and "{" not in said
    assert any(isinstance(one, Drawn) for one in happenings)


def test_running_out_drops_the_wish_for_what_needs_less_and_says_both():
    device, _, manager = studio()
    refusals = iter([True] * 3)
    device.refuse = lambda stage: stage == "denoising" and next(refusals, False)
    happenings = list(climbing.run(manager, model(), asked(placement="resident", precision="fp16")))
    ran = [one for one in happenings if isinstance(one, Plan)]
    assert ran[0].rung == "resident" and ran[-1].rung != "resident"
    assert all(after.cheaper_than(before) for before, after in pairwise(ran))
    codes = [code for code, _ in told(happenings)]
    assert codes.count("plan.climbed") == len(ran) - 1 and codes.count("plan.wish_unmet") == 1


def test_a_resumed_job_says_again_only_what_its_engine_had_not_said():
    _, family, manager = studio()
    family.rungs = tuple(rung for rung in family.rungs if rung != "nf4")
    wanted = asked(precision="nf4")
    died = manager.plans(model(), wanted)[0]
    begun = Begun(died, (died.rung,), following=0)
    codes = [code for code, _ in told(climbing.run(manager, model(), wanted, begun))]
    assert codes == ["plan.climbed"]

"""Plans for the published models on the machines people have."""

from __future__ import annotations

from itertools import pairwise, product

import pytest

from aura.catalog.models import LIST, shipped
from aura.i18n import LANGUAGES, text
from aura.memory.abilities import EVERYTHING, INPAINTS, STARTS, abilities
from aura.memory.device import GIB, budget
from aura.memory.legality import legal
from aura.memory.pipelines import published_footprint
from aura.memory.planner import Known, fitting, ladder
from aura.memory.published import published
from aura.memory.simulated import imagined
from aura.memory.verdict import example, footprint_of, verdict

MODELS = {model.id: model for model in shipped(LIST) if model.id in published()}
CARDS, RAMS = (0, 3, 4, 6, 8, 12, 16, 24), (8, 16, 32)
MACHINES = [imagined(card * GIB, ram * GIB) for card, ram in product(CARDS, RAMS)]


def plans(name, machine, known=Known()):  # noqa: B008 - frozen
    footprint = footprint_of(MODELS[name], example(MODELS[name]), rungs=EVERYTHING)
    return ladder(MODELS[name].name, footprint, machine, known=known)


@pytest.mark.parametrize("name", MODELS)
def test_a_larger_card_never_gets_a_worse_plan(name):
    for ram in RAMS:
        machines = [imagined(card * GIB, ram * GIB) for card in CARDS[1:]]
        ladders = [(plans(name, machine), machine) for machine in machines]
        places = [
            [p.signature for p in every].index(fit[0].signature)
            for every, machine in ladders
            if (fit := fitting(every, machine))
        ]
        assert places == sorted(places, reverse=True)


@pytest.mark.parametrize("name", MODELS)
def test_the_ladder_only_goes_down(name):
    for machine in MACHINES:
        given = fitting(plans(name, machine), machine)
        assert all(after.cheaper_than(before) for before, after in pairwise(given))


def test_only_what_a_family_declares_is_planned():
    for machine in MACHINES:
        footprint = published_footprint("sdxl", example(MODELS["sdxl"]), ("resident", "cpu"))
        for plan in ladder("SDXL", footprint, machine):
            assert plan.rung in ("resident", "cpu")
            assert not plan.switches and not plan.formats


def test_what_the_page_believes_of_a_family_is_what_it_declares():
    from aura.families.registry import FAMILIES

    for family in FAMILIES:
        model = next(model for model in MODELS.values() if model.family == family.name)
        declared = family.footprint(model, None, example(model)).rungs
        assert set(declared) == set(abilities(family.name))
        assert (family.name in STARTS) == bool(getattr(family, "image_pipeline", None))
        assert (family.name in INPAINTS) == bool(getattr(family, "mask_pipeline", None))


@pytest.mark.parametrize(
    "combination",
    [
        ("nf4", (), "fp32", "cuda"),
        (None, (), "fp16", "cpu"),
        ("int8", (), "fp32", "cpu"),
        ("fp8", (), "fp16", "mps"),
        (None, ("vae_tiling", "taesd"), "bf16", "cuda"),
    ],
)
def test_combinations_that_fail_are_never_planned(combination):
    assert not legal(*combination)


def test_a_processor_and_apple_silicon_move_nothing_out_of_their_own_memory():
    for kind in ("cpu", "mps"):
        machine = imagined(0, 16 * GIB).model_copy(update={"kind": kind})
        assert {plan.rung for plan in plans("sdxl", machine)} == {"resident"}


def test_what_ran_out_before_is_not_tried_first_again():
    machine = imagined(8 * GIB, 32 * GIB)
    best, second = fitting(plans("sdxl", machine), machine)[:2]
    known = Known(failed=frozenset({best.signature}))
    assert fitting(plans("sdxl", machine, known), machine, known=known)[0] == second


def test_what_was_measured_is_added_to_what_is_predicted():
    machine = imagined(8 * GIB, 32 * GIB)
    best = fitting(plans("sdxl", machine), machine)[0]
    known = Known(excess={best.signature: GIB // 4}, seconds={best.signature: 41.0})
    again = next(p for p in plans("sdxl", machine, known) if p.signature == best.signature)
    assert again.peak == best.peak + GIB // 4
    assert again.seconds == 41.0


def test_seconds_are_told_only_once_they_are_known():
    machine = imagined(4 * GIB, 16 * GIB)
    assert all(plan.seconds is None for plan in plans("flux1-schnell", machine))


@pytest.mark.parametrize("lang", LANGUAGES)
def test_every_plan_explains_itself_in_words(lang):
    for name, machine in product(MODELS, MACHINES):
        for plan in plans(name, machine):
            told = text(lang, plan.explanation["code"], **plan.explanation["facts"])
            assert MODELS[name].name in told and "{" not in told and "plan." not in told


def test_an_explanation_reads_like_a_sentence():
    machine = imagined(4 * GIB, 32 * GIB)
    plan = fitting(plans("flux1-schnell", machine), machine)[0]
    told = text("en", plan.explanation["code"], **plan.explanation["facts"])
    assert "are free: " in told and "streamed layer by layer" in told


def test_a_processor_is_said_to_be_slow_with_a_full_size_model():
    assert verdict(MODELS["sd15"], imagined(0, 16 * GIB)).verdict == "slow"
    assert verdict(MODELS["sd15"], imagined(8 * GIB, 16 * GIB)).verdict == "fits"


def test_a_limit_that_stands_in_the_way_is_named_first():
    machine = imagined(0, 32 * GIB).model_copy(update={"limit": GIB, "host_limit": GIB})
    given = verdict(MODELS["sd15"], machine)
    assert given.change == {"code": "plan.change.raise_limit", "facts": {}}


def test_the_budget_counts_what_aura_holds_as_its_own():
    machine = imagined(8 * GIB, 16 * GIB)
    holding = machine.model_copy(update={"free": machine.free - GIB, "held": machine.held + GIB})
    assert budget(holding) == budget(machine)


def test_encoders_that_read_a_prompt_together_count_together():
    footprint = footprint_of(MODELS["sdxl"], example(MODELS["sdxl"]), rungs=("model_offload",))
    (plan,) = ladder("SDXL", footprint, imagined(24 * GIB, 32 * GIB))
    both = sum(footprint.component(n).weights[plan.dtype] for n in footprint.encoders)
    assert len(footprint.encoders) == 2 and plan.stages["encoding"] > both

"""Every model of the catalogue on every machine people have: a plan, or what would help."""

from __future__ import annotations

from itertools import product

import pytest

from aura.catalog.models import LIST, shipped
from aura.i18n import LANGUAGES, text
from aura.memory.abilities import PACKAGES, abilities
from aura.memory.device import GIB, host_budget
from aura.memory.examples import example
from aura.memory.legality import legal
from aura.memory.planner import FORMATS, fitting, ladder
from aura.memory.simulated import imagined
from aura.memory.verdict import _tries, footprint_of, verdict
from aura.settings import APP_DIR

MODELS = {model.id: model for model in shipped(LIST) if not model.added}
CARDS, RAMS = (0, 3, 4, 6, 8, 12, 16, 24), (8, 16, 32)  # GB; no card is a machine, too
MACHINES = {(card, ram): imagined(card * GIB, ram * GIB) for card, ram in product(CARDS, RAMS)}


@pytest.fixture(params=["with every package", "with none"])
def packages(request, monkeypatch):
    there = frozenset(PACKAGES.values()) if request.param == "with every package" else frozenset()
    monkeypatch.setattr("aura.memory.abilities.installed", lambda: there)


def judged(model, machine):
    return verdict(model, machine, folder=model.path(APP_DIR))


@pytest.mark.parametrize("name", MODELS)
@pytest.mark.usefixtures("packages")
def test_every_machine_gets_a_legal_plan_within_its_budget_or_a_change_that_helps(name):
    for machine in MACHINES.values():
        given = judged(MODELS[name], machine)
        if given.plan is None:
            told(given.change["code"], given.change["facts"])
            helps(MODELS[name], machine, given.change)
        else:
            told(given.plan.explanation["code"], given.plan.explanation["facts"], MODELS[name])
            may_run(given.plan, machine, MODELS[name])


def may_run(plan, machine, model):
    assert plan.peak <= plan.budget
    assert plan.ram <= host_budget(machine)
    form = next(iter(set(plan.formats.values()) & set(FORMATS)), None)
    kind = "cpu" if plan.device == "cpu" else machine.kind
    assert legal(form, plan.switches, plan.dtype, kind)
    assert {plan.rung, *plan.switches, *plan.formats.values()} <= set(abilities(model.family))


def helps(model, machine, change):
    """The change that is named is one with which it does fit, and none before it is."""
    for code, facts, changed, asked in _tries(machine, example(model)):
        named = (f"plan.change.{code}", facts) == (change["code"], change["facts"])
        fits = fitting(ladder(model.name, footprint_of(model, asked), changed), changed)
        assert bool(fits) == named
        if named:
            return
    pytest.fail(f"{change} is no change that was tried for {model.id}")


def told(code, facts, model=None):
    for language in LANGUAGES:
        words = text(language, code, **facts)
        assert "{" not in words and "plan." not in words
        assert model is None or model.name in words


@pytest.mark.parametrize(
    ("name", "card", "ram"),
    [
        ("flux1-schnell", 4, 16),
        ("sd15", 3, 8),
        ("sdxl", 4, 8),
        ("objectclear", 4, 16),
        ("sam3", 4, 8),
    ],
)
def test_the_smallest_cards_compute_it_themselves(name, card, ram, monkeypatch):
    monkeypatch.setattr("aura.memory.abilities.installed", lambda: frozenset(PACKAGES.values()))
    plan = judged(MODELS[name], MACHINES[card, ram]).plan
    assert plan.on_card and plan.rung != "cpu"

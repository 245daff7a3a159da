"""The real family on the real processor, through the manager and the ladder."""

from __future__ import annotations

import gc
import shutil

import psutil
import pytest

from aura.errors import MemoryRefused
from aura.families.base import Drawn
from aura.families.registry import by_name
from aura.memory import ladder
from aura.memory.cpu import CpuDevice
from aura.memory.device import MIB
from aura.memory.ledger import Ledger
from aura.memory.manager import Manager
from aura.memory.plan import Plan
from tests.memory.simulation import model, request

SMALL = {"width": 64, "height": 64}


def tiny(name="tiny"):
    return model(name, area=64 * 64, family="stable_diffusion")


@pytest.fixture
def manager(tiny_pack, tmp_path):
    shutil.copytree(tiny_pack, tmp_path / "other")
    folders = {"tiny": tiny_pack, "other": tmp_path / "other"}
    return Manager(
        CpuDevice(), by_name(), Ledger(":memory:"), locate=lambda wanted: folders[wanted.id]
    )


def draw(manager, of, **changes):
    happenings = list(ladder.run(manager, of, request(of, **(SMALL | changes))))
    return [one for one in happenings if isinstance(one, Drawn)], happenings[0]


def test_a_picture_is_drawn_within_what_was_planned(manager):
    pictures, plan = draw(manager, tiny())
    assert len(pictures) == 1 and pictures[0].image.size == (64, 64)
    assert isinstance(plan, Plan) and plan.peak <= plan.budget
    assert [one.model for one in manager.residents()] == ["tiny"]


def test_a_limit_that_is_too_small_is_refused_before_anything_loads(manager):
    manager.device = CpuDevice(limit=1)
    with pytest.raises(MemoryRefused) as refused:
        draw(manager, tiny())
    assert refused.value.facts["change"] == "plan.change.raise_limit"
    assert manager.residents() == ()


def test_the_next_plan_knows_how_long_it_takes(manager):
    draw(manager, tiny())
    plan = manager.plans(tiny(), request(tiny(), count=4, **SMALL))[0]
    single = manager.plans(tiny(), request(tiny(), **SMALL))[0]
    assert plan.seconds == pytest.approx(4 * single.seconds)


def test_models_that_take_turns_leave_nothing_behind(manager):
    process = psutil.Process()
    for _ in range(2):  # libraries settle
        draw(manager, tiny())
        manager.release()
    manager.device.empty_cache()
    before = process.memory_info().rss
    for round_number in range(6):
        draw(manager, tiny("other" if round_number % 2 else "tiny"))
        manager.release()
        assert manager.residents() == ()
    manager.device.empty_cache()
    gc.collect()
    manager._residency.leaks.check(float("inf"))
    assert manager.leaks() == ()
    assert process.memory_info().rss - before < 24 * MIB


def test_closing_in_the_middle_leaves_the_model_and_no_loan(manager):
    run = ladder.run(manager, tiny(), request(tiny(), **SMALL))
    for _ in range(4):
        next(run)
    run.close()
    assert [(one.model, one.lent) for one in manager.residents()] == [("tiny", False)]
    assert len(draw(manager, tiny())[0]) == 1

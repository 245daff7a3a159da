"""The manager on simulated devices: it lends, evicts, and gives everything back."""

from __future__ import annotations

from itertools import pairwise

import pytest

from aura.errors import MemoryRefused, ModelMissing, Stopped
from aura.memory.ledger import Ledger
from aura.memory.manager import Manager
from aura.memory.simulated import SimulatedOutOfMemory
from tests.memory.simulation import GIB, model, request, studio


def test_a_card_that_is_large_enough_keeps_the_whole_model():
    device, _, manager = studio()
    with manager.lend(model(), request(model())) as loan:
        assert loan.plan.rung == "resident"
        assert device.used == loan.plan.resting
    assert [one.model for one in manager.residents()] == ["a"]


def test_a_small_card_gets_a_plan_within_its_budget():
    for size in (2, 3, 4, 6, 8, 12):
        _, _, manager = studio(size * GIB)
        plan = manager.plans(model(), request(model()))[0]
        assert plan.peak <= plan.budget < size * GIB


def test_each_next_plan_is_strictly_cheaper():
    _, _, manager = studio()
    plans = manager.plans(model(), request(model()))
    assert len(plans) > 4
    assert all(after.cheaper_than(before) for before, after in pairwise(plans))


def test_the_same_snapshot_gives_the_same_plans():
    _, _, manager = studio(6 * GIB)
    asked = request(model())
    assert manager.plans(model(), asked) == manager.plans(model(), asked)


def test_a_lent_model_is_never_evicted():
    _, _, manager = studio(9 * GIB)
    a, b = model("a"), model("b")
    with manager.lend(a, request(a)) as loan:
        with manager.lend(b, request(b)) as other:
            assert other.plan.peak + loan.plan.peak <= 9 * GIB
        assert {"a"} <= {one.model for one in manager.residents() if one.lent}


def test_an_idle_model_leaves_only_when_room_is_needed():
    _, _, manager = studio(16 * GIB)
    a, b, c = model("a"), model("b"), model("c")
    for one in (a, b):
        with manager.lend(one, request(one)):
            pass
    assert {one.model for one in manager.residents()} == {"a", "b"}
    with manager.lend(c, request(c)):
        assert len([one for one in manager.residents() if not one.parked]) == 2


def test_a_second_loan_of_a_resident_model_loads_nothing():
    _, family, manager = studio()
    for _ in range(3):
        with manager.lend(model(), request(model())):
            pass
    assert family.loads == 1


@pytest.mark.parametrize("fault", [Stopped(), SimulatedOutOfMemory(), ValueError("x"), None])
def test_the_accounting_returns_however_a_loan_ends(fault):
    device, _, manager = studio()
    try:
        with manager.lend(model(), request(model())):
            if fault:
                raise fault
    except type(fault or Stopped()):
        pass
    assert not any(one.lent for one in manager.residents())
    assert device.used == sum(one.bytes for one in manager.residents())
    manager.release()
    assert (device.used, device.host_used, manager.residents()) == (0, 0, ())


def test_a_stopped_model_stays_and_a_failed_one_leaves():
    for fault, stays in ((Stopped(), True), (ValueError(), False)):
        _, _, manager = studio()
        with pytest.raises(type(fault)), manager.lend(model(), request(model())):
            raise fault
        assert bool(manager.residents()) is stays


def test_a_model_that_is_not_on_this_disk_is_named():
    device, family, _ = studio()
    manager = Manager(device, {"simulated": family}, Ledger(":memory:"), locate=lambda model: None)
    with pytest.raises(ModelMissing), manager.lend(model(), request(model())):
        pass


def test_what_fits_nowhere_is_refused_with_a_change_that_helps():
    device, family, manager = studio(GIB, 2 * GIB)
    family.rungs = ("resident",)
    with pytest.raises(MemoryRefused) as refused:
        manager.plans(model(), request(model()))
    assert refused.value.facts["change"] == "plan.change.more_card"
    assert refused.value.facts["card_bytes"] > GIB
    device.total, device.limit = 16 * GIB, GIB
    with pytest.raises(MemoryRefused) as refused:
        manager.plans(model(), request(model()))
    assert refused.value.facts["change"] == "plan.change.raise_limit"
    device.limit, device.foreign = None, 14 * GIB
    with pytest.raises(MemoryRefused) as refused:
        manager.plans(model(), request(model()))
    assert refused.value.facts["change"] == "plan.change.close_programs"


def test_warming_loads_ahead_and_the_job_finds_it_there():
    _, family, manager = studio()
    assert manager.warm(model())
    with manager.lend(model(), request(model())):
        assert family.loads == 1

"""The ladder on simulated devices: what runs out goes on in a way that needs less."""

from __future__ import annotations

import pytest

from aura.errors import OutOfMemory
from aura.families.base import Drawn, Noticed
from aura.memory import ladder
from aura.memory.device import MIB
from aura.memory.ladder import Begun
from aura.memory.plan import Plan
from tests.memory.simulation import GIB, model, request, studio


def plans(happenings):
    return [one for one in happenings if isinstance(one, Plan)]


def test_running_out_climbs_down_and_continues_at_the_missing_picture():
    seen = []
    device, _, manager = studio()

    def refuse(stage):
        seen.append(stage)
        return seen.count("denoising") == 2 and stage == "denoising"

    device.refuse = refuse
    happenings = list(ladder.run(manager, model(), request(model(), count=3)))
    plans = [one for one in happenings if isinstance(one, Plan)]
    assert [one.index for one in happenings if isinstance(one, Drawn)] == [0, 1, 2]
    assert len(plans) == 2 and plans[1].cheaper_than(plans[0])
    assert [one.code for one in happenings if isinstance(one, Noticed)] == ["plan.climbed"]


def test_the_next_job_starts_on_the_rung_that_worked():
    device, _, manager = studio()
    refusals = iter([True])
    device.refuse = lambda stage: stage == "denoising" and next(refusals, False)
    first = [p for p in ladder.run(manager, model(), request(model())) if isinstance(p, Plan)]
    second = [p for p in ladder.run(manager, model(), request(model())) if isinstance(p, Plan)]
    assert second[0].signature == first[-1].signature != first[0].signature


def test_a_device_that_always_refuses_ends_on_the_processor_or_clearly():
    device, family, manager = studio()
    device.refuse = lambda stage: stage == "denoising" and device.used < device.total
    family.rungs = tuple(rung for rung in family.rungs if rung != "cpu")
    with pytest.raises(OutOfMemory):
        list(ladder.run(manager, model(), request(model())))
    assert device.used == 0 and device.host_used == 0


def test_closing_a_run_in_any_happening_gives_its_peak_back():
    for stop_at in range(1, 9):
        device, _, manager = studio()
        run = ladder.run(manager, model(), request(model()))
        for _ in range(stop_at):
            next(run)
        run.close()
        assert not any(one.lent for one in manager.residents())
        assert device.used == sum(one.bytes for one in manager.residents())


def test_a_fault_that_is_not_about_memory_is_not_retried():
    _, family, manager = studio()
    family.fault = ValueError("broken")
    with pytest.raises(ValueError, match="broken"):
        list(ladder.run(manager, model(), request(model())))
    assert family.loads == 1


def test_a_measured_peak_corrects_the_next_plan():
    _, family, manager = studio()
    family.excess = GIB
    list(ladder.run(manager, model(), request(model())))
    plan = manager.plans(model(), request(model()))[0]
    assert plan.seconds is not None
    family.excess = 0
    with manager.lend(model(), request(model())) as loan:
        assert loan.plan.peak == plan.peak
    _, _, fresh = studio()
    assert plan.peak >= fresh.plans(model(), request(model()))[0].peak + GIB * 99 // 100


# --- in RAM


def test_ram_that_runs_low_is_left_before_the_system_kills():
    device, family, manager = studio(6 * GIB)
    family.rungs = ("model_offload", "group_offload", "leaf_offload", "nf4", "vae_tiling")

    device.refuse = lambda stage: squeeze(device) if stage == "denoising" else False
    happenings = list(ladder.run(manager, model(), request(model())))
    before, after = plans(happenings)
    assert before.ram and after.ram < before.ram
    assert [one.code for one in happenings if isinstance(one, Noticed)] == ["plan.climbed"]
    assert [one.index for one in happenings if isinstance(one, Drawn)] == [0]


def test_low_ram_ends_nothing_where_no_way_needs_less_of_it():
    device, family, manager = studio(6 * GIB)
    family.rungs = ("model_offload", "leaf_offload")

    device.refuse = lambda stage: squeeze(device) if stage == "denoising" else False
    assert len(plans(ladder.run(manager, model(), request(model())))) == 1


def test_low_ram_is_nothing_to_a_model_that_lies_on_the_card():
    device, _, manager = studio()
    device.host_foreign = device.host - 100 * MIB
    (plan,) = plans(ladder.run(manager, model(), request(model())))
    assert plan.ram == 0


def test_idle_models_give_their_ram_before_a_job_changes_its_way():
    device, family, manager = studio(9 * GIB)
    for name in ("a", "b"):
        with manager.lend(model(name), request(model(name))):
            pass
    assert device.host_used > GIB  # the copy
    family.rungs = ("model_offload", "nf4")
    device.refuse = lambda stage: squeeze(device) if stage == "denoising" else False
    assert len(plans(ladder.run(manager, model("c"), request(model("c"))))) == 1
    assert {one.model for one in manager.residents()} == {"c"}


def squeeze(device):
    """Other programs take RAM, all but a little; what is given back afterwards stays free."""
    if device.host_foreign == 0:
        device.host_foreign = device.host - device.host_used - 100 * MIB
    return False


# --- after an engine that was killed


def test_a_resumed_job_begins_below_the_plan_its_engine_died_under():
    _, _, manager = studio()
    died = manager.plans(model(), request(model()))[0]
    begun = Begun(died, (died.rung,), following=2)
    happenings = list(ladder.run(manager, model(), request(model(), count=4), begun))
    (plan,) = plans(happenings)
    assert plan.cheaper_than(died)
    assert [one.index for one in happenings if isinstance(one, Drawn)] == [2, 3]
    assert [one.code for one in happenings if isinstance(one, Noticed)] == ["plan.climbed"]


def test_what_an_engine_died_of_was_ram_so_less_of_it_is_needed():
    _, family, manager = studio(6 * GIB)
    family.rungs = ("model_offload", "leaf_offload", "nf4", "vae_tiling")
    died = manager.plans(model(), request(model()))[0]
    begun = Begun(died, (died.rung,), following=0)
    (plan,) = plans(ladder.run(manager, model(), request(model()), begun))
    assert plan.ram < died.ram


def test_attempts_in_other_engines_count():
    _, family, manager = studio()
    died = manager.plans(model(), request(model()))[0]
    begun = Begun(died, (died.rung,) * ladder.ATTEMPTS, following=0)
    with pytest.raises(OutOfMemory):
        list(ladder.run(manager, model(), request(model()), begun))
    assert family.loads == 0


def test_nothing_is_learnt_of_a_plan_that_a_run_did_not_keep_to(monkeypatch):
    _, family, manager = studio()
    run = family.run

    def otherwise(*asked, **how):
        yield Noticed("families.unconverted", {}, unplanned=True)
        yield from run(*asked, **how)

    monkeypatch.setattr(family, "run", otherwise)
    list(ladder.run(manager, model(), request(model())))
    assert manager.plans(model(), request(model()))[0].timed != "measured"
    monkeypatch.undo()
    list(ladder.run(manager, model(), request(model())))
    assert manager.plans(model(), request(model()))[0].timed == "measured"

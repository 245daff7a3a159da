"""The manager on simulated devices: it lends, evicts, and gives everything back."""

from __future__ import annotations

from itertools import pairwise
from pathlib import Path

import pytest

from aura.errors import MemoryRefused, ModelMissing, OutOfMemory, Stopped
from aura.families.base import Drawn, Noticed
from aura.memory import ladder
from aura.memory.ledger import Ledger
from aura.memory.manager import Manager
from aura.memory.plan import Plan
from aura.memory.simulated import SimulatedDevice, SimulatedOutOfMemory
from tests.memory.simulation import GIB, SimulatedFamily, model, request


def studio(total=16 * GIB, host=32 * GIB, **options):
    device = SimulatedDevice(total, host, **options)
    family = SimulatedFamily(device)
    manager = Manager(
        device, {"simulated": family}, Ledger(":memory:"), locate=lambda model: Path("/")
    )
    return device, family, manager


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
    assert refused.value.facts["change"] == "plan.change.smaller_model"
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


# --- copies in RAM


def use(manager, one, **changes):
    with manager.lend(one, request(one, **changes)) as loan:
        return loan.plan


def by_name(manager):
    return {one.model: one for one in manager.residents()}


def test_a_swap_back_is_a_copy_and_not_a_disk_read():
    device, family, manager = studio(9 * GIB)
    a, b = model("a"), model("b")
    for one in (a, b, a, b):
        use(manager, one)
    assert (family.loads, family.parks) == (2, 3)
    assert by_name(manager)["a"].parked and not by_name(manager)["b"].parked
    assert device.host_used == by_name(manager)["a"].ram


def test_a_copy_in_ram_is_as_large_as_the_model_was():
    _, _, manager = studio(9 * GIB)
    resting = use(manager, model("a")).resting
    use(manager, model("b"))
    parked = by_name(manager)["a"]
    assert (parked.bytes, parked.ram) == (0, resting)


def test_without_room_in_ram_a_model_leaves_for_good():
    device, family, manager = studio(9 * GIB, 4 * GIB)
    use(manager, model("a"))
    use(manager, model("b"))
    assert list(by_name(manager)) == ["b"]
    assert (family.parks, device.host_used) == (0, 0)


def test_ram_that_refuses_a_copy_costs_the_copy_and_not_the_job():
    device, _, manager = studio(9 * GIB)
    use(manager, model("a"))
    device.refuse = lambda stage: stage == "ram"
    use(manager, model("b"))
    assert list(by_name(manager)) == ["b"]
    assert device.host_used == 0 and device.used == by_name(manager)["b"].bytes


def test_copies_leave_ram_for_a_plan_that_needs_it():
    device, family, manager = studio(9 * GIB, 10 * GIB)
    use(manager, model("a"))
    use(manager, model("b"))
    family.rungs = ("model_offload",)
    assert use(manager, model("c")).ram > 0
    assert "a" not in by_name(manager)
    assert device.host_used <= 10 * GIB


def test_the_copy_that_is_quickest_to_load_again_leaves_first():
    ticks = iter(range(10**6))
    device, _, _ = studio(9 * GIB, 10 * GIB)
    seconds = {"a": 100, "b": 1, "c": 1}
    clock = [0.0]

    class Slow(SimulatedFamily):
        def load(self, one, folder, plan):
            clock[0] += seconds[one.id]
            return super().load(one, folder, plan)

    manager = Manager(
        device,
        {"simulated": Slow(device)},
        Ledger(":memory:"),
        locate=lambda model: Path("/"),
        clock=lambda: clock[0] + next(ticks) / 1000,
    )
    for name in ("a", "b", "c"):
        use(manager, model(name))
    assert {name for name, one in by_name(manager).items() if one.parked} == {"a"}


def test_another_placement_of_the_same_weights_reads_no_disk():
    _, family, manager = studio(7 * GIB)
    small = use(manager, model(), width=512, height=512)
    large = use(manager, model(), width=1024, height=1024)
    assert small.placement != large.placement and small.stored == large.stored
    assert family.loads == 1


def test_weights_in_another_form_are_loaded_anew():
    _, family, manager = studio(24 * GIB)
    use(manager, model())
    family.rungs = ("nf4", "cfg_split", "vae_tiling", "resident")
    manager.device.foreign = 19 * GIB
    assert use(manager, model()).formats
    assert (family.loads, family.parks) == (2, 0)


def test_releasing_gives_the_copies_back_too():
    device, _, manager = studio(9 * GIB)
    use(manager, model("a"))
    use(manager, model("b"))
    assert manager.release("a") > 0 and list(by_name(manager)) == ["b"]
    use(manager, model("a"))
    assert manager.release() > 0
    assert (device.used, device.host_used, manager.residents()) == (0, 0, ())


# --- idle time


def tended(keep_s=600.0, **options):
    device, family, _ = studio(**options)
    now = [0.0]
    manager = Manager(
        device,
        {"simulated": family},
        Ledger(":memory:"),
        locate=lambda model: Path("/"),
        clock=lambda: now[0],
        keep_s=keep_s,
    )

    def after(seconds):
        now[0] += seconds
        manager.tend()

    return device, manager, after


def test_an_unused_model_leaves_the_card_and_then_ram():
    device, manager, after = tended()
    use(manager, model())
    after(599)
    assert device.used > 0
    after(1)
    assert device.used == 0 and device.host_used > 0
    after(600)
    assert device.host_used == 0 and manager.residents() == ()


def test_a_lent_model_is_never_idle():
    device, manager, after = tended()
    with manager.lend(model(), request(model())):
        after(10_000)
        assert device.used > 0


def test_with_no_idle_time_models_stay():
    device, manager, after = tended(keep_s=0)
    use(manager, model())
    after(10**6)
    assert device.used > 0


def test_idle_models_leave_where_another_program_needs_the_card():
    device, manager, after = tended()
    use(manager, model())
    device.foreign = device.total - device.used
    after(1)
    assert device.used > 0  # the driver may only be late
    after(1)
    assert device.used == 0


def test_copies_leave_where_another_program_needs_ram():
    device, manager, after = tended(total=9 * GIB)
    use(manager, model("a"))
    use(manager, model("b"))
    device.host_foreign = device.host - device.host_used
    after(1)
    after(1)
    assert device.host_used == 0 and list(by_name(manager)) == ["b"]


# --- leaks


def test_a_model_that_something_still_holds_is_told_of_once(caplog):
    _, manager, after = tended()
    with manager.lend(model(), request(model())) as loan:
        held = loan.loaded
    manager.release()
    after(1)
    assert manager.leaks() == ()  # the frames of a job that failed may take a moment
    for _ in range(3):
        after(10)
    assert manager.leaks() == ("a",)
    assert [record.args for record in caplog.records] == [("a",)]
    del held, loan
    assert manager.leaks() == ()


def test_what_is_gone_is_no_leak():
    _, manager, after = tended()
    use(manager, model())
    manager.release()
    after(10)
    assert manager.leaks() == ()

"""Where idle models wait: on the card, as copies in RAM, or not at all."""

from __future__ import annotations

from pathlib import Path

from aura.memory.ledger import Ledger
from aura.memory.manager import Manager
from tests.memory.simulation import GIB, SimulatedFamily, model, request, studio


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
    device, family, manager = studio(9 * GIB, 13 * GIB)
    use(manager, model("a"))
    use(manager, model("b"))
    assert by_name(manager)["a"].parked
    family.rungs = ("model_offload",)
    plan = use(manager, model("c"))
    assert plan.ram > 5 * GIB and device.host_used <= 12 * GIB
    assert len([one for one in manager.residents() if one.parked]) == 1


def test_a_copy_that_would_have_to_leave_at_once_is_not_made():
    _, family, manager = studio(9 * GIB, 10 * GIB)
    use(manager, model("a"))
    family.rungs = ("model_offload",)
    assert use(manager, model("b"), width=2048, height=1024).ram > 4 * GIB
    assert list(by_name(manager)) == ["b"] and family.parks == 0


def test_a_model_from_the_disk_finds_room_in_ram_to_pass_through():
    device, _, manager = studio(9 * GIB, 13 * GIB)
    use(manager, model("a"))
    use(manager, model("b"))
    assert by_name(manager)["a"].parked
    device.host_foreign = 4 * GIB
    manager.release("b")
    use(manager, model("c"))  # the card has room; RAM has not, beside the copy
    assert list(by_name(manager)) == ["c"]


def test_the_copy_that_is_quickest_to_load_again_leaves_first():
    ticks = iter(range(10**6))
    device, _, _ = studio(9 * GIB, 16 * GIB)
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


def test_what_was_streamed_becomes_resident_without_a_disk_read():
    device, family, manager = studio(16 * GIB)
    device.foreign = 12 * GIB
    streamed = use(manager, model())
    device.foreign = 0
    resident = use(manager, model())
    assert streamed.resting == 0 and resident.rung == "resident"
    assert (family.loads, device.host_used) == (1, 0)


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


def test_ram_is_given_where_the_card_cannot_be():
    device, manager, after = tended(total=16 * GIB)
    use(manager, model("a", 2**18))
    with manager.lend(model("b"), request(model("b"))):
        device.foreign = device.total - device.used  # more than what idles would give back
        after(1)
        after(1)
        assert by_name(manager)["a"].parked
        device.host_foreign = device.host - device.host_used
        after(1)
        after(1)
    assert device.host_used == 0


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

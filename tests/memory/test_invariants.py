"""The seven promises of the manager, held against anything a machine may do.

A machine of random size lends, returns, draws, stops, fails and refuses in any order, while
other programs take memory and give it back.
"""

from __future__ import annotations

from contextlib import ExitStack
from itertools import pairwise
from pathlib import Path

from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    initialize,
    invariant,
    precondition,
    rule,
)

from aura.errors import MemoryRefused, OutOfMemory, Stopped
from aura.families.base import Drawn, Noticed
from aura.memory import ladder
from aura.memory.claims import claim
from aura.memory.device import budget, host_budget
from aura.memory.ledger import Ledger
from aura.memory.legality import legal
from aura.memory.manager import Manager
from aura.memory.plan import Plan
from aura.memory.simulated import SimulatedDevice, SimulatedOutOfMemory
from tests.memory.simulation import GIB, SimulatedFamily, model, request

MODELS = [model("small", 2**18), model("middle", 2**20), model("large", 2**22)]
SIDES = (256, 512, 1024)
FAULTS = (None, Stopped(), ValueError("broken"), SimulatedOutOfMemory("anywhere"))

sizes = st.integers(min_value=0, max_value=80)
models = st.sampled_from(MODELS)


class Watched(SimulatedFamily):
    """Its copies in RAM stay within what RAM there is, as they are made."""

    def park(self, loaded):
        super().park(loaded)
        assert self.device.host_used <= host_budget(self.device.snapshot())


class Machine(RuleBasedStateMachine):
    @initialize(
        card=st.integers(2, 80), ram=st.sampled_from([8, 16, 32, 64]), limited=st.booleans()
    )
    def power_on(self, card, ram, limited):
        limit = card * GIB // 2 if limited else None
        self.device = SimulatedDevice(card * GIB, ram * GIB, dtypes=("bf16",), limit=limit)
        self.family = Watched(self.device)
        self.ledger = Ledger(":memory:")
        self.now = 0.0
        self.loans: list[tuple[ExitStack, object, Plan]] = []
        self.start()

    def start(self):
        """A fresh engine over the same device and ledger."""
        self.manager = Manager(
            self.device,
            {"simulated": self.family},
            self.ledger,
            locate=lambda model: Path("/"),
            clock=lambda: self.now,
            sleep=lambda seconds: None,
        )

    # --- what people do

    @rule(which=models, side=st.sampled_from(SIDES))
    def lend(self, which, side):
        asked = request(which, width=side, height=side)
        stack = ExitStack()
        try:
            plans = self.manager.plans(which, asked)
            assert self.manager.plans(which, asked) == plans  # the sixth
            loan = stack.enter_context(self.manager.lend(which, asked, plans[0]))
        except MemoryRefused as refused:
            assert refused.facts["change"].startswith("plan.change.")
            return
        self.holds_the_budget(loan.plan)
        self.loans.append((stack, loan.loaded, loan.plan))

    @precondition(lambda self: self.loans)
    @rule(at=st.integers(0, 9), fault=st.sampled_from(FAULTS))
    def end_a_loan(self, at, fault):
        stack, _, _ = self.loans.pop(at % len(self.loans))
        if fault is None:
            stack.close()
        else:
            stack.__exit__(type(fault), fault, None)

    @rule(
        which=models,
        count=st.integers(1, 3),
        side=st.sampled_from(SIDES),
        refusals=st.sets(st.integers(0, 12), max_size=4),
        stop_at=st.none() | st.integers(1, 12),
    )
    def draw(self, which, count, side, refusals, stop_at):
        allocations = iter(range(10**6))
        self.device.refuse = lambda stage: next(allocations) in refusals
        asked = request(which, count, width=side, height=side)
        try:
            self.watch(asked, which, stop_at)
        except (MemoryRefused, OutOfMemory):
            pass
        finally:
            self.device.refuse = lambda stage: False

    def watch(self, asked, which, stop_at):
        run = ladder.run(self.manager, which, asked)
        plans, drawn, notices = [], [], 0
        try:
            for happened, happening in enumerate(run):
                if isinstance(happening, Plan):
                    plans.append(happening)
                    assert len(plans) <= ladder.ATTEMPTS
                    # The fourth: each needs less than the one before of what ran out.
                    assert all(b.cheaper_than(a) or b.ram < a.ram for a, b in pairwise(plans))
                    form = happening.formats.get("unet")
                    kind = "cpu" if happening.device == "cpu" else "cuda"
                    switches, dtype = happening.switches, happening.dtype
                    assert legal(form, switches, dtype, kind)  # the fifth
                elif isinstance(happening, Drawn):
                    drawn.append(happening)
                elif isinstance(happening, Noticed):
                    notices += 1
                if happened == stop_at:
                    return
        finally:
            run.close()
            # The seventh: each picture once, with its own seed, and every change was told.
            assert [one.index for one in drawn] == list(range(len(drawn)))
            for one in drawn:
                assert one.image.getpixel((0, 0))[0] == (asked.seed + one.index) % 255
            assert notices in (len(plans) - 1, len(plans))
        assert len(drawn) == asked.count

    @rule(which=models)
    def warm(self, which):
        self.manager.warm(which)

    @rule(which=st.none() | models)
    def release(self, which):
        self.manager.release(which.id if which else None)

    @rule(which=models, ram_refuses=st.booleans())
    def swap(self, which, ram_refuses):
        """Work that fills the card, so that whatever idles has to leave it."""
        refusals = {"ram"} if ram_refuses else set()
        self.device.refuse = lambda stage: stage in refusals
        asked = request(which, width=1024, height=1024)
        try:
            with self.manager.lend(which, asked) as loan:
                self.holds_the_budget(loan.plan)
        except (MemoryRefused, SimulatedOutOfMemory, MemoryError):
            pass
        finally:
            self.device.refuse = lambda stage: False

    # --- what machines do

    @rule(size=sizes)
    def other_programs_take_memory(self, size):
        self.device.foreign = min(size * GIB, self.device.total - self.device.used)

    @rule(size=sizes)
    def other_programs_take_ram(self, size):
        self.device.host_foreign = min(size * GIB, self.device.host - self.device.host_used)

    @rule(seconds=st.sampled_from([1, 300, 600, 1200]), keep=st.sampled_from([0, 600]))
    def time_passes(self, seconds, keep):
        """Twice, because only a shortage that lasts makes models leave."""
        self.now += seconds
        self.manager.keep_s = keep
        for _ in range(2):
            self.manager.tend()
        self.holds_what_is_idle_to_its_time(keep)
        self.gives_way()

    @rule()
    def the_engine_dies(self):
        self.loans.clear()
        self.device.used = self.device.host_used = 0
        self.start()

    # --- what is promised

    def entries(self):
        return self.manager._residency.all()

    def holds_the_budget(self, plan):
        """The first: what is held and the peak to come stay within the budget."""
        snapshot = self.device.snapshot()
        claims = [entry.claims for entry in self.entries()]
        if plan.on_card:
            assert sum(one.card for one in claims) <= budget(snapshot)
        if claim(plan).ram:
            assert sum(one.ram for one in claims) <= host_budget(snapshot)

    def holds_what_is_idle_to_its_time(self, keep):
        for entry in self.entries():
            idle = self.now - entry.used
            if keep and not entry.loans:
                assert idle < keep or (idle < 2 * keep and not entry.resting.card)

    def gives_way(self):
        """What idles stays within what other programs have left."""
        snapshot, entries = self.device.snapshot(), self.entries()
        idle = [entry for entry in entries if not entry.loans]
        if any(entry.resting.card for entry in idle):
            assert sum(entry.claims.card for entry in entries) <= budget(snapshot)
        if any(entry.resting.ram for entry in idle):
            assert sum(entry.claims.ram for entry in entries) <= host_budget(snapshot)

    @invariant()
    def what_is_lent_is_not_parked(self):
        assert not any(entry.parked and entry.loans for entry in self.entries())

    @invariant()
    def a_lent_model_stays(self):
        """The second."""
        held = [entry.loaded for entry in self.entries()]
        assert all(any(loaded is one for one in held) for _, loaded, _ in self.loans)

    @invariant()
    def the_accounting_is_exact(self):
        """The third: what the device holds is what the books say, whatever went before."""
        entries = self.entries()
        assert self.device.used == sum(entry.resting.card for entry in entries)
        assert self.device.host_used == sum(entry.resting.ram for entry in entries)
        assert sum(len(entry.loans) for entry in entries) == len(self.loans)


Machine.TestCase.settings = settings(
    max_examples=500,
    stateful_step_count=50,
    deadline=None,
    derandomize=True,
    suppress_health_check=list(HealthCheck),
)
TestTheManager = Machine.TestCase

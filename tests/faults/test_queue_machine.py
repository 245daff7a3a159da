"""Generated sequences of asking, stopping, crashing and restarting: nothing is ever lost."""

from __future__ import annotations

import tempfile
import threading
from pathlib import Path

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule

from aura.jobs.journal import Journal
from aura.jobs.queue import Jobs
from tests.engine.scripted import ScriptedEngine, request

OWNERS = st.sampled_from(["one page", "another page", "a script"])
ENDS = {"done", "cancelled", "failed", "interrupted"}


class QueueMachine(RuleBasedStateMachine):
    """A queue, an engine that plays its part, and everything that may happen to them."""

    def __init__(self) -> None:
        super().__init__()
        self.folder = tempfile.TemporaryDirectory()
        self.accepted: list[str] = []
        self.owners: dict[str, str] = {}
        self.firsts: list[tuple[str, ScriptedEngine, int]] = []
        self.held: set[str] = set()  # what waits while the queue is paused
        self.fronted = False
        self.open()

    def open(self) -> None:
        self.gate = threading.Semaphore(0)
        self.engine = ScriptedEngine(self.gate)
        self.jobs = Jobs(self.engine, Journal(Path(self.folder.name) / "jobs.db"))
        self.jobs.start()

    @rule(owner=OWNERS, count=st.integers(1, 4))
    def submit(self, owner: str, count: int) -> None:
        for _ in range(count):
            waits = any(view.state == "queued" for view in self.jobs.views(owner))
            job = self.jobs.submit(owner, request())
            self.accepted.append(job)
            self.owners[job] = owner
            if self.jobs.paused:
                self.held.add(job)
            if not waits:
                self.firsts.append((job, self.engine, len(self.engine.begun)))

    @precondition(lambda self: self.accepted)
    @rule(which=st.integers(0, 10**6))
    def stop(self, which: int) -> None:
        job = self.accepted[which % len(self.accepted)]
        queued = self.jobs.view(job).state == "queued" and self.jobs.paused
        self.jobs.stop(job)
        if queued:
            assert self.jobs.view(job).state == "cancelled"

    @rule(events=st.integers(1, 12))
    def let_the_engine_go_on(self, events: int) -> None:
        self.gate.release(events)

    @rule()
    def crash(self) -> None:
        self.engine.crash()

    @precondition(lambda self: self.accepted)
    @rule(which=st.integers(0, 10**6))
    def front(self, which: int) -> None:
        self.jobs.front(self.accepted[which % len(self.accepted)])
        self.fronted = True

    @rule()
    def pause(self) -> None:
        self.jobs.pause()
        self.held = {view.id for view in self.jobs.views() if view.state == "queued"}

    @rule()
    def resume(self) -> None:
        self.held = set()
        self.jobs.resume()

    @rule(owner=OWNERS)
    def clear(self, owner: str) -> None:
        self.jobs.clear(owner)

    @rule()
    def restart(self) -> None:
        queued = [view.id for view in self.jobs.views() if view.state == "queued"]
        self.jobs.close()
        self.held = set()
        self.open()
        waiting = {view.id for view in self.jobs.views() if view.state != "interrupted"}
        assert waiting.issuperset(queued[1:])  # the first of them may have begun meanwhile

    @invariant()
    def never_do_two_run(self) -> None:
        assert self.engine.most_at_once <= 1
        assert sum(view.state == "running" for view in self.jobs.views()) <= 1

    @invariant()
    def nothing_begins_while_it_is_paused(self) -> None:
        assert {self.jobs.view(job).state for job in self.held} <= {"queued", "cancelled"}

    @invariant()
    def none_is_forgotten(self) -> None:
        assert {view.id for view in self.jobs.views()} == set(self.accepted)

    def teardown(self) -> None:
        try:
            self.jobs.resume()
            self.gate.release(10_000)
            ended = [list(self.jobs.follow(job, seconds=30))[-1] for job in self.accepted]
            assert all(view.state in ENDS for view in ended)
            assert all(view.pictures for view in ended if view.state == "done")
            if not self.fronted:
                self._check_fairness()
        finally:
            self.jobs.close()
            self.folder.cleanup()

    def _check_fairness(self) -> None:
        """No owner's first job waited for two of one other owner."""
        for job, engine, asked_at in self.firsts:
            if job in engine.begun:
                ahead = engine.begun[asked_at : engine.begun.index(job)]
                owners = [self.owners[other] for other in ahead]
                assert len(owners) == len(set(owners))


QueueMachine.TestCase.settings = settings(max_examples=50, stateful_step_count=30, deadline=None)
TestNothingIsLost = QueueMachine.TestCase

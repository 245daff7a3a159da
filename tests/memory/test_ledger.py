"""What the ledger learns from runs: peaks both ways, seconds, and what ran out."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from dataclasses import replace

from hypothesis import given
from hypothesis import strategies as st

from aura.memory.ledger import FORGET_S, MARGIN, RECENT, Ledger
from aura.memory.planner import Known
from tests.memory.simulation import GIB, MIB, SimulatedFamily, model, request, studio

PREDICTED = 8 * GIB
DEVICE = "a card"

measurements = st.lists(st.integers(0, 16 * GIB), max_size=RECENT)


def a_plan():
    _, _, manager = studio()
    plan = manager.plans(model(), request(model()))[0]
    return plan.model_copy(update={"peak": PREDICTED})


PLAN = a_plan()


class Book:
    """A ledger of one way of running, and what it knows of it."""

    def __init__(self) -> None:
        self.now = 0.0
        self.ledger = Ledger(":memory:", clock=lambda: self.now)

    def ran(self, *measured: int, seconds: float = 1.0, pictures: int = 1):
        for peak in measured:
            stages = {"denoising": seconds}
            self.ledger.done(DEVICE, PLAN, request(model()), peak, stages, pictures)

    def ran_out(self):
        self.ledger.ran_out(DEVICE, PLAN, request(model()))

    def known(self, **changes) -> Known:
        return self.ledger.known(DEVICE, "a", request(model(), **changes))

    def peak(self) -> int:
        return PREDICTED + self.known().excess.get(PLAN.signature, 0)


@given(measurements)
def test_it_never_predicts_less_than_was_measured_of_late(measured: list[int]):
    book = Book()
    book.ran(*measured)
    assert book.peak() >= max(measured, default=0)


@given(measurements, st.integers(0, 16 * GIB))
def test_a_lower_prediction_keeps_its_margin(measured: list[int], last: int):
    book = Book()
    book.ran(*measured, last)
    highest = max(*measured[-RECENT + 1 :], last, 0)
    assert book.peak() >= min(PREDICTED, int(highest * MARGIN))


def test_one_run_that_took_more_raises_the_prediction_at_once():
    book = Book()
    book.ran(PREDICTED // 2, PREDICTED // 2, PREDICTED // 2, PREDICTED + GIB)
    assert book.peak() == PREDICTED + GIB


def test_only_several_runs_that_took_less_lower_it():
    book = Book()
    book.ran(4 * GIB, 5 * GIB)
    assert book.peak() == PREDICTED
    book.ran(4 * GIB)
    assert book.peak() == int(5 * GIB * MARGIN)


def test_runs_that_nobody_measured_lower_nothing():
    book = Book()
    book.ran(0, 0, 0, 0, 4 * GIB)
    assert book.peak() == PREDICTED


def test_where_memory_ran_out_of_late_nothing_is_lowered():
    book = Book()
    book.ran_out()
    book.ran(4 * GIB, 4 * GIB, 4 * GIB, 4 * GIB)
    assert book.peak() == PREDICTED


def test_old_runs_are_forgotten():
    book = Book()
    book.ran(PREDICTED + GIB, *[4 * GIB] * RECENT)
    assert book.peak() == int(4 * GIB * MARGIN)


def test_one_slow_run_does_not_change_how_long_it_takes():
    book = Book()
    for seconds in (2.0, 2.2, 60.0):
        book.ran(GIB, seconds=seconds)
    assert book.known().seconds == {PLAN.signature: 2.2}


def test_seconds_are_for_the_pictures_that_are_asked_for():
    book = Book()
    book.ran(GIB, seconds=6.0, pictures=3)
    assert book.known(count=4).seconds == {PLAN.signature: 8.0}


def test_a_way_that_ran_out_is_known_until_it_works_or_a_week_has_passed():
    book = Book()
    book.ran_out()
    assert book.known().failed == {PLAN.signature}
    book.now += FORGET_S + 1
    assert book.known().failed == frozenset()
    book.ran_out()
    book.ran(GIB)
    assert book.known().failed == frozenset()


def test_another_device_model_or_shape_has_learnt_nothing():
    book = Book()
    book.ran(PREDICTED + GIB)
    asked = request(model())
    assert book.ledger.known("another", "a", asked) == Known()
    assert book.ledger.known(DEVICE, "b", asked) == Known()
    other = book.known(width=512)
    assert replace(other, spent=0.0) == Known() and other.spent  # of the model, not the shape


def test_two_processes_share_what_one_has_learnt(tmp_path):
    one, other = Ledger(tmp_path / "ledger.db"), Ledger(tmp_path / "ledger.db")
    one.ran_out(DEVICE, PLAN, request(model()))
    assert other.known(DEVICE, "a", request(model())).failed == {PLAN.signature}


def test_a_model_that_takes_less_than_predicted_gets_a_better_plan():
    device, family, manager = studio(7 * GIB)
    asked = request(model())
    first = manager.plans(model(), asked)
    assert first[0].rung != "resident"
    resident = next(plan for plan in roomy(family) if plan.rung == "resident" and not plan.switches)
    for _ in range(3):
        manager.ledger.done(device.snapshot().name, resident, asked, 6 * GIB, {"denoising": 1}, 1)
    best = manager.plans(model(), asked)[0]
    assert best.rung == "resident" and best.peak <= best.budget
    assert 6 * GIB <= best.peak < resident.peak - 128 * MIB
    assert all(0 <= stage <= best.peak for stage in best.stages.values())


def roomy(family: SimulatedFamily):
    _, other, manager = studio(24 * GIB)
    other.unet = family.unet
    return manager.plans(model(), request(model()))


def test_a_ledger_of_an_earlier_aura_keeps_its_lessons(tmp_path):
    path = tmp_path / "ledger.db"
    earlier = Ledger(path)
    earlier.done(DEVICE, PLAN, request(model()), PREDICTED + GIB, {"denoising": 2.0}, 1)
    earlier.close()
    with closing(sqlite3.connect(path)) as file, file:
        columns = ", ".join(
            c[1] for c in file.execute("pragma table_info(runs)") if c[1] != "foreseen"
        )
        file.execute(f"create table before as select {columns} from runs")
        file.execute("drop table runs")
        file.execute("alter table before rename to runs")
    for _ in range(2):  # and the time after
        later = Ledger(path)
        known = later.known(DEVICE, "a", request(model()))
        later.close()
        assert known.excess[PLAN.signature] == GIB and known.seconds[PLAN.signature] == 2.0


def test_a_ledger_that_cannot_be_written_or_read_costs_nobody_a_job(tmp_path):
    path = tmp_path / "ledger.db"
    ledger = Ledger(path)
    with closing(sqlite3.connect(path)) as file, file:
        file.execute("drop table runs")  # whatever the reason, every statement fails
    ledger.done(DEVICE, PLAN, request(model()), GIB, {"denoising": 1.0}, 1)
    ledger.ran_out(DEVICE, PLAN, request(model()))
    assert ledger.known(DEVICE, "a", request(model())) == Known()
    ledger.close()


def test_without_a_place_for_its_file_a_ledger_learns_for_as_long_as_it_lives(tmp_path):
    (tmp_path / "ledger.db").mkdir()
    ledger = Ledger(tmp_path / "ledger.db")
    ledger.done(DEVICE, PLAN, request(model()), PREDICTED + GIB, {"denoising": 1.0}, 1)
    assert ledger.known(DEVICE, "a", request(model())).excess[PLAN.signature] == GIB
    ledger.close()

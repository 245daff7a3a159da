"""Fairness, as arithmetic: no threads, no clock."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from aura.jobs.turns import Turns

puts = st.tuples(st.just("put"), st.sampled_from("ABCD"))
acts = st.lists(st.one_of(puts, st.just(("next", "")), st.tuples(st.just("drop"), st.integers(0))))


def test_behind_fifty_jobs_of_one_page_anothers_first_waits_for_the_running_one_alone():
    turns = Turns()
    for number in range(50):
        turns.put("A", f"a{number}")
    turns.next()
    turns.put("B", "b0")
    assert turns.next() == "b0"


def test_owners_take_turns_and_each_ones_jobs_keep_their_order():
    turns = Turns()
    for owner in "AB":
        for number in range(3):
            turns.put(owner, f"{owner}{number}")
    assert [turns.next() for _ in range(6)] == ["A0", "B0", "A1", "B1", "A2", "B2"]


def test_a_stream_of_newcomers_starves_nobody():
    turns = Turns()
    turns.put("A", "a0")
    turns.put("A", "a1")
    turns.next()
    taken = []
    for number in range(4):
        turns.put(f"new-{number}", f"n{number}")
        taken.append(turns.next())
    assert "a1" in taken[:2]


def test_a_job_moved_to_the_front_is_next_whoever_owns_it():
    turns = Turns()
    for job in ("a0", "a1", "a2"):
        turns.put("A", job)
    turns.put("B", "b0")
    turns.front("a2")
    assert turns.next() == "a2"
    assert turns.order() == ["b0", "a0", "a1"]


@given(acts)
def test_the_order_that_is_shown_is_the_order_in_which_they_go(acts):
    turns, count, waiting = Turns(), 0, []
    for act, what in acts:
        if act == "put":
            turns.put(what, job := f"{what}{count}")
            waiting.append(job)
            count += 1
        elif act == "next":
            shown = turns.order()
            taken = turns.next()
            assert taken == (shown[0] if shown else None)
            if taken:
                waiting.remove(taken)
                assert turns.order() == shown[1:]
        elif waiting:
            assert turns.remove(waiting.pop(what % len(waiting)))
    assert sorted(turns.order()) == sorted(waiting)
    shown = turns.order()
    assert [turns.next() for _ in shown] == shown


@given(st.lists(puts, min_size=1, max_size=60), st.integers(0, 30))
def test_nobody_waits_for_two_jobs_of_one_other_owner(acts, served):
    turns = Turns()
    for number, (_, owner) in enumerate(acts):
        turns.put(owner, f"{owner}{number}")
    running = None
    for _ in range(served):
        running = turns.next() or running
    turns.put("E", "e")
    before = turns.order()[: turns.order().index("e")]
    owners = [job[0] for job in before] + ([running[0]] if running else [])
    assert len(owners) == len(set(owners))

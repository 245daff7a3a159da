"""The last ten minutes are remembered, and no more."""

from __future__ import annotations

from itertools import pairwise

from hypothesis import given
from hypothesis import strategies as st

from aura.engine.protocol import Status
from aura.jobs.job import ENDED, JobView
from aura.memory.device import GIB, Snapshot
from aura.memory.manager import Resident
from aura.timeline import SAMPLES, SPANS, WINDOW_S, Timeline
from tests.engine.scripted import request

CARD = Snapshot(
    kind="cuda", name="card", total=8 * GIB, free=3 * GIB, held=4 * GIB, host_total=1, host_free=1
)
STAGES = ("loading", "encoding", "denoising", "decoding", "saving")


class Clock:
    """Time that passes when a test says so."""

    def __init__(self) -> None:
        self.now = 1000.0

    def __call__(self) -> float:
        return self.now


def status(*residents: Resident, device: Snapshot = CARD) -> Status:
    return Status(device=device, residents=residents, budget=6 * GIB)


def resident(model: str, size: int, **changes) -> Resident:
    fields = {"model": model, "bytes": size, "device": "cuda:0", "lent": False, "idle": 0}
    return Resident(**(fields | changes))


def view(job: str = "a", state: str = "running", stage: str = "loading", **changes) -> JobView:
    return JobView(
        id=job, owner="me", request=request(), state=state, created=0, stage=stage, **changes
    )


def plan(peak: int, rung: str = "resident") -> dict:
    return {"peak": peak, "rung": rung}


@given(st.lists(st.floats(0.01, 90), max_size=1500))
def test_the_samples_are_never_more_than_the_window_nor_two_of_one_second(waits: list[float]):
    clock = Clock()
    timeline = Timeline(clock)
    for wait in waits:
        clock.now += wait
        timeline.hear(status())
    samples = timeline.recent().samples
    assert len(samples) <= SAMPLES
    assert all(clock.now - WINDOW_S < sample.at <= clock.now for sample in samples)
    assert len({int(sample.at) for sample in samples}) == len(samples)
    assert not waits or samples[-1].at == clock.now


@given(
    st.lists(
        st.tuples(
            st.sampled_from("abcdef"),
            st.sampled_from(("queued", "running", *sorted(ENDED))),
            st.sampled_from(STAGES),
            st.integers(1, 3),
            st.floats(0, 200),
        ),
        max_size=80,
    )
)
def test_a_span_closes_when_its_job_ends_and_its_stages_fill_it(told):
    clock = Clock()
    timeline = Timeline(clock)
    ran: dict[str, str] = {}
    for job, state, stage, peak, wait in told:
        clock.now += wait
        if ran.get(job) not in ENDED and not (job in ran and state == "queued"):
            timeline.follow(view(job, state, stage, plan=plan(peak)))
            if job in ran or state == "running":
                ran[job] = state
    recent = timeline.recent()
    for span in recent.spans:
        assert (span.ended is not None) == (ran[span.job] in ENDED)
        assert span.until(recent.now) > recent.now - WINDOW_S
        pieces = list(span.stages(recent.now))
        assert pieces[-1][2] == span.until(recent.now)
        assert all(begun <= ended for _, begun, ended in pieces)
        assert all(one[2] == two[1] for one, two in pairwise(pieces))
    running = [job for job, state in ran.items() if state == "running"]
    assert {span.job for span in recent.spans} >= set(running)


def test_what_others_hold_is_what_is_neither_free_nor_auras():
    timeline = Timeline()
    timeline.hear(status(resident("a", 2 * GIB), resident("b", GIB)))
    (sample,) = timeline.recent().samples
    assert sample.others == GIB
    assert sample.models == {"a": 2 * GIB, "b": GIB}
    assert sample.accounted == 3 * GIB


def test_a_model_that_waits_in_ram_takes_nothing_of_the_card():
    timeline = Timeline()
    parked = resident("parked", GIB, parked=True)
    timeline.hear(status(resident("a", GIB), parked, resident("c", GIB, device="cpu")))
    assert timeline.recent().samples[0].models == {"a": GIB}


def test_on_a_processor_every_model_counts():
    timeline = Timeline()
    machine = CARD.model_copy(update={"kind": "cpu"})
    timeline.hear(status(resident("a", GIB, device="cpu"), device=machine))
    assert timeline.recent().samples[0].models == {"a": GIB}


def test_each_plan_a_job_went_on_under_is_kept_with_its_time():
    clock = Clock()
    timeline = Timeline(clock)
    timeline.follow(view(plan=plan(3 * GIB)))
    clock.now += 5
    timeline.follow(view(plan=plan(2 * GIB, "model_offload"), stage="denoising"))
    clock.now += 4
    timeline.follow(view(state="done", plan=plan(2 * GIB, "model_offload"), peak_bytes=GIB))
    (span,) = timeline.recent().spans
    assert [(f.peak, f.begun, until) for f, until in span.plans(clock.now)] == [
        (3 * GIB, 1000, 1005),
        (2 * GIB, 1005, 1009),
    ]
    assert span.measured == GIB


def test_a_job_that_never_ran_leaves_no_trace():
    timeline = Timeline()
    timeline.follow(view(state="queued"))
    timeline.follow(view(state="cancelled"))
    assert timeline.recent().spans == ()


def test_of_very_many_short_jobs_the_newest_are_remembered():
    clock = Clock()
    timeline = Timeline(clock)
    for number in range(SPANS + 30):
        clock.now += 0.1
        timeline.follow(view(str(number)))
        timeline.follow(view(str(number), state="done"))
    spans = timeline.recent().spans
    assert [span.job for span in spans] == [str(n) for n in range(30, SPANS + 30)]

"""The queue with an engine that plays its part: order, stops, following, restarts."""

from __future__ import annotations

import threading

import pytest

from aura.engine.protocol import Done, Failed, Notice
from aura.errors import BadRequest, DiskFull
from aura.jobs.journal import Journal
from aura.jobs.queue import Jobs
from tests.engine.scripted import ScriptedEngine, request

FULL = DiskFull(path="/d", need_bytes=1, free_bytes=0)


class Bench:
    """A queue on a folder, with an engine that goes on when ``gate`` lets it."""

    def __init__(self, folder, gated=True, **options):
        self.gate = threading.Semaphore(0) if gated else None
        self.engine = options.pop("engine", None) or ScriptedEngine(self.gate)
        self.jobs = Jobs(self.engine, Journal(folder / "jobs.db"), **options)
        self.jobs.start()

    def let(self, events=1):
        self.gate.release(events)

    def ended(self, job):
        return list(self.jobs.follow(job, seconds=20))[-1]


@pytest.fixture
def open_bench(tmp_path):
    opened = []

    def open_one(**options) -> Bench:
        opened.append(Bench(tmp_path, **options))
        return opened[-1]

    yield open_one
    for one in opened:
        one.jobs.close()


def test_a_job_runs_to_its_end_and_its_view_tells_the_way(open_bench):
    bench = open_bench(gated=False)
    view = bench.ended(bench.jobs.submit("me", request()))
    assert view.state == "done" and len(view.pictures) == 1
    assert view.stages == {"denoising": 1.0} and view.place == 0 and view.eta is None


def test_places_in_the_queue_are_counted_and_move_up(open_bench):
    bench = open_bench()
    jobs = [bench.jobs.submit("me", request()) for _ in range(3)]
    bench.engine.wait_for(jobs[0])
    assert [bench.jobs.view(job).place for job in jobs] == [0, 0, 1]
    bench.let(5)
    bench.engine.wait_for(jobs[1])
    assert [bench.jobs.view(job).place for job in jobs] == [0, 0, 0]


def test_behind_fifty_jobs_of_one_page_anothers_first_is_next(open_bench):
    bench = open_bench()
    mine = [bench.jobs.submit("me", request()) for _ in range(50)]
    bench.engine.wait_for(mine[0])
    theirs = bench.jobs.submit("you", request())
    assert bench.jobs.view(theirs).place == 0
    bench.let(10)
    bench.engine.wait_for(theirs)
    assert bench.engine.begun == [mine[0], theirs]


def test_a_stopped_queued_job_never_starts_and_is_cancelled_at_once(open_bench):
    bench = open_bench()
    first, second, third = (bench.jobs.submit("me", request()) for _ in range(3))
    bench.engine.wait_for(first)
    bench.jobs.stop(second)
    assert bench.jobs.view(second).state == "cancelled"
    bench.let(100)
    assert bench.ended(third).state == "done"
    assert second not in bench.engine.begun


def test_a_running_job_is_stopped_and_the_next_goes_on(open_bench):
    bench = open_bench()
    first, second = (bench.jobs.submit("me", request()) for _ in range(2))
    bench.engine.wait_for(first)
    bench.let(2)
    bench.jobs.stop(first)
    assert bench.ended(first).state == "cancelled"
    bench.let(100)
    assert bench.ended(second).state == "done"


def test_pictures_already_finished_stay_with_a_stopped_job(open_bench):
    bench = open_bench()
    job = bench.jobs.submit("me", request(prompts=("a",) * 3, negatives=("",) * 3))
    bench.let(4)  # the first picture
    for view in bench.jobs.follow(job, seconds=20):
        if view.pictures:
            bench.jobs.stop(job)
    assert view.state == "cancelled" and len(view.pictures) == 1


def test_stopping_what_has_ended_or_never_was_changes_nothing(open_bench):
    bench = open_bench(gated=False)
    job = bench.jobs.submit("me", request())
    bench.ended(job)
    bench.jobs.stop(job)
    bench.jobs.stop("nothing")
    assert bench.jobs.view(job).state == "done"


def test_a_stop_between_the_queue_and_the_engine_is_not_lost(open_bench):
    class Deaf(ScriptedEngine):
        """Knows a job from ``run`` on only, and is slow to be asked."""

        def run(self, job, asked):
            bench.jobs.stop(job)
            self.stopped.clear()
            return super().run(job, asked)

    bench = open_bench(gated=False, engine=Deaf())
    assert bench.ended(bench.jobs.submit("me", request())).state == "cancelled"


def test_paused_begins_nothing_until_resumed(open_bench):
    bench = open_bench(gated=False)
    bench.jobs.pause()
    job = bench.jobs.submit("me", request())
    assert bench.jobs.paused and list(bench.jobs.follow(job, seconds=0.1))[-1].state == "queued"
    bench.jobs.resume()
    assert bench.ended(job).state == "done"


def test_a_job_moved_to_the_front_runs_next(open_bench):
    bench = open_bench()
    jobs = [bench.jobs.submit("me", request()) for _ in range(4)]
    bench.engine.wait_for(jobs[0])
    bench.jobs.front(jobs[3])
    bench.let(100)
    for job in jobs:
        bench.ended(job)
    assert bench.engine.begun == [jobs[0], jobs[3], jobs[1], jobs[2]]


def test_clearing_cancels_what_this_owner_has_queued_and_nobody_elses(open_bench):
    bench = open_bench()
    mine = [bench.jobs.submit("me", request()) for _ in range(3)]
    theirs = bench.jobs.submit("you", request())
    bench.engine.wait_for(mine[0])
    bench.jobs.clear("me")
    states = [bench.jobs.view(job).state for job in (*mine, theirs)]
    assert states == ["running", "cancelled", "cancelled", "queued"]


def test_a_retried_job_is_a_new_one_with_the_same_request(open_bench):
    bench = open_bench(gated=False)
    first = bench.jobs.submit("me", request(seed=123))
    bench.ended(first)
    second = bench.jobs.retry(first)
    assert second != first and bench.ended(second).request == request(seed=123)


def test_a_job_that_nobody_remembers_cannot_be_retried(open_bench):
    with pytest.raises(BadRequest):
        open_bench(gated=False).jobs.retry("nothing")


def test_a_slow_reader_gets_the_newest_view_and_not_every_one(open_bench):
    bench = open_bench()
    job = bench.jobs.submit("me", request(steps=100))
    views = bench.jobs.follow(job, seconds=20)
    next(views)
    bench.let(1000)
    bench.ended(job)  # another reader keeps up
    assert [view.state for view in views] == ["done"]


def test_a_reader_hears_from_a_job_that_only_waits(open_bench):
    bench = open_bench(gated=False)
    bench.jobs.pause()
    views = bench.jobs.follow(bench.jobs.submit("me", request()))
    assert [next(views).state, next(views).state] == ["queued", "queued"]
    views.close()


def test_two_readers_follow_one_job_to_the_same_end(open_bench):
    bench = open_bench()
    job = bench.jobs.submit("me", request())
    seen = []
    readers = [threading.Thread(target=lambda: seen.append(bench.ended(job))) for _ in range(2)]
    for reader in readers:
        reader.start()
    bench.let(100)
    for reader in readers:
        reader.join(20)
    assert [view.state for view in seen] == ["done", "done"]


def test_following_a_job_that_nobody_knows_ends_at_once(open_bench):
    assert list(open_bench(gated=False).jobs.follow("nothing")) == []


def test_memory_of_ended_jobs_is_bounded_and_the_journal_still_has_them(open_bench):
    bench = open_bench(gated=False, remembered=3)
    jobs = [bench.jobs.submit("me", request(seed=seed)) for seed in range(8)]
    for job in jobs:
        bench.ended(job)
    assert [view.id for view in bench.jobs.views("me")] == jobs[-3:]
    assert bench.jobs.view(jobs[0]).request.seed == 0


def test_views_are_of_one_owner_and_the_newest_is_last(open_bench):
    bench = open_bench()
    mine = [bench.jobs.submit("me", request()) for _ in range(2)]
    theirs = bench.jobs.submit("you", request())
    assert [view.id for view in bench.jobs.views("me")] == mine
    assert [view.id for view in bench.jobs.views()] == [*mine, theirs]


def test_an_engine_that_raises_costs_one_job(open_bench):
    class Broken(ScriptedEngine):
        def _script(self, job, asked):
            if asked.seed == 13:
                raise RuntimeError("a fault of ours")
            return super()._script(job, asked)

    bench = open_bench(gated=False, engine=Broken())
    bad, good = (bench.jobs.submit("me", request(seed=seed)) for seed in (13, 14))
    assert bench.ended(bad).error["code"] == "engine_fault"
    assert bench.ended(good).state == "done"


def test_an_engine_that_ends_without_a_word_is_a_lost_one(open_bench):
    class Silent(ScriptedEngine):
        def _script(self, job, asked):
            return iter(())

    bench = open_bench(gated=False, engine=Silent())
    assert bench.ended(bench.jobs.submit("me", request())).error["code"] == "engine_lost"


def test_every_picture_reaches_the_history_and_a_history_that_fails_costs_no_job(open_bench):
    told = []

    def saved(picture, asked, created):
        told.append((picture.seed, asked.seed))
        raise OSError("no history today")

    bench = open_bench(gated=False, saved=saved)
    job = bench.jobs.submit("me", request(seed=5, prompts=("a", "b"), negatives=("", "")))
    assert bench.ended(job).state == "done"
    assert told == [(5, 5), (6, 5)]


def test_notices_stay_with_the_job(open_bench):
    class Noticing(ScriptedEngine):
        def _script(self, job, asked):
            yield Notice(job=job, code="plan.climbed", facts={"model": "Tiny"})
            yield Done(job=job, stages={}, peak_bytes=0)

    bench = open_bench(gated=False, engine=Noticing())
    view = bench.ended(bench.jobs.submit("me", request()))
    assert view.notices == ({"code": "plan.climbed", "facts": {"model": "Tiny"}},)


def test_a_full_disk_fails_the_job_and_pauses_the_queue_until_a_person_resumes(open_bench):
    class Full(ScriptedEngine):
        room = False

        def _script(self, job, asked):
            if not self.room:
                yield Failed(
                    job=job, error=DiskFull(path="/d", need_bytes=2, free_bytes=1).as_dict()
                )
            yield from super()._script(job, asked)

    bench = open_bench(gated=False, engine=Full())
    bench.jobs.pause()
    first, second = (bench.jobs.submit("me", request()) for _ in range(2))
    bench.jobs.resume()
    assert bench.ended(first).error["code"] == "disk_full"
    assert list(bench.jobs.follow(second, seconds=0.1))[-1].state == "queued"
    assert bench.jobs.pause_reason["code"] == "jobs.paused_disk_full"
    Full.room = True
    bench.jobs.resume()
    assert bench.ended(second).state == "done"
    assert bench.ended(bench.jobs.retry(first)).state == "done"


def test_a_clock_that_jumps_changes_no_duration(open_bench):
    wall = iter((1e9, -5.0, 2e9))
    bench = open_bench(gated=False, now=lambda: next(wall))
    view = bench.ended(bench.jobs.submit("me", request()))
    assert 0 <= view.elapsed < 20


# --- restarts


def test_queued_jobs_come_back_in_order_and_the_running_one_is_interrupted(open_bench):
    first = open_bench()
    jobs = [first.jobs.submit("me", request(seed=seed)) for seed in range(11)]
    first.engine.wait_for(jobs[0])
    first.jobs.close()

    second = open_bench(gated=False)
    assert second.jobs.view(jobs[0]).state == "interrupted"
    for job in jobs[1:]:
        assert second.ended(job).state == "done"
    assert second.engine.begun == jobs[1:]
    assert second.ended(second.jobs.retry(jobs[0])).state == "done"


def test_ended_jobs_are_still_known_after_a_restart(open_bench):
    first = open_bench(gated=False)
    done = first.ended(first.jobs.submit("me", request()))
    first.jobs.close()
    assert open_bench().jobs.view(done.id) == done


def test_the_order_given_by_hand_survives_a_restart(open_bench):
    first = open_bench()
    jobs = [first.jobs.submit("me", request()) for _ in range(4)]
    first.engine.wait_for(jobs[0])
    first.jobs.front(jobs[2])
    first.jobs.front(jobs[3])
    first.jobs.close()
    second = open_bench(gated=False)
    for job in jobs[1:]:
        second.ended(job)
    assert second.engine.begun == [jobs[3], jobs[2], jobs[1]]


def test_closing_waits_for_nobody(open_bench):
    bench = open_bench()
    job = bench.jobs.submit("me", request(steps=100))
    bench.engine.wait_for(job)
    reader = threading.Thread(target=lambda: list(bench.jobs.follow(job)))
    reader.start()
    bench.jobs.close()
    reader.join(30)
    assert not reader.is_alive()


def test_whoever_hears_of_a_failure_that_spares_the_others_finds_the_queue_paused(tmp_path):
    heard = []
    for _ in range(20):
        engine = ScriptedEngine()
        engine.run = lambda job, asked: iter([Failed(job=job, error=FULL.as_dict())])
        jobs = Jobs(engine, Journal(tmp_path / "jobs.db"))
        jobs.start()
        for view in jobs.follow(jobs.submit("me", request()), seconds=20):
            if view.ended:
                heard.append(jobs.paused)
        jobs.close()
    assert heard == [True] * 20


def test_a_listener_that_fails_takes_no_job_with_it(tmp_path):
    def broken(*_):
        raise RuntimeError("not my day")

    jobs = Jobs(ScriptedEngine(), Journal(tmp_path / "jobs.db"), saved=broken, seen=broken)
    jobs.start()
    for _ in range(2):
        assert list(jobs.follow(jobs.submit("me", request()), seconds=20))[-1].state == "done"
    jobs.close()


def test_an_engine_that_cannot_even_begin_fails_the_job_and_the_queue_goes_on(tmp_path):
    engine = ScriptedEngine()
    well, engine.run = engine.run, lambda job, asked: 1 / 0
    jobs = Jobs(engine, Journal(tmp_path / "jobs.db"))
    jobs.start()
    failed = list(jobs.follow(jobs.submit("me", request()), seconds=20))[-1]
    assert failed.state == "failed" and failed.error["code"] == "engine_fault"
    engine.run = well
    assert list(jobs.follow(jobs.submit("me", request()), seconds=20))[-1].state == "done"
    jobs.close()


def test_a_journal_that_cannot_be_written_at_the_start_pauses_and_shows_what_was(tmp_path):
    class Full(Journal):
        def prune(self, keep=0):
            raise FULL

    jobs = Jobs(ScriptedEngine(), Full(tmp_path / "jobs.db"))
    assert jobs.pause_reason["code"] == "jobs.paused_disk_full"
    jobs.journal.close()

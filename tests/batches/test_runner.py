"""Batches are drawn to their end, over restarts and failures, and no picture twice."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from PIL import Image

from aura.batches.batch import Batch, key
from aura.engine.protocol import Done, Failed, JobEvent, Saved
from aura.errors import EngineLost, MemoryRefused
from aura.library.results import save_picture
from aura.requests import GenerateRequest, Picture, Request
from aura.settings import Settings
from aura.studio import Studio
from tests.batches.making import grid, prompts
from tests.engine.scripted import ScriptedEngine
from tests.library.pictures import Quick

PATIENCE_S = 30.0


class Drawing(ScriptedEngine):
    """Saves real files, with all they tell of themselves, and keeps what it was asked for."""

    def __init__(self, data: Path, gate: threading.Semaphore | None = None) -> None:
        super().__init__(gate)
        self.outputs = data / "outputs"
        self.drawn: list[tuple[str, int]] = []
        self.refused: tuple[str, ...] = ()
        self.cut_short: tuple[str, ...] = ()  # drawn, but not enlarged

    def _script(self, job: str, request: Request) -> Iterator[JobEvent]:
        if request.prompt in self.refused:
            error = MemoryRefused(
                model="Tiny", need_bytes=2, budget_bytes=1, change="plan.change.smaller_model"
            )
            yield Failed(job=job, error=error.as_dict())
            return
        for event in super()._script(job, request):
            if isinstance(event, Saved):
                event = event.model_copy(update={"picture": self._saved(request, event.index)})
            if isinstance(event, Done) and request.prompt in self.cut_short:
                event = Failed(job=job, error=EngineLost().as_dict())
            yield event

    def _saved(self, request: GenerateRequest, index: int) -> Picture:
        self.drawn.append((request.prompts[index], request.seed + index))
        colour = next((c for c in ("red", "blue", "green") if c in request.prompt), "black")
        notice = {"code": "passes.unfinished.failed", "facts": {"missing": ["enlarge"]}}
        return save_picture(
            self.outputs, Image.new("RGB", (64, 64), colour), request, index, disk=Quick(),
            plan={}, seconds=1.0, stages={}, peak_bytes=2**20, versions={},
            notices=(notice,) if request.prompt in self.cut_short else (),
        )  # fmt: skip


@pytest.fixture
def opened(tmp_path: Path) -> Iterator[Callable[..., Studio]]:
    studios: list[Studio] = []

    def open_one(engine: ScriptedEngine) -> Studio:
        studios.append(Studio.open(Settings(data_dir=tmp_path), engine=engine))
        return studios[-1]

    yield open_one
    for studio in studios:
        studio.close()


def until(told: Callable[[], bool]) -> None:
    ends = time.monotonic() + PATIENCE_S
    while not told():
        assert time.monotonic() < ends, "it did not come to its end"
        time.sleep(0.01)


def ended(studio: Studio, batch: Batch) -> Batch:
    until(lambda: not studio.batches.get(batch.id).open)
    return studio.batches.get(batch.id)


LINES = ("a red star", "a blue star", "a green star", "a red circle", "a blue circle")


def test_every_line_is_drawn_once_and_in_order(opened, tmp_path):
    engine = Drawing(tmp_path)
    studio = opened(engine)
    batch = studio.batches.submit("me", prompts(*LINES, count=2))
    assert ended(studio, batch).done
    assert engine.drawn == [(line, 5 + 2 * n + i) for n, line in enumerate(LINES) for i in (0, 1)]
    shown = studio.batches.pictures(batch)
    assert [(one.prompt, one.seed) for one in shown] == engine.drawn
    told = studio.batches.progress(studio.batches.get(batch.id))
    assert (told.state, told.drawn, told.of, told.lost) == ("done", 10, 10, 0)


def test_asking_again_draws_only_what_is_gone(opened, tmp_path):
    engine = Drawing(tmp_path)
    studio = opened(engine)
    batch = studio.batches.submit("me", prompts(*LINES))
    ended(studio, batch)
    Path(studio.batches.pictures(batch)[2].path).unlink()
    engine.drawn.clear()
    ended(studio, studio.batches.submit("me", prompts(*LINES)))
    assert engine.drawn == [("a green star", 7)]


def test_after_a_restart_exactly_the_missing_ones_are_drawn(opened, tmp_path):
    gate = threading.Semaphore(0)
    engine = Drawing(tmp_path, gate)
    studio = opened(engine)
    batch = studio.batches.submit("me", prompts(*LINES, count=2))
    for _ in range(3 * 4 + 4):  # events: stages, steps and pictures of the first job and a half
        gate.release()
    until(lambda: len(engine.drawn) >= 3)
    studio.close()
    kept = len(list(tmp_path.joinpath("outputs").rglob("*.png")))
    second = Drawing(tmp_path)
    studio = opened(second)
    assert ended(studio, batch).done
    every = [(line, 5 + 2 * n + i) for n, line in enumerate(LINES) for i in (0, 1)]
    assert sorted(engine.drawn[:kept] + second.drawn) == sorted(every)
    assert len(studio.batches.pictures(batch)) == 10


def test_few_jobs_wait_at_a_time_so_that_others_get_their_turn(opened, tmp_path):
    gate = threading.Semaphore(0)
    studio = opened(Drawing(tmp_path, gate))
    studio.batches.submit("me", prompts(*(f"line {n}" for n in range(40))))
    assert len([view for view in studio.jobs.views("me") if not view.ended]) <= 4
    gate.release(10_000)


def test_a_batch_that_is_stopped_stays_stopped_until_it_is_asked_for_again(opened, tmp_path):
    gate = threading.Semaphore(0)
    engine = Drawing(tmp_path, gate)
    studio = opened(engine)
    batch = studio.batches.submit("me", prompts(*LINES))
    studio.batches.stop(batch.id)
    until(lambda: all(view.ended for view in studio.jobs.views("me")))
    assert studio.batches.progress(studio.batches.get(batch.id)).state == "stopped"
    studio.close()
    second = Drawing(tmp_path)
    studio = opened(second)
    assert second.begun == []
    assert ended(studio, studio.batches.submit("me", prompts(*LINES))).done
    assert len(second.drawn) + len(engine.drawn) == len(LINES)


def test_what_fails_is_not_tried_without_end_and_is_when_asked_for_again(opened, tmp_path):
    engine = Drawing(tmp_path)
    engine.refused = ("a blue star",)
    studio = opened(engine)
    batch = ended(studio, studio.batches.submit("me", prompts(*LINES)))
    told = studio.batches.progress(batch)
    assert (told.state, told.drawn, told.lost) == ("incomplete", 4, 1)
    engine.refused, engine.drawn[:] = (), []
    assert ended(studio, studio.batches.submit("me", prompts(*LINES))).done
    assert engine.drawn == [("a blue star", 6)]


def test_a_picture_that_was_cut_short_is_not_drawn_yet(opened, tmp_path):
    engine = Drawing(tmp_path)
    engine.cut_short = ("a blue star",)
    studio = opened(engine)
    batch = ended(studio, studio.batches.submit("me", prompts(*LINES)))
    told = studio.batches.progress(batch)
    assert (batch.done, told.drawn, len(studio.batches.pictures(batch))) == (False, 4, 4)
    engine.cut_short, engine.drawn[:] = (), []
    assert ended(studio, studio.batches.submit("me", prompts(*LINES))).done
    assert engine.drawn == [("a blue star", 6)]


def test_a_grid_ends_in_a_sheet_that_is_a_picture_of_the_library(opened, tmp_path):
    engine = Drawing(tmp_path)
    studio = opened(engine)
    batch = ended(studio, studio.batches.submit("me", grid("prompt=red,blue", "steps=1,2")))
    entry = studio.history.get(batch.sheet)
    assert entry and entry.request.batch is None
    assert entry.picture.notices[0]["code"] == "grid.notice"
    assert len(studio.batches.pictures(batch)) == 4, "the sheet is none of them"
    with Image.open(batch.sheet) as sheet:
        seen = {colour for _, colour in sheet.convert("RGB").getcolors(2**24)}
    assert {(255, 0, 0), (0, 0, 255)} <= seen
    again = ended(studio, studio.batches.submit("me", grid("prompt=red,blue", "steps=1,2")))
    assert again.sheet == batch.sheet and len(engine.drawn) == 4


def test_the_sheet_is_made_after_a_restart_too(opened, tmp_path):
    gate = threading.Semaphore(0)
    engine = Drawing(tmp_path, gate)
    studio = opened(engine)
    batch = studio.batches.submit("me", grid("prompt=red,blue,green"))
    for _ in range(5):
        gate.release()
    until(lambda: len(engine.drawn) == 1)
    studio.close()
    studio = opened(Drawing(tmp_path))
    assert Path(ended(studio, batch).sheet).is_file()


def test_a_cell_that_could_not_be_drawn_leaves_its_place_and_says_why(opened, tmp_path):
    engine = Drawing(tmp_path)
    engine.refused = ("a blue star",)
    studio = opened(engine)
    batch = ended(studio, studio.batches.submit("me", grid("prompt=red,blue")))
    assert batch.sheet and not batch.done
    told = studio.batches.progress(batch)
    assert (told.drawn, told.lost) == (1, 1)


def test_it_is_told_when_it_will_be_done(opened, tmp_path):
    gate = threading.Semaphore(0)
    engine = Drawing(tmp_path, gate)
    studio = opened(engine)
    batch = studio.batches.submit("me", prompts(*LINES))
    assert studio.batches.progress(batch).until is None, "nothing was drawn yet"
    gate.release(5)
    until(lambda: studio.batches.progress(batch).drawn == 1)
    assert 0 < studio.batches.progress(batch).until - time.time() <= 4.1
    gate.release(1000)


def test_stopping_all_of_an_owner_leaves_the_others(opened, tmp_path):
    gate = threading.Semaphore(0)
    studio = opened(Drawing(tmp_path, gate))
    mine = studio.batches.submit("me", prompts(*LINES))
    yours = studio.batches.submit("you", prompts("a red star", seed=9))
    studio.batches.stop_all("me")
    gate.release(1000)
    assert ended(studio, yours).done and not studio.batches.get(mine.id).open
    assert [one.id for one in studio.batches.of("me")] == [mine.id]


def test_a_file_that_cannot_be_read_is_no_batch(tmp_path, opened):
    (tmp_path / "batches").mkdir()
    (tmp_path / "batches" / "abc.json").write_text("{}")
    studio = opened(Drawing(tmp_path))
    assert studio.batches.get("abc") is None and studio.batches.get("../jobs") is None
    assert key(prompts("a").requests[0])

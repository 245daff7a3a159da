"""Several engines at a job are one engine to whoever looks on."""

from __future__ import annotations

import threading

import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image

from aura.engine import side_by_side
from aura.engine.lock import DeviceLock
from aura.engine.parts import split
from aura.engine.protocol import Cancelled, Done, Failed, Notice, Saved, Stage, Status, Step
from aura.engine.side_by_side import SideBySide, parts_for
from aura.memory.ledger import Ledger
from aura.memory.pace import converted
from aura.memory.simulated import imagined
from aura.requests import SEED_MAX, Start
from aura.settings import Settings
from tests.engine.scripted import ScriptedEngine, request

GIB = 2**30
PROCESSOR = imagined(0, 32 * GIB).model_copy(update={"name": "a processor"})


class Main(ScriptedEngine):
    """The engine that has the whole processor."""

    def __init__(self, settings: Settings, device=PROCESSOR) -> None:
        super().__init__()
        self.settings, self.device = settings, device
        self.released = 0

    def status(self) -> Status:
        return Status(device=self.device)

    def release(self, model=None) -> None:
        self.released += 1


class Bench:
    """Jobs in ``many`` parts; ``gates`` let each part's events out."""

    def __init__(self, folder, many: int = 2, gates=None) -> None:
        self.main = Main(Settings(data_dir=folder))
        self.opened: list[tuple[ScriptedEngine, Settings]] = []
        self.gates = gates
        self.engine = SideBySide(self.main, lambda *_: many, self._open)

    def _open(self, settings, number, of) -> ScriptedEngine:
        engine = ScriptedEngine(self.gates[number] if self.gates else None)
        self.opened.append((engine, settings))
        return engine

    def run(self, count: int = 4, **changes):
        asked = request(prompts=("a",) * count, negatives=("",) * count, **changes)
        return self.engine.run("job", asked)


@given(st.integers(1, 40), st.integers(1, 8), st.integers(0, SEED_MAX))
def test_every_picture_is_drawn_once_with_its_own_seed_and_words(count, parts, seed):
    words = tuple(str(number) for number in range(count))
    start = Start(pictures=words, masks=words)
    shares = split(request(prompts=words, negatives=words, seed=seed, start=start), parts)
    drawn = [
        (share.prompts[at], share.negatives[at], share.seed_of(at), first + at)
        for first, share in shares
        for at in range(share.count)
    ]
    assert drawn == [(w, w, (seed + at) % (SEED_MAX + 1), at) for at, w in enumerate(words)]
    begun = [share.start.of(at) for _, share in shares for at in range(share.count)]
    assert begun == [(word, word) for word in words]
    assert max(s.count for _, s in shares) - min(s.count for _, s in shares) <= 1


@pytest.mark.parametrize("many", [2, 3, 4])
def test_the_pictures_come_in_order_and_are_those_of_one_engine(tmp_path, many):
    alone = [one for one in ScriptedEngine().run("job", request_of(5)) if isinstance(one, Saved)]
    bench = Bench(tmp_path, many)
    events = list(bench.run(5))
    saved = [one for one in events if isinstance(one, Saved)]
    assert [one.index for one in saved] == [0, 1, 2, 3, 4]
    assert [one.picture.seed for one in saved] == [one.picture.seed for one in alone]
    assert isinstance(events[-1], Done) and events[-1].stages == {"denoising": float(many)}
    assert all(one.job == "job" for one in events) and len(bench.opened) == many


def request_of(count: int):
    return request(prompts=("a",) * count, negatives=("",) * count)


def test_steps_are_told_of_the_first_picture_that_is_not_saved(tmp_path):
    gates = [threading.Semaphore(0), threading.Semaphore(1000)]
    events = Bench(tmp_path, gates=gates).run(4)
    told = [next(events)]
    gates[0].release(1000)
    told += list(events)
    front = 0
    for event in told:
        if isinstance(event, Stage | Step):
            assert event.index >= front
            front = event.index
    assert {e.count for e in told if isinstance(e, Stage)} == {4}
    assert isinstance(told[0], Notice) and told[0].facts == {"parts": 2}


class Noticing(ScriptedEngine):
    """Says one thing that is so for every part, and one of its own."""

    def _script(self, job, request):
        yield Notice(job=job, code="families.sampler_kept", facts={"sampler": "heun"})
        yield Notice(job=job, code="families.prompt_shortened", facts={"kept": str(request.seed)})
        yield from super()._script(job, request)


def test_what_is_so_of_all_parts_is_told_once(tmp_path):
    bench = Bench(tmp_path, many=3)
    bench.engine.open_part = lambda *_: Noticing()
    told = [one.code for one in bench.run(6) if isinstance(one, Notice)]
    assert sorted(told) == [
        "engine.side_by_side", *["families.prompt_shortened"] * 3, "families.sampler_kept",
    ]  # fmt: skip


def test_a_stop_reaches_every_part(tmp_path):
    gates = [threading.Semaphore(1), threading.Semaphore(1)]
    bench = Bench(tmp_path, gates=gates)
    events = bench.run(4)
    next(events), next(events)
    bench.engine.stop("job")
    told = [engine.stopped for engine, _ in bench.opened]
    assert told == [{"job-0"}, {"job-1"}]  # before anybody has heard of an end
    assert isinstance(list(events)[-1], Cancelled)


def test_closing_ends_what_waits_for_the_device_and_it_is_not_cancelled(tmp_path):
    neighbour = DeviceLock(tmp_path / "locks", "cpu")
    assert neighbour.take()
    bench, told = Bench(tmp_path), []
    waiting = threading.Thread(target=lambda: told.extend(bench.run(4)))
    waiting.start()
    bench.engine.close()
    waiting.join(10)
    neighbour.free()
    assert not waiting.is_alive() and not bench.opened
    (end,) = told
    assert isinstance(end, Failed) and end.error["code"] == "engine_lost"


def test_closing_while_the_parts_open_begins_none_of_them(tmp_path):
    bench = Bench(tmp_path)
    events = bench.run(4)
    assert isinstance(next(events), Notice)
    bench.engine.close()
    assert isinstance(list(events)[-1], Failed)
    assert not any(engine.begun for engine, _ in bench.opened)


def test_one_that_fails_ends_the_others_and_what_is_drawn_is_kept(tmp_path):
    gates = [threading.Semaphore(1), threading.Semaphore(1000), threading.Semaphore(1)]
    bench = Bench(tmp_path, many=3, gates=gates)
    events = bench.run(6)
    next(events), next(events)
    bench.opened[1][0].wait_for_end("job-1")
    bench.opened[0][0].crash()
    told = list(events)
    assert isinstance(told[-1], Failed)
    assert [one.index for one in told if isinstance(one, Saved)] == [2, 3]
    assert bench.opened[2][0].stopped == {"job-2"}


def test_a_reader_that_goes_away_leaves_nothing_running(tmp_path):
    bench = Bench(tmp_path, gates=[threading.Semaphore(3), threading.Semaphore(3)])
    events = bench.run(4)
    next(events), next(events)
    events.close()
    assert all(engine._running == 0 for engine, _ in bench.opened)
    assert isinstance(list(Bench(tmp_path).run(2))[-1], Done)  # the device is free again


def test_the_parts_share_the_memory_and_the_whole_engine_gives_its_own_back(tmp_path):
    bench = Bench(tmp_path, many=2)
    list(bench.run(2))
    limits = [settings.memory_limit for _, settings in bench.opened]
    assert bench.main.released and limits[0] == limits[1] and sum(limits) <= 32 * GIB


def test_one_picture_or_one_part_is_for_the_whole_engine(tmp_path):
    bench = Bench(tmp_path, many=2)
    list(bench.run(1))
    assert bench.main.begun == ["job"] and not bench.opened
    alone = Bench(tmp_path, many=1)
    list(alone.run(4))
    assert alone.main.begun == ["job"] and not alone.opened


PROMPTS = ("a red circle", "a blue square", "a green star", "a yellow triangle")
LONG = {"model": "sd15", "width": 512, "height": 512, "steps": 50}
GAINS = {2: 1.4, 4: 1.2, 8: 0.9}


def chosen(folder, gains, device=PROCESSOR, count=16, speed=1e11, **changes) -> int:
    ledger = Ledger(folder / "ledger.db")
    ledger.gauged(device.name, "", {"fp32": speed, "bf16": speed})
    ledger.gauged(device.name, "", {side_by_side.key(k): v for k, v in gains.items()})
    ledger.close()
    asked = request(prompts=("a",) * count, negatives=("",) * count, **(LONG | changes))
    return parts_for(Status(device=device), Settings(data_dir=folder), asked)


def test_as_many_as_were_measured_to_be_the_fastest(tmp_path):
    assert chosen(tmp_path, GAINS) == 2


@pytest.mark.parametrize("gains", [{}, {2: 1.0}, {2: 1.05, 4: 0.8}])
def test_nothing_is_shared_out_where_it_was_not_measured_to_pay(tmp_path, gains):
    assert chosen(tmp_path, gains) == 1


def test_nor_where_openvino_draws_it_faster_than_torch(tmp_path, monkeypatch):
    monkeypatch.setattr("aura.memory.abilities.installed", lambda: frozenset({"openvino"}))
    ledger = Ledger(tmp_path / "ledger.db")
    ledger.gauged(PROCESSOR.name, "", {converted(dtype): 3e11 for dtype in ("fp32", "bf16")})
    ledger.close()
    assert chosen(tmp_path, GAINS) == 1


def test_nor_where_the_memory_does_not_hold_as_many_models(tmp_path):
    small = PROCESSOR.model_copy(update={"limit": 5 * GIB, "host_limit": 5 * GIB})
    assert chosen(tmp_path, GAINS, small) == 1


def test_nor_for_what_is_over_before_the_engines_have_started(tmp_path):
    assert chosen(tmp_path, GAINS, count=2, speed=1e13) == 1


def test_nor_on_a_card(tmp_path):
    card = imagined(24 * GIB, 32 * GIB).model_copy(update={"name": "a card"})
    assert chosen(tmp_path, GAINS, card) == 1


def test_processes_side_by_side_draw_the_pictures_of_one(tmp_path):
    """The built-in model, by real engines: one thread each, or all threads for one."""
    asked = request_of(4).model_copy(update={"model": "aura-shapes", "prompts": PROMPTS})
    main = Main(Settings(data_dir=tmp_path))
    pictures = []
    for many in (1, 2):
        engine = SideBySide(main, lambda *_, many=many: many)
        if many == 1:
            engine = side_by_side.opened(main.settings, 0, 1)
        events = list(engine.run("job", asked))
        assert isinstance(events[-1], Done), events[-1]
        saved = [one.picture.path for one in events if isinstance(one, Saved)]
        pictures.append([Image.open(path).tobytes() for path in saved])
        engine.close()
    assert pictures[0] == pictures[1] and len(set(pictures[0])) == 4

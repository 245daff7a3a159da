"""An engine without a model: it plays a job event by event, as a test tells it to."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from pathlib import Path

from PIL import Image

from aura.engine.protocol import Cancelled, Done, Failed, JobEvent, Saved, Stage, Step
from aura.errors import EngineLost
from aura.requests import GenerateRequest, Picture, Request


def request(**changes) -> GenerateRequest:
    fields = {
        "model": "tiny",
        "prompt": "a red circle",
        "prompts": ("a red circle",),
        "negatives": ("",),
        "width": 64,
        "height": 64,
        "steps": 2,
        "guidance": 5.0,
        "seed": 7,
    }
    return GenerateRequest(**(fields | changes))


def picture(folder: Path, job: str, seed: int = 7) -> Picture:
    """A picture that lies in ``folder`` if there is such a folder."""
    path = folder / f"{job}-{seed}.png"
    if folder.is_dir():
        Image.new("RGB", (64, 64), "red").save(path)
    return Picture(
        path=str(path),
        width=64,
        height=64,
        seed=seed,
        prompt="a red circle",
        model="tiny",
        seconds=1.0,
        stages={},
        peak_bytes=1,
        plan={},
    )


class ScriptedEngine:
    """Plays each job up to where ``gate`` lets it; with ``gate=None`` straight to its end.

    ``begun`` lists the jobs in the order in which they began; ``most_at_once`` how many
    ever ran together; ``stopped`` those that were told to stop.
    """

    def __init__(
        self, gate: threading.Semaphore | None = None, folder: Path = Path("/nowhere")
    ) -> None:
        self.gate, self.folder = gate, folder
        self.begun: list[str] = []
        self.most_at_once = 0
        self.started = threading.Condition()
        self._running = 0
        self.stopped: set[str] = set()
        self._dead = False
        self._closed = threading.Event()

    def start(self) -> None: ...

    def watch(self, watcher) -> None: ...

    def close(self) -> None:
        self._closed.set()
        if self.gate is not None:
            self.gate.release(1000)

    def stop(self, job: str) -> None:
        self.stopped.add(job)
        if self.gate is not None:
            self.gate.release()

    def crash(self) -> None:
        """Die under the running job; the next one finds a new engine."""
        self._dead = True
        if self.gate is not None:
            self.gate.release()

    def run(self, job: str, request: Request) -> Iterator[JobEvent]:
        with self.started:
            self.begun.append(job)
            self._dead = False
            self._running += 1
            self.most_at_once = max(self.most_at_once, self._running)
            self.started.notify_all()
        try:
            yield from self._events(job, request)
        finally:
            with self.started:
                self._running -= 1
                self.started.notify_all()

    def _events(self, job: str, request: Request) -> Iterator[JobEvent]:
        for event in self._script(job, request):
            if self.gate is not None:
                self.gate.acquire()
            if self._closed.is_set() or self._dead:
                yield Failed(job=job, error=EngineLost().as_dict())
                return
            if job in self.stopped:
                yield Cancelled(job=job)
                return
            yield event

    def _script(self, job: str, request: Request) -> Iterator[JobEvent]:
        for index in range(request.count):
            yield Stage(job=job, stage="denoising", index=index, count=request.count)
            for step in range(1, request.steps + 1):
                yield Step(job=job, step=step, steps=request.steps, index=index)
            yield Saved(job=job, index=index, picture=self._picture(job, request.seed + index))
        yield Done(job=job, stages={"denoising": 1.0}, peak_bytes=1)

    def _picture(self, job: str, seed: int) -> Picture:
        return picture(self.folder, job, seed)

    def wait_for(self, job: str) -> None:
        with self.started:
            assert self.started.wait_for(lambda: job in self.begun, timeout=10)

    def wait_for_end(self, job: str) -> None:
        with self.started:
            assert self.started.wait_for(lambda: job in self.begun and not self._running, 10)

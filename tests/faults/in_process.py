"""A worker in the studio's own process: the real drawing, without the wait for a child."""

from __future__ import annotations

from collections.abc import Iterator

from aura.engine.protocol import JobEvent, Run
from aura.engine.worker import Worker
from aura.requests import Request


class InProcess:
    """The queue's engine, with nothing between it and the worker."""

    def __init__(self, worker: Worker) -> None:
        self.worker = worker

    def start(self) -> None: ...

    def watch(self, watcher) -> None: ...

    def close(self) -> None: ...

    def run(self, job: str, request: Request) -> Iterator[JobEvent]:
        return self.worker.handle(Run(job=job, request=request))

    def stop(self, job: str) -> None:
        self.worker.stop(job)

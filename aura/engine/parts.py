"""One job in several parts at a time: what they tell, made the story of one job again."""

from __future__ import annotations

import queue
import threading
from collections.abc import Iterator, Sequence
from itertools import pairwise

from aura.engine.host import Engine
from aura.engine.protocol import (
    Cancelled,
    Done,
    Failed,
    JobEvent,
    Notice,
    Planned,
    Preview,
    Saved,
    Stage,
    Step,
)
from aura.requests import GenerateRequest

Ending = Done | Failed | Cancelled


def split(request: GenerateRequest, parts: int) -> list[tuple[int, GenerateRequest]]:
    """Parts of about the same length, with the index of each one's first picture."""
    count = request.count
    edges = [count * part // parts for part in range(parts + 1)]
    return [
        (first, request.part(first, end - first)) for first, end in pairwise(edges) if end > first
    ]


class Parts:
    """``engines``, each with its share of the pictures of ``request``.

    What is told is in the order of the pictures: steps and previews of the first one that is
    not saved yet, and each picture once all before it are.
    """

    def __init__(self, job: str, request: GenerateRequest, engines: Sequence[Engine]) -> None:
        self.job, self.count = job, request.count
        self.engines = engines
        self.shares = split(request, len(engines))
        self._heard: queue.Queue[tuple[int, JobEvent]] = queue.Queue()
        self._waiting: dict[int, JobEvent] = {}
        self._saved: set[int] = set()
        self._noticed: list[Notice] = []
        self._told = 0  # pictures that were told of
        self._endings: list[Ending] = []

    def run(self) -> Iterator[JobEvent]:
        threads = [self._listener(part) for part in range(len(self.shares))]
        for thread in threads:
            thread.start()
        try:
            while len(self._endings) < len(self.shares):
                yield from self._one(*self._heard.get())
            for index in sorted(self._waiting):  # behind one that will not come
                yield self._waiting[index]
            yield self._ending()
        finally:
            self.stop()
            for thread in threads:
                thread.join()

    def stop(self) -> None:
        for part in range(len(self.shares)):
            self.engines[part].stop(self._name(part))

    # --- what they tell

    def _one(self, part: int, event: JobEvent) -> Iterator[JobEvent]:
        first = self.shares[part][0]
        match event:
            case Done() | Failed() | Cancelled():
                self._endings.append(event)
                if not isinstance(event, Done):
                    self.stop()  # the others end at their next step
            case Saved():
                index = first + event.index
                self._waiting[index] = self._renamed(event, index)
                self._saved.add(index)
                yield from self._in_order()
            case Stage() | Step() | Preview() if first + event.index != self._front:
                return
            case Planned() if part:
                return
            case Notice():
                yield from self._notice(event)
            case Stage() | Step() | Preview():
                told = self._renamed(event, first + event.index)
                whole = {"count": self.count} if isinstance(told, Stage) else {}
                yield told.model_copy(update=whole)
            case _:
                yield event.model_copy(update={"job": self.job})

    def _notice(self, event: Notice) -> Iterator[JobEvent]:
        """What is so of several parts is told once."""
        told = event.model_copy(update={"job": self.job})
        if told not in self._noticed:
            self._noticed.append(told)
            yield told

    @property
    def _front(self) -> int:
        return next(index for index in range(self.count + 1) if index not in self._saved)

    def _in_order(self) -> Iterator[JobEvent]:
        while self._told in self._waiting:
            yield self._waiting.pop(self._told)
            self._told += 1

    def _renamed(self, event: JobEvent, index: int) -> JobEvent:
        return event.model_copy(update={"job": self.job, "index": index})

    def _ending(self) -> Ending:
        """Of the whole: a failure before a stop, a stop before the end."""
        for kind in (Failed, Cancelled):
            for ending in self._endings:
                if isinstance(ending, kind):
                    return ending.model_copy(update={"job": self.job})
        done = [ending for ending in self._endings if isinstance(ending, Done)]
        stages: dict[str, float] = {}
        for ending in done:
            for stage, seconds in ending.stages.items():
                stages[stage] = stages.get(stage, 0.0) + seconds
        peak = sum(ending.peak_bytes for ending in done)
        return Done(job=self.job, stages=stages, peak_bytes=peak)

    # --- listening

    def _name(self, part: int) -> str:
        return f"{self.job}-{part}"

    def _listener(self, part: int) -> threading.Thread:
        events = self.engines[part].run(self._name(part), self.shares[part][1])

        def listen() -> None:
            for event in events:
                self._heard.put((part, event))

        return threading.Thread(target=listen, name=f"part-{part}", daemon=True)

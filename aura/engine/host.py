"""What the queue and the pages need of an engine, wherever it is hosted."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Protocol

from aura.engine.protocol import JobEvent, Status
from aura.requests import Request
from aura.settings import Settings


class Engine(Protocol):
    """``supervisor.Supervisor`` is one, in a child process."""

    @property
    def settings(self) -> Settings:
        """What it runs under now."""
        ...

    def start(self) -> None: ...

    def watch(self, watcher: Callable[[Status], None]) -> None:
        """Tell every status from now on to ``watcher``, in a thread of the engine's own."""
        ...

    def close(self) -> None:
        """End at once; a running job's events end too."""
        ...

    def run(self, job: str, request: Request) -> Iterator[JobEvent]:
        """The last event is Done, Failed or Cancelled."""
        ...

    def stop(self, job: str) -> None:
        """At its next event. One that is not known here is ignored."""
        ...

    def status(self) -> Status | None:
        """The last status; None before the first."""
        ...

    def release(self, model: str | None = None) -> None:
        """Give back the memory of one model, or of all that are not lent."""
        ...

    def keep_for(self, seconds: float) -> None:
        """After how long without use models give their memory back; 0: never."""
        ...

    def warm(self, model: str) -> None:
        """Load a model ahead of use, if nothing else is to be done."""
        ...

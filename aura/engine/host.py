"""What the queue needs of an engine, wherever it is hosted."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Protocol

from aura.engine.protocol import JobEvent, Status
from aura.requests import Request


class Engine(Protocol):
    """``supervisor.Supervisor`` is one, in a child process."""

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

"""One job on its way through engines: what it has been told, and how far it came."""

from __future__ import annotations

import queue
from enum import Enum
from typing import Any

from aura.engine.process import Process
from aura.engine.protocol import JobEvent, Notice, Planned, Resumed, Run, Saved, Stage, Status
from aura.requests import Work


class Sign(Enum):
    """What an errand is told besides events."""

    STOPPED = "stopped"
    LOST = "lost"
    STARVED = "starved"  # lost: the system killed the engine for want of RAM


class Errand:
    """``run`` is what the next engine is sent: the whole job, or what is left of it."""

    def __init__(self, run: Run) -> None:
        self.run = run
        self.inbox: queue.Queue[JobEvent | Sign] = queue.Queue()
        self.stopped_at: float | None = None
        self.sent_to: Process | None = None
        self.kills = 0  # of the system, when it was sent
        self.told_slow = False
        self.given_up = False  # the person chose to end the engine with it
        self.last_status: Status | None = None  # of the engine that was lost
        self.plan: dict[str, Any] | None = None
        self.work: Work = run.request  # what it is a plan for
        self._tried: list[str] = []
        self._notices: list[dict[str, Any]] = []
        self._stages: dict[str, float] = {}
        self._following = 0
        self._part = 0

    @property
    def job(self) -> str:
        return self.run.job

    @property
    def tried(self) -> tuple[str, ...]:
        """The rungs it was on, in order."""
        return tuple(self._tried)

    def note(self, event: JobEvent) -> None:
        """Keep what another engine would have to know."""
        match event:
            case Stage() if event.part != self._part:
                self._part, self.plan = event.part, None
                self._tried.clear()
            case Planned():
                self.plan, self.work = event.plan, event.work or self.run.request
                self._tried.append(event.plan["rung"])
            case Notice():
                self._notices.append({"code": event.code, "facts": event.facts})
            case Saved():
                self._following = event.index + 1
                for stage, seconds in event.picture.stages.items():
                    self._stages[stage] = self._stages.get(stage, 0.0) + seconds

    def resume(self, plan: dict[str, Any]) -> None:
        """Go on after ``plan``, at the first picture that is missing."""
        how_far = Resumed(
            plan=plan,
            tried=self.tried,
            following=self._following,
            notices=tuple(self._notices),
            stages=self._stages,
            part=self._part,
        )
        self.run = self.run.model_copy(update={"resumed": how_far})
        self.sent_to = None

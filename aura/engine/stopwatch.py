"""Seconds per stage, by a monotonic clock."""

from __future__ import annotations

from collections.abc import Callable, Mapping


class Stopwatch:
    """Time belongs to the stage entered last. ``lap`` begins with each picture."""

    def __init__(self, clock: Callable[[], float]) -> None:
        self._clock = clock
        self._since = clock()
        self.stage = "waiting"
        self.total: dict[str, float] = {}
        self.lap: dict[str, float] = {}

    def enter(self, stage: str) -> None:
        now = self._clock()
        for seconds in (self.total, self.lap):
            seconds[self.stage] = seconds.get(self.stage, 0.0) + now - self._since
        self.stage, self._since = stage, now

    def next_lap(self) -> dict[str, float]:
        """The seconds of the picture that has just ended."""
        ended, self.lap = self.lap, {}
        return ended

    def add(self, stages: Mapping[str, float]) -> None:
        """Seconds that passed before this watch was there."""
        for stage, seconds in stages.items():
            self.total[stage] = self.total.get(stage, 0.0) + seconds

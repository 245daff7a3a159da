"""How far a download is: bytes, speed, time left."""

from __future__ import annotations

import time
from collections import deque
from collections.abc import Callable
from typing import Literal

from aura.requests import Plain

WINDOW_S = 8.0  # the speed is that of the last seconds
BEAT_S = 0.25  # told no more often, while nothing but the bytes change

Phase = Literal["listing", "fetching", "checking", "away", "done"]


class Progress(Plain):
    """``speed`` in bytes a second and ``left`` in seconds, where they can be known."""

    phase: Phase = "listing"
    file: str = ""
    bytes: int = 0  # here, of those needed
    total: int = 0
    speed: float | None = None
    left: float | None = None


class Meter:
    """Counts what arrives and tells ``seen``, not too often."""

    def __init__(
        self,
        seen: Callable[[Progress], None],
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self.seen, self.clock = seen, clock
        self.phase: Phase = "listing"
        self.file = ""
        self.bytes = self.total = 0
        self._arrived: deque[tuple[float, int]] = deque()  # when, and bytes since the last
        self._told = float("-inf")

    def begin(self, have: int, total: int) -> None:
        self.bytes, self.total = have, total

    def turn(self, phase: Phase, file: str = "") -> None:
        """Another phase or file; told at once."""
        if (phase, file) != (self.phase, self.file):
            self.phase, self.file = phase, file
            self.tell()

    def add(self, count: int) -> None:
        """``count`` bytes have come; fewer than none where some must come again."""
        self.bytes += count
        now = self.clock()
        self._arrived.append((now, max(count, 0)))
        while self._arrived and self._arrived[0][0] < now - WINDOW_S:
            self._arrived.popleft()
        if now - self._told >= BEAT_S:
            self.tell()

    def tell(self) -> None:
        self._told = self.clock()
        speed = self._speed()
        left = (self.total - self.bytes) / speed if speed and self.phase == "fetching" else None
        self.seen(
            Progress(
                phase=self.phase,
                file=self.file,
                bytes=self.bytes,
                total=self.total,
                speed=speed if self.phase == "fetching" else None,
                left=left,
            )
        )

    def _speed(self) -> float | None:
        """Of the pieces that came after the first in the window."""
        if len(self._arrived) < 2:
            return None
        passed = self._arrived[-1][0] - self._arrived[0][0]
        count = sum(count for _, count in self._arrived) - self._arrived[0][1]
        return count / passed if passed > 0 else None

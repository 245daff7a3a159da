"""One job at a time on a device, across the processes that share a data folder.

The system lets go of a lock when its process dies, however it dies.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from filelock import FileLock, Timeout

from aura.errors import Stopped

POLL_S = 0.05


class DeviceLock:
    """``device`` as torch names it, such as ``cpu`` or ``cuda:0``."""

    def __init__(self, folder: Path, device: str) -> None:
        name = device.replace(":", "-")
        folder.mkdir(parents=True, exist_ok=True)
        # Who waits holds the turn, so that a busy neighbour cannot take the device again
        # before one that has waited.
        self._turn = FileLock(folder / f"{name}.turn", thread_local=False)
        self._device = FileLock(folder / f"{name}.lock", thread_local=False)

    def take(self) -> bool:
        """Take the device if it is free. After False: ``wait`` or ``free``."""
        return self._taken(timeout_s=0)

    def wait(self, stopped: Callable[[], bool]) -> None:
        """Take the device when its turn comes. Raises Stopped."""
        while not self._taken(timeout_s=POLL_S):
            if stopped():
                raise Stopped

    def free(self) -> None:
        for lock in (self._turn, self._device):
            if lock.is_locked:
                lock.release()

    def _taken(self, timeout_s: float) -> bool:
        try:
            if not self._turn.is_locked:
                self._turn.acquire(timeout=timeout_s)
            self._device.acquire(timeout=timeout_s)
        except Timeout:
            return False
        self._turn.release()
        return True

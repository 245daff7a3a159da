"""Models that are read byte by byte, beside everything else."""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable
from typing import Any

from aura.catalog import Catalog
from aura.catalog.verify import Verified, verify
from aura.errors import AuraError, Stopped
from aura.requests import Plain

log = logging.getLogger(__name__)


class Check(Plain):
    """``report`` or ``error`` once it has ended; ``bytes`` are those of the files read."""

    file: str = ""
    bytes: int = 0
    report: Verified | None = None
    error: dict[str, Any] | None = None

    @property
    def running(self) -> bool:
        return self.report is None and self.error is None


class Checks:
    """Thread-safe. ``ended`` is called after each, for what it set aside."""

    def __init__(self, catalog: Catalog, ended: Callable[[], None]) -> None:
        self.catalog, self.ended = catalog, ended
        self._checks: dict[str, Check] = {}
        self._stops: dict[str, threading.Event] = {}
        self._lock = threading.Lock()

    def start(self, id: str) -> None:
        with self._lock:
            known = self._checks.get(id)
            if known and known.running:
                return
            self._checks[id], self._stops[id] = Check(), threading.Event()
        threading.Thread(target=self._work, args=(id,), name="check", daemon=True).start()

    def stop(self, id: str) -> None:
        if id in self._stops:
            self._stops[id].set()

    def forget(self, id: str) -> None:
        """Drop what was said of a model."""
        with self._lock:
            if id in self._checks and not self._checks[id].running:
                del self._checks[id]

    def of(self, id: str) -> Check | None:
        return self._checks.get(id)

    def _work(self, id: str) -> None:
        stop, read = self._stops[id], 0

        def check() -> None:
            if stop.is_set():
                raise Stopped

        def seen(name: str, size: int) -> None:
            nonlocal read
            self._checks[id] = Check(file=name, bytes=read)
            read += size

        try:
            report = verify(self.catalog, self.catalog.get(id), check=check, seen=seen)
            self._checks[id] = Check(report=report)
        except AuraError as error:
            self._checks[id] = Check(error=error.as_dict())
        except Exception:  # a disk may fail in any way
            log.exception("a check of %s failed", id)
            self._checks[id] = Check(error=AuraError().as_dict())
        self.ended()

"""The newest pictures of the history, read once for all pages until something changes."""

from __future__ import annotations

import threading
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from aura.library.history import Entry
    from aura.studio import Studio

NEWEST = 60  # pictures kept at hand


class Shelf:
    def __init__(self, studio: Studio) -> None:
        self.studio = studio
        self.thumbnails: Path = studio.settings.data_dir / "thumbnails"
        self._read: tuple[tuple[int, int] | None, list[Entry]] = (None, [])
        self._lock = threading.Lock()

    def stamp(self) -> tuple[int, int]:
        """Changes with the history."""
        return self.studio.history.stamp()

    def recent(self) -> list[Entry]:
        stamp = self.stamp()
        with self._lock:
            if self._read[0] != stamp:
                self._read = (stamp, list(self.studio.history.recent(NEWEST)))
            return self._read[1]

    def get(self, path: str) -> Entry | None:
        for entry in self.recent():
            if entry.picture.path == path:
                return entry
        return self.studio.history.get(path)

"""Files of the cache that were read whole and had the content they are named after.

A length that fits says nothing of a bit that turned on the disk. So each file is read once
before its first use, and again when it has changed since; what was proven when it came is
remembered, too, and costs nothing.
"""

from __future__ import annotations

import contextlib
import logging
import threading
from pathlib import Path

from aura.catalog import kept, store
from aura.catalog.store import Check
from aura.errors import StorageError

WEIGHTS = (".safetensors", ".gguf")

log = logging.getLogger(__name__)


class Sound:
    """Thread-safe. ``path`` is the file it remembers in."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self._lock = threading.Lock()

    def damaged(self, folder: Path, check: Check = lambda: None) -> Path | None:
        """The first file of weights below ``folder`` that is not what its name says."""
        for path in self.unread(folder):
            if not store.sound(path, path.resolve().name, check):
                return path
            self.proven(path)
        return None

    def unread(self, folder: Path) -> tuple[Path, ...]:
        """The files of weights below ``folder`` that have a hash and were not read since they
        were written."""
        known = kept.read(self.path)
        weights = (path for path in sorted(folder.rglob("*")) if path.suffix in WEIGHTS)
        hashed = (path for path in weights if store.ETAG.fullmatch(path.resolve().name))
        return tuple(path for path in hashed if path.is_file() and not _same(known, path))

    def proven(self, path: Path) -> None:
        """It was read whole just now. What cannot be kept is read again another time."""
        with self._lock, contextlib.suppress(OSError):
            known = kept.read(self.path) | {str(path.resolve()): _stamp(path)}
            there = {name: stamp for name, stamp in known.items() if Path(name).exists()}
            try:
                kept.write(self.path, there)
            except StorageError as refused:
                log.warning("%s is not remembered as sound: %s", path, refused)


def _same(known: dict[str, object], path: Path) -> bool:
    return known.get(str(path.resolve())) == _stamp(path)


def _stamp(path: Path) -> list[int]:
    """What changes when a file is written to."""
    stat = path.stat()
    return [stat.st_size, stat.st_mtime_ns]

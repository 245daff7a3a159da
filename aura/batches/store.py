"""The batches on disk: one JSON file each, so that they outlive the studio."""

from __future__ import annotations

import logging
from collections.abc import Iterator
from pathlib import Path

from pydantic import ValidationError

from aura.batches.batch import Batch
from aura.library.atomic import replace

REMEMBERED = 200

log = logging.getLogger(__name__)


class Store:
    """Below ``folder``. Writing raises DiskFull, FolderUnwritable."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self._read: dict[Path, tuple[int, Batch | None]] = {}  # by file: when written, and what

    def keep(self, batch: Batch) -> None:
        replace(self._path(batch.id), batch.model_dump_json().encode())

    def get(self, id: str) -> Batch | None:
        return self._batch(self._path(id)) if id.isalnum() else None

    def all(self) -> Iterator[Batch]:
        """The newest first."""
        yield from (batch for path in self._files() if (batch := self._batch(path)))

    def unfinished(self, described: str) -> Batch | None:
        """One of the same wishes that was not drawn to its end."""
        every = (batch for batch in self.all() if batch.described == described)
        return next((batch for batch in every if not batch.done), None)

    def prune(self) -> None:
        """Forget the oldest; their pictures stay."""
        for path in self._files()[REMEMBERED:]:
            path.unlink(missing_ok=True)

    def _batch(self, path: Path) -> Batch | None:
        """Read once for each time it is written: pages ask for it every second."""
        try:
            written = path.stat().st_mtime_ns
        except OSError:
            return None
        known = self._read.get(path)
        if known is None or known[0] != written:
            self._read[path] = known = (written, _read(path))
        return known[1]

    def _path(self, id: str) -> Path:
        return self.folder / f"{id}.json"

    def _files(self) -> list[Path]:
        found = self.folder.glob("*.json") if self.folder.is_dir() else ()
        return sorted(found, key=lambda path: path.stat().st_mtime_ns, reverse=True)


def _read(path: Path) -> Batch | None:
    try:
        return Batch.model_validate_json(path.read_bytes())
    except FileNotFoundError:
        return None
    except (OSError, ValidationError) as unreadable:
        log.error("the batch %s cannot be read: %s", path, unreadable)
        return None

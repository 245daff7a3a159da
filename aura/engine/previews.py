"""Previews as small JPEG files that the pages show while a picture is drawn."""

from __future__ import annotations

import logging
import time
from collections import deque
from pathlib import Path

from PIL import Image

KEPT = 4  # a page may still be reading the one before
SIDE_MAX = 512  # pixels
LEFT_S = 3600.0  # after so long, a preview of an engine that died is swept

log = logging.getLogger(__name__)


class Previews:
    """Each preview is a file of its own, so that no reader meets one half written."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self._files: deque[Path] = deque()
        self._serial = 0
        folder.mkdir(parents=True, exist_ok=True)
        for left in folder.glob("*.jpg"):
            # A younger one may be another process's, on the same data folder.
            if time.time() - left.stat().st_mtime > LEFT_S:
                left.unlink(missing_ok=True)

    def save(self, job: str, image: Image.Image) -> Path | None:
        """Where it lies; None where the disk would not take it, which costs no picture."""
        self._serial += 1
        path = self.folder / f"{job}-{self._serial}.jpg"
        small = image.convert("RGB")
        small.thumbnail((SIDE_MAX, SIDE_MAX))
        try:
            small.save(path, format="JPEG", quality=85)
        except OSError as refused:
            log.warning("no preview: %s", refused)
            path.unlink(missing_ok=True)
            return None
        self._files.append(path)
        if len(self._files) > KEPT:
            self._files.popleft().unlink(missing_ok=True)
        return path

"""Small things that are remembered between two starts, in files of the data folder."""

from __future__ import annotations

import contextlib
import errno
import json
import logging
import os
import time
from pathlib import Path
from typing import Any

from aura.errors import DiskFull, FolderUnwritable

log = logging.getLogger(__name__)


def read(path: Path) -> dict[str, Any]:
    """What was kept, or nothing. A file that cannot be understood is set aside."""
    try:
        told = json.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        return {}
    except OSError as refused:
        log.error("%s cannot be read: %s", path, refused)
        return {}
    except (ValueError, RecursionError):
        told = None
    if not isinstance(told, dict):
        log.error("%s is damaged and set aside", path)
        with contextlib.suppress(OSError):
            path.replace(path.with_suffix(f".damaged-{time.strftime('%Y%m%d-%H%M%S')}.json"))
        return {}
    return told


def write(path: Path, told: dict[str, Any]) -> None:
    """Keep it, whole or not at all. Raises DiskFull, FolderUnwritable."""
    write_text(path, json.dumps(told, ensure_ascii=False, indent=1))


def write_text(path: Path, words: str) -> None:
    """As ``write``, for what is no JSON."""
    fresh = path.with_name(f".{path.name}.{os.getpid()}")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        with fresh.open("w", encoding="utf-8") as file:
            file.write(words)
            file.flush()
            os.fsync(file.fileno())
        fresh.replace(path)
    except OSError as failed:
        with contextlib.suppress(OSError):
            fresh.unlink(missing_ok=True)
        if failed.errno == errno.ENOSPC:
            raise DiskFull(path=str(path.parent), need_bytes=2**20, free_bytes=0) from failed
        raise FolderUnwritable(path=str(path.parent)) from failed

"""The log of a command: for whoever helps, in the data folder, never on the terminal."""

from __future__ import annotations

import logging
from logging.handlers import RotatingFileHandler
from pathlib import Path

SIZE_MAX = 2**20  # bytes, twice: the log and the one before


def keep_log(data_dir: Path, name: str) -> None:
    """Send what is logged to ``logs/<name>.log``. Without a place to write, nowhere."""
    path = data_dir / "logs" / f"{name}.log"
    handler: logging.Handler
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        handler = RotatingFileHandler(path, maxBytes=SIZE_MAX, backupCount=1, encoding="utf-8")
    except OSError:
        handler = logging.NullHandler()
    handler.setFormatter(logging.Formatter("%(asctime)s %(levelname)s %(name)s %(message)s"))
    logging.basicConfig(level=logging.INFO, handlers=[handler])
    logging.getLogger("httpx").setLevel(logging.WARNING)  # every address the page asks itself for

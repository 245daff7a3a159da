"""A browser for the tests that drive one: found, or fetched if that can be done quickly."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path

NAMES = (
    "chromium",
    "chromium-browser",
    "google-chrome",
    "google-chrome-stable",
    "chrome",
    "microsoft-edge",
    "microsoft-edge-stable",
    "msedge",
)
PLACES = (
    "/Applications/Google Chrome.app/Contents/MacOS/Google Chrome",
    "/Applications/Chromium.app/Contents/MacOS/Chromium",
    "/Applications/Microsoft Edge.app/Contents/MacOS/Microsoft Edge",
    r"C:\Program Files\Google\Chrome\Application\chrome.exe",
    r"C:\Program Files (x86)\Google\Chrome\Application\chrome.exe",
    r"C:\Program Files (x86)\Microsoft\Edge\Application\msedge.exe",
    r"C:\Program Files\Microsoft\Edge\Application\msedge.exe",
)
CHOSEN = "AURA_TEST_BROWSER"  # a browser to use whatever else is there

# What may bring one: who must ask, the commands, seconds each may take.
APT = (("apt-get", "update", "-q"), ("apt-get", "install", "-q", "-y", "chromium"))
PLAYWRIGHT = ((sys.executable, "-m", "playwright", "install", "chromium-headless-shell"),)
PATIENCE_S = 180


def find() -> Path | None:
    """The first browser that runs."""
    return next((path for path in _candidates() if _runs(path)), None)


def fetch() -> Path | None:
    """Try to get one, each way for some minutes at most."""
    ways: list[Sequence[Sequence[str]]] = [PLAYWRIGHT]
    if shutil.which("apt-get") and getattr(os, "geteuid", lambda: 1)() == 0:
        ways.insert(0, APT)
    for way in ways:
        if all(_done(command) for command in way) and (found := find()):
            return found
    return None


def _candidates() -> Iterator[Path]:
    if chosen := os.environ.get(CHOSEN):
        yield Path(chosen)
        return
    for name in NAMES:
        if found := shutil.which(name):
            yield Path(found)
    yield from (Path(place) for place in PLACES if Path(place).exists())
    yield from _fetched()


def _fetched() -> Iterator[Path]:
    """What Playwright has fetched for itself."""
    homes = {
        "win32": Path.home() / "AppData/Local/ms-playwright",
        "darwin": Path.home() / "Library/Caches/ms-playwright",
    }
    home = homes.get(sys.platform, Path.home() / ".cache/ms-playwright")
    for name in ("chrome", "chrome-headless-shell", "headless_shell", "chrome.exe"):
        yield from sorted(home.glob(f"chromium*/*/{name}"), reverse=True)


def _runs(path: Path) -> bool:
    if sys.platform == "win32":  # its browsers open a window instead of telling their version
        return path.exists()
    return _done([str(path), "--version"], patience_s=20)


def _done(command: Sequence[str], patience_s: float = PATIENCE_S) -> bool:
    quiet = {"DEBIAN_FRONTEND": "noninteractive", **os.environ}
    try:
        done = subprocess.run(
            command,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            timeout=patience_s,
            env=quiet,
            check=False,
        )
    except (OSError, subprocess.TimeoutExpired):
        return False
    return done.returncode == 0

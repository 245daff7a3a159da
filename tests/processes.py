"""Processes that tests start, as the system sees them."""

from __future__ import annotations

import time

import psutil


def ended(process: psutil.Process, within_s: float) -> bool:
    """Whether it ends in that time. One that only waits to be reaped has ended."""
    until = time.monotonic() + within_s
    while _lives(process):
        if time.monotonic() > until:
            return False
        time.sleep(0.02)
    return True


def command(process: psutil.Process) -> list[str]:
    """How it was called; nothing if it ended meanwhile."""
    try:
        return process.cmdline()
    except psutil.NoSuchProcess:  # also of one that waits to be reaped
        return []


def _lives(process: psutil.Process) -> bool:
    try:
        return process.is_running() and process.status() != psutil.STATUS_ZOMBIE
    except psutil.NoSuchProcess:
        return False

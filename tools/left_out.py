"""A pytest plugin: says at the end how many browser tests were left out, and why."""

from __future__ import annotations

import os
from typing import Any

import pytest


class LeftOut:
    def __init__(self, reason: str) -> None:
        self.reason, self.count = reason, 0

    def pytest_deselected(self, items: list[Any]) -> None:
        self.count += sum(1 for item in items if item.get_closest_marker("browser"))

    def pytest_sessionfinish(self, session: Any) -> None:
        """Where tests run side by side, each process leaves out the same and tells of it."""
        if hasattr(session.config, "workeroutput"):
            session.config.workeroutput["left_out"] = self.count

    @pytest.hookimpl(optionalhook=True)
    def pytest_testnodedown(self, node: Any) -> None:
        self.count = max(self.count, node.workeroutput.get("left_out", 0))

    def pytest_terminal_summary(self, terminalreporter: Any) -> None:
        terminalreporter.write_line(f"{self.count} browser tests were left out: {self.reason}.")


def pytest_configure(config: Any) -> None:
    config.pluginmanager.register(LeftOut(os.environ.get("AURA_LEFT_OUT", "as asked")))

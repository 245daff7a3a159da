"""Why the queue waits: what a person pressed, or what would fail every job that is next."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from aura.errors import DiskFull, EngineLost

Reason = dict[str, Any]  # a key of the texts and its facts

BY_HAND: Reason = {"code": "jobs.paused", "facts": {}}


def disk_full(facts: Mapping[str, Any]) -> Reason:
    return {"code": "jobs.paused_disk_full", "facts": dict(facts)}


def after(error: Mapping[str, Any]) -> Reason | None:
    """The reason to wait after a job failed so; None where the next may fare better."""
    facts = error.get("facts", {})
    if error["code"] == DiskFull.code:
        return disk_full(facts)
    if error["code"] == EngineLost.code and facts.get("started") is False:
        return {"code": "jobs.paused_engine", "facts": facts}
    return None

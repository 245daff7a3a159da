"""A wish to give memory back, until what the engine tells shows what came of it."""

from __future__ import annotations

import time
from collections.abc import Callable

from aura.engine.protocol import Status
from aura.i18n import text

PATIENCE_S = 15.0  # a model that is being loaded holds up what is asked of the engine


class Freeing:
    """Asked for at ``before``: all that is idle, or one model.

    ``busy``: a job runs. A status may be a second old, and show as lent what is so no more.
    """

    def __init__(
        self,
        before: Status,
        model: str | None,
        *,
        busy: bool,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self.before, self.clock = before, clock
        idle = [r.model for r in before.residents if not (busy and r.lent)]
        self.wanted = {name for name in idle if model in (None, name)}
        self.until = clock() + PATIENCE_S
        self.gone: Status | None = None  # the first status without what was to leave
        self.outcome: tuple[str, int] | None = None if self.wanted else ("memory.freed.none", 0)

    def told(self, lang: str, status: Status | None) -> str:
        """What to say now. ``status``: the engine's newest."""
        if self.outcome is None and status is not None:
            self._look(status)
        key, given = self.outcome or ("memory.freeing", 0)
        return text(lang, key, freed_bytes=given)

    def _look(self, status: Status) -> None:
        if self.wanted & {r.model for r in status.residents}:
            if self.clock() > self.until:
                self.outcome = "memory.freed.busy", 0
        elif self.gone is None:
            self.gone = status  # a model is off the list before its memory is back
        elif self.gone is not status:
            self.outcome = "memory.freed", max(0, held(self.before) - held(status))


def held(status: Status) -> int:
    """Bytes Aura holds on the device, and beside a card in RAM, as they are measured."""
    device = status.device
    return device.held if device.shares_ram else device.held + device.host_held

"""Models that were unloaded but that something still holds, found by dead weak references."""

from __future__ import annotations

import gc
import logging
import weakref
from dataclasses import dataclass
from typing import Any

GRACE_S = 5.0  # the frames of a job that failed may hold its model a moment longer

log = logging.getLogger(__name__)


@dataclass
class Gone:
    model: str
    ref: weakref.ref[Any]
    at: float
    leaked: bool = False


class Leaks:
    """Each model is watched from its unloading on, and told of once."""

    def __init__(self) -> None:
        self._gone: list[Gone] = []

    def watch(self, model: str, loaded: Any, now: float) -> None:
        try:
            self._gone.append(Gone(model, weakref.ref(loaded), now))
        except TypeError:  # built-in containers cannot be watched
            return

    def check(self, now: float) -> None:
        """Look at those that had time to go."""
        self._gone = [one for one in self._gone if one.ref() is not None]
        late = [one for one in self._gone if not one.leaked and now - one.at >= GRACE_S]
        if late:
            gc.collect()
        for one in late:
            if one.ref() is not None:
                one.leaked = True
                log.warning("%s was unloaded, but something still holds it", one.model)

    def found(self) -> tuple[str, ...]:
        """Ids of the models, each once."""
        alive = (one.model for one in list(self._gone) if one.leaked and one.ref() is not None)
        return tuple(dict.fromkeys(alive))

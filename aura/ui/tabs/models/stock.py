"""What the pages show of the models, found out once for all of them until it changes."""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING, Any

from aura.catalog.models import Model
from aura.inventory import Entry, entry
from aura.memory.glance import glance
from aura.ui import status
from aura.ui.tabs.models.checks import Checks

if TYPE_CHECKING:
    from aura.studio import Studio


class Stock:
    """Thread-safe. Reads the disk again after each download, check and removal."""

    def __init__(self, studio: Studio) -> None:
        self.studio = studio
        self.checks = Checks(studio.catalog, self.renew)
        self._turn = 0
        self._entries: tuple[Any, tuple[Entry, ...]] = (None, ())
        self._drawing: tuple[Any, tuple[Model, ...]] = (None, ())
        self._lock = threading.Lock()

    def renew(self) -> None:
        """What is on the disk, or free of the memory, may be another thing now."""
        self._turn += 1

    def entries(self) -> tuple[Entry, ...]:
        now = self._stamp()
        with self._lock:
            if self._entries[0] != now:
                told = status.told(self.studio)
                device = told.device if told else glance(self.studio.settings)
                catalog = self.studio.catalog
                self.studio.look_again()
                found = tuple(entry(model, catalog, device) for model in catalog.models)
                self._entries = (now, found)
            return self._entries[1]

    def entry(self, id: str) -> Entry:
        """Raises UnknownModel."""
        model = self.studio.catalog.get(id)
        return next(one for one in self.entries() if one.model == model)

    def drawing(self) -> tuple[Model, ...]:
        """The models that can draw now."""
        now = self._stamp()
        with self._lock:
            if self._drawing[0] != now:
                self.studio.look_again()
                self._drawing = (now, self.studio.catalog.available())
            return self._drawing[1]

    def _stamp(self) -> tuple[Any, ...]:
        views = self.studio.downloads.views()
        return self._turn, tuple(view.model for view in views if view.state == "done")

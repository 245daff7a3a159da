"""The folders of one's own: the same on every page, read anew when they change."""

from __future__ import annotations

import threading
from pathlib import Path
from typing import TYPE_CHECKING, Any

from aura.catalog import folders, local, own
from aura.errors import AuraError
from aura.ui.tabs.models.shelves import Own, shelves

if TYPE_CHECKING:
    from aura.studio import Studio


class Folders:
    """Thread-safe. Taking a folder off the list leaves its files alone."""

    def __init__(self, studio: Studio) -> None:
        self.studio, self.data = studio, studio.settings.data_dir
        self._unread: dict[str, Any] | None = None
        self._owns: tuple[Own, ...] | None = None
        self._lock = threading.Lock()

    def act(self, act: str, data: dict[str, str]) -> None:
        """Add the folder that was typed, or take one off. Raises BadRequest, StorageError."""
        if act == "folder_remove":
            folders.forget(Path(data.get("folder", "")), self.data)
        elif typed := data.get("value", "").strip():
            folders.remember(Path(typed), self.data)
        self.renew()

    def renew(self) -> None:
        self._owns = None

    def html(self, lang: str, error: dict[str, Any] | None) -> str:
        """``error``: why the last press did nothing, else what the folders cannot be read for."""
        with self._lock:
            if self._owns is None:
                self._owns = self._read()
            return shelves(lang, self._owns, error or self._unread)

    def _read(self) -> tuple[Own, ...]:
        kept: tuple[Path, ...] = ()
        self._unread = None
        try:
            kept = folders.remembered(self.data)
        except AuraError as error:
            self._unread = error.as_dict()
        return tuple(
            Own(
                folder=folder,
                kept=folder in kept,
                models=local.models([folder]),
                found=own.files([folder]),
            )
            for folder in dict.fromkeys((*kept, *self.studio.models_dirs))
        )

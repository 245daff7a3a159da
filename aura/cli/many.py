"""A batch on the command line: what of it is there, what is missing, and its sheet."""

from __future__ import annotations

import sys
import time
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

from aura.batches.batch import Batch, finished, key, keys, missing
from aura.batches.sheet import save_sheet
from aura.batches.store import Store
from aura.cli.moving import moved
from aura.errors import AuraError, InputError
from aura.i18n import text
from aura.library.history import History
from aura.library.metadata import read_record
from aura.requests import GenerateRequest, Picture
from aura.settings import Settings


class Many:
    """Kept in the data folder, so that the same command goes on with the same seed."""

    def __init__(self, batch: Batch, settings: Settings, out: Path | None, lang: str) -> None:
        self.batch = batch.model_copy(update={"open": False})  # no studio is to draw it
        self.settings, self.lang = settings, lang
        self.out = out.expanduser().resolve() if out else None
        self.store = Store(settings.data_dir / "batches")
        self.drawn: dict[str, Picture] = {}
        self.lost: dict[str, dict[str, Any] | None] = {}

    def left(self) -> tuple[GenerateRequest, ...]:
        """The requests for what is missing, said if anything is not."""
        self.store.keep(self.batch)
        for picture, request in self._there():
            self.take(picture, request)
        if self.drawn:
            facts = {"count": len(self.drawn), "all": self.batch.count}
            print(text(self.lang, "cli.generate.skipped", **facts), file=sys.stderr)
        return tuple(missing(self.batch, self.drawn))

    def take(self, picture: Picture, request: GenerateRequest) -> None:
        if finished(picture):
            self.drawn[key(request, request.index_of(picture.seed))] = picture

    def fail(self, request: GenerateRequest, error: AuraError) -> None:
        lacking = (one for one in keys(request) if one not in self.drawn)
        self.lost |= dict.fromkeys(lacking, error.as_dict())

    def end(self) -> list[Picture]:
        """All is tried: the sheet of a grid is made."""
        self.store.keep(self.batch.model_copy(update={"done": not self.lost}))
        if self.batch.grid is None:
            return []
        made = save_sheet(self.settings.data_dir / "outputs", self.batch, self.drawn, self.lost)
        picture = made.picture
        if self.out is not None:
            path = moved(Path(picture.path), self.out)
            picture = picture.model_copy(update={"path": str(path)})
        else:
            with closing(History(self.settings.data_dir / "history.db")) as history:
                history.add(picture, made.request, time.time())
        print(text(self.lang, "cli.generate.sheet", path=picture.path), file=sys.stderr)
        return [picture]

    def _there(self) -> Iterator[tuple[Picture, GenerateRequest]]:
        """What lies where the pictures of this batch would go."""
        if self.out is None:
            with closing(History(self.settings.data_dir / "history.db")) as history:
                for entry in history.of_batch(self.batch.id):
                    yield entry.picture, entry.request
            return
        for path in sorted(self.out.glob("*.png")) if self.out.is_dir() else ():
            try:
                record = read_record(path)
            except InputError:
                continue
            if record.request.batch == self.batch.id:
                yield record.placed(path), record.request

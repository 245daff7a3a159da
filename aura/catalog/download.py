"""Fetching one model: what is here is used, what is missing comes, and every byte is proven.

It may be ended at any moment, also by pulling the plug, and goes on where it was: a file
that is whole is never fetched again, one in part goes on at its last byte.
"""

from __future__ import annotations

import errno
import shutil
import threading
from collections.abc import Callable
from pathlib import Path
from typing import TypeVar

from aura.catalog import complete
from aura.catalog.files import INDEX, needed
from aura.catalog.headers import PICKLES
from aura.catalog.models import Model
from aura.catalog.progress import Meter
from aura.catalog.remote import Hub, Listing, RemoteFile, page
from aura.catalog.store import Store, sound
from aura.errors import (
    DiskFull,
    DownloadDamaged,
    FolderUnwritable,
    HubBusy,
    HubUnreachable,
    ModelDamaged,
    ModelMissing,
    NotOnHub,
    PickleRefused,
    Stopped,
)

DELAYS_S = (1.0, 2.0, 4.0, 8.0, 15.0, 30.0)  # between tries; the last one from then on
AWAY_AFTER = 3  # tries without an answer until the network counts as away
BUSY_TRIES = 5
TRIES = 2  # of a file that comes damaged
RESERVE_BYTES = 512 * 2**20  # left free on the disk for everything else
FULL = {errno.ENOSPC, getattr(errno, "EDQUOT", errno.ENOSPC)}

T = TypeVar("T")


class Download:
    """One try at a model. ``stop`` ends it between two pieces; what came by then stays.

    ``free`` tells the free bytes of the disk that a folder lies on; ``proven`` hears of each
    file that came and had the right content.
    """

    def __init__(
        self,
        model: Model,
        hub: Hub,
        meter: Meter,
        *,
        stop: threading.Event | None = None,
        free: Callable[[Path], int] = lambda folder: shutil.disk_usage(folder).free,
        proven: Callable[[Path], None] = lambda path: None,
        delays: tuple[float, ...] = DELAYS_S,
    ) -> None:
        self.model, self.hub, self.meter = model, hub, meter
        self.stop = stop or threading.Event()
        self.free, self.proven, self.delays = free, proven, delays
        self._tries = 0  # since the last byte

    def run(self) -> Path:
        """The folder of the whole model.

        Raises a HubError or a ModelError, PickleRefused, DiskFull, FolderUnwritable, Stopped.
        """
        if not self.model.repo:
            raise ModelMissing(model=self.model.name)
        self.meter.turn("listing")
        listing = self._patiently(lambda: self.hub.listing(self.model))
        store = Store(self.model.repo, listing.commit)
        try:
            self._fetch(store, listing)
            self._name(store, listing)
        except OSError as failed:
            raise self._worded(failed, store.folder) from failed
        self._proven(store.folder)
        self.meter.turn("done")
        return store.folder

    def _name(self, store: Store, listing: Listing) -> None:
        """Other tools look where a branch is at; a pinned commit moves none that is named."""
        wanted = self.model.revision
        if wanted != listing.commit:
            store.name(wanted or "main")
        elif not store.named("main"):
            store.name("main")

    def _fetch(self, store: Store, listing: Listing) -> None:
        files = self._files(store, listing)
        missing = [file for file in files if not store.has(file)]
        held = {file: store.held(file) for file in files}
        self.meter.begin(sum(held.values()), sum(file.size for file in files))
        self._room(store, sum(file.size - held[file] for file in missing))
        for file in missing:
            self._get(store, file)

    def _files(self, store: Store, listing: Listing) -> tuple[RemoteFile, ...]:
        """What the model needs. Its index tells, and is fetched for that."""
        index = next((file for file in listing.files if file.path == INDEX), None)
        said = None
        if index is not None and not self.model.files:
            self._get(store, index)
            said = complete.index_of(store.folder) or {}
        files = needed(listing.files, said, self.model.files)
        if not any(file.path.endswith((".safetensors", ".gguf")) for file in files):
            pickled = any(file.path.endswith(PICKLES) for file in listing.files)
            if pickled:
                raise PickleRefused(name=store.repo)
            raise NotOnHub(model=self.model.name, url=page(self.model))
        return files

    def _room(self, store: Store, missing: int) -> None:
        """Raises DiskFull before the first byte rather than at the last."""
        folder = next(place for place in (store.folder, *store.folder.parents) if place.exists())
        need, free = missing + RESERVE_BYTES, self.free(folder)
        if missing and need > free:
            raise DiskFull(path=str(folder), need_bytes=need, free_bytes=free)

    def _get(self, store: Store, file: RemoteFile) -> None:
        with store.locked(file, self._check):
            for _ in range(TRIES):
                if store.has(file) or self._received(store, file):
                    return
        raise DownloadDamaged(model=self.model.name, path=file.path)

    def _received(self, store: Store, file: RemoteFile) -> bool:
        """Fetch what is missing of it and put it in place; False if it came damaged."""
        partial = store.partial(file)
        self.meter.turn("fetching", file.path)
        self._patiently(lambda: self._receive(store, file))
        self.meter.turn("checking", file.path)
        size = partial.stat().st_size
        if size == file.size and sound(partial, file.etag, self._check):
            store.keep(file)
            self.proven(store.path(file))
            return True
        partial.unlink()
        self.meter.add(-min(size, file.size))
        return False

    def _receive(self, store: Store, file: RemoteFile) -> None:
        """Append to the partial file until it ends, whole or not. Unbuffered: what has come
        survives the end of this process."""
        partial = store.partial(file)
        partial.touch()
        have = partial.stat().st_size
        if have >= file.size:
            return
        with (
            self.hub.opened(self.model, store.commit, file, have) as (start, pieces),
            partial.open("r+b", buffering=0) as out,
        ):
            self.meter.turn("fetching", file.path)
            self.meter.add(start - have)
            if start < have:
                out.truncate(start)
            out.seek(start)
            for piece in pieces:
                self._check()
                out.write(piece)
                self._tries = 0
                self.meter.add(len(piece))
                if out.tell() > file.size:
                    return  # not the file that was promised

    def _patiently(self, work: Callable[[], T]) -> T:
        """Do it, again and again while the hub does not answer. Raises Stopped, HubError."""
        busy = 0
        while True:
            self._check()
            try:
                return work()
            except HubUnreachable:
                if self._tries >= AWAY_AFTER:
                    self.meter.turn("away", self.meter.file)
                self._pause(0.0)
            except HubBusy as later:
                busy += 1
                if busy >= BUSY_TRIES:
                    raise
                self._pause(float(later.facts["wait_s"]))

    def _pause(self, asked: float) -> None:
        delay = self.delays[min(self._tries, len(self.delays) - 1)]
        self._tries += 1
        self.stop.wait(max(delay, asked))

    def _check(self) -> None:
        if self.stop.is_set():
            raise Stopped

    def _proven(self, folder: Path) -> None:
        flaw = complete.flaw(folder, self.model.files)
        if flaw is not None:
            raise ModelDamaged(model=self.model.name, path=str(flaw))

    def _worded(self, failed: OSError, folder: Path) -> DiskFull | FolderUnwritable:
        if failed.errno in FULL:
            missing = self.meter.total - self.meter.bytes
            return DiskFull(path=str(folder), need_bytes=missing, free_bytes=0)
        return FolderUnwritable(path=str(folder))

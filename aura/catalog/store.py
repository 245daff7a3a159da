"""One model's place in the Hugging Face cache, in the layout that all its tools share.

``blobs`` holds each content once, under its etag; ``snapshots/<commit>`` names the files as
links to them; ``refs`` says which commit a branch is at. Where the system has no links, a
file lies in its snapshot itself, as the hub's own library does it.
"""

from __future__ import annotations

import hashlib
import os
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from aura.catalog.hub import repo_folder
from aura.catalog.remote import ETAG, RemoteFile
from aura.errors import FolderUnwritable

PARTIAL = ".aura.incomplete"  # nobody else's: others' partial files are left alone
DAMAGED = ".damaged"
BLOCK = 2**20
LOCK_POLL_S = 0.5

Check = Callable[[], None]  # called between pieces of long work; raises to end it


@dataclass(frozen=True)
class Store:
    """The files of ``repo`` at ``commit``."""

    repo: str
    commit: str

    @property
    def folder(self) -> Path:
        return repo_folder(self.repo) / "snapshots" / self.commit

    def path(self, file: RemoteFile) -> Path:
        """Where the file is found by its name."""
        return self.folder / file.path

    def blob(self, file: RemoteFile) -> Path:
        return self._blobs / file.etag

    def partial(self, file: RemoteFile) -> Path:
        return self._blobs / f"{file.etag}{PARTIAL}"

    def has(self, file: RemoteFile) -> bool:
        """Is the whole file here? One of another length is set aside first."""
        for place in (self.path(file), self.blob(file)):
            if place.is_file() and place.stat().st_size != file.size:
                set_aside(place)
        if self.path(file).is_file():
            return True
        if self.blob(file).is_file():
            self.link(file)
            return True
        return False

    def held(self, file: RemoteFile) -> int:
        """Bytes of the file that are here, whole or not."""
        for place in (self.path(file), self.blob(file), self.partial(file)):
            if place.is_file():
                return min(place.stat().st_size, file.size)
        return 0

    def keep(self, file: RemoteFile) -> None:
        """Put the finished partial file in its place."""
        self.partial(file).replace(self.blob(file))
        self.link(file)

    def link(self, file: RemoteFile) -> None:
        path, blob = self.path(file), self.blob(file)
        path.parent.mkdir(parents=True, exist_ok=True)
        path.unlink(missing_ok=True)  # a link to nothing
        try:
            path.symlink_to(os.path.relpath(blob, path.parent))
        except OSError:
            blob.replace(path)

    def name(self, revision: str) -> None:
        """Let ``revision``, a branch, mean this commit from now on."""
        ref = repo_folder(self.repo) / "refs" / revision
        ref.parent.mkdir(parents=True, exist_ok=True)
        fresh = ref.with_name(f"{ref.name}.{os.getpid()}")
        fresh.write_text(self.commit, encoding="utf-8")
        fresh.replace(ref)

    def named(self, revision: str) -> bool:
        """Does any program know where ``revision``, a branch, is at?"""
        return (repo_folder(self.repo) / "refs" / revision).is_file()

    @contextmanager
    def locked(self, file: RemoteFile, check: Check) -> Iterator[None]:
        """Alone with this file among all programs that keep to the cache's locks."""
        from filelock import Timeout
        from huggingface_hub.utils import WeakFileLock

        locks = repo_folder(self.repo).parent / ".locks" / repo_folder(self.repo).name
        locks.mkdir(parents=True, exist_ok=True)
        self._blobs.mkdir(parents=True, exist_ok=True)
        while True:
            check()
            lock = WeakFileLock(locks / f"{file.etag}.lock", timeout=LOCK_POLL_S)
            try:
                lock.__enter__()
            except Timeout:
                continue
            break
        try:
            yield
        finally:
            lock.__exit__(None, None, None)

    @property
    def _blobs(self) -> Path:
        return repo_folder(self.repo) / "blobs"


def discard_partial(repo: str) -> int:
    """Delete what Aura fetched in part; the bytes that were freed."""
    freed = 0
    for path in (repo_folder(repo) / "blobs").glob(f"*{PARTIAL}"):
        freed += path.stat().st_size
        path.unlink()
    return freed


def set_aside(path: Path) -> Path:
    """Rename what ``path`` names, so that nothing loads it; it is fetched again when asked.

    Raises FolderUnwritable.
    """
    target = path.resolve()
    aside = target.with_name(f"{target.name}{DAMAGED}-{time.strftime('%Y%m%d-%H%M%S')}")
    try:
        target.replace(aside)
        if path.is_symlink():
            path.unlink()
    except OSError as refused:
        raise FolderUnwritable(path=str(target.parent)) from refused
    return aside


def sound(path: Path, etag: str, check: Check = lambda: None) -> bool:
    """Has the file the content its etag names? Reads all of it. True where it names none."""
    size = path.stat().st_size
    if not ETAG.fullmatch(etag):
        return True
    digest = hashlib.sha256() if len(etag) == 64 else hashlib.sha1(b"blob %d\0" % size)
    with path.open("rb") as file:
        while block := file.read(BLOCK):
            check()
            digest.update(block)
    return digest.hexdigest() == etag

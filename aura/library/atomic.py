"""Files that are whole or not there: written aside, flushed to the disk, then put in place.

Every write of the library goes through a ``Disk``, so that tests can make one fail.
"""

from __future__ import annotations

import contextlib
import errno
import os
import shutil
import uuid
from collections.abc import Iterable
from pathlib import Path

import psutil

from aura.errors import AuraError, DiskFull, FolderUnwritable

PREFIX, SUFFIX = ".aura-", ".tmp"  # how a file that is still being written is called

FULL = {errno.ENOSPC, errno.EFBIG, getattr(errno, "EDQUOT", errno.ENOSPC)}
NO_LINKS = {errno.EPERM, errno.ENOTSUP, errno.EOPNOTSUPP, errno.ENOSYS, errno.EMLINK, errno.EINVAL}


class Disk:
    """The operations a save is made of, in their order."""

    def write(self, path: Path, data: bytes) -> None:
        """A new file with these bytes, flushed to the disk."""
        with path.open("xb") as file:
            file.write(data)
            file.flush()
            os.fsync(file.fileno())

    def place(self, temp: Path, final: Path) -> None:
        """Give the file its name. Raises FileExistsError if another file has it."""
        try:
            os.link(temp, final)
        except OSError as refused:
            if refused.errno not in NO_LINKS:
                raise
            self._place_unlinked(temp, final)
        else:
            temp.unlink()
        self.sync(final.parent)

    def replace(self, temp: Path, final: Path) -> None:
        """Give the file its name, taking it from another that has it."""
        temp.replace(final)
        self.sync(final.parent)

    def sync(self, folder: Path) -> None:
        """Flush the folder's names, where the system can."""
        if os.name == "nt":
            return
        handle = os.open(folder, os.O_RDONLY)
        try:
            with contextlib.suppress(OSError):  # some network drives refuse
                os.fsync(handle)
        finally:
            os.close(handle)

    def _place_unlinked(self, temp: Path, final: Path) -> None:
        """Where the disk has no links: take the name with an empty file, then fill it."""
        final.touch(exist_ok=False)
        temp.replace(final)


DISK = Disk()


def write_new(folder: Path, names: Iterable[str], data: bytes, disk: Disk = DISK) -> Path:
    """Save under the first free name of ``names``; never over another file.

    Raises DiskFull, FolderUnwritable; then nothing of it is left.
    """
    temp = _temp(folder)
    try:
        folder.mkdir(parents=True, exist_ok=True)
        disk.write(temp, data)
        for name in names:
            try:
                disk.place(temp, folder / name)
            except FileExistsError:
                continue
            return folder / name
    except OSError as failed:
        raise worded(failed, folder, len(data)) from failed
    finally:
        _remove(temp)
    raise FolderUnwritable(path=str(folder))


def replace(path: Path, data: bytes, disk: Disk = DISK) -> None:
    """Save under ``path``, in place of what is there. Raises DiskFull, FolderUnwritable."""
    temp = _temp(path.parent)
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        disk.write(temp, data)
        disk.replace(temp, path)
    except OSError as failed:
        raise worded(failed, path.parent, len(data)) from failed
    finally:
        _remove(temp)


def abandoned(path: Path) -> bool:
    """Is this a file whose writer is gone? A process that began later only has its number."""
    if not (path.name.startswith(PREFIX) and path.name.endswith(SUFFIX)):
        return False
    process = path.name[len(PREFIX) :].partition("-")[0]
    try:
        return psutil.Process(int(process)).create_time() > path.stat().st_mtime
    except (ValueError, OverflowError, OSError, psutil.Error):
        return True


def worded(failed: OSError, folder: Path, need_bytes: int) -> AuraError:
    """The error a person sees for one of the system's."""
    if failed.errno in FULL:
        return DiskFull(path=str(folder), need_bytes=need_bytes, free_bytes=_free_bytes(folder))
    return FolderUnwritable(path=str(folder))


def _temp(folder: Path) -> Path:
    return folder / f"{PREFIX}{os.getpid()}-{uuid.uuid4().hex}{SUFFIX}"


def _remove(temp: Path) -> None:
    with contextlib.suppress(OSError):  # swept at the next start
        temp.unlink(missing_ok=True)


def _free_bytes(folder: Path) -> int:
    try:
        return shutil.disk_usage(folder).free
    except OSError:
        return 0

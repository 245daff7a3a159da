"""A person's own folders in ``settings.toml``, whose other lines stay as they are."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import tomlkit
from tomlkit.exceptions import TOMLKitError

from aura.catalog import kept
from aura.errors import BadRequest
from aura.settings import Settings


def remember(folder: Path, data_dir: Path) -> bool:
    """Look there for models from now on; False if that was so already.

    Raises BadRequest for what is no folder, DiskFull, FolderUnwritable.
    """
    folder = _resolved(folder)
    if not folder.is_dir():
        raise BadRequest(field=str(folder), problem="error.problem.folder")
    with _changed(data_dir) as known:
        if folder in map(_resolved, known):
            return False
        known.append(str(folder))
    return True


def forget(folder: Path, data_dir: Path) -> None:
    """Look there no longer; its files stay. Raises BadRequest, DiskFull, FolderUnwritable."""
    with _changed(data_dir) as known:
        for place in reversed(range(len(known))):
            if _resolved(known[place]) == _resolved(folder):
                del known[place]


def remembered(data_dir: Path) -> tuple[Path, ...]:
    """Those that are kept in the file. Raises BadRequest."""
    with _changed(data_dir) as known:
        return tuple(map(_resolved, known))


def joined(settings: Settings) -> Settings:
    """The settings with the folders that were added since they were read."""
    try:
        kept = remembered(settings.data_dir)
    except BadRequest:
        return settings  # whoever edits the file is told where they do
    both = tuple(dict.fromkeys((*settings.models_dirs, *kept)))
    return settings.model_copy(update={"models_dirs": both})


@contextmanager
def _changed(data_dir: Path) -> Iterator[Any]:
    """The list to be changed; written only if it was."""
    path = data_dir / "settings.toml"
    try:
        before = path.read_text(encoding="utf-8") if path.is_file() else ""
        told = tomlkit.parse(before)
        if "models_dirs" not in told:
            told["models_dirs"] = tomlkit.array()
            before = tomlkit.dumps(told)
        yield told["models_dirs"]
    except (OSError, UnicodeDecodeError, TOMLKitError, AttributeError) as bad:
        raise BadRequest(field=str(path), problem=str(bad)) from None
    if (after := tomlkit.dumps(told)) != before:
        kept.write_text(path, after)


def _resolved(folder: Any) -> Path:
    return Path(str(folder)).expanduser().resolve()

"""Remembering a person's own folder in ``settings.toml``, whose other lines stay as they are."""

from __future__ import annotations

from pathlib import Path

import tomlkit
from tomlkit.exceptions import TOMLKitError

from aura.catalog import kept
from aura.errors import BadRequest


def remember(folder: Path, data_dir: Path) -> bool:
    """Look there for models from the next start on; False if that was so already.

    Raises BadRequest for what is no folder, DiskFull, FolderUnwritable.
    """
    folder = folder.expanduser().resolve()
    if not folder.is_dir():
        raise BadRequest(field=str(folder), problem="error.problem.folder")
    path = data_dir / "settings.toml"
    try:
        told = tomlkit.parse(path.read_text(encoding="utf-8") if path.is_file() else "")
        folders = told.setdefault("models_dirs", tomlkit.array())
        known = {Path(str(known)).expanduser().resolve() for known in folders}
        if folder in known:
            return False
        folders.append(str(folder))
    except (OSError, UnicodeDecodeError, TOMLKitError, AttributeError) as bad:
        raise BadRequest(field=str(path), problem=str(bad)) from None
    kept.write_text(path, tomlkit.dumps(told))
    return True

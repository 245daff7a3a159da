"""What a person chose in the pages, kept in ``settings.toml`` for the next start."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import tomlkit
from tomlkit.exceptions import ParseError

from aura.errors import BadRequest
from aura.library import atomic


def remember(data_dir: Path, **values: Any) -> None:
    """Write settings under their names; what else stands in the file stays as it is.

    Raises BadRequest if the file cannot be understood, DiskFull, FolderUnwritable.
    """
    path = data_dir / "settings.toml"
    try:
        known = (
            tomlkit.parse(path.read_text(encoding="utf-8"))
            if path.is_file()
            else tomlkit.document()
        )
    except (ParseError, UnicodeDecodeError) as bad:
        raise BadRequest(field=str(path), problem=str(bad)) from None
    known.update(values)
    atomic.replace(path, tomlkit.dumps(known).encode())

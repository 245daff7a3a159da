"""Models that this or another program has already fetched, in the Hugging Face cache."""

from __future__ import annotations

import re
from pathlib import Path

from aura.catalog import complete

COMMIT = re.compile(r"[0-9a-f]{40}")


def cached(repo: str, revision: str | None = None, files: tuple[str, ...] = ()) -> Path | None:
    """The snapshot folder of ``repo`` in the standard cache, complete or not. No network.

    The pinned revision comes first; any other whole snapshot will do as well, so that what
    another program fetched is not fetched again.
    """
    found = snapshots(repo, revision)
    whole = (folder for folder in found if complete.flaw(folder, files) is None)
    return next(whole, found[0] if found else None)


def snapshots(repo: str, revision: str | None = None) -> list[Path]:
    """The folders of ``repo``, the one that ``revision`` names now first."""
    home = repo_folder(repo)
    if revision and COMMIT.fullmatch(revision):
        folders = [home / "snapshots" / revision]
    else:
        folders = [home / "snapshots" / _commit(home / "refs" / (revision or "main"))]
    if (home / "snapshots").is_dir():
        folders += sorted((home / "snapshots").iterdir())
    return list(dict.fromkeys(folder for folder in folders if folder.is_dir()))


def cache() -> Path:
    """The standard cache folder, where the environment has put it."""
    from huggingface_hub import constants  # late: it takes a tenth of a second

    return Path(constants.HF_HUB_CACHE)


def repo_folder(repo: str) -> Path:
    """Where the cache keeps everything of ``repo``: ``blobs``, ``refs`` and ``snapshots``."""
    return cache() / ("models--" + repo.replace("/", "--"))


def _commit(ref: Path) -> str:
    try:
        said = ref.read_text(encoding="utf-8").strip()
    except (OSError, ValueError):
        return "none"
    return said if COMMIT.fullmatch(said) else "none"

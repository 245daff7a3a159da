"""The models with what this machine makes of them: here or not, how large, what fits."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path
from typing import Any

from aura.catalog import Catalog, Model
from aura.catalog.licences import restricted
from aura.errors import ModelDamaged
from aura.memory.device import Snapshot
from aura.memory.verdict import Verdict, verdict
from aura.requests import Plain

Row = dict[str, Any]


class Entry(Plain):
    """``folder`` is None for what is not here whole; ``bytes`` are those on this disk, or to
    download. ``verdict`` is None where nobody knows what the model needs."""

    model: Model
    folder: Path | None
    bytes: int
    verdict: Verdict | None

    @property
    def fit(self) -> str | None:
        return self.verdict.verdict if self.verdict else None


def entry(model: Model, catalog: Catalog, snapshot: Snapshot) -> Entry:
    folder = catalog.installed(model)
    return Entry(
        model=model,
        folder=folder,
        bytes=model.download_bytes if folder is None else bytes_of(folder),
        verdict=_judged(model, snapshot, folder),
    )


def row(model: Model, catalog: Catalog, snapshot: Snapshot) -> Row:
    """One model as plain data, for scripts."""
    found = entry(model, catalog, snapshot)
    return {
        "id": model.id,
        "family": model.family,
        "task": model.task,
        "installed": found.folder is not None,
        "path": None if found.folder is None else str(found.folder),
        "bytes": found.bytes,
        "licence": model.licence,
        "commercial": model.commercial,
        "gated": model.gated,
        "verdict": found.fit,
    }


def recommended(entries: Iterable[Entry]) -> tuple[Entry, ...]:
    """The best model of the hub for each task, of those that run on this machine.

    Only such as anybody may have and use: nobody can agree to a licence in passing.
    """
    best: dict[str, Entry] = {}
    for one in entries:
        if not _recommendable(one):
            continue
        known = best.get(one.model.task)
        if known is None or _rank(one) < _rank(known):
            best[one.model.task] = one
    return tuple(best.values())


def _recommendable(one: Entry) -> bool:
    model = one.model
    free = bool(model.repo) and not restricted(model)
    return free and model.runnable and one.fit in ("fits", "slow")


def _rank(one: Entry) -> tuple[float, ...]:
    """Least is best: of what fits well the largest pictures, of what is slow the least work;
    then the smallest download."""
    model = one.model
    if one.fit == "fits":
        return 0, -model.area, model.download_bytes
    return 1, model.area * model.defaults.steps, model.download_bytes


def _judged(model: Model, snapshot: Snapshot, folder: Path | None) -> Verdict | None:
    try:
        return verdict(model, snapshot, folder=folder)
    except ModelDamaged:
        return None


def bytes_of(place: Path) -> int:
    """Of a folder with all that is in it, or of one file."""
    files = (place,) if place.is_file() else place.rglob("*")
    return sum(path.stat().st_size for path in files if path.is_file())

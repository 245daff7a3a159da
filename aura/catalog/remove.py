"""Freeing the disk of a model that was fetched, and of nothing that belongs to anybody else."""

from __future__ import annotations

from pathlib import Path

from aura.catalog import hub, store
from aura.catalog.models import Catalog, Model
from aura.errors import ModelMissing, NotRemovable
from aura.requests import Plain


class Removal(Plain):
    """What removing would do. ``others`` are files of the same copy that Aura never asked
    for, so another program did; they would go too. What other copies share stays."""

    model: str
    folder: str
    bytes: int  # that become free
    shared_bytes: int  # that stay, for other copies
    others: tuple[str, ...] = ()


def removal(catalog: Catalog, model: Model) -> Removal:
    """Raises NotRemovable for models of a folder, ModelMissing."""
    folder = _folder(catalog, model)
    files = [path for path in sorted(folder.rglob("*")) if path.is_file()]
    siblings = _of_siblings(catalog, model, folder)
    mine = {path.resolve() for path in files if path not in siblings}
    kept = mine & _of_other_copies(folder)
    leftovers = _leftovers(folder)
    return Removal(
        model=model.id,
        folder=str(folder),
        bytes=sum(path.stat().st_size for path in (mine - kept) | leftovers),
        shared_bytes=sum(path.stat().st_size for path in kept),
        others=tuple(name for path in files if not _ours(name := _name(path, folder))),
    )


def remove(catalog: Catalog, model: Model) -> Removal:
    """Do it; what was freed. Raises NotRemovable, ModelMissing."""
    from huggingface_hub import scan_cache_dir

    planned = removal(catalog, model)
    folder = _folder(catalog, model)
    siblings = _of_siblings(catalog, model, folder)
    for path in _leftovers(folder):
        path.unlink(missing_ok=True)
    if siblings:
        _take_out(folder, model)
        return planned
    scan_cache_dir(hub.cache()).delete_revisions(folder.name).execute()
    return planned


def _folder(catalog: Catalog, model: Model) -> Path:
    if not model.repo or model.folder:
        raise NotRemovable(model=model.name, path=str(model.file or model.path(catalog.root)))
    found = hub.cached(model.repo, model.revision, model.files)
    if found is None:
        raise ModelMissing(model=model.name)
    return found


def _of_siblings(catalog: Catalog, model: Model, folder: Path) -> set[Path]:
    """The files of other models of the list that come from the same repository."""
    others = [m for m in catalog.models if m.repo == model.repo and m.id != model.id]
    return {path for other in others for name in other.files for path in folder.glob(name)}


def _take_out(folder: Path, model: Model) -> None:
    """Only the files that the model's patterns name, and what they are links to."""
    shared = _of_other_copies(folder)
    for path in [path for name in model.files for path in folder.glob(name)]:
        blob = path.resolve()
        path.unlink()
        if blob not in shared:
            blob.unlink(missing_ok=True)


def _of_other_copies(folder: Path) -> set[Path]:
    """The contents that other commits of the repository name too."""
    others = (path for path in folder.parent.iterdir() if path != folder)
    return {path.resolve() for other in others for path in other.rglob("*") if path.is_file()}


def _leftovers(folder: Path) -> set[Path]:
    """What Aura fetched in part, or set aside as damaged."""
    blobs = folder.parent.parent / "blobs"
    return {
        path
        for pattern in (f"*{store.PARTIAL}", f"*{store.DAMAGED}-*")
        for path in (*blobs.glob(pattern), *folder.rglob(pattern))
        if path.is_file()
    }


OURS = (".safetensors", ".json", ".txt", ".model")


def _ours(name: str) -> bool:
    """Might Aura have asked for a file of that name?"""
    return name.endswith(OURS) or store.DAMAGED in name


def _name(path: Path, folder: Path) -> str:
    return path.relative_to(folder).as_posix()

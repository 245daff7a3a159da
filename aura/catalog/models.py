"""The catalogue: what Aura can run, read from ``models.toml`` and a person's own folders."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Literal

from aura.catalog import complete, hub
from aura.errors import LenderMissing, ModelDamaged, ModelMissing, UnknownModel
from aura.requests import Plain
from aura.settings import Settings

if sys.version_info >= (3, 11):
    import tomllib
else:
    import tomli as tomllib

LIST = Path(__file__).parent / "models.toml"

# Families that the engine has. Models of others are known, for planning, and not offered.
# A test holds this against the registry, which loads torch.
RUNNABLE = frozenset(
    {
        "stable_diffusion",
        "stable_diffusion_xl",
        "flux",
        "flux2",
        "z_image",
        "sana",
        "blip",
        "siglip",
        "bge",
        "esrgan",
        "owl",
    }
)

Task = Literal[
    "generate",
    "remove",
    "caption",
    "embed",
    "segment",
    "upscale",
    "detect",
    "lora",  # these three become part of a model that draws, of the same family
    "vae",
    "embedding",
]
ADDED: tuple[Task, ...] = ("lora", "vae", "embedding")


class Defaults(Plain):
    """What the tab starts from when this model is chosen; one step where it has no steps.

    Of a LoRA that was made for few steps, what goes with it; ``spacing`` is then how its
    samplers space their steps, where not as the model's own.
    """

    steps: int = 1
    guidance: float = 0.0
    scheduler: str = "auto"
    spacing: str = ""


class Model(Plain):
    """One model. ``area`` is its native number of pixels, 0 where it takes pictures of any
    size; ``multiple`` what sides must divide by.

    ``folder`` is set for models that lie on this disk (below the app's folder, or absolute for
    a person's own), ``repo`` and ``revision`` for those of the hub; ``files`` are patterns of
    what is needed of them, where their layout does not tell. ``vocabulary`` names a file of
    words beside the weights when the model knows few. ``pruned``: layers of its family's
    network were taken away, so that what changes those fits it no longer.

    ``file`` is set for a checkpoint in one file, with its ``kind`` and ``precision`` as its
    header tells them; ``lender`` is the folder of the model it borrows the rest from.
    ``triggers`` are the words a LoRA was trained on, as its trainer wrote them down.
    """

    id: str
    name: str
    family: str
    task: Task
    area: int = 0
    multiple: int = 8
    defaults: Defaults = Defaults()
    folder: str | None = None
    file: str | None = None
    kind: str = ""
    precision: str = ""
    lender: str | None = None
    repo: str | None = None
    revision: str | None = None
    files: tuple[str, ...] = ()
    download_bytes: int = 0
    licence: str
    commercial: bool
    gated: bool = False
    good_for: dict[str, str]  # one line per language
    vocabulary: str | None = None
    pruned: bool = False
    triggers: tuple[str, ...] = ()

    def path(self, root: Path) -> Path | None:
        """Where a shipped model lies below the app's folder ``root``."""
        return root / self.folder if self.folder else None

    @property
    def runnable(self) -> bool:
        return self.family in RUNNABLE

    @property
    def lacks_lender(self) -> bool:
        """Whether it is a checkpoint that has nobody to borrow the rest from."""
        return self.task == "generate" and self.file is not None and self.lender is None

    @property
    def draws(self) -> bool:
        """Whether text can be made into pictures with it here."""
        return self.runnable and self.task == "generate"

    @property
    def added(self) -> bool:
        """Whether it becomes part of another model and is nothing by itself."""
        return self.task in ADDED


class Catalog:
    """Every model that is known, the shipped ones first. Reading it opens no network."""

    def __init__(self, models: tuple[Model, ...], root: Path) -> None:
        self.models = models
        self.root = root

    @classmethod
    def read(cls, settings: Settings) -> Catalog:
        from aura.catalog import added, local, single, upscalers

        listed = shipped(LIST)
        own = local.models(settings.models_dirs, taken={model.id for model in listed})
        folders = cls((*listed, *own), settings.app_dir)
        taken = {model.id for model in folders.models}
        files = single.models(settings.models_dirs, folders._lenders(), taken)
        taken |= {model.id for model in files}
        parts = added.models(settings.models_dirs, taken)
        taken |= {model.id for model in parts}
        enlarging = upscalers.models(settings.models_dirs, taken)
        return cls((*folders.models, *files, *parts, *enlarging), settings.app_dir)

    def renew(self, settings: Settings) -> None:
        """Read everything again; whoever holds this catalogue sees what is there now."""
        self.models = Catalog.read(settings).models

    def get(self, id: str) -> Model:
        """Raises UnknownModel."""
        for model in self.models:
            if model.id == id:
                return model
        known = ", ".join(model.id for model in self.models if model.draws)
        raise UnknownModel(model=str(id)[:200], known=known)

    def installed(self, model: Model) -> Path | None:
        """The folder with all of the model's files, or its one file; None if any is missing."""
        if model.file:
            path = Path(model.file)
            return path if complete.whole(path) and not model.lacks_lender else None
        folder = self._folder(model)
        return folder if folder and complete.flaw(folder, model.files) is None else None

    def place(self, model: Model) -> Path:
        """The folder or the file of the model, whole or not. Raises ModelMissing."""
        folder = self._folder(model)
        if folder is None or not (folder.is_file() if model.file else folder.is_dir()):
            raise ModelMissing(model=model.name)
        return folder

    def require(self, model: Model) -> Path:
        """The folder with all of the model's files, or its one file.

        Raises ModelMissing, ModelDamaged, LenderMissing.
        """
        folder = self.place(model)
        if model.file:
            return _whole(model, folder)
        flaw = complete.flaw(folder, model.files)
        if flaw is not None:
            raise ModelDamaged(model=model.name, path=str(flaw))
        return folder

    def weights(self, model: Model) -> Path:
        """The one file of something that is added to a model, or the folder of a VAE.

        Raises ModelMissing, ModelDamaged.
        """
        place = self.require(model)
        return place if place.is_file() or len(model.files) != 1 else place / model.files[0]

    def available(self) -> tuple[Model, ...]:
        """The models that can draw now."""
        return tuple(model for model in self.models if model.draws and self.installed(model))

    def default(self) -> Model:
        """The first that can draw; without any, the one that ships with Aura."""
        return next((m for m in self.models if m.draws and self.installed(m)), self.models[0])

    def _lenders(self) -> Iterator[Path]:
        """The folders of installed models that lend what a single file lacks: all of it but
        what draws, and of a UNet the whole, which is compared."""
        for model in self.models:
            folder = self._folder(model) if model.draws else None
            if folder is None or not folder.is_dir():
                continue
            whole = complete.flaw(folder, model.files, without=("transformer",)) is None
            if whole and any((folder / part).is_dir() for part in ("unet", "transformer")):
                yield folder

    def _folder(self, model: Model) -> Path | None:
        if model.file:
            return Path(model.file)
        if model.folder:
            return model.path(self.root)
        return hub.cached(model.repo, model.revision, model.files) if model.repo else None


def _whole(model: Model, file: Path) -> Path:
    if not complete.whole(file):
        raise ModelDamaged(model=model.name, path=str(file))
    if model.lacks_lender:
        raise LenderMissing(model=model.name, kind=model.kind)
    return file


def shipped(path: Path) -> tuple[Model, ...]:
    """The models of a list such as ``models.toml``, in its order."""
    tables = tomllib.loads(path.read_text(encoding="utf-8"))["model"]
    return tuple(Model(**table) for table in tables)

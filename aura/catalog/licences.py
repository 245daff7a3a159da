"""Licences with conditions: shown, and agreed to once, before such a model is fetched."""

from __future__ import annotations

import time
from pathlib import Path

from aura.catalog import kept
from aura.catalog.models import Model
from aura.errors import LicenceNotAccepted


def restricted(model: Model) -> bool:
    """Whether a person must agree first: no commercial use, or an agreement of its own."""
    return bool(model.repo) and (model.gated or not model.commercial)


class Licences:
    """What was agreed to on this computer, in ``licences.json`` of the data folder."""

    def __init__(self, data_dir: Path) -> None:
        self.path = data_dir / "licences.json"

    def accepted(self, model: Model) -> bool:
        """Agreed to in these words; a licence that changed is asked for again."""
        told = kept.read(self.path).get(model.id)
        return isinstance(told, dict) and told.get("licence") == model.licence

    def accept(self, model: Model) -> None:
        """Raises DiskFull, FolderUnwritable."""
        day = time.strftime("%Y-%m-%d")
        mine = {model.id: {"licence": model.licence, "accepted": day}}
        kept.write(self.path, kept.read(self.path) | mine)

    def require(self, model: Model) -> None:
        """Raises LicenceNotAccepted."""
        if restricted(model) and not self.accepted(model):
            raise LicenceNotAccepted(model=model.name, licence=model.licence)

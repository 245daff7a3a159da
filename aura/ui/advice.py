"""Which model of the catalogue would do better than a small one on this machine."""

from __future__ import annotations

from typing import TYPE_CHECKING

from aura.catalog.models import Model
from aura.errors import AuraError
from aura.i18n import text
from aura.memory.device import Snapshot
from aura.memory.verdict import verdict
from aura.ui.status import told

if TYPE_CHECKING:
    from aura.studio import Studio


def better(lang: str, studio: Studio, small: Model) -> str:
    """A sentence that names the model for everything else; empty where none would run."""
    status = told(studio)
    if status is None:
        return ""
    others = [m for m in studio.catalog.models if m.task == small.task and not m.vocabulary]
    found = choose([model for model in others if model.runnable], status.device)
    if found is None:
        return ""
    model, speed = found
    key = f"generate.shapes.{speed}"
    return text(lang, key, model=model.name, download_bytes=model.download_bytes)


def choose(models: list[Model], device: Snapshot) -> tuple[Model, str] | None:
    """The largest that fits, else of the slow ones that with the least work, and which."""
    verdicts = {model.id: _judged(model, device) for model in models}
    fitting = [model for model in models if verdicts[model.id] == "fits"]
    if fitting:
        return max(fitting, key=lambda m: (m.area, m.download_bytes)), "fits"
    slow = [model for model in models if verdicts[model.id] == "slow"]
    if slow:
        return min(slow, key=lambda m: m.area * m.defaults.steps), "slow"
    return None


def _judged(model: Model, device: Snapshot) -> str:
    try:
        judged = verdict(model, device)
    except AuraError:
        return "refused"
    return judged.verdict if judged else "refused"

"""Who asks a small model for too much is told which other one this machine could run."""

from __future__ import annotations

from types import SimpleNamespace

import pytest

from aura import settings
from aura.catalog.models import Catalog
from aura.engine.protocol import Status
from aura.memory.device import GIB
from aura.memory.simulated import imagined
from aura.ui.advice import better

MACHINES = {"a card": (24 * GIB, 64 * GIB), "no card": (0, 32 * GIB)}


def advised(lang: str, card: int, ram: int) -> str:
    catalog = Catalog.read(settings.read({}, {}))
    status = Status(device=imagined(card, ram))
    studio = SimpleNamespace(catalog=catalog, engine=SimpleNamespace(status=lambda: status))
    return better(lang, studio, catalog.get("aura-shapes"))


@pytest.mark.parametrize(("card", "ram"), MACHINES.values(), ids=MACHINES)
def test_a_machine_with_room_is_told_of_a_model_that_would_fit_it(card: int, ram: int) -> None:
    assert "would fit this machine" in advised("en", card, ram)
    assert "en este equipo funcionaría" in advised("es", card, ram)


def test_a_machine_too_small_for_any_is_promised_nothing() -> None:
    assert advised("en", 0, 2 * GIB) == ""

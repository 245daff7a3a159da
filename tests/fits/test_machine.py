"""Which machine is asked about, and what this one has learnt about itself."""

from __future__ import annotations

from contextlib import closing
from pathlib import Path

import pytest

from aura import settings
from aura.catalog.models import Catalog
from aura.fits import words
from aura.fits.machine import Lessons, chosen, limited
from aura.fits.rows import rows
from aura.memory.cards import NO_CARD, Card, find
from aura.memory.device import GIB, budget, host_budget
from aura.memory.examples import example
from aura.memory.ledger import Ledger
from aura.memory.simulated import imagined
from aura.settings import Settings

HERE = find("RTX 2060 6GB").beside(16 * GIB)


@pytest.fixture(scope="module")
def catalog() -> Catalog:
    return Catalog.read(settings.read({}, {}))


def test_nothing_said_is_this_machine_as_it_reads_now() -> None:
    machine = chosen(None, None, HERE)
    assert machine.here and machine.snapshot == HERE


def test_other_ram_is_this_card_beside_that_ram() -> None:
    machine = chosen(None, 32 * GIB, HERE)
    snapshot = machine.snapshot
    assert not machine.here
    assert (snapshot.total, snapshot.host_total) == (6 * GIB, 32 * GIB)
    assert snapshot.dtypes == HERE.dtypes


def test_another_card_lies_in_this_machines_ram_unless_other_ram_is_named() -> None:
    assert chosen(find("4090"), None, HERE).snapshot.host_total == 16 * GIB
    assert chosen(find("4090"), 64 * GIB, HERE).snapshot.host_total == 64 * GIB


def test_a_machine_without_a_card_stays_one_with_other_ram() -> None:
    assert chosen(None, 8 * GIB, imagined(0, 16 * GIB)).snapshot.kind == "cpu"
    apple = imagined(0, 16 * GIB).model_copy(update={"kind": "mps"})
    assert chosen(None, 8 * GIB, apple).snapshot.kind == "mps"
    assert chosen(NO_CARD, None, HERE).snapshot.kind == "cpu"


def test_limits_hold_on_a_machine_that_is_only_imagined() -> None:
    asked = Settings(vram_limit=4 * GIB, memory_limit=6 * GIB)
    snapshot = limited(chosen(find("4090"), None, HERE), asked).snapshot
    assert budget(snapshot) <= 4 * GIB and host_budget(snapshot) <= 6 * GIB
    snapshot = limited(chosen(NO_CARD, None, HERE), asked).snapshot
    assert budget(snapshot) <= 6 * GIB


def test_what_was_measured_here_is_told_of_this_machine_and_of_no_other(
    catalog: Catalog, tmp_path: Path
) -> None:
    model = catalog.get("sd15")
    here, elsewhere = chosen(None, None, HERE), chosen(Card("", 6 * GIB), None, HERE)
    plan = rows([model], HERE)[0].plan
    with closing(Ledger(tmp_path / "ledger.db")) as ledger:
        ledger.done(HERE.name, plan, example(model), plan.peak, {"denoising": 12.0}, 1)
    with closing(Lessons(tmp_path / "ledger.db")) as lessons:
        found = {
            machine.here: rows([model], machine.snapshot, known=lambda m, w=machine: lessons(w, m))
            for machine in (here, elsewhere)
        }
    assert found[True][0].plan.seconds == 12.0
    assert found[False][0].plan.seconds is None
    assert "12" in words.explanation("en", found[True][0])


def test_a_studio_that_never_drew_knows_nothing_and_makes_no_file(
    catalog: Catalog, tmp_path: Path
) -> None:
    with closing(Lessons(tmp_path / "ledger.db")) as lessons:
        assert not lessons(chosen(None, None, HERE), catalog.get("sd15")).seconds
    assert not list(tmp_path.iterdir())

"""A row is about the files that are here, if they are sound, and else about what is published."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from aura import settings
from aura.catalog.models import Catalog, Model
from aura.fits.rows import Row, rows
from aura.memory.cards import NO_CARD, find
from aura.memory.device import GIB, MIB

MACHINE = find("6GB").beside(16 * GIB)


@pytest.fixture
def sd15() -> Model:
    return Catalog.read(settings.read({}, {})).get("sd15")


def row(model: Model, folder: Path | None = None) -> Row:
    return rows([model], MACHINE, lambda _: folder)[0]


def weights(row: Row) -> int:
    return sum(part.size for part in row.layout.worst.parts)


def test_files_that_are_here_are_weighed_themselves(sd15: Model, tiny_pack: Path) -> None:
    assert weights(row(sd15, tiny_pack)) < 100 * MIB < weights(row(sd15))


def test_files_that_change_are_weighed_anew(sd15: Model, tiny_pack: Path, tmp_path: Path) -> None:
    folder = Path(shutil.copytree(tiny_pack, tmp_path / "own"))
    before = weights(row(sd15, folder))
    unet = next((folder / "unet").glob("*.safetensors"))
    shutil.copy(unet, unet.with_name("more.safetensors"))
    shutil.copy(next((folder / "text_encoder").glob("*.safetensors")), unet)
    assert weights(row(sd15, folder)) != before


def test_a_damaged_copy_does_not_hide_the_model(
    sd15: Model, tiny_pack: Path, tmp_path: Path
) -> None:
    folder = Path(shutil.copytree(tiny_pack, tmp_path / "own"))
    (folder / "unet" / "config.json").write_text("{", encoding="utf-8")
    assert weights(row(sd15, folder)) == weights(row(sd15))


def test_a_model_that_nobody_knows_the_needs_of_has_no_row(sd15: Model) -> None:
    assert rows([sd15.model_copy(update={"id": "never-traced"})], MACHINE) == ()


def test_a_model_that_is_quick_on_the_processor_is_sold_no_card(tiny_pack: Path) -> None:
    model = Catalog.read(settings.read({}, {})).get("sd15")
    quick = rows([model], NO_CARD.beside(16 * GIB), lambda _: tiny_pack)[0]
    slow = rows([model], NO_CARD.beside(16 * GIB))[0]
    assert (quick.verdict, slow.verdict) == ("fits", "slow")
    assert quick.changes == ()
    assert any("card" in change.code for change in slow.changes)

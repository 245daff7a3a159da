"""Converted networks on the disk are whole, or not there."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from aura.catalog.models import LIST, shipped
from aura.families.conversions import SIZES, Conversions, NoRoom

MODEL = shipped(LIST)[0]


@pytest.fixture
def source(tmp_path) -> Path:
    folder = tmp_path / "unet"
    folder.mkdir()
    (folder / "diffusion_pytorch_model.safetensors").write_bytes(b"weights")
    return folder


@pytest.fixture
def kept(tmp_path) -> Conversions:
    return Conversions(tmp_path / "converted")


def write(folder: Path) -> None:
    (folder / "core.xml").write_text("a network")
    (folder / "core.bin").write_bytes(b"0" * 100)


def made(kept: Conversions, source: Path, dtype: str = "bf16") -> Path:
    return kept.make(MODEL, source, dtype, 100, write)


def test_what_was_made_is_found(kept, source):
    assert kept.find(MODEL, source, "bf16") is None
    place = made(kept, source)
    assert kept.find(MODEL, source, "bf16") == place
    assert kept.find(MODEL, source, "fp32") is None


def test_one_file_of_weights_has_its_own_too(kept, source):
    file = next(source.iterdir())
    assert made(kept, file) == kept.find(MODEL, file, "bf16")


@pytest.mark.parametrize("name", ["core.xml", "core.bin", SIZES])
@pytest.mark.parametrize("harm", ["gone", "cut short"])
def test_what_is_not_whole_is_not_found(kept, source, name, harm):
    path = made(kept, source) / name
    content = path.read_bytes()
    path.unlink()
    if harm == "cut short":
        path.write_bytes(content[:-1])
    assert kept.find(MODEL, source, "bf16") is None
    assert made(kept, source) == kept.find(MODEL, source, "bf16")


def test_other_weights_have_another_and_the_older_one_goes(kept, source):
    older, other = made(kept, source), made(kept, source, "fp32")
    (source / "diffusion_pytorch_model.safetensors").write_bytes(b"other weights")
    newer = made(kept, source)
    assert newer != older and not older.exists() and other.exists()


def test_a_fault_while_it_is_written_leaves_nothing(kept, source):
    def fails(folder: Path) -> None:
        write(folder)
        raise OSError("the disk is full")

    with pytest.raises(OSError, match="full"):
        kept.make(MODEL, source, "bf16", 100, fails)
    assert list(kept.folder.iterdir()) == []


def test_what_a_killed_engine_left_half_made_goes_with_the_next(kept, source):
    left = kept.folder / ".making-x"
    left.mkdir(parents=True)
    made(kept, source)
    assert not left.exists()


def test_a_disk_that_would_be_full_is_refused_before_anything_is_written(kept, source, monkeypatch):
    monkeypatch.setattr(shutil, "disk_usage", lambda _: shutil._ntuple_diskusage(9, 9, 0))
    with pytest.raises(NoRoom):
        made(kept, source)
    assert list(kept.folder.iterdir()) == []

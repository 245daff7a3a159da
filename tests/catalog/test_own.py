"""Looking through a person's folders: bounded, and in nobody's model."""

from __future__ import annotations

import shutil
from pathlib import Path

from aura.catalog import own
from tests.catalog import layouts as of
from tests.catalog.conftest import SHAPES


def names(*folders: Path) -> list[str]:
    return [Path(file.path).name for file in own.files(folders).files]


def lora(path: Path) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    return of.safetensors(path, of.LORAS["SDXL kohya"])


def test_files_are_found_below_too_each_once_in_the_order_of_the_folders(tmp_path):
    lora(tmp_path / "b" / "deep" / "2.safetensors")
    lora(tmp_path / "a" / "1.safetensors")
    assert names(tmp_path / "b", tmp_path) == ["2.safetensors", "1.safetensors"]


def test_the_parts_of_a_pipeline_are_not_files_of_their_own(tmp_path):
    shutil.copytree(SHAPES, tmp_path / "pipeline")
    assert own.files([tmp_path]) == own.OwnFiles()


def test_hidden_files_loops_and_gone_folders_are_passed_over(tmp_path):
    lora(tmp_path / ".hidden" / "a.safetensors")
    lora(tmp_path / "._a.safetensors")
    (tmp_path / "loop").symlink_to(tmp_path)
    assert names(tmp_path, tmp_path / "gone") == []


def test_the_depth_is_bounded(tmp_path):
    deep = tmp_path.joinpath(*"abcdefghij")
    lora(deep / "x.safetensors")
    assert names(tmp_path) == []
    assert names(deep) == ["x.safetensors"]


def test_a_file_that_changed_is_looked_at_again(tmp_path):
    path = tmp_path / "a.safetensors"
    path.write_bytes(b"x")
    assert len(own.files([tmp_path]).refused) == 1
    lora(path)
    assert names(tmp_path) == ["a.safetensors"]


def test_what_is_refused_says_so_with_its_size(tmp_path):
    (tmp_path / "old.ckpt").write_bytes(b"12345")
    (refused,) = own.files([tmp_path]).refused
    assert (refused.bytes, refused.error["code"]) == (5, "pickle_refused")

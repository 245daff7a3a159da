"""Small copies: made once, made again when the picture changes, never half there."""

from __future__ import annotations

import os
from concurrent.futures import ThreadPoolExecutor

import pytest
from PIL import Image

from aura.errors import BadImage
from aura.library.thumbnails import SIDE, thumbnail


@pytest.fixture
def picture(tmp_path):
    path = tmp_path / "wide.png"
    Image.new("RGB", (1600, 400), "red").save(path)
    return path


def test_a_thumbnail_is_small_and_keeps_the_ratio(picture, tmp_path):
    with Image.open(thumbnail(picture, tmp_path / "cache")) as small:
        assert small.size == (SIDE, SIDE // 4)
        assert small.convert("RGB").getpixel((5, 5))[0] > 240


def test_it_is_made_once(picture, tmp_path):
    first = thumbnail(picture, tmp_path / "cache")
    first.write_bytes(b"kept")
    assert thumbnail(picture, tmp_path / "cache").read_bytes() == b"kept"


def test_a_picture_that_changed_gets_a_new_one(picture, tmp_path):
    first = thumbnail(picture, tmp_path / "cache")
    Image.new("RGB", (400, 1600), "blue").save(picture)
    os.utime(picture, ns=(1, 1))
    second = thumbnail(picture, tmp_path / "cache")
    assert second != first
    with Image.open(second) as small:
        assert small.size == (SIDE // 4, SIDE)


def test_transparency_is_kept(tmp_path):
    Image.new("RGBA", (500, 500), (255, 0, 0, 0)).save(tmp_path / "clear.png")
    with Image.open(thumbnail(tmp_path / "clear.png", tmp_path / "cache")) as small:
        assert small.convert("RGBA").getpixel((9, 9))[3] == 0


def test_many_at_once_leave_one_whole_file(picture, tmp_path):
    with ThreadPoolExecutor(8) as pool:
        made = set(pool.map(lambda _: thumbnail(picture, tmp_path / "cache"), range(16)))
    files = [path for path in (tmp_path / "cache").rglob("*") if path.is_file()]
    assert set(files) == made
    assert len(files) == 1


def test_what_is_gone_or_no_picture_is_a_clear_error(tmp_path):
    (tmp_path / "x.png").write_text("no")
    for path in (tmp_path / "x.png", tmp_path / "gone.png"):
        with pytest.raises(BadImage) as refused:
            thumbnail(path, tmp_path / "cache")
        assert refused.value.facts["name"] == path.name

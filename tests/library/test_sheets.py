"""A sheet shows every picture in its place; an archive holds every file as it is."""

from __future__ import annotations

import io
import zipfile
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image

from aura.errors import FolderUnwritable
from aura.library import sheets
from aura.library.results import save_picture
from tests.library.pictures import Quick, request, save

COLOURS = {"red": (255, 0, 0), "green": (0, 128, 0), "blue": (0, 0, 255)}


def pictures(outputs: Path, colours=tuple(COLOURS), size=(40, 20)):
    made = []
    for seed, colour in enumerate(colours):
        asked = request(prompts=(f"a {colour} field",), seed=seed)
        facts = {"plan": {}, "seconds": 1, "stages": {}, "peak_bytes": 0, "versions": {}}
        image = Image.new("RGB", size, colour)
        made.append(save_picture(outputs, image, asked, 0, created=1e9, disk=Quick(), **facts))
    return made


def centre(sheet: Image.Image, row: int, column: int) -> tuple[int, ...]:
    x = sheets.GAP + column * (sheets.CELL + sheets.GAP) + sheets.CELL // 2
    y = sheets.GAP + row * (sheets.CELL + 2 * sheets.LINE + sheets.GAP) + sheets.CELL // 2
    return sheet.getpixel((x, y))


def test_pictures_stand_in_reading_order(tmp_path):
    sheet = sheets.contact_sheet(pictures(tmp_path), columns=2)
    places = [centre(sheet, 0, 0), centre(sheet, 0, 1), centre(sheet, 1, 0)]
    assert places == list(COLOURS.values())
    assert centre(sheet, 1, 1) == (255, 255, 255)


def test_a_picture_that_is_gone_leaves_its_place_and_its_words(tmp_path):
    made = pictures(tmp_path)
    Path(made[1].path).unlink()
    sheet = sheets.contact_sheet(made, columns=3)
    assert centre(sheet, 0, 1) == (255, 255, 255)
    assert (centre(sheet, 0, 0), centre(sheet, 0, 2)) == (COLOURS["red"], COLOURS["blue"])
    left = sheets.GAP + sheets.CELL + sheets.GAP
    words = sheet.crop((left, sheets.GAP + sheets.CELL + 2, left + sheets.CELL, sheet.height))
    assert np.asarray(words.convert("L")).min() < 100


def test_a_wide_picture_is_whole_on_the_sheet(tmp_path):
    half = Image.new("RGB", (400, 100), "red")
    half.paste("blue", (200, 0, 400, 100))
    cell = sheets._fitted(half)
    assert cell.getpixel((2, sheets.CELL // 2)) == COLOURS["red"]
    assert cell.getpixel((sheets.CELL - 3, sheets.CELL // 2)) == COLOURS["blue"]


@given(st.text(max_size=400))
def test_any_words_fit_their_line(words):
    assert sheets._width(sheets._cut(words)) <= sheets.CELL


def test_an_archive_holds_every_file_byte_for_byte(tmp_path):
    made = pictures(tmp_path / "a") + pictures(tmp_path / "b")  # the same names twice
    buffer = io.BytesIO()
    assert sheets.archive(made, buffer) == 6
    with zipfile.ZipFile(buffer) as packed:
        assert len(set(packed.namelist())) == 6
        kept = sorted(packed.read(name) for name in packed.namelist())
    assert kept == sorted(Path(one.path).read_bytes() for one in made)


def test_exports_never_take_the_place_of_earlier_ones(tmp_path):
    made = [save(tmp_path / "outputs", disk=Quick())]
    for save_one in (sheets.save_sheet, sheets.save_archive):
        paths = {save_one(tmp_path / "exports", made) for _ in range(3)}
        assert len(paths) == 3 and all(path.stat().st_size for path in paths)


def test_a_folder_that_cannot_be_written_is_an_error_in_words(tmp_path):
    (tmp_path / "exports").write_text("a file is here")
    for save_one in (sheets.save_sheet, sheets.save_archive):
        with pytest.raises(FolderUnwritable):
            save_one(tmp_path / "exports", [])

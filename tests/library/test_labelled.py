"""A labelled sheet: every picture in its place, every label whole and readable."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image

from aura.library.labelled import (
    LETTERS,
    LINES_MAX,
    SIDE_MOST,
    Cell,
    labelled_sheet,
    laid_out,
    wrapped,
)
from aura.library.letters import font

COLOURS = ("red", "lime", "blue", "yellow", "cyan", "magenta", "black", "gray")
LONG = "a lighthouse at dusk, oil painting, warm light, " * 40


def cells(folder: Path, count: int, size: tuple[int, int] = (64, 48)) -> list[Cell]:
    made = []
    for place in range(count):
        path = folder / f"{place}.png"
        Image.new("RGB", size, COLOURS[place]).save(path)
        made.append(Cell(size, path, "1.0 s"))
    return made


@pytest.mark.parametrize("shape", [(4, 2, 1), (2, 2, 2), (1, 4, 2), (8, 1, 1)])
def test_each_picture_stands_by_its_page_row_and_column(tmp_path: Path, shape):
    columns, rows, pages = (
        [f"{axis}{n}" for n in range(k)] for axis, k in zip("xyz", shape, strict=True)
    )
    made = cells(tmp_path, 8)
    sheet = labelled_sheet(made, columns, rows, pages, "a star")
    layout = laid_out(made, columns, rows, pages, "a star")
    seen = []
    for place in range(8):
        x, y = layout.at(place)
        middle = (x + layout.cell[0] // 2, y + layout.cell[1] // 2)
        seen.append(sheet.getpixel(middle))
    assert seen == [Image.new("RGB", (1, 1), colour).getpixel((0, 0)) for colour in COLOURS]


def test_a_label_of_any_length_covers_no_picture(tmp_path: Path):
    made = cells(tmp_path, 4)
    sheet = np.asarray(
        labelled_sheet(
            made,
            [LONG, "b"],
            [LONG, "d"],
            [
                "",
            ],
            LONG,
        )
    )
    layout = laid_out(made, [LONG, "b"], [LONG, "d"], [""], LONG)
    for place, colour in enumerate(COLOURS[:4]):
        x, y = layout.at(place)
        inside = sheet[y + 1 : y + layout.cell[1] - 1, x + 1 : x + layout.cell[0] - 1]
        wanted = np.array(Image.new("RGB", (1, 1), colour).getpixel((0, 0)))
        assert (inside == wanted).all(), "nothing but the picture"


def test_labels_are_there_in_ink(tmp_path: Path):
    made = cells(tmp_path, 2)
    bare = laid_out(made, ["", ""], [""], [""], "")
    told = laid_out(made, ["ten", "twenty"], ["row"], ["page"], "title")
    assert told.left > bare.left == 0 and told.column > bare.column == 0
    sheet = np.asarray(
        labelled_sheet(made, ["ten", "twenty"], ["row"], ["page"], "title").convert("L")
    )
    for place in range(2):
        x, y = told.at(place)
        assert sheet[y - told.column : y, x : x + told.cell[0]].min() < 100
    assert sheet[told.at(0)[1] : told.at(0)[1] + 40, : told.left].min() < 100


def test_a_cell_without_a_picture_says_why_in_its_place(tmp_path: Path):
    (first,) = cells(tmp_path, 1)
    sheet = labelled_sheet([first, Cell(first.shape, None, "There is no room.")], ["a", "b"])
    layout = laid_out([first], ["a", "b"], [""], [""], "")
    x, y = layout.at(1)
    inside = np.asarray(sheet.convert("L"))[y + 4 : y + layout.cell[1], x + 4 : x + layout.cell[0]]
    assert inside.min() < 180 < inside.max()


def test_a_picture_that_is_gone_leaves_its_words(tmp_path: Path):
    made = cells(tmp_path, 2)
    made[1].path.unlink()
    assert labelled_sheet(made, ["a", "b"]).size == labelled_sheet(made, ["a", "b"]).size


def test_accents_are_letters_and_no_boxes():
    missing = np.asarray(font(LETTERS).getmask("\ue123", mode="L"))
    for letter in "áéíóúñü¿¡×·…«»":
        drawn = np.asarray(font(LETTERS).getmask(letter, mode="L"))
        assert drawn.shape != missing.shape or (drawn != missing).any(), letter


@given(st.text(max_size=300), st.integers(40, 500), st.integers(1, LINES_MAX))
def test_no_line_is_wider_than_its_room(words, width, lines):
    found = wrapped(words, width, lines)
    assert len(found) <= lines
    assert all(font(LETTERS).getlength(line) <= width or len(line) <= 1 for line in found)


@given(
    st.integers(1, 100), st.integers(1, 10), st.tuples(st.integers(64, 4096), st.integers(64, 4096))
)
def test_a_large_grid_stays_a_picture_that_can_be_opened(columns, rows, shape):
    rows = min(rows, 100 // columns) or 1
    every = [Cell(shape, None)] * (columns * rows)
    layout = laid_out(every, ["x"] * columns, ["y"] * rows, [""], "")
    least = 192 + 16  # a cell never gets smaller than can be seen
    assert layout.size[0] <= max(SIDE_MOST, columns * least) + 400
    assert min(layout.cell) > 0

"""Sheets with labels: pictures in columns and rows, each axis in words."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

from PIL import Image, ImageDraw, ImageOps

from aura.errors import BadImage
from aura.library.images import open_image
from aura.library.letters import font
from aura.library.sheets import FAINT, GAP, INK, PAPER

CELL_MAX, CELL_MIN = 512, 192  # pixels of a cell's longer side
SIDE_MOST = 8192  # pixels of the sheet, as far as CELL_MIN allows
LABEL = 200  # pixels of the column of row labels
LINES_MAX = 6  # of one label; a longer one ends in an ellipsis
LETTERS = 18  # pixels of the letters' size
LINE = 24  # pixels from line to line


@dataclass(frozen=True)
class Cell:
    """``shape`` is the picture's own size. Without a file the words stand in its place."""

    shape: tuple[int, int]
    path: Path | None
    words: str = ""


@dataclass(frozen=True)
class Layout:
    """Where everything stands, in pixels."""

    cell: tuple[int, int]
    left: int  # width of the row labels
    title: int  # heights of the words above: of all, of a page, of the columns
    page: int
    column: int
    caption: int
    columns: int
    rows: int
    pages: int

    @property
    def size(self) -> tuple[int, int]:
        width = self.left + self.columns * (self.cell[0] + GAP) + GAP
        return width, self.title + self.pages * self.block + GAP

    @property
    def block(self) -> int:
        """Height of a page with its labels."""
        return self.page + self.column + self.rows * (self.cell[1] + self.caption + GAP) + GAP

    def at(self, place: int) -> tuple[int, int]:
        """The corner of the cell with that number."""
        page, rest = divmod(place, self.rows * self.columns)
        row, column = divmod(rest, self.columns)
        x = self.left + GAP + column * (self.cell[0] + GAP)
        top = self.title + page * self.block + self.page + self.column
        return x, top + GAP + row * (self.cell[1] + self.caption + GAP)


def labelled_sheet(
    cells: Sequence[Cell],
    columns: Sequence[str],
    rows: Sequence[str] = ("",),
    pages: Sequence[str] = ("",),
    title: str = "",
) -> Image.Image:
    """RGB. ``cells`` are ordered by page, row and column. An empty label takes no room."""
    layout = laid_out(cells, columns, rows, pages, title)
    sheet = Image.new("RGB", layout.size, PAPER)
    _write(sheet, (GAP, GAP), title, layout.size[0] - 2 * GAP)
    for number, label in enumerate(pages):
        at = (GAP, layout.title + number * layout.block + GAP)
        _write(sheet, at, label, layout.size[0] - 2 * GAP)
        _label_page(sheet, layout, number, columns, rows)
    for place, cell in enumerate(cells):
        _paste(sheet, layout, layout.at(place), cell)
    return sheet


def laid_out(
    cells: Sequence[Cell],
    columns: Sequence[str],
    rows: Sequence[str],
    pages: Sequence[str],
    title: str,
) -> Layout:
    left = LABEL if any(rows) else 0
    cell = _cell_size(cells, len(columns), len(rows) * len(pages))
    whole = left + len(columns) * (cell[0] + GAP) - GAP
    return Layout(
        cell=cell,
        left=left,
        title=_height((title,), whole),
        page=_height(pages, whole),
        column=_height(columns, cell[0]),
        caption=_height(tuple(c.words for c in cells if c.path), cell[0]),
        columns=len(columns),
        rows=len(rows),
        pages=len(pages),
    )


def _cell_size(cells: Sequence[Cell], columns: int, rows: int) -> tuple[int, int]:
    """Room for the widest and the highest picture, scaled down where the sheet grows too large."""
    width, height = (max(cell.shape[axis] for cell in cells) for axis in (0, 1))
    room = min((SIDE_MOST - LABEL) // columns, SIDE_MOST // rows - 2 * LINE) - GAP
    side = max(CELL_MIN, min(CELL_MAX, room))
    scale = side / max(width, height)
    return max(CELL_MIN // 2, round(width * scale)), max(CELL_MIN // 2, round(height * scale))


def _label_page(
    sheet: Image.Image, layout: Layout, page: int, columns: Sequence[str], rows: Sequence[str]
) -> None:
    first = page * layout.rows * layout.columns
    for column, label in enumerate(columns):
        x, y = layout.at(first + column)
        _write(sheet, (x, y - layout.column), label, layout.cell[0])
    for row, label in enumerate(rows):
        y = layout.at(first + row * layout.columns)[1]
        lines = max(1, layout.cell[1] // LINE)
        _write(sheet, (GAP, y), label, layout.left - GAP, lines=lines)


def _paste(sheet: Image.Image, layout: Layout, at: tuple[int, int], cell: Cell) -> None:
    x, y = at
    width, height = layout.cell
    try:
        if cell.path is None:
            raise BadImage(name="", problem="")
        image = open_image(cell.path, cell.path.name).convert("RGB")
        sheet.paste(ImageOps.pad(image, layout.cell, Image.Resampling.LANCZOS, PAPER), at)
        _write(sheet, (x, y + height + 4), cell.words, width, FAINT)
    except BadImage:
        pen = ImageDraw.Draw(sheet)
        pen.rectangle((x, y, x + width - 1, y + height - 1), outline=FAINT)
        inside = max(1, (height - 2 * GAP) // LINE)
        _write(sheet, (x + 8, y + GAP), cell.words, width - 16, FAINT, lines=inside)


def _write(
    sheet: Image.Image,
    at: tuple[int, int],
    words: str,
    width: int,
    ink: str = INK,
    lines: int = LINES_MAX,
) -> None:
    pen = ImageDraw.Draw(sheet)
    for number, line in enumerate(wrapped(words, width, lines)):
        pen.text((at[0], at[1] + number * LINE), line, ink, font(LETTERS))


def _height(labels: Sequence[str], width: int) -> int:
    """Of the tallest label with the room above it, 0 where all are empty."""
    most = max((len(wrapped(label, width)) for label in labels), default=0)
    return most * LINE + 12 if most else 0


@lru_cache(maxsize=2048)
def wrapped(words: str, width: int, lines: int = LINES_MAX) -> tuple[str, ...]:
    """Lines no wider than ``width`` pixels; words that are wider are broken."""
    found: list[str] = []
    for word in words.split():
        if found and _length(f"{found[-1]} {word}") <= width:
            found[-1] = f"{found[-1]} {word}"
            continue
        while _length(word) > width and len(word) > 1:
            part = _fitting(word, width)
            found.append(part)
            word = word[len(part) :]
        found.append(word)
    if len(found) <= lines:
        return tuple(found)
    last = found[lines - 1]
    while last and _length(last + "…") > width:
        last = last[:-1]
    return (*found[: lines - 1], last.rstrip() + "…")


def _fitting(word: str, width: int) -> str:
    """As many letters as there is room for, one at the least."""
    count = 1
    while count < len(word) and _length(word[: count + 1]) <= width:
        count += 1
    return word[:count]


def _length(words: str) -> float:
    return font(LETTERS).getlength(words)

"""Many pictures as one: a sheet to look at, an archive to take along."""

from __future__ import annotations

import io
import zipfile
from collections.abc import Iterable, Sequence
from datetime import datetime
from pathlib import Path
from typing import IO

from PIL import Image, ImageDraw, ImageOps

from aura.errors import BadImage
from aura.library.atomic import worded, write_new
from aura.library.images import open_image
from aura.library.letters import font
from aura.requests import Picture

CELL = 320  # pixels of a cell's longer side
GAP = 16
LINE = 20  # pixels of a line of text
LETTERS = 14  # pixels of its letters
PAPER, INK, FAINT = "#ffffff", "#171a21", "#8a90a0"


def save_sheet(exports: Path, pictures: Sequence[Picture]) -> Path:
    """A contact sheet as a new PNG file in ``exports``. Raises DiskFull, FolderUnwritable."""
    buffer = io.BytesIO()
    contact_sheet(pictures).save(buffer, "PNG")
    return write_new(exports, _names("sheet", ".png"), buffer.getvalue())


def save_archive(exports: Path, pictures: Iterable[Picture]) -> Path:
    """A new zip in ``exports``, written straight to the disk. Raises DiskFull, FolderUnwritable."""
    path = exports
    try:
        exports.mkdir(parents=True, exist_ok=True)
        path = next(p for name in _names("pictures", ".zip") if not (p := exports / name).exists())
        with path.open("xb") as file:
            archive(pictures, file)
    except OSError as failed:
        if path != exports:
            path.unlink(missing_ok=True)
        raise worded(failed, exports, 0) from failed
    return path


def contact_sheet(pictures: Sequence[Picture], columns: int = 4) -> Image.Image:
    """RGB: each picture, with its prompt and its seed beneath, in reading order.

    A picture whose file cannot be read leaves its place empty, with its words.
    """
    columns = max(1, min(columns, len(pictures)))
    rows = -(-len(pictures) // columns)
    cell = CELL + GAP, CELL + 2 * LINE + GAP
    sheet = Image.new("RGB", (columns * cell[0] + GAP, rows * cell[1] + GAP), PAPER)
    for place, picture in enumerate(pictures):
        row, column = divmod(place, columns)
        _cell(sheet, (GAP + column * cell[0], GAP + row * cell[1]), picture)
    return sheet


def archive(pictures: Iterable[Picture], file: IO[bytes]) -> int:
    """Write a zip of the pictures' own files into ``file``; returns how many there were.

    They are not packed again, so they keep what they carry; names that meet get a number.
    """
    taken: dict[str, int] = {}
    with zipfile.ZipFile(file, "w", zipfile.ZIP_STORED) as packed:
        for path in (Path(picture.path) for picture in pictures):
            if path.is_file():
                again = taken[path.name] = taken.get(path.name, 0) + 1
                number = f"-{again}" if again > 1 else ""
                packed.write(path, f"{path.stem}{number}{path.suffix}")
    return sum(taken.values())


def _names(kind: str, ending: str) -> Iterable[str]:
    stem = f"aura-{kind}-{datetime.now():%Y-%m-%d-%H%M%S}"
    return (f"{stem}{f'-{n}' if n else ''}{ending}" for n in range(1000))


def _cell(sheet: Image.Image, at: tuple[int, int], picture: Picture) -> None:
    x, y = at
    try:
        sheet.paste(_fitted(open_image(Path(picture.path), Path(picture.path).name)), at)
    except BadImage:
        ImageDraw.Draw(sheet).rectangle((x, y, x + CELL - 1, y + CELL - 1), outline=FAINT)
    pen = ImageDraw.Draw(sheet)
    pen.text((x, y + CELL + 4), _cut(picture.prompt), INK, font(LETTERS))
    pen.text((x, y + CELL + 4 + LINE), str(picture.seed), FAINT, font(LETTERS))


def _fitted(image: Image.Image) -> Image.Image:
    """In the middle of a square cell, whole, on paper where it is transparent."""
    flat = Image.new("RGB", image.size, PAPER)
    flat.paste(image, mask=image.getchannel("A") if "A" in image.getbands() else None)
    return ImageOps.pad(flat, (CELL, CELL), Image.Resampling.LANCZOS, PAPER)


def _cut(words: str) -> str:
    """As much of one line as a cell is wide."""
    line = " ".join(words.split())
    if _width(line) <= CELL:
        return line
    while line and _width(line + "…") > CELL:
        line = line[:-1]
    return line.rstrip() + "…"


def _width(words: str) -> int:
    return int(font(LETTERS).getlength(words))

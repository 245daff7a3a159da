"""A file of prompts is read as people write one, and bounded."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from aura import i18n
from aura.batches import lines
from aura.errors import BadRequest

WRITTEN = "# mine\n\n  un círculo rojo  \r\na blue star\n\t\n#a note\nпейзаж"


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16"])
def test_blank_lines_and_comments_are_left_out_whatever_the_encoding(tmp_path: Path, encoding):
    path = tmp_path / "prompts.txt"
    path.write_bytes(WRITTEN.encode(encoding))
    assert lines.of_file(path) == ("un círculo rojo", "a blue star", "пейзаж")


def test_the_old_code_page_of_windows_is_understood(tmp_path: Path):
    path = tmp_path / "prompts.txt"
    path.write_bytes("un círculo, tamaño pequeño".encode("cp1252"))
    assert lines.of_file(path) == ("un círculo, tamaño pequeño",)


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"# only\n\n# comments",
        b"x" * 5000,
        b"x\n" * (lines.LINES_MAX + 1),
        b"x" * (lines.FILE_MAX + 1),
        b"PK\x03\x04\x00\x00",
    ],
)
def test_what_holds_no_prompts_or_too_many_is_refused_in_words(tmp_path: Path, data: bytes):
    path = tmp_path / "prompts.txt"
    path.write_bytes(data)
    with pytest.raises(BadRequest) as refused:
        lines.of_file(path)
    for lang in i18n.LANGUAGES:
        assert "{" not in i18n.error_text(lang, refused.value.as_dict())


def test_a_file_that_is_not_there_is_refused_in_words(tmp_path: Path):
    with pytest.raises(BadRequest):
        lines.of_file(tmp_path / "none.txt")


@given(st.binary(max_size=200))
def test_any_bytes_are_prompts_or_an_error_of_ours(data: bytes):
    try:
        found = lines.of_text(lines.decoded(data))
    except BadRequest:
        return
    assert found and all(line == line.strip() and line for line in found)

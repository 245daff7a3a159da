"""What was chosen in the pages is there at the next start, and nothing else changed."""

from __future__ import annotations

from pathlib import Path

import pytest

from aura import settings
from aura.errors import BadRequest
from aura.preferences import remember


def test_what_was_chosen_is_read_at_the_next_start(tmp_path: Path):
    remember(tmp_path / "data", idle_release=300)
    assert settings.read({"data_dir": tmp_path / "data"}, {}).idle_release == 300


def test_what_somebody_wrote_in_the_file_stays_with_its_comments(tmp_path: Path):
    file = tmp_path / "settings.toml"
    file.write_text('# mine\nport = 1111  # fixed\nidle_release = 60\nlang = "es"\n')
    remember(tmp_path, idle_release=0)
    assert file.read_text() == '# mine\nport = 1111  # fixed\nidle_release = 0\nlang = "es"\n'


def test_a_file_that_cannot_be_understood_is_not_overwritten(tmp_path: Path):
    file = tmp_path / "settings.toml"
    file.write_text("port = = 3\n")
    with pytest.raises(BadRequest):
        remember(tmp_path, idle_release=0)
    assert file.read_text() == "port = = 3\n"

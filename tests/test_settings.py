"""Where settings come from, and what is not taken for one."""

from __future__ import annotations

import json
from contextlib import suppress
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from aura import i18n, settings
from aura.errors import BadRequest
from aura.settings import parse_size, read


def test_each_source_wins_over_the_one_before(tmp_path: Path):
    (tmp_path / "settings.toml").write_text('port = 1111\nlang = "es"\nvram_limit = "4GiB"\n')
    merged = read({"data_dir": tmp_path, "port": 3333}, {"AURA_LANG": "en", "AURA_PORT": "2222"})
    assert (merged.port, merged.lang, merged.vram_limit) == (3333, "en", 4 * 2**30)


def test_an_option_that_was_not_given_hides_nothing(tmp_path: Path):
    assert read({"data_dir": tmp_path, "port": None}, {"AURA_PORT": "2222"}).port == 2222


def test_the_data_folder_itself_may_come_from_a_variable(tmp_path: Path):
    (tmp_path / "settings.toml").write_text("offline = true\n")
    merged = read({}, {"AURA_DATA_DIR": str(tmp_path)})
    assert merged.data_dir == tmp_path and merged.offline


def test_reading_makes_no_folder(tmp_path: Path):
    read({"data_dir": tmp_path / "not there"}, {})
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize(
    "options",
    [
        {"port": 70000},
        {"port": -1},
        {"lang": "fr"},
        {"vram_limit": "lots"},
        {"vram_limit": 0},
        {"password": ""},
        {"device": "tpu"},
        {"no_such_setting": 1},
        {"idle_release": float("inf")},
        {"idle_release": float("nan")},
        {"offline": "perhaps"},
        {"memory_limit": "viel"},
    ],
)
def test_what_cannot_be_used_is_bad_input_with_the_name_of_its_field(tmp_path, options):
    with pytest.raises(BadRequest) as refused:
        read({"data_dir": tmp_path, **options}, {})
    assert refused.value.facts["field"] == next(iter(options))
    assert i18n.has(refused.value.facts["problem"])


@given(
    idle_release=st.floats(min_value=0, allow_nan=False, allow_infinity=False),
    port=st.none() | st.integers(0, 65535),
    vram_limit=st.none() | st.integers(1, 2**50),
)
def test_settings_reach_the_engine_as_they_are(**options):
    sent = json.loads(settings.Settings(**options).model_dump_json())
    assert settings.Settings(**sent) == settings.Settings(**options)


@pytest.mark.parametrize("text", ["port = ", "= 3", "\x00", "port = 'x' 'y'"])
def test_a_settings_file_that_cannot_be_read_is_named(tmp_path: Path, text: str):
    (tmp_path / "settings.toml").write_text(text)
    with pytest.raises(BadRequest) as refused:
        read({"data_dir": tmp_path}, {})
    assert "settings.toml" in refused.value.facts["field"]


@pytest.mark.parametrize(
    "text, size",
    [
        ("4", 4 * 2**30),
        ("4GiB", 4 * 2**30),
        ("4 GB", 4 * 2**30),
        ("4g", 4 * 2**30),
        ("1.5G", 3 * 2**29),
        ("1,5 GB", 3 * 2**29),
        ("512M", 512 * 2**20),
        ("512 MiB", 512 * 2**20),
        ("1024B", 1024),
        ("2T", 2**41),
    ],
)
def test_sizes_are_read_as_people_write_them(text: str, size: int):
    assert parse_size(text) == size


@given(st.text(max_size=12))
def test_any_text_is_a_size_or_plainly_none(text: str):
    with suppress(ValueError):
        assert parse_size(text) >= 0


def test_relative_folders_become_absolute(tmp_path: Path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    merged = read({"data_dir": "here", "models_dirs": ["there"]}, {})
    assert merged.data_dir == tmp_path / "here"
    assert merged.models_dirs == (tmp_path / "there",)


def test_settings_cannot_be_changed_afterwards(tmp_path: Path):
    with pytest.raises(ValueError, match="frozen"):
        read({"data_dir": tmp_path}, {}).port = 1  # type: ignore[misc]


def test_the_app_folder_is_the_one_with_the_launcher():
    assert (settings.APP_DIR / "launch.sh").is_file()

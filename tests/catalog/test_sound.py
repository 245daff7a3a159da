"""What lies in the cache is read before it is first used, once, and again when it changed."""

from __future__ import annotations

import random
from pathlib import Path

import pytest

from aura.catalog import store
from aura.catalog.download import Download
from aura.catalog.progress import Meter
from aura.catalog.remote import Hub
from aura.catalog.sound import Sound
from aura.errors import Stopped
from tests.catalog.hub_server import HubServer

UNET = "unet/diffusion_pytorch_model.safetensors"


@pytest.fixture
def folder(server: HubServer, model) -> Path:
    return Download(model, Hub(), Meter(lambda _: None)).run()


@pytest.fixture
def sound(tmp_path: Path) -> Sound:
    return Sound(tmp_path / "sound.json")


def turn_a_bit(path: Path, at: int) -> None:
    data = bytearray(path.read_bytes())
    data[at] ^= 1
    path.resolve().write_bytes(data)


def test_whole_files_pass_and_are_read_only_once(folder, sound, monkeypatch):
    read: list[Path] = []

    def counted(path: Path, *rest: object) -> bool:
        read.append(path)
        return real(path, *rest)

    real = store.sound
    monkeypatch.setattr(store, "sound", counted)
    assert sound.damaged(folder) is None
    assert len(read) == len(list(folder.rglob("*.safetensors")))
    assert Sound(sound.path).damaged(folder) is None
    assert len(read) == len(list(folder.rglob("*.safetensors")))


def test_what_was_proven_when_it_came_is_not_read_again(server, model, sound):
    folder = Download(model, Hub(), Meter(lambda _: None), proven=sound.proven).run()
    assert sound.unread(folder) == ()


def test_a_bit_that_turned_on_the_disk_is_found_wherever_it_is(folder, sound):
    path, dice = folder / UNET, random.Random(5)
    size = path.stat().st_size
    for _ in range(8):
        at = dice.randrange(size)
        turn_a_bit(path, at)
        assert sound.damaged(folder) == path
        turn_a_bit(path, at)
    assert sound.damaged(folder) is None


def test_a_file_that_changed_after_it_was_proven_is_read_again(folder, sound):
    assert sound.damaged(folder) is None
    turn_a_bit(folder / UNET, 4000)
    assert sound.damaged(folder) == folder / UNET


def test_reading_can_be_stopped(folder, sound):
    def stop() -> None:
        raise Stopped

    with pytest.raises(Stopped):
        sound.damaged(folder, stop)


def test_a_folder_of_ones_own_has_no_hash_to_hold_against(tmp_path, sound):
    (tmp_path / "model.safetensors").write_bytes(b"anything")
    assert sound.damaged(tmp_path) is None


def test_where_nothing_can_be_kept_it_is_read_again(folder, tmp_path):
    blocked = tmp_path / "file"
    blocked.write_text("")
    sound = Sound(blocked / "sound.json")
    assert sound.damaged(folder) is None
    assert sound.damaged(folder) is None

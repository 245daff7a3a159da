"""What a script is given of many pictures when some of them came to nothing."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import pytest

from aura.errors import Stopped
from aura.ui import api
from tests.batches.making import prompts

LOST = {"code": "disk_full", "facts": {}}


def answered(pictures: list[Any], fault: Any, done: bool = False) -> list[Any]:
    ended = prompts("a", "b").model_copy(update={"done": done})
    batches = SimpleNamespace(
        submit=lambda owner, batch: batch,
        wait=lambda batch: ended,
        pictures=lambda batch: pictures,
        fault=lambda batch: fault,
    )
    studio: Any = SimpleNamespace(batches=batches, history=None)
    return api.many_drawn(studio, ended)


def test_what_was_drawn_comes_even_if_another_came_to_nothing() -> None:
    assert answered(["one"], LOST) == ["one"]


def test_where_all_came_to_nothing_it_is_said_what_for() -> None:
    with pytest.raises(api.Failed) as failed:
        answered([], LOST)
    assert failed.value.code == "disk_full"


def test_what_was_stopped_is_no_answer() -> None:
    with pytest.raises(Stopped):
        answered(["one"], None)
    assert answered(["one", "two"], None, done=True) == ["one", "two"]

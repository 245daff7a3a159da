"""What choosing a preset does to the panel, with and without a picture to start from."""

from __future__ import annotations

from pathlib import Path
from types import SimpleNamespace
from typing import Any

import gradio as gr
import pytest
from PIL import Image

from aura.catalog import Catalog
from aura.library import inputs
from aura.memory.device import GIB
from aura.memory.simulated import imagined
from aura.presets import OWN
from aura.settings import APP_DIR, Settings
from aura.ui.tabs.generate.adding import Adding
from aura.ui.tabs.generate.many import Many
from aura.ui.tabs.generate.panel import FIELDS
from aura.ui.tabs.generate.presets import Presets
from aura.ui.tabs.generate.sections.presets import SETS
from tests.ui import test_sections as sections

SKIPPED = gr.skip()


class Desk:
    """As much of the tab as the handlers ask for, on a machine with a processor alone."""

    def __init__(self, data: Path) -> None:
        told = SimpleNamespace(device=imagined(0, 32 * GIB))
        self.catalog = Catalog.read(Settings(app_dir=APP_DIR, data_dir=data))
        self.studio: Any = SimpleNamespace(
            catalog=self.catalog,
            styles=None,
            settings=Settings(app_dir=APP_DIR, data_dir=data),
            engine=SimpleNamespace(status=lambda: told),
            batches=None,
        )

    def model(self, id: str) -> Any:
        return self.catalog.get(id)

    def page(self, request: Any, owner: str) -> Any:
        return SimpleNamespace(lang="en")


@pytest.fixture
def desk(tmp_path: Path) -> Any:
    return Desk(tmp_path)


def held(desk: Any, size: tuple[int, int]) -> dict[str, Any]:
    path = str(inputs.keep(desk.studio.settings.data_dir, Image.new("RGB", size)))
    return {"picture": path, "mask": None, "original": path}


def values(**changes: Any) -> list[Any]:
    given = {**sections.EMPTY, **changes}
    return [given[name] for name in FIELDS]


def named(updates: list[Any]) -> dict[str, Any]:
    """The values that are filled in; what stays is ``SKIPPED``."""
    *fields, _, words = updates
    kept = [SKIPPED if one == SKIPPED else sections._value(one) for one in fields]
    return {**dict(zip(SETS, kept, strict=True)), "words": words}


def test_a_draft_is_drawn_small_but_never_of_a_picture_to_start_from(desk: Any) -> None:
    presets, request = Presets(desk), SimpleNamespace()
    asked: dict[str, Any] = {"preset": "low_memory", "refine": 0.0}
    draft = named(presets.fill(request, "", "sd15", *values(**asked)))
    assert (draft["width"], draft["larger"]) == (384, "512x512")
    asked |= {"ratio": "custom", "width": 640, "height": 424, "larger": "512x512"}
    begun = values(**asked, start=held(desk, (1500, 1000)))
    kept = named(presets.fill(request, "", "sd15", *begun))
    assert (kept["width"], kept["height"], kept["larger"]) == (SKIPPED, SKIPPED, "off")
    assert "enlarged" in draft["words"] and "enlarged" not in kept["words"]


def test_another_model_is_foretold_at_the_shape_it_will_draw_and_not_at_the_last_ones(
    desk: Any,
) -> None:
    presets, request = Presets(desk), SimpleNamespace()
    asked: dict[str, Any] = {"preset": "quality", "ratio": "custom", "width": 96, "height": 64}
    start = held(desk, (1500, 1000))
    fresh = {**asked, "width": 624, "height": 416}
    picked = presets.picked(request, "", "sd15", *values(**asked, start=start))
    told = presets.tell(request, "", "sd15", *values(**fresh, start=start))
    before = presets.tell(request, "", "sd15", *values(**asked, start=start))
    assert picked[-2] == told[0] != before[0], "the figures of the size that will be drawn"
    assert named(picked)["width"] == SKIPPED


@pytest.mark.parametrize("width", [None, 7, 76, 500, 9999])
def test_while_a_width_is_typed_the_presets_go_on_telling(desk: Any, width: Any) -> None:
    asked = values(ratio="custom", width=width, height=512, larger="1.5", refine=0.0)
    row, words = Presets(desk).own(SimpleNamespace(), "", "sd15", *asked)
    assert len(row["choices"]) > 4 and isinstance(words, str)


def test_a_lora_for_few_steps_makes_the_settings_ones_own() -> None:
    quick = sections.model("quick", "lora", defaults={"steps": 4, "guidance": 0.0})
    desk: Any = SimpleNamespace(studio=SimpleNamespace(catalog=Catalog((quick,), Path("/"))))
    *_, steps, guidance, _, preset = Adding(desk).add([], "quick")
    assert (steps, guidance, preset) == (4, 0.0, OWN)
    desk.studio.catalog = sections.CATALOG
    assert Adding(desk).add([], "ink")[-1] == SKIPPED


def test_a_grid_of_models_draws_each_at_its_own_size_and_not_the_draft_of_one(desk: Any) -> None:
    draft: dict[str, Any] = {"ratio": "custom", "width": 384, "height": 384, "larger": "512x512"}
    given = dict(zip(FIELDS, values(**draft, refine=0.0, preset="low_memory"), strict=True))
    asked = Many(desk)._asked("sd15", given, {"model"})
    assert (asked["ratio"], asked["width"], asked["larger"]) == ("1:1", None, None)
    own = Many(desk)._asked("sd15", given | {"preset": OWN}, {"model"})
    assert (own["width"], own["larger"].width) == (384, 512)

"""What the sections of the panel hold becomes a request, and comes back from one."""

from __future__ import annotations

import json
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image

from aura import settings
from aura.catalog.models import Catalog, Model
from aura.library import inputs
from aura.presets import CHOICES, OWN
from aura.requests import PIXELS_MAX
from aura.ui.tabs.generate import panel, reuse
from aura.ui.tabs.generate.adding import with_word
from aura.ui.tabs.generate.panel import FIELDS
from aura.ui.tabs.generate.sections import advanced, larger, loras, loras_view, repair, size, start

SHAPES = Catalog.read(settings.read({}, {})).get("aura-shapes")


def model(id: str, task: str, family: str = SHAPES.family, **more: Any) -> Model:
    good_for = {"en": "", "es": ""}
    fixed = {"licence": "own", "commercial": True, "good_for": good_for, "name": id.title()}
    return Model.model_validate({"id": id, "task": task, "family": family, **fixed, **more})


class Everything(Catalog):
    """A catalogue whose models are all on this computer."""

    def installed(self, model: Model) -> Path | None:
        return self.root


CATALOG = Everything(
    (
        SHAPES,
        model("ink", "lora", triggers=("ink wash", "paper")),
        model("flux-ink", "lora", family="flux"),
        model("sharp", "upscale"),
        model("finder", "detect"),
        model("clear", "vae"),
    ),
    Path("/nowhere"),
)
EMPTY: dict[str, Any] = {
    "prompt": "a star",
    "negative": "",
    "style": "",
    "ratio": "1:1",
    "width": 256,
    "height": 256,
    "count": 1,
    "steps": 20,
    "guidance": 2.5,
    "scheduler": "auto",
    "seed": None,
    "preset": "own",
    "precision": "auto",
    "placement": "auto",
    "decoder": "auto",
    "start": None,
    "strength": 0.6,
    "loras": [],
    "vae": "",
    "clip_skip": 0,
    "larger": "off",
    "upscaler": "lanczos",
    "refine": 0.3,
    "refine_steps": None,
    "refiner": "",
    "repair": False,
    "things": ["face"],
    "repair_strength": 0.4,
    "detector": "finder",
}


@pytest.fixture(scope="module")
def studio(tmp_path_factory: pytest.TempPathFactory) -> Any:
    data = tmp_path_factory.mktemp("data")
    return SimpleNamespace(catalog=CATALOG, settings=SimpleNamespace(data_dir=data))


def asked(studio: Any, **changes: Any) -> dict[str, Any]:
    values = EMPTY | changes
    return panel.keywords(studio, SHAPES, [values[name] for name in FIELDS])


def returned(studio: Any, kept: dict[str, Any]) -> dict[str, Any]:
    """The panel's values after a browser kept these settings as JSON."""
    known = reuse.valid(json.loads(json.dumps(kept)), studio.settings.data_dir)
    updates = panel.filled(studio, SHAPES, known)
    return {name: _value(update) for name, update in zip(FIELDS, updates, strict=True)}


def _value(update: Any) -> Any:
    return update.get("value") if isinstance(update, dict) and "__type__" in update else update


def picture(studio: Any, colour: str = "red") -> str:
    return str(inputs.keep(studio.settings.data_dir, Image.new("RGB", (40, 30), colour)))


def test_a_panel_that_was_left_alone_asks_for_no_more_than_words_and_a_size(studio: Any) -> None:
    wanted = asked(studio)
    assert not any(wanted[name] for name in ("start", "larger", "repair", "loras", "vae"))
    assert wanted["clip_skip"] == 0
    assert set(wanted["way"].model_dump().values()) == {"auto"}


@given(
    final=st.sampled_from(["off", *larger.FACTORS, *larger.BOXES, "900x600"]),
    refine=st.integers(0, 20),
    weights=st.lists(st.integers(-20, 40), max_size=1),
    skip=st.integers(0, 8),
    precision=st.sampled_from(advanced.ways("precision")),
    things=st.lists(st.sampled_from(["face", "hand", "a red hat"]), min_size=1, unique=True),
    ratio=st.sampled_from(["1:1", "16:9", "2:3"]),
    started=st.booleans(),
    preset=st.sampled_from([OWN, *CHOICES]),
)
def test_what_is_set_comes_back_after_a_visit(
    studio: Any,
    final: str,
    refine: int,
    weights: list[int],
    skip: int,
    precision: str,
    things: list[str],
    ratio: str,
    started: bool,
    preset: str,
) -> None:
    here = picture(studio)
    drawn = size.pixels(SHAPES, ratio, None, None)
    values = {
        "ratio": ratio,
        "larger": final if larger.target(final, drawn) else "off",
        "refine": refine / 20 if final != "off" else EMPTY["refine"],
        "loras": [{"id": "ink", "weight": weight / 20} for weight in weights],
        "clip_skip": skip,
        "precision": precision,
        "preset": preset,
        "repair": True,
        "things": things,
        "start": {"picture": here, "mask": None, "original": here} if started else None,
    }
    back = returned(studio, reuse.kept({"model": SHAPES.id, **asked(studio, **values)}))
    size_of = {
        name: larger.target(told["larger"], drawn)
        for name, told in (("set", values), ("back", back))
    }
    assert size_of["set"] == size_of["back"]
    for name in set(values) - {"larger"}:
        assert back[name] == values[name], name


def test_what_a_person_takes_from_another_picture_empties_what_that_had_not(studio: Any) -> None:
    back = returned(studio, {"prompt": "a circle"})
    assert (back["start"], back["loras"], back["larger"], back["repair"]) == (
        None,
        [],
        "off",
        False,
    )


@pytest.mark.parametrize("place", ["elsewhere", "gone"])
def test_a_page_can_name_no_file_but_those_that_were_kept_for_it(
    studio: Any, tmp_path: Path, place: str
) -> None:
    other = tmp_path / "secret.png"
    Image.new("RGB", (8, 8)).save(other)
    path = str(other) if place == "elsewhere" else picture(studio) + ".png"
    held = {"picture": path, "mask": None, "original": path}
    assert asked(studio, start=held)["start"] is None
    settings = {"start": {"pictures": [path], "strength": 0.5}}
    assert "start" not in reuse.valid(settings, studio.settings.data_dir)


@pytest.mark.parametrize("broken", [7, "x", [], {"strength": 9}, {"pictures": []}, [{"id": 1}]])
def test_broken_settings_of_a_browser_are_passed_over(studio: Any, broken: Any) -> None:
    assert returned(studio, dict.fromkeys(panel.PARTS, broken))["preset"] == OWN
    asked(studio, start=broken, loras=broken)


# --- LoRAs


def test_a_lora_of_another_family_is_left_out_and_says_so(studio: Any) -> None:
    held = [
        {"id": "ink", "weight": 0.5},
        {"id": "flux-ink", "weight": 1},
        {"id": "no", "weight": 1},
    ]
    assert [lora.id for lora in asked(studio, loras=held)["loras"]] == ["ink"]
    shown = loras_view.listing("en", CATALOG, SHAPES, loras.listed(held), True)
    assert f"Not made for {SHAPES.name}" in shown and "Not on this computer" in shown


def test_the_words_of_a_lora_can_be_pressed_and_stand_in_the_prompt_once(studio: Any) -> None:
    held = loras.listed([{"id": "ink", "weight": 1}])
    shown = loras_view.listing("en", CATALOG, SHAPES, held, True)
    assert 'data-word="ink wash"' in shown
    assert with_word("a star, ", "ink wash") == "a star, ink wash"
    assert with_word("a star, Ink Wash", "ink wash") == "a star, Ink Wash"
    assert with_word("", "ink wash") == "ink wash"


@pytest.mark.parametrize("lang", ["en", "es"])
def test_where_no_lora_is_installed_the_way_to_some_is_shown(lang: str) -> None:
    shown = loras_view.listing(lang, CATALOG, SHAPES, (), any_here=False)
    assert 'data-act="models"' in shown and SHAPES.name in shown


# --- larger


@pytest.mark.parametrize(
    ("final", "drawn", "size"),
    [
        ("2", (256, 256), (512, 512)),
        ("1.5", (328, 184), (492, 276)),
        ("1920x1080", (1344, 768), (1920, 1080)),
        ("1920x1080", (768, 1344), (1080, 1920)),
        ("1920x1080", (1024, 1024), (1080, 1080)),
        ("1920x1080", (1152, 896), (1389, 1080)),
        ("1920x1080", (2048, 1152), None),
        ("off", (256, 256), None),
        ("4", (8000, 4000), None),
        ("4", (2048, 2048), None),
        ("1.5", (40, 40), None),
    ],
)
def test_the_final_size_fills_the_screen_or_keeps_the_shape(
    final: str, drawn: tuple[int, int], size: tuple[int, int] | None
) -> None:
    assert larger.target(final, drawn) == size


@pytest.mark.parametrize("sides", [(7, 256), (40, 40), (76, 76), (4096, 4096), (None, 8)])
@pytest.mark.parametrize("final", ["1.5", "4", "3840x2160"])
def test_while_a_size_is_typed_the_larger_one_is_whole_or_none(
    studio: Any, sides: tuple[int, int], final: str
) -> None:
    wanted = asked(studio, ratio="custom", width=sides[0], height=sides[1], larger=final)
    found = wanted["larger"]
    assert found is None or found.width * found.height <= PIXELS_MAX


def test_the_line_under_the_size_says_what_happens() -> None:
    given = {"larger": "1920x1080", "refine": 0.3, "refiner": ""}
    said = larger.outcome("en", given, (1344, 768), {})
    assert "Drawn at 1344 × 768, enlarged to 1920 × 1080 and refined." in said
    assert "refined" not in larger.outcome("en", given | {"refine": 0}, (1344, 768), {})
    assert "by SDXL" in larger.outcome("en", given | {"refiner": "x"}, (1344, 768), {"x": "SDXL"})
    assert "tiles" in larger.outcome("en", given, (1344, 768), {}, "passes.wide.tiled")
    assert larger.outcome("en", given | {"larger": "off"}, (1344, 768), {}) == ""
    assert "as large already" in larger.outcome("en", given, (2048, 1152), {})


# --- titles


def test_a_closed_section_tells_what_is_set_in_it() -> None:
    held = start.Kept(picture="/p", original="/p")
    assert start.title("en", held, 0.6) == "Start from a picture (60 %)"
    assert start.title("es", None, 0.6) == "Partir de una imagen"
    assert loras.title("en", loras.listed([{"id": "a", "weight": 1}] * 2)) == "LoRAs (2)"
    assert larger.title("en", "2", (256, 128)) == "Larger picture (512 × 256)"
    assert repair.title("es", True, ["face", "gorro"]) == "Reparar caras y detalles (cara, gorro)"
    assert repair.title("en", False, ["face"]) == "Repair faces and details"

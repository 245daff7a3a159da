"""Settings written into pictures and read back, from Aura and from others."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from PIL import ExifTags, Image
from PIL.PngImagePlugin import PngInfo

from aura.catalog import Catalog
from aura.composer import compose
from aura.errors import BadImage, BadMetadata
from aura.library.metadata import parameters_text, read_record, read_settings
from aura.library.samplers import NAMES, scheduler_of
from aura.requests import SCHEDULERS, SEED_MAX, SIDE_MAX, SIDE_MIN, Larger, Lora, Start
from aura.settings import Settings
from aura.styles import BUILTIN, Styles
from tests.library.pictures import drawn, request, save

TEXTS = st.text(st.characters(exclude_categories=["Cs"]), max_size=120)
SIDES = st.integers(8, 40).map(lambda side: side * 8)
ASKED = st.fixed_dictionaries(
    {
        "prompt": TEXTS.filter(str.strip),
        "negative": TEXTS,
        "width": SIDES,
        "height": SIDES,
        "count": st.integers(1, 4),
        "steps": st.integers(1, 150),
        "guidance": st.floats(0, 30),
        "scheduler": st.sampled_from(SCHEDULERS),
        "seed": st.integers(0, SEED_MAX),
        "style": st.sampled_from([None, *(style.name for style in BUILTIN)]),
    }
)


@pytest.fixture(scope="module")
def catalog(tiny_pack: Path) -> Catalog:
    return Catalog.read(Settings(app_dir=tiny_pack, data_dir=tiny_pack, models_dirs=(tiny_pack,)))


def png(path: Path, **texts: str) -> Path:
    chunks = PngInfo()
    for name, text in texts.items():
        chunks.add_itxt(name, text)
    drawn().save(path, pnginfo=chunks)
    return path


def commented(path: Path, comment: Any, *, inside: bool = True) -> Path:
    exif = Image.Exif()
    place = exif.get_ifd(ExifTags.IFD.Exif) if inside else exif
    place[ExifTags.Base.UserComment] = comment
    drawn().save(path, exif=exif)
    return path


# --- Aura's own


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(asked=ASKED, data=st.data())
def test_what_was_saved_draws_exactly_the_same_again(catalog, tmp_path_factory, asked, data):
    from aura.errors import BadRequest

    styles = Styles(tmp_path_factory.getbasetemp() / "none.json")
    try:
        wanted = compose(catalog, styles, **asked)
    except BadRequest:  # a list of wildcards that is not there
        return
    index = data.draw(st.integers(0, wanted.count - 1))
    path = Path(save(tmp_path_factory.getbasetemp() / "again", wanted, index).path)
    again = compose(catalog, styles, **read_settings(path))
    assert read_record(path).request == wanted
    assert again.prompts == (wanted.prompts[index],)
    assert again.negatives == (wanted.negatives[index],)
    assert again.seed == (wanted.seed + index) % (SEED_MAX + 1)
    for field in ("model", "style", "width", "height", "steps", "guidance", "scheduler"):
        assert getattr(again, field) == getattr(wanted, field)


def test_a_picture_of_several_is_drawn_again_from_its_own_beginning(tmp_path):
    start = Start(pictures=("a", "b"), masks=("x", "y"))
    asked = request(prompts=("p", "p"), negatives=("", ""), start=start, seed=SEED_MAX)
    read = read_settings(Path(save(tmp_path, asked, 1).path))
    assert (read["seed"], read["start"].pictures, read["start"].masks) == (0, ("b",), ("y",))


def test_the_parameters_are_as_other_studios_write_them():
    asked = request(
        prompts=("x", "a red\ncircle"), negatives=("", "blur"), scheduler="dpmpp_2m_karras"
    )
    assert parameters_text(asked, 1).startswith(
        "a red\ncircle\nNegative prompt: blur\n"
        "Steps: 8, Sampler: DPM++ 2M, Schedule type: Karras, CFG scale: 4, Seed: 8, "
        "Size: 64x64, Model: aura-shapes, Version: Aura "
    )
    assert "Negative" not in parameters_text(asked, 0)


def test_the_second_pass_is_told_by_the_names_that_other_studios_know():
    larger = Larger(width=128, height=128, strength=0.35)
    assert (
        "Denoising strength: 0.35, Hires upscale: 2, Hires steps: 8, Hires upscaler: Lanczos, "
    ) in parameters_text(request(larger=larger), 0)
    only = larger.model_copy(update={"strength": 0.0, "upscaler": "realesrgan-x4plus"})
    told = parameters_text(request(larger=only), 0)
    assert "Hires upscaler: realesrgan-x4plus" in told and "Hires steps" not in told


@settings(max_examples=60, deadline=None)
@given(asked=ASKED)
def test_auras_own_parameters_are_understood_without_its_record(tmp_path_factory, asked):
    """As after a site that strips what it does not know."""
    wanted = request(
        width=asked["width"],
        height=asked["height"],
        steps=asked["steps"],
        scheduler=asked["scheduler"],
        seed=asked["seed"],
    )
    text = parameters_text(wanted, 0)
    read = read_settings(png(tmp_path_factory.getbasetemp() / "bare.png", parameters=text))
    for field in ("width", "height", "steps", "seed", "model", "scheduler", "guidance"):
        assert read[field] == getattr(wanted, field)


def test_loras_are_told_as_other_studios_tell_them_and_read_back(tmp_path):
    spoken = (Lora(id="my-lora-v1.5", weight=0.8), Lora(id="lcm-lora-sd15"))
    wanted = request(loras=spoken, clip_skip=1, vae="sdxl-vae-fp16")
    text = parameters_text(wanted, 0)
    assert "a red circle <lora:my-lora-v1.5:0.8> <lora:lcm-lora-sd15:1>" in text
    assert "Clip skip: 2" in text and "VAE: sdxl-vae-fp16" in text
    read = read_settings(png(tmp_path / "a.png", parameters=text))
    assert (read["prompt"], read["loras"], read["clip_skip"]) == ("a red circle", spoken, 1)


# --- others

A1111 = """portrait of a {fox}, __soft__ light, (masterpiece:1.2)
second line
Negative prompt: blurry, "bad"
more
Steps: 28, Sampler: DPM++ 2M Karras, CFG scale: 6.5, Seed: 1234567, Size: 512x768, \
Model hash: 1a2b, Model: dreamshaper_8, Lora hashes: "a: 1, b: 2", Version: v1.6.0"""

EXPECTED = {
    "prompt": r"portrait of a \{fox\}, \_\_soft\_\_ light, (masterpiece:1.2)" + "\nsecond line",
    "negative": 'blurry, "bad"\nmore',
    "steps": 28,
    "guidance": 6.5,
    "seed": 1234567,
    "width": 512,
    "height": 768,
    "model": "dreamshaper_8",
    "scheduler": "dpmpp_2m_karras",
}


def test_a1111_parameters_are_read_and_its_braces_stay_braces(tmp_path):
    assert read_settings(png(tmp_path / "a.png", parameters=A1111)) == EXPECTED


@pytest.mark.parametrize("ending", ["jpg", "webp"])
@pytest.mark.parametrize(
    "comment",
    [
        b"UNICODE\0" + A1111.encode("utf-16-be"),
        b"UNICODE\0" + A1111.encode("utf-16-le"),
        b"ASCII\0\0\0" + A1111.encode(),
        b"\0" * 8 + A1111.encode(),
    ],
    ids=["big", "little", "ascii", "undefined"],
)
def test_exif_comments_are_read_in_every_encoding(tmp_path, ending, comment):
    assert read_settings(commented(tmp_path / f"a.{ending}", comment)) == EXPECTED


def test_fooocus_json_is_read(tmp_path):
    said = {
        "prompt": "a lighthouse",
        "negative_prompt": "fog",
        "steps": 30,
        "guidance_scale": 4.0,
        "seed": "77",
        "resolution": "(1152, 896)",
        "base_model": "juggernautXL",
        "sampler": "dpmpp_2m_sde_gpu",
        "scheduler": "karras",
    }
    expected = {
        "prompt": "a lighthouse",
        "negative": "fog",
        "steps": 30,
        "guidance": 4.0,
        "seed": 77,
        "width": 1152,
        "height": 896,
        "model": "juggernautXL",
        "scheduler": "dpmpp_sde",
    }
    text = json.dumps(said)
    assert read_settings(png(tmp_path / "f.png", parameters=text)) == expected
    assert read_settings(commented(tmp_path / "f.jpg", text, inside=False)) == expected


@pytest.mark.parametrize("name", SCHEDULERS)
def test_every_scheduler_of_ours_comes_back_by_its_name(name):
    assert scheduler_of(NAMES[name][0]) == name


@pytest.mark.parametrize("name", ["", "Restart", "DPM adaptive", "🎲", "euler; DROP TABLE"])
def test_a_sampler_nobody_here_knows_becomes_automatic(name):
    assert scheduler_of(name) == "auto"


def test_a_schedule_we_do_not_have_becomes_automatic(tmp_path):
    text = "x\nSteps: 5, Sampler: Euler, Schedule type: Exponential"
    assert read_settings(png(tmp_path / "a.png", parameters=text))["scheduler"] == "auto"


# --- nothing, nonsense, and worse


def test_a_picture_without_settings_says_so_by_its_name(tmp_path):
    drawn().save(tmp_path / "holiday.jpg")
    with pytest.raises(BadMetadata) as refused:
        read_settings(tmp_path / "holiday.jpg")
    assert refused.value.facts == {"name": "holiday.jpg"}


def test_what_is_no_picture_is_a_bad_image(tmp_path):
    (tmp_path / "x.png").write_text("Steps: 4")
    with pytest.raises(BadImage):
        read_settings(tmp_path / "x.png")


@pytest.mark.parametrize(
    "changes", [{"version": []}, {"index": 9}, {"index": -1}, {"request": {}}, {"picture": {}}]
)
def test_a_record_that_does_not_fit_falls_back_to_the_parameters(tmp_path, changes):
    kept = read_record(Path(save(tmp_path).path)).model_dump(mode="json")
    path = png(tmp_path / "x.png", aura=json.dumps(kept | changes), parameters=A1111)
    with pytest.raises(BadMetadata):
        read_record(path)
    assert read_settings(path) == EXPECTED


def test_hostile_text_stays_text(tmp_path):
    text = "<img src=x onerror=alert(1)>\nNegative prompt: ${7*7} {{x}}\nSteps: 4, Model: ../../etc"
    read = read_settings(png(tmp_path / "a.png", parameters=text))
    assert read["prompt"] == "<img src=x onerror=alert(1)>"
    assert read["model"] == "../../etc"


LIMITS = {
    "steps": (1, 150),
    "guidance": (0, 30),
    "seed": (0, SEED_MAX),
    "width": (SIDE_MIN, SIDE_MAX),
    "height": (SIDE_MIN, SIDE_MAX),
}
VALUES = st.one_of(
    st.text(max_size=20),
    st.integers().map(str),
    st.floats().map(str),
    st.sampled_from(["9" * 5000, "-1", "nan", "inf", "512x", "99999x99999", "[" * 999]),
)


@settings(max_examples=150, deadline=None)
@given(
    st.dictionaries(st.sampled_from(["Steps", "CFG scale", "Seed", "Size", "Model"]), VALUES),
    st.booleans(),
)
def test_whatever_a_picture_claims_only_usable_settings_come_back(tmp_path_factory, said, fooocus):
    if fooocus:
        text = json.dumps({"prompt": "x", "resolution": said.pop("Size", ""), **said})
    else:
        text = "x\nSteps: 1, " + ", ".join(f"{name}: {value}" for name, value in said.items())
    try:
        read = read_settings(png(tmp_path_factory.getbasetemp() / "any.png", parameters=text))
    except BadMetadata:
        return
    for field, (least, most) in LIMITS.items():
        assert field not in read or least <= read[field] <= most


@settings(max_examples=150, deadline=None)
@given(st.text(st.characters(exclude_categories=["Cs"]), max_size=300))
def test_any_text_at_all_gives_settings_or_a_clear_error(tmp_path_factory, text):
    path = png(tmp_path_factory.getbasetemp() / "text.png", parameters=text, aura=text)
    try:
        assert isinstance(read_settings(path)["scheduler"], str)
    except BadMetadata as refused:
        assert refused.facts["name"] == "text.png"

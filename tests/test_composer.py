"""One edge: what a person typed becomes a whole request, or is refused in clear words."""

from __future__ import annotations

import math
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from aura import i18n
from aura.catalog import Catalog
from aura.composer import compose
from aura.errors import (
    AuraError,
    BadRequest,
    CannotInpaint,
    CannotStart,
    ModelDamaged,
    ModelMissing,
    UnknownModel,
)
from aura.requests import (
    COUNT_MAX,
    PROMPT_MAX,
    SCHEDULERS,
    SEED_MAX,
    GenerateRequest,
    Larger,
    Repair,
    Start,
)
from aura.settings import Settings
from aura.styles import Style, Styles


@pytest.fixture(scope="module")
def catalog(tiny_pack: Path, tmp_path_factory: pytest.TempPathFactory) -> Catalog:
    """Only the tiny model is here: what ships with Aura is looked for in an empty folder."""
    empty = tmp_path_factory.mktemp("app")
    return Catalog.read(Settings(app_dir=empty, data_dir=empty, models_dirs=(tiny_pack.parent,)))


@pytest.fixture(scope="module")
def styles(tmp_path_factory: pytest.TempPathFactory) -> Styles:
    kept = Styles(tmp_path_factory.mktemp("styles") / "styles.json")
    kept.save(Style(name="Ink", prompt="ink {thin|thick} {prompt}", negative="colour"))
    return kept


@pytest.fixture
def composed(catalog, styles):
    return lambda **asked: compose(catalog, styles, **({"prompt": "a red star"} | asked))


def test_a_prompt_alone_takes_the_models_defaults(composed, catalog):
    request = composed()
    model = catalog.get("tiny")
    assert request.model == "tiny"
    assert (request.steps, request.guidance) == (model.defaults.steps, model.defaults.guidance)
    assert (request.width, request.height) == (64, 64)
    assert request.prompts == ("a red star",)
    assert 0 <= request.seed <= SEED_MAX


def test_without_a_seed_each_request_gets_its_own(composed):
    assert len({composed().seed for _ in range(8)}) > 1
    assert len({composed(seed=-1).seed for _ in range(8)}) > 1


def test_each_picture_has_the_prompt_of_its_own_seed(composed):
    eight = composed(prompt="{red|blue|green|black} star", seed=SEED_MAX - 3, count=8)
    seeds = [(eight.seed + i) % (SEED_MAX + 1) for i in range(8)]
    alone = [composed(prompt="{red|blue|green|black} star", seed=s).prompts[0] for s in seeds]
    assert list(eight.prompts) == alone
    assert len(set(alone)) > 1
    assert eight.prompt == "{red|blue|green|black} star"


def test_a_style_is_put_around_the_prompt_and_its_wildcards_work(composed):
    request = composed(style="Ink", negative="blur", seed=1, count=8)
    assert set(request.prompts) == {"ink thin a red star", "ink thick a red star"}
    assert set(request.negatives) == {"blur, colour"}
    assert (request.style, request.prompt, request.negative) == ("Ink", "a red star", "blur")


def test_wildcard_lists_come_from_the_folder(composed, tmp_path):
    (tmp_path / "colours.txt").write_text("crimson\n")
    assert composed(prompt="a __colours__ star", wildcards=tmp_path).prompts == ("a crimson star",)


def test_a_ratio_becomes_a_size_at_the_models_area(composed):
    assert (composed(ratio="3:2").width, composed(ratio="3:2").height) == (96, 64)


def test_a_size_of_ones_own_is_taken_as_it_is(composed):
    request = composed(width=200, height=72.0)
    assert (request.width, request.height) == (200, 72)


@pytest.mark.parametrize(
    "asked, field",
    [
        ({"prompt": ""}, "prompt"),
        ({"prompt": " \n"}, "prompt"),
        ({"prompt": None}, "prompt"),
        ({"prompt": "x" * (PROMPT_MAX + 1)}, "prompt"),
        ({"prompt": "x" * PROMPT_MAX, "style": "Ink"}, "prompt"),
        ({"prompt": "\ud800"}, "prompt"),
        ({"negative": "x" * (PROMPT_MAX + 1)}, "negative"),
        ({"ratio": "5:4"}, "ratio"),
        ({"width": 64}, "size"),
        ({"width": 64, "height": 64, "ratio": "1:1"}, "size"),
        ({"width": 100, "height": 64}, "width"),
        ({"width": 64, "height": 56}, "height"),
        ({"width": 64, "height": 4104}, "height"),
        ({"width": math.nan, "height": 64}, "width"),
        ({"count": 0}, "count"),
        ({"count": COUNT_MAX + 1}, "count"),
        ({"count": 1.5}, "count"),
        ({"steps": 0}, "steps"),
        ({"steps": 151}, "steps"),
        ({"steps": "many"}, "steps"),
        ({"guidance": -0.1}, "guidance"),
        ({"guidance": math.inf}, "guidance"),
        ({"guidance": math.nan}, "guidance"),
        ({"scheduler": "magic"}, "scheduler"),
        ({"seed": SEED_MAX + 1}, "seed"),
        ({"seed": -2}, "seed"),
        ({"seed": True}, "seed"),
        ({"style": "Nope"}, "style"),
        ({"model": "blip-base"}, "model"),
        ({"count": 3, "start": Start(pictures=("a", "b"))}, "start"),
    ],
)
def test_what_is_out_of_bounds_is_refused_and_named(composed, asked, field):
    with pytest.raises(BadRequest) as refused:
        composed(**asked)
    assert refused.value.facts["field"] == field
    assert i18n.has(refused.value.facts["problem"])
    for lang in i18n.LANGUAGES:
        assert i18n.error_text(lang, refused.value.as_dict())


def test_a_model_that_is_not_here_is_refused_by_its_name(composed):
    with pytest.raises(ModelMissing) as refused:
        composed(model="aura-shapes")
    assert refused.value.facts["model"] == "Aura Shapes"


def test_a_model_nobody_knows_is_refused_with_those_that_are_known(composed):
    with pytest.raises(UnknownModel) as refused:
        composed(model="lighthouse-9000")
    assert "tiny" in refused.value.facts["known"]


def test_a_damaged_model_is_refused_before_anything_is_queued(catalog, styles, tiny_pack, tmp_path):
    import shutil

    folder = Path(shutil.copytree(tiny_pack, tmp_path / "models" / "broken"))
    weights = next((folder / "unet").glob("*.safetensors"))
    weights.write_bytes(weights.read_bytes()[:-1])
    found = Catalog.read(Settings(data_dir=tmp_path, models_dirs=(folder.parent,)))
    with pytest.raises(ModelDamaged) as refused:
        compose(found, styles, prompt="a star", model="broken")
    assert refused.value.facts["path"] == str(weights)


SCALARS = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(-(2**40), 2**40),
    st.floats(),
    st.text(max_size=20),
    st.sampled_from(SCHEDULERS),
)
FIELDS = ("prompt", "negative", "ratio", "width", "height", "count", "steps", "guidance")


@given(asked=st.dictionaries(st.sampled_from([*FIELDS, "scheduler", "seed", "style"]), SCALARS))
def test_whatever_comes_in_is_a_valid_request_or_an_error_of_ours(catalog, styles, asked):
    try:
        request = compose(catalog, styles, **({"prompt": "a star"} | asked))
    except AuraError:
        return
    assert GenerateRequest(**request.model_dump()) == request


@pytest.mark.parametrize("steps", [None, 7])
def test_another_model_refines_in_its_own_steps_unless_some_are_named(tiny_pack, styles, steps):
    catalog = Catalog.read(Settings(models_dirs=(tiny_pack.parent,)))
    other = catalog.get("aura-shapes")
    larger = Larger(width=128, height=128, model=other.id, steps=steps)
    asked = {"prompt": "a red star", "model": "tiny", "steps": 3}
    request = compose(catalog, styles, **asked, larger=larger)
    assert request.redrawn_steps == request.larger.steps == (steps or other.defaults.steps)
    same = compose(catalog, styles, **asked, larger=Larger(width=128, height=128))
    assert same.redrawn_steps == 3


@pytest.fixture
def of_published(catalog, styles, monkeypatch):
    """``composed`` for the published models, as if they were all here."""
    monkeypatch.setattr(Catalog, "require", lambda self, model: None)
    return lambda **asked: compose(catalog, styles, prompt="a red star", **asked)


@pytest.mark.parametrize(
    ("model", "asked", "error"),
    [
        ("flux2-klein-4b", {"start": Start(pictures=("a",))}, CannotStart),
        ("sana-sprint-0.6b", {"start": Start(pictures=("a",), masks=("b",))}, CannotInpaint),
        ("sana-sprint-0.6b", {"repair": Repair()}, CannotInpaint),
    ],
)
def test_what_a_model_cannot_draw_over_is_refused_before_it_is_queued(
    of_published, model, asked, error
):
    with pytest.raises(error):
        of_published(model=model, **asked)
    of_published(model="sd15", **asked)


def test_a_larger_picture_of_a_model_that_cannot_refine_is_only_enlarged(of_published):
    larger, name = Larger(width=2048, height=2048), "flux2-klein-4b"
    assert of_published(model=name, larger=larger).larger.strength == 0
    refined = of_published(model=name, larger=larger.model_copy(update={"model": "sdxl"}))
    assert refined.larger.strength == larger.strength

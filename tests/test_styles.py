"""Styles: words around a prompt, the built-in ones and a person's own."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from aura import i18n
from aura.errors import BadRequest, DiskFull, FolderUnwritable
from aura.styles import BUILTIN, PLACE, Style, Styles


@pytest.fixture
def styles(tmp_path) -> Styles:
    return Styles(tmp_path / "styles.json")


NOIR = Style(name="Noir", prompt="{prompt}, noir, rain", negative="sunny")


def test_a_saved_style_is_there_for_the_next_start(styles):
    styles.save(NOIR)
    assert Styles(styles.path).get("Noir") == NOIR
    assert Styles(styles.path).all()[0] == NOIR


def test_saving_again_replaces(styles):
    styles.save(NOIR)
    styles.save(NOIR.model_copy(update={"prompt": "{prompt} in fog"}))
    assert [style.prompt for style in styles.all() if style.name == "Noir"] == ["{prompt} in fog"]


def test_a_deleted_style_is_gone_and_others_stay(styles):
    styles.save(NOIR)
    styles.save(Style(name="Día soleado", prompt="{prompt}, sol"))
    styles.delete("Noir")
    assert [style.name for style in styles.all() if not style.label] == ["Día soleado"]


@pytest.mark.parametrize("name", ["", "   ", "x" * 61, "two\nlines", BUILTIN[0].name])
def test_a_style_needs_a_name_of_its_own(styles, name):
    with pytest.raises(BadRequest):
        styles.save(NOIR.model_copy(update={"name": name}))


@pytest.mark.parametrize("prompt", ["", " ", "x" * 4001])
def test_a_style_needs_words(styles, prompt):
    with pytest.raises(BadRequest):
        styles.save(NOIR.model_copy(update={"prompt": prompt}))


def test_a_built_in_style_cannot_be_deleted(styles):
    with pytest.raises(BadRequest):
        styles.delete(BUILTIN[0].name)


def test_an_unknown_style_is_refused(styles):
    with pytest.raises(BadRequest):
        styles.get("Nope")


def test_a_file_that_cannot_be_read_is_put_aside_and_not_lost(styles):
    styles.path.write_text("{ my styles, half-edited")
    assert styles.all() == BUILTIN
    styles.save(NOIR)
    assert styles.get("Noir") == NOIR
    aside = styles.path.with_suffix(".damaged.json")
    assert aside.read_text() == "{ my styles, half-edited"


@pytest.mark.parametrize("text", ['[{"name": 1}, 5, null]', '{"a": 1}', "[" * 5000])
def test_nonsense_in_the_file_is_passed_over(styles, text):
    styles.path.write_text(text)
    assert styles.all() == BUILTIN


def test_a_folder_that_cannot_be_made_is_a_clear_error(tmp_path):
    (tmp_path / "file").write_text("")
    with pytest.raises((FolderUnwritable, DiskFull)):
        Styles(tmp_path / "file" / "styles.json").save(NOIR)


@given(st.text(max_size=80), st.text(max_size=80))
def test_the_prompt_stands_in_every_built_in_style_as_typed(prompt, negative):
    for style in BUILTIN:
        styled, avoided = style.applied(prompt, negative)
        assert prompt.strip().strip(",").strip() in styled
        assert style.negative in avoided


def test_a_style_without_a_place_goes_behind_the_prompt():
    assert Style(name="x", prompt="oil painting").applied("a cat", "")[0] == "a cat, oil painting"


def test_every_built_in_style_has_a_name_in_both_languages():
    for style in BUILTIN:
        assert PLACE in style.prompt
        for lang in i18n.LANGUAGES:
            assert i18n.text(lang, style.label)
    assert len({style.label for style in BUILTIN}) == len(BUILTIN)

"""Every text exists in both languages, with the same blanks, under its area's name."""

from __future__ import annotations

import ast
import json
import re
import string
from pathlib import Path

import pytest

from aura import i18n

ROOT = Path(__file__).resolve().parent.parent
AREAS = sorted({path.stem for path in i18n.FOLDER.glob("*/*.json")})
AREA_OF = {"errors": "error"}  # errors.json holds error.*
SAME = re.compile(r"^[\W\d_]*$|^\S{1,3}$")  # signs, numbers and units are the same everywhere

# Names are not translated, nor are words that both languages share. Everything else that is
# equal was left untranslated.
NAMES = ("generate.scheduler.",)
SHARED = {"Python", "Aura", "Error", "Macro", "Anime", "Pixel", "art", "Low", "poly", "Temp."}
SHARED |= {"Ukiyo-e", "Full", "bits"}
SHARED |= {"(fp32)", "(bf16)", "(fp16)", "(fp8)", "(int8)", "(NF4)"}  # formats of numbers


def read(lang: str, area: str) -> dict[str, str]:
    return json.loads((i18n.FOLDER / lang / f"{area}.json").read_text(encoding="utf-8"))


def blanks(words: str) -> set[str]:
    return {name for _, name, _, _ in string.Formatter().parse(words) if name}


@pytest.mark.parametrize("area", AREAS)
def test_both_languages_have_the_same_keys(area: str):
    assert read("en", area).keys() == read("es", area).keys()


@pytest.mark.parametrize("area", AREAS)
def test_keys_begin_with_their_area(area: str):
    prefix = AREA_OF.get(area, area) + "."
    assert not [key for key in read("en", area) if not key.startswith(prefix)]


@pytest.mark.parametrize("area", AREAS)
def test_both_languages_have_the_same_blanks(area: str):
    english, spanish = read("en", area), read("es", area)
    assert not [key for key in english if blanks(english[key]) != blanks(spanish[key])]


@pytest.mark.parametrize("area", AREAS)
def test_nothing_was_left_untranslated(area: str):
    english, spanish = read("en", area), read("es", area)
    same = {key for key, words in english.items() if words == spanish[key] and longer(words)}
    assert not {key for key in same if not key.startswith(NAMES)}


def longer(words: str) -> bool:
    """Whether there is anything to translate."""
    plain = re.sub(r"\{[^}]*\}|<[^>]*>", "", words)
    return any(not SAME.match(word) and word not in SHARED for word in plain.split())


@pytest.mark.parametrize("path", sorted(i18n.FOLDER.glob("*/*.json")), ids=lambda path: path.stem)
def test_no_key_is_in_a_file_twice(path: Path):
    pairs = json.loads(path.read_text(encoding="utf-8"), object_pairs_hook=list)
    assert len(pairs) == len(dict(pairs))


def test_no_key_is_in_two_files():
    keys = [key for area in AREAS for key in read("en", area)]
    assert len(keys) == len(set(keys))


def test_every_key_that_the_code_names_exists():
    """Keys written out in full, wherever ``text`` or ``say`` is called with one."""
    missing = []
    for path in [ROOT / "app.py", *ROOT.glob("aura/**/*.py"), *ROOT.glob("tools/*.py")]:
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.Call) and name(node.func) in ("text", "say"):
                keys = [a.value for a in node.args if isinstance(a, ast.Constant)]
                missing += [
                    (path.name, key)
                    for key in keys
                    if isinstance(key, str) and re.fullmatch(r"[a-z]+(\.[a-z_]+)+", key)
                    if not i18n.has(key)
                ]
    assert not missing


def name(function: ast.expr) -> str:
    return getattr(function, "attr", getattr(function, "id", ""))


@pytest.mark.parametrize(
    "lang, count, words",
    [
        ("en", 0, "0 B"),
        ("en", 1023, "1023 B"),
        ("en", 2048, "2 KB"),
        ("en", 5 * 2**20, "5 MB"),
        ("en", 1.94 * 2**30, "1.9 GB"),
        ("es", 1.94 * 2**30, "1,9 GB"),
    ],
)
def test_sizes_read_as_a_person_says_them(lang: str, count: float, words: str):
    assert i18n.size(lang, count) == words


def test_an_error_nobody_has_words_for_still_gets_some():
    for lang in i18n.LANGUAGES:
        assert i18n.error_text(lang, {"code": "never heard of", "facts": {}})


@pytest.mark.parametrize("named", ["plan.fits", "status.idle", "error.fault.what"])
def test_what_a_person_typed_is_never_taken_for_a_text(named: str):
    error = {"code": "unknown_model", "facts": {"model": named, "known": "a, b"}}
    assert all(named in i18n.error_text(lang, error) for lang in i18n.LANGUAGES)


def test_an_error_names_a_field_as_the_page_does():
    error = {"code": "bad_request", "facts": {"field": "steps", "problem": "error.problem.steps"}}
    said = i18n.error_text("es", error)
    assert "«pasos»" in said and "steps" not in said

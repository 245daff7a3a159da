"""Every error says in both languages what happened, what was kept and what to do."""

from __future__ import annotations

import re

import pytest

from aura import errors, i18n, requests
from aura.errors import AuraError


def every(kind: type[AuraError]) -> list[type[AuraError]]:
    return [kind, *(deep for below in kind.__subclasses__() for deep in every(below))]


KINDS = [kind for kind in every(AuraError) if kind is not errors.Retold]
FACTS = {
    "field": "steps",
    "problem": "error.problem.steps",
    "name": "a.png",
    "model": "SDXL",
    "known": "a, b",
    "path": "/tmp/x",
    "need_bytes": 5 * 2**30,
    "budget_bytes": 2**30,
    "free_bytes": 2**20,
    "change": "plan.change.smaller_picture",
    "tried": "resident, cpu",
    "fault": "ValueError: x",
    "log": "/tmp/log",
    "url": "http://127.0.0.1:7860",
    "licence": "MIT",
    "status": 429,
    "kind": "SD 1.5",
    "package": "spandrel",
}


@pytest.mark.parametrize("lang", i18n.LANGUAGES)
@pytest.mark.parametrize("kind", KINDS, ids=lambda kind: kind.code)
def test_every_error_has_its_three_sentences(kind, lang):
    keys = [f"error.{kind.code}.{part}" for part in ("what", "kept", "do")]
    assert all(key in i18n.texts(lang) for key in keys)
    said = i18n.error_text(lang, kind(**FACTS).as_dict())
    assert said and "{" not in said and "error." not in said


@pytest.mark.parametrize("kind", KINDS, ids=lambda kind: kind.code)
def test_an_error_asks_only_for_the_facts_its_kind_promises(kind):
    told = (kind.__doc__ or "") if kind is not AuraError else ""
    promised = set(re.findall(r"``(\w+)``", told))
    for lang in i18n.LANGUAGES:
        for part in ("what", "kept", "do"):
            asked = set(re.findall(r"{(\w+)}", i18n.texts(lang)[f"error.{kind.code}.{part}"]))
            assert asked <= promised


def test_codes_are_unique():
    assert len({kind.code for kind in KINDS}) == len(KINDS)


def test_an_unknown_code_still_says_something_kind():
    said = i18n.error_text("es", {"code": "from_the_future", "facts": {"a": 1}})
    assert said == i18n.error_text("es", errors.AuraError().as_dict())


@pytest.mark.parametrize("lang", i18n.LANGUAGES)
@pytest.mark.parametrize(
    "field, bounds",
    [
        ("prompt", (1, requests.PROMPT_MAX)),
        ("negative", (requests.PROMPT_MAX,)),
        ("width", (requests.SIDE_MIN, requests.SIDE_MAX)),
        ("height", (requests.SIDE_MIN, requests.SIDE_MAX)),
        ("count", (1, requests.COUNT_MAX)),
        ("seed", (0, requests.SEED_MAX)),
        ("scheduler", requests.SCHEDULERS),
    ],
)
def test_a_refused_field_is_told_its_true_bounds(lang, field, bounds):
    said = i18n.text(lang, f"error.problem.{field}")
    assert all(re.search(rf"(?<!\w){bound}(?!\w)", said) for bound in bounds)

"""SigLIP on a tiny random model in the published layout."""

from __future__ import annotations

import numpy as np
import pytest

from aura.families.siglip import Siglip
from aura.requests import EmbedRequest
from tests.families.plans import plan
from tests.families.published import catalogue, pictures, vectors

TEXTS = ("a red circle", "the sea", "A Red Circle", "x" * 400)


@pytest.fixture(scope="module")
def loaded(tiny_models):
    return Siglip().load(catalogue()["siglip-so400m"], tiny_models / "siglip-so400m", plan())


def embedded(loaded, **asked):
    return vectors(Siglip(), loaded, EmbedRequest(model="siglip-so400m", **asked))


def test_texts_and_pictures_become_vectors_of_one_space(loaded, tmp_path):
    texts = embedded(loaded, texts=TEXTS)
    seen = embedded(loaded, pictures=pictures(tmp_path, 3))
    assert sorted(texts) == [0, 1, 2, 3] and sorted(seen) == [0, 1, 2]
    for vector in (*texts.values(), *seen.values()):
        assert vector.shape == (32,) and vector.dtype == np.float32
        assert np.linalg.norm(vector) == pytest.approx(1, abs=1e-5)


def test_a_vector_does_not_depend_on_its_batch(loaded, tmp_path):
    paths = pictures(tmp_path, 3)
    for asked in ({"texts": TEXTS}, {"pictures": paths}):
        alone, together = embedded(loaded, batch=1, **asked), embedded(loaded, batch=3, **asked)
        assert sorted(alone) == sorted(together)
        assert all(float(alone[i] @ together[i]) > 0.99999 for i in alone)


def test_different_things_have_different_vectors_and_letter_case_is_none(loaded, tmp_path):
    texts = embedded(loaded, texts=TEXTS)
    assert float(texts[0] @ texts[1]) < 0.9999 and np.array_equal(texts[0], texts[2])
    seen = embedded(loaded, pictures=pictures(tmp_path, 2))
    assert float(seen[0] @ seen[1]) < 0.9999

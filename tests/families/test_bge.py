"""BGE-M3 on a tiny random model in the published layout."""

from __future__ import annotations

import numpy as np
import pytest

from aura.families.bge import Bge
from aura.requests import EmbedRequest
from tests.families.plans import plan
from tests.families.published import catalogue, vectors

TEXTS = ("short", "a much longer text, of many more words than the first", "El mar", "short")


@pytest.fixture(scope="module")
def loaded(tiny_models):
    return Bge().load(catalogue()["bge-m3"], tiny_models / "bge-m3", plan())


def embedded(loaded, **asked):
    return vectors(Bge(), loaded, EmbedRequest(model="bge-m3", texts=TEXTS, **asked))


def test_texts_become_vectors_of_length_one(loaded):
    found = embedded(loaded)
    assert sorted(found) == [0, 1, 2, 3]
    for vector in found.values():
        assert vector.shape == (32,) and vector.dtype == np.float32
        assert np.linalg.norm(vector) == pytest.approx(1, abs=1e-5)
    assert float(found[0] @ found[3]) > 0.99999 > float(found[0] @ found[1])


def test_a_vector_does_not_depend_on_its_batch(loaded):
    alone, together = embedded(loaded, batch=1), embedded(loaded, batch=4)
    assert all(float(alone[i] @ together[i]) > 0.99999 for i in range(4))


def test_only_as_much_of_a_text_is_read_as_was_asked(loaded):
    whole, start = embedded(loaded), embedded(loaded, tokens=4)
    assert float(whole[1] @ start[1]) < 0.9999

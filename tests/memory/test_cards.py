"""A card is found however a person writes it, and never guessed."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from aura.errors import CardHasSizes, InputError, UnknownCard
from aura.memory.cards import LARGEST, NO_CARD, SMALLEST, cards, find
from aura.memory.cuda import Nvml
from aura.memory.device import GIB, budget
from aura.memory.glance import glance
from aura.settings import Settings

NAMED = st.sampled_from(sorted(cards()))
WRITTEN = st.sampled_from(
    [str.lower, str.upper, lambda n: n.replace(" ", ""), lambda n: f"NVIDIA GeForce {n} GPU"]
)
JOINED = st.sampled_from(["{} {}GB", "{} ({} GB)", "{}, {} gb", "{} {}GiB", "{} {}"])


@pytest.mark.parametrize(
    "words, name, gigabytes",
    [
        ("RTX 3050 4GB", "RTX 3050", 4),
        ("4090", "RTX 4090", 24),
        ("1060 3", "GTX 1060", 3),
        ("rtx3050ti", "RTX 3050 Ti Laptop", 4),
        ("RTX 3060 mobile", "RTX 3060 Laptop", 6),
        ("RTX 3060 6 GB", "RTX 3060 Laptop", 6),
        ("GeForce RTX 4070 Ti SUPER", "RTX 4070 Ti Super", 16),
        ("6 GB", "", 6),
        ("6", "", 6),
        ("5,5 GB", "", 5.5),
        ("6144 MB", "", 6),
    ],
)
def test_a_card_is_found_by_what_people_call_it(words: str, name: str, gigabytes: float) -> None:
    card = find(words)
    assert (card.name, card.size) == (name, gigabytes * GIB)


@pytest.mark.parametrize("words", ["none", "cpu", " None ", "0"])
def test_no_card_can_be_asked_for(words: str) -> None:
    assert find(words) == NO_CARD
    assert find(words).beside(16 * GIB).kind == "cpu"


def test_a_name_with_several_sizes_is_not_guessed_but_asked_back_with_all_of_them() -> None:
    with pytest.raises(CardHasSizes) as refused:
        find("RTX 3050")
    assert refused.value.facts == {"name": "RTX 3050", "known": "4 GB, 6 GB, 8 GB"}


def test_a_size_that_a_card_never_had_is_refused() -> None:
    with pytest.raises(CardHasSizes):
        find("RTX 3050 5GB")


@pytest.mark.parametrize("words", ["", "Radeon 6800", "9999", "0.2 GB", "-4", "RTX", "4 TB"])
def test_what_is_no_card_is_refused_with_names_that_are(words: str) -> None:
    with pytest.raises(UnknownCard) as refused:
        find(words)
    assert refused.value.facts["known"]


def test_a_slip_of_the_pen_is_told_what_may_have_been_meant() -> None:
    with pytest.raises(UnknownCard) as refused:
        find("RTX 3061")
    assert "RTX 3060" in refused.value.facts["known"]


@given(name=NAMED, written=WRITTEN, joined=JOINED, data=st.data())
def test_every_card_is_found_in_every_spelling_with_each_size_it_had(
    name, written, joined, data
) -> None:
    sizes, capability = cards()[name]
    size = data.draw(st.sampled_from(sizes))
    card = find(joined.format(written(name), size // GIB))
    assert (card.name, card.size, card.capability) == (name, size, capability)


@given(name=NAMED)
def test_a_name_alone_is_enough_where_there_is_one_size(name) -> None:
    sizes = cards()[name][0]
    if len(sizes) == 1:
        assert find(name).size == sizes[0]
    else:
        with pytest.raises(CardHasSizes):
            find(name)


@given(words=st.text(max_size=30))
def test_whatever_is_typed_ends_in_a_card_or_in_an_error_for_people(words) -> None:
    try:
        card = find(words)
    except InputError:
        return
    assert card.size == 0 or SMALLEST <= card.size <= LARGEST


@given(name=NAMED, ram=st.integers(4, 256))
def test_a_machine_with_a_card_computes_in_what_that_card_is_good_at(name, ram) -> None:
    sizes, capability = cards()[name]
    snapshot = find(f"{name} {sizes[0] // GIB}GB").beside(ram * GIB)
    assert (snapshot.total, snapshot.host_total) == (sizes[0], ram * GIB)
    assert 0 < budget(snapshot) < snapshot.total
    assert ("bf16" in snapshot.dtypes) == (capability >= (8, 0))
    assert (snapshot.dtypes[0] == "fp32") == ("GTX 16" in name)


class Driver(Nvml):
    """A driver that answers for a GTX 1060 of 6 GB with one gigabyte in use."""

    def __init__(self) -> None:
        """Nothing is opened."""

    def card(self):
        return "NVIDIA GeForce GTX 1060 6GB", (6, 1), 6 * GIB, 5 * GIB


def test_a_glance_without_a_driver_sees_the_processor(monkeypatch) -> None:
    monkeypatch.setattr("aura.memory.glance._torch_has_cuda", lambda: True)
    assert glance(Settings(), lambda: None).kind == "cpu"
    assert glance(Settings(device="cpu"), Driver).kind == "cpu"


def test_a_glance_sees_the_card_and_keeps_its_limit(monkeypatch) -> None:
    monkeypatch.setattr("aura.memory.glance._torch_has_cuda", lambda: True)
    seen = glance(Settings(vram_limit=4 * GIB), Driver)
    assert (seen.kind, seen.total, seen.limit) == ("cuda", 6 * GIB, 4 * GIB)
    assert seen.free < 5 * GIB, "the engine's own context will take some of it"
    assert seen.dtypes == ("fp16", "fp32")
    assert budget(seen) < 4 * GIB


def test_a_card_that_this_build_of_torch_cannot_use_is_not_planned_with(monkeypatch) -> None:
    monkeypatch.setattr("aura.memory.glance._torch_has_cuda", lambda: False)
    assert glance(Settings(), Driver).kind == "cpu"

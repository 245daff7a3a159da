"""How a model hears a prompt: what of it is a weight, what is a word it was taught, what it
cannot take."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any

import torch

from aura.catalog.additions import Addition, mention
from aura.families import weighting
from aura.families.base import Noticed
from aura.families.inversions import Clip, understood
from aura.families.prompts import fits, weighing_works
from aura.families.weighting import Fragments, plain, weighted
from aura.requests import GenerateRequest

if TYPE_CHECKING:
    from aura.families.loaded import Loaded
    from aura.families.pipeline import Diffusion

Heard = Mapping[str, torch.Tensor]


def texts_of(family: Diffusion, request: GenerateRequest, index: int) -> list[str]:
    """The prompts of one picture that play a part."""
    negatives = [request.negatives[index]] if family.guided(request) else []
    return [request.prompts[index], *negatives]


def heard(
    family: Diffusion,
    loaded: Loaded,
    request: GenerateRequest,
    index: int,
    found: Sequence[Addition],
) -> Heard:
    """What the pipeline's call takes for the prompts of one picture.

    ``found`` are the textual inversions that may be named in them.
    """
    pipe, texts = loaded.pipe, texts_of(family, request, index)
    clips = clips_of(family, pipe)
    with understood(clips, found, texts, loaded.name) as written:
        told, *denied = (fragments(family, written(text)) for text in texts)
        against = denied[0] if denied else None
        if clips and weighing_works() and _needs_weighing(clips, [told, *denied], request):
            return family.weigh(pipe, told, against, request.clip_skip)
        return family.encode(pipe, plain(told), None if against is None else plain(against))


def fragments(family: Diffusion, text: str) -> Fragments:
    """Brackets are weights to CLIP; to a model that reads sentences they are brackets, but
    for numbers in them."""
    meant = family.clips or weighting.spelt_out(text)
    return weighting.parse(text) if meant else ((text, 1.0),)


def clips_of(family: Diffusion, pipe: Any) -> list[Clip]:
    return [(getattr(pipe, words), getattr(pipe, encoder)) for words, encoder in family.clips]


def notices(
    family: Diffusion,
    pipe: Any,
    request: GenerateRequest,
    index: int,
    found: Sequence[Addition],
) -> Iterator[Noticed]:
    """What of the prompts is not taken as it stands, and the words that were understood."""
    texts = texts_of(family, request, index)
    names = [a.model.name for a in found if any(mention(a.model.name).search(t) for t in texts)]
    if names:
        yield Noticed("families.embeddings_used", {"names": ", ".join(names)})
    weighs = bool(family.clips) and weighing_works()
    said = [fragments(family, text) for text in texts]
    if not weighs and any(weighted(one) for one in said):
        yield Noticed("families.weights_ignored", {})
    if not weighs and request.clip_skip:
        yield Noticed("families.clip_skip_ignored", {})
    words, most = family.reader(pipe)
    read = words(plain(said[0]), truncation=False, verbose=False).input_ids
    if not weighs and len(read) > most:
        kept = words.decode(read[: most - 1], skip_special_tokens=True)
        yield Noticed("families.prompt_shortened", {"kept": kept[-60:]})


def _needs_weighing(
    clips: Sequence[Clip], said: Sequence[Fragments], request: GenerateRequest
) -> bool:
    """A short prompt without weights is read exactly as the model was published."""
    return bool(request.clip_skip) or any(
        weighted(one) or not fits(clips, plain(one)) for one in said
    )

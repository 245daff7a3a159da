"""OWLv2: where the things that are named are in a picture."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import torch
from PIL import Image
from transformers import CLIPTokenizer, Owlv2ForObjectDetection, Owlv2ImageProcessorPil

from aura.families.base import Box, Found, Happening, StageBegun
from aura.families.boxes import suppressed
from aura.families.pretrained import Loaded, Pretrained
from aura.library.images import open_image
from aura.memory.plan import Plan
from aura.requests import DetectRequest

ASKED = "a photo of a {}"  # as the model was trained to be asked
GREY = (128, 128, 128)  # what makes a picture square for it
MOST = 100  # boxes of one picture


class Owl(Pretrained):
    """The family; see ``base.Family`` for what each method promises."""

    name = "owl"
    network = Owlv2ForObjectDetection
    inputs = {"words": CLIPTokenizer, "pictures": Owlv2ImageProcessorPil}
    uses = {
        "encoding": ("owlv2.text_model", "owlv2.text_projection"),
        "detecting": ("owlv2.vision_model", "layer_norm", "class_head", "box_head"),
    }

    @torch.no_grad()
    def run(
        self, loaded: Loaded, request: DetectRequest, plan: Plan, first: int = 0
    ) -> Iterator[Happening]:
        things = named(request.things)
        try:
            yield StageBegun("encoding", first)
            loaded.placement.enter("encoding")
            words = _read(loaded, things)
            loaded.placement.enter("detecting")
            for index in range(first, request.count):
                yield StageBegun("detecting", index)
                path = Path(request.pictures[index])
                image = open_image(path, path.name).convert("RGB")
                boxes = _found(loaded, image, words, things, request.threshold)
                yield Found(suppressed(boxes, MOST), index)
        finally:
            loaded.placement.leave()


def named(things: str) -> tuple[str, ...]:
    """Each name once, without the commas between them."""
    return tuple(dict.fromkeys(thing.strip() for thing in things.split(",") if thing.strip()))


def _read(loaded: Loaded, things: tuple[str, ...]) -> torch.Tensor:
    """things × width."""
    length = loaded.net.config.text_config.max_position_embeddings
    asked = tuple(ASKED.format(thing) for thing in things)
    words = loaded.words(asked, padding="max_length", max_length=length)
    return loaded.net.owlv2.get_text_features(**words).pooler_output


def _found(
    loaded: Loaded,
    image: Image.Image,
    words: torch.Tensor,
    things: tuple[str, ...],
    threshold: float,
) -> list[Box]:
    """Every box that is sure enough and has a part in the picture, overlapping or not."""
    seen = loaded.net.image_embedder(_pixels(loaded, image))[0]
    flat = seen.flatten(1, 2)
    logits = loaded.net.class_predictor(flat, words[None])[0][0]
    corners = _corners(loaded, flat, seen)
    scores, which = logits.float().sigmoid().max(dim=-1)
    sure = scores > threshold
    told = zip(
        (corners[sure] * max(image.size)).round().int().tolist(),
        scores[sure].tolist(),
        which[sure].tolist(),
        strict=True,
    )
    boxes = (_box(place, image.size, score, things[thing]) for place, score, thing in told)
    return [box for box in boxes if box is not None]


def _corners(loaded: Loaded, flat: torch.Tensor, seen: torch.Tensor) -> torch.Tensor:
    """n × 4: left, top, right, bottom, from 0 to 1 over the square.

    From where each patch lies in full precision: half of it would be some pixels wide.
    """
    rows, columns = seen.shape[1:3]
    where = loaded.net.compute_box_bias(rows, columns).to(flat.device)
    boxes = (loaded.net.box_head(flat)[0].float() + where).sigmoid()
    centre, half = boxes[:, :2], boxes[:, 2:] / 2
    return torch.cat((centre - half, centre + half), dim=-1)


def _box(place: list[int], size: tuple[int, int], score: float, thing: str) -> Box | None:
    """What of it is in the picture; the rest is in the grey that made the picture square."""
    left, top = max(0, place[0]), max(0, place[1])
    right, bottom = min(size[0], place[2]), min(size[1], place[3])
    empty = right <= left or bottom <= top
    return None if empty else Box(left, top, right, bottom, score, thing)


def _pixels(loaded: Loaded, image: Image.Image) -> torch.Tensor:
    """1 × 3 × side × side: made square below and at the right, and of the network's size.

    The processor of transformers would do that through scipy, which Aura does without.
    """
    side = loaded.net.config.vision_config.image_size
    scale = side / max(image.size)
    width, height = (max(1, round(length * scale)) for length in image.size)
    square = Image.new("RGB", (side, side), GREY)
    square.paste(image.resize((width, height), Image.Resampling.BILINEAR))
    how = {"do_resize": False, "do_pad": False, "return_tensors": "pt"}
    pixels = loaded.inputs["pictures"]([square], **how).pixel_values
    return pixels.to(loaded.device, loaded.net.dtype)

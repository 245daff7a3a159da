"""Styles: words put around a prompt. Some ship with Aura; a person may save their own."""

from __future__ import annotations

import json
import re
import threading
from pathlib import Path

from pydantic import ValidationError

from aura.errors import BadRequest
from aura.library import atomic
from aura.requests import PROMPT_MAX, Plain

NAME_MAX = 60  # characters
PLACE = "{prompt}"


class Style(Plain):
    """``prompt`` holds ``{prompt}`` where what a person types goes; without it, goes before.

    ``label`` is the key of the name of a style that ships with Aura, in both languages.
    """

    name: str
    prompt: str
    negative: str = ""
    label: str | None = None

    def applied(self, prompt: str, negative: str) -> tuple[str, str]:
        """Prompt and negative prompt with this style around them."""
        template = self.prompt if PLACE in self.prompt else f"{PLACE}, {self.prompt}"
        styled = template.replace(PLACE, prompt).strip().strip(",").strip()
        return styled, ", ".join(part for part in (negative, self.negative) if part.strip())


def _builtin(name: str, prompt: str, negative: str = "") -> Style:
    slug = re.sub(r"[^a-z0-9]+", "_", name.lower())
    return Style(name=name, prompt=prompt, negative=negative, label=f"catalog.style.{slug}")


# The first ones use only words that the built-in shapes model knows.
BUILTIN = (
    _builtin("Soft shadow", "{prompt}, with a soft shadow"),
    _builtin("Gradient background", "{prompt}, on a gradient background"),
    _builtin("Large and centred", "{prompt}, large, in the centre"),
    _builtin(
        "Photograph",
        "photograph of {prompt}, natural light, 50mm lens, shallow depth of field, "
        "fine detail, realistic colours",
        "drawing, painting, illustration, cartoon, render, deformed, blurry",
    ),
    _builtin(
        "Portrait photograph",
        "portrait photograph of {prompt}, 85mm lens, soft window light, detailed skin, "
        "catchlights in the eyes, blurred background",
        "drawing, painting, deformed face, extra fingers, plastic skin, blurry",
    ),
    _builtin(
        "Landscape photograph",
        "landscape photograph of {prompt}, golden hour, wide angle, sharp from front to back, "
        "dramatic sky",
        "drawing, painting, people, text, oversaturated, blurry",
    ),
    _builtin(
        "Product photograph",
        "studio product photograph of {prompt}, seamless background, softbox lighting, "
        "crisp reflections",
        "people, hands, text, clutter, blurry, noise",
    ),
    _builtin(
        "Cinematic",
        "cinematic still of {prompt}, anamorphic lens, film grain, moody lighting, "
        "teal and orange grading",
        "flat lighting, drawing, cartoon, text, frame, blurry",
    ),
    _builtin(
        "Black and white",
        "black and white photograph of {prompt}, high contrast, silver gelatin print, film grain",
        "colour, drawing, blurry",
    ),
    _builtin(
        "Macro",
        "extreme macro photograph of {prompt}, tiny details, soft background, focus stacking",
        "wide shot, drawing, blurry, noise",
    ),
    _builtin(
        "Watercolour",
        "watercolour painting of {prompt}, soft washes, paper texture, delicate edges",
        "photograph, render, harsh outlines, text",
    ),
    _builtin(
        "Oil painting",
        "oil painting of {prompt}, visible brush strokes, rich colours, canvas texture",
        "photograph, render, flat colours, text",
    ),
    _builtin(
        "Pencil drawing",
        "pencil drawing of {prompt}, fine hatching, graphite on paper, careful shading",
        "colour, photograph, render, text",
    ),
    _builtin(
        "Ink drawing",
        "ink drawing of {prompt}, confident lines, cross-hatching, white paper",
        "colour, photograph, grey wash, text",
    ),
    _builtin(
        "Anime",
        "anime illustration of {prompt}, clean line art, cel shading, expressive, vivid colours",
        "photograph, realistic, render, deformed, extra fingers, text",
    ),
    _builtin(
        "Comic book",
        "comic book panel of {prompt}, bold ink lines, halftone dots, dynamic composition",
        "photograph, realistic, speech bubbles, text",
    ),
    _builtin(
        "Children's book",
        "children's book illustration of {prompt}, warm gentle colours, simple friendly shapes, "
        "gouache",
        "photograph, scary, dark, text",
    ),
    _builtin(
        "Flat illustration",
        "flat vector illustration of {prompt}, simple shapes, limited palette, clean edges",
        "photograph, gradients, texture, shading, text",
    ),
    _builtin(
        "3D render",
        "3D render of {prompt}, physically based materials, global illumination, soft shadows",
        "drawing, photograph, low poly, noise, text",
    ),
    _builtin(
        "Clay",
        "clay model of {prompt}, stop-motion look, fingerprints in the clay, soft studio light",
        "photograph of people, drawing, glossy, text",
    ),
    _builtin(
        "Isometric",
        "isometric view of {prompt}, miniature diorama, clean render, soft shadows, "
        "plain background",
        "perspective, photograph, text, clutter",
    ),
    _builtin(
        "Pixel art",
        "pixel art of {prompt}, 16-bit game, limited palette, crisp square pixels",
        "photograph, smooth gradients, blurry, text",
    ),
    _builtin(
        "Low poly",
        "low poly art of {prompt}, faceted shapes, flat shading, soft light",
        "photograph, texture, noise, text",
    ),
    _builtin(
        "Fantasy art",
        "fantasy concept art of {prompt}, epic scale, intricate detail, volumetric light",
        "photograph, modern objects, text, blurry",
    ),
    _builtin(
        "Science fiction",
        "science fiction concept art of {prompt}, sleek surfaces, neon accents, vast scale",
        "medieval, text, blurry, deformed",
    ),
    _builtin(
        "Cyberpunk",
        "cyberpunk scene of {prompt}, rain, neon signs, reflections on wet streets, night",
        "daylight, countryside, text, blurry",
    ),
    _builtin(
        "Art nouveau",
        "art nouveau poster of {prompt}, flowing lines, ornamental border, muted gold and green",
        "photograph, render, blurry",
    ),
    _builtin(
        "Ukiyo-e",
        "ukiyo-e woodblock print of {prompt}, flat colours, bold outlines, washi paper",
        "photograph, render, perspective shading",
    ),
    _builtin(
        "Stained glass",
        "stained glass window of {prompt}, lead lines, glowing coloured glass",
        "photograph of people, blurry, text",
    ),
    _builtin(
        "Paper cut",
        "layered paper cut art of {prompt}, coloured card, soft shadows between the layers",
        "photograph of people, glossy, text",
    ),
)


class Styles:
    """The built-in styles and a person's own, which lie in one JSON file."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self._lock = threading.Lock()

    def all(self) -> tuple[Style, ...]:
        """Own styles first, as they were saved, then the built-in ones."""
        return (*self._own(), *BUILTIN)

    def get(self, name: str) -> Style:
        """Raises BadRequest."""
        for style in self.all():
            if style.name == name:
                return style
        raise BadRequest(field="style", problem="error.problem.style")

    def save(self, style: Style) -> None:
        """Add a style, or replace the own one of that name. Raises BadRequest, StorageError."""
        _check(style)
        with self._lock:
            own = [known for known in self._own() if known.name != style.name]
            self._write([*own, style])

    def delete(self, name: str) -> None:
        """Forget an own style. Raises BadRequest for any other."""
        with self._lock:
            own = self._own()
            left = [style for style in own if style.name != name]
            if len(left) == len(own):
                raise BadRequest(field="style", problem="error.problem.style_own")
            self._write(left)

    def _own(self) -> list[Style]:
        """What the file holds; what cannot be understood in it is passed over."""
        found: list[Style] = []
        for entry in _entries(self.path) or []:
            try:
                found.append(Style(**entry))
            except (ValidationError, TypeError):
                continue
        return [style for style in found if not _is_builtin(style.name)]

    def _write(self, own: list[Style]) -> None:
        if self.path.exists() and _entries(self.path) is None:
            # Somebody's work that we cannot read is put aside, not overwritten.
            self.path.replace(self.path.with_suffix(".damaged.json"))
        entries = [style.model_dump(exclude={"label"}) for style in own]
        data = json.dumps(entries, ensure_ascii=False, indent=2).encode()
        atomic.replace(self.path, data)


def _check(style: Style) -> None:
    name = style.name
    if not name.strip() or len(name) > NAME_MAX or not name.isprintable() or _is_builtin(name):
        raise BadRequest(field="style", problem="error.problem.style_name")
    if not style.prompt.strip() or max(len(style.prompt), len(style.negative)) > PROMPT_MAX:
        raise BadRequest(field="style", problem="error.problem.style_prompt")


def _is_builtin(name: str) -> bool:
    return any(style.name == name for style in BUILTIN)


def _entries(path: Path) -> list[dict[str, str]] | None:
    try:
        loaded = json.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        return []
    except (OSError, ValueError, RecursionError):
        return None
    return loaded if isinstance(loaded, list) else None

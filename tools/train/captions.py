"""Says in words what a scene shows, in English or Spanish, in many ways."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from tools.train import words
from tools.train.world import Scene

Rng = np.random.Generator
LANGUAGES = ("en", "es")

# Ways to put the pieces in order: t(hing), g(round), p(lace), s(hadow).
# The second list is kept for the examination and never trained on.
ORDERS = ("tgps", "tpgs", "tsgp", "tpsg", "gtps", "ptgs")
UNSEEN_ORDERS = ("tgsp", "gpts", "ptsg")

OPENINGS_EN = ("", "", "", "a picture of ", "a drawing of ", "an image of ", "draw ", "show ")
UNSEEN_OPENINGS_EN = ("an illustration of ", "a simple drawing of ", "please draw ", "show me ")
OPENINGS_ES = ("", "", "", "un dibujo de ", "una imagen de ", "dibujo de ", "dibuja ", "muestra ")
UNSEEN_OPENINGS_ES = ("una ilustración de ", "un dibujo sencillo de ", "por favor dibuja ")
# Openings of training that hold the words of the unseen ones in other company.
MIXED_EN = (
    "a simple ",
    "please show ",
    "show me the picture: ",
    "illustration: ",
    "a photo of ",
    "the illustration of ",
    "a simple picture of ",
    "please, ",
    "draw me ",
    "painting of ",
    "there is ",
    "shape: ",
    "an image showing ",
    "a picture with ",
)
MIXED_ES = (
    "imagen sencilla de ",
    "por favor, muestra ",
    "ilustración: ",
    "una foto de ",
    "la ilustración de ",
    "una pintura de ",
    "por favor: ",
    "figura sencilla: ",
    "dibujo sencillo: ",
    "forma: ",
    "hay ",
    "está ",
    "una foto con ",
    "un dibujo que muestra ",
)

GROUNDS_EN = (
    "on a {} background",
    "on a {} background",
    "on {}",
    "over a {} background",
    "with a {} background",
    "{} background",
    "against a {} background",
    "on a {} ground",
    "on a {} backdrop",
    "on {} background",
    "set against {}",
    "on a {} coloured background",
    "on a {} colored ground",
    "there is a {} background",
)
UNSEEN_GROUNDS_EN = ("against a {} backdrop", "over {}", "over a {} ground", "with {} background")
GROUNDS_ES = (
    "sobre un fondo {}",
    "sobre un fondo {}",
    "sobre fondo {}",
    "con fondo {}",
    "en un fondo {}",
    "fondo {}",
    "con un fondo {}",
    "contra un fondo {}",
    "sobre {}",
    "el fondo es {}",
    "con un fondo de color {}",
    "y fondo {}",
)
UNSEEN_GROUNDS_ES = ("en fondo {}", "contra fondo {}", "en un fondo de color {}", "y un fondo {}")
GRADIENTS_EN = ("{} gradient", "gradient {}")
GRADIENTS_ES = ("{} degradado", "degradado {}", "{} en degradado", "{} con degradado")
PLAIN_EN = ("plain {}", "solid {}", "flat {}")
PLAIN_ES = ("{} liso", "liso {}", "{} plano", "liso de color {}")
SHADOWS_EN = (
    "with a soft shadow",
    "with a shadow",
    "and a soft shadow",
    "casting a soft shadow",
    "with its shadow",
    "soft shadow",
    "and its shadow",
    "casting a shadow",
    "with a drop shadow",
)
UNSEEN_SHADOWS_EN = ("and a shadow", "casting its soft shadow", "with soft shadow")
SHADOWS_ES = (
    "con una sombra suave",
    "con sombra",
    "con sombra suave",
    "y una sombra suave",
    "con su sombra",
    "sombra suave",
    "y su sombra",
    "que proyecta una sombra",
    "proyectando una sombra suave",
)
UNSEEN_SHADOWS_ES = ("y sombra suave", "con una sombra", "proyectando su sombra")
OF_PICTURE_EN = (" of the picture", " of the image", " side", " half")
OF_PICTURE_ES = (" de la imagen", " del dibujo", " de la pintura")
PLACED_EN = ("", "", "", "placed ", "located ", "set ", "positioned ")
PLACED_ES = ("", "", "", "colocado ", "situado ", "puesto ", "ubicado ")


def pick(rng: Rng, options: Sequence[str]) -> str:
    return options[rng.integers(len(options))]


def caption(scene: Scene, rng: Rng, language: str = "en", unseen: bool = False) -> str:
    """One wording of a scene. What is usual (middle size, centre, plain) mostly goes unsaid."""
    pieces = (_english if language == "en" else _spanish)(scene, rng, unseen)
    order = pick(rng, UNSEEN_ORDERS if unseen else ORDERS)
    if not pieces["g"] and order[0] == "g":
        order = "tgps"
    text = _joined([(key, pieces[key]) for key in order if pieces[key]], language, rng)
    return text if unseen else _roughened(text, rng)


def _joined(pieces: list[tuple[str, str]], language: str, rng: Rng) -> str:
    """The pieces in one line; a ground named first is joined by a comma or by "with"."""
    text, comma = "", float(rng.random())
    for at, (key, piece) in enumerate(pieces):
        if at and ((pieces[at - 1][0] in "gp" and key == "t") or comma < 0.15):
            piece = ", " + piece
        elif at:
            piece = " " + piece
        text += piece
    return text


def _roughened(text: str, rng: Rng) -> str:
    """As people type: some accents left out, a full stop now and then."""
    if rng.random() < 0.35:
        text = words.plainly(text)
    return text + "." if rng.random() < 0.12 else text


def _ground_said(scene: Scene, rng: Rng) -> bool:
    """The usual ground (white, or black under a white shape) is often left unsaid."""
    usual = "black" if scene.colour == "white" else "white"
    return scene.background != usual or scene.gradient or bool(rng.random() < 0.6)


def _english(scene: Scene, rng: Rng, unseen: bool) -> dict[str, str]:
    colour = pick(rng, words.COLOURS_EN[scene.colour])
    shape = pick(rng, words.SHAPES_EN[scene.shape])
    size = scene.size != "medium" or rng.random() < 0.12
    named = [colour, shape] if unseen or rng.random() > 0.04 else [shape]
    if size:
        named.insert(0, pick(rng, words.SIZES_EN[scene.size]))
    if rng.random() < 0.05:
        named = _coloured(named, colour, shape, rng)
    article = ("an" if named[0][0] in "aeiou" else "a") if rng.random() < 0.8 else ""
    if rng.random() < 0.04:
        article = pick(rng, ("the", "one"))
    thing = " ".join(filter(None, [article, *named]))
    return {
        "t": _opening(rng, unseen, OPENINGS_EN, UNSEEN_OPENINGS_EN, MIXED_EN) + thing,
        "g": _ground(scene, rng, unseen, "en") if _ground_said(scene, rng) else "",
        "p": _place(scene, rng, words.PLACES_EN, PLACED_EN),
        "s": pick(rng, UNSEEN_SHADOWS_EN if unseen else SHADOWS_EN) if scene.shadow else "",
    }


def _coloured(named: list[str], colour: str, shape: str, rng: Rng) -> list[str]:
    """ "red coloured circle", "red circle shape" and the like."""
    if colour not in named:
        return named
    before = named[: named.index(colour)]
    word = pick(rng, ("coloured", "colored", "colour", "color", "shape"))
    tail = [colour, shape, word] if word == "shape" else [colour, word, shape]
    return [*before, *tail]


def _spanish(scene: Scene, rng: Rng, unseen: bool) -> dict[str, str]:
    shape = pick(rng, words.SHAPES_ES[scene.shape])
    female = shape in words.FEMININE
    agree = female if rng.random() > 0.06 else not female
    forms = words.COLOURS_ES[scene.colour]
    colour = forms[rng.integers(len(forms))][agree]
    if rng.random() < 0.12:
        colour = "de color " + forms[0][0]
    named = [shape, colour] if unseen or rng.random() > 0.04 else [shape]
    if scene.size != "medium" or rng.random() < 0.12:
        named = _sized(scene, named, agree, rng)
    article = ("una" if female else "un") if rng.random() < 0.8 else ""
    thing = " ".join(filter(None, [article, *named]))
    return {
        "t": _opening(rng, unseen, OPENINGS_ES, UNSEEN_OPENINGS_ES, MIXED_ES) + thing,
        "g": _ground(scene, rng, unseen, "es") if _ground_said(scene, rng) else "",
        "p": _agreeing(_place(scene, rng, words.PLACES_ES, PLACED_ES), female),
        "s": pick(rng, UNSEEN_SHADOWS_ES if unseen else SHADOWS_ES) if scene.shadow else "",
    }


def _sized(scene: Scene, named: list[str], female: bool, rng: Rng) -> list[str]:
    forms = words.SIZES_ES[scene.size]
    size = forms[rng.integers(len(forms))][female]
    if size == "grande" and rng.random() < 0.3:
        return ["gran", *named]
    return pick_list(rng, ([*named, size], [named[0], size, *named[1:]], [size, *named]))


def pick_list(rng: Rng, options: Sequence[list[str]]) -> list[str]:
    return options[rng.integers(len(options))]


def _opening(
    rng: Rng, unseen: bool, known: Sequence[str], kept: Sequence[str], mixed: Sequence[str]
) -> str:
    if unseen:
        return pick(rng, kept) if rng.random() < 0.6 else ""
    return pick(rng, mixed) if rng.random() < 0.2 else pick(rng, known)


def _ground(scene: Scene, rng: Rng, unseen: bool, language: str) -> str:
    if language == "en":
        name = pick(rng, words.COLOURS_EN[scene.background])
        frames = UNSEEN_GROUNDS_EN if unseen else GROUNDS_EN
        shaded, plain = GRADIENTS_EN, PLAIN_EN
    else:
        forms = words.COLOURS_ES[scene.background]
        name = forms[rng.integers(len(forms))][0]
        frames = UNSEEN_GROUNDS_ES if unseen else GROUNDS_ES
        shaded, plain = GRADIENTS_ES, PLAIN_ES
    if scene.gradient:
        name = pick(rng, shaded).format(name)
    elif rng.random() < 0.1:
        name = pick(rng, plain).format(name)
    return pick(rng, frames).format(name)


def _place(scene: Scene, rng: Rng, table: dict[str, tuple[str, ...]], placed: Sequence[str]) -> str:
    if scene.place == "centre" and rng.random() > 0.3:
        return ""
    phrase = pick(rng, table[scene.place])
    if rng.random() < 0.1 and " " in phrase:
        phrase += pick(rng, OF_PICTURE_EN if table is words.PLACES_EN else OF_PICTURE_ES)
    return pick(rng, placed) + phrase if " " in phrase else phrase


def _agreeing(place: str, female: bool) -> str:
    if not female:
        return place
    swap = {
        "centrado": "centrada",
        "colocado": "colocada",
        "situado": "situada",
        "puesto": "puesta",
        "ubicado": "ubicada",
    }
    return " ".join(swap.get(word, word) for word in place.split())

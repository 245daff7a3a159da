"""Every word the model knows, in English and Spanish, by what it means."""

from __future__ import annotations

import unicodedata

# Spanish names of colours and sizes come as (masculine, feminine).
Forms = tuple[str, str]

SHAPES_EN = {
    "circle": ("circle", "disc"),
    "square": ("square",),
    "triangle": ("triangle",),
    "star": ("star",),
}
COLOURS_EN = {
    "red": ("red",),
    "orange": ("orange",),
    "yellow": ("yellow",),
    "green": ("green",),
    "blue": ("blue",),
    "purple": ("purple", "purple", "violet"),
    "white": ("white",),
    "black": ("black",),
}
SIZES_EN = {
    "small": ("small", "little", "tiny"),
    "medium": ("medium", "medium sized"),
    "large": ("large", "big", "huge"),
}
PLACES_EN = {
    "centre": (
        "in the centre",
        "in the center",
        "in the middle",
        "centred",
        "centered",
        "at the centre",
        "at the center",
    ),
    "left": ("on the left", "at the left", "to the left", "on the left side", "left"),
    "right": ("on the right", "at the right", "to the right", "on the right side", "right"),
    "top": ("at the top", "on the top", "near the top", "up at the top", "top"),
    "bottom": ("at the bottom", "on the bottom", "near the bottom", "down at the bottom", "bottom"),
}

# The feminine of a shape asks for the feminine of its colour and size.
SHAPES_ES = {
    "circle": ("círculo", "disco"),
    "square": ("cuadrado",),
    "triangle": ("triángulo",),
    "star": ("estrella",),
}
FEMININE = ("estrella",)
COLOURS_ES: dict[str, tuple[Forms, ...]] = {
    "red": (("rojo", "roja"),),
    "orange": (("naranja", "naranja"),),
    "yellow": (("amarillo", "amarilla"),),
    "green": (("verde", "verde"),),
    "blue": (("azul", "azul"),),
    "purple": (
        ("morado", "morada"),
        ("morado", "morada"),
        ("púrpura", "púrpura"),
        ("violeta", "violeta"),
    ),
    "white": (("blanco", "blanca"),),
    "black": (("negro", "negra"),),
}
SIZES_ES: dict[str, tuple[Forms, ...]] = {
    "small": (("pequeño", "pequeña"), ("pequeño", "pequeña"), ("chico", "chica")),
    "medium": (("mediano", "mediana"),),
    "large": (("grande", "grande"), ("grande", "grande"), ("enorme", "enorme")),
}
PLACES_ES = {
    "centre": ("en el centro", "en medio", "en el medio", "centrado", "al centro"),
    "left": ("a la izquierda", "en el lado izquierdo", "a mano izquierda", "izquierda"),
    "right": ("a la derecha", "en el lado derecho", "a mano derecha", "derecha"),
    "top": ("arriba", "en la parte superior", "en lo alto", "hacia arriba"),
    "bottom": ("abajo", "en la parte inferior", "en lo bajo", "hacia abajo"),
}


def _words(text: str) -> tuple[str, ...]:
    return tuple(text.split())


# Words that carry no choice of their own but are understood.
FILLERS_EN = _words("""
    a an the of on at in to and with over against its side one near up down sized colour color
    coloured colored background backdrop ground plain solid flat gradient soft shadow casting
    drop picture drawing image photo illustration painting shape simple is there located placed
    set positioned please draw show showing me half
""")
FILLERS_ES = _words("""
    un una el la de del en al a con y su sobre contra que es está hay fondo color liso plano
    sencillo sencilla degradado sombra suave proyecta proyectando dibujo imagen foto ilustración
    pintura figura forma gran lado parte mano lo hacia por favor dibuja muestra colocado colocada
    situado situada puesto puesta ubicado ubicada centrada
""")


def plainly(text: str) -> str:
    """The text in small letters without accents: how words are compared."""
    split = unicodedata.normalize("NFD", text.lower())
    return "".join(c for c in split if not unicodedata.combining(c))


def _flat(table: dict[str, tuple]) -> list[str]:
    found: list[str] = []
    for forms in table.values():
        for form in forms:
            for phrase in (form,) if isinstance(form, str) else form:
                found += phrase.split()
    return found


def vocabulary() -> list[str]:
    """All known words, each also without its accents, in a fixed order."""
    words: list[str] = []
    for table in (SHAPES_EN, COLOURS_EN, SIZES_EN, PLACES_EN):
        words += _flat(table)
    words += FILLERS_EN
    for table in (SHAPES_ES, COLOURS_ES, SIZES_ES, PLACES_ES):
        words += _flat(table)
    words += FILLERS_ES
    return list(dict.fromkeys([*words, *(plainly(word) for word in words)]))


def _meanings(english: dict[str, tuple], spanish: dict[str, tuple]) -> dict[str, dict]:
    return {
        name: {
            "en": list(dict.fromkeys(english[name])),
            "es": list(
                dict.fromkeys(
                    f
                    for form in spanish[name]
                    for f in ((form,) if isinstance(form, str) else form)
                )
            ),
        }
        for name in english
    }


def tables() -> dict[str, object]:
    """The vocabulary as the studio reads it."""
    return {
        "languages": ["en", "es"],
        "shapes": _meanings(SHAPES_EN, SHAPES_ES),
        "colours": _meanings(COLOURS_EN, COLOURS_ES),
        "sizes": _meanings(SIZES_EN, SIZES_ES),
        "positions": _meanings(PLACES_EN, PLACES_ES),
        "fillers": {"en": list(dict.fromkeys(FILLERS_EN)), "es": list(dict.fromkeys(FILLERS_ES))},
        "words": vocabulary(),
    }

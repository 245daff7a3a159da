"""The bars: weights by component, working memory, where room ends, and what is too much."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass

from aura.fits import words
from aura.fits.layout import Part, Stage
from aura.fits.rows import Row
from aura.i18n import size, text
from aura.ui.markup import esc
from aura.ui.tabs.fits.scale import Scale

# What a component does, which is its colour.
KINDS: Mapping[str, str] = {
    "words": "text_encoder text_encoder_2 text_encoder_3 text_model text_decoder encoder"
    " postfuse_module",
    "picture": "vae vision_model vision_encoder image_encoder image_prompt_encoder",
    "sound": "audio_model",
}
KIND_OF = {name: kind for kind, names in KINDS.items() for name in names.split()}
LETTER = 0.85  # percent of the width that a letter takes in a narrow window


@dataclass(frozen=True)
class Piece:
    """``count`` bytes under a name; ``look`` is a class of the style sheet."""

    look: str
    name: str
    count: int


def stage_bar(lang: str, stage: Stage, scale: Scale) -> str:
    """What lies where it computes during a stage."""
    return _bar(lang, _pieces(lang, stage), scale, look="is-step")


def main_bar(lang: str, row: Row, scale: Scale) -> str:
    """The worst stage of a plan. A plan on the processor leaves the card alone."""
    name = text(
        lang,
        "fits.bar",
        model=row.model.name,
        peak_bytes=row.plan.peak,
        budget_bytes=row.plan.budget,
    )
    return _bar(lang, _pieces(lang, row.layout.worst), scale, name)


def ram_bar(lang: str, row: Row, scale: Scale) -> str:
    """What waits in RAM beside the card, or all of it where the processor computes."""
    pieces = (
        (Piece(_look(part), words.part(lang, part.name), part.size) for part in row.layout.waiting)
        if row.plan.on_card
        else _pieces(lang, row.layout.worst)
    )
    name = text(lang, "fits.bar_ram", ram_bytes=row.plan.ram, budget_bytes=scale.room)
    return _bar(lang, pieces, scale, name, "is-ram")


def unused_bar(lang: str, scale: Scale) -> str:
    said = esc(text(lang, "fits.on_processor"))
    return f'<div class="aura-fit-bar is-unused">{_kept(scale)}<span>{said}</span></div>'


def _pieces(lang: str, stage: Stage) -> Iterator[Piece]:
    for part in stage.parts:
        yield Piece(_look(part), words.part(lang, part.name), part.size)
    yield Piece("is-working", text(lang, "fits.working"), stage.working)


def _look(part: Part) -> str:
    return f"is-{KIND_OF.get(part.name, 'core')}"


def _bar(lang: str, pieces: Iterable[Piece], scale: Scale, name: str = "", look: str = "") -> str:
    drawn, at, told = "", 0, []
    for piece in pieces:
        drawn += _piece(lang, piece, scale.at(at), scale.at(at + piece.count), bool(look))
        told.append(f"{piece.name} {size(lang, piece.count)}")
        at += piece.count
    said = " ".join((name, "; ".join(told)))
    return (
        f'<div class="aura-fit-bar {look}" role="img" aria-label="{esc(said.strip())}">'
        f"{_kept(scale)}{drawn}{_over(scale, at)}</div>"
    )


def _piece(lang: str, piece: Piece, begins: float, ends: float, thin: bool) -> str:
    width = ends - begins
    tip = esc(f"{piece.name}: {size(lang, piece.count)}")
    fits = not thin and width > LETTER * (len(piece.name) + 1)
    label = f"<span>{esc(piece.name)}</span>" if fits else ""
    style = f"left:{begins:.2f}%;width:{width:.2f}%"
    return f'<i class="{piece.look}" style="{style}" title="{tip}">{label}</i>'


def _kept(scale: Scale) -> str:
    """The end of the bar that is left alone, behind the line where room ends."""
    return f'<u style="left:{scale.at(scale.room):.2f}%"></u>'


def _over(scale: Scale, count: int) -> str:
    """What is needed beyond the room; an arrow where it is beyond the bar, too."""
    if count <= scale.room:
        return ""
    begins = min(scale.at(scale.room), 97.0)
    look = "is-beyond" if count > scale.total else ""
    width = max(scale.at(count) - begins, 1.0)
    return f'<s class="{look}" style="left:{begins:.2f}%;width:{width:.2f}%"></s>'

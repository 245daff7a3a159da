"""What each band, line and mark of the picture is: a shape and its name."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

from aura.i18n import text
from aura.timeline import Recent
from aura.ui.markup import esc
from aura.ui.memory.chart import DIAMOND
from aura.ui.memory.patterns import STAGES, band, line, mark, stage, swatch


def legend(lang: str, recent: Recent, names: Mapping[str, str], order: Sequence[str]) -> str:
    rows = "".join(
        f"<li>{shape}<span>{esc(words)}</span></li>"
        for shape, words in _entries(lang, recent, names, order)
    )
    return f'<ul class="aura-legend" aria-label="{esc(text(lang, "memory.legend"))}">{rows}</ul>'


def _entries(
    lang: str, recent: Recent, names: Mapping[str, str], order: Sequence[str]
) -> Iterator[tuple[str, str]]:
    """Only what the picture may show: the models and stages of this time."""
    yield line("aura-held"), text(lang, "memory.held")
    for place, model in enumerate(order):
        name = names.get(model, model)
        yield swatch(band(place)), text(lang, "memory.set_aside", model=name)
    if recent.spans:
        yield line("aura-predicted"), text(lang, "memory.predicted")
        yield mark("aura-measured", DIAMOND), text(lang, "memory.measured")
    yield line("aura-budget"), text(lang, "memory.budget")
    seen = {stretch.stage for span in recent.spans for stretch in span.stretches}
    for name in STAGES:
        if name in seen:
            yield swatch(stage(name)), text(lang, f"generate.stage.{name}")

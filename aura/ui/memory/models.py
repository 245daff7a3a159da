"""The models that are in memory, each with its button; giving memory back, now and when idle."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from aura.engine.protocol import Status
from aura.i18n import text
from aura.memory.manager import Resident
from aura.ui.markup import button, esc
from aura.ui.memory.patterns import band, swatch

KEEP_S = (60, 300, 600, 1800, 0)  # after so many seconds; 0: never
FRESH_S = 10.0


def listing(lang: str, status: Status, names: Mapping[str, str], order: Sequence[str]) -> str:
    """Residents with their bytes, place and last use. ``order`` gives each its band."""
    if not status.residents:
        return f'<p class="aura-quiet">{esc(text(lang, "memory.models.none"))}</p>' + _leaks(
            lang, status, names
        )
    rows = "".join(_row(lang, one, status, names, order) for one in status.residents)
    return f'<ul class="aura-residents">{rows}</ul>{_leaks(lang, status, names)}'


def _row(
    lang: str, one: Resident, status: Status, names: Mapping[str, str], order: Sequence[str]
) -> str:
    name = names.get(one.model, one.model)
    on_chart = one.model in order and not (one.parked or _aside(one, status))
    key = swatch(band(list(order).index(one.model))) if on_chart else swatch("none")
    words = " · ".join((_where(lang, one, status), _used(lang, one)))
    return (
        f'<li data-model="{esc(one.model)}">{key}<div><p>{esc(name)}</p>'
        f"<small>{esc(words)}</small></div>{_release(lang, one, name)}</li>"
    )


def _aside(one: Resident, status: Status) -> bool:
    """On the processor, while the picture is of a card."""
    return one.device == "cpu" and not status.device.shares_ram


def _where(lang: str, one: Resident, status: Status) -> str:
    if one.parked:
        return text(lang, "memory.parked", ram_bytes=one.ram or one.bytes)
    if status.device.shares_ram or one.device == "cpu":
        return text(lang, "memory.in_ram", ram_bytes=one.bytes)
    if one.ram:
        return text(lang, "memory.on_both", card_bytes=one.bytes, ram_bytes=one.ram)
    return text(lang, "memory.on_card", card_bytes=one.bytes)


def _used(lang: str, one: Resident) -> str:
    if one.lent:
        return text(lang, "memory.lent")
    if one.idle < FRESH_S:
        return text(lang, "memory.used_now")
    if one.idle < 60:
        return text(lang, "memory.used_ago", time=text(lang, "memory.under_a_minute"))
    minutes = int(one.idle // 60)
    time = f"{minutes} min" if minutes < 60 else f"{minutes // 60} h"
    return text(lang, "memory.used_ago", time=time)


def _release(lang: str, one: Resident, name: str) -> str:
    label = esc(text(lang, "memory.release"))
    if one.lent:
        why = esc(text(lang, "memory.release.lent", model=name))
        return (
            f'<button type="button" class="aura-btn is-text" aria-disabled="true" '
            f'title="{why}" aria-label="{label}: {why}">{label}</button>'
        )
    named = esc(text(lang, "memory.release.one", model=name))
    return (
        f'<button type="button" class="aura-btn is-text" data-act="release" '
        f'data-model="{esc(one.model)}" aria-label="{named}">{label}</button>'
    )


def _leaks(lang: str, status: Status, names: Mapping[str, str]) -> str:
    if not status.leaks:
        return ""
    known = ", ".join(names.get(model, model) for model in status.leaks)
    return f'<p class="aura-quiet">{esc(text(lang, "memory.leaks", models=known))}</p>'


def free(lang: str, status: Status) -> str:
    """The button that gives everything back which is not in use."""
    key = "memory.free.ram" if status.device.shares_ram else "memory.free.card"
    return button("free", text(lang, key), look="is-text is-free")


def keep(lang: str, chosen: float) -> str:
    """After how long without use memory goes back; what was chosen elsewhere is offered too."""
    choices = KEEP_S if chosen in KEEP_S else (*KEEP_S[:-1], chosen, KEEP_S[-1])
    buttons = "".join(
        f'<button type="button" data-act="keep" data-seconds="{choice:g}" '
        f'aria-pressed="{str(choice == chosen).lower()}">{esc(_time(lang, choice))}</button>'
        for choice in choices
    )
    title, info = esc(text(lang, "memory.keep")), esc(text(lang, "memory.keep.info"))
    return (
        f'<h3 id="aura-keep-title">{title}</h3>'
        f'<div class="aura-keep" role="group" aria-labelledby="aura-keep-title">{buttons}</div>'
        f'<p class="aura-quiet">{info}</p>'
    )


def _time(lang: str, choice: float) -> str:
    if choice == 0:
        return text(lang, "memory.keep.never")
    return f"{choice / 60:g} min" if choice % 60 == 0 else f"{choice:g} s"


def held(lang: str, status: Status) -> str:
    """One line: what Aura holds, of what it may."""
    device = status.device
    name = text(lang, "memory.ram") if device.shares_ram else device.name
    words = text(
        lang, "memory.holds", held_bytes=device.held, budget_bytes=status.budget, device=name
    )
    return f"<p>{esc(words)}</p>"

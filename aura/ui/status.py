"""The status bar: the device, its memory, and what runs, about once a second.

It formats what the engine last told. Nothing here touches the device.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

from aura.engine.protocol import Status
from aura.i18n import size, text
from aura.jobs.job import JobView
from aura.memory.device import Snapshot
from aura.memory.manager import Resident
from aura.ui.icons import icon
from aura.ui.markup import esc
from aura.ui.wording import seconds

if TYPE_CHECKING:
    from aura.studio import Studio


def told(studio: Studio) -> Status | None:
    """What the engine last said of itself; None before its first word."""
    return studio.engine.status()


def names(studio: Studio) -> dict[str, str]:
    """Model ids as people know them."""
    return {model.id: model.name for model in studio.catalog.models}


def bar(
    lang: str,
    status: Status | None,
    running: JobView | None,
    names: Mapping[str, str],
    *,
    opened: bool = False,
) -> str:
    """The whole bar as HTML. ``opened``: whether the memory picture that it opens is open."""
    if status is None:
        parts = [_item("", text(lang, "status.starting"), "aura-dim")]
    else:
        parts = [*_device(lang, status.device), *_residents(lang, status, names)]
    name = esc(text(lang, "status.name"))
    return (
        f'<div class="aura-status" role="contentinfo" aria-label="{name}">{_opener(lang, opened)}'
        f"{_running(lang, running)}{''.join(parts)}{icon('curve', 15)}</div>"
    )


def _opener(lang: str, opened: bool) -> str:
    """A button as large as the bar, beneath its words for the eye and before them for the keys."""
    label = esc(text(lang, "memory.shut" if opened else "memory.open"))
    return (
        f'<button type="button" class="aura-opener" data-act="memory" aria-label="{label}" '
        f'title="{label}" aria-haspopup="dialog" aria-expanded="{str(opened).lower()}"></button>'
    )


def _running(lang: str, running: JobView | None) -> str:
    if running is None:
        idle = esc(text(lang, "status.idle"))
        return f'<span class="aura-run"><b class="aura-dot"></b>{idle}</span>'
    stage = text(lang, f"generate.stage.{running.stage}")
    words = f"{stage} · {seconds(lang, running.elapsed)}"
    return f'<span class="aura-run is-busy"><b class="aura-dot"></b>{esc(words)}</span>'


def _device(lang: str, device: Snapshot) -> list[str]:
    """A card shows its own memory and the RAM; a CPU has the RAM alone."""
    parts = [_item("", "CPU" if device.kind == "cpu" else device.name, "aura-device")]
    if not device.shares_ram:
        used = device.total - device.free
        parts.append(_meter(lang, "VRAM", used, device.held, device.total))
        parts.append(_limit(lang, device.limit))
    for key, value, unit in (
        ("gpu", device.utilisation, " %"),
        ("temperature", device.temperature, " °C"),
        ("power", device.power, " W"),
    ):
        if value is not None:
            parts.append(_item(text(lang, f"status.{key}"), f"{value:.0f}{unit}"))
    held = device.held if device.shares_ram else device.host_held
    parts.append(_meter(lang, "RAM", device.host_total - device.host_free, held, device.host_total))
    parts.append(_limit(lang, device.limit if device.shares_ram else device.host_limit))
    parts.append(_item("CPU", f"{device.cpu_percent:.0f} %"))
    return parts


def _meter(lang: str, name: str, used: int, held: int, total: int) -> str:
    """Used of total as the driver says, and in a brighter part what Aura holds of it."""
    share = 100 * used / total if total else 0
    own = 100 * min(held, used) / total if total else 0
    words = f"{size(lang, used)} / {size(lang, total)}"
    aura = text(lang, "status.held", held_bytes=held)
    return (
        f'<span class="aura-meter" title="{esc(aura)}"><em>{esc(name)}</em>'
        f'<i><u style="width:{share:.1f}%"></u><s style="width:{own:.1f}%"></s></i>'
        f"<b>{esc(words)}</b><small>{esc(aura)}</small></span>"
    )


def _limit(lang: str, limit: int | None) -> str:
    return "" if limit is None else _item(text(lang, "status.limit"), size(lang, limit))


def _residents(lang: str, status: Status, names: Mapping[str, str]) -> list[str]:
    if not status.residents:
        return [_item("", text(lang, "status.no_models"), "aura-models")]
    held = ", ".join(_resident(lang, one, names) for one in status.residents)
    return [_item(text(lang, "status.models"), held, "aura-models")]


def _resident(lang: str, one: Resident, names: Mapping[str, str]) -> str:
    """Its bytes on the device; a parked one holds RAM alone."""
    held = f"{size(lang, one.ram)} RAM" if one.parked else size(lang, one.bytes)
    return f"{names.get(one.model, one.model)} {held}"


def _item(name: str, value: str, look: str = "") -> str:
    label = f"<em>{esc(name)}</em>" if name else ""
    return f'<span class="{look}">{label}<b>{esc(value)}</b></span>'

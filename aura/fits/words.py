"""Rows in words, the same on the page and on the terminal."""

from __future__ import annotations

from aura.fits.changes import Change
from aura.fits.rows import Row
from aura.i18n import has, text
from aura.memory.device import Snapshot

TASKS = (
    "generate",
    "remove",
    "segment",
    "caption",
    "embed",
    "upscale",
    "detect",
    "lora",
    "vae",
    "embedding",
)


def machine(lang: str, snapshot: Snapshot) -> str:
    """The machine that is asked about, in one line."""
    ram = text(lang, "fits.machine.ram", ram_bytes=snapshot.host_total)
    return f"{device(lang, snapshot)} · {ram}"


def device(lang: str, snapshot: Snapshot) -> str:
    if snapshot.kind == "cpu":
        return text(lang, "fits.machine.processor")
    facts = {"name": snapshot.name, "card_bytes": snapshot.total}
    return text(lang, "fits.machine.card" if snapshot.name else "fits.machine.size", **facts)


def rung(lang: str, row: Row) -> str:
    """Where the weights live, in a few words."""
    plan = row.plan
    key = "in_ram" if plan.rung == "resident" and not plan.on_card else plan.rung
    return text(lang, f"fits.rung.{key}", percent=round(100 * plan.share))


def extras(lang: str, row: Row) -> list[str]:
    """What else is done to make it fit: smaller weights, tiles."""
    how = row.plan.explanation["facts"]["how"]
    return [text(lang, key) for key in how if key != f"plan.how.{row.plan.rung}"]


def explanation(lang: str, row: Row) -> str:
    return text(lang, row.explanation["code"], **row.explanation["facts"])


def change(lang: str, told: Change) -> str:
    words = text(lang, told.code, **told.facts)
    return words[:1].upper() + words[1:]


def part(lang: str, name: str) -> str:
    """A component; one that nobody has put into words shows as itself."""
    key = f"fits.part.{name}"
    return text(lang, key) if has(key) else name


def stage(lang: str, name: str) -> str:
    key = f"fits.stage.{name}"
    return text(lang, key) if has(key) else name

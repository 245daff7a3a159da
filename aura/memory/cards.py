"""Graphics cards by the names people know them by, and what Aura would find on each.

``find("RTX 3050 4GB")``, ``find("4090")``, ``find("6 GB")``, ``find("none")``.
"""

from __future__ import annotations

import difflib
import re
import sys
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from aura.errors import CardHasSizes, UnknownCard
from aura.memory.device import GIB, MIB, Snapshot
from aura.memory.simulated import imagined

if sys.version_info >= (3, 11):
    import tomllib
else:
    import tomli as tomllib

LIST = Path(__file__).with_name("cards.toml")
NONE = frozenset({"none", "no", "cpu", "0", "ninguna", "sin tarjeta"})
SMALLEST, LARGEST = GIB, 512 * GIB  # what counts as the size of a card
MODERN = (8, 6)  # what a card is taken for that was told by its size alone
BRANDS = frozenset({"rtx", "gtx"})  # may be left out: a 4090 is an RTX 4090
NOISE = frozenset({"nvidia", "geforce", "quadro", "tesla", "gpu", "graphics", "card"})
ALIASES = {"mobile": "laptop", "notebook": "laptop", "móvil": "laptop", "portátil": "laptop"}
SIZE = re.compile(r"^(.*?)[\s,(/-]*(\d+(?:[.,]\d+)?)\s*([gm])i?b?\)?$", re.IGNORECASE)
BARE = re.compile(r"^(.*?)\s*\b(\d{1,3}(?:[.,]\d+)?)$")
WORD = re.compile(r"[rg]tx|titan|ti|super|[^\W\d_]+|\d+")  # however they are run together
UNITS = {"g": GIB, "m": MIB}
EXAMPLES = ("RTX 3060 12GB", "GTX 1650", "6GB")


@dataclass(frozen=True)
class Card:
    """``size`` bytes of memory, 0 for no card; ``name`` is empty where only a size was told."""

    name: str
    size: int
    capability: tuple[int, int] = MODERN

    def beside(self, ram: int) -> Snapshot:
        """A computer with this card and ``ram`` bytes, as it would read."""
        snapshot = imagined(self.size, ram)
        if not self.size:
            return snapshot
        known = {"name": self.name, "dtypes": dtypes(self.capability, self.name)}
        return snapshot.model_copy(update=known)


NO_CARD = Card("", 0)


def dtypes(capability: tuple[int, int], name: str) -> tuple[str, ...]:
    """In which a card computes well, best first."""
    if capability >= (8, 0):
        return ("bf16", "fp16", "fp32")
    if "GTX 16" in name:  # its half precision overflows to black pictures
        return ("fp32", "fp16")
    return ("fp16", "fp32")


def find(words: str) -> Card:
    """The card somebody means. Raises UnknownCard, CardHasSizes."""
    said = " ".join(words.lower().split())
    if said in NONE:
        return NO_CARD
    whole = _named(said, None)
    if whole:
        return whole
    for form in (SIZE, BARE):
        split = form.match(said)
        if split:
            found = _sized(split[1], _bytes(*split.groups()[1:]))
            if found:
                return found
    raise UnknownCard(name=words.strip()[:80], known=", ".join(_close(said)))


def _bytes(number: str, unit: str = "g") -> int:
    return int(float(number.replace(",", ".")) * UNITS[unit])


def _sized(name: str, size: int) -> Card | None:
    if name:
        return _named(name, size)
    return Card("", size) if SMALLEST <= size <= LARGEST else None


def _named(said: str, size: int | None) -> Card | None:
    """The card of that name. None where there is none; raises CardHasSizes."""
    key = _key(said)
    meant = [name for name in cards() if key in (_key(name), _key(name) - BRANDS)]
    # A laptop's card goes by the plain name, too, if that has no such size.
    meant += [name for name in cards() if key | {"laptop"} in (_key(name), _key(name) - BRANDS)]
    if not meant or not key:
        return None
    for name in meant:
        sizes, capability = cards()[name]
        if size is None and len(sizes) == 1:
            return Card(name, sizes[0], capability)
        if size is None:
            break
        if size in sizes:
            return Card(name, size, capability)
    raise CardHasSizes(name=meant[0], known=_listed(cards()[meant[0]][0]))


def _key(name: str) -> frozenset[str]:
    """What makes a name, however it is written: RTX3050Ti, rtx 3050 ti, GeForce 3050 Ti."""
    parts = WORD.findall(name.lower())
    return frozenset(ALIASES.get(part, part) for part in parts) - NOISE


def _listed(sizes: tuple[int, ...]) -> str:
    return ", ".join(f"{size // GIB} GB" for size in sizes)


def _close(said: str) -> list[str]:
    """Names that somebody may have meant, else a few examples of what can be said."""
    lower = {name.lower(): name for name in cards()}
    return [lower[name] for name in difflib.get_close_matches(said, lower)] or list(EXAMPLES)


@cache
def cards() -> dict[str, tuple[tuple[int, ...], tuple[int, int]]]:
    """Name → memory in bytes, one for each size it was sold with, and CUDA capability."""
    listed = tomllib.loads(LIST.read_text(encoding="utf-8"))["series"]
    return {
        name: (
            tuple(size * GIB for size in sizes),
            (series["capability"][0], series["capability"][1]),
        )
        for series in listed
        for name, sizes in series["cards"].items()
    }

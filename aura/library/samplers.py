"""Samplers by the names that other studios give them."""

from __future__ import annotations

from collections.abc import Mapping

# Aura's name → (sampler, schedule type) as A1111 writes them.
NAMES: Mapping[str, tuple[str, str]] = {
    "auto": ("Automatic", "Automatic"),
    "dpmpp_2m_karras": ("DPM++ 2M", "Karras"),
    "dpmpp_sde": ("DPM++ SDE", "Automatic"),
    "euler": ("Euler", "Automatic"),
    "euler_a": ("Euler a", "Automatic"),
    "ddim": ("DDIM", "Automatic"),
    "unipc": ("UniPC", "Automatic"),
    "lcm": ("LCM", "Automatic"),
    "heun": ("Heun", "Automatic"),
}

# Other spellings, in small letters and without spaces, hyphens and underscores.
OTHERS: Mapping[str, str] = {
    "dpm++2mkarras": "dpmpp_2m_karras",
    "dpmpp2m": "dpmpp_2m_karras",
    "dpm++2msde": "dpmpp_sde",
    "dpm++2msdekarras": "dpmpp_sde",
    "dpm++sdekarras": "dpmpp_sde",
    "dpmpp2msde": "dpmpp_sde",
    "dpmpp2msdegpu": "dpmpp_sde",
    "dpmppsde": "dpmpp_sde",
    "dpmppsdegpu": "dpmpp_sde",
    "eulerancestral": "euler_a",
    "unipcbh2": "unipc",
}


def scheduler_of(sampler: str) -> str:
    """Aura's name of a sampler; ``auto`` for one that Aura does not have."""
    plain = _plain(sampler)
    own = {_plain(name[0]): known for known, name in NAMES.items()}
    return own.get(plain) or OTHERS.get(plain, "auto")


def _plain(name: str) -> str:
    return "".join(letter for letter in name.lower() if letter not in " -_")

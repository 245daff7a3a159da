"""Plans as tests need them."""

from __future__ import annotations

from aura.memory.plan import Plan


def plan(**changes) -> Plan:
    fields = {
        "model": "tiny",
        "device": "cpu",
        "rung": "resident",
        "dtype": "fp32",
        "stages": {},
        "peak": 0,
        "ram": 0,
        "budget": 0,
        "explanation": {"code": "plan.fits", "facts": {}},
    }
    return Plan(**(fields | changes))

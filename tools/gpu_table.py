"""The Markdown table of what ``tools/gpu_check.py`` measured."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

Row = Mapping[str, Any]
GIB = 2**30
STAGES = ("loading", "encoding", "denoising", "captioning", "detecting", "decoding")
HEAD = (
    "Cap",
    "Model",
    "Plan",
    "Predicted",
    "Measured",
    "Off",
    *(stage.capitalize() for stage in STAGES),
    "Model offload",
    "Sequential offload",
)
NOTES = """
Sizes in GiB, seconds of one whole request. “Off” is the measured peak against the predicted
one. The two last columns are diffusers’ own offloads on the same work: peak and seconds.
"""


def table(report: Row) -> str:
    """One line a cap and model."""
    lines = ["| " + " | ".join(HEAD) + " |", "|" + "---|" * len(HEAD)]
    for own in (row for row in report["rows"] if row["way"] == "aura"):
        beside = {r["way"]: r for r in report["rows"] if _same(r, own)}
        lines.append("| " + " | ".join(_cells(own, beside)) + " |")
    return "\n".join([_title(report), "", _facts(report), NOTES, *lines, ""])


def _same(row: Row, own: Row) -> bool:
    return (row["cap_bytes"], row["model"]) == (own["cap_bytes"], own["model"])


def _title(report: Row) -> str:
    if report["dry_run"]:
        return (
            "# Plans on a card: dry run, CPU, tiny models. No figure here says anything of a card."
        )
    return f"# Plans on a card: {report['device']}"


def _facts(report: Row) -> str:
    versions = ", ".join(f"{name} {number}" for name, number in report["versions"].items())
    driver = f"driver {report['driver']}, CUDA {report['cuda']}, " if report["driver"] else ""
    return f"{report['date']}, {report['device']}, {driver}{versions}. `{report['command']}`"


def _cells(own: Row, beside: Mapping[str, Row]) -> list[str]:
    seconds = own.get("seconds", {})
    return [
        f"{own['cap_bytes'] / GIB:g}",
        own["model"],
        _plan(own),
        _size(own.get("predicted_bytes")),
        _size(own.get("measured_bytes")),
        _off(own),
        *(f"{seconds[stage]:.2f}" if stage in seconds else "" for stage in STAGES),
        _plain(beside.get("model")),
        _plain(beside.get("sequential")),
    ]


def _plan(own: Row) -> str:
    if own["outcome"] != "done":
        return f"**{own['outcome']}**: {own.get('error', '')}".replace("|", "/")
    parts = [own["rung"], own["dtype"], *dict.fromkeys(own["formats"].values()), *own["switches"]]
    steps = own["attempts"] - 1
    return ", ".join(parts) + (f" (after {steps} steps down)" if steps else "")


def _off(own: Row) -> str:
    if not own.get("measured_bytes") or not own.get("predicted_bytes"):
        return ""
    return f"{100 * (own['measured_bytes'] / own['predicted_bytes'] - 1):+.0f} %"


def _plain(row: Row | None) -> str:
    if row is None:
        return ""
    if row["outcome"] != "done":
        return str(row["outcome"])
    return f"{_size(row['measured_bytes'])}, {sum(row['seconds'].values()):.2f} s"


def _size(count: int | None) -> str:
    return "" if count is None else f"{count / GIB:.2f}"

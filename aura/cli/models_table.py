"""Models and files of weights as rows: plain data for scripts, columns for people."""

from __future__ import annotations

from aura.catalog.own import OwnFiles
from aura.catalog.recognise import WeightFile
from aura.i18n import error_text, size, text
from aura.inventory import Row

DRAWING = ("checkpoint", "denoiser")


def file_row(file: WeightFile, lang: str) -> Row:
    """A file of one's own, with what its header tells besides."""
    return {
        "id": file.path,
        "family": ",".join(file.families) or None,
        "task": "generate" if file.kind in DRAWING else file.kind,
        "installed": True,
        "path": file.path,
        "bytes": file.bytes,
        "licence": text(lang, "catalog.licence.own"),
        "commercial": False,
        "gated": False,
        "verdict": None,
        "kind": file.kind,
        "model": file.model,
        "precision": file.precision,
    }


def table(rows: list[Row], names: dict[str, str], lang: str) -> str:
    """A line a model, in columns as wide as they need to be."""
    cells = [
        (
            "●" if row["installed"] else "○",
            row["id"],
            names[row["id"]],
            text(lang, f"models.task.{row['task']}"),
            size(lang, row["bytes"]),
            text(lang, f"models.verdict.{row['verdict'] or 'unknown'}"),
            row["licence"] + ("" if row["commercial"] else " *"),
        )
        for row in rows
    ]
    widths = [max(len(line[column]) for line in cells) for column in range(7)]
    lines = [
        "  ".join(cell.ljust(width) for cell, width in zip(line, widths, strict=True)).rstrip()
        for line in cells
    ]
    return "\n".join([*lines, text(lang, "models.legend")])


def worded_files(found: OwnFiles, lang: str) -> list[str]:
    """A line a file: what it is, or why it is refused and what to do."""
    lines = [
        " · ".join(
            part
            for part in (
                text(lang, f"models.kind.{file.kind}"),
                file.model,
                file.precision,
                size(lang, file.bytes),
                file.path,
            )
            if part
        )
        for file in found.files
    ]
    return lines + [f"{one.path}: {error_text(lang, one.error)}" for one in found.refused]

"""``aura doctor``: what was found on this machine, what is missing, what to do."""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Iterator
from typing import Any

from aura.cli import measurement
from aura.cli.findings import Facts, find
from aura.i18n import size, text
from aura.settings import Settings

ROOM_BYTES = 5 * 2**30  # for one downloaded model and some pictures
MEMORY_BYTES = 2 * 2**30

Advice = tuple[str, Facts]  # a key below ``cli.advice.`` and its facts
BLOCKING = frozenset({"package", "device", "data_unwritable", "no_model"})


def add_arguments(parser: argparse.ArgumentParser, lang: str) -> None:
    parser.add_argument("--json", action="store_true", help=text(lang, "cli.doctor.json"))
    parser.add_argument("--measure", action="store_true", help=text(lang, "cli.doctor.measure"))


def run(args: argparse.Namespace, settings: Settings, lang: str) -> int:
    """0 if this machine can draw, 1 if something stands in the way."""
    if args.measure:
        measurement.take(settings, lambda code: print(text(lang, code), file=sys.stderr))
    facts = find(settings)
    advice = list(advise(facts))
    if args.json:
        told = [{"code": code, "text": worded(lang, code, blanks)} for code, blanks in advice]
        print(json.dumps({**facts, "advice": told}, ensure_ascii=False, indent=1))
    else:
        for line in report(facts, advice, lang):
            print(line)
    return 1 if any(code in BLOCKING for code, _ in advice) else 0


def advise(facts: Facts) -> Iterator[Advice]:
    """What is missing and what to do about it, the gravest first."""
    for name, version in facts["packages"].items():
        if version is None:
            yield "package", {"name": name}
    if "fault" in facts["device"] and facts["packages"]["torch"]:
        yield "device", {"fault": facts["device"]["fault"]}
    if not facts["data"]["writable"]:
        yield "data_unwritable", {"path": facts["data"]["path"]}
    if not any(model["path"] for model in facts["models"]):
        yield "no_model", {}
    yield from _about_the_card(facts)
    yield from _about_room(facts)


def _about_the_card(facts: Facts) -> Iterator[Advice]:
    if not facts["driver"]["present"]:
        return
    torch = facts["packages"]["torch"] or ""
    if facts["device"].get("kind") == "cpu":
        yield ("torch_without_cuda" if "+cpu" in torch else "card_unused"), {"torch": torch}
    if facts["optional"]["nvidia-ml-py"] is None:
        yield "no_nvml", {}


def _about_room(facts: Facts) -> Iterator[Advice]:
    free = facts["data"]["free"]
    if free < ROOM_BYTES:
        yield "disk", {"free_bytes": free, "need_bytes": ROOM_BYTES}
    memory = facts["device"].get("host_free")
    if memory is not None and memory < MEMORY_BYTES:
        yield "memory", {"free_bytes": memory}
    if not facts["browser"]:
        yield "no_browser", {}


def report(facts: Facts, advice: list[Advice], lang: str) -> Iterator[str]:
    for name, value in lines(facts, lang):
        yield f"{text(lang, f'cli.doctor.{name}')}: {value}"
    yield ""
    if not advice:
        yield text(lang, "cli.doctor.well")
    for code, blanks in advice:
        yield "• " + worded(lang, code, blanks)


def lines(facts: Facts, lang: str) -> Iterator[tuple[str, str]]:
    """What was found, a name (below ``cli.doctor.``) and a value each."""
    none = text(lang, "cli.doctor.none")
    yield "python", "{version} ({path})".format(**facts["python"])
    yield "system", "{name} {machine}".format(**facts["system"])
    yield "packages", _versions(facts["packages"], none)
    yield "optional", _versions(facts["optional"], none)
    driver = facts["driver"]
    yield (
        "driver",
        ", ".join([driver["version"] or "?", *driver["cards"]]) if driver["present"] else none,
    )
    yield "device", _device(facts["device"], lang)
    speeds = facts["speeds"]
    yield "speeds", _speeds(speeds) if speeds else text(lang, "cli.doctor.unmeasured")
    data = facts["data"]
    yield "data", f"{data['path']} ({text(lang, 'cli.doctor.free', free_bytes=data['free'])})"
    converted = facts["converted"]
    if converted["bytes"]:
        yield "converted", f"{size(lang, converted['bytes'])} ({converted['path']})"
    yield "models", ", ".join(m["name"] for m in facts["models"] if m["path"]) or none


def _versions(packages: dict[str, str | None], none: str) -> str:
    return ", ".join(f"{name} {version or none}" for name, version in packages.items())


def _speeds(speeds: dict[str, float]) -> str:
    """Operations a second by way of computing; what several processes do, as times one."""
    return ", ".join(
        f"{name} {speed / 1e9:.0f} GFLOP/s" if speed > 1e6 else f"{name} × {speed:.2f}"
        for name, speed in sorted(speeds.items())
    )


def _device(device: dict[str, Any], lang: str) -> str:
    if "fault" in device:
        return str(device["fault"])
    total = size(lang, device["total"])
    return f"{device['name']}, {total} ({text(lang, 'cli.doctor.free', free_bytes=device['free'])})"


def worded(lang: str, code: str, blanks: Facts) -> str:
    return text(lang, f"cli.advice.{code}", **blanks)

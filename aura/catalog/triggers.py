"""The words a LoRA answers to, as its trainer wrote them into the file.

Everything here is a stranger's words: few are taken, and short ones.
"""

from __future__ import annotations

import json
import re
from collections import Counter
from collections.abc import Iterator, Mapping
from typing import Any

WORDS_MAX = 8
LENGTH_MAX = 60  # characters of one
TAGS_MAX = 20_000  # looked at
TEXT_MAX = 4 * 2**20  # characters of a table of tags
REPEATS = re.compile(r"^\d+_")  # kohya's folders: how often each picture is shown, and of what


def triggers(words: Mapping[str, str]) -> tuple[str, ...]:
    """What it was published with, else what its pictures were filed and tagged under."""
    said = words.get("modelspec.trigger_phrase", "")
    found = list(_kept(iter([said]))) or list(_kept(_tags(_table(words))))
    return tuple(dict.fromkeys(found))[:WORDS_MAX]


def _table(words: Mapping[str, str]) -> dict[str, Any]:
    """Folder of pictures → tag → how often it occurs."""
    text = words.get("ss_tag_frequency", "")
    try:
        loaded = json.loads(text) if len(text) <= TEXT_MAX else None
    except (ValueError, RecursionError):
        return {}
    return loaded if isinstance(loaded, dict) else {}


def _tags(table: Mapping[str, Any]) -> Iterator[str]:
    """The names of the folders, then the tags, the most frequent first."""
    counts: Counter[str] = Counter()
    for folder, tags in table.items():
        if REPEATS.match(folder):
            yield REPEATS.sub("", folder)
        for tag, count in list(tags.items())[:TAGS_MAX] if isinstance(tags, dict) else ():
            if isinstance(count, int):
                counts[tag] += count
    yield from (tag for tag, _ in counts.most_common(WORDS_MAX))


def _kept(said: Iterator[str]) -> Iterator[str]:
    """Those that can be shown in a line and typed into a prompt."""
    for text in said:
        plain = " ".join(text.split())
        if 0 < len(plain) <= LENGTH_MAX and plain.isprintable():
            yield plain

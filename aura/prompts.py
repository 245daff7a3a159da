"""Wildcards: prompts that read a little differently for each picture.

``{red|blue}`` chooses one, also nested and empty; ``{2$$a|b|c}`` chooses two of them,
``{1-3$$ and $$a|b|c}`` one to three with " and " between; ``__animals__`` takes a line of
``animals.txt`` in the wildcards folder, ``__places/cities__`` of a folder in it, and that
line may hold wildcards itself. A backslash keeps ``{``, ``}``, ``|`` and ``_`` as they are.
"""

from __future__ import annotations

import random
import re
from pathlib import Path

from aura.errors import BadRequest

NAME = re.compile(r"__([^\W_](?:[\w \-./]*?[^\W_])?)__")
COUNT = re.compile(r"(\d{1,3})(?:-(\d{1,3}))?\$\$")
SPECIAL = "{}|_\\"

DEPTH_MAX = 20  # braces and files within one another
LENGTH_MAX = 100_000  # characters; more is a list that grows out of itself
FILE_MAX = 4 * 2**20  # bytes


def expand(template: str, seed: int, wildcards: Path | None = None) -> str:
    """The prompt of the picture with this seed. Raises BadRequest for a list that is not there.

    The same template, seed and lists give the same prompt. Braces that hold no choice, or
    that are not closed, stay as typed.
    """
    return _Expansion(random.Random(seed), wildcards).of(template, 0)


def escape(prompt: str) -> str:
    """A template whose every expansion is ``prompt``; itself where nothing would change."""
    if not any(mark in prompt for mark in ("{", "__", "\\")):
        return prompt
    return re.sub(r"[{}|_\\]", lambda mark: "\\" + mark[0], prompt)


class _Expansion:
    """One prompt being written: its chances, its lists, and how long it has become."""

    def __init__(self, chance: random.Random, wildcards: Path | None) -> None:
        self.chance, self.wildcards = chance, wildcards
        self.length = 0

    def of(self, template: str, depth: int) -> str:
        if depth > DEPTH_MAX:
            raise BadRequest(field="prompt", problem="error.problem.wildcard_depth")
        parts: list[str] = []
        pairs, at = _pairs(template), 0
        while at < len(template):
            part, at = self._next(template, at, pairs, depth)
            parts.append(part)
        return "".join(parts)

    def _next(self, template: str, at: int, pairs: dict[int, int], depth: int) -> tuple[str, int]:
        """The part that begins at ``at``, written out, and where the next begins."""
        letter = template[at]
        if letter == "\\" and template[at + 1 : at + 2] in tuple(SPECIAL):
            return self._counted(template[at + 1]), at + 2
        if at in pairs:
            inside = template[at + 1 : pairs[at]]
            if COUNT.match(inside) or len(_split(inside)) > 1:
                return self._choice(inside, depth), pairs[at] + 1
        if letter == "_" and (name := NAME.match(template, at)):
            return self.of(self._line(name[1]), depth + 1), name.end()
        return self._counted(letter), at + 1

    def _counted(self, text: str) -> str:
        self.length += len(text)
        if self.length > LENGTH_MAX:
            raise BadRequest(field="prompt", problem="error.problem.wildcard_depth")
        return text

    def _choice(self, inside: str, depth: int) -> str:
        least = most = 1
        between = ", "
        count = COUNT.match(inside)
        if count:
            least = int(count[1])
            most = int(count[2] or count[1])
            inside = inside[count.end() :]
            if "$$" in inside:
                between, _, inside = inside.partition("$$")
        options = _split(inside)
        wanted = least + self.chance.randrange(max(most - least, 0) + 1)
        return between.join(self.of(one, depth + 1) for one in self._some(options, wanted))

    def _some(self, options: list[str], wanted: int) -> list[str]:
        """``wanted`` different options in a random order, or all there are."""
        left = list(options)
        return [left.pop(self.chance.randrange(len(left))) for _ in range(min(wanted, len(left)))]

    def _line(self, name: str) -> str:
        lines = _lines(self.wildcards, name)
        return lines[self.chance.randrange(len(lines))]


def _lines(folder: Path | None, name: str) -> list[str]:
    """The lines of a list that are neither empty nor comments. Raises BadRequest."""
    path = _file(folder, name)
    try:
        if path is None or path.stat().st_size > FILE_MAX:
            raise FileNotFoundError
        text = path.read_text(encoding="utf-8-sig", errors="replace")
    except OSError:
        raise BadRequest(field=f"__{name}__", problem="error.problem.wildcard") from None
    lines = [line.strip() for line in text.splitlines()]
    lines = [line for line in lines if line and not line.startswith("#")]
    if not lines:
        raise BadRequest(field=f"__{name}__", problem="error.problem.wildcard_empty")
    return lines


def _file(folder: Path | None, name: str) -> Path | None:
    """The file of a list, if it really lies in the folder."""
    if folder is None:
        return None
    root = folder.resolve()
    path = (root / f"{name}.txt").resolve()
    return path if path.is_relative_to(root) and path.is_file() else None


def _pairs(template: str) -> dict[int, int]:
    """Where each brace that is closed opens, and where it closes."""
    pairs: dict[int, int] = {}
    opened: list[int] = []
    at = 0
    while at < len(template):
        if template[at] == "\\":
            at += 1
        elif template[at] == "{":
            opened.append(at)
        elif template[at] == "}" and opened:
            pairs[opened.pop()] = at
        at += 1
    return pairs


def _split(inside: str) -> list[str]:
    """Options between the bars of this brace, not those of braces within."""
    options, depth, begun, at = [], 0, 0, 0
    while at < len(inside):
        letter = inside[at]
        if letter == "\\":
            at += 1
        elif letter == "{":
            depth += 1
        elif letter == "}":
            depth -= 1
        elif letter == "|" and depth == 0:
            options.append(inside[begun:at])
            begun = at + 1
        at += 1
    return [*options, inside[begun:]]

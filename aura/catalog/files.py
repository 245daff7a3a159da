"""Which files of a repository are needed: those that are loaded, and nothing else.

Repositories hold the same weights many times over: in full and half precision, as pickles,
for other programs. Of a pipeline the parts that its index names are taken, as safetensors,
in half precision where there is one.
"""

from __future__ import annotations

from collections.abc import Iterator
from fnmatch import fnmatchcase
from typing import Any

from aura.catalog import complete
from aura.catalog.remote import RemoteFile

INDEX = "model_index.json"
SMALL = (".json", ".txt", ".model")  # configurations and words, not weights
WORDS_MAX = 64 * 2**20  # bytes of the largest file that is no weights


def needed(
    files: tuple[RemoteFile, ...], index: dict[str, Any] | None, patterns: tuple[str, ...] = ()
) -> tuple[RemoteFile, ...]:
    """In the order to fetch them: small ones first, so that what is wrong shows early.

    ``index`` is what the repository's ``model_index.json`` says, if it has one; ``patterns``
    name the files of models in no layout of their own.
    """
    if patterns:
        found = [file for file in files if any(fnmatchcase(file.path, one) for one in patterns)]
    elif index is not None:
        parts = [part for name in complete.components(index) for part in _part(files, name + "/")]
        found = [*_named(files, INDEX), *parts]
    else:
        found = list(_part(files, ""))
    return tuple(sorted(set(found), key=lambda file: (file.size, file.path)))


def _part(files: tuple[RemoteFile, ...], prefix: str) -> Iterator[RemoteFile]:
    """Configuration, words and one set of weights of the part whose folder is ``prefix``."""
    inside = [
        file
        for file in files
        if file.path.startswith(prefix) and "/" not in file.path.removeprefix(prefix)
    ]
    for file in inside:
        index = ".index." in file.path
        if file.path.endswith(SMALL) and not index and file.size <= WORDS_MAX:
            yield file
    yield from _weights(tuple(inside), prefix)


def _weights(inside: tuple[RemoteFile, ...], prefix: str) -> Iterator[RemoteFile]:
    for stem in complete.STEMS:
        for half in (f".{complete.HALF}", ""):
            shards = f"{prefix}{stem}{half}-?????-of-?????.safetensors"
            index = f"{prefix}{stem}.safetensors.index{half}.json"
            found = [*_named(inside, f"{prefix}{stem}{half}.safetensors")]
            if not found and _named(inside, index):
                found = [*_named(inside, index), *_named(inside, shards)]
            if found:
                yield from found
                return


def _named(files: tuple[RemoteFile, ...], pattern: str) -> list[RemoteFile]:
    return [file for file in files if fnmatchcase(file.path, pattern)]

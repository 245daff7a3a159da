"""Packages that help but must never be the reason that something fails."""

from __future__ import annotations

import importlib
import logging
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from importlib.util import find_spec
from types import ModuleType
from typing import cast

# Of these, libraries import what is installed without being asked; a build of them that does
# not fit this torch would warn at every start, or stop the import of the library itself.
IMPOSED = ("xformers.ops",)

# What libraries load on the mere sight of it, though Aura calls it itself where it needs it:
# two seconds of every start of an engine.
CURIOSITIES = ("bitsandbytes", "torchao")

log = logging.getLogger(__name__)


@contextmanager
def unseen(names: tuple[str, ...] = CURIOSITIES) -> Iterator[None]:
    """While it lasts, these look as if they were not installed. Loaded ones stay as they are."""
    hidden = [name for name in names if name not in sys.modules]
    sys.modules.update(dict.fromkeys(hidden, cast(ModuleType, None)))
    try:
        yield
    finally:
        for name in hidden:
            del sys.modules[name]


@contextmanager
def standing_in(name: str, *attributes: str) -> Iterator[None]:
    """While it lasts, a module that is not installed can be imported, and these from it.

    Each is None: enough for a package that imports what only parts of it use that Aura never
    calls. Where the module is installed, nothing is changed.
    """
    if find_spec(name.partition(".")[0]) is not None:
        yield
        return
    sys.modules[name] = ModuleType(name)
    vars(sys.modules[name]).update(dict.fromkeys(attributes))
    try:
        yield
    finally:
        del sys.modules[name]


def settle(names: tuple[str, ...] = IMPOSED) -> tuple[str, ...]:
    """Make those that do not load here look as if they were not installed; returns which.

    To be called once, before the libraries that would import them.
    """
    return tuple(name for name in names if not _loads(name))


def _loads(name: str) -> bool:
    top = name.partition(".")[0]
    talkative = logging.getLogger(top)
    level = talkative.level
    talkative.setLevel(logging.CRITICAL)
    try:
        importlib.import_module(name)
        usable = _has_kernels(sys.modules[top])
    except ModuleNotFoundError as missing:
        if missing.name == top:  # simply not installed
            return True
        usable = False
    except Exception:  # noqa: BLE001 a build for another torch fails in many ways
        usable = False
    finally:
        talkative.setLevel(level)
    if not usable:
        log.info("%s is installed but cannot be used here", top)
        _hide(top)
    return usable


def _has_kernels(package: ModuleType) -> bool:
    """Whether its compiled part loaded, where it tells."""
    library = sys.modules.get(f"{package.__name__}._cpp_lib")
    return library is None or getattr(library, "_cpp_library_load_exception", None) is None


def _hide(top: str) -> None:
    """From here on the package is not found, as if it were not there."""
    for name in [name for name in sys.modules if name == top or name.startswith(f"{top}.")]:
        del sys.modules[name]
    sys.modules[top] = cast(ModuleType, None)

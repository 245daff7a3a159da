"""Packages that are absent, and what stands in for them meanwhile."""

from __future__ import annotations

import importlib
import json
import sys
from importlib.util import find_spec

import pytest

from aura import extras


def test_what_stands_in_for_a_module_is_there_only_meanwhile():
    with extras.standing_in("absent.inner", "one", "two"):
        module = importlib.import_module("absent.inner")
        assert module.one is None and module.two is None
        assert find_spec("absent") is None, "nobody else may take it for installed"
    assert "absent.inner" not in sys.modules
    with pytest.raises(ModuleNotFoundError):
        importlib.import_module("absent.inner")


def test_it_is_gone_after_an_import_that_failed_too():
    with pytest.raises(ImportError), extras.standing_in("absent.inner"):
        raise ImportError
    assert "absent.inner" not in sys.modules


def test_nothing_stands_in_for_what_is_installed():
    with extras.standing_in("json.decoder", "JSONDecoder"):
        assert importlib.import_module("json.decoder").JSONDecoder is json.JSONDecoder
    assert "json.decoder" in sys.modules

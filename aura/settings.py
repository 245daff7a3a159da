"""The settings of one run, read once and frozen.

Later wins: built-in values, ``settings.toml`` in the data folder, ``AURA_*`` variables,
command-line options. Reading starts nothing and makes no folder.
"""

from __future__ import annotations

import os
import re
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Literal

from pydantic import Field, ValidationError, field_validator

from aura.errors import BadRequest
from aura.requests import Plain

if sys.version_info >= (3, 11):
    import tomllib
else:
    import tomli as tomllib

APP_DIR = Path(__file__).resolve().parent.parent
UNITS = {"": 2**30, "B": 1, "K": 2**10, "M": 2**20, "G": 2**30, "T": 2**40}


class Settings(Plain):
    """Paths are absolute; limits are bytes or ``None`` for no limit."""

    app_dir: Path = APP_DIR
    data_dir: Path = APP_DIR / "data"
    models_dirs: tuple[Path, ...] = ()
    listen: bool = False  # serve the local network, with a password
    port: int | None = Field(default=None, ge=0, le=65535)  # None: the first free from 7860
    share: bool = False
    password: str | None = Field(default=None, min_length=1)
    offline: bool = False
    browser: bool = True
    vram_limit: int | None = Field(default=None, gt=0)
    memory_limit: int | None = Field(default=None, gt=0)
    idle_release: float = Field(default=600.0, ge=0, allow_inf_nan=False)  # seconds; 0: models stay
    compile: bool = False  # build kernels for this machine where that works; slow at first
    lang: Literal["auto", "en", "es"] = "auto"
    device: Literal["auto", "cuda", "mps", "cpu"] = "auto"

    @field_validator("vram_limit", "memory_limit", mode="before")
    @classmethod
    def _size(cls, value: Any) -> Any:
        return parse_size(value) if isinstance(value, str) else value

    @field_validator("data_dir", mode="before")
    @classmethod
    def _absolute(cls, value: Any) -> Path:
        return Path(value).expanduser().resolve()

    @field_validator("models_dirs", mode="before")
    @classmethod
    def _absolutes(cls, value: Any) -> tuple[Path, ...]:
        parts = value.split(os.pathsep) if isinstance(value, str) else value
        return tuple(Path(part).expanduser().resolve() for part in parts if str(part))


def parse_size(text: str) -> int:
    """Bytes in ``4GiB``, ``4 GB``, ``512M`` or ``4`` (gibibytes). Raises ValueError."""
    match = re.fullmatch(r"\s*(\d+(?:[.,]\d+)?)\s*([KMGTB]?)(?:i?B)?\s*", text, re.IGNORECASE)
    if not match:
        raise ValueError(f"{text!r} is not a size such as 4GiB")
    return int(float(match[1].replace(",", ".")) * UNITS[match[2].upper()])


def read(
    options: Mapping[str, Any] | None = None, environ: Mapping[str, str] | None = None
) -> Settings:
    """Settings from the four sources. Raises BadRequest."""
    return checked(merged(options, environ))


def merged(
    options: Mapping[str, Any] | None = None, environ: Mapping[str, str] | None = None
) -> dict[str, Any]:
    """The four sources as they were written. Options that are ``None`` were not given.

    Raises BadRequest for a settings file that is no TOML.
    """
    given = {name: value for name, value in (options or {}).items() if value is not None}
    variables = _from_environment(os.environ if environ is None else environ)
    data_dir = given.get("data_dir") or variables.get("data_dir") or APP_DIR / "data"
    return _from_file(Path(data_dir).expanduser() / "settings.toml") | variables | given


def checked(values: Mapping[str, Any]) -> Settings:
    """Raises BadRequest with the first value that cannot be."""
    try:
        return Settings(**values)
    except ValidationError as invalid:
        field = str(next(iter(invalid.errors()[0]["loc"]), "settings"))
        raise BadRequest(field=field, problem=f"error.problem.{_kind(field)}") from None


def _kind(field: str) -> str:
    """Which sentence says what is allowed there."""
    if field not in Settings.model_fields:
        return "unknown_setting"
    if field.endswith("_limit"):
        return "limit"
    return "switch" if Settings.model_fields[field].annotation is bool else field


def _from_environment(environ: Mapping[str, str]) -> dict[str, str]:
    names = {f"AURA_{field.upper()}": field for field in Settings.model_fields}
    return {names[name]: value for name, value in environ.items() if name in names and value}


def _from_file(path: Path) -> dict[str, Any]:
    if not path.is_file():
        return {}
    try:
        return tomllib.loads(path.read_text(encoding="utf-8"))
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as bad:
        raise BadRequest(field=str(path), problem="error.problem.toml") from bad

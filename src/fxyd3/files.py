"""Small files: written whole or not at all, read with one sentence for what is wrong."""

import json
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from fxyd3.errors import InputError


@contextmanager
def replacing(path: Path) -> Iterator[Path]:
    """Give a temporary name beside ``path``; it takes the place of ``path`` only if the block succeeds."""
    path.parent.mkdir(parents=True, exist_ok=True)
    partial = path.with_name(f".{os.getpid()}.{path.name}")
    try:
        yield partial
        partial.replace(path)
    finally:
        partial.unlink(missing_ok=True)


def write_json(path: Path, content: object) -> None:
    """Write JSON, indented, whole or not at all; numpy scalars become plain numbers."""
    text = json.dumps(content, indent=1, ensure_ascii=False, allow_nan=False, default=lambda scalar: scalar.item())
    with replacing(path) as partial:
        partial.write_text(text + "\n", encoding="utf-8")


def read_json(path: Path) -> dict[str, Any]:
    """Read a JSON object; an absent or broken file is an empty one, so that a killed run can go on."""
    try:
        content = json.loads(path.read_text(encoding="utf-8"))
    except (FileNotFoundError, json.JSONDecodeError):
        return {}
    return content if isinstance(content, dict) else {}


def read_yaml(path: Path, *, what: str) -> dict[str, Any]:
    """Read a YAML file of ``name: value`` lines.

    Parameters
    ----------
    path
        The file.
    what
        What it is, for the message, such as ``"claims file"``.

    Raises
    ------
    InputError
        When it cannot be read, is not YAML (the line is named), or does not hold names and values.
    """
    import yaml

    try:
        content = yaml.safe_load(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise InputError(f"The {what} {path} cannot be read ({error.strerror}).") from None
    except (yaml.YAMLError, UnicodeDecodeError) as error:
        mark = getattr(error, "problem_mark", None)
        raise InputError(f"The {what} {path} is not YAML{f' (line {mark.line + 1})' if mark else ''}.") from None
    if not isinstance(content, dict):
        raise InputError(f"The {what} {path} must hold lines of the form `name: value`.")
    return {str(name): value for name, value in content.items()}

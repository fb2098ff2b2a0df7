"""Small files: written whole or not at all, read with one sentence for what is wrong."""

import json
import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

from fxyd3.errors import InputError

if TYPE_CHECKING:
    from pydantic import BaseModel

Model = TypeVar("Model", bound="BaseModel")


@contextmanager
def replacing(path: Path) -> Iterator[Path]:
    """Give a temporary name beside ``path`` (a file or a folder); it takes its place only if the block succeeds."""
    path.parent.mkdir(parents=True, exist_ok=True)
    partial = path.with_name(f".{os.getpid()}.{path.name}")
    try:
        yield partial
        if partial.is_dir() and path.is_dir():
            shutil.rmtree(path)
        partial.replace(path)
    finally:
        if partial.is_dir():
            shutil.rmtree(partial)
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


def read_entries(path: Path, model: "type[Model]", *, what: str, key: str) -> "dict[str, Model]":
    """Read a YAML file of named entries, each checked by a pydantic model.

    Parameters
    ----------
    path
        The file: names, and under each the fields of the entry.
    model
        What an entry is.
    what
        What the file is, for the message, such as ``"claims file"``.
    key
        The field of the model that takes the entry's name.

    Raises
    ------
    InputError
        As for :func:`read_yaml`, and when an entry does not fit the model; the entry and the field are named.
    """
    from pydantic import TypeAdapter, ValidationError

    content = read_yaml(path, what=what)
    for name, entry in content.items():
        if not isinstance(entry, dict):
            raise InputError(
                f"The {what} {path} must hold entries of the form `NAME: {{field: value}}`, unlike '{name}'."
            )
    try:
        named = {name: entry | {key: name} for name, entry in content.items()}
        return TypeAdapter(dict[str, model]).validate_python(named)  # type: ignore[valid-type]
    except ValidationError as error:
        first = error.errors()[0]
        where = ".".join(map(str, first["loc"]))
        raise InputError(f"The {what} {path} has a broken entry, {where}: {first['msg']}.") from None

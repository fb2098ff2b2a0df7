"""Docstrings and signatures on their way into the reference: as the package writes them, and as numpydoc reads them."""

import inspect
import re
from dataclasses import is_dataclass
from itertools import groupby
from typing import TYPE_CHECKING, Any, cast, get_type_hints

from fxyd3.pages.reference import PACKAGES, homes, read_annotations

if TYPE_CHECKING:
    from collections.abc import Callable

    from sphinx.application import Sphinx

ASIDE = "When not to use"
SPELLED_OUT = re.compile(
    r"~numpy\.ndarray\[tuple\[~?(?:typing\.Any|int), \.\.\.\], ~numpy\.dtype\[([^\[\]]*(?:\[[^\[\]]*\])?)\]\]"
)


def prepare(app: "Sphinx", what: str, name: str, thing: object, options: object, lines: list[str]) -> None:
    """Bring a docstring into the form that numpydoc knows, before it reads it.

    Public names in backquotes become references. A value that is told in prose alone gets its type, from the
    signature. The section "When not to use" is kept apart: numpydoc knows only the sections of its own list.
    """
    lines[:] = [re.sub(r"(?<![`:])`(fxyd3\.[\w.]+)`(?!`)", linked, line) for line in lines]
    if found := section(lines, "Returns"):
        first, *more = lines[found]
        if not more or not more[0].startswith(" "):
            lines[found] = [returned(thing), *(f"    {line}".rstrip() for line in (first, *more))]
    app.env.temp_data[f"aside {name}"] = [*cut(lines, ASIDE), *noted(lines)]


def cut(lines: list[str], title: str) -> list[str]:
    """Take a section out of a docstring and return its text."""
    found = section(lines, title)
    text = lines[found] if found else []
    if found:
        del lines[found.start - 2 : found.stop]
    return text


def noted(lines: list[str]) -> list[str]:
    """Take the paragraphs that say when not to use a thing out of the notes of a docstring, and return them."""
    paragraphs = [list(each) for filled, each in groupby(cut(lines, "Notes"), key=bool) if filled]
    asides = [each for each in paragraphs if each[0].startswith(f"{ASIDE}: ")]
    if rest := [line for each in paragraphs if each not in asides for line in (*each, "")]:
        lines += ["", "Notes", "-----", *rest]
    first = [each[0].removeprefix(f"{ASIDE}: ") for each in asides]
    return [line for told, each in zip(first, asides, strict=True) for line in (told[:1].upper() + told[1:], *each[1:])]


def section(lines: list[str], title: str) -> slice | None:
    """Return where the text below a title stands in a docstring; None where there is no such title."""
    starts = [i for i in range(len(lines) - 1) if lines[i] and set(lines[i + 1]) == {"-"}]
    place = next((n for n, i in enumerate(starts) if lines[i] == title), None)
    return None if place is None else slice(starts[place] + 2, [*starts, len(lines)][place + 1])


def returned(thing: Any) -> str:
    """Return the type that a function or property gives, in words that numpydoc links."""
    from sphinx.util.typing import stringify_annotation

    function = getattr(thing, "fget", thing)
    read_annotations(function.__module__)
    try:
        made = get_type_hints(function).get("return")
    except TypeError:  # one that only type checkers can read, such as a Series of float
        made = function.__annotations__["return"]
    return re.sub(r"~?\b(?:\w+\.)+(?=\w)", "", shortened(stringify_annotation(made, "smart")) or "")


def linked(found: re.Match[str]) -> str:
    """Return the reference to a public name that stands in backquotes; other names stay as they are."""
    package, _, name = found[1].rpartition(".")
    known = package.removeprefix("fxyd3.") in PACKAGES and name in homes(package)
    return f":py:obj:`{found[1]}`" if known else found[0]


def put_back(app: "Sphinx", what: str, name: str, thing: object, options: object, lines: list[str]) -> None:
    """Put the section back where numpydoc has written the others: before references and examples."""
    aside = app.env.temp_data.pop(f"aside {name}", [])
    if not aside:
        return
    after = [".. rubric:: References", ".. rubric:: Examples", ".."]
    place = next((i for i, line in enumerate(lines) if line in after), len(lines))
    lines[place:place] = [f".. rubric:: {ASIDE}", "", *aside, ""]


def signature(
    app: "Sphinx", what: str, name: str, thing: Any, options: object, given: str | None, returns: str | None
) -> tuple[str | None, str | None]:
    """Return the signature: of a data class without its private fields, of other classes only where it is their own."""
    from sphinx.util.inspect import signature as whole_signature
    from sphinx.util.inspect import stringify_signature

    if what in ("class", "exception"):
        returns = None
        if is_dataclass(thing):
            whole = whole_signature(cast("Callable[..., Any]", thing))
            shown = [each for each in whole.parameters.values() if not each.name.startswith("_")]
            shorter = whole.replace(parameters=shown, return_annotation=whole.empty)
            given = stringify_signature(shorter, unqualified_typehints=True)
        elif getattr(thing, "_is_protocol", False) or not inspect.isfunction(vars(thing).get("__init__")):
            given = ""
    return shortened(given), shortened(returns)


def shortened(text: str | None) -> str | None:
    """Return a signature with the names of array types in place of what they are made of, and no maker of a default."""
    from numpy.typing import ArrayLike
    from sphinx.util.typing import stringify_annotation

    if not text:
        return text
    text = text.replace(stringify_annotation(ArrayLike, "smart"), "~numpy.typing.ArrayLike").replace("<factory>", "...")
    return SPELLED_OUT.sub(r"~numpy.typing.NDArray[\1]", text)

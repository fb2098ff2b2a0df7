"""What the reference shows is true: every public function has an example, and every example gives what it says."""

import doctest
import inspect
from collections.abc import Iterator
from importlib import import_module
from pathlib import Path

import pytest

from fxyd3.pages.reference import PACKAGES, homes

FLAGS = doctest.ELLIPSIS | doctest.NORMALIZE_WHITESPACE


def public() -> Iterator[tuple[str, object]]:
    for package in PACKAGES:
        module = import_module(f"fxyd3.{package}")
        yield from ((f"{package}.{name}", getattr(module, name)) for name in homes(f"fxyd3.{package}"))


SHOWN = {name: thing for name, thing in public() if inspect.isfunction(thing) or inspect.isclass(thing)}
FUNCTIONS = [name for name, thing in SHOWN.items() if inspect.isfunction(thing)]
WITH_EXAMPLES = [name for name, thing in SHOWN.items() if ">>>" in (inspect.getdoc(thing) or "")]


@pytest.fixture(autouse=True)
def aside(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Away from the book's folder, and without a screen."""
    import matplotlib as mpl
    import matplotlib.pyplot as plt

    monkeypatch.chdir(tmp_path)
    mpl.use("agg")
    yield
    plt.close("all")


def test_every_public_function_has_an_example() -> None:
    assert len(FUNCTIONS) > 200
    assert not set(FUNCTIONS) - set(WITH_EXAMPLES)


@pytest.mark.parametrize("name", FUNCTIONS)
def test_parameters_are_told_by_their_names(name: str) -> None:
    """Each parameter that the signature names is described, and none that it does not."""
    text = inspect.getdoc(SHOWN[name]) or ""
    if "Parameters\n-" not in text:
        return
    section = text.split("Parameters\n")[1].split("\n", 1)[1]
    lines = section.split("\n")
    told: set[str] = set()
    for line, after in zip(lines, [*lines[1:], ""], strict=True):
        if set(after.strip()) == {"-"}:
            break
        if line and not line.startswith(" "):
            told |= {part.strip().lstrip("*") for part in line.partition(" : ")[0].split(",")}
    assert told <= set(inspect.signature(SHOWN[name]).parameters)


@pytest.mark.parametrize("name", WITH_EXAMPLES)
def test_the_example_gives_what_it_says(name: str) -> None:
    """As a reader would run it: nothing is there but what the example itself imports."""
    test = doctest.DocTestParser().get_doctest(inspect.getdoc(SHOWN[name]) or "", {}, name, None, 0)
    said: list[str] = []
    doctest.DocTestRunner(optionflags=FLAGS).run(test, out=said.append)
    assert not said, "".join(said)

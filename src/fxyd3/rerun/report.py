"""The book of a run: its executed chapters among the book's own pages, built with Jupyter Book, strictly."""

import os
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

from fxyd3.files import read_json
from fxyd3.paths import book_root
from fxyd3.rerun.provenance import digest

SOURCES = ("_config.yml", "_toc.yml", "references.bib")
FOLDERS = ("chapters", "_static")


def book_files() -> list[Path]:
    """Return the book's sources, without the notebooks: those come from the run."""
    found = (p for folder in FOLDERS for p in (book_root() / folder).rglob("*"))
    pages = [p for p in found if p.is_file() and p.suffix != ".ipynb" and not hidden(p, book_root())]
    return [*(book_root() / name for name in SOURCES), *pages]


def hidden(path: Path, base: Path) -> bool:
    """Return whether a path lies in a hidden or built folder below ``base``."""
    return any(part.startswith(".") or part == "_build" for part in path.relative_to(base).parts)


def book_hash() -> str:
    """Return one hash for all book sources but the notebooks."""
    return digest(book_files(), base=book_root())


def assemble(out: Path) -> Path:
    """Lay out the book's sources and this run's pages in ``out/book``, from nothing; returns that folder."""
    book = out / "book"
    shutil.rmtree(book, ignore_errors=True)
    for source in book_files():
        target = book / source.relative_to(book_root())
        target.parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(source, target)
    for notebook in sorted((out / "notebooks").rglob("[!.]*.ipynb")):
        shutil.copyfile(notebook, book / "chapters" / notebook.relative_to(out / "notebooks"))
    about = read_json(out / "stages" / "study.json")["about"]
    (book / "chapters" / "this-run.txt").write_text(this_run(about), encoding="utf-8")
    return book


def this_run(about: dict[str, Any]) -> str:
    """Return the notice on the front page that says which data this book shows."""
    if about["simulated"]:
        return (
            ":::{admonition} This copy of the book shows simulated data\n:class: warning\n"
            "Every number and figure in the chapters comes from **the twin**, a simulated cohort whose truth we\n"
            "planted. "
            "It shows how each claim is tested. It is no evidence about any person or tumour.\n:::\n"
        )
    chosen = f" The cells were chosen with `{about['select']}`." if about["select"] else ""
    return (
        ":::{admonition} This copy of the book is a rerun on measured data\n:class: note\n"
        f"Every number and figure in the chapters comes from **{about['source']}**\n"
        f"({about['cells']:,} cells, {about['genes']:,} genes).{chosen}\n:::\n"
    )


def build(out: Path) -> dict[str, Any]:
    """Build the HTML of a run from a clean folder; returns what went wrong, or nothing.

    Warnings are errors, unless a chapter has failed: its missing sections leave dangling references.
    """
    book = assemble(out)
    states = (read_json(path) for path in (out / "status").rglob("*.json"))
    whole = not any(status.get("state") == "failed" for status in states if status.get("step") != "book")
    strict = ["-W", "-n", "--keep-going"] if whole else []
    command = [sys.executable, "-c", "from jupyter_book.cli.main import main; main()", "build", str(book), *strict]
    environment = os.environ | {"PYTHONWARNINGS": "ignore", "NO_COLOR": "1"}
    done = subprocess.run(command, env=environment, check=False)  # noqa: S603
    if done.returncode:
        return {"message": "the pages could not be built; logs/book.log says which one and why"}
    return {}


def html(out: Path) -> Path:
    """Return the front page of a run's book."""
    return out / "book" / "_build" / "html" / "index.html"

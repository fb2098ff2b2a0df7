"""The book of a run: its executed chapters among the book's own pages, built with Jupyter Book, strictly."""

import os
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

from fxyd3 import claims
from fxyd3.files import read_json
from fxyd3.paths import book_root
from fxyd3.rerun.chapters import GALLERY, claim_links
from fxyd3.rerun.provenance import digest

SOURCES = ("_config.yml", "_toc.yml", "references.bib", "CHANGELOG.md")
FOLDERS = ("chapters", "_static")


def book_files() -> list[Path]:
    """Return the book's sources: all but the notebooks that come from the run; those of the gallery stay."""
    found = (p for folder in FOLDERS for p in (book_root() / folder).rglob("*"))
    kept = (p for p in found if p.suffix != ".ipynb" or p.parent.name == GALLERY)
    pages = [p for p in kept if p.is_file() and not hidden(p, book_root())]
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
    if (out / "figures").is_dir():
        shutil.copytree(out / "figures", book / "figures")
    about = read_json(out / "stages" / "study.json")["about"]
    tables = read_json(out / "plan.json").get("tables", {})
    (book / "chapters" / "this-run.txt").write_text(this_run(about, tables), encoding="utf-8")
    glance = claims.Scorecard({"this run": claims.ledger(out / "evidence")}, claim_links()).at_a_glance()
    (book / "chapters" / "this-run-claims.txt").write_text(glance, encoding="utf-8")
    return book


def this_run(about: dict[str, Any], tables: dict[str, Any]) -> str:
    """Return the notice on the front page that says which data this book shows: cells, and own assay tables."""
    chosen = f", the cells with `{about['select']}`" if about["select"] else ""
    cells = f"**{about['source']}** ({about['cells']:,} cells, {about['genes']:,} genes){chosen}"
    parts = [(about["simulated"], cells)] if about["cells"] else []
    parts += [(t["simulated"], f"**{t['source']}** ({t['what']}, {t['rows']:,} rows)") for t in tables.values()]
    simulated, measured = ([what for is_so, what in parts if is_so is kind] for kind in (True, False))
    if not measured:
        return (
            ":::{admonition} This copy of the book shows simulated data\n:class: warning\n"
            "What the chapters find comes from **the twin**, a simulated cohort whose truth we\n"
            "planted. "
            "It shows how each claim is tested. It is no evidence about any person or tumour.\n:::\n"
        )
    if simulated:
        return (
            ":::{admonition} This copy of the book shows measured and simulated data\n:class: warning\n"
            f"Measured: {' and '.join(measured)}.\n"
            f"**Simulated**: {' and '.join(simulated)}. What is simulated is no evidence about any person or tumour.\n"
            "Each figure and each verdict says which of them it rests on.\n:::\n"
        )
    without = "" if about["cells"] else " No cells were given, so the chapters about cells were left out."
    return (
        ":::{admonition} This copy of the book is a rerun on measured data\n:class: note\n"
        f"What the chapters find comes from {' and '.join(measured)}.{without}\n:::\n"
    )


def build(out: Path) -> dict[str, Any]:
    """Build the HTML of a run from a clean folder; returns what went wrong, or nothing.

    Warnings are errors, unless a chapter has failed or was left out: its missing sections leave dangling references.
    """
    book = assemble(out)
    states = (read_json(path) for path in (out / "status").rglob("*.json"))
    whole = all(status.get("state") == "done" for status in states if status.get("step") != "book")
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

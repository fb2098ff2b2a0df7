"""Where the book's own files are: in a checkout, or in the installed wheel."""

import os
from pathlib import Path

from fxyd3.errors import InputError


def book_root() -> Path:
    """Return the folder that holds ``_config.yml``, ``_toc.yml``, ``chapters/`` and ``data/``."""
    package = Path(__file__).resolve().parent
    checkout = package.parents[1]
    return checkout if (checkout / "_toc.yml").is_file() else package / "_book"


def book_file(*parts: str) -> Path:
    """Return the path of one of the book's own files, such as ``book_file("data", "claims.yml")``."""
    return book_root().joinpath(*parts)


def runs_root() -> Path:
    """Return the folder in which runs are kept unless one is named: ``$FXYD3_RUNS``, else ``runs/``.

    In a checkout that is the checkout's own ``runs/``; from an installed package, the one of the current folder.
    """
    named = os.environ.get("FXYD3_RUNS")
    if named:
        return Path(named).resolve()
    root = book_root()
    return (root if root.name != "_book" else Path.cwd()) / "runs"


def public_file(name: str) -> Path:
    """Return the path of a public data file that does not travel with the book.

    The pages of the gallery were computed from such files. They lie in the folder that ``FXYD3_DATA_DIR`` names, else
    beside the checkout.

    Raises
    ------
    InputError
        When the file is not there.
    """
    folder = Path(os.environ.get("FXYD3_DATA_DIR", book_root().parent / "shared" / "data"))
    if not (folder / name).is_file():
        raise InputError(
            f"The public file {name} is not here: put it into a folder and name that in FXYD3_DATA_DIR; the page says "
            "where the file comes from."
        )
    return folder / name

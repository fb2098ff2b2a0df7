"""What a run was made with: versions, code and input."""

import hashlib
import platform
import sys
from collections.abc import Iterable
from functools import cache
from importlib import metadata
from pathlib import Path

from fxyd3 import __version__
from fxyd3.paths import book_file, book_root

PACKAGES = ("anndata", "faiss-cpu", "flowio", "flowutils", "harmonypy", "igraph", "jupyter-book", "lifelines",
            "matplotlib", "numpy", "pandas", "papermill", "scanpy", "scikit-learn", "scikit-survival", "scipy",
            "snakemake", "umap-learn")  # fmt: skip


def versions() -> dict[str, str]:
    """Return the versions of Python, of this package and of the packages that results depend on."""
    return {"python": platform.python_version(), "fxyd3": __version__} | {p: metadata.version(p) for p in PACKAGES}


def digest(files: Iterable[Path], *, base: Path) -> str:
    """Return the sha256 of the names (from ``base``) and contents of files, in sorted order."""
    found = hashlib.sha256()
    for path in sorted(files):
        found.update(path.relative_to(base).as_posix().encode() + b"\0" + path.read_bytes() + b"\0")
    return found.hexdigest()


@cache
def code_hash() -> str:
    """Return one hash for the package's code and the book's own data: results made by other code are made again."""
    package = Path(__file__).resolve().parents[1]
    code = digest((p for p in package.rglob("*.py") if "_book" not in p.parts), base=package)
    data = digest((p for p in book_file("data").rglob("*") if p.is_file()), base=book_root())
    return hashlib.sha256(f"{code}{data}".encode()).hexdigest()


def machine() -> dict[str, str]:
    """Return what of the machine can matter for a result or its speed; nothing that names it."""
    return {"system": platform.system(), "architecture": platform.machine(), "implementation": sys.implementation.name}

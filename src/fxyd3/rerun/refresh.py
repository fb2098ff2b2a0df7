"""Run the committed chapters again on the twin and keep their outputs: ``python -m fxyd3.rerun.refresh [PAGE ...]``.

The notebook stays the source: only outputs and execution counts change, and what differs on every run is left out.
Pages of the gallery are executed only when they are named, such as ``gallery/clonogenic``: they need public files.
"""

import os
import sys
from pathlib import Path

from fxyd3.files import replacing
from fxyd3.paths import book_file
from fxyd3.rerun.chapters import CHAPTERS


def refresh(notebook: Path) -> None:
    """Execute a notebook in place; it is left as it was if a cell fails."""
    import nbformat
    from nbclient import NotebookClient

    book = nbformat.read(notebook, as_version=4)
    NotebookClient(
        book, timeout=900, kernel_name="python3", resources={"metadata": {"path": notebook.parent}}
    ).execute()
    for cell in book.cells:
        cell.metadata.pop("execution", None)
    book.metadata = nbformat.from_dict(
        {
            "kernelspec": {"display_name": "Python 3", "language": "python", "name": "python3"},
            "language_info": {"name": "python", "pygments_lexer": "ipython3"},
        }
    )
    with replacing(notebook) as partial:
        nbformat.write(book, partial)


if __name__ == "__main__":
    os.environ.pop("FXYD3_OUT", None)
    for page in sys.argv[1:] or [chapter.page for chapter in CHAPTERS.values()]:
        refresh(book_file("chapters", f"{page}.ipynb"))
        print(f"{page}: executed")

"""Links under figures: to files that are there, of the very picture that the page shows."""

import base64
import hashlib
import io
from pathlib import Path

import nbformat
import pandas as pd
import pytest
from bs4 import BeautifulSoup

from fxyd3.paths import book_root

GALLERY = book_root() / "chapters" / "gallery"


@pytest.mark.book
@pytest.mark.slow
def test_every_figure_of_the_book_can_be_taken_away(published: Path) -> None:
    built = published / "book" / "_build" / "html"
    seen, drawings = 0, []
    for page in sorted((built / "chapters").glob("0*.html")):
        for figure in BeautifulSoup(page.read_text(encoding="utf-8"), "html.parser").find_all("figure"):
            if not figure.find("img"):
                continue
            links = {a.text: a["href"] for a in figure.select("p.figure-files > a")}
            assert {"SVG", "PNG"} <= set(links) <= {"SVG", "PNG", "CSV"}, (page.name, figure.get("id"))
            files = {kind: (page.parent / link).resolve() for kind, link in links.items()}
            assert all(path.is_file() and path.is_relative_to(built) for path in files.values())
            assert files["SVG"].read_text(encoding="utf-8").lstrip().startswith("<?xml")
            if "CSV" in files:
                assert len(pd.read_csv(io.StringIO(files["CSV"].read_text(encoding="utf-8"))))
                seen += 1
            else:
                drawings.append(page.stem)
    assert seen > 40
    assert drawings == ["01-background"]  # what a stem cell is: nothing in it was counted


def test_the_gallery_keeps_the_files_of_the_pictures_that_it_shows_and_no_others() -> None:
    shown = set()
    for path in GALLERY.glob("*.ipynb"):
        for cell in nbformat.read(path, as_version=4).cells:
            for output in cell.get("outputs", []):
                if picture := output.get("data", {}).get("image/png"):
                    shown.add(hashlib.sha256(base64.b64decode(picture)).hexdigest())
    kept = {path.stem for path in (GALLERY / "figures").iterdir() if path.suffix in (".svg", ".csv")}
    assert kept == shown

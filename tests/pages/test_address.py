"""A book that knows its address tells it to other sites, and one that does not tells none."""

import os
import subprocess
import sys
from pathlib import Path
from xml.etree import ElementTree

import pytest
from bs4 import BeautifulSoup

from fxyd3.paths import book_file

pytestmark = [pytest.mark.book, pytest.mark.slow]
ADDRESS = "https://example.org/companion/"


def built(folder: Path, address: str) -> Path:
    """Build a book of three pages with the settings of this one."""
    (folder / "chapters" / "reference").mkdir(parents=True)
    (folder / "_static").symlink_to(book_file("_static"))
    for name in ("_config.yml", "references.bib"):
        (folder / name).write_bytes(Path(book_file(name)).read_bytes())
    (folder / "_toc.yml").write_text(
        "format: jb-book\nroot: chapters/index\n"
        "chapters:\n- file: chapters/other\n- file: chapters/reference/glossary\n"
    )
    (folder / "chapters" / "index.md").write_text("# First\n\nThe first page says what the book is about.\n")
    (folder / "chapters" / "other.md").write_text("# Other\n\nThe other page.\n")
    (folder / "chapters" / "reference" / "glossary.md").write_text(
        "# Glossary\n\n```{glossary}\nhazard\n  Events in a time.\n```\n"
    )
    command = [sys.executable, "-c", "from jupyter_book.cli.main import main; main()", "build", str(folder)]
    environment = {k: v for k, v in os.environ.items() if k != "FXYD3_BASEURL"}
    environment |= {"FXYD3_BASEURL": address} if address else {}
    done = subprocess.run(command, env=environment, capture_output=True, text=True, check=False, timeout=300)
    assert done.returncode == 0, done.stdout + done.stderr
    return folder / "_build" / "html"


def told(page: Path) -> dict[str, str]:
    """What a page tells other sites."""
    tags = BeautifulSoup(page.read_text(encoding="utf-8"), "html.parser").find_all("meta", property=True)
    return {tag["property"]: tag["content"] for tag in tags}


def test_with_an_address(tmp_path: Path) -> None:
    html = built(tmp_path / "book", ADDRESS)
    about = told(html / "chapters" / "other.html")
    assert about["og:url"] == f"{ADDRESS}chapters/other.html"
    assert about["og:image"].startswith(ADDRESS)
    assert (html / about["og:image"].removeprefix(ADDRESS)).is_file()
    found = {place.text for place in ElementTree.parse(html / "sitemap.xml").iter() if place.tag.endswith("}loc")}
    assert found == {f"{ADDRESS}chapters/{name}.html" for name in ("index", "other", "reference/glossary")}
    lost = BeautifulSoup((html / "404.html").read_text(encoding="utf-8"), "html.parser")
    assert lost.find("a", href="/companion/chapters/index.html")


def test_without_one(tmp_path: Path) -> None:
    html = built(tmp_path / "book", "")
    assert not {"og:url", "og:image"} & set(told(html / "chapters" / "other.html"))
    assert not (html / "sitemap.xml").exists()

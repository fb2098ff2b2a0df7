"""How to cite a page: the page, the book and the paper, in words and as BibTeX, from one file."""

from io import StringIO
from pathlib import Path

import pytest
import yaml
from bs4 import BeautifulSoup
from pybtex.database import BibliographyData, parse_file, parse_string
from sphinx.application import Sphinx
from tests.conftest import ROOT

from fxyd3 import __version__
from fxyd3.pages.cite import how_to_cite, linked

BOOK = yaml.safe_load((ROOT / "CITATION.cff").read_text(encoding="utf-8"))
PAPER = BOOK["preferred-citation"]
CITING = [*(f"0{number}" for number in range(1, 7)), "index"]


def parts(title: str, name: str) -> tuple[str, BibliographyData]:
    """The words and the BibTeX entries of a citation."""
    soup = BeautifulSoup(how_to_cite(title, name), "html.parser")
    block = soup.pre
    assert block is not None
    entries = parse_string(block.get_text(), "bibtex")
    return " ".join(each.get_text() for each in soup.select("div > p")), entries


def test_a_page_is_cited_as_a_part_of_the_book_and_the_paper_as_an_article() -> None:
    words, entries = parts("From cells to groups", "03-cells")
    assert "From cells to groups. In: " + BOOK["title"] in words
    assert PAPER["title"] in words
    ours, theirs = entries.entries["fxyd3-03-cells"], entries.entries["li2023fxyd3"]
    assert (ours.type, ours.fields["title"], ours.fields["booktitle"]) == (
        "incollection",
        "From cells to groups",
        BOOK["title"],
    )
    assert theirs.type == "article"
    assert theirs.fields["doi"] == PAPER["doi"]
    assert str(theirs.fields["volume"]) == str(PAPER["volume"])


def test_the_paper_is_cited_as_the_bibliography_has_it() -> None:
    theirs = parts("", "index")[1].entries["li2023fxyd3"]
    listed = parse_file(str(ROOT / "references.bib")).entries["li2023fxyd3"]
    assert theirs.persons == listed.persons
    for name in ("journal", "year", "volume", "number", "pages", "doi"):
        assert theirs.fields[name] == listed.fields[name]


def test_the_book_as_a_whole_is_cited_without_a_part() -> None:
    words, entries = parts("", "index")
    assert "In:" not in words
    ours = entries.entries["fxyd3-companion"]
    assert (ours.type, ours.fields["title"]) == ("book", BOOK["title"])


def test_a_title_that_asks_needs_no_full_stop() -> None:
    assert "there is one? In: " in parts("Who says there is one?", "x")[0]


def test_what_a_title_holds_cannot_become_a_tag() -> None:
    html = how_to_cite("<b>Bold</b> & more", "x")
    assert "<b>Bold" not in html
    assert "&lt;b&gt;Bold&lt;/b&gt; &amp; more" in html


def test_the_version_cited_is_that_of_the_program() -> None:
    assert BOOK["version"] == __version__
    assert f"version {__version__}" in how_to_cite("A page", "a")


@pytest.mark.parametrize("start", CITING)
def test_every_chapter_and_the_front_page_say_how_to_cite_them_once(start: str) -> None:
    (path,) = (each for each in (ROOT / "chapters").iterdir() if each.stem.startswith(start) and each.is_file())
    assert path.read_text(encoding="utf-8").count("```{how-to-cite}") == 1


def test_the_directive_takes_the_title_of_the_page_it_stands_on(tmp_path: Path) -> None:
    (tmp_path / "index.md").write_text("# The book\n\n```{toctree}\nchapters/a-page\n```\n\n```{how-to-cite}\n```\n")
    (tmp_path / "chapters").mkdir()
    (tmp_path / "chapters" / "a-page.md").write_text("# What *one* page says\n\n## Cite\n\n```{how-to-cite}\n```\n")
    said = StringIO()
    config = {"extensions": ["myst_parser", "fxyd3.pages.cite"]}
    app = Sphinx(tmp_path, None, tmp_path / "out", tmp_path / "trees", "html", config, status=None, warning=said)
    app.build()
    front, page = (
        BeautifulSoup((tmp_path / "out" / name).read_text(encoding="utf-8"), "html.parser").select(".how-to-cite")
        for name in ("index.html", "chapters/a-page.html")
    )
    assert [len(front), len(page)] == [1, 1]
    assert "This page: " in page[0].get_text()
    assert "What one page says. In: " in page[0].get_text()
    assert "@incollection{fxyd3-a-page," in page[0].get_text()
    assert "This book: " in front[0].get_text()
    assert "parallel" not in said.getvalue()


@pytest.mark.parametrize(
    ("said", "doi"),
    [
        ("Kim 2018, introduction (doi:10.1016/j.cell.2018.03.041)", "10.1016/j.cell.2018.03.041"),
        ("Yau 2022 (doi:10.1016/S1470-2045(21)00589-1)", "10.1016/S1470-2045(21)00589-1"),
        ("doi:10.1038/s41523-022-00502-1.", "10.1038/s41523-022-00502-1"),
    ],
)
def test_a_doi_in_a_table_leads_to_the_paper(said: str, doi: str) -> None:
    cell = BeautifulSoup(linked(f"<td>{said}</td>"), "html.parser").td
    assert cell is not None
    assert cell.get_text() == said
    assert [(link["href"], link.get_text()) for link in cell.select("a")] == [(f"https://doi.org/{doi}", f"doi:{doi}")]

"""The sources: each can be found, stands once, is cited; each paper that a page or the code names is among them."""

import re
from collections import Counter
from pathlib import Path

import nbformat
import pytest
from pybtex.database import Entry, parse_file
from tests.conftest import ROOT

CHAPTERS = ROOT / "chapters"
PAGES = sorted([*CHAPTERS.rglob("*.ipynb"), *CHAPTERS.rglob("*.md")])
CODE = sorted((ROOT / "src" / "fxyd3").rglob("*.py"))
ENTRIES: dict[str, Entry] = parse_file(str(ROOT / "references.bib")).entries
DOI = re.compile(r"10\.\d{4,9}/[^\s\"'`<>\[\]{}|,;]+")


def prose(path: Path) -> str:
    """The text of a page without its code and outputs."""
    if path.suffix == ".md":
        return path.read_text(encoding="utf-8")
    cells = nbformat.read(path, as_version=4).cells
    return "\n".join(cell.source for cell in cells if cell.cell_type == "markdown")


def dois(text: str) -> set[str]:
    """The DOIs in a text, in small letters, without the marks that close a sentence or a bracket."""
    found = set()
    for doi in DOI.findall(text.casefold()):
        while doi[-1] in ".:" or (doi[-1] == ")" and doi.count(")") > doi.count("(")):
            doi = doi[:-1]
        found.add(doi)
    return found


def cited(path: Path) -> set[str]:
    """The keys that a page cites, without the prefix that keeps its anchors apart from those of other pages."""
    text = prose(path)
    prefix = re.search(r"^:keyprefix: (\S+)$", text, re.MULTILINE)
    keys = {key.strip() for group in re.findall(r"\{cite:\w+\}`([^`]+)`", text) for key in group.split(",")}
    return {key.removeprefix(prefix[1]) if prefix else key for key in keys}


def address(entry: Entry) -> str:
    return str(entry.fields.get("doi", "")).casefold()


KNOWN = {address(entry) for entry in ENTRIES.values()}


@pytest.mark.parametrize("key", ENTRIES)
def test_a_source_says_what_it_is_and_where_it_is(key: str) -> None:
    entry = ENTRIES[key]
    assert entry.fields["title"].strip()
    assert re.fullmatch(r"1[89]\d\d|20\d\d", entry.fields["year"])
    assert entry.persons.get("author") or entry.fields["key"]
    if address(entry):
        assert dois(address(entry)) == {address(entry)}
    else:
        assert entry.fields["url"].startswith("https://")


def test_no_source_stands_twice() -> None:
    found = Counter(address(entry) for entry in ENTRIES.values() if address(entry))
    titles = Counter(re.sub(r"\W", "", entry.fields["title"]).casefold() for entry in ENTRIES.values())
    assert not [name for name, times in (found + titles).items() if times > 1]


@pytest.mark.parametrize("path", PAGES, ids=lambda path: path.stem)
def test_what_a_page_cites_is_there_and_is_listed_on_it(path: Path) -> None:
    keys = cited(path)
    assert not keys - ENTRIES.keys()
    assert not keys or "{bibliography}" in prose(path)


@pytest.mark.parametrize("path", PAGES, ids=lambda path: path.stem)
def test_a_paper_that_a_page_names_by_its_doi_is_there(path: Path) -> None:
    assert not dois(prose(path)) - KNOWN


@pytest.mark.parametrize("path", CODE, ids=lambda path: path.relative_to(ROOT / "src").as_posix())
def test_a_paper_that_the_code_names_by_its_doi_is_there(path: Path) -> None:
    assert not dois(path.read_text(encoding="utf-8")) - KNOWN


def test_every_source_is_cited_by_a_page_or_named_by_the_code() -> None:
    keys = {key for path in PAGES for key in cited(path)}
    texts = [*(prose(path) for path in PAGES), *(path.read_text(encoding="utf-8") for path in CODE)]
    named = {doi for text in texts for doi in dois(text)}
    assert not [key for key, entry in ENTRIES.items() if key not in keys and address(entry) not in named]


def test_the_page_of_the_bibliography_lists_all_of_it() -> None:
    assert "```{bibliography}\n:all:\n" in (CHAPTERS / "reference" / "bibliography.md").read_text(encoding="utf-8")

"""The glossary tells each word twice, and every page links a word where it first uses it."""

import re
from collections.abc import Iterator
from io import StringIO
from itertools import pairwise
from pathlib import Path

import nbformat
import pytest
from docutils import nodes
from sphinx.application import Sphinx
from tests.conftest import ROOT

from fxyd3.pages.terms import COMMON, GLOSSARY, NO_PLACE

PAGES = [
    *(f"chapters/{path.stem}" for path in sorted((ROOT / "chapters").glob("*.md"))),
    *(f"chapters/{path.stem}" for path in sorted((ROOT / "chapters").glob("*.ipynb"))),
    *(f"chapters/gallery/{path.stem}" for path in sorted((ROOT / "chapters" / "gallery").glob("*.ipynb"))),
    "chapters/reference/twin",
]
CONFIG = {
    "extensions": ["myst_parser", "sphinx_design", "sphinx_exercise", "sphinxcontrib.bibtex", "fxyd3.pages"],
    "bibtex_bibfiles": ["references.bib"],
    "myst_enable_extensions": ["colon_fence", "deflist", "html_image", "substitution"],
    "root_doc": "chapters/index",
}


def told() -> dict[str, list[str]]:
    """The paragraphs of each entry."""
    text = (ROOT / GLOSSARY).read_text(encoding="utf-8").partition("```{glossary}\n")[2].partition("\n```")[0]
    entries = re.split(r"\n\n(?=\S)", text)
    parts = [entry.partition("\n") for entry in entries]
    return {name: [" ".join(each.split()) for each in rest.split("\n\n")] for name, _, rest in parts}


TOLD = told()


# --- the glossary


def test_entries_stand_in_the_order_of_the_alphabet_and_once() -> None:
    names = [name.casefold() for name in TOLD]
    assert len(names) > 60
    assert all(first < second for first, second in pairwise(names))


@pytest.mark.parametrize("name", TOLD)
def test_an_entry_is_told_in_plain_words_and_then_in_detail(name: str) -> None:
    plain, detail = TOLD[name]
    assert "In detail" not in plain
    assert detail.startswith("*In detail:* ")
    assert detail.count("In detail") == 1
    assert plain.endswith(".")
    assert detail.endswith(".")
    assert plain.casefold() not in detail.casefold()


@pytest.mark.parametrize("name", TOLD)
def test_a_general_reader_needs_no_formula_and_little_time(name: str) -> None:
    plain = TOLD[name][0]
    assert len(plain.split()) <= 45
    if name != "complementary log-log":  # which is the name of a formula
        assert not re.search(r"[=^]|\blog\(|\bexp\(", plain)


# --- the pages


def prose(path: Path) -> str:
    """The text of a page without its code."""
    if path.suffix == ".md":
        return path.read_text(encoding="utf-8")
    cells = nbformat.read(path, as_version=4).cells
    return "\n\n".join(cell.source for cell in cells if cell.cell_type == "markdown")


@pytest.fixture(scope="module")
def trees(tmp_path_factory: pytest.TempPathFactory) -> dict[str, nodes.document]:
    """The pages' texts as Sphinx reads them, before it looks for what links lead to."""
    book = tmp_path_factory.mktemp("terms")
    (book / "references.bib").write_text((ROOT / "references.bib").read_text(encoding="utf-8"), encoding="utf-8")
    for page in [*PAGES, GLOSSARY.removesuffix(".md")]:
        source = next(path for path in (ROOT / f"{page}.md", ROOT / f"{page}.ipynb") if path.exists())
        (book / page).parent.mkdir(parents=True, exist_ok=True)
        (book / f"{page}.md").write_text(prose(source), encoding="utf-8")
    for text in (ROOT / "chapters").glob("*.txt"):
        (book / "chapters" / text.name).write_text(text.read_text(encoding="utf-8"), encoding="utf-8")
    app = Sphinx(book, None, book / "out", book / "trees", "dummy", CONFIG, status=None, warning=StringIO())
    app.build(force_all=True)
    return {page: app.env.get_doctree(page) for page in PAGES}


def pieces(tree: nodes.document) -> Iterator[tuple[str, str]]:
    """In order: the terms that links lead to ("link"), and the text of paragraphs outside links and code ("text")."""
    for node in tree.findall():
        if isinstance(node, nodes.Element) and node.get("reftype") == "term":
            yield "link", str(node["reftarget"])
        elif isinstance(node, nodes.Text):
            above, parent = [], node.parent
            while parent is not None:
                above.append(parent)
                parent = parent.parent
            linked = any(isinstance(each, NO_PLACE) or "reftype" in each.attributes for each in above)
            if not linked and any(isinstance(each, nodes.paragraph) for each in above):
                yield "text", str(node)


def links(tree: nodes.document) -> list[str]:
    return [what for kind, what in pieces(tree) if kind == "link"]


def mention(name: str) -> re.Pattern[str]:
    words = r"\s+".join(map(re.escape, name.split()))
    return re.compile(rf"(?<![\w-]){words}s?(?![\w-])", re.IGNORECASE)


@pytest.mark.slow
@pytest.mark.parametrize("page", PAGES)
def test_a_page_links_each_word_at_or_before_its_first_use(trees: dict[str, nodes.document], page: str) -> None:
    linked: set[str] = set()
    late = []
    for kind, what in pieces(trees[page]):
        if kind == "link":
            linked.add(what.casefold())
            continue
        # a longer term that is linked already may hold a shorter one: "hazard" in "hazard ratio"
        for longer in sorted((name for name in TOLD if name.casefold() in linked), key=len, reverse=True):
            what = mention(longer).sub(" ", what)
        late += [name for name in TOLD.keys() - COMMON if name.casefold() not in linked and mention(name).search(what)]
    assert not late


@pytest.mark.slow
def test_every_page_links_to_the_glossary(trees: dict[str, nodes.document]) -> None:
    assert not [page for page, tree in trees.items() if not links(tree)]


@pytest.mark.slow
def test_every_link_leads_to_a_word_and_every_word_is_led_to(trees: dict[str, nodes.document]) -> None:
    found = {name.casefold() for tree in trees.values() for name in links(tree)}
    assert found == {name.casefold() for name in TOLD}


@pytest.mark.slow
def test_a_page_that_does_not_link_words_itself_gets_one_link_for_each(trees: dict[str, nodes.document]) -> None:
    for page, tree in trees.items():
        source = next(path for path in (ROOT / f"{page}.md", ROOT / f"{page}.ipynb") if path.exists())
        written = len(re.findall(r"\{term\}`", prose(source)))
        found = links(tree)
        assert len(found) - written <= len({name.casefold() for name in found}), page

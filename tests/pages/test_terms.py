"""Words of the glossary become links where a page first uses them, and nowhere else."""

from pathlib import Path
from types import SimpleNamespace

import pytest
from docutils import nodes
from docutils.core import publish_doctree
from sphinx.addnodes import pending_xref

from fxyd3.pages.terms import COMMON, link_terms


@pytest.fixture
def page(tmp_path: Path) -> SimpleNamespace:
    """A Sphinx of one page, with a glossary of four words."""
    folder = tmp_path / "chapters" / "reference"
    folder.mkdir(parents=True)
    words = "\n\n".join(f"{name}\n  Text." for name in ("cancer stem cell", "cell body", "hazard", "power"))
    (folder / "glossary.md").write_text(f"# Glossary\n\n```{{glossary}}\n{words}\n```\n")
    return SimpleNamespace(srcdir=tmp_path, env=SimpleNamespace(docname="chapters/page"))


def linked(page: SimpleNamespace, text: str) -> list[tuple[str, str]]:
    tree = publish_doctree(text)
    link_terms(page, tree)
    return [(node["reftarget"], node.astext()) for node in tree.findall(pending_xref)]


def test_the_first_mention_is_linked_and_no_other(page: SimpleNamespace) -> None:
    text = "Title of hazard\n===============\n\nThe Hazards of a ``hazard``. A hazard again.\n\nAnd hazard.\n"
    assert linked(page, text) == [("hazard", "Hazards")]


def test_the_longer_word_wins_and_the_plural_is_found(page: SimpleNamespace) -> None:
    assert linked(page, "All cancer stem\ncells are cells.") == [("cancer stem cell", "cancer stem\ncells")]
    assert linked(page, "Two cell bodies.") == [("cell body", "cell bodies")]
    assert linked(page, "Biohazard, hazardous.") == []


def test_common_words_are_left_alone_and_so_is_the_reference(page: SimpleNamespace) -> None:
    assert "power" in COMMON
    assert linked(page, "The power of a test.") == []
    page.env.docname = "chapters/reference/data"
    assert linked(page, "The hazard.") == []


def test_a_word_that_the_page_links_itself_is_not_linked_again(page: SimpleNamespace) -> None:
    tree = publish_doctree("Here comes nothing.\n\nThen a hazard.")
    tree[0].insert(0, pending_xref("", nodes.inline("", "hazard"), refdomain="std", reftype="term", reftarget="hazard"))
    link_terms(page, tree)
    assert len(list(tree.findall(pending_xref))) == 1

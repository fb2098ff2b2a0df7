"""How to cite: a directive that says it for its page, from ``CITATION.cff``; and links to the papers of a table."""

import re
from functools import cache
from html import escape
from itertools import takewhile
from typing import TYPE_CHECKING, Any, ClassVar

from docutils import nodes
from docutils.parsers.rst import Directive

if TYPE_CHECKING:
    from sphinx.application import Sphinx


DOI = re.compile(r"\bdoi:(10\.\d{4,9}/[^\s<>]*[^\s<>.,;:)])")


class CitedPage(nodes.General, nodes.Element):  # type: ignore[misc]
    """Where the citation of a page goes, once its title is known."""


class HowToCite(Directive):  # type: ignore[misc]
    """Say how to cite the page, the book, and the paper."""

    has_content: ClassVar[bool] = False

    def run(self) -> list[nodes.Node]:
        """Return the place."""
        return [CitedPage()]


def setup(app: "Sphinx") -> None:
    """Register this part of the extension."""
    app.add_node(CitedPage)
    app.add_directive("how-to-cite", HowToCite)
    app.connect("doctree-resolved", fill)
    app.connect("doctree-resolved", link_tables)


def fill(app: "Sphinx", doctree: nodes.document, page: str) -> None:
    """Put the citation where the directive stands."""
    for place in list(doctree.findall(CitedPage)):
        front = page == app.config.root_doc
        title = "" if front else app.env.titles[page].astext()
        place.replace_self(nodes.raw("", how_to_cite(title, page.rpartition("/")[2]), format="html"))


def link_tables(app: "Sphinx", doctree: nodes.document, page: str) -> None:
    """Link each DOI in the tables that the cells of a chapter show."""
    for output in list(doctree.findall(nodes.raw)):
        if output["format"] == "html" and "<td" in output.astext():
            output.replace_self(nodes.raw("", linked(output.astext()), **output.attributes))


def linked(html: str) -> str:
    """Return HTML in which each ``doi:10.…`` of a text without links leads to the paper."""
    return DOI.sub(r'<a href="https://doi.org/\1">doi:\1</a>', html)


@cache
def citation() -> dict[str, Any]:
    """Return ``CITATION.cff`` as it stands beside the book."""
    import yaml

    from fxyd3.paths import book_file

    found: dict[str, Any] = yaml.safe_load(book_file("CITATION.cff").read_text(encoding="utf-8"))
    return found


def how_to_cite(title: str, name: str) -> str:
    """Return HTML with the citation of a page and of the paper, in words and as BibTeX.

    Parameters
    ----------
    title
        Of the page; empty for the book as a whole.
    name
        Of the page's file, for the key of the BibTeX entry.

    Returns
    -------
    str

    Examples
    --------
    >>> from fxyd3.pages.cite import how_to_cite
    >>> "10.1172/JCI166666" in how_to_cite("The scorecard", "06-scorecard")
    True
    """
    book = citation()
    paper = book["preferred-citation"]
    by = [_name(author) for author in takewhile(lambda each: "family-names" in each, paper["authors"])]
    who, year, version = book["authors"][0]["name"], str(book["date-released"])[:4], f"version {book['version']}"
    part = f"{_closed(title)} In: " if title else ""
    words = escape(f"{who} ({year}). {part}{book['title']}, {version}.")
    where = f"{paper['journal']} {paper['volume']}({paper['issue']}):{paper['start']}"
    theirs = escape(f"{'; '.join(by)}; and others ({paper['year']}). {paper['title']}. {where}.")
    link = f'<a href="https://doi.org/{paper["doi"]}">doi:{paper["doi"]}</a>'
    inside = {"title": title, "booktitle": book["title"]} if title else {"title": book["title"]}
    ours = {"author": f"{{{who}}}", **inside, "year": year, "note": version}
    asked = {name: paper[name] for name in ("title", "journal", "year", "volume", "doi")}
    article = {"author": " and ".join([*by, "others"]), **asked, "number": paper["issue"], "pages": paper["start"]}
    entries = _bibtex("incollection" if title else "book", f"fxyd3-{name if title else 'companion'}", ours)
    entries += "\n" + _bibtex("article", "li2023fxyd3", article)
    return (
        f'<div class="how-to-cite"><p><b>This {"page" if title else "book"}:</b> {words}</p>'
        f"<p><b>The paper:</b> {theirs} {link}</p><details><summary>As BibTeX</summary>"
        f'<div class="highlight-text notranslate"><div class="highlight"><pre tabindex="0">{escape(entries)}</pre>'
        "</div></div></details></div>"
    )


def _name(author: dict[str, str]) -> str:
    return f"{author['family-names']}, {author['given-names']}"


def _closed(sentence: str) -> str:
    return sentence if sentence.endswith(("?", "!")) else f"{sentence}."


def _bibtex(kind: str, key: str, fields: dict[str, object]) -> str:
    inside = "".join(f"  {name} = {{{value}}},\n" for name, value in fields.items())
    return f"@{kind}{{{key},\n{inside}}}\n"

"""Words of the glossary, linked where a page first uses them."""

import re
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING

from docutils import nodes

if TYPE_CHECKING:
    from collections.abc import Iterator

    from sphinx.application import Sphinx

GLOSSARY = "chapters/reference/glossary.md"
PAGES = re.compile(r"^chapters/(?!reference/(?!twin$))")
"""Pages whose words are linked: all but the reference, of which only the twin's page is prose."""

COMMON = frozenset({"count", "gate", "group", "power", "twin"})
"""Terms that are also everyday words: linked only where a page says so itself."""

NO_PLACE = (nodes.title, nodes.rubric, nodes.reference, nodes.literal, nodes.literal_block, nodes.raw, nodes.caption,
            nodes.math, nodes.comment, nodes.term)  # fmt: skip


def setup(app: "Sphinx") -> None:
    """Register this part of the extension."""
    app.connect("doctree-read", link_terms)


@cache
def terms(path: Path) -> dict[re.Pattern[str], str]:
    """Return the terms of a glossary by the pattern that finds them: in any case, and in the plural; longest first.

    Parameters
    ----------
    path
        The page that holds the glossary.

    Returns
    -------
    dict of str

    Examples
    --------
    >>> from pathlib import Path
    >>> from tempfile import TemporaryDirectory
    >>> from fxyd3.pages.terms import terms
    >>> with TemporaryDirectory() as folder:
    ...     _ = Path(folder, "glossary.md").write_text(chr(10).join(["```{glossary}", "hazard", "  A rate.", "```"]))
    ...     found = terms(Path(folder, "glossary.md"))
    >>> [bool(pattern.search("Two Hazards.")) for pattern in found]
    [True]
    """
    text = path.read_text(encoding="utf-8").partition("```{glossary}\n")[2].partition("\n```")[0]
    names = sorted(re.findall(r"^(?! )(\S.*)$", text, re.MULTILINE), key=len, reverse=True)
    return {re.compile(rf"(?<![\w-]){_plural(name)}(?![\w-])", re.IGNORECASE): name for name in names}


def _plural(name: str) -> str:
    stem = re.escape(name[:-1]) + "(?:y|ies)" if name.endswith("y") else re.escape(name) + "(?:e?s)?"
    return stem.replace(r"\ ", r"\s+")


def link_terms(app: "Sphinx", doctree: nodes.document) -> None:
    """Turn the first plain mention of each term into a link, unless the page links the term before it."""
    page = app.env.docname
    if not PAGES.match(page):
        return
    waiting = {pattern: name for pattern, name in terms(Path(app.srcdir, GLOSSARY)).items() if name not in COMMON}
    for node in list(doctree.findall()):
        if isinstance(node, nodes.Element) and node.get("reftype") == "term":
            waiting = {pattern: name for pattern, name in waiting.items() if name.lower() != node["reftarget"].lower()}
        elif isinstance(node, nodes.Text) and waiting and _may_hold_links(node):
            pieces = list(_pieces(str(node), waiting, page))
            if len(pieces) > 1:
                node.parent.replace(node, pieces)


def _may_hold_links(node: nodes.Text) -> bool:
    parent, prose = node.parent, False
    while parent is not None:
        if isinstance(parent, NO_PLACE) or "reftype" in getattr(parent, "attributes", ()):
            return False
        prose = prose or isinstance(parent, nodes.paragraph)
        parent = parent.parent
    return prose


def _pieces(text: str, waiting: dict[re.Pattern[str], str], page: str) -> "Iterator[nodes.Node]":
    """Yield a text in pieces, with links for the terms that wait; a term that was found waits no more."""
    from sphinx.addnodes import pending_xref

    found = [(match, pattern) for pattern in waiting if (match := pattern.search(text))]
    if not found:
        yield nodes.Text(text)
        return
    first, pattern = min(found, key=lambda pair: (pair[0].start(), -len(pair[0][0])))
    name = waiting.pop(pattern)
    if first.start():
        yield nodes.Text(text[: first.start()])
    link = pending_xref(
        "", refdomain="std", reftype="term", reftarget=name, refdoc=page, refexplicit=True, refwarn=True
    )
    link += nodes.inline(first[0], first[0], classes=["xref", "std", "std-term"])
    yield link
    yield from _pieces(text[first.end() :], waiting, page)

"""The Sphinx extension of the book: what its pages are and do beyond the theme. Only Sphinx and tests import it."""

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from sphinx.application import Sphinx


def setup(app: "Sphinx") -> dict[str, Any]:
    """Register the parts of the extension; Sphinx calls it."""
    from fxyd3.pages import charts, cite, figures, front, reference, site, terms

    for part in (site, reference, front, figures, cite, terms, charts):
        part.setup(app)
    return {"parallel_read_safe": True, "parallel_write_safe": True}

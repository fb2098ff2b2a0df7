"""Run the chapters on any data: parameters, stages, workflow, provenance, book.

A chapter uses :func:`begin`; the command line uses :func:`run`; a page that stands alone keeps its figures with
:func:`keep_figures`.
"""

from typing import TYPE_CHECKING

from fxyd3.rerun.chapters import claim_links
from fxyd3.rerun.view import Run, begin
from fxyd3.rerun.workflow import run

if TYPE_CHECKING:
    from fxyd3.rerun.figures import keep_figures

__all__ = ["Run", "begin", "claim_links", "keep_figures", "run"]


def __getattr__(name: str) -> object:
    if name != "keep_figures":
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    from fxyd3.rerun import figures

    return figures.keep_figures

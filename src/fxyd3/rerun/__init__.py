"""Run the chapters on any data: parameters, stages, workflow, provenance, book.

A chapter uses :func:`begin`; the command line uses :func:`run`.
"""

from fxyd3.rerun.view import Run, begin
from fxyd3.rerun.workflow import run

__all__ = ["Run", "begin", "run"]

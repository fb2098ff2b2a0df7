"""Test the claims about FXYD3 and ancestral breast cancer stem cells, on data you can change."""

from importlib.metadata import version

__version__ = version("fxyd3")

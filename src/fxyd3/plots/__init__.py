"""One house style, one function per figure; each returns the axes and draws the label of its data."""

from fxyd3.plots._cells import by_group, per_patient, quality, stability, umap
from fxyd3.plots._house import PALETTE, canvas, style

__all__ = ["PALETTE", "by_group", "canvas", "per_patient", "quality", "stability", "style", "umap"]

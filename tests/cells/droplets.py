"""The twin and the real tumour, taken to the step where droplets are judged; made once, copy before writing."""

from functools import cache
from pathlib import Path

import anndata

from fxyd3 import cells
from fxyd3.data import load


@cache
def judged(data: str | Path) -> anndata.AnnData:
    """Quality control, log values, components without correction, and ``obs["epithelial"]``."""
    study, _ = load(str(data), seed=1)
    kept, _ = cells.qc(study)
    cells.normalise(kept)
    cells.embed(kept, batch=(), umap=False)
    cells.tumour(kept)
    return kept

"""Which cells are of the tumour's own lineage."""

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from fxyd3.cells._graph import neighbours
from fxyd3.data.lineages import lineage_counts
from fxyd3.errors import InputError

if TYPE_CHECKING:
    from anndata import AnnData

WAYS = ("epithelial", "all")


@dataclass(frozen=True)
class Tumour:
    """The cells that were chosen.

    ``kept`` marks them. ``table`` has one row per sample: ``cells``, ``kept``, ``other`` (of another lineage) and
    ``alone`` (kept cells whose own counts did not decide, or said the other lineage: their neighbours decided).
    ``missing`` says why nothing could be chosen; all cells are then kept.
    """

    kept: NDArray[np.bool_]
    table: pd.DataFrame
    missing: str


def tumour(adata: "AnnData", *, how: str = "epithelial", n_neighbors: int = 15) -> Tumour:
    """Choose the epithelial cells, by the genes of a cell and its nearest neighbours together.

    A cell is epithelial if it and its neighbours hold more counts of epithelial genes than of other lineages' genes.
    The neighbours decide for cells with few counts, and for those that have lost some epithelial genes but are alike in
    all others. No group number has a part in it. Writes ``obs["epithelial"]`` (bool).

    Parameters
    ----------
    adata
        Counts in ``layers["counts"]``, components in ``obsm["X_pca"]``; see ``embed``, with ``batch=()``.
    how
        ``epithelial``, or ``all`` to keep every cell.
    n_neighbors
        Cells summed, the cell itself included.

    Raises
    ------
    InputError
        If ``how`` is neither, there are no components, or no cell is epithelial.

    Notes
    -----
    When not to use: to tell cancer from normal epithelium; see ``copy_number``. Tumour cells of which a whole group has
    lost the epithelial genes are called another lineage: look at the table, and at ``how="all"``.

    References
    ----------
    Wu 2021, doi:10.1038/s41588-021-00911-1 (genes of the lineages).

    Examples
    --------
    >>> from fxyd3 import cells
    >>> from fxyd3.data.simulate import twin
    >>> adata, _ = cells.qc(twin(400))
    >>> _ = cells.normalise(adata)
    >>> _ = cells.embed(adata, batch=(), umap=False)
    >>> found = cells.tumour(adata)
    >>> truth = (adata.obs["truth_type"] == "tumour").to_numpy()
    >>> bool((found.kept == truth).mean() > 0.95)
    True
    """
    if how not in WAYS:
        raise InputError(f"the cells to keep are {how!r}: choose epithelial or all.")
    sample = adata.obs["sample"].astype(str) if "sample" in adata.obs else pd.Series("all", index=adata.obs_names)
    kept, alone, missing = np.ones(adata.n_obs, dtype=bool), np.zeros(adata.n_obs, dtype=bool), ""
    if how == "epithelial":
        if "X_pca" not in adata.obsm:
            raise InputError("there are no components to find neighbours with: run normalise and embed first.")
        try:
            own, other = lineage_counts(adata)
        except InputError as error:
            missing = str(error).rstrip(".")
        else:
            near, _ = neighbours(adata.obsm["X_pca"], n_neighbors=min(n_neighbors, adata.n_obs - 1))
            kept = own[near].sum(axis=1) > other[near].sum(axis=1)
            alone = kept & ~(own > other)
    if not kept.any():
        raise InputError(
            f"none of the {adata.n_obs} cells is epithelial by the genes of the atlas: set tumour to all to keep every "
            "cell, or choose cells with select."
        )
    adata.obs["epithelial"] = kept
    flags = pd.DataFrame({"cells": 1, "kept": kept, "other": ~kept, "alone": alone}, index=adata.obs_names)
    table = flags.groupby(sample.rename("sample"), observed=True).sum().astype(int)
    return Tumour(kept, table, missing)

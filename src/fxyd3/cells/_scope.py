"""Which cells the claims of this chapter speak of."""

from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

if TYPE_CHECKING:
    from anndata import AnnData


def claimed_cells(
    adata: "AnnData", *, unsorted: str = "unsorted", enriched: bool = False, min_cells: int = 100
) -> tuple[NDArray[np.bool_], str, str]:
    """Mark the cells that the claims speak of: sorted for NRP1 or IGF1R, and before treatment where that is known.

    Parameters
    ----------
    adata
        With ``obs["fraction"]`` and ``obs["condition"]`` where the data have them.
    unsorted
        Level of ``fraction`` that was not sorted.
    enriched
        All cells come from such a sort, whatever the annotations say.
    min_cells
        Fewer marked cells than this, and all cells are taken instead.

    Returns
    -------
    The marked cells; which these are, in words; and what is missing if they were not sorted (else empty).

    Notes
    -----
    When not to use: with a fraction column that names something else than a sort; set ``select`` instead.

    Examples
    --------
    >>> from fxyd3 import cells
    >>> from fxyd3.data.simulate import twin
    >>> adata, _ = cells.qc(twin(600))
    >>> adata = adata[adata.obs["truth_type"] == "tumour"].copy()
    >>> chosen, scope, missing = cells.claimed_cells(adata)
    >>> scope
    'cells sorted on NRP1 or IGF1R, before treatment'
    """
    everyone = np.ones(adata.n_obs, dtype=bool)
    before = (adata.obs["condition"].astype(str) == "before").to_numpy() if "condition" in adata.obs else everyone
    when = ", before treatment" if "condition" in adata.obs and before.any() else ""
    if not before.any():
        before = everyone
    chosen = adata.obs["fraction"].astype(str) != unsorted if "fraction" in adata.obs else None
    if enriched and before.sum() >= min_cells:
        return before, f"cells sorted on NRP1 or IGF1R{when}", ""
    if chosen is not None and (before & chosen.to_numpy()).sum() >= min_cells:
        return before & chosen.to_numpy(), f"cells sorted on NRP1 or IGF1R{when}", ""
    if enriched:
        return everyone, "cells sorted on NRP1 or IGF1R", ""
    missing = (
        f"the sorted fractions hold fewer than {min_cells} cells"
        if chosen is not None and chosen.any()
        else "the cells were not sorted on NRP1 or IGF1R, as far as the data say (name the column with --fraction, or "
        "set enriched if all cells come from such a sort)"
    )
    return everyone, "all selected cells, not sorted", missing

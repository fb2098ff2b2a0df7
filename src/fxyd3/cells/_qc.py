"""Which droplets are whole cells."""

from typing import TYPE_CHECKING

import numpy as np
import pandas as pd
from scipy.sparse import csr_matrix

from fxyd3.errors import InputError

if TYPE_CHECKING:
    from anndata import AnnData


def qc(
    adata: "AnnData", *, min_genes: int = 200, max_mito: float = 20.0, min_cells: int = 3, n_mads: float = 5.0
) -> tuple["AnnData", pd.DataFrame]:
    """Measure every cell, keep those that pass fixed thresholds, and show what adaptive ones would do.

    Writes ``obs["n_counts"]``, ``obs["n_genes"]`` and ``obs["pct_mito"]`` (percent; missing where mitochondrial genes
    cannot be named) to ``adata``. The kept cells are a new object whose ``layers["counts"]`` holds the counts.

    Parameters
    ----------
    adata
        Raw counts in ``X`` (CSR), cells x genes. With ``obs["sample"]`` the adaptive rule works within samples.
    min_genes
        Genes detected, the fewest a cell may have.
    max_mito
        Percent of counts from mitochondrial genes (symbols beginning with ``MT-``), the most a cell may have.
    min_cells
        Kept cells in which a gene must be detected to stay.
    n_mads
        Adaptive rule: removed when more than so many median absolute deviations (scaled to a standard deviation)
        below the median log genes, or above the median mitochondrial percent. Shown beside, never applied.

    Returns
    -------
    The kept cells and genes, and one row per rule and one for any of them: cells ``removed``, those removed by this
    rule ``alone``, and cells an adaptive threshold would remove (``adaptive``); missing where a rule does not apply.

    Raises
    ------
    InputError
        If no cell or no gene is left; names the threshold that did it.

    Notes
    -----
    When not to use: for single nuclei, whose mitochondrial share means something else. Doublets are not sought here.

    References
    ----------
    McCarthy 2017, doi:10.1093/bioinformatics/btw777 (median absolute deviations).
    """
    counts = csr_matrix(adata.X)
    mito = mitochondrial(adata)
    total = np.asarray(counts.sum(axis=1)).ravel()
    genes = counts.getnnz(axis=1)
    adata.obs["n_counts"] = total
    adata.obs["n_genes"] = genes
    share = (
        100 * np.asarray(counts[:, mito].sum(axis=1)).ravel() / np.maximum(total, 1)
        if mito.any()
        else np.full(adata.n_obs, np.nan)
    )
    adata.obs["pct_mito"] = share

    sample = adata.obs["sample"].astype(str) if "sample" in adata.obs else pd.Series("all", index=adata.obs_names)
    few = genes < min_genes
    dying = share > max_mito
    rules = {
        f"fewer than {min_genes} genes": (few, dying, _outlying(-np.log1p(genes), sample, n_mads)),
        f"more than {max_mito:g} % mitochondrial": (dying, few, _outlying(share, sample, n_mads)),
    }
    keep = ~(few | dying)
    if not keep.any():
        guilty, value = ("max_mito", max_mito) if dying.sum() > few.sum() else ("min_genes", min_genes)
        seen = (
            f"{share.min():.1f} to {share.max():.1f} %" if guilty == "max_mito" else f"{genes.min()} to {genes.max()}"
        )
        raise InputError(
            f"quality control leaves no cell: {guilty} = {value:g} removes most, and the {adata.n_obs} cells have "
            f"{seen}; change {guilty}."
        )
    detected = counts[keep].getnnz(axis=0) >= min_cells
    if not detected.any():
        raise InputError(
            f"no gene is detected in {min_cells} or more of the {keep.sum()} cells left: keep more cells or lower "
            "min_cells."
        )
    kept = adata[keep, detected].copy()
    kept.layers["counts"] = csr_matrix(kept.X)
    rows: dict[str, dict[str, object]] = {}
    for rule, (removed, other, adaptive) in rules.items():
        numbers = {"removed": removed.sum(), "alone": (removed & ~other).sum(), "adaptive": adaptive.sum()}
        known = mito.any() or removed is few
        rows[rule] = {name: int(number) if known else pd.NA for name, number in numbers.items()}
    rows["any"] = {"removed": adata.n_obs - kept.n_obs, "alone": pd.NA, "adaptive": pd.NA}
    table = pd.DataFrame.from_dict(rows, orient="index").astype("Int64")
    table.index.name = "rule"
    return kept, table


def mitochondrial(adata: "AnnData") -> np.ndarray[tuple[int], np.dtype[np.bool_]]:
    """Mark the genes of the mitochondrial genome by symbol; none without symbols."""
    return np.asarray(adata.var_names.str.upper().str.startswith("MT-"))


def _outlying(
    values: "np.ndarray[tuple[int], np.dtype[np.floating]]", sample: "pd.Series[str]", n_mads: float
) -> "np.ndarray[tuple[int], np.dtype[np.bool_]]":
    """Mark values far above the median of their sample."""
    column = pd.Series(values, index=sample.index)
    middle = column.groupby(sample).transform("median")
    spread = 1.4826 * (column - middle).abs().groupby(sample).transform("median")
    return np.asarray(column > middle + n_mads * spread)

"""Which droplets are whole cells."""

from copy import deepcopy
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd
from scipy.sparse import csr_matrix

from fxyd3.cells._normalise import tidy
from fxyd3.errors import InputError

if TYPE_CHECKING:
    from anndata import AnnData

COLUMNS = ("fixed", "adaptive", "both", "alone")


def qc(
    adata: "AnnData",
    *,
    min_genes: int = 200,
    max_mito: float = 20.0,
    min_cells: int = 3,
    n_mads: float = 5.0,
    adaptive: bool = False,
) -> tuple["AnnData", pd.DataFrame]:
    """Measure every cell, keep those that pass the thresholds, and show what fixed and adaptive ones do.

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
        below the median log genes of its sample, or above the median mitochondrial percent; see ``adaptive_limits``.
    adaptive
        Whether to apply the adaptive rule instead of the fixed thresholds.

    Returns
    -------
    The kept cells and genes, and one row per rule and one for any of them: cells removed by the ``fixed`` threshold, by
    the ``adaptive`` one and by ``both``, and those that only this rule removes among the applied ones (``alone``);
    missing where a rule does not apply.

    Raises
    ------
    InputError
        If no cell or no gene is left; names the threshold that did it.

    Notes
    -----
    When not to use: for single nuclei, whose mitochondrial share means something else. Doublets are sought by
    ``doublets``, not here.

    References
    ----------
    McCarthy 2017, doi:10.1093/bioinformatics/btw777 (median absolute deviations).

    Examples
    --------
    >>> from fxyd3 import cells
    >>> from fxyd3.data.simulate import twin
    >>> adata = twin(400)
    >>> kept, removed = cells.qc(adata, min_genes=300)
    >>> kept.n_obs < adata.n_obs
    True
    """
    import anndata

    from fxyd3.cells._passes import detected, keep

    counts = tidy(adata.X)
    mito = mitochondrial(adata)
    total = np.asarray(counts.sum(axis=1, dtype=np.float64)).ravel()
    genes = counts.getnnz(axis=1)
    adata.obs["n_counts"] = total
    adata.obs["n_genes"] = genes
    share = 100 * (counts @ mito.astype(np.float64)) / np.maximum(total, 1) if mito.any() else total * np.nan
    adata.obs["pct_mito"] = share

    limits = adaptive_limits(adata.obs, n_mads=n_mads)
    own = limits.reindex(pd.Index(_samples(adata.obs)))
    names = {"few genes": "min_genes", "high mitochondrial share": "max_mito"}
    fixed = {"min_genes": genes < min_genes, "max_mito": share > max_mito}
    own_limit = {"min_genes": genes < own["min_genes"].to_numpy(), "max_mito": share > own["max_mito"].to_numpy()}
    applied = own_limit if adaptive else fixed
    whole = ~(applied["min_genes"] | applied["max_mito"])
    if not whole.any():
        guilty = max(applied, key=lambda rule: applied[rule].sum())
        value = f"{min_genes}" if guilty == "min_genes" else f"{max_mito:g}"
        seen = (
            f"{share.min():.1f} to {share.max():.1f} %" if guilty == "max_mito" else f"{genes.min()} to {genes.max()}"
        )
        raise InputError(
            f"quality control leaves no cell: {guilty} = {value} removes most, and the {adata.n_obs} cells have "
            f"{seen}; change {guilty}."
        )
    expressed = detected(counts, whole) >= min_cells
    if not expressed.any():
        raise InputError(
            f"no gene is detected in {min_cells} or more of the {whole.sum()} cells left: keep more cells or lower "
            "min_cells."
        )
    chosen = keep(counts, whole, expressed)
    kept = anndata.AnnData(
        chosen, obs=adata.obs[whole].copy(), var=adata.var[expressed].copy(), uns=deepcopy(dict(adata.uns))
    )
    kept.layers["counts"] = csr_matrix((chosen.data.copy(), chosen.indices, chosen.indptr), shape=chosen.shape)
    rows: dict[str, dict[str, object]] = {}
    for name, rule in names.items():
        (other,) = applied.keys() - {rule}
        one, two = fixed[rule], own_limit[rule]
        numbers = [one.sum(), two.sum(), (one & two).sum(), (applied[rule] & ~applied[other]).sum()]
        known = mito.any() or rule == "min_genes"
        rows[name] = dict(zip(COLUMNS, numbers if known else [pd.NA] * 4, strict=True))
    one, two = (each["min_genes"] | each["max_mito"] for each in (fixed, own_limit))
    rows["any"] = dict(zip(COLUMNS, [one.sum(), two.sum(), (one & two).sum(), pd.NA], strict=True))
    table = pd.DataFrame.from_dict(rows, orient="index").astype("Int64")
    table.index.name = "rule"
    return kept, table


def mitochondrial(adata: "AnnData") -> np.ndarray[tuple[int], np.dtype[np.bool_]]:
    """Mark the genes of the mitochondrial genome by symbol; none without symbols."""
    return np.asarray(adata.var_names.str.upper().str.startswith("MT-"))


def adaptive_limits(obs: pd.DataFrame, *, n_mads: float = 5.0) -> pd.DataFrame:
    """Find where each sample's own cells would set the thresholds.

    Parameters
    ----------
    obs
        With ``n_genes`` and ``pct_mito``, as ``qc`` writes them; with ``sample`` where there are several.
    n_mads
        Median absolute deviations (scaled to a standard deviation) from the median.

    Returns
    -------
    One row per sample: ``cells``; ``min_genes``, from the logarithm of one plus the genes detected; ``max_mito``
    (percent; missing where mitochondrial genes cannot be named).

    Notes
    -----
    When not to use: for a sample of which most cells are dying; its own median then calls them usual.

    References
    ----------
    McCarthy 2017, doi:10.1093/bioinformatics/btw777.

    Examples
    --------
    >>> from fxyd3 import cells
    >>> from fxyd3.data.simulate import twin
    >>> adata = twin(400)
    >>> _ = cells.qc(adata)
    >>> list(cells.adaptive_limits(adata.obs).columns)
    ['cells', 'min_genes', 'max_mito']
    """
    sample = _samples(obs)

    def middle_and_spread(values: "pd.Series[float]") -> "tuple[pd.Series[float], pd.Series[float]]":
        middle = values.groupby(sample).median()
        return middle, 1.4826 * (values - middle.loc[sample].to_numpy()).abs().groupby(sample).median()

    genes, genes_spread = middle_and_spread(np.log1p(obs["n_genes"]))
    mito, mito_spread = middle_and_spread(obs["pct_mito"])
    table = pd.DataFrame(
        {
            "cells": sample.value_counts(sort=False),
            "min_genes": np.expm1(genes - n_mads * genes_spread),
            "max_mito": mito + n_mads * mito_spread,
        }
    )
    table.index.name = "sample"
    return table


def _samples(obs: pd.DataFrame) -> "pd.Series[str]":
    named: pd.Series[str] = obs["sample"].astype(str) if "sample" in obs else pd.Series("all", index=obs.index)
    return named

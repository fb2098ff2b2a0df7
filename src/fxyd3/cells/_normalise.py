"""Counts to comparable log values, and the genes that carry the differences."""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import csr_matrix

from fxyd3.errors import InputError

if TYPE_CHECKING:
    import pandas as pd
    from anndata import AnnData


THETA = 100.0  # size of the negative binomial in the residuals, as in Lause 2021


@dataclass(frozen=True)
class Normalised:
    """What ``normalise`` did: counts per cell after scaling, genes chosen, flavour, batches, genes left out."""

    target: float
    n_variable: int
    flavour: str
    batches: int
    excluded: tuple[str, ...]


def normalise(
    adata: "AnnData",
    *,
    n_top_genes: int = 2000,
    exclude: Iterable[str] = (),
    batch: str = "batch",
    target: float | None = None,
) -> Normalised:
    """Scale every cell to the same total, take ``log(1 + x)``, and choose highly variable genes.

    Writes ``X`` (log values, float32), ``layers["counts"]`` (the raw counts, if not there yet; both share one pattern
    of nonzeros in memory), ``var["highly_variable"]``, ``var["residual_variances"]`` and ``uns["log1p"]``.

    Parameters
    ----------
    adata
        Raw counts in ``layers["counts"]``, else in ``X``; cells x genes.
    n_top_genes
        Variable genes to choose; all genes if there are fewer.
    exclude
        Genes never chosen as variable, so that a later test on them is not about what made the groups.
    batch
        Column of ``obs``; with more than one level, genes are chosen that vary within batches.
    target
        Total of each cell after scaling; by default the median total of the cells.

    Raises
    ------
    InputError
        If a cell has no counts, or no gene varies.

    Notes
    -----
    One is added to each scaled value, so the pseudo-count is one count in ``target``: for a cell of 3,000 counts
    brought to 3,000 it is one count; brought to 10,000 it would be a third of one, and rare genes would weigh more.

    The flavour is the variance of Pearson residuals of the counts (size 100), the mean rank over batches. Flavours
    share only a part of their genes, so name yours when you report. On simulated states of about twofold per gene the
    dispersion flavours lost most of the genes that mattered among rare ones; this one kept them.

    When not to use: on values that are already normalised, or to compare total RNA content between cells.

    References
    ----------
    Ahlmann-Eltze 2023, doi:10.1038/s41592-023-01814-1 (shifted logarithm). Lause 2021,
    doi:10.1186/s13059-021-02451-7 (variable genes). Wolf 2018, doi:10.1186/s13059-017-1382-0 (scanpy).

    Examples
    --------
    >>> from fxyd3 import cells
    >>> from fxyd3.data.simulate import twin
    >>> adata, _ = cells.qc(twin(600))
    >>> adata = adata[adata.obs["truth_type"] == "tumour"].copy()
    >>> found = cells.normalise(adata, n_top_genes=1000, exclude=["FXYD3"])
    >>> found.n_variable, bool(adata.var.loc["FXYD3", "highly_variable"])
    (999, False)
    """
    from fxyd3.cells._passes import log_values, residual_variance

    if "counts" not in adata.layers:
        adata.layers["counts"] = adata.X
    counts = tidy(adata.layers["counts"])
    adata.layers["counts"] = counts
    total = np.asarray(counts.sum(axis=1, dtype=np.float64)).ravel()
    if not (total > 0).all():
        raise InputError(
            f"{int((total <= 0).sum())} of {adata.n_obs} cells have no counts at all: run qc first, or raise min_genes."
        )
    scale = float(np.median(total)) if target is None else target
    adata.X = log_values(counts, scale / total)
    adata.uns["log1p"] = {"base": None}

    level = adata.obs[batch].astype(str).to_numpy() if batch in adata.obs else np.full(adata.n_obs, "")
    levels = np.unique(level)
    variance = np.array([residual_variance(counts, level == name, theta=THETA) for name in levels])
    adata.var["residual_variances"] = variance.mean(axis=0)
    adata.var["highly_variable"] = _most_variable(variance, min(n_top_genes, adata.n_vars))
    left_out = tuple(gene for gene in dict.fromkeys(exclude) if gene in adata.var_names)
    chosen: pd.Series[bool] = adata.var["highly_variable"] & ~adata.var_names.isin(left_out)
    adata.var["highly_variable"] = chosen
    if not chosen.any():
        raise InputError(f"none of the {adata.n_vars} genes varies between cells: keep more cells or genes.")
    return Normalised(scale, int(chosen.sum()), "Pearson residuals", len(levels), left_out)


def tidy(counts: Any) -> csr_matrix:
    """Return counts as CSR with sorted genes and without stored zeros; the same object where it is so already."""
    rows = csr_matrix(counts)
    if not rows.has_canonical_format or not rows.data.all():
        rows = rows.copy()
        rows.sum_duplicates()
        rows.eliminate_zeros()
    return rows


def _most_variable(variance: NDArray[np.float64], n_top: int) -> NDArray[np.bool_]:
    """Choose genes that are among the first in most batches, then by median rank where they are; as scanpy does."""
    rank = np.argsort(np.argsort(-variance, axis=1), axis=1).astype(float)
    rank[rank >= n_top] = np.nan
    batches = np.isfinite(rank).sum(axis=0)
    middle = np.full(variance.shape[1], np.inf)
    middle[batches > 0] = np.nanmedian(rank[:, batches > 0], axis=0)
    chosen = np.zeros(variance.shape[1], dtype=bool)
    chosen[np.lexsort((middle, -batches))[:n_top]] = True
    return chosen

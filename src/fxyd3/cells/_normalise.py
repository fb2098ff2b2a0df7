"""Counts to comparable log values, and the genes that carry the differences."""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from fxyd3.errors import InputError

if TYPE_CHECKING:
    import pandas as pd
    from anndata import AnnData


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

    Writes ``X`` (log values, float32), ``layers["counts"]`` (the raw counts, if not there yet),
    ``var["highly_variable"]`` and what scanpy writes beside it, and ``uns["log1p"]``.

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
    The flavour is the variance of Pearson residuals of the counts (size 100), the mean rank over batches. Flavours
    share only a part of their genes, so name yours when you report. On simulated states of about twofold per gene the
    dispersion flavours lost most of the genes that mattered among rare ones; this one kept them.

    When not to use: on values that are already normalised, or to compare total RNA content between cells.

    References
    ----------
    Ahlmann-Eltze 2023, doi:10.1038/s41592-023-01814-1 (shifted logarithm). Lause 2021,
    doi:10.1186/s13059-021-02451-7 (variable genes). Wolf 2018, doi:10.1186/s13059-017-1382-0 (scanpy).
    """
    import scanpy as sc

    if "counts" not in adata.layers:
        adata.layers["counts"] = adata.X.copy()
    counts = adata.layers["counts"]
    total = np.asarray(counts.sum(axis=1), dtype=np.float64).ravel()
    if not (total > 0).all():
        raise InputError(
            f"{int((total <= 0).sum())} of {adata.n_obs} cells have no counts at all: run qc first, or raise min_genes."
        )
    scale = float(np.median(total)) if target is None else target
    adata.X = counts.astype(np.float32)
    adata.uns.pop("log1p", None)
    sc.pp.normalize_total(adata, target_sum=scale)
    sc.pp.log1p(adata)

    levels = int(adata.obs[batch].nunique()) if batch in adata.obs else 1
    sc.experimental.pp.highly_variable_genes(
        adata,
        flavor="pearson_residuals",
        n_top_genes=min(n_top_genes, adata.n_vars),
        layer="counts",
        batch_key=batch if levels > 1 else None,
    )
    left_out = tuple(gene for gene in dict.fromkeys(exclude) if gene in adata.var_names)
    chosen: pd.Series[bool] = adata.var["highly_variable"] & ~adata.var_names.isin(left_out)
    adata.var["highly_variable"] = chosen
    if not chosen.any():
        raise InputError(f"none of the {adata.n_vars} genes varies between cells: keep more cells or genes.")
    return Normalised(scale, int(chosen.sum()), "Pearson residuals", levels, left_out)

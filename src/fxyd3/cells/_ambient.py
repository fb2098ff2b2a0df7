"""RNA that belongs to no cell: how much of the counts it may be, and what it does to markers."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd
from scipy.sparse import csr_matrix

from fxyd3.data.lineages import OTHER, raw_counts
from fxyd3.data.report import nearest
from fxyd3.errors import InputError

if TYPE_CHECKING:
    from anndata import AnnData

FEWEST_COUNTS = 10
COLUMNS = ["epithelial", "other", "foreign", "bound", "lower", "upper", "missing"]
FOREIGN = tuple(gene for genes in OTHER.values() for gene in genes)


@dataclass(frozen=True)
class Ambient:
    """How much of the counts of epithelial cells may be ambient RNA.

    ``table`` has one row per sample: ``epithelial`` and ``other`` (cells), ``foreign`` (counts of other lineages' genes
    in epithelial cells), ``bound`` with ``lower`` and ``upper`` (share of the counts, 0 to 1, 95 %), and ``missing``,
    why a sample has none. ``profile`` is the share of each gene in the ambient RNA, samples x genes (float64).
    """

    table: pd.DataFrame
    profile: pd.DataFrame


def ambient(
    adata: "AnnData",
    *,
    profile: "pd.Series[float] | None" = None,
    min_cells: int = 20,
    n_bootstrap: int = 400,
    seed: int = 1,
) -> Ambient:
    """Bound the ambient share of the counts of epithelial cells by genes that only other lineages make.

    Ambient RNA comes from cells that broke before they were in droplets, so its profile is about that of all cells of
    the sample. If genes of immune, stromal and endothelial cells make up 1 % of that profile and 0.1 % of the counts of
    epithelial cells, no more than 10 % of these counts are ambient. Writes nothing.

    Parameters
    ----------
    adata
        Counts in ``layers["counts"]``, else in ``X``; ``obs["epithelial"]``, see ``tumour``; ``obs["sample"]``, where
        there is one.
    profile
        Share of each gene in empty droplets, if these were kept; else the sum of all cells of the sample stands in.
    min_cells
        Fewest epithelial cells of a sample and, without ``profile``, fewest other cells.
    n_bootstrap, seed
        Times that epithelial and other cells of a sample are each drawn again for the interval, and the seed.

    Returns
    -------
    One bound per sample, and the profiles.

    Raises
    ------
    InputError
        Without raw counts, ``obs["epithelial"]`` or genes of other lineages.

    Notes
    -----
    It is a bound: an epithelial cell that does make such a gene, a doublet with an immune cell, or a cell of another
    lineage among them raise it. So does a soup that holds more of these genes than the cells that were kept, because
    they broke first; a soup that holds less of them lowers it. The twin's soup is that of a whole real tumour: where
    its samples hold few immune and stromal cells, the bound is ten times the truth and more, and with the true profile
    about twice. Keep the empty droplets, and read a large bound as "not known".

    The interval is over cells of one sample; it says nothing about other samples. Epithelial cells are chosen by the
    same genes, but together with their neighbours, so that a cell's own ambient counts hardly decide.

    When not to use: on sorted cells. They bring no cells of other lineages, so the sum of their cells is no profile of
    the soup; the row then says so. Subtracting the bound from the counts would take away more than is ambient.

    References
    ----------
    Young 2020, doi:10.1093/gigascience/giaa151 (SoupX, the same idea).

    Examples
    --------
    Few resamples, so that it is fast:

    >>> from fxyd3 import cells
    >>> from fxyd3.data.simulate import twin
    >>> adata, _ = cells.qc(twin(1200))
    >>> _ = cells.normalise(adata)
    >>> _ = cells.embed(adata, batch=(), umap=False)
    >>> _ = cells.tumour(adata)
    >>> soup = cells.ambient(adata, min_cells=10, n_bootstrap=20)
    >>> list(soup.table.columns)[:3]
    ['epithelial', 'other', 'foreign']
    """
    if "epithelial" not in adata.obs:
        raise InputError('there is no column "epithelial" in obs: run tumour first.')
    counts = raw_counts(adata)
    foreign = adata.var_names.isin(FOREIGN).astype(np.float64)
    if not foreign.any():
        raise InputError(
            f"the data hold none of the {len(FOREIGN)} genes of other lineages: keep all genes, named by symbols."
        )
    sample, inside = _samples(adata), adata.obs["epithelial"].to_numpy(dtype=bool)
    own, total = counts @ foreign, np.asarray(counts.sum(axis=1, dtype=np.float64)).ravel()
    empty = None if profile is None else profile.reindex(adata.var_names).fillna(0).to_numpy(dtype=np.float64)
    code, names = pd.factorize(sample)
    member = csr_matrix((np.ones(len(code)), (code, np.arange(len(code)))))
    soup = (member @ counts).toarray() if empty is None else np.tile(empty, (len(names), 1))
    soup /= soup.sum(axis=1, keepdims=True)
    rng = np.random.default_rng(seed)
    rows = {}
    for i, name in enumerate(names):
        cells = np.flatnonzero(code == i)
        part, n = inside[cells], len(cells)
        few, others = int(part.sum()), int((~part).sum())
        seen = int(own[cells][part].sum())
        bound = lower = upper = np.nan
        missing = ""
        if few < min_cells:
            missing = f"{few} epithelial cells: {min_cells} are needed"
        elif empty is None and others < min_cells:
            missing = f"{others} cells of other lineages: with fewer than {min_cells}, the cells do not show the soup"
        else:
            drawn = np.ones((n_bootstrap + 1, n))
            for kind, size in ((part, few), (~part, others)):
                if size:
                    drawn[1:, kind] = rng.multinomial(size, np.full(size, 1 / size), n_bootstrap)
            share = (drawn[:, part] @ own[cells][part]) / (drawn[:, part] @ total[cells][part])
            whole = (drawn @ own[cells]) / (drawn @ total[cells]) if empty is None else soup[i] @ foreign
            bound, *draws = np.minimum(share / whole, 1)
            if seen < FEWEST_COUNTS:
                missing = f"{seen} counts of other lineages' genes: too few for an interval"
            else:
                lower, upper = np.quantile(draws, [0.025, 0.975])
        rows[name] = (few, others, seen, bound, lower, upper, missing)
    table = pd.DataFrame.from_dict(rows, orient="index", columns=COLUMNS).rename_axis("sample")
    return Ambient(table, pd.DataFrame(soup, index=table.index, columns=adata.var_names))


def ambient_detection(
    adata: "AnnData", genes: Sequence[str], found: Ambient, *, key: str = "epithelial"
) -> pd.DataFrame:
    """Compare how often genes are seen with how often ambient RNA alone would show them.

    Parameters
    ----------
    adata
        The cells given to ``ambient``, or some of them.
    genes
        Symbols; those the data lack have missing values.
    found
        The bounds and profiles. Cells of samples without a bound are left out.
    key
        Column of ``obs`` whose groups are compared.

    Returns
    -------
    One row per gene and group: ``cells``, ``seen`` and ``ambient`` (percent of the cells: with the gene, and with
    it if ambient RNA were all there is, its counts Poisson at the bound).

    Raises
    ------
    InputError
        If the column is not there, none of the genes is in the data, or no sample has a bound.

    Notes
    -----
    Where both numbers are alike, the gene need not be made there at all, and a marker is more specific than it looks.
    ``ambient`` comes from a bound: less may be ambient, more hardly. Where it stands above ``seen``, the bound is too
    high, and nothing is known about this gene.

    When not to use: to clean counts. Whether a single count is ambient cannot be known.

    Examples
    --------
    Few resamples, so that it is fast:

    >>> from fxyd3 import cells
    >>> from fxyd3.data.simulate import twin
    >>> adata, _ = cells.qc(twin(1200))
    >>> _ = cells.normalise(adata)
    >>> _ = cells.embed(adata, batch=(), umap=False)
    >>> _ = cells.tumour(adata)
    >>> soup = cells.ambient(adata, min_cells=10, n_bootstrap=20)
    >>> cells.ambient_detection(adata, ["PTPRC"], soup).shape[0]
    2
    """
    if key not in adata.obs:
        raise InputError(f"there is no column {key!r} in obs{nearest(key, map(str, adata.obs.columns))}.")
    there = [gene for gene in genes if gene in adata.var_names]
    if not there:
        raise InputError(f"none of the genes {', '.join(genes)} is in the data: give gene symbols.")
    counts, sample = raw_counts(adata), _samples(adata)
    bound = found.table["bound"].reindex(sample).to_numpy()
    used = np.isfinite(bound)
    if not used.any():
        raise InputError(
            "no sample has a bound on ambient RNA: give unsorted samples, or the profile of empty droplets."
        )
    total = np.asarray(counts.sum(axis=1, dtype=np.float64)).ravel()
    share = found.profile.loc[sample[used], there].to_numpy()
    alone = -np.expm1(-share * (bound * total)[used, None])
    seen = (counts[used][:, adata.var_names.get_indexer(there)] > 0).toarray()
    group = adata.obs.loc[used, key].astype(str).to_numpy()
    cells = pd.DataFrame({"gene": np.repeat(there, used.sum()), key: np.tile(group, len(there)),
                          "seen": 100 * seen.T.ravel(), "ambient": 100 * alone.T.ravel()})  # fmt: skip
    by_group = cells.groupby(["gene", key])
    table = by_group[["seen", "ambient"]].mean()
    table.insert(0, "cells", by_group.size())
    every = [(gene, name) for gene in dict.fromkeys(genes) for name in np.unique(group)]
    return table.reindex(pd.MultiIndex.from_tuples(every, names=["gene", key]))


def _samples(adata: "AnnData") -> "pd.Series[str]":
    """Return the sample of each cell; one sample where none is named."""
    named: pd.Series[str] = (
        adata.obs["sample"].astype(str) if "sample" in adata.obs else pd.Series("all", adata.obs_names)
    )
    return named

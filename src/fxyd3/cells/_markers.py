"""Genes that tell a group from the rest: on counts that did not make the groups, and on those that did."""

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd
from scipy.sparse import csr_matrix
from statsmodels.stats.multitest import fdrcorrection

from fxyd3.cells._halves import half
from fxyd3.errors import InputError

if TYPE_CHECKING:
    from anndata import AnnData

PSEUDO = 0.1  # counts per cell added to both means before a fold change


def markers(adata: "AnnData", *, n_genes: int = 5, min_percent: float = 10.0, pseudo: float = PSEUDO) -> pd.DataFrame:
    """Rank the genes of each group by effect, on counts that had no part in making the groups.

    Writes nothing. Candidates are the genes with the largest fold change; they are ranked by area under the ROC curve.

    Parameters
    ----------
    adata
        With ``layers["test"]`` and ``obs["cluster_train"]``; see ``regroup``.
    n_genes
        Genes per group.
    min_percent
        Percent of a group's cells in which a gene must be detected.
    pseudo
        Counts per cell added to both means before the fold change.

    Returns
    -------
    Tidy table: ``group``, ``gene``, ``log2fc`` (of mean counts per cell of median depth), ``auroc``, ``percent_in``,
    ``percent_out``. Empty with one group. No p-values: cells of one patient are not independent replicates.

    Raises
    ------
    InputError
        If the counts have not been split.

    Notes
    -----
    When not to use: to compare patients or treatments; use counts summed per patient for that.

    References
    ----------
    Neufeld 2023, doi:10.48550/arXiv.2307.12985.

    Examples
    --------
    >>> from fxyd3 import cells
    >>> from fxyd3.data.simulate import twin
    >>> adata, _ = cells.qc(twin(600))
    >>> adata = adata[adata.obs["truth_type"] == "tumour"].copy()
    >>> _ = cells.regroup(adata, n_groups=4, held_out=["FXYD3"])
    >>> found = cells.markers(adata, n_genes=2)
    >>> list(found.columns)[:3]
    ['group', 'gene', 'log2fc']
    """
    from fxyd3.cells._ranks import rank_genes

    test = half(adata, "test", log=True)
    group = pd.Categorical(adata.obs["cluster_train"]).remove_unused_categories()
    columns = ["group", "gene", "log2fc", "auroc", "percent_in", "percent_out"]
    if len(group.categories) < 2:
        return pd.DataFrame(columns=columns)
    found = rank_genes(csr_matrix(test.X), group.codes)
    change = np.where(found.percent_in < min_percent, -np.inf, found.log2fc(pseudo))
    tables = []
    for i, name in enumerate(group.categories):
        best = np.argsort(-change[i], kind="stable")[: 4 * n_genes]
        best = best[np.isfinite(change[i, best])]
        table = pd.DataFrame(
            {
                "group": name,
                "gene": test.var_names[best],
                "log2fc": change[i, best],
                "auroc": found.auroc[i, best],
                "percent_in": found.percent_in[i, best],
                "percent_out": found.percent_out[i, best],
            }
        )
        tables.append(table.nlargest(n_genes, "auroc"))
    return pd.concat(tables, ignore_index=True)[columns]


def levels(adata: "AnnData", genes: Sequence[str], *, key: str = "cluster_train", layer: str = "test") -> pd.DataFrame:
    """Tell how much of each gene each group holds, in the half of the counts that made no groups.

    Parameters
    ----------
    adata
        With ``layers[layer]`` and ``obs[key]``; see ``regroup``.
    genes
        Symbols; those the data lack are left out.
    key, layer
        Groups, and the half to read.

    Returns
    -------
    One row per gene and group: ``gene``, ``group``, ``level`` (mean log value), ``percent`` of cells that hold it.

    Raises
    ------
    InputError
        If the counts have not been split.

    Notes
    -----
    When not to use: to choose genes; see ``markers``.

    Examples
    --------
    >>> from fxyd3 import cells
    >>> from fxyd3.data.simulate import twin
    >>> adata, _ = cells.qc(twin(600))
    >>> adata = adata[adata.obs["truth_type"] == "tumour"].copy()
    >>> _ = cells.regroup(adata, n_groups=4, held_out=["FXYD3"])
    >>> cells.levels(adata, ["FXYD3"]).shape[0] == adata.obs["cluster_train"].nunique()
    True
    """
    own = half(adata, layer, log=True)
    present = [gene for gene in dict.fromkeys(genes) if gene in own.var_names]
    values = own[:, present].X.toarray()
    group = adata.obs[key].astype(str).to_numpy()
    return pd.DataFrame(
        [
            {"gene": gene, "group": name, "level": column[group == name].mean(),
             "percent": 100 * (column[group == name] > 0).mean()}
            for gene, column in zip(present, values.T, strict=True)
            for name in sorted(set(group), key=int)
        ],
        columns=["gene", "group", "level", "percent"],
    )  # fmt: skip


def naive_markers(adata: "AnnData", *, key: str = "cluster") -> pd.DataFrame:
    """Test the counts that made the groups, cell by cell: what is usually done, shown for comparison.

    Parameters
    ----------
    adata
        Log values in ``X`` and groups in ``obs[key]``.
    key
        Column of groups.

    Returns
    -------
    One row per group and gene: ``group``, ``gene``, ``log2fc``, ``auroc``, ``p`` (rank-sum test over cells) and
    ``p_adjusted`` (Benjamini and Hochberg, over all groups and genes).

    Raises
    ------
    InputError
        If there are fewer than two groups.

    Notes
    -----
    When not to use: to report markers. Groups are made so that genes differ between them, and cells of one patient are
    no replicates: each of the two makes p-values far too small. See ``calibration``.

    References
    ----------
    Neufeld 2023, doi:10.48550/arXiv.2307.12985. Squair 2021, doi:10.1038/s41467-021-25960-2 (cells as replicates).

    Examples
    --------
    >>> from fxyd3 import cells
    >>> from fxyd3.data.simulate import twin
    >>> adata, _ = cells.qc(twin(600))
    >>> adata = adata[adata.obs["truth_type"] == "tumour"].copy()
    >>> _ = cells.normalise(adata)
    >>> _ = cells.embed(adata, n_comps=15, batch=(), umap=False)
    >>> _ = cells.cluster(adata, resolution=0.5)
    >>> cells.naive_markers(adata).shape[0] > 0
    True
    """
    from fxyd3.cells._ranks import rank_genes

    group = pd.Categorical(adata.obs[key]).remove_unused_categories()
    if len(group.categories) < 2:
        raise InputError(f"there is one group in obs[{key!r}]: nothing can be compared; raise the resolution.")
    found = rank_genes(csr_matrix(adata.X), group.codes)
    table = pd.DataFrame(
        {
            "group": np.repeat(group.categories, adata.n_vars),
            "gene": np.tile(adata.var_names, len(group.categories)),
            "log2fc": found.log2fc(PSEUDO).ravel(),
            "auroc": found.auroc.ravel(),
            "p": found.p_wilcoxon.ravel(),
        }
    )
    table["p_adjusted"] = fdrcorrection(table["p"].to_numpy())[1]
    return table

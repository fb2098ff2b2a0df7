"""Genes that tell a group from the rest."""

from typing import TYPE_CHECKING

import numpy as np
import pandas as pd
from scipy.sparse import csr_matrix

from fxyd3.cells._halves import half
from fxyd3.cells._sortability import auroc

if TYPE_CHECKING:
    from anndata import AnnData


def markers(adata: "AnnData", *, n_genes: int = 5, min_percent: float = 10.0, pseudo: float = 0.1) -> pd.DataFrame:
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
    """
    test = half(adata, "test", log=True)
    values = csr_matrix(test.X)
    group = pd.Categorical(adata.obs["cluster_train"])
    columns = ["group", "gene", "log2fc", "auroc", "percent_in", "percent_out"]
    if len(group.categories) < 2:
        return pd.DataFrame(columns=columns)
    member = csr_matrix((np.ones(len(group)), (group.codes, np.arange(len(group)))))
    size = np.asarray(member.sum(axis=1))
    level = np.asarray((member @ values.expm1()).todense())
    found = np.asarray((member @ (values > 0)).todense())
    tables = []
    for i, name in enumerate(group.categories):
        inside, outside = level[i] / size[i], (level.sum(axis=0) - level[i]) / (size.sum() - size[i])
        change = np.log2((inside + pseudo) / (outside + pseudo))
        share = 100 * found[i] / size[i]
        change[share < min_percent] = -np.inf
        best = np.argsort(-change, kind="stable")[: 4 * n_genes]
        best = best[np.isfinite(change[best])]
        table = pd.DataFrame(
            {
                "group": name,
                "gene": test.var_names[best],
                "log2fc": change[best],
                "auroc": auroc(values[:, best].toarray(), group.codes == i),
                "percent_in": share[best],
                "percent_out": 100 * (found.sum(axis=0) - found[i])[best] / (size.sum() - size[i]),
            }
        )
        tables.append(table.nlargest(n_genes, "auroc"))
    return pd.concat(tables, ignore_index=True)[columns]

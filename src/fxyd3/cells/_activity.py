"""What sets of genes say about each cell, by three methods."""

from typing import TYPE_CHECKING, Literal, get_args

import pandas as pd

from fxyd3.cells._signature import signatures
from fxyd3.data.activity import BLOCK, coverage, in_blocks
from fxyd3.errors import InputError

if TYPE_CHECKING:
    from anndata import AnnData

__all__ = ["activity", "coverage"]

Method = Literal["ulm", "aucell", "mean"]


def activity(adata: "AnnData", sets: pd.DataFrame, *, method: Method = "ulm", block: int = BLOCK) -> pd.DataFrame:
    """Measure how active each set of genes is in each cell.

    ``ulm`` fits, in each cell, the values of all genes on their weights in the set, and gives the t of the slope.
    ``aucell`` ranks the genes of a cell and gives the area under the recovery curve of the set among the top 5 %.
    ``mean`` is the mean of the set less that of control genes of similar expression; see ``signatures``. All write
    nothing, and with the first two the other cells do not matter to a cell.

    Parameters
    ----------
    adata
        Log values in ``X``; see ``normalise``. For honest tests between groups, the test half of the counts.
    sets
        ``source`` (name of the set), ``target`` (symbol), ``weight``; see ``fxyd3.data.gene_sets``. Only ``ulm`` uses
        the weights; the others use the genes of positive weight.
    method
        ``ulm``, ``aucell`` or ``mean``.
    block
        Cells made dense at a time. Memory grows with it (about 4 x 8 bytes x genes x block); the results do not depend
        on it.

    Returns
    -------
    One row per cell, one column per set in the order of ``sets`` (float64): t values, areas from 0 to 1, or natural-log
    units.

    Raises
    ------
    InputError
        If the method is not known, a column is missing, a gene stands twice in a set, none of a set's genes is in the
        data, a value is not finite, a cell has no counts, or ``block`` is less than 1.

    Notes
    -----
    The t of ``ulm`` is no test: genes of a cell are not independent. AUCell needs an order among genes of equal value
    (most of the zeros); decoupler takes a fixed random one of the places of the genes. Here the genes are first sorted
    by name, so that their order in the file does not matter. ``mean`` keeps scanpy's draw, which goes by that order.

    When not to use: to compare one set with another, or cells of very different depth; each measure grows with depth.

    References
    ----------
    Badia-i-Mompel 2022, doi:10.1093/bioadv/vbac016 (decoupler). Aibar 2017, doi:10.1038/nmeth.4463 (AUCell). Tirosh
    2016, doi:10.1126/science.aad0501 (mean less control).

    Examples
    --------
    >>> from fxyd3 import cells
    >>> from fxyd3.data import gene_sets
    >>> from fxyd3.data.simulate import twin
    >>> adata, _ = cells.qc(twin(600))
    >>> adata = adata[adata.obs["truth_type"] == "tumour"].copy()
    >>> _ = cells.normalise(adata)
    >>> sets = gene_sets()
    >>> found = cells.activity(adata, sets[sets["source"] == "luminal progenitor"], method="mean")
    >>> found.shape == (adata.n_obs, 1)
    True
    """
    if method not in get_args(Method):
        raise InputError(f"there is no method {method!r}: choose one of {', '.join(get_args(Method))}.")
    if block < 1:
        raise InputError(f"block is {block}: give 1 cell or more; {BLOCK:,} is usual.")
    net = _net(adata, sets, method)
    if method == "mean":
        return signatures(adata, {str(name): own["target"].tolist() for name, own in net.groupby("source", sort=False)})
    return in_blocks(adata, net, method=method, block=block)


def _net(adata: "AnnData", sets: pd.DataFrame, method: Method) -> pd.DataFrame:
    """Keep the rows that the data and the method can use; refuse a set of which nothing is left."""
    lacking = [column for column in ("source", "target", "weight") if column not in sets]
    if lacking:
        raise InputError(f"the gene sets have no column {lacking[0]!r}: make them with fxyd3.data.gene_sets.")
    twice = sets[sets.duplicated(["source", "target"])]
    if len(twice):
        raise InputError(f"{twice['target'].iloc[0]} stands twice in the set {twice['source'].iloc[0]!r}: keep one.")
    net = sets[sets["target"].isin(adata.var_names) & ((method == "ulm") | (sets["weight"] > 0))]
    for name in sets["source"].unique():
        if name not in set(net["source"]):
            size = int((sets["source"] == name).sum())
            raise InputError(
                f"none of the {size} genes of {name!r} that {method} can use is among the {adata.n_vars} genes of the "
                "data: give gene symbols (option --genes), or leave this set out."
            )
    return net

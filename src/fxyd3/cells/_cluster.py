"""Groups of alike cells."""

from typing import TYPE_CHECKING

import pandas as pd

from fxyd3.cells._graph import leiden
from fxyd3.errors import InputError

if TYPE_CHECKING:
    from anndata import AnnData


def cluster(adata: "AnnData", *, resolution: float, seed: int = 1, key: str = "cluster") -> "pd.Series[int]":
    """Divide the neighbour graph into groups.

    Writes ``obs[key]``: "1" for the largest group, "2" for the next, and so on (categories in that order).

    Parameters
    ----------
    adata
        With ``obsp["connectivities"]``; see ``embed``.
    resolution
        Higher gives more and smaller groups; 0 gives one group, the answer of ``stability`` where nothing is stable.
    seed
        Of the Leiden method.
    key
        Column to write.

    Returns
    -------
    Cells per group.

    Raises
    ------
    InputError
        If the resolution is negative, or there is no neighbour graph.

    Notes
    -----
    When not to use: to decide whether there are groups at all; ask ``stability``.

    References
    ----------
    Traag 2019, doi:10.1038/s41598-019-41695-z.

    Examples
    --------
    >>> from fxyd3 import cells
    >>> from fxyd3.data.simulate import twin
    >>> adata, _ = cells.qc(twin(600))
    >>> adata = adata[adata.obs["truth_type"] == "tumour"].copy()
    >>> _ = cells.normalise(adata)
    >>> _ = cells.embed(adata, n_comps=15, batch=(), umap=False)
    >>> counts = cells.cluster(adata, resolution=0.5)
    >>> int(counts.sum()) == adata.n_obs
    True
    """
    if resolution < 0:
        raise InputError(f"resolution is {resolution}: give 0 or more; around 1 is usual.")
    if "connectivities" not in adata.obsp:
        raise InputError('there is no neighbour graph in obsp["connectivities"]: run embed first.')
    if resolution == 0:
        labels = pd.Series("1", index=adata.obs_names)
    else:
        labels = pd.Series(
            leiden(adata.obsp["connectivities"], resolutions=(resolution,), seed=seed)[0], index=adata.obs_names
        ).astype(str)
    names = sorted(labels.unique(), key=int)
    adata.obs[key] = pd.Categorical(labels, categories=names)
    sizes: pd.Series[int] = adata.obs[key].value_counts(sort=False)
    return sizes

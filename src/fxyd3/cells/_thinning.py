"""Groups made twice, on two independent halves of the same counts."""

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from fxyd3.cells._embed import embed
from fxyd3.cells._graph import Labels, leiden
from fxyd3.cells._halves import half
from fxyd3.cells._passes import log_values
from fxyd3.cells._split import split
from fxyd3.errors import InputError

if TYPE_CHECKING:
    from anndata import AnnData


def thinned_agreement(
    adata: "AnnData",
    *,
    resolutions: Sequence[float],
    n_splits: int = 2,
    max_cells: int = 1500,
    n_neighbors: int = 15,
    seed: int = 1,
) -> NDArray[np.float64]:
    """Divide the same cells by two independent halves of their counts, and compare.

    Each count is split in two (see ``split``). Each half goes through normalisation, components, correction, neighbours
    and Leiden by itself, with the variable genes of all counts. A group that rests on noise is not found in both.

    Parameters
    ----------
    adata
        With ``layers["counts"]`` and an embedding; see ``embed``.
    resolutions
        Of the Leiden method.
    n_splits
        Random splits.
    max_cells
        Cells drawn, if there are more.
    n_neighbors
        As for ``embed``.
    seed
        Of the draw of cells, the splits and the Leiden method.

    Returns
    -------
    Adjusted Rand index of the two halves, ``n_splits`` x resolutions; 0 where either half is one group.

    Raises
    ------
    InputError
        If there are no counts or no embedding.

    Notes
    -----
    Half the counts blur groups, so the agreement is lower than that of subsamples, and falls with depth; where a coarse
    resolution no longer divides a half, it is 0. And both halves are of the same cells, so a gradient is cut at a like
    place in both. It says which divisions are there beyond counting noise, not how many groups there are: ``stability``
    asks only that it be beyond chance.

    When not to use: on very shallow counts; no half of them tells groups apart.

    References
    ----------
    Neufeld 2023, doi:10.48550/arXiv.2307.12985. Hubert 1985, doi:10.1007/BF01908075 (adjusted Rand index).

    Examples
    --------
    >>> from fxyd3 import cells
    >>> from fxyd3.data.simulate import twin
    >>> adata, _ = cells.qc(twin(600))
    >>> adata = adata[adata.obs["truth_type"] == "tumour"].copy()
    >>> _ = cells.normalise(adata)
    >>> _ = cells.embed(adata, n_comps=15, batch=(), umap=False)
    >>> found = cells.thinned_agreement(adata, resolutions=(0.3,), n_splits=1)
    >>> found.shape
    (1, 1)
    """
    from sklearn.metrics import adjusted_rand_score

    if "counts" not in adata.layers or "fxyd3_space" not in adata.uns:
        raise InputError("counts cannot be thinned: there are no raw counts or no embedding; run normalise and embed.")
    rng = np.random.default_rng(seed)
    drawn = np.sort(rng.choice(adata.n_obs, min(adata.n_obs, max_cells), replace=False))
    own = adata[drawn].copy()
    agreement = np.zeros((n_splits, len(resolutions)))
    for i in range(n_splits):
        split(own, seed=seed + i)
        one, two = (_divide(own, name, tuple(resolutions), n_neighbors, seed) for name in ("train", "test"))
        agreement[i] = [
            0.0 if min(a.max(), b.max()) == 1 else adjusted_rand_score(a, b) for a, b in zip(one, two, strict=True)
        ]
    return agreement


def _divide(adata: "AnnData", name: str, resolutions: tuple[float, ...], n_neighbors: int, seed: int) -> list[Labels]:
    own = half(adata, name)
    total = np.maximum(np.asarray(own.X.sum(axis=1, dtype=np.float64)).ravel(), 1)
    own.X = log_values(own.X, np.median(total) / total)
    own.var["highly_variable"] = adata.var["highly_variable"].to_numpy()
    n_comps = adata.obsm["X_pca"].shape[1]
    batch = tuple(adata.uns["fxyd3_corrected"])
    embed(own, n_comps=n_comps, n_neighbors=n_neighbors, batch=batch, seed=seed, umap=False)
    return leiden(own.obsp["connectivities"], resolutions=resolutions, seed=seed)

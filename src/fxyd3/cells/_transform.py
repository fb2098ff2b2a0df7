"""Whether the space depends on how counts are brought to one scale."""

from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from scipy.sparse import csr_matrix

from fxyd3.cells._graph import Floats, graph, leiden
from fxyd3.cells._maps import shared_neighbours
from fxyd3.cells._normalise import THETA
from fxyd3.errors import InputError

if TYPE_CHECKING:
    from anndata import AnnData

LOOKED_AT = 5  # components, for depth


def transforms(
    adata: "AnnData",
    *,
    n_comps: int = 30,
    n_neighbors: int = 15,
    resolution: float = 0.5,
    max_cells: int = 1500,
    seed: int = 1,
) -> pd.DataFrame:
    """Compare the shifted logarithm with analytic Pearson residuals, on the same cells and variable genes.

    Parameters
    ----------
    adata
        Log values in ``X``, ``layers["counts"]``, ``var["highly_variable"]``; see ``normalise``.
    n_comps
        Principal components of each.
    n_neighbors
        Neighbours of a cell, without itself.
    resolution
        Of the groups sought in each.
    max_cells
        Measured on at most so many cells, drawn at random.
    seed
        Of the draw, the components and the groups.

    Returns
    -------
    Rows ``shifted logarithm`` and ``Pearson residuals``; float64 unless said otherwise:

    - ``depth_r``, 0 to 1, the largest size of a Spearman correlation between the total counts of the cells and
      one of the first five components; ``depth_component``, int64, which one; ``depth_variance``, that component's
      share of the genes' variance.
    - ``trend``, -1 to 1, Spearman's correlation of the genes' variance with their mean count: 0 is flat.
    - ``groups``, int64, found at the resolution.
    - ``overlap``, 0 to 1, the share of a cell's neighbours found in both; ``overlap_chance``, that of random ones.
    - ``ari``, the adjusted Rand index of the two divisions, 1 if they are one. These three are the same in both rows.
    - ``n``, int64, cells measured.

    Raises
    ------
    InputError
        If there are no counts or variable genes, or too few cells for the components and neighbours.

    Notes
    -----
    ``normalise`` adds one to values scaled to a total of ``target``, so its pseudo-count is one count per ``target``.
    The residuals compare each count with what depth and gene alone would give, with a negative binomial of size 100,
    and are cut at the root of the number of cells. Expected counts come from the variable genes.

    No batch is taken out here, so the numbers are about the transform and not about what follows it. The variable
    genes are those with large residuals, which favours the residuals. The comparison describes these cells and carries
    no interval.

    When not to use: to choose the transform that gives the groups hoped for. Groups that only one of them shows need
    other support.

    References
    ----------
    Lause 2021, doi:10.1186/s13059-021-02451-7 (residuals). Ahlmann-Eltze 2023, doi:10.1038/s41592-023-01814-1
    (comparison).

    Examples
    --------
    >>> from fxyd3 import cells
    >>> from fxyd3.data.simulate import twin
    >>> adata, _ = cells.qc(twin(600))
    >>> adata = adata[adata.obs["truth_type"] == "tumour"].copy()
    >>> _ = cells.normalise(adata)
    >>> _ = cells.embed(adata, n_comps=15, batch=(), umap=False)
    >>> cells.transforms(adata, n_comps=10).shape[0] > 1
    True
    """
    from scipy.stats import spearmanr
    from sklearn.metrics import adjusted_rand_score

    if "counts" not in adata.layers or "highly_variable" not in adata.var:
        raise InputError('layers["counts"] or var["highly_variable"] is missing: run normalise first.')
    chosen = adata.var["highly_variable"].to_numpy(dtype=bool)
    rng = np.random.default_rng(seed)
    drawn = np.sort(rng.choice(adata.n_obs, min(max_cells, adata.n_obs), replace=False))
    most = min(len(drawn), int(chosen.sum())) - 1
    if not (2 <= n_comps <= most and 1 <= n_neighbors < len(drawn) - 1):
        raise InputError(
            f"n_comps is {n_comps} and n_neighbors {n_neighbors}, but {len(drawn)} cells and {int(chosen.sum())} "
            f"variable genes allow {most} and {len(drawn) - 2}: lower them or keep more cells."
        )
    chosen &= np.asarray(adata.layers["counts"][drawn].sum(axis=0)).ravel() > 0
    counts = adata.layers["counts"][drawn][:, chosen]
    if not (counts.sum(axis=1) > 0).all():
        raise InputError("a cell has no counts of any variable gene: raise min_genes in qc, or choose more genes.")
    depth = np.asarray(adata.layers["counts"][drawn].sum(axis=1, dtype=np.float64)).ravel()
    values = {
        "shifted logarithm": adata.X[drawn][:, chosen].toarray(),
        "Pearson residuals": _residuals(counts),
    }
    level = np.asarray(counts.mean(axis=0)).ravel()
    spaces, parts, rows = [], [], {}
    for name, value in values.items():
        points, share = _components(value, n_comps, seed)
        spaces.append(points)
        parts.append(leiden(graph(points, n_neighbors=n_neighbors + 1)[1], resolutions=(resolution,), seed=seed)[0])
        rows[name] = _depth(points, share, depth) | {
            "trend": float(spearmanr(level, value.var(axis=0)).statistic),
            "groups": int(parts[-1].max()),
        }
    return (
        pd.DataFrame.from_dict(rows, orient="index")
        .assign(
            overlap=float(shared_neighbours(*spaces, n_neighbors=n_neighbors).mean()),
            overlap_chance=n_neighbors / (len(drawn) - 1),
            ari=float(adjusted_rand_score(*parts)),
            n=len(drawn),
        )
        .astype({"depth_component": np.int64, "groups": np.int64})
    )


def _residuals(counts: csr_matrix) -> NDArray[np.float32]:
    import scanpy as sc
    from anndata import AnnData

    table = AnnData(counts.toarray().astype(np.float32))
    sc.experimental.pp.normalize_pearson_residuals(table, theta=THETA)
    residuals: NDArray[np.float32] = table.X.astype(np.float32)
    return residuals


def _components(values: NDArray[np.float32], n_comps: int, seed: int) -> tuple[Floats, NDArray[np.floating[Any]]]:
    """Take the principal components from the products of cells, fewer than genes as a rule."""
    from scipy.sparse.linalg import eigsh

    centred = values - values.mean(axis=0)
    product = centred @ centred.T
    start = np.random.default_rng(seed).normal(size=len(product)).astype(np.float32)
    size, vectors = (found[..., ::-1] for found in eigsh(product, k=n_comps, v0=start))
    return vectors * np.sqrt(size), size / np.trace(product)


def _depth(points: Floats, share: NDArray[np.floating[Any]], depth: NDArray[np.float64]) -> dict[str, float]:
    from scipy.stats import spearmanr

    r = [abs(float(spearmanr(depth, points[:, i]).statistic)) for i in range(min(LOOKED_AT, points.shape[1]))]
    first = int(np.argmax(r))
    return {"depth_r": r[first], "depth_component": first + 1, "depth_variance": float(share[first])}

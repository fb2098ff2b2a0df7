"""The neighbour graph and its communities: the two steps that clustering and its stability share."""

import random
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import csr_matrix, triu

from fxyd3.errors import InputError

Floats = NDArray[np.floating[Any]]
Labels = NDArray[np.int32]


EXACT_BELOW = 100_000  # cells; above it an approximate index is faster than it is wrong


def neighbours(
    points: Floats, *, n_neighbors: int, exact: bool | None = None
) -> tuple[NDArray[np.int64], NDArray[np.float32]]:
    """Find the nearest neighbours of every cell, itself first.

    Parameters
    ----------
    points
        Cells x components, any float type; searched in float32, Euclidean.
    n_neighbors
        Neighbours per cell, the cell itself included.
    exact
        Whether to compare every pair of cells. By default so below 100,000 cells; above, cells are first sorted into
        about ``4 * sqrt(cells)`` cells of a Voronoi diagram, and the nearest 64 of those are searched.

    Returns
    -------
    Indices and distances, both cells x ``n_neighbors``. The same on every run.

    Raises
    ------
    InputError
        If there are not more cells than neighbours.

    Notes
    -----
    When not to use: ``exact=True`` on millions of cells; the time grows with the square of their number.

    References
    ----------
    Douze 2024, doi:10.48550/arXiv.2401.08281 (faiss).
    """
    import faiss

    if not 1 < n_neighbors < len(points):
        raise InputError(
            f"n_neighbors is {n_neighbors} but there are {len(points)} cells: choose from 2 to {len(points) - 1}, "
            "or keep more cells."
        )
    rows = np.ascontiguousarray(points, dtype=np.float32)
    index: Any = faiss.IndexFlatL2(rows.shape[1])
    if not (len(rows) < EXACT_BELOW if exact is None else exact):
        lists = max(round(4 * len(rows) ** 0.5), 1)
        index = faiss.IndexIVFFlat(index, rows.shape[1], lists)
        index.nprobe = min(64, lists)
        index.cp.min_points_per_centroid = 1
        index.train(rows)
    index.add(rows)
    squared, found = index.search(rows, n_neighbors)
    itself = np.arange(len(rows))
    # Cells with identical coordinates may come before the cell itself.
    late = np.flatnonzero(found[:, 0] != itself)
    for cell in late:
        place = np.flatnonzero(found[cell] == cell)
        found[cell, place[0] if len(place) else -1] = found[cell, 0]
        found[cell, 0] = cell
    return found, np.sqrt(np.maximum(squared, 0))


def graph(points: Floats, *, n_neighbors: int, exact: bool | None = None) -> tuple[csr_matrix, csr_matrix]:
    """Weigh the neighbour graph as UMAP does; the same weights as ``scanpy.pp.neighbors`` on exact neighbours.

    Parameters
    ----------
    points
        Cells x components.
    n_neighbors
        Neighbours per cell, the cell itself included.
    exact
        As for ``neighbours``.

    Returns
    -------
    Distances and symmetric weights from 0 to 1, both cells x cells, sparse.

    Notes
    -----
    umap-learn has the same function, but compiles it anew in every process, which takes longer than the rest of a
    chapter's graphs together.

    When not to use: for a graph over time or lineages, where neighbours need a direction.

    References
    ----------
    McInnes 2018, doi:10.48550/arXiv.1802.03426.
    """
    found, far = neighbours(points, n_neighbors=n_neighbors, exact=exact)
    cells = len(points)
    start = np.arange(0, cells * (n_neighbors - 1) + 1, n_neighbors - 1)
    distances = csr_matrix((far[:, 1:].ravel(), found[:, 1:].ravel(), start), shape=(cells, cells))
    one_way = csr_matrix((_weights(far)[:, 1:].ravel(), found[:, 1:].ravel(), start), shape=(cells, cells))
    back = one_way.T.tocsr()
    weights = csr_matrix(one_way + back - one_way.multiply(back))
    weights.eliminate_zeros()
    return distances, weights


def _weights(far: NDArray[np.float32]) -> NDArray[np.float32]:
    """Weigh each neighbour by ``exp(-(d - nearest) / width)``, the width such that a cell's weights sum to log2(k)."""
    distance = far.astype(np.float64)
    nearest = np.where(distance > 0, distance, np.inf).min(axis=1)
    nearest[~np.isfinite(nearest)] = 0
    beyond = np.maximum(distance - nearest[:, None], 0)[:, 1:]
    low, high, width = np.zeros(len(far)), np.full(len(far), np.inf), np.ones(len(far))
    open_ = np.arange(len(far))
    for _ in range(64):
        excess = np.exp(-beyond[open_] / width[open_, None]).sum(axis=1) - np.log2(far.shape[1])
        open_, excess = open_[np.abs(excess) >= 1e-5], excess[np.abs(excess) >= 1e-5]
        if not len(open_):
            break
        high[open_] = np.where(excess > 0, width[open_], high[open_])
        low[open_] = np.where(excess > 0, low[open_], width[open_])
        ends = high[open_]
        width[open_] = np.where(np.isfinite(ends), (low[open_] + ends) / 2, 2 * width[open_])
    floor = 1e-3 * np.where(nearest > 0, distance.mean(axis=1), distance.mean())
    width = np.maximum(width, floor)
    weights = np.ones(far.shape, dtype=np.float32)
    np.divide(beyond, width[:, None], out=beyond, where=width[:, None] > 0)
    weights[:, 1:] = np.exp(-beyond)
    return weights


def leiden(weights: csr_matrix, *, resolutions: tuple[float, ...], seed: int) -> list[Labels]:
    """Divide a weighted graph into communities by modularity, once per resolution.

    Parameters
    ----------
    weights
        Symmetric weights, cells x cells.
    resolutions
        Higher gives more and smaller groups.
    seed
        Of the igraph generator, set anew for every resolution.

    Returns
    -------
    Per resolution the group of each cell, 1 for the largest group, 2 for the next, and so on.

    Notes
    -----
    When not to use: as proof of groups. It divides noise too; see ``stability``.

    References
    ----------
    Traag 2019, doi:10.1038/s41598-019-41695-z.
    """
    import igraph

    upper = triu(weights, k=1, format="coo")
    network = igraph.Graph(n=weights.shape[0], edges=np.column_stack([upper.row, upper.col]), directed=False)
    found = []
    try:
        for resolution in resolutions:
            igraph.set_random_number_generator(random.Random(seed))  # noqa: S311
            parts = network.community_leiden(
                objective_function="modularity", weights=upper.data, resolution=resolution, n_iterations=2
            )
            found.append(by_size(np.asarray(parts.membership)))
    finally:
        igraph.set_random_number_generator(random)
    return found


def by_size(labels: NDArray[np.integer[Any]]) -> Labels:
    """Renumber groups from 1, the largest first; of equal ones, the one whose first cell comes first."""
    _, first, inverse, size = np.unique(labels, return_index=True, return_inverse=True, return_counts=True)
    rank = np.empty(len(size), dtype=np.int32)
    rank[np.lexsort((first, -size))] = np.arange(1, len(size) + 1)
    return rank[inverse]

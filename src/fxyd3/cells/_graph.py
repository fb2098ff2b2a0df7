"""The neighbour graph and its communities: the two steps that clustering and its stability share."""

import random
import warnings
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import csr_matrix, triu

from fxyd3.errors import InputError

Floats = NDArray[np.floating[Any]]
Labels = NDArray[np.int32]


def neighbours(points: Floats, *, n_neighbors: int) -> tuple[NDArray[np.int64], NDArray[np.float32]]:
    """Find the exact nearest neighbours of every cell, itself first.

    Parameters
    ----------
    points
        Cells x components, any float type; searched in float32, Euclidean.
    n_neighbors
        Neighbours per cell, the cell itself included.

    Returns
    -------
    Indices and distances, both cells x ``n_neighbors``.

    Raises
    ------
    InputError
        If there are not more cells than neighbours.

    Notes
    -----
    When not to use: above about 100,000 cells an approximate index is faster; this search is quadratic in cells.

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
    index = faiss.IndexFlatL2(rows.shape[1])
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


def graph(points: Floats, *, n_neighbors: int) -> tuple[csr_matrix, csr_matrix]:
    """Weigh the neighbour graph as UMAP does; the same weights as ``scanpy.pp.neighbors`` on exact neighbours.

    Parameters
    ----------
    points
        Cells x components.
    n_neighbors
        Neighbours per cell, the cell itself included.

    Returns
    -------
    Distances and symmetric weights from 0 to 1, both cells x cells, sparse.

    Notes
    -----
    When not to use: for a graph over time or lineages, where neighbours need a direction.

    References
    ----------
    McInnes 2018, doi:10.48550/arXiv.1802.03426.
    """
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # umap names optional parts that are absent, tqdm a missing notebook widget
        from umap.umap_ import fuzzy_simplicial_set

    found, far = neighbours(points, n_neighbors=n_neighbors)
    cells = len(points)
    weights = fuzzy_simplicial_set(
        np.empty((cells, 1), dtype=np.float32), n_neighbors, None, "euclidean", knn_indices=found, knn_dists=far
    )[0]
    start = np.arange(0, cells * (n_neighbors - 1) + 1, n_neighbors - 1)
    distances = csr_matrix((far[:, 1:].ravel(), found[:, 1:].ravel(), start), shape=(cells, cells))
    return distances, csr_matrix(weights)


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

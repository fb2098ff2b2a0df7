"""A second map of the cells, and what a map keeps of the space it was drawn from."""

import logging
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from fxyd3.cells._graph import Floats, neighbours
from fxyd3.data.report import nearest
from fxyd3.errors import InputError

if TYPE_CHECKING:
    from anndata import AnnData

FEWEST_CELLS = 61  # PaCMAP weighs 60 candidates for the neighbours of a cell
PAIRS = 20_000
EXPECTED = ("Warning: random state is set", "Running NN Backend on high-dimensional data")


def second_map(adata: "AnnData", *, seed: int = 1) -> None:
    """Draw the cells a second time, with PaCMAP, which weighs far pairs as well as near ones.

    Writes ``obsm["X_pacmap"]``, cells x 2, float32, from the space in which neighbours were sought. What two maps of
    different making both show is less likely to be the map's doing.

    Parameters
    ----------
    adata
        With ``uns["fxyd3_space"]`` and that space; see ``embed``.
    seed
        Same seed, same map: it is drawn on one core.

    Raises
    ------
    InputError
        If there is no space, or fewer than 61 cells.

    Notes
    -----
    200 rounds, not PaCMAP's own 450; on simulated cells the neighbours kept were the same.

    When not to use: to find groups, or to read sizes and gaps; ask ``distortion`` what the map keeps.

    References
    ----------
    Wang 2021, https://jmlr.org/papers/v22/20-1061.html (PaCMAP).

    Examples
    --------
    >>> from fxyd3 import cells
    >>> from fxyd3.data.simulate import twin
    >>> adata, _ = cells.qc(twin(600))
    >>> adata = adata[adata.obs["truth_type"] == "tumour"].copy()
    >>> _ = cells.normalise(adata)
    >>> _ = cells.embed(adata, n_comps=15, batch=(), umap=False)
    >>> cells.second_map(adata)
    >>> adata.obsm["X_pacmap"].shape[1]
    2
    """
    points = _space(adata)
    if len(points) < FEWEST_CELLS:
        raise InputError(f"{len(points)} cells are too few for a map by PaCMAP: keep at least {FEWEST_CELLS}.")
    import faiss
    import numba
    import pacmap

    threads = numba.get_num_threads(), faiss.omp_get_max_threads()
    numba.set_num_threads(1)  # its threads wait for each other longer than they work
    faiss.omp_set_num_threads(1)  # several would build another index on every run
    try:
        with _without(EXPECTED, logging.getLogger("pacmap.pacmap")):
            method = pacmap.PaCMAP(random_state=seed, apply_pca=False, num_iters=(50, 50, 100))
            adata.obsm["X_pacmap"] = method.fit_transform(points, init="pca").astype(np.float32)
    finally:
        numba.set_num_threads(threads[0])
        faiss.omp_set_num_threads(threads[1])


@contextmanager
def _without(starts: tuple[str, ...], logger: logging.Logger) -> Iterator[None]:
    """Leave out expected messages of a logger, for as long as the block runs."""

    def expected(record: logging.LogRecord) -> bool:
        return not record.getMessage().startswith(starts)

    logger.addFilter(expected)
    try:
        yield
    finally:
        logger.removeFilter(expected)


def _space(adata: "AnnData") -> NDArray[np.float32]:
    name = adata.uns.get("fxyd3_space")
    if name not in adata.obsm:
        raise InputError('uns["fxyd3_space"] names no space of these cells: run embed first.')
    return np.ascontiguousarray(adata.obsm[name], dtype=np.float32)


def distortion(
    adata: "AnnData",
    *,
    maps: Sequence[str] = ("X_umap", "X_pacmap"),
    n_neighbors: int = 15,
    max_cells: int = 2000,
    seed: int = 1,
) -> pd.DataFrame:
    """Measure what maps keep of the space they were drawn from, beside a map of random positions.

    Parameters
    ----------
    adata
        With the maps in ``obsm``, and the space; see ``embed`` and ``second_map``.
    maps
        The maps to measure.
    n_neighbors
        Neighbours of a cell, without itself.
    max_cells
        Measured on at most so many cells, drawn at random; neighbours are sought among them.
    seed
        Of the draw, the pairs and the random positions.

    Returns
    -------
    One row per map and a last one, ``random``; float64 columns, and ``n``:

    - ``trustworthiness``, 0 to 1, about 0.5 at random: whether neighbours on the map are near in the space.
    - ``preservation``, 0 to 1, ``n_neighbors / (n - 1)`` at random: the share of a cell's neighbours in the space that
      are its neighbours on the map.
    - ``distances``, -1 to 1, about 0 at random: Spearman's correlation, over 20,000 random pairs of cells, of their
      distance on the map with that in the space.
    - ``n``, int64, cells measured.

    Raises
    ------
    InputError
        If a map or the space is missing, or there are not more than twice as many cells as neighbours.

    Notes
    -----
    The cells are not independent and the map is one drawing: the numbers describe this map and carry no interval.

    When not to use: to choose between maps that differ by a few hundredths; or as a licence to read distances off a
    map. Trust in neighbours is not trust in gaps.

    References
    ----------
    Venna 2001, doi:10.1007/3-540-44668-0_68 (trustworthiness).

    Examples
    --------
    >>> from fxyd3 import cells
    >>> from fxyd3.data.simulate import twin
    >>> adata, _ = cells.qc(twin(600))
    >>> adata = adata[adata.obs["truth_type"] == "tumour"].copy()
    >>> _ = cells.normalise(adata)
    >>> _ = cells.embed(adata, n_comps=15, batch=(), umap=False)
    >>> cells.second_map(adata)
    >>> cells.distortion(adata, maps=("X_pacmap",)).shape[0]
    2
    """
    from scipy.stats import spearmanr
    from sklearn.manifold import trustworthiness

    points = _space(adata)
    absent = [name for name in maps if name not in adata.obsm]
    if absent:
        raise InputError(f"there is no map {absent[0]!r} in obsm{nearest(absent[0], adata.obsm)}: draw it first.")
    rng = np.random.default_rng(seed)
    drawn = np.sort(rng.choice(len(points), min(max_cells, len(points)), replace=False))
    if not 1 <= n_neighbors < len(drawn) / 2:
        raise InputError(f"n_neighbors is {n_neighbors}, but {len(drawn)} cells allow 1 to {(len(drawn) - 1) // 2}.")
    inside = points[drawn]
    one, two = rng.integers(0, len(drawn), (2, PAIRS))
    two = np.where(one == two, (two + 1) % len(drawn), two)
    placed = {name: np.asarray(adata.obsm[name])[drawn] for name in maps}
    placed["random"] = rng.normal(size=(len(drawn), 2))
    rows = {
        name: {
            "trustworthiness": float(trustworthiness(inside, on_map, n_neighbors=n_neighbors)),
            "preservation": float(shared_neighbours(inside, on_map, n_neighbors=n_neighbors).mean()),
            "distances": float(spearmanr(_far(inside, one, two), _far(on_map, one, two)).statistic),
        }
        for name, on_map in placed.items()
    }
    return pd.DataFrame.from_dict(rows, orient="index").assign(n=len(drawn))


def shared_neighbours(one: Floats, two: Floats, *, n_neighbors: int) -> NDArray[np.float64]:
    """Return per cell the share of its nearest neighbours in one space that are so in another, itself left out."""
    near = [neighbours(points, n_neighbors=n_neighbors + 1)[0][:, 1:] for points in (one, two)]
    cell = np.arange(len(near[0]))[:, None] * len(near[0])
    shared: NDArray[np.float64] = np.isin(near[0] + cell, near[1] + cell).mean(axis=1)
    return shared


def _far(points: Floats, one: NDArray[np.int64], two: NDArray[np.int64]) -> NDArray[np.float64]:
    far: NDArray[np.float64] = np.linalg.norm(points[one] - points[two], axis=1)
    return far

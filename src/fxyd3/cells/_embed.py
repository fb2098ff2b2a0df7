"""From variable genes to a space in which near cells are alike."""

import warnings
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import csr_matrix

from fxyd3.cells._graph import graph
from fxyd3.errors import InputError

if TYPE_CHECKING:
    import pandas as pd
    from anndata import AnnData


@dataclass(frozen=True)
class Embedded:
    """What ``embed`` did: components, their share of the variable genes' variance, columns corrected, space used."""

    n_comps: int
    variance: float
    corrected: tuple[str, ...]
    space: str


def embed(
    adata: "AnnData",
    *,
    n_comps: int = 30,
    n_neighbors: int = 15,
    batch: Sequence[str] = ("batch", "patient"),
    seed: int = 1,
    umap: bool | Literal["parallel"] = True,
    exact: bool | None = None,
) -> Embedded:
    """Find principal components, take out batch and patient differences, join neighbours and draw the UMAP.

    Writes ``obsm["X_pca"]``, ``varm["PCs"]``, ``uns["pca"]``; with something to correct ``obsm["X_harmony"]``;
    ``obsp["distances"]``, ``obsp["connectivities"]``, ``uns["neighbors"]`` as scanpy does; ``obsm["X_umap"]``;
    ``uns["fxyd3_space"]``, the name of the space in which neighbours were sought, and ``uns["fxyd3_corrected"]``, the
    columns taken out.

    Parameters
    ----------
    adata
        Log values in ``X``, ``var["highly_variable"]``; see ``normalise``.
    n_comps
        Principal components.
    n_neighbors
        Neighbours per cell, the cell itself included; exact.
    batch
        Columns of ``obs`` whose differences Harmony takes out; those with one level are passed over. Patients are
        among them by default, because the groups sought are states that patients share.
    seed
        Of Harmony and UMAP. Same seed, same numbers.
    umap
        Whether to draw the UMAP; groups do not need it. ``"parallel"`` draws it on all cores, faster, and different on
        every run: the one step here that a seed does not fix.
    exact
        Whether neighbours are exact; by default below 100,000 cells, see ``fxyd3.cells._graph.neighbours``.

    Raises
    ------
    InputError
        If there are not more cells and variable genes than components, or not more cells than neighbours, or a batch
        column is named twice.

    Notes
    -----
    Harmony runs all of its 20 rounds, with soft groups twice as wide as its default. Its own stopping rule ended it
    after four rounds and left batches apart where the batch was the largest difference between simulated cells.

    The UMAP starts from the first two components of the space and runs 200 rounds, 100 above 20,000 cells: enough from
    such a start.

    When not to use: to find clones, which differ between patients by nature; pass ``batch=()`` for those.
    Distances in the UMAP mean little; groups are sought in the space of components.

    References
    ----------
    Korsunsky 2019, doi:10.1038/s41592-019-0619-0 (Harmony). McInnes 2018, doi:10.48550/arXiv.1802.03426 (UMAP).

    Examples
    --------
    >>> from fxyd3 import cells
    >>> from fxyd3.data.simulate import twin
    >>> adata, _ = cells.qc(twin(600))
    >>> adata = adata[adata.obs["truth_type"] == "tumour"].copy()
    >>> _ = cells.normalise(adata)
    >>> found = cells.embed(adata, n_comps=20, umap=False)
    >>> adata.obsm["X_pca"].shape[1], found.corrected
    (20, ('batch', 'patient'))
    """
    import scanpy as sc

    most = min(adata.n_obs, int(adata.var["highly_variable"].sum())) - 1
    if not 2 <= n_comps <= most:
        raise InputError(
            f"n_comps is {n_comps}, but {adata.n_obs} cells and {int(adata.var['highly_variable'].sum())} variable "
            f"genes allow 2 to {most}: lower n_comps or keep more cells."
        )
    _pca(adata, n_comps)
    corrected = _to_correct(adata.obs, batch)
    space = "X_pca"
    if corrected:
        import harmonypy

        fitted = harmonypy.run_harmony(
            adata.obsm["X_pca"],
            adata.obs[list(corrected)].astype(str),
            list(corrected),
            sigma=0.2,
            max_iter_harmony=20,
            epsilon_harmony=-np.inf,
            random_state=seed,
            ncores=1,
            verbose=False,
        )
        space = "X_harmony"
        adata.obsm[space] = np.ascontiguousarray(fitted.Z_corr, dtype=np.float32)
    adata.uns["fxyd3_space"], adata.uns["fxyd3_corrected"] = space, list(corrected)
    adata.obsp["distances"], adata.obsp["connectivities"] = graph(
        adata.obsm[space], n_neighbors=n_neighbors, exact=exact
    )
    adata.uns["neighbors"] = {
        "connectivities_key": "connectivities",
        "distances_key": "distances",
        "params": {"n_neighbors": n_neighbors, "method": "umap", "metric": "euclidean", "use_rep": space},
    }
    rounds = 200 if adata.n_obs <= 20_000 else 100
    if umap:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # umap names optional parts that are absent, tqdm a missing notebook widget
            import umap as _  # noqa: F401
    if umap == "parallel":
        adata.obsm["X_umap"] = _parallel_umap(adata, space, rounds)
    elif umap:
        sc.tl.umap(adata, init_pos=adata.obsm[space][:, :2], maxiter=rounds, random_state=seed)
    return Embedded(n_comps, float(np.sum(adata.uns["pca"]["variance_ratio"])), corrected, space)


def _pca(adata: "AnnData", n_comps: int) -> None:
    """Write components as scanpy does, from the covariance of the variable genes: one pass, nothing made dense."""
    from scipy.sparse.linalg import eigsh

    from fxyd3.cells._passes import covariance

    chosen = adata.var["highly_variable"].to_numpy()
    values = csr_matrix(csr_matrix(adata.X)[:, chosen], dtype=np.float32)
    values.sort_indices()
    mean, spread = covariance(values)
    variance, directions = eigsh(spread, k=n_comps, v0=np.ones(len(mean)))
    variance, directions = variance[::-1], directions[:, ::-1]
    directions = directions * np.sign(directions[np.abs(directions).argmax(axis=0), np.arange(n_comps)])
    adata.obsm["X_pca"] = np.asarray(values @ directions - mean @ directions, dtype=np.float32)
    loadings = np.zeros((adata.n_vars, n_comps))
    loadings[chosen] = directions
    adata.varm["PCs"] = loadings
    adata.uns["pca"] = {
        "params": {"zero_center": True, "mask_var": "highly_variable", "use_highly_variable": True},
        "variance": variance,
        "variance_ratio": variance / np.trace(spread),
    }


def _to_correct(obs: "pd.DataFrame", batch: Sequence[str]) -> tuple[str, ...]:
    """Choose the columns with more than one level; of columns that divide the cells alike, the first."""
    twice = [column for column in dict.fromkeys(batch) if list(batch).count(column) > 1]
    if twice:
        raise InputError(f"the batch column {twice[0]!r} is named twice: name each column once.")
    found: dict[tuple[int, ...], str] = {}
    for column in batch:
        codes = obs[column].astype(str).factorize()[0] if column in obs else np.zeros(1)
        if codes.any():
            found.setdefault(tuple(codes), column)
    return tuple(found.values())


def _parallel_umap(adata: "AnnData", space: str, rounds: int) -> NDArray[np.float32]:
    from umap.umap_ import find_ab_params, simplicial_set_embedding

    a, b = find_ab_params(1.0, 0.5)  # scanpy's spread and least distance
    drawn, _ = simplicial_set_embedding(
        adata.obsm[space],
        adata.obsp["connectivities"].tocoo(),
        n_components=2,
        initial_alpha=1.0,
        a=a,
        b=b,
        gamma=1.0,
        negative_sample_rate=5,
        n_epochs=rounds,
        init=np.asarray(adata.obsm[space][:, :2], dtype=np.float32),
        random_state=np.random.RandomState(None),
        metric="euclidean",
        metric_kwds={},
        densmap=False,
        densmap_kwds={},
        output_dens=False,
        parallel=True,
    )
    placed: NDArray[np.float32] = drawn
    return placed

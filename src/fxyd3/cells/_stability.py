"""How many groups there are that would be found again."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from fxyd3.cells._graph import Floats, Labels, graph, leiden
from fxyd3.errors import InputError

if TYPE_CHECKING:
    from anndata import AnnData

RESOLUTIONS = (0.1, 0.15, 0.2, 0.3, 0.45, 0.65, 1.0, 1.4, 2.0)


@dataclass(frozen=True)
class Stability:
    """The number of groups that are found again, and how sure that is.

    ``table`` has one row per resolution: ``groups`` in all cells; ``ari``, the mean agreement of subsamples with all
    cells, and its ``ari_low`` and ``ari_high`` (5th and 95th percentile); ``null`` and ``null_high``, mean and 95th
    percentile of the same where there is one group only; ``supported``. ``subsamples`` has one row per subsample: the
    patient left out, cells, and the resolution and number of groups it would have chosen itself; ``null_groups`` has
    the numbers chosen where there is one group only.
    """

    table: pd.DataFrame
    subsamples: pd.DataFrame
    null_groups: tuple[int, ...]
    resolution: float
    groups: int
    lower: float
    upper: float
    cells: int


def stability(
    adata: "AnnData",
    *,
    resolutions: Sequence[float] = RESOLUTIONS,
    n_subsamples: int = 20,
    fraction: float = 0.8,
    max_cells: int = 2000,
    least: float = 0.75,
    n_neighbors: int = 15,
    seed: int = 1,
) -> Stability:
    """Divide subsamples again, compare with all cells and with a cloud that has one group, and choose the number.

    At each resolution, all cells and each subsample are divided anew and compared by the adjusted Rand index (1 is the
    same division, 0 is chance; a single group tells nothing and counts as 0). The same is done with half as many
    Gaussian clouds of one group, with the covariance of the cells. A resolution is supported where the mean index is at
    least ``least`` and above the 95th percentile of the clouds. The number of groups chosen is the one supported over
    the widest stretch of the grid (sum of its indices; the finer on a tie), at the middle of the stretch; one group and
    resolution 0 where none is supported. Writes nothing.

    Parameters
    ----------
    adata
        With the space named by ``uns["fxyd3_space"]``; see ``embed``. With at least 3 patients in ``obs["patient"]``,
        each subsample leaves one patient out in turn and draws its cells from the others.
    resolutions
        Grid, ascending, evenly spaced in the logarithm; the widest stretch is counted on it.
    n_subsamples
        Subsamples; half as many clouds, at least 2.
    fraction, max_cells
        A subsample holds this share of the cells, but no more than ``max_cells``, nor than a left-out patient leaves.
    least
        Smallest mean index called stable. A reasoned convention (0.75 is Hennig's for the Jaccard index).
    n_neighbors
        As for ``embed``.
    seed
        Of the subsamples, the clouds and the Leiden method.

    Returns
    -------
    Estimate, interval (2.5th to 97.5th percentile of the numbers that the subsamples choose, widened to hold the
    estimate) and all that led to them.

    Raises
    ------
    InputError
        If there is no embedding, fewer than 2 subsamples, or too few cells for the neighbours of a subsample.

    Notes
    -----
    The cloud keeps gradients (a long axis can be cut in two rather stably) and loses only what makes groups, so it is
    the harder null; permuted counts would be beaten by any gradient. Subsamples overlap: the interval shows how firm
    the number is in these data, and is too narrow for other patients.

    When not to use: for groups of fewer cells than a few times ``n_neighbors``; they cannot be found.

    References
    ----------
    Hennig 2007, doi:10.1016/j.csda.2006.11.025 (stability). Hubert 1985, doi:10.1007/BF01908075 (adjusted Rand index).
    Liu 2008, doi:10.1198/016214508000000454 (one Gaussian as the null of clustering).
    """
    if "fxyd3_space" not in adata.uns:
        raise InputError('there is no embedding (uns["fxyd3_space"]): run embed first.')
    points = np.asarray(adata.obsm[adata.uns["fxyd3_space"]], dtype=np.float64)
    cells = len(points)
    if n_subsamples < 2:
        raise InputError(f"n_subsamples is {n_subsamples}: give 2 or more; 20 is usual.")
    size = min(round(fraction * cells), max_cells)
    if size <= n_neighbors + 1:
        raise InputError(
            f"{cells} cells are too few to subsample with n_neighbors = {n_neighbors}: keep at least "
            f"{int((n_neighbors + 1) / fraction) + 1} cells, or lower n_neighbors."
        )
    grid = tuple(resolutions)
    rng = np.random.default_rng(seed)

    def divide(where: Floats) -> list[Labels]:
        return leiden(graph(where, n_neighbors=n_neighbors)[1], resolutions=grid, seed=seed)

    whole = divide(points)
    left_out, draws = _draws(adata, n_subsamples, size, rng)
    parts = [divide(points[draw]) for draw in draws]
    agreement = np.array([_agree(part, whole, draw) for part, draw in zip(parts, draws, strict=True)])

    root = _root(points)
    clouds = max(n_subsamples // 2, 2)
    null_agreement = np.empty((clouds, len(grid)))
    null_parts = []
    for i in range(clouds):
        cloud = rng.standard_normal((min(cells, round(size / fraction)), points.shape[1])) @ root
        draw = np.sort(rng.choice(len(cloud), size, replace=False))
        null_parts.append(divide(cloud[draw]))
        null_agreement[i] = _agree(null_parts[-1], divide(cloud), draw)

    bar = np.maximum(np.quantile(null_agreement, 0.95, axis=0), least)
    ari = agreement.mean(axis=0)
    groups = _sizes(whole)
    best = _choose(groups, ari, bar)
    chosen = [_choose(_sizes(part), row, bar) for part, row in zip(parts, agreement, strict=True)]
    numbers = [1 if at is None else int(_sizes(part)[at]) for part, at in zip(parts, chosen, strict=True)]
    estimate = 1 if best is None else int(groups[best])
    lower, upper = np.quantile(numbers, [0.025, 0.975], method="inverted_cdf")
    return Stability(
        table=pd.DataFrame(
            {
                "groups": groups,
                "ari": ari,
                "ari_low": np.quantile(agreement, 0.05, axis=0),
                "ari_high": np.quantile(agreement, 0.95, axis=0),
                "null": null_agreement.mean(axis=0),
                "null_high": np.quantile(null_agreement, 0.95, axis=0),
                "supported": (ari >= least) & (ari > np.quantile(null_agreement, 0.95, axis=0)),
            },
            index=pd.Index(grid, name="resolution"),
        ),
        subsamples=pd.DataFrame(
            {
                "left_out": left_out,
                "cells": [len(draw) for draw in draws],
                "resolution": [0.0 if at is None else grid[at] for at in chosen],
                "groups": numbers,
            }
        ),
        null_groups=tuple(
            1 if at is None else int(_sizes(part)[at])
            for part, row in zip(null_parts, null_agreement, strict=True)
            for at in [_choose(_sizes(part), row, bar)]
        ),
        resolution=0.0 if best is None else grid[best],
        groups=estimate,
        lower=min(float(lower), estimate),
        upper=max(float(upper), estimate),
        cells=cells,
    )


def _draws(
    adata: "AnnData", n_subsamples: int, size: int, rng: np.random.Generator
) -> tuple[list[str], list[NDArray[np.intp]]]:
    """Draw subsamples; each leaves one patient out where there are three or more."""
    everyone = np.arange(adata.n_obs)
    patient = adata.obs["patient"].astype(str).to_numpy() if "patient" in adata.obs else np.full(adata.n_obs, "")
    names = np.unique(patient)
    names = rng.permutation(names) if len(names) >= 3 else np.array([""])
    left_out = [str(names[i % len(names)]) if len(names) >= 3 else "" for i in range(n_subsamples)]
    draws = []
    for name in left_out:
        rest = everyone[patient != name] if name else everyone
        draws.append(np.sort(rng.choice(rest, min(len(rest), size), replace=False)))
    return left_out, draws


def _agree(part: list[Labels], whole: list[Labels], draw: NDArray[np.intp]) -> list[float]:
    """Give the adjusted Rand index of a subsample with all cells at each resolution; 0 where either has one group."""
    from sklearn.metrics import adjusted_rand_score

    return [
        0.0 if some.max() == 1 or np.ptp(every[draw]) == 0 else float(adjusted_rand_score(every[draw], some))
        for some, every in zip(part, whole, strict=True)
    ]


def _root(points: Floats) -> Floats:
    """Find a matrix that gives standard normal rows the covariance of the points."""
    values, vectors = np.linalg.eigh(np.cov(points, rowvar=False))
    root: Floats = (vectors * np.sqrt(np.maximum(values, 0))).T
    return root


def _sizes(labels: list[Labels]) -> NDArray[np.int64]:
    return np.array([each.max() for each in labels], dtype=np.int64)


def _choose(groups: NDArray[np.int64], ari: NDArray[np.floating[Any]], bar: NDArray[np.floating[Any]]) -> int | None:
    """Find the place on the grid of the number of groups supported over the widest stretch; none if none is."""
    held = (ari >= bar) & (groups > 1)
    if not held.any():
        return None
    worth = {number: float(ari[held & (groups == number)].sum()) for number in np.unique(groups[held])}
    number = max(worth, key=lambda k: (worth[k], k))
    stretch = np.flatnonzero(held & (groups == number))
    return int(stretch[(len(stretch) - 1) // 2])

"""How many groups there are that would be found again."""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from fxyd3.cells._graph import Floats, Labels, graph, leiden
from fxyd3.cells._null import one_group
from fxyd3.cells._thinning import thinned_agreement
from fxyd3.errors import InputError

if TYPE_CHECKING:
    from anndata import AnnData

BEYOND_CHANCE = 0.1  # adjusted Rand index of two halves of the counts; on simulated noise it stays below 0.02
RESOLUTIONS = (0.1, 0.15, 0.2, 0.3, 0.45, 0.65, 1.0, 1.4, 2.0)


@dataclass(frozen=True)
class Stability:
    """The number of groups that are found again, and how sure that is.

    ``table`` has one row per resolution: ``groups`` in all cells; ``ari``, the mean agreement of subsamples with all
    cells, and its ``ari_low`` and ``ari_high`` (5th and 95th percentile); ``null`` and ``null_high``, mean and 95th
    percentile of the same in Gaussian clouds of one group, ``model`` and ``model_high`` in counts of one fitted
    population; ``thinned``, the mean agreement of two independent halves of the counts; ``supported``. ``subsamples``
    has one row per subsample: the patient left out, cells, and the resolution and number of groups it would have chosen
    itself; ``null_groups`` has the numbers chosen, by agreement alone, where there is one group only. ``labels`` holds
    the groups of all cells at each resolution. ``reason`` says in a sentence why the number was chosen, and ``span``
    the fewest and the most groups of any resolution that is supported.
    """

    table: pd.DataFrame
    subsamples: pd.DataFrame
    null_groups: tuple[int, ...]
    resolution: float
    groups: int
    lower: float
    upper: float
    cells: int
    labels: pd.DataFrame
    reason: str
    span: tuple[int, int]


def stability(
    adata: "AnnData",
    *,
    resolutions: Sequence[float] = RESOLUTIONS,
    n_subsamples: int = 20,
    fraction: float = 0.8,
    max_cells: int = 1500,
    least: float = 0.75,
    n_neighbors: int = 15,
    seed: int = 1,
) -> Stability:
    """Divide subsamples and halves of the counts again, compare with what one group gives, and choose the number.

    At each resolution, all cells and each subsample are divided anew and compared by the adjusted Rand index (1 is the
    same division, 0 is chance; a single group tells nothing and counts as 0). The same is done where there is one group
    only, a quarter as often each: in Gaussian clouds with the covariance of the cells, and in counts drawn from one
    fitted population (see ``one_group``). A resolution is supported where the mean index is at least ``least`` and
    above the 95th percentile of both, and where two independent halves of the counts agree beyond chance: by 0.1 or
    more, at this resolution or a finer one (see ``thinned_agreement``). The number of groups chosen is the one
    supported over the widest stretch of the grid (sum of its indices; the finer on a tie), at the middle of the
    stretch; one group and resolution 0 where none is supported. Writes nothing.

    Parameters
    ----------
    adata
        With ``layers["counts"]`` and the space named by ``uns["fxyd3_space"]``; see ``embed``. With at least 3
        patients in ``obs["patient"]``, each subsample leaves one patient out in turn and draws its cells from the
        others.
    resolutions
        Grid, ascending, evenly spaced in the logarithm; the widest stretch is counted on it.
    n_subsamples
        Subsamples; a quarter as many clouds and fitted populations, at least 2 of each.
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
        If there are no counts or no embedding, fewer than 2 subsamples, too few cells for the neighbours of a
        subsample, a grid that does not rise from above 0, or one that leaves all cells in one group throughout.

    Notes
    -----
    Three things are found again without being groups, and each has its guard. Gradients: a long axis can be cut in two
    rather stably; clouds and population keep gradients and lose only the gaps. Small numbers of cells: these agree with
    themselves by luck, and so do cloud and population. The noise of the counts: subsamples share it, so a division of
    noise is found again in them; two halves of the counts do not. Half the counts blur groups, and the blur asks for a
    finer resolution: hence any finer one may show the agreement, and a little is enough. How high it is depends on the
    depth of the counts, and tells nothing more. On very shallow counts the answer is one group; the tests of the
    groups, which are made from half the counts, would have nothing to stand on either.

    Subsamples overlap: the interval shows how firm the number is in these data, and is too narrow for other patients.

    When not to use: for groups of fewer cells than a few times ``n_neighbors``; they cannot be found.

    References
    ----------
    Hennig 2007, doi:10.1016/j.csda.2006.11.025 (stability). Hubert 1985, doi:10.1007/BF01908075 (adjusted Rand index).
    Liu 2008, doi:10.1198/016214508000000454 (one Gaussian as the null of clustering). Neufeld 2023,
    doi:10.48550/arXiv.2307.12985 (halves of the counts).

    Examples
    --------
    Few subsamples and two resolutions, so that it is fast:

    >>> from fxyd3 import cells
    >>> from fxyd3.data.simulate import twin
    >>> adata, _ = cells.qc(twin(600))
    >>> adata = adata[adata.obs["truth_type"] == "tumour"].copy()
    >>> _ = cells.normalise(adata)
    >>> _ = cells.embed(adata, n_comps=15, batch=(), umap=False)
    >>> found = cells.stability(adata, resolutions=(0.2, 0.5), n_subsamples=2, max_cells=200)
    >>> found.groups >= 1
    True
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
    if not grid or grid[0] <= 0 or any(low >= high for low, high in pairwise(grid)):
        raise InputError(f"resolutions are {list(grid)}: give numbers above 0, each greater than the one before.")
    population = one_group(adata, seed=seed)
    rng = np.random.default_rng(seed)

    def divide(where: Floats) -> list[Labels]:
        return leiden(graph(where, n_neighbors=n_neighbors)[1], resolutions=grid, seed=seed)

    whole = divide(points)
    groups = _sizes(whole)
    if groups.max() == 1:
        raise InputError(
            f"every resolution up to {grid[-1]:g} leaves all {cells} cells in one group, so there is nothing to "
            "compare: give higher resolutions, up to 2 or so."
        )
    left_out, draws = _draws(adata, n_subsamples, size, rng)
    parts = [divide(points[draw]) for draw in draws]
    agreement = np.array([_agree(part, whole, draw) for part, draw in zip(parts, draws, strict=True)])

    root = _root(points)
    n_null, n_drawn = max(n_subsamples // 4, 2), min(cells, round(size / fraction))
    null_agreement = np.empty((2, n_null, len(grid)))
    null_parts = []
    for i in range(2 * n_null):
        kind, at = divmod(i, n_null)
        if kind == 0:
            cloud: Floats = rng.standard_normal((n_drawn, points.shape[1])) @ root
        else:
            cloud = population.space(n_drawn, rng)
        draw = np.sort(rng.choice(len(cloud), size, replace=False))
        null_parts.append(divide(cloud[draw]))
        null_agreement[kind, at] = _agree(null_parts[-1], divide(cloud), draw)

    high = np.quantile(null_agreement, 0.95, axis=1)
    bar = np.maximum(high.max(axis=0), least)
    alone = [
        _choose(_sizes(part), row, bar)
        for part, row in zip(null_parts, null_agreement.reshape(-1, len(grid)), strict=True)
    ]
    ari = agreement.mean(axis=0)
    thinned = thinned_agreement(adata, resolutions=grid, n_neighbors=n_neighbors, seed=seed)
    halves = np.maximum.accumulate(thinned.mean(axis=0)[::-1])[::-1]
    reason = _reason(grid, groups, ari, bar, halves)
    bar[halves < BEYOND_CHANCE] = np.inf
    best = _choose(groups, ari, bar)
    chosen = [_choose(_sizes(part), row, bar) for part, row in zip(parts, agreement, strict=True)]
    numbers = [1 if at is None else int(_sizes(part)[at]) for part, at in zip(parts, chosen, strict=True)]
    estimate = 1 if best is None else int(groups[best])
    supported = (ari >= bar) & (groups > 1)
    span = (int(groups[supported].min()), int(groups[supported].max())) if supported.any() else (1, 1)
    lower, upper = np.quantile(numbers, [0.025, 0.975], method="inverted_cdf")
    return Stability(
        table=pd.DataFrame(
            {
                "groups": groups,
                "ari": ari,
                "ari_low": np.quantile(agreement, 0.05, axis=0),
                "ari_high": np.quantile(agreement, 0.95, axis=0),
                "null": null_agreement[0].mean(axis=0),
                "null_high": high[0],
                "model": null_agreement[1].mean(axis=0),
                "model_high": high[1],
                "thinned": thinned.mean(axis=0),
                "supported": supported,
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
            1 if at is None else int(_sizes(part)[at]) for part, at in zip(null_parts, alone, strict=True)
        ),
        resolution=0.0 if best is None else grid[best],
        groups=estimate,
        lower=min(float(lower), estimate),
        upper=max(float(upper), estimate),
        cells=cells,
        labels=pd.DataFrame(dict(zip(grid, whole, strict=True)), index=adata.obs_names),
        reason=reason,
        span=span,
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


def _reason(grid: tuple[float, ...], groups: NDArray[np.int64], ari: Floats, bar: Floats, halves: Floats) -> str:
    """Say why the number was chosen, or what is wanting."""
    beyond = halves >= BEYOND_CHANCE
    best = _choose(groups, ari, np.where(beyond, bar, np.inf))
    if best is not None:
        at = (ari >= bar) & beyond & (groups == groups[best])
        found = [f"{grid[i]:g}" for i in np.flatnonzero(at)]
        where = f"resolutions {found[0]} to {found[-1]}" if len(found) > 1 else f"resolution {found[0]}"
        return (
            f"{groups[best]} groups are found again at {where} ({len(found)} of {len(grid)} on the grid), with a mean "
            f"agreement of {ari[at].mean():.2f} where {bar[at].max():.2f} is asked"
        )
    firm = _choose(groups, ari, bar)
    if firm is not None:
        return (
            f"{groups[firm]} groups at resolution {grid[firm]:g} are found again in subsamples, but not in two halves "
            f"of the counts, which agree by {halves[firm]:.2f} where {BEYOND_CHANCE:g} is asked: the division rests on "
            "noise, or the counts are too shallow to tell"
        )
    nearest = int(np.argmax(np.where(groups > 1, ari - bar, -np.inf)))
    return (
        f"no division is found again firmly enough: the nearest, {groups[nearest]} groups at resolution "
        f"{grid[nearest]:g}, agrees by {ari[nearest]:.2f} where {bar[nearest]:.2f} is asked"
    )


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

"""Droplets that may hold two cells."""

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from scipy.ndimage import uniform_filter1d
from scipy.sparse import csr_matrix
from statsmodels.stats.proportion import proportion_confint

from fxyd3.errors import InputError

if TYPE_CHECKING:
    from anndata import AnnData

Floats = NDArray[np.float64]
Names = NDArray[np.str_]

BINS = 32
FEWEST = 50  # cells of a sample; with fewer, simulated doublets are too alike


@dataclass(frozen=True)
class Doublets:
    """Scores of cells beside those of simulated doublets.

    ``table`` has one row per sample: ``cells``, ``median`` score, ``called``, ``expected`` (at the expected rate).
    ``simulated`` are the scores of simulated doublets. ``threshold`` is the valley between their two humps where
    ``separate`` is true; else the score above which the expected share of the cells lies. ``missing`` says why nothing
    could be scored; nothing is then called.
    """

    table: pd.DataFrame
    simulated: Floats
    threshold: float
    separate: bool
    missing: str = ""


def doublets(adata: "AnnData", *, expected_rate: float = 0.05, ratio: int = 2, seed: int = 1) -> Doublets:
    """Score each cell by how many simulated doublets lie near it, and call those with the highest scores.

    Writes ``obs["doublet_score"]`` (float64, 0 to 1; missing in samples of fewer than 50 cells) and ``obs["doublet"]``.

    Parameters
    ----------
    adata
        With ``layers["counts"]`` and components; see ``embed``, with ``batch=()``. Doublets are simulated within
        ``obs["sample"]``, where there is one: two cells share a droplet only if they were loaded together.
    expected_rate
        Share of doublets among droplets, if it is known.
    ratio
        Simulated doublets per cell.
    seed
        Of the pairs.

    Returns
    -------
    Scores of simulated doublets, the threshold and what it calls.

    Raises
    ------
    InputError
        If the rate is not between 0 and 0.5, or there are no components.

    Notes
    -----
    The score is that of Scrublet, in the space of all cells and with exact neighbours; ``scanpy.pp.scrublet`` makes a
    space of each sample and takes several times as long. Simulated doublets of unlike cells form a second hump of high
    scores; doublets of like cells look like single ones, here and to any method. Where a second hump stands apart, the
    threshold lies between; else the share of cells called is the one expected, whatever the truth is. Either way some
    of the called are single cells that lie between two groups, and without them groups look more separate.

    What to expect: of the doublets planted in the twin about half are found, and about six in ten of the called are
    doublets. Of the pairs of cell lines on plates (Tian 2019, doi:10.1038/s41592-019-0425-8) nearly all of the called
    were doublets by their genotypes, and more than eight in ten doublets were not found.

    When not to use: on cells sorted to be alike, to find all doublets. They cannot be seen there.

    References
    ----------
    Wolock 2019, doi:10.1016/j.cels.2018.11.005 (Scrublet).

    Examples
    --------
    >>> from fxyd3 import cells
    >>> from fxyd3.data.simulate import twin
    >>> adata, _ = cells.qc(twin(400))
    >>> _ = cells.normalise(adata)
    >>> _ = cells.embed(adata, batch=(), umap=False)
    >>> found = cells.doublets(adata)
    >>> bool(adata.obs["doublet"].mean() < 0.2)
    True
    """
    if not 0 < expected_rate < 0.5:
        raise InputError(f"expected_rate is {expected_rate}: give a share between 0 and 0.5, such as 0.05.")
    if "PCs" not in adata.varm or "counts" not in adata.layers:
        raise InputError("there are no counts or components to find doublets with: run normalise and embed first.")
    sample = adata.obs["sample"].astype(str) if "sample" in adata.obs else pd.Series("all", index=adata.obs_names)
    size = sample.value_counts()
    asked = sample.isin(size.index[size >= FEWEST]).to_numpy()
    adata.obs["doublet_score"], adata.obs["doublet"] = np.nan, False
    if not asked.any():
        lacking = f"the largest of {len(size)} samples has {size.max()} cells, and doublets need {FEWEST}"
        return Doublets(pd.DataFrame(), np.array([]), float("nan"), separate=False, missing=lacking)
    near, simulated_near, k = _near(adata, np.flatnonzero(asked), sample[asked].to_numpy(str), ratio, seed)
    own, doubled = expected_rate / ratio, 1 - expected_rate - expected_rate / ratio

    def score(near: Floats) -> Floats:
        share = (near + 1) / (k + 2)
        return share * own / (1 - expected_rate - share * doubled)

    scores, simulated = score(near), score(simulated_near)
    valley = _valley(simulated_near, k)
    separate = bool(np.isfinite(valley))
    threshold = float(score(np.array(valley)) if separate else np.quantile(scores, 1 - expected_rate))
    adata.obs.loc[asked, "doublet_score"] = scores
    adata.obs["doublet"] = (adata.obs["doublet_score"] > threshold).to_numpy()
    by_sample = adata.obs.groupby(sample.rename("sample"), observed=True)
    table = pd.DataFrame(
        {
            "cells": by_sample.size(),
            "median": by_sample["doublet_score"].median(),
            "called": by_sample["doublet"].sum(),
            "expected": by_sample.size() * expected_rate,
        }
    )
    return Doublets(table, simulated, threshold, separate)


def singlets(adata: "AnnData") -> "AnnData":
    """Return the cells not called doublets.

    Raises
    ------
    InputError
        If doublets were not sought, or every cell was called one.

    Examples
    --------
    >>> from fxyd3 import cells
    >>> from fxyd3.data.simulate import twin
    >>> adata, _ = cells.qc(twin(400))
    >>> _ = cells.normalise(adata)
    >>> _ = cells.embed(adata, batch=(), umap=False)
    >>> _ = cells.doublets(adata)
    >>> cells.singlets(adata).n_obs == (~adata.obs["doublet"]).sum()
    np.True_
    """
    if "doublet" not in adata.obs:
        raise InputError('there is no column "doublet" in obs: run doublets first.')
    single = ~adata.obs["doublet"].to_numpy(dtype=bool)
    if not single.any():
        raise InputError(
            f"all {adata.n_obs} cells were called doublets: look at obs['doublet_score'], or set remove_doublets to "
            "False."
        )
    return adata[single].copy()


def recovered(called: NDArray[np.bool_], truth: NDArray[np.bool_]) -> pd.DataFrame:
    """Compare calls with the truth.

    Returns
    -------
    Rows ``precision`` (of the called, those that are true) and ``recall`` (of the true, those called): ``share``,
    ``lower``, ``upper`` (95 %, Wilson), ``of`` (the number it is a share of); missing where that is 0.

    Notes
    -----
    When not to use: where the truth is a label by eye; it is then agreement, not recovery.

    Examples
    --------
    Three cells called, two of them rightly, one that should have been missed:

    >>> import numpy as np
    >>> from fxyd3 import cells
    >>> called, truth = np.array([True, True, True, False, False]), np.array([True, True, False, True, False])
    >>> cells.recovered(called, truth).round(2)
               share  lower  upper  of
    precision   0.67   0.21   0.94   3
    recall      0.67   0.21   0.94   3
    """
    hits = int((called & truth).sum())
    rows = {}
    for name, whole in (("precision", int(called.sum())), ("recall", int(truth.sum()))):
        interval = proportion_confint(hits, whole, method="wilson") if whole else (np.nan, np.nan)
        rows[name] = (hits / whole if whole else np.nan, *interval, whole)
    return pd.DataFrame.from_dict(rows, orient="index", columns=["share", "lower", "upper", "of"])


def _near(
    adata: "AnnData", asked: NDArray[np.intp], sample: Names, ratio: int, seed: int
) -> tuple[Floats, Floats, int]:
    """Count the simulated doublets among the ``k`` nearest neighbours of cells and of simulated doublets."""
    import faiss

    rng = np.random.default_rng(seed)
    pairs = []
    for name in np.unique(sample):
        members = asked[sample == name]
        pairs.append(rng.choice(members, (ratio * len(members), 2)))
    first, second = np.concatenate(pairs).T
    chosen = adata.var["highly_variable"].to_numpy()
    counts = csr_matrix(adata.layers["counts"])
    total = np.asarray(counts.sum(axis=1, dtype=np.float64)).ravel()
    genes = counts[:, chosen]
    both = csr_matrix(genes[first] + genes[second], dtype=np.float64)
    both = csr_matrix(both.multiply((np.median(total) / (total[first] + total[second]))[:, None])).log1p()
    directions = adata.varm["PCs"][chosen]
    middle = np.asarray(adata.X[:, chosen].mean(axis=0)) @ directions
    points = np.vstack([adata.obsm["X_pca"][asked], both @ directions - middle]).astype(np.float32)
    cells = len(asked)
    k = round(0.5 * cells**0.5 * (1 + ratio))
    index = faiss.IndexFlatL2(points.shape[1])
    index.add(points)
    near = (index.search(points, k + 1)[1][:, 1:] >= cells).sum(axis=1).astype(np.float64)
    return near[:cells], near[cells:], k


def _valley(near: Floats, k: int) -> float:
    """Find the lowest point between two humps of counts from 0 to ``k``; missing unless below half the lower hump.

    The counts are evenly spaced, and the scores are not: bins of scores would hold gaps that are no valleys.
    """
    width = -(-(k + 1) // BINS)
    smooth = np.bincount((near // width).astype(int), minlength=k // width + 1).astype(float)
    while True:
        padded = np.concatenate([[0], smooth, [0]])
        peaks = np.flatnonzero((padded[1:-1] > padded[:-2]) & (padded[1:-1] >= padded[2:]))
        if len(peaks) <= 2:
            break
        smooth = uniform_filter1d(smooth, 3, mode="nearest")
    if len(peaks) < 2:
        return float("nan")
    low, high = peaks
    valley = low + int(np.argmin(smooth[low : high + 1]))
    apart = smooth[valley] < 0.5 * min(smooth[low], smooth[high])
    return float((valley + 0.5) * width) if apart else float("nan")

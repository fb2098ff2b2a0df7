"""Gains and losses of chromosome arms, seen in the expression of genes that lie together."""

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from scipy.ndimage import uniform_filter1d

from fxyd3.data.positions import positions
from fxyd3.errors import InputError

if TYPE_CHECKING:
    from anndata import AnnData

Floats = NDArray[np.float64]

CLIP = 3.0  # natural-log units: one gene cannot make a gain


@dataclass(frozen=True)
class CopyNumber:
    """Smoothed expression along the genome.

    ``profile`` is cells x steps (float32), in natural-log units relative to the reference; ``chromosomes`` names the
    chromosome of each step. ``cells`` has one row per cell: ``reference`` (bool), ``score`` (mean square of its
    profile) and ``likeness`` (correlation with the mean profile of the other cells that are not reference). ``genes``
    were used.
    """

    profile: NDArray[np.float32]
    chromosomes: NDArray[np.str_]
    cells: pd.DataFrame
    genes: int


def copy_number(
    adata: "AnnData",
    *,
    reference: NDArray[np.bool_],
    window: int = 101,
    step: int = 10,
    min_mean: float = 0.02,
    min_reference: int = 30,
) -> CopyNumber:
    """Smooth expression along the chromosomes, relative to cells that are held to be normal.

    Writes ``obs["copy_number"]`` (the score).

    Parameters
    ----------
    adata
        Log values in ``X``; genes named by symbols.
    reference
        Cells held to be normal, such as those of other lineages than the tumour's.
    window
        Genes averaged, in the order of the chromosome; never across two chromosomes.
    step
        Every so many genes one value is kept.
    min_mean
        Smallest mean log value of a gene over the reference and over the rest, each counted alike.
    min_reference
        Fewest reference cells.

    Returns
    -------
    The profiles, and the score of each cell.

    Raises
    ------
    InputError
        If too few cells are reference or too few genes have a known place.

    Notes
    -----
    Genes of a lineage that lie together look like a gain too (the immune genes of chromosome 6 are one), and groups of
    the same lineage are compared better than groups of different ones. It is a check on the choice by lineage, not a
    karyotype. Programs made for it model the noise and join neighbouring genes; this one only averages.

    When not to use: without normal cells, or on few genes. A cancer cell without large gains or losses is not seen.

    References
    ----------
    Patel 2014, doi:10.1126/science.1254257 (expression averaged along chromosomes). Gene order: ``data/positions.csv``.
    """
    if reference.sum() < min_reference or reference.all():
        raise InputError(
            f"{int(reference.sum())} of {adata.n_obs} cells are reference: copy numbers need {min_reference} normal "
            "cells or more, and others to compare."
        )
    places = positions()
    places = places[places.index.isin(adata.var_names)]
    values = adata[:, places.index].X
    normal = np.asarray(values[reference].mean(axis=0)).ravel()
    level = (normal + np.asarray(values[~reference].mean(axis=0)).ravel()) / 2
    used = level >= min_mean
    places, normal = places[used], normal[used]
    steps = []
    names = []
    for name in dict.fromkeys(places["chromosome"]):
        inside = np.flatnonzero((places["chromosome"] == name).to_numpy())
        if len(inside) < window:
            continue
        own = np.clip(values[:, np.flatnonzero(used)[inside]].toarray() - normal[inside], -CLIP, CLIP)
        half = window // 2
        smooth = uniform_filter1d(own.astype(np.float32), window, axis=1, mode="nearest")[:, half:-half:step]
        steps.append(smooth)
        names += [str(name)] * smooth.shape[1]
    if not steps:
        raise InputError(
            f"no chromosome has {window} expressed genes of known place: give gene symbols (option --genes), or a "
            "smaller window."
        )
    profile = np.concatenate(steps, axis=1)
    profile -= np.median(profile, axis=1, keepdims=True)  # a deeper cell is not a gain of everything
    profile -= profile[reference].mean(axis=0)
    score = (profile.astype(np.float64) ** 2).mean(axis=1)
    adata.obs["copy_number"] = score
    cells = pd.DataFrame(
        {"reference": reference, "score": score, "likeness": _likeness(profile, ~reference)}, index=adata.obs_names
    )
    return CopyNumber(profile, np.array(names), cells, int(used.sum()))


def _likeness(profile: NDArray[np.float32], candidates: NDArray[np.bool_]) -> Floats:
    """Correlate each cell with the mean of the candidates; a candidate with the mean of the others."""
    total, n = profile[candidates].sum(axis=0, dtype=np.float64), int(candidates.sum())
    means = np.tile(total / n, (len(profile), 1))
    if n > 1:
        means[candidates] = (total - profile[candidates]) / (n - 1)
    own = profile - profile.mean(axis=1, keepdims=True)
    means -= means.mean(axis=1, keepdims=True)
    size = np.sqrt((own**2).sum(axis=1) * (means**2).sum(axis=1))
    product = (own * means).sum(axis=1)
    likeness: Floats = np.divide(product, size, out=np.zeros(len(profile)), where=size > 0)
    return likeness

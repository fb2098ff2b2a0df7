"""Gains and losses of chromosome arms, seen in the expression of genes that lie together."""

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from scipy.ndimage import uniform_filter1d
from scipy.sparse import csr_matrix

from fxyd3.data.lineages import OTHER
from fxyd3.data.positions import CHROMOSOMES, positions
from fxyd3.errors import InputError

if TYPE_CHECKING:
    from anndata import AnnData

Floats = NDArray[np.floating[Any]]
Flags = NDArray[np.bool_]

CLIP = 3.0  # natural-log units: one gene cannot make a gain


@dataclass(frozen=True)
class CopyNumber:
    """Smoothed expression along the genome.

    ``profile`` is cells x steps (float32), in natural-log units relative to the reference; ``chromosomes`` names the
    chromosome of each step. ``cells`` has one row per cell: ``reference`` (bool), ``score`` (mean square of its
    profile) and ``likeness`` (correlation with the mean profile of the other cells that are not reference). ``genes``
    were used. ``table`` has one row per patient's candidates, and one per lineage of the reference: ``kind``,
    ``cells``, ``strength`` (standard deviation of the mean profile along the genome, natural-log units),
    ``shuffled`` and ``shuffled_high`` (median and 97.5th percentile of the same with the genes in random order),
    ``ratio`` (strength over shuffled) and ``seen``: above what random order gives, and of a higher ratio than any
    lineage of the reference.
    """

    profile: NDArray[np.float32]
    chromosomes: NDArray[np.str_]
    cells: pd.DataFrame
    genes: int
    table: pd.DataFrame


def copy_number(
    adata: "AnnData",
    *,
    reference: Flags,
    window: int = 101,
    step: int = 10,
    min_mean: float = 0.02,
    min_cells: int = 30,
    n_shuffles: int = 100,
    seed: int = 1,
) -> CopyNumber:
    """Smooth expression along the chromosomes, relative to cells that are held to be normal.

    Writes ``obs["copy_number"]`` (the score).

    Parameters
    ----------
    adata
        Log values in ``X``; genes named by symbols. With ``obs["patient"]``, the table has a row for each patient.
    reference
        Cells held to be normal, such as those of other lineages than the tumour's; all others are candidates.
    window
        Genes averaged, in the order of the chromosome; never across two chromosomes.
    step
        Every so many genes one value is kept.
    min_mean
        Smallest mean log value of a gene over the reference and over the rest, each counted alike.
    min_cells
        Fewest reference cells, and fewest cells of a row of the table.
    n_shuffles, seed
        Random orders of the genes, and their seed.

    Returns
    -------
    The profiles, the score of each cell, and whether more is seen than neighbouring genes and other lineages explain.

    Raises
    ------
    InputError
        If too few cells are reference or too few genes have a known place.

    Notes
    -----
    A check on the choice by lineage, not a karyotype. Two lineages differ in many genes, and a mean of 101 genes in any
    order differs too: the likeness tells lineages apart with the genes shuffled almost as well, and is no evidence by
    itself. Nor is a mean profile above the shuffled ones: genes that lie together are often expressed together (those
    of HLA on chromosome 6, keratins, globins), in normal lineages also. Hence ``seen`` asks for both. Programs made
    for it model the noise and join neighbouring genes; this one only averages.

    The twin's genes were fitted to cells of one real tumour, and so it carries that tumour's gains and losses, the same
    ones in each of its patients. They are no simulated truth.

    When not to use: without normal cells, or on few genes. A cancer cell without large gains or losses is not seen, and
    normal epithelium is not told from such a cell.

    References
    ----------
    Patel 2014, doi:10.1126/science.1254257 (expression averaged along chromosomes). Gene order: ``data/positions.csv``.

    Examples
    --------
    Cells of other lineages are the reference:

    >>> from fxyd3 import cells
    >>> from fxyd3.data.simulate import twin
    >>> adata, _ = cells.qc(twin(600))
    >>> _ = cells.normalise(adata)
    >>> normal = (adata.obs["truth_type"] != "tumour").to_numpy()
    >>> found = cells.copy_number(adata, reference=normal, n_shuffles=5)
    >>> found.profile.shape[0] == adata.n_obs
    True
    """
    if reference.sum() < min_cells or reference.all():
        raise InputError(
            f"{int(reference.sum())} of {adata.n_obs} cells are reference: copy numbers need {min_cells} normal "
            "cells or more, and others to compare."
        )
    places = positions()
    places = places[places.index.isin(adata.var_names)]
    values = csr_matrix(adata.X)[:, adata.var_names.get_indexer(places.index)].tocsc()
    normal, others = (part / part.sum() @ values for part in (reference, ~reference))
    level = (normal + others) / 2
    expressed = np.where(level >= min_mean, places["chromosome"].astype(str), "")
    sizes = {name: size for name in CHROMOSOMES if (size := int((expressed == name).sum())) >= window}
    if not sizes:
        raise InputError(
            f"no chromosome has {window} expressed genes of known place: give gene symbols (option --genes), or a "
            "smaller window."
        )
    groups = _groups(adata, reference, min_cells)
    weights = csr_matrix([group / group.sum() for group in groups.values()], dtype=np.float32)
    steps, means, names = [], [], []
    for name in sizes:
        inside = np.flatnonzero(expressed == name)
        own = values[:, inside].toarray()
        own -= normal[inside]
        np.clip(own, -CLIP, CLIP, out=own)
        steps.append(_smooth(own, window)[:, ::step])
        means.append(weights @ own)
        names += [name] * steps[-1].shape[1]
    profile = np.concatenate(steps, axis=1)
    profile -= np.median(profile, axis=1, keepdims=True)  # a deeper cell is not a gain of everything
    profile -= profile[reference].mean(axis=0)
    score = (profile.astype(np.float64) ** 2).mean(axis=1)
    adata.obs["copy_number"] = score
    cells = pd.DataFrame(
        {"reference": reference, "score": score, "likeness": _likeness(profile, ~reference)}, index=adata.obs_names
    )
    table = _strengths(groups, np.concatenate(means, axis=1), list(sizes.values()), window, n_shuffles, seed)
    return CopyNumber(profile, np.array(names), cells, sum(sizes.values()), table)


def _smooth(values: Floats, window: int) -> Floats:
    """Average neighbouring genes along the last axis, without the ends where the window is not full."""
    half = window // 2
    smooth: Floats = uniform_filter1d(values, window, axis=-1)[..., half : values.shape[-1] - half]
    return smooth


def _groups(adata: "AnnData", reference: Flags, min_cells: int) -> dict[tuple[str, str], Flags]:
    """Mark the candidates of each patient, and each lineage of the reference: that of the highest markers, if any."""
    patient = adata.obs["patient"].astype(str).to_numpy() if "patient" in adata.obs else np.full(adata.n_obs, "all")
    markers = np.column_stack(
        [np.asarray(adata[:, adata.var_names.isin(genes)].X.sum(axis=1)).ravel() for genes in OTHER.values()]
    )
    lineage = np.where(markers.any(axis=1), np.array(list(OTHER))[markers.argmax(axis=1)], "")
    groups = {("candidates", str(name)): ~reference & (patient == name) for name in np.unique(patient)}
    groups |= {("reference", name): reference & (lineage == name) for name in OTHER}
    return {name: group for name, group in groups.items() if group.sum() >= min_cells}


def _strengths(
    groups: dict[tuple[str, str], Flags], means: Floats, sizes: list[int], window: int, n_shuffles: int, seed: int
) -> pd.DataFrame:
    """Measure how much each group's mean profile varies along the genome, with genes in their order and in random ones.

    Candidates are compared with the whole reference (mean 0), and so is each lineage of the reference.
    """
    ends = np.cumsum(sizes)[:-1]

    def strength(values: Floats) -> Floats:
        smooth = np.concatenate([_smooth(part, window) for part in np.split(values, ends, axis=1)], axis=1)
        return np.asarray(smooth.std(axis=1))

    rng = np.random.default_rng(seed)
    shuffled = np.array([strength(means[:, rng.permutation(means.shape[1])]) for _ in range(n_shuffles)])
    table = pd.DataFrame(
        {
            "kind": [kind for kind, _ in groups],
            "cells": [int(group.sum()) for group in groups.values()],
            "strength": strength(means),
            "shuffled": np.median(shuffled, axis=0),
            "shuffled_high": np.quantile(shuffled, 0.975, axis=0),
        },
        index=pd.Index([name for _, name in groups], name="group"),
    )
    table["ratio"] = table["strength"] / table["shuffled"]
    candidates = table["kind"] == "candidates"
    usual = table.loc[~candidates, "ratio"].max()
    table["seen"] = candidates & (table["strength"] > table["shuffled_high"]) & (table["ratio"] > usual)
    return table


def _likeness(profile: NDArray[np.float32], candidates: Flags) -> Floats:
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

"""How much do the simulated cells look like real ones? ``python -m fxyd3.data.realism wu2021_cid4465_tnbc.h5ad``.

Epithelial cells of one real tumour against tumour cells of the twin, over the genes that both have. The script writes
what was measured in the real cells, and what a classifier makes of both, to ``data/twin/realism.json``.
"""

from __future__ import annotations

import sys
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd
from scipy.sparse import csr_matrix

from fxyd3.data.calibrate import EPITHELIAL, SOURCE
from fxyd3.data.simulate import VERSION, twin
from fxyd3.errors import InputError
from fxyd3.files import read_json, write_json
from fxyd3.paths import book_file

if TYPE_CHECKING:
    from anndata import AnnData

TOP = (1, 10, 50, 100, 500)  # genes whose share of a cell's counts is measured
QUANTILES = np.array([0.05, 0.1, 0.25, 0.5, 0.75, 0.9, 0.95])
EDGES = np.logspace(-2, 1.5, 15)  # of the bins of mean count: four to a decade
MIN_GENES = 10  # in a bin
DEPTH = 1e4  # counts per cell after normalisation
SEEN = 0.05  # share of cells in which the classifier wants a gene to be seen
FOLDS = 5


def real_cells(adata: AnnData) -> AnnData:
    """Return the epithelial cells of the calibration sample over the genes that the twin has too.

    Parameters
    ----------
    adata
        Raw counts in ``X``; cell labels in ``obs["celltype_major"]``; gene symbols in ``var_names``.

    Raises
    ------
    InputError
        If the labels, or genes that the sample must have, are missing.

    Notes
    -----
    When not to use: for another sample. The twin is fitted to this one.
    """
    if "celltype_major" not in adata.obs:
        raise InputError("The real sample has no column 'celltype_major'; give the file with the authors' labels.")
    absent = _genes().difference(adata.var_names)
    if len(absent):
        raise InputError(
            f"The real sample lacks {len(absent):,} genes that the twin was fitted to, such as {absent[0]}."
        )
    return adata[adata.obs["celltype_major"].isin(EPITHELIAL), _genes()].copy()


def simulated_cells(cells: int = 134, *, seed: int = 1, null: bool = False) -> AnnData:
    """Return simulated tumour cells of one patient: intact, unsorted, before treatment, over the real sample's genes.

    Parameters
    ----------
    cells
        How many; 134 are as many as the real sample has.
    seed, null
        As for `fxyd3.data.twin`. Without planted effects the patient and the programmes' activities stay.

    Raises
    ------
    InputError
        As `fxyd3.data.twin`.

    Notes
    -----
    When not to use: for anything but a comparison with real cells. It hides what a real analysis must remove.
    """
    whole = twin(max(8 * cells, 200), seed=seed, null=null, patients=1)
    wanted = {"condition": "before", "fraction": "unsorted", "truth_quality": "intact", "truth_type": "tumour"}
    mine = np.logical_and.reduce([whole.obs[column] == value for column, value in wanted.items()])
    return whole[np.flatnonzero(mine)[:cells], _genes()].copy()


def cell_quality(cells: AnnData) -> pd.DataFrame:
    """Return quantiles over cells of the usual quality measures, library composition among them.

    Returns
    -------
    DataFrame
        A row per quantile (0.05 to 0.95, column ``quantile``): ``total_counts``, ``n_genes_by_counts``,
        ``pct_counts_in_top_N_genes`` (percent; N = 1, 10, 50, 100, 500), ``pct_counts_mt``, ``pct_counts_ribo``.

    Notes
    -----
    When not to use: to choose thresholds; real cells have passed those of their authors.
    """
    import scanpy as sc

    named = cells.var_names.str
    groups = {"mt": named.startswith("MT-"), "ribo": named.match(r"RP[LS]\d")}
    marked = cells.copy()
    for group, genes in groups.items():
        marked.var[group] = genes
    table, _ = sc.pp.calculate_qc_metrics(marked, qc_vars=list(groups), percent_top=TOP, log1p=False)
    top = [f"pct_counts_in_top_{n}_genes" for n in TOP]
    columns = ["total_counts", "n_genes_by_counts", *top, *(f"pct_counts_{group}" for group in groups)]
    quantiles: pd.DataFrame = table[columns].quantile(QUANTILES)
    return quantiles.rename_axis("quantile").reset_index()


def gene_trends(cells: AnnData) -> pd.DataFrame:
    """Return variance and dropout of raw counts along the mean: medians over genes of similar mean.

    Returns
    -------
    DataFrame
        A row per bin of mean count (four to a decade, at least 10 genes): medians ``mean``, ``variance`` (counts per
        cell, and its square), ``dropout`` (share of cells without a count); ``genes``.

    Notes
    -----
    When not to use: for cells of very different library sizes on the two sides, which move every point.
    """
    counts = cells.X.toarray().astype(float)
    genes = pd.DataFrame(
        {"mean": counts.mean(axis=0), "variance": counts.var(axis=0, ddof=1), "dropout": (counts == 0).mean(axis=0)}
    )
    bins = genes.groupby(np.digitize(genes["mean"], EDGES))
    table = bins.median().assign(genes=bins.size())
    inside = (table.index > 0) & (table.index < len(EDGES)) & (table["genes"] >= MIN_GENES)
    return table[inside].reset_index(drop=True)


def gene_correlations(cells: AnnData, *, genes: int = 300) -> pd.DataFrame:
    """Return quantiles of the absolute correlations among the genes most expressed in the real cells.

    Pearson correlations of log-normalised counts (natural log of 1 + counts per 10,000). Chance alone gives a median of
    about 0.67 divided by the square root of the number of cells, so that both sides need as many cells.

    Returns
    -------
    DataFrame
        A row per quantile over pairs of genes (column ``quantile``): ``absolute_r``.

    Notes
    -----
    When not to use: to call two genes co-expressed.
    """
    r = np.abs(_correlation(cells, _genes(most_expressed=genes)))
    return pd.DataFrame({"quantile": QUANTILES, "absolute_r": np.quantile(r[np.triu_indices_from(r, 1)], QUANTILES)})


def programme_correlations(cells: AnnData, *, seen: float = 0.1) -> pd.DataFrame:
    """Return the mean correlation between genes of one programme (``data/twin/activities.csv``).

    Parameters
    ----------
    cells
        Raw counts.
    seen
        Share of real epithelial cells in which a gene must be seen.

    Returns
    -------
    DataFrame
        A row per ``programme``: ``mean_r`` of log-normalised counts, ``genes``.

    Notes
    -----
    When not to use: to test whether a programme exists; the loadings were fitted to the same real cells.
    """
    rows = []
    for programme, table in _table("activities").groupby("programme"):
        genes = table.index[_table("genes").loc[table.index, "detected"] >= seen]
        r = _correlation(cells, genes)
        rows.append((programme, r[np.triu_indices_from(r, 1)].mean(), len(genes)))
    return pd.DataFrame(rows, columns=["programme", "mean_r", "genes"])


def summaries(cells: AnnData) -> dict[str, pd.DataFrame]:
    """Return all tables of one sample: `cell_quality`, `gene_trends`, `gene_correlations`, `programme_correlations`.

    Notes
    -----
    When not to use: on samples of unequal size, whose correlations do not compare.
    """
    measures = (cell_quality, gene_trends, gene_correlations, programme_correlations)
    return {measure.__name__: measure(cells) for measure in measures}


def classifier_auroc(one: AnnData, other: AnnData, *, seed: int = 0) -> float:
    """Return how well a classifier tells cells of two samples apart: held-out AUROC, 0.5 if they are alike.

    The classifier two-sample test with AUROC in place of accuracy. As many cells of each sample are ranked by library
    size and paired; the larger of a pair is thinned to the counts of the smaller, so that library size says nothing.
    Then natural log of 1 + counts per 10,000, of genes seen in at least 5% of the cells; logistic regression with an L2
    penalty (C = 1); mean AUROC over five stratified folds.

    Parameters
    ----------
    one, other
        Raw counts over the same genes.
    seed
        Draws the cells, the thinning and the folds.

    Returns
    -------
    float
        AUROC.

    Raises
    ------
    InputError
        If the genes differ or a sample has fewer than 50 cells.

    Notes
    -----
    When not to use: as the one number for realism. It finds any difference, and two patients always differ.

    Lopez-Paz and Oquab, Revisiting Classifier Two-Sample Tests, ICLR 2017, arXiv:1610.06545.
    """
    from sklearn.linear_model import LogisticRegression
    from sklearn.model_selection import StratifiedKFold, cross_val_score

    if not one.var_names.equals(other.var_names):
        raise InputError("The two samples do not have the same genes in the same order; select the genes first.")
    n = min(one.n_obs, other.n_obs)
    if n < 50:
        raise InputError(f"The smaller sample has {n} cells; at least 50 are needed to tell samples apart.")
    values = _matched(one, other, np.random.default_rng(seed))
    square, axes = np.linalg.eigh(values @ values.T)
    rotated = axes * np.sqrt(np.maximum(square, 0))  # as many columns as cells; to an L2 penalty they are the same data
    folds = StratifiedKFold(FOLDS, shuffle=True, random_state=seed)
    model = LogisticRegression(solver="liblinear")
    return float(cross_val_score(model, rotated, np.repeat([0, 1], n), cv=folds, scoring="roc_auc").mean())


def classifier_tests(real: AnnData, *, repeats: int = 20) -> pd.DataFrame:
    """Measure `classifier_auroc` of real against simulated cells, between what it could be at least and at most.

    Each repeat has its own seed for the twin, the thinning and the folds. The floor are two halves of the real cells.
    Two simulated patients show how far apart patients of one and the same simulation are.

    Parameters
    ----------
    real
        Cells made by `real_cells`.
    repeats
        How many.

    Returns
    -------
    DataFrame
        A row per ``comparison``; ``cells`` of each side; ``auroc``: mean over repeats; ``lower``, ``upper``: their
        2.5% and 97.5% quantiles; ``repeats``.

    Raises
    ------
    InputError
        As `classifier_auroc`.

    Notes
    -----
    When not to use: to speak of other tumours. The interval holds the split's and the twin's chance; the real sample is
    one. The twin is fitted to these very cells, so that their averages agree better than those of new cells would. What
    is told apart on average is therefore the simulated patient, and what is planted.
    """
    n = real.n_obs
    found: dict[str, list[float]] = {}

    def note(comparison: str, one: AnnData, other: AnnData, seed: int) -> None:
        found.setdefault(comparison, []).append(classifier_auroc(one, other, seed=seed))

    for seed in range(repeats):
        shuffled = np.random.default_rng(seed).permutation(n)
        planted, null = (simulated_cells(n, seed=seed, null=null) for null in (False, True))
        note("real, twin", real, planted, seed)
        note("real, null twin", real, null, seed)
        note("two simulated patients, null twin", simulated_cells(n, seed=seed + repeats, null=True), null, seed)
        note("two halves of the real cells", real[shuffled[: n // 2]], real[shuffled[n // 2 :]], seed)
    rows = [
        (
            comparison,
            n // 2 if "halves" in comparison else n,
            np.mean(each),
            *np.quantile(each, [0.025, 0.975]),
            repeats,
        )
        for comparison, each in found.items()
    ]
    return pd.DataFrame(rows, columns=["comparison", "cells", "auroc", "lower", "upper", "repeats"])


def published() -> dict[str, pd.DataFrame]:
    """Return the tables in ``data/twin/realism.json``: the `summaries` of the real cells, and ``classifier_tests``.

    Raises
    ------
    InputError
        If there is no such file.

    Notes
    -----
    When not to use: after the twin changed, before the script has been run again; ``twin`` there names its version.
    """
    kept = read_json(book_file("data", "twin", "realism.json"))
    if not kept:
        raise InputError("There is no data/twin/realism.json; make it with python -m fxyd3.data.realism.")
    tables = {**kept["real"], "classifier_tests": kept["classifier_tests"]}
    return {name: pd.DataFrame(rows) for name, rows in tables.items()}


def main(path: str) -> None:
    """Write ``data/twin/realism.json``."""
    import anndata

    if not Path(path).is_file():
        raise InputError(f"There is no file {path}; give the h5ad of Wu 2021, sample CID4465.")
    real = real_cells(anndata.read_h5ad(path))
    content = {
        "source": SOURCE,
        "cells": real.n_obs,
        "genes": real.n_vars,
        "twin": VERSION,
        "real": {name: _records(table) for name, table in summaries(real).items()},
        "classifier_tests": _records(classifier_tests(real)),
    }
    write_json(book_file("data", "twin", "realism.json"), content)


def _records(table: pd.DataFrame) -> list[dict[str, object]]:
    """Return a table's rows, numbers rounded to four significant digits."""
    return [
        {str(name): float(f"{value:.4g}") if isinstance(value, float) else value for name, value in row.items()}
        for row in table.to_dict("records")
    ]


@cache
def _table(name: str) -> pd.DataFrame:
    return pd.read_csv(book_file("data", "twin", f"{name}.csv"), index_col=0, keep_default_na=False)


def _genes(*, most_expressed: int | None = None) -> pd.Index[str]:
    """Return the twin's genes that the real sample has, or those with the largest share in its epithelial cells."""
    genes = _table("genes")
    genes = genes[genes["detected_all"] > 0]
    return genes.index if most_expressed is None else genes["epithelial"].nlargest(most_expressed).index


def _log_normalised(cells: AnnData) -> np.ndarray:
    import scanpy as sc

    copy = cells.copy()
    sc.pp.normalize_total(copy, target_sum=DEPTH)
    sc.pp.log1p(copy)
    return np.asarray(copy.X.toarray(), dtype=float)


def _correlation(cells: AnnData, genes: pd.Index[str]) -> np.ndarray:
    """Return correlations between genes; zero for a gene without counts."""
    values = _log_normalised(cells)[:, cells.var_names.get_indexer(genes)]
    values -= values.mean(axis=0)
    values /= np.maximum(np.linalg.norm(values, axis=0), 1e-12)
    return np.asarray(values.T @ values)


def _matched(one: AnnData, other: AnnData, rng: np.random.Generator) -> np.ndarray:
    """Return log-normalised counts of as many cells of both samples, thinned so that pairs have the same counts."""
    from anndata import AnnData

    n = min(one.n_obs, other.n_obs)
    drawn = []
    for cells in (one, other):
        counts = cells.X[rng.choice(cells.n_obs, n, replace=False)].toarray().astype(int)
        drawn.append(counts[np.argsort(counts.sum(axis=1), kind="stable")])
    target = np.minimum(*(counts.sum(axis=1) for counts in drawn))
    # not scanpy's downsample_counts, which starts every cell from the same random numbers
    thinned = [rng.multivariate_hypergeometric(row, size, method="count")
               for counts in drawn for row, size in zip(counts, target, strict=True)]  # fmt: skip
    values = _log_normalised(AnnData(csr_matrix(np.array(thinned, dtype=np.float32))))
    return values[:, (values > 0).mean(axis=0) >= SEEN]


if __name__ == "__main__":
    try:
        main(*sys.argv[1:2] or [""])
    except InputError as error:
        sys.exit(str(error))

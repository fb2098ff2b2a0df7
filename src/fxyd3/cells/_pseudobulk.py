"""Markers with patients as replicates, and how far each way of testing can be trusted."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from scipy.sparse import csr_matrix
from statsmodels.stats.multitest import fdrcorrection
from statsmodels.stats.proportion import proportion_confint

from fxyd3.cells._cluster import cluster
from fxyd3.cells._embed import embed
from fxyd3.cells._halves import half, patients, regroup
from fxyd3.cells._markers import PSEUDO, naive_markers
from fxyd3.cells._normalise import normalise
from fxyd3.cells._ranks import rank_genes
from fxyd3.claims import t_interval
from fxyd3.data.pseudobulk import add_up, fit_counts, size_factors
from fxyd3.data.report import nearest
from fxyd3.errors import InputError

if TYPE_CHECKING:
    from anndata import AnnData

COLUMNS = ["group", "gene", "log2fc", "lower", "upper", "p", "p_adjusted", "patients"]


@dataclass(frozen=True)
class Pseudobulk:
    """Tests with patients as replicates.

    ``table`` has one row per group and gene: ``log2fc`` (the group less the mean of the other groups, within patients)
    with ``lower`` and ``upper`` (95 %), ``p``, ``p_adjusted`` (Benjamini and Hochberg, over all groups and genes) and
    ``patients``. ``samples`` counts the cells of each patient and group that were summed. ``missing`` says what the
    data lack; the table is then empty.
    """

    table: pd.DataFrame
    samples: pd.DataFrame
    missing: str


def pseudobulk_markers(
    adata: "AnnData",
    *,
    key: str = "cluster_train",
    layer: str = "test",
    min_cells: int = 10,
    min_patients: int = 3,
    min_count: float = 10.0,
) -> Pseudobulk:
    """Test the genes of each group on counts summed per patient, in the half that did not make the groups.

    Counts of a patient's cells of a group are one sample. The model is ``~ patient + group``, fitted by PyDESeq2; each
    group is compared with the mean of the others. Samples are scaled by the median ratio over all genes found in every
    sample, not only those tested, most of which may differ. Writes nothing.

    Parameters
    ----------
    adata
        With ``layers[layer]``, ``obs[key]``, ``obs["patient"]``; with ``var["variable_train"]`` only those genes are
        tested. See ``regroup``.
    key, layer
        Groups, and the counts to test.
    min_cells
        Cells of a group that a patient must have to count.
    min_patients
        Patients that a group must have; groups with fewer are left out.
    min_count
        Mean count per sample that a gene must have. The rule does not look at the groups.

    Returns
    -------
    Effects with intervals and adjusted p-values, or what is missing for them.

    Raises
    ------
    InputError
        If there are no such groups, or the counts have not been split.

    Notes
    -----
    When not to use: with fewer than three patients. The split table of ``markers`` then describes, and nothing tests.

    References
    ----------
    Love 2014, doi:10.1186/s13059-014-0550-8 (DESeq2). Muzellec 2023, doi:10.1093/bioinformatics/btad547 (PyDESeq2).
    Squair 2021, doi:10.1038/s41467-021-25960-2 (patients as replicates).

    Examples
    --------
    >>> from fxyd3 import cells
    >>> from fxyd3.data.simulate import twin
    >>> adata, _ = cells.qc(twin(600))
    >>> adata = adata[adata.obs["truth_type"] == "tumour"].copy()
    >>> _ = cells.regroup(adata, n_groups=4, held_out=["FXYD3"])
    >>> found = cells.pseudobulk_markers(adata, min_cells=5)
    >>> found.missing or sorted(found.table.columns)[:3]
    ['gene', 'group', 'log2fc']
    """
    group = _groups(adata, key)
    if layer not in adata.layers:
        raise InputError(f"there are no counts in layers[{layer!r}]: run regroup first.")
    cells = pd.crosstab(patients(adata).rename("patient"), group.rename("group"))
    enough = cells >= min_cells
    groups = [name for name in cells.columns if enough[name].sum() >= min_patients]
    nothing = pd.DataFrame(columns=COLUMNS)
    if "patient" not in adata.obs:
        return Pseudobulk(
            nothing, cells, "the data do not name the patient of each cell (name the column with --patient)"
        )
    if len(groups) < 2:
        lacking = (
            f"two groups with {min_cells} cells in each of {min_patients} patients are needed, here are {len(groups)}"
        )
        return Pseudobulk(nothing, cells, lacking)
    samples = [(who, name) for name in groups for who in cells.index[enough[name]]]
    place = {sample: i for i, sample in enumerate(samples)}
    of_cell = np.array([place.get(sample, -1) for sample in zip(patients(adata), group, strict=True)])
    about = pd.DataFrame(samples, columns=["patient", "group"], index=["|".join(sample) for sample in samples])
    summed = add_up(csr_matrix(adata.layers[layer]), of_cell, len(samples))
    counts = pd.DataFrame(summed, index=about.index, columns=adata.var_names)
    everywhere = (counts > 0).all()
    tested = counts.mean() >= min_count
    if "variable_train" in adata.var:
        tested &= adata.var["variable_train"]
    if tested.sum() < 2 or not everywhere.any():
        return Pseudobulk(
            nothing, cells, f"no gene has {min_count:g} counts per patient and group: deeper counts are needed"
        )
    rest = -1 / (len(groups) - 1)
    contrasts = {name: {("group", other): 1 if other == name else rest for other in groups} for name in groups}
    effects = fit_counts(counts.loc[:, tested], about, size=size_factors(counts), contrasts=contrasts)
    effects = effects.rename(columns={"contrast": "group"})
    effects["p_adjusted"] = fdrcorrection(effects["p"].to_numpy())[1]
    effects["patients"] = effects["group"].map(enough.sum()).astype(int)
    return Pseudobulk(effects[COLUMNS], cells, "")


def _groups(adata: "AnnData", key: str) -> "pd.Series[str]":
    if key not in adata.obs:
        raise InputError(f"there are no groups in obs[{key!r}]{nearest(key, adata.obs)}: run regroup first.")
    named: pd.Series[str] = adata.obs[key].astype(str)
    return named


@dataclass(frozen=True)
class Effects:
    """How much more of a gene a group holds than the other cells of the same patient.

    ``per_patient`` has one row per gene, group and patient: ``cells`` (of the group), ``log2fc`` (of mean counts per
    cell of median depth) and ``auroc``. ``table`` has one row per gene and group: the means of both over patients with
    ``log2fc_lower``, ``log2fc_upper``, ``auroc_lower`` and ``auroc_upper`` (95 %, Student), unknown where there are
    fewer than three ``patients``.
    """

    per_patient: pd.DataFrame
    table: pd.DataFrame


def marker_effects(
    adata: "AnnData",
    genes: Sequence[str],
    *,
    key: str = "cluster_train",
    layer: str = "test",
    min_cells: int = 10,
    min_patients: int = 3,
) -> Effects:
    """Measure genes in each group against the other cells of the same patient, one patient at a time.

    Parameters
    ----------
    adata
        With ``layers[layer]``, ``obs[key]`` and ``obs["patient"]``; without it, all cells count as one patient.
    genes
        Symbols.
    key, layer
        Groups, and the counts to measure.
    min_cells
        Cells that a patient must have in the group, and outside it, to count.
    min_patients
        Patients that an interval needs.

    Returns
    -------
    Effects of each patient, and their means with intervals over patients.

    Raises
    ------
    InputError
        If a gene is not in the data, there are no such groups, or the counts have not been split.

    Notes
    -----
    When not to use: to choose genes; an interval of a gene that was chosen for its effect is too far from nothing.

    References
    ----------
    Student 1908, doi:10.1093/biomet/6.1.1.

    Examples
    --------
    >>> from fxyd3 import cells
    >>> from fxyd3.data.simulate import twin
    >>> adata, _ = cells.qc(twin(600))
    >>> adata = adata[adata.obs["truth_type"] == "tumour"].copy()
    >>> _ = cells.regroup(adata, n_groups=4, held_out=["FXYD3"])
    >>> found = cells.marker_effects(adata, ["FXYD3"], min_cells=5)
    >>> list(found.per_patient.columns)[:3]
    ['gene', 'group', 'patient']
    """
    absent = next((gene for gene in genes if gene not in adata.var_names), None)
    if absent is not None:
        raise InputError(f"{absent} is not among the {adata.n_vars} genes{nearest(absent, adata.var_names)}.")
    group, patient = _groups(adata, key).to_numpy(), patients(adata).to_numpy()
    values = csr_matrix(half(adata, layer, log=True)[:, list(genes)].X)
    rows = []
    for name in sorted(set(group), key=lambda label: (len(label), label)):
        for who in sorted(set(patient)):
            own = patient == who
            inside = (group[own] == name).astype(np.intp)
            if min(inside.sum(), len(inside) - inside.sum()) < min_cells:
                continue
            found = rank_genes(values[own], inside)
            rows += [
                (gene, name, who, int(inside.sum()), change, area)
                for gene, change, area in zip(genes, found.log2fc(PSEUDO)[1], found.auroc[1], strict=True)
            ]
    each = pd.DataFrame(rows, columns=["gene", "group", "patient", "cells", "log2fc", "auroc"])
    table = pd.DataFrame(
        [
            (gene, name, len(own), *_over(own["log2fc"], min_patients), *_over(own["auroc"], min_patients))
            for (gene, name), own in each.groupby(["gene", "group"], sort=False)
        ],
        columns=[
            "gene",
            "group",
            "patients",
            *(m + end for m in ("log2fc", "auroc") for end in ("", "_lower", "_upper")),
        ],
    )
    return Effects(each, table)


def _over(values: "pd.Series[float]", least: int) -> tuple[float, float, float]:
    if len(values) < least:
        return float(values.mean()), np.nan, np.nan
    estimate, lower, upper = t_interval(values)
    return estimate, lower, upper


@dataclass(frozen=True)
class Calibration:
    """How three ways of testing markers do where there is nothing to find.

    ``table`` has one row per way: ``tests``, ``below_005`` (percent of p-values below 0.05; 5 is right), ``called``
    (tests with an adjusted p-value below 0.05; 0 is right) and, of the shares, ``lower`` and ``upper`` (95 %, Wilson;
    tests of one data set are not independent, so it is too narrow). ``p`` holds the p-values, by way.
    """

    table: pd.DataFrame
    p: dict[str, NDArray[np.float64]]
    groups: int


def calibration(adata: "AnnData", *, resolution: float = 0.8, seed: int = 1) -> Calibration:
    """Divide cells of one population all the same, and test genes in three ways.

    ``same counts`` tests the cells on the counts that made the groups; ``other half`` makes the groups on one half of
    the counts and tests the cells on the other; ``other half, patients`` sums that half per patient and group.

    Parameters
    ----------
    adata
        Raw counts of one population, such as ``twin(null=True)``; not changed.
    resolution
        Of the Leiden method, high enough to divide them.
    seed
        Of every random step.

    Returns
    -------
    What each way calls.

    Notes
    -----
    The other half, tested cell by cell, stays above 5 percent on twins (6 to 9). The two halves are not to blame:
    groups follow the depth of the cells a little, depth is common to both halves, and log values depend on it even
    when scaled. Groups of cells of common depth keep 5 percent; so do all groups once the test half is thinned to one
    depth. Counts summed per patient have 5 to 6.

    When not to use: on cells that may have groups.

    References
    ----------
    Neufeld 2023, doi:10.48550/arXiv.2307.12985. Squair 2021, doi:10.1038/s41467-021-25960-2.

    Examples
    --------
    A null twin, in which nothing is to be found:

    >>> from fxyd3 import cells
    >>> from fxyd3.data.simulate import twin
    >>> nothing = twin(700, null=True)
    >>> nothing, _ = cells.qc(nothing[nothing.obs["truth_type"] == "tumour"].copy())
    >>> found = cells.calibration(nothing)
    >>> list(found.p)
    ['same counts', 'other half', 'other half, patients']
    """
    own = adata.copy()
    normalise(own)
    embed(own, umap=False, seed=seed)
    cluster(own, resolution=resolution, seed=seed)
    expressed = np.asarray((own.X > 0).mean(axis=0)).ravel() >= 0.05
    naive = naive_markers(own[:, expressed])
    groups = int(own.obs["cluster"].nunique())
    regroup(own, n_groups=groups, seed=seed)
    test = half(own, "test", log=True)
    fair = naive_markers(test[:, expressed], key="cluster_train")
    pooled = pseudobulk_markers(own).table
    ways = {"same counts": naive, "other half": fair, "other half, patients": pooled}
    rows = {}
    for name, table in ways.items():
        small, n = int((table["p"] < 0.05).sum()), len(table)
        low, high = proportion_confint(small, n, method="wilson") if n else (np.nan, np.nan)
        rows[name] = (
            n,
            100 * small / n if n else np.nan,
            100 * low,
            100 * high,
            int((table["p_adjusted"] < 0.05).sum()),
        )
    summary = pd.DataFrame.from_dict(rows, orient="index", columns=["tests", "below_005", "lower", "upper", "called"])
    summary.index.name = "tested on"
    return Calibration(summary, {name: table["p"].to_numpy(dtype=float) for name, table in ways.items()}, groups)

"""What each group expresses, with patients as the replicates."""

from collections.abc import Mapping, Sequence
from itertools import combinations
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd
from scipy import stats

from fxyd3.cells._halves import patients
from fxyd3.claims import t_interval
from fxyd3.data.report import nearest
from fxyd3.data.signatures import lists_with
from fxyd3.errors import InputError

if TYPE_CHECKING:
    from anndata import AnnData


def profiles(
    adata: "AnnData", activity: pd.DataFrame, *, key: str = "cluster", min_cells: int = 10, level: float = 0.05
) -> pd.DataFrame:
    """Compare each group with all cells of the same patient, for each gene set.

    The difference of a patient is the mean activity of its cells in the group, less that of all its cells, divided by
    the standard deviation over all its cells. Patients weigh the same. Writes nothing.

    Parameters
    ----------
    adata
        With groups in ``obs[key]``, and ``obs["patient"]`` where known.
    activity
        One row per cell of ``adata``, one column per set; see ``activity``.
    key
        Column of the groups. With ``cluster_train`` and the activity of the test half, groups and names rest on
        independent counts (see ``regroup``).
    min_cells
        Cells of a group that a patient must have to count.
    level
        Of the false discovery rate (Benjamini and Hochberg, over all groups and sets).

    Returns
    -------
    One row per group and set: ``group``, ``set``, ``difference``, ``lower``, ``upper`` (mean and 95 % t interval over
    patients, in within-patient standard deviations; no interval below three patients), ``patients``, ``cells`` (of
    these patients), ``q`` (adjusted p-value), ``differs`` (bool).

    Raises
    ------
    InputError
        If there are no such groups, or the activity is not that of these cells.

    Notes
    -----
    On all counts ``q`` and ``differs`` only describe: the same counts made the groups, and groups made from noise
    differ too. They are a test only on the two halves. Differences of the groups of a patient, weighed by cells, sum to
    zero: if one group is high, the others are low.

    When not to use: to name a group by its highest set alone; some set is always highest.

    References
    ----------
    Benjamini 1995, doi:10.1111/j.2517-6161.1995.tb02031.x. Neufeld 2023, doi:10.48550/arXiv.2307.12985.

    Examples
    --------
    >>> from fxyd3 import cells
    >>> from fxyd3.data import gene_sets
    >>> from fxyd3.data.simulate import twin
    >>> adata, _ = cells.qc(twin(600))
    >>> adata = adata[adata.obs["truth_type"] == "tumour"].copy()
    >>> _ = cells.normalise(adata)
    >>> _ = cells.embed(adata, n_comps=15, batch=(), umap=False)
    >>> _ = cells.cluster(adata, resolution=0.5)
    >>> sets = gene_sets()
    >>> active = cells.activity(adata, sets[sets["source"] == "luminal progenitor"])
    >>> found = cells.profiles(adata, active, min_cells=5)
    >>> list(found.columns)[:3]
    ['group', 'set', 'difference']
    """
    group = _groups(adata, key)
    if not activity.index.equals(adata.obs_names):
        raise InputError(
            f"the activity has {len(activity)} rows, which are not the {adata.n_obs} cells of the data in their order: "
            "measure the activity of these cells."
        )
    of = patients(adata).rename("patient")
    by_patient = activity.groupby(of, observed=True)
    scaled = (activity - by_patient.transform("mean")) / by_patient.transform("std").replace(0, np.nan)
    cell_of = scaled.groupby([group.rename("group"), of], observed=True)
    size = cell_of.size()
    size = size[size >= min_cells]
    means = cell_of.mean().loc[size.index]
    rows = []
    for name in group.cat.categories:
        here = means[means.index.get_level_values("group") == name]
        for column in activity.columns:
            values = here[column].dropna()
            rows.append(
                {"group": str(name), "set": str(column), **_over_patients(values.to_numpy(dtype=float)),
                 "patients": len(values), "cells": int(size[values.index].sum())}
            )  # fmt: skip
    table = pd.DataFrame(rows)
    known = table["q"].notna()
    table.loc[known, "q"] = stats.false_discovery_control(table.loc[known, "q"])
    table["differs"] = table["q"] < level
    return table[["group", "set", "difference", "lower", "upper", "patients", "cells", "q", "differs"]]


def _over_patients(values: np.ndarray[tuple[int, ...], np.dtype[np.float64]]) -> dict[str, float]:
    mean = float(values.mean()) if len(values) else np.nan
    if len(values) < 3:
        return {"difference": mean, "lower": np.nan, "upper": np.nan, "q": np.nan}
    _, lower, upper = t_interval(values)
    return {"difference": mean, "lower": lower, "upper": upper, "q": float(stats.ttest_1samp(values, 0).pvalue)}


def agreement(tables: Mapping[str, pd.DataFrame]) -> pd.DataFrame:
    """Compare methods by the rank of their differences over groups and sets.

    Parameters
    ----------
    tables
        Results of ``profiles`` by name of the method, with the same groups.

    Returns
    -------
    One row per pair of methods: ``one``, ``other``, ``spearman``, ``pairs`` (groups times sets that both know),
    ``same_sign`` (share of them).

    Raises
    ------
    InputError
        With fewer than two methods, or fewer than three groups and sets in common.

    When not to use
    ---------------
    As proof that a name is right: the methods read the same genes.

    Examples
    --------
    >>> from fxyd3 import cells
    >>> from fxyd3.data import gene_sets
    >>> from fxyd3.data.simulate import twin
    >>> adata, _ = cells.qc(twin(600))
    >>> adata = adata[adata.obs["truth_type"] == "tumour"].copy()
    >>> _ = cells.normalise(adata)
    >>> _ = cells.embed(adata, n_comps=15, batch=(), umap=False)
    >>> _ = cells.cluster(adata, resolution=0.5)
    >>> sets = gene_sets()
    >>> sets = sets[sets["source"].isin(["luminal progenitor", "mature luminal", "MaSC/basal"])]
    >>> active = {how: cells.activity(adata, sets, method=how) for how in ("ulm", "mean")}
    >>> ways = {how: cells.profiles(adata, found, min_cells=5) for how, found in active.items()}
    >>> cells.agreement(ways).shape
    (1, 5)
    """
    if len(tables) < 2:
        raise InputError(f"agreement needs at least 2 methods: there is {len(tables)}.")
    wide = pd.DataFrame({name: table.set_index(["group", "set"])["difference"] for name, table in tables.items()})
    rows = []
    for one, other in combinations(wide.columns, 2):
        both = wide[[one, other]].dropna()
        if len(both) < 3:
            raise InputError(f"{one} and {other} have {len(both)} groups and sets in common: give at least 3.")
        rows.append(
            {"one": one, "other": other, "spearman": float(stats.spearmanr(both[one], both[other]).statistic),
             "pairs": len(both), "same_sign": float((both[one] * both[other] > 0).mean())}
        )  # fmt: skip
    return pd.DataFrame(rows)


def specificity(adata: "AnnData", genes: Sequence[str], *, key: str = "cluster", min_cells: int = 10) -> pd.DataFrame:
    """Show for single genes which group has most, how clearly, and in how many patients.

    Writes nothing.

    Parameters
    ----------
    adata
        Log values in ``X``, groups in ``obs[key]``, ``obs["patient"]`` where known.
    genes
        Symbols; those that the data lack, that no cell has, or whose groups are too small in every patient, get a row
        with ``patients`` 0.
    key
        Column of the groups.
    min_cells
        Cells of a group that a patient must have to count.

    Returns
    -------
    One row per gene, as index: ``group`` with the highest mean over patients (of mean log values), ``percent_in`` and
    ``percent_out`` (cells in which the gene is detected, in this group and in the others, mean over patients),
    ``highest_in`` and ``patients`` (that group is the highest in so many of the patients that have it, another group,
    and the gene), ``lists`` (sets of ``data/signatures.gmt`` that hold the gene, comma-separated).

    Raises
    ------
    InputError
        If there are no such groups, or none of the genes is in the data.

    Notes
    -----
    The highest group is found on the same patients that are counted, so one patient of a few agrees by construction.

    When not to use: to choose a marker (see ``sortability``); one gene's messages are not its protein.

    Examples
    --------
    >>> from fxyd3 import cells
    >>> from fxyd3.data.simulate import twin
    >>> adata, _ = cells.qc(twin(600))
    >>> adata = adata[adata.obs["truth_type"] == "tumour"].copy()
    >>> _ = cells.normalise(adata)
    >>> _ = cells.embed(adata, n_comps=15, batch=(), umap=False)
    >>> _ = cells.cluster(adata, resolution=0.5)
    >>> cells.specificity(adata, ["FXYD3"]).shape[0] > 0
    True
    """
    group = _groups(adata, key)
    known = [gene for gene in genes if gene in adata.var_names]
    if not known:
        raise InputError(
            f"none of {', '.join(genes) or 'no genes'} is among the {adata.n_vars} genes of the data"
            f"{nearest(genes[0], list(adata.var_names)) if genes else ''}: give gene symbols."
        )
    values = adata[:, known].to_df()
    by_group = [patients(adata).rename("patient"), group.rename("group")]
    cells = group.groupby(by_group, observed=True).size()
    level = values.groupby(by_group, observed=True).mean()[cells >= min_cells]
    level = level[level.groupby("patient")[known[0]].transform("size") >= 2]
    detected = (values > 0).groupby(by_group, observed=True).sum()
    rows = [
        {"gene": gene, **(_where(level[gene], detected[gene], cells) if gene in known else _NOWHERE),
         "lists": ", ".join(lists_with(gene))}
        for gene in genes
    ]  # fmt: skip
    return pd.DataFrame(rows).set_index("gene")


_NOWHERE: dict[str, object] = {
    "group": "", "percent_in": np.nan, "percent_out": np.nan, "highest_in": 0, "patients": 0
}  # fmt: skip


def _where(level: "pd.Series[float]", detected: "pd.Series[int]", cells: "pd.Series[int]") -> dict[str, object]:
    """Find the group with most of a gene, and the patients that agree; all by patient and group."""
    each = level.to_frame("level").pivot_table("level", index="patient", columns="group", observed=True)
    each = each[each.max(axis=1) > 0]
    if each.empty:
        return _NOWHERE
    best = each.mean().idxmax()
    each = each[each[best].notna()]
    inside = pd.DataFrame({"detected": detected, "cells": cells}).xs(best, level="group").loc[each.index]
    total = pd.DataFrame({"detected": detected, "cells": cells}).groupby("patient").sum().loc[each.index]
    outside = total - inside
    return {
        "group": str(best),
        "percent_in": float((100 * inside["detected"] / inside["cells"]).mean()),
        "percent_out": float((100 * outside["detected"] / outside["cells"]).mean()),
        "highest_in": int((each.idxmax(axis=1) == best).sum()),
        "patients": len(each),
    }


def _groups(adata: "AnnData", key: str) -> "pd.Series[str]":
    if key not in adata.obs:
        raise InputError(
            f"there is no {key!r} among the annotations{nearest(key, list(adata.obs))}: run cluster first."
        )
    groups: pd.Series[str] = adata.obs[key].astype("category")
    return groups

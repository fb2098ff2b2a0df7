"""Which groups look like progenitors, and by how much."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from fxyd3.cells._halves import half, lacking_patients, patients
from fxyd3.cells._signature import matched_genes, signature
from fxyd3.claims import t_interval
from fxyd3.errors import InputError

if TYPE_CHECKING:
    from anndata import AnnData

Interval = tuple[float, float, float]
UNKNOWN: Interval = (float("nan"), float("nan"), float("nan"))


@dataclass(frozen=True)
class Difference:
    """Progenitor activity of the ancestral groups less that of the others, in within-patient standard deviations.

    ``per_patient`` has one row per patient with enough cells: ``ancestral`` and ``others`` (cells), ``groups`` (those
    named ancestral on the other patients), ``difference``, ``control``. ``interval`` and ``control`` are estimate,
    lower and upper limit over patients, unknown where ``missing`` says why.
    """

    per_patient: pd.DataFrame
    interval: Interval
    control: Interval
    missing: str


def ancestry(
    adata: "AnnData", *, n_ancestral: int = 2, score: str = "signature", key: str = "cluster", min_cells: int = 10
) -> pd.DataFrame:
    """Name the groups with the highest progenitor activity.

    Writes ``obs["ancestral"]`` (bool); all false where there are no more groups than ``n_ancestral``.

    Parameters
    ----------
    adata
        With groups in ``obs[key]`` and activity in ``obs[score]``; see ``cluster`` and ``signature``.
    n_ancestral
        Groups to name.
    min_cells
        Cells of a group that a patient must have to count in its interval.

    Returns
    -------
    One row per group: ``cells``, ``activity`` (mean), ``patients`` counted, ``lower`` and ``upper`` (95 % interval of
    the patients' means, missing below three patients), ``ancestral``.

    Raises
    ------
    InputError
        If ``n_ancestral`` is less than 1, or groups or activity are not there.

    Notes
    -----
    When not to use: as a test. Some groups are always highest; ``progenitor_difference`` tests on other counts.

    Examples
    --------
    >>> from fxyd3 import cells
    >>> from fxyd3.data import gene_set
    >>> from fxyd3.data.simulate import twin
    >>> adata, _ = cells.qc(twin(600))
    >>> adata = adata[adata.obs["truth_type"] == "tumour"].copy()
    >>> _ = cells.normalise(adata)
    >>> _ = cells.embed(adata, n_comps=15, batch=(), umap=False)
    >>> _ = cells.cluster(adata, resolution=0.5)
    >>> progenitor = gene_set("LIM_MAMMARY_LUMINAL_PROGENITOR_UP")
    >>> _ = cells.signature(adata, progenitor, name="luminal progenitor")
    >>> table = cells.ancestry(adata)
    >>> int(table["ancestral"].sum())
    2
    """
    if n_ancestral < 1:
        raise InputError(f"n_ancestral is {n_ancestral}: give 1 or more.")
    for column in (key, score):
        if column not in adata.obs:
            raise InputError(f"there is no {column!r} among the annotations: run cluster and signature first.")
    by_group = adata.obs.groupby(key, observed=True)[score]
    table = pd.DataFrame({"cells": by_group.size(), "activity": by_group.mean()})
    each = adata.obs.groupby([adata.obs[key], patients(adata).rename("patient")], observed=True)[score].agg(
        ["size", "mean"]
    )
    means = each.loc[each["size"] >= min_cells, "mean"]
    rows = {}
    for group in table.index:
        own = means[means.index.get_level_values(0) == group].to_numpy()
        rows[group] = (len(own), *(t_interval(own)[1:] if len(own) >= 3 else UNKNOWN[1:]))
    table[["patients", "lower", "upper"]] = pd.DataFrame.from_dict(rows, orient="index").to_numpy()
    table["patients"] = table["patients"].astype(int)
    table["ancestral"] = False
    if len(table) > n_ancestral:
        table.loc[table["activity"].nlargest(n_ancestral).index, "ancestral"] = True
    adata.obs["ancestral"] = adata.obs[key].isin(table.index[table["ancestral"]]).to_numpy()
    return table


def progenitor_difference(
    adata: "AnnData",
    genes: Sequence[str],
    *,
    n_ancestral: int = 2,
    n_control: int = 10,
    min_cells: int = 10,
    seed: int = 1,
) -> Difference:
    """Measure by how much the ancestral groups exceed the others, on counts and patients that did not name them.

    Groups come from the training half (see ``regroup``). For each patient the ancestral groups are those with the
    highest activity in the training half of the *other* patients (of the patient itself if it is the only one). The
    difference is then measured in the test half of this patient, and divided by the standard deviation of the activity
    over its cells. The control repeats all of it, naming included, with random genes of the same expression.

    Writes ``obs["ancestral_train"]`` (bool).

    Parameters
    ----------
    adata
        With ``layers["train"]``, ``layers["test"]`` and ``obs["cluster_train"]``.
    genes
        The progenitor signature.
    n_ancestral
        Groups to name.
    n_control
        Random gene sets, averaged within patients.
    min_cells
        Ancestral and other cells a patient must have.
    seed
        Of the random gene sets.

    Returns
    -------
    Differences per patient, and the t interval over patients.

    Raises
    ------
    InputError
        If the counts have not been split, or none of the genes is in the data.

    Notes
    -----
    The activity is noisy in half the counts, so the difference in standard deviations is on the low side.

    When not to use: to say that cells *are* progenitors; it says that they express more of a published gene list.

    References
    ----------
    Lim 2010, doi:10.1186/bcr2560 (genes). Neufeld 2023, doi:10.48550/arXiv.2307.12985 (count splitting).

    Examples
    --------
    >>> from fxyd3 import cells
    >>> from fxyd3.data import gene_set
    >>> from fxyd3.data.simulate import twin
    >>> adata, _ = cells.qc(twin(600))
    >>> adata = adata[adata.obs["truth_type"] == "tumour"].copy()
    >>> _ = cells.regroup(adata, n_groups=4, held_out=["FXYD3"])
    >>> progenitor = gene_set("LIM_MAMMARY_LUMINAL_PROGENITOR_UP")
    >>> found = cells.progenitor_difference(adata, progenitor, min_cells=5)
    >>> list(found.per_patient.columns)[:2]
    ['ancestral', 'others']
    """
    train, test = half(adata, "train", log=True), half(adata, "test", log=True)
    present = signature(train, genes, name="the signature").genes
    sets = [list(present), *matched_genes(train, present, n_sets=n_control, seed=seed)]
    group, patient = adata.obs["cluster_train"].astype(str), patients(adata)
    adata.obs["ancestral_train"] = False
    n_groups = group.nunique()
    if n_groups <= n_ancestral:
        lacking = f"naming {n_ancestral} ancestral among them needs at least {n_ancestral + 1} groups, here {n_groups}"
        also = lacking_patients(adata, patient.nunique())
        return Difference(pd.DataFrame(), UNKNOWN, UNKNOWN, f"{lacking}; {also}" if also else lacking)

    rows: dict[str, dict[str, object]] = {}
    control: dict[str, list[float]] = {}
    for number, chosen in enumerate(sets):
        for each in (train, test):
            signature(each, chosen, name="the signature")
        for name, named in _named(train.obs["signature"], group, patient, n_ancestral).items():
            here = (patient == name).to_numpy()
            ancestral = here & group.isin(named).to_numpy()
            if number == 0:
                adata.obs.loc[ancestral, "ancestral_train"] = True
            others = here & ~ancestral
            if min(ancestral.sum(), others.sum()) < min_cells:
                continue
            activity = test.obs["signature"].to_numpy()
            effect = float((activity[ancestral].mean() - activity[others].mean()) / activity[here].std(ddof=1))
            if number == 0:
                rows[name] = {
                    "ancestral": int(ancestral.sum()),
                    "others": int(others.sum()),
                    "groups": ", ".join(sorted(named, key=int)),
                    "difference": effect,
                }
            else:
                control.setdefault(name, []).append(effect)
    table = pd.DataFrame.from_dict(rows, orient="index")
    table.index.name = "patient"
    missing = lacking_patients(adata, len(table))
    if table.empty:
        return Difference(table, UNKNOWN, UNKNOWN, missing or "no patient has enough cells of both kinds")
    table["control"] = [float(np.mean(control.get(str(name), [np.nan]))) for name in table.index]
    if missing:
        return Difference(table, UNKNOWN, UNKNOWN, missing)
    known = table["control"].dropna().to_numpy()
    return Difference(
        table, t_interval(table["difference"].to_numpy()), t_interval(known) if len(known) >= 3 else UNKNOWN, ""
    )


def _named(
    activity: "pd.Series[float]", group: "pd.Series[str]", patient: "pd.Series[str]", n_ancestral: int
) -> dict[str, list[str]]:
    """For each patient, the groups with the highest activity in the other patients, patients weighing the same."""
    means = pd.crosstab(patient.rename("patient"), group.rename("group"), activity, aggfunc="mean")
    return {
        str(name): [
            str(g) for g in (means.drop(index=name) if len(means) > 1 else means).mean().nlargest(n_ancestral).index
        ]
        for name in means.index
    }

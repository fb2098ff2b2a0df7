"""Lineages, recurrence and single cells: does a standard analysis find what the twin planted in them?"""

from __future__ import annotations

import math
from functools import lru_cache
from typing import TYPE_CHECKING, Any

import numpy as np
from scipy import stats
from statsmodels.duration.hazard_regression import PHReg
from statsmodels.duration.survfunc import SurvfuncRight

from benchmarks.recovery import Found, Recovery, over_units
from fxyd3.data.simulate.cells import observations
from fxyd3.data.simulate.design import PULL, design
from fxyd3.data.simulate.dials import planted
from fxyd3.data.simulate.lineages import lineage_barcodes
from fxyd3.data.simulate.recurrence import recurrence_times
from fxyd3.data.simulate.study import twin

if TYPE_CHECKING:
    import pandas as pd

Array = np.ndarray[Any, Any]
LOG2 = math.log(2)


def log_odds_ratios(unit: pd.Series[str], exposed: pd.Series[bool], marked: pd.Series[bool], cells: Any = 1) -> Array:
    """Return the log odds ratio in each unit, with half a cell added to each count (Haldane)."""
    units, where = np.unique(unit, return_inverse=True)
    n = np.full((len(units), 2, 2), 0.5)
    np.add.at(n, (where, exposed.to_numpy(int), marked.to_numpy(int)), cells)
    return np.asarray(np.log(n[:, 1, 1] * n[:, 0, 0] / (n[:, 1, 0] * n[:, 0, 1])))


# Lineages


def survival_of_states(seed: int, null: bool) -> Found:
    """Odds of the state after against before are those of survival, whatever the clones."""
    assay = lineage_barcodes(seed=seed, null=null, experiments=5)
    t = assay.table
    ratio = log_odds_ratios(t["experiment"], t["condition"] == "after", t["state"] == "ancestral", t["cells"])
    return over_units(ratio / LOG2, assay.truth["log2_survival_ratio"])


def survival_of_clones(seed: int, null: bool) -> Found:
    """The same odds between clones, by the state of their founder: smaller, for their cells do not all share it."""
    assay = lineage_barcodes(seed=seed, null=null, experiments=5)
    t = assay.table
    ratio = log_odds_ratios(t["experiment"], t["condition"] == "after", t["truth_founder"] == "ancestral", t["cells"])
    return over_units(ratio, assay.truth["log_clone_survival_ratio"])


def selection(seed: int, null: bool) -> Found:
    """Two cells of a clone both keep the founder's state with probability selection squared: their correlation."""
    assay = lineage_barcodes(seed=seed, null=null, experiments=5)
    before = assay.table[assay.table["condition"] == "before"]
    clones = before.pivot_table(index=["experiment", "barcode"], columns="state", values="cells", aggfunc="sum")
    within = clones.fillna(0).groupby(level="experiment").apply(lambda each: intraclass(each.to_numpy()))
    found = over_units(within.to_numpy(), 0.0)
    share, lower, upper = (math.sqrt(max(x, 0)) for x in (found.estimate, found.lower, found.upper))
    return Found(share, lower, upper, assay.truth["selection"])


def intraclass(counts: Array) -> float:
    """Return the correlation between cells of a clone, of its cells in either state (Fleiss and Cuzick)."""
    n = counts.sum(axis=1)
    p = counts.sum(axis=0) / n.sum()
    within = (counts.prod(axis=1) / n).sum() / (n.sum() - len(n))
    return float(1 - within / p.prod())


# Recurrence


def hazard(seed: int, null: bool) -> Found:
    assay = recurrence_times(seed=seed, null=null)
    t = assay.table
    fit = PHReg(t["years"], (t["response"] == "residual").to_numpy(float)[:, None], status=t["event"]).fit()
    return Found(float(fit.params[0]), *map(float, fit.conf_int()[0]), assay.truth["log_hazard_ratio"])


def event_free(seed: int, null: bool) -> Found:
    assay = recurrence_times(seed=seed, null=null)
    t = assay.table[assay.table["response"] == "residual"]
    curve = SurvfuncRight(t["years"], t["event"])
    last = np.searchsorted(curve.surv_times, 5.0, side="right") - 1
    share, error = float(curve.surv_prob[last]), float(curve.surv_prob_se[last])
    spread = stats.norm.ppf(0.975) * error / (share * abs(math.log(share)))
    return Found(
        share, share ** math.exp(spread), share ** math.exp(-spread), assay.truth["event_free"]["residual"]["5"]
    )


# Single cells: true labels are read, for how well cells are labelled is the business of the chapters


def labels(seed: int, null: bool, **options: Any) -> pd.DataFrame:
    """Return the tumour cells of a cohort of 9 patients, 6 of them with residual disease."""
    obs = observations(design(3600, seed=seed, null=null, patients=9, **options))
    return obs[obs["truth_type"] == "tumour"]


def survival_of_cells(seed: int, null: bool) -> Found:
    cells = labels(seed, null, sorted_cells=0)
    cells = cells[cells["response"] == "residual"]
    ratio = log_odds_ratios(cells["patient"], cells["condition"] == "after", cells["truth_ancestral"])
    return over_units(ratio / LOG2, planted(null=null)["C4"] / LOG2)


def enrichment_of_cells(seed: int, null: bool) -> Found:
    cells = labels(seed, null)
    cells = cells[(cells["condition"] == "before") & (cells["fraction"] != "IGF1R-high")]
    ratio = log_odds_ratios(cells["patient"], cells["fraction"] == "NRP1-high", cells["truth_ancestral"])
    return over_units(ratio, float(PULL[0]) * planted(null=null)["C1"])


@lru_cache(maxsize=512)
def counted(seed: int, null: bool) -> pd.DataFrame:
    """Count FXYD3, all genes, and genes in which nothing is planted, in unsorted cells of 9 patients.

    No ambient RNA, for the planted values know of none: it pulls every fold change towards none. Doublets and dying
    cells are left out by their true labels.
    """
    adata = twin(900, seed=seed, null=null, patients=9, sorted_cells=0, rates={"ambient": 0})
    plain = (adata.var.filter(like="truth_log2fc_") == 0).all(axis=1).to_numpy()
    cells = adata.obs.assign(
        fxyd3=adata[:, "FXYD3"].X.toarray().ravel(),
        total=np.asarray(adata.X.sum(axis=1)).ravel(),
        plain=np.asarray(adata.X[:, plain].sum(axis=1)).ravel(),
        planted_c5=adata.uns["truth"]["effects"]["C5"]["value"],
        planted_c8=adata.uns["truth"]["effects"]["C8"]["value"],
    )
    tumour = cells[(cells["truth_type"] == "tumour") & (cells["truth_quality"] == "intact")]
    return tumour[tumour["response"] == "residual"]


def log2_ratios(cells: pd.DataFrame, exposed: pd.Series[bool], size: str) -> Array:
    """Return the log2 ratio of FXYD3 per count of ``size`` in each patient, exposed cells to others (pseudobulk)."""
    sums = cells.pivot_table(index="patient", columns=exposed, values=["fxyd3", size], aggfunc="sum", observed=True)
    share = np.log2(sums["fxyd3"] / sums[size])
    return (share[True] - share[False]).to_numpy()


def residue(seed: int, null: bool) -> Found:
    cells = counted(seed, null)
    return over_units(log2_ratios(cells, cells["condition"] == "after", "total"), cells["planted_c8"].iloc[0])


def marker(seed: int, null: bool) -> Found:
    """Against genes in which nothing is planted: other planted genes move the totals, and with them every share."""
    cells = counted(seed, null)
    return over_units(log2_ratios(cells, cells["truth_ancestral"], "plain"), cells["planted_c5"].iloc[0])


def sortable(seed: int, null: bool) -> Found:
    """Nothing is planted on the scale of the AUROC, so it has no truth; on null twins it is one half."""
    cells = counted(seed, null)
    values = []
    for _, mine in cells.groupby("patient", observed=True):
        share, old = mine["fxyd3"] / mine["total"], mine["truth_ancestral"]
        u = stats.mannwhitneyu(share[old], share[~old]).statistic
        values.append(u / (old.sum() * (~old).sum()))
    return over_units(np.array(values), 0.5 if null else math.nan)


PER_EXPERIMENT, PER_PATIENT = "t interval over 5 experiments", "t interval over 6 patients"

RECOVERIES = [
    Recovery(
        "survival of ancestral cells against the others, by barcodes",
        "log2 ratio",
        f"log odds ratio of the states, after against before; {PER_EXPERIMENT}",
        survival_of_states,
        "C4",
    ),
    Recovery(
        "survival of clones with an ancestral founder against the rest",
        "log ratio",
        f"log odds ratio of the clones, after against before; {PER_EXPERIMENT}",
        survival_of_clones,
    ),
    Recovery(
        "share of ancestral survivors that inherited their state",
        "share",
        f"root of the intraclass correlation of states (Fleiss-Cuzick), before treatment; {PER_EXPERIMENT}",
        selection,
    ),
    Recovery(
        "hazard of recurrence, residual disease against complete response",
        "log hazard ratio",
        "Cox regression, Wald interval",
        hazard,
    ),
    Recovery(
        "event-free at 5 years with residual disease",
        "share",
        "Kaplan-Meier, log-log interval",
        event_free,
    ),
    Recovery(
        "survival of ancestral cells against the others, by single cells",
        "log2 ratio",
        f"log odds ratio of the states, after against before; {PER_PATIENT}",
        survival_of_cells,
        "C4",
    ),
    Recovery(
        "ancestral cells among NRP1-high against unsorted ones",
        "log odds ratio",
        "log odds ratio of the states; t interval over 9 patients",
        enrichment_of_cells,
    ),
]

SLOW_RECOVERIES = [
    Recovery(
        "FXYD3 in tumour cells after against before treatment",
        "log2 ratio",
        f"pseudobulk share of all counts; {PER_PATIENT}",
        residue,
        "C8",
    ),
    Recovery(
        "FXYD3 in ancestral cells against the others",
        "log2 ratio",
        f"pseudobulk, per count of genes in which nothing is planted; {PER_PATIENT}",
        marker,
    ),
]

NULL_ONLY = [
    Recovery(
        "FXYD3 as a marker of ancestral cells",
        "AUROC",
        f"Mann-Whitney; {PER_PATIENT}",
        sortable,
        "C5",
    ),
]

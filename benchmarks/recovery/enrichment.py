"""Recovery from the enrichment assays: limiting dilution, spheres, and the share of positive cells in a sort.

Limiting dilution is a binomial regression with complementary log-log link, here of all experiments and groups at once,
with one intercept each: the same maximum as of one regression for each. Experiments are the units: an estimate for each
gives a t-interval.
"""

from __future__ import annotations

import math
from functools import lru_cache
from typing import TYPE_CHECKING, Any

import numpy as np
import statsmodels.api as sm

from benchmarks.recovery import Found, Recovery, over_units
from fxyd3.data.simulate.design import FRACTIONS
from fxyd3.data.simulate.flow import DYES, cell_sort
from fxyd3.data.simulate.wells import limiting_dilution, spheres

if TYPE_CHECKING:
    from collections.abc import Mapping

    import pandas as pd

    Array = np.ndarray[Any, np.dtype[np.float64]]

CLOGLOG = sm.families.Binomial(sm.families.links.CLogLog())
SORTED, UNSORTED = list(range(len(FRACTIONS) - 1)), len(FRACTIONS) - 1
COOPERATION = 1.5
LOG2 = math.log(2)


def wells(table: pd.DataFrame) -> tuple[Array, Array, Array]:
    """Return positive and negative wells, log cells per well, and one column for each experiment and group."""
    counts = np.column_stack([table["wells_positive"], table["wells_tested"] - table["wells_positive"]])
    rows = len(table) // (table["experiment"].nunique() * len(FRACTIONS))
    return counts, np.log(table["cells_per_well"].to_numpy()), np.kron(np.eye(len(table) // rows), np.ones((rows, 1)))


@lru_cache(maxsize=1024)
def log_frequencies(seed: int, null: bool) -> tuple[Array, Array, Mapping[str, Any]]:
    """Log stem-cell frequencies (experiments x groups), their standard errors, and the truth."""
    assay = limiting_dilution(seed=seed, null=null)
    counts, log_dose, which = wells(assay.table)
    fit = sm.GLM(counts, which, family=CLOGLOG, offset=log_dose).fit()
    return np.reshape(fit.params, (-1, len(FRACTIONS))), np.reshape(fit.bse, (-1, len(FRACTIONS))), assay.truth


def frequency_ratio(seed: int, null: bool) -> Found:
    """Sorted to unsorted, mean of the two sorts."""
    log_f, _, truth = log_frequencies(seed, null)
    ratio = log_f[:, SORTED].mean(axis=1) - log_f[:, UNSORTED]
    return over_units(ratio / LOG2, truth["log2_frequency_ratio"]["pooled"])


def frequency(seed: int, null: bool) -> Found:
    """Unsorted cells, over experiments."""
    log_f, _, truth = log_frequencies(seed, null)
    return over_units(log_f[:, UNSORTED] / LOG2, math.log2(truth["frequency"]["unsorted"]))


def frequency_of_one_experiment(seed: int, null: bool) -> Found:
    """Unsorted cells of the first experiment, whose own frequency the Wald interval is about."""
    log_f, errors, truth = log_frequencies(seed, null)
    mean, reach = float(log_f[0, UNSORTED]) / LOG2, 1.96 * float(errors[0, UNSORTED]) / LOG2
    return Found(mean, mean - reach, mean + reach, math.log2(truth["frequency_by_experiment"]["E1"]["unsorted"]))


def slope(seed: int, null: bool) -> Found:
    """Where cells cooperate; one slope for each experiment.

    Four times the usual wells: with 24 per dose the maximum-likelihood slope is 5% too steep on average, as it is with
    few observations for each intercept, and t-intervals over experiments hold the truth in 92% of twins only.
    """
    assay = limiting_dilution(seed=seed, null=null, cooperation=COOPERATION, wells=96)
    counts, log_dose, which = wells(assay.table)
    experiments = which.reshape(len(which), -1, len(FRACTIONS)).sum(axis=2)
    fit = sm.GLM(counts, np.column_stack([which, experiments * log_dose[:, None]]), family=CLOGLOG).fit()
    return over_units(fit.params[which.shape[1] :], assay.truth["cooperation"])


def sphere_ratio(seed: int, null: bool) -> Found:
    """Sorted to unsorted, mean of the two sorts; a Poisson or negative binomial regression has the same estimate."""
    assay = spheres(seed=seed, null=null)
    per_cell = assay.table.groupby(["experiment", "group"], sort=False)[["spheres", "cells_plated"]].sum()
    log_f = np.log2(per_cell["spheres"] / per_cell["cells_plated"]).to_numpy().reshape(-1, len(FRACTIONS))
    ratio = log_f[:, SORTED].mean(axis=1) - log_f[:, UNSORTED]
    return over_units(ratio, assay.truth["log2_frequency_ratio"]["pooled"])


def nrp1_positive(seed: int, null: bool) -> Found:
    """Live single cells brighter than 99% of the isotype control, less those that this control has there too."""
    assay = cell_sort(seed=seed, null=null, events=1_000, replicates=4)
    compensation = np.linalg.inv([list(row.values()) for row in assay.truth["spillover"].values()])
    begin, end = assay.truth["clog"]

    def nrp1(sample: str) -> list[Array]:
        """Compensated signal of live single cells, by replicate."""
        gated = []
        for file in assay.table.loc[assay.table["sample"] == sample, "file"]:
            events = assay.events[file]
            light = events[list(DYES)].to_numpy(np.float64) @ compensation
            single = (events["FSC-A"] > 35e3) & (events["FSC-A"] < 1.45 * events["FSC-H"])
            flowing = ~events["Time"].between(*events["Time"].max() * np.array([begin, end]))
            gated.append(light[single & flowing & (light[:, 2] < 2_500), 0])
        return gated

    isotype, stained = nrp1("isotype"), nrp1("stained")
    gate = np.quantile(np.concatenate(isotype), 0.99)
    share = np.array([((each > gate).mean() - 0.01) / 0.99 for each in stained])
    return over_units(share, assay.truth["share_positive"]["NRP1"])


REGRESSION = "binomial regression, complementary log-log link"
RECOVERIES = [
    Recovery("stem-cell frequency, sorted to unsorted", "log2 ratio", f"{REGRESSION}; t over experiments",
             frequency_ratio, "C1"),
    Recovery("stem-cell frequency, unsorted", "log2", f"{REGRESSION}; t over experiments", frequency),
    Recovery("stem-cell frequency, unsorted, in one experiment", "log2", f"{REGRESSION}; Wald",
             frequency_of_one_experiment),
    Recovery("cooperation", "slope", f"{REGRESSION}; t over experiments", slope),
    Recovery("spheres per cell, sorted to unsorted", "log2 ratio", "ratio of totals; t over experiments", sphere_ratio),
    Recovery("NRP1-positive cells in a sort", "share of cells", "gate at the isotype control; t over replicates",
             nrp1_positive),
]  # fmt: skip

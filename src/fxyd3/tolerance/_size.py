"""How often tests of a change of composition find one where there is none."""

from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import ArrayLike
from scipy import stats

from fxyd3.data.simulate.cohort import COMPOSITION_SD
from fxyd3.data.simulate.design import PROPORTIONS
from fxyd3.errors import InputError
from fxyd3.tolerance._composition import (
    Array,
    chi_square_over_cells,
    count_model,
    log_ratio_change,
    over_patients,
    student,
)
from fxyd3.tolerance._survival import log2_odds_ratio

if TYPE_CHECKING:
    import pandas as pd

PATIENT_SD = 0.5  # log, each state in each patient
FEWEST_CELLS, MOST_CELLS = 200, 5_000  # of a sample; equally likely on a log scale
LEVEL, PSEUDO = 0.05, 0.5


def null_rejections(*, patients: int, simulations: int = 400, seed: int = 1) -> "pd.DataFrame":
    """Count how often each test calls a change in cohorts where treatment changes nothing.

    Each simulated cohort has the five states of the twin in their shares. Patients differ, and so do two samples of one
    patient, as in the twin; samples hold from 200 to 5,000 cells. All tests look at the same state at the 5 % level.

    Parameters
    ----------
    patients
        In each cohort, each with a sample before and after; at least 2.
    simulations
        Cohorts.
    seed
        Of the simulation.

    Returns
    -------
    DataFrame
        One row per test: test, rejected (share of cohorts), lower, upper (95 %, exact binomial). A valid test rejects
        0.05 or less.

    Raises
    ------
    InputError
        With fewer than two patients, or no simulation.

    References
    ----------
    Squair 2021, doi:10.1038/s41467-021-25960-2 (false discoveries when cells are taken for replicates).

    When not to use
    ---------------
    To plan a study: it says nothing of power.

    Examples
    --------
    Fifty simulated cohorts of four patients:

    >>> from fxyd3.tolerance import null_rejections
    >>> null_rejections(patients=4, simulations=50)[["test", "rejected"]].round(2)
                                     test  rejected
    0  log ratios, patients as replicates      0.02
    1  odds ratio, patients as replicates      0.02
    2     count model, patients as blocks      0.04
    3     chi-square, cells as replicates      0.68
    """
    import pandas as pd

    if patients < 2 or simulations < 1:
        raise InputError(f"There are {patients} patients and {simulations} simulations: give at least 2 and 1.")
    counts = cohorts(np.random.default_rng(seed), patients=patients, simulations=simulations)
    p = {
        "log ratios, patients as replicates": student(*over_patients(log_ratio_change(counts, PSEUDO))),
        "odds ratio, patients as replicates": student(*over_patients(log2_odds_ratio(counts))),
        "count model, patients as blocks": student(*count_model(counts, PSEUDO)),
        "chi-square, cells as replicates": chi_square_over_cells(counts),
    }
    rows = []
    for test, values in p.items():
        found = stats.binomtest(int((values[:, 0] < LEVEL).sum()), simulations)
        rows.append((test, found.statistic, *found.proportion_ci(method="exact")))
    return pd.DataFrame(rows, columns=["test", "rejected", "lower", "upper"])


def cohorts(
    rng: np.random.Generator,
    *,
    patients: int,
    simulations: int,
    change: ArrayLike = 0.0,
    patient_sd: float = PATIENT_SD,
    concentration: float = 0.0,
) -> Array:
    """Draw counts of cells, (simulations, patients, 2, states), with a planted log2 ``change`` of each state.

    Samples of a patient differ by normal noise on the log scale; with a ``concentration``, by a Dirichlet of that size.
    """
    shape = (simulations, patients, 2, len(PROPORTIONS))
    logs = np.log(PROPORTIONS) + rng.normal(0, patient_sd, (simulations, patients, 1, shape[-1]))
    share = np.exp(logs + np.array([[0.0], [np.log(2)]]) * np.asarray(change))
    share = share / share.sum(axis=-1, keepdims=True)
    if concentration:
        share = rng.standard_gamma(concentration * share, shape) + np.finfo(float).tiny
    else:
        share = share * np.exp(rng.normal(0, COMPOSITION_SD, shape))
    cells = np.exp(rng.uniform(np.log(FEWEST_CELLS), np.log(MOST_CELLS), shape[:-1])).astype(np.int64)
    return np.asarray(rng.multinomial(cells, share / share.sum(axis=-1, keepdims=True)))

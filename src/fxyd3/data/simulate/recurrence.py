"""Simulated patients after neoadjuvant treatment: years until recurrence, by residual disease."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import numpy as np

from fxyd3.data.simulate.assay import Assay, start
from fxyd3.data.simulate.checks import number, whole

if TYPE_CHECKING:
    from collections.abc import Mapping

EVENT_FREE = 0.859  # of patients with complete response, at 7 years
YEARS = np.array([0.0, 1.0, 3.0, 5.0, 200.0])  # the last is beyond any follow-up
RELATIVE = np.array([1.0, 2.0, 1.0, 0.25])  # hazard between those years
CUMULATIVE = np.append(0.0, np.cumsum(RELATIVE * np.diff(YEARS)))
SCALE = -math.log(EVENT_FREE) / float(np.interp(7.0, YEARS, CUMULATIVE))  # per year
FXYD3_HIGH = 0.5  # of residual tumours
SHOWN = (3, 5, 7)  # years at which the truth gives event-free shares


def recurrence_times(
    *,
    seed: int = 1,
    null: bool = False,
    effect: Mapping[str, float] | None = None,
    patients: int = 390,
    complete: float = 0.512,
    accrual: float = 3.0,
    closing: float = 8.0,
    dropout: float = 0.02,
) -> Assay:
    """Simulate patients, not a trial: time from surgery to recurrence, with or without complete response.

    Hazards are proportional: a baseline that is constant within spans of years and highest from year 1 to year 3, times
    ``exp(dials["recurrence"])`` with residual disease. Patients are recruited evenly over ``accrual`` years; the study
    closes ``closing`` years after the first. Nobody is treated here, and nothing here says what a drug does.

    Parameters
    ----------
    seed, null, effect
        As for `twin`; dial "recurrence" is the log hazard ratio, residual disease to complete response.
    patients
        How many.
    complete
        Share of patients with complete response (pCR), from 0.01 to 0.99; that share is met as nearly as it goes,
        with at least one patient on either side.
    accrual, closing
        Years; the closing comes after the accrual.
    dropout
        Rate of loss to follow-up, per year.

    Returns
    -------
    Assay
        ``table``, one row per patient: ``patient`` ("R0001", ...; none of them is a patient of `twin`), ``response``
        ("residual", "pCR"), ``fxyd3_high`` (nullable boolean: whether the residual tumour is FXYD3-high; missing
        where no tumour is left; no effect on recurrence is planted), ``years`` from surgery to recurrence or to the
        end of follow-up (float), ``event`` (1: recurrence, 0: censored). ``truth``: ``log_hazard_ratio``,
        ``hazard_ratio``, ``event_free`` at 3, 5 and 7 years by response, and ``median_follow_up`` (years; of the
        time to censoring).

    Raises
    ------
    InputError
        For a value out of range or an unknown dial.

    Notes
    -----
    ==================  =====================================================================================
    default             reason
    ==================  =====================================================================================
    390 patients        the chemotherapy arm of KEYNOTE-522 (secondary source)
    pCR 51.2%           the same arm, its first patients (secondary source)
    event-free 85.9%    with pCR, at 7 years, the same arm (secondary source); fixes the baseline. With the dial at
    at 7 years          its default, 49.7% with residual disease, as there
    hazard 1 : 2 : 1    assumption, in years 0-1, 1-3, 3-5 and later: two thirds of the hazard of seven years falls
    : 0.25              in the first three
    accrual 3, closing  assumption: everybody can be followed for five years, and nobody for more than eight
    8 years
    dropout 0.02        assumption: one in fifty a year
    FXYD3-high 0.5      assumption: a split at the median
    ==================  =====================================================================================

    When not to use: to say anything about a patient, a drug or a trial. Response is all that differs between patients;
    stage, nodes, age and treatment do not exist here.

    Examples
    --------
    Simulated patients, a quarter of them with complete response, and the hazard ratio that was planted:

    >>> from fxyd3.data.simulate import recurrence_times
    >>> assay = recurrence_times(patients=100, complete=0.25)
    >>> assay.table["response"].value_counts().to_dict(), round(assay.truth["hazard_ratio"], 1)
    ({'residual': 75, 'pCR': 25}, 4.6)
    """
    import pandas as pd

    begun = start("recurrence", seed=seed, null=null, effect=effect)
    design = {
        "patients": whole("number of patients", patients, 10, 1_000_000),
        "complete": number("share of complete responses", complete, 0.01, 0.99),
        "accrual": number("accrual", accrual, 0, 50),
        "closing": number("closing", closing, accrual, 100, above=True),
        "dropout": number("dropout", dropout, 0, 1),
    }
    rng, ratio = begun.rng, begun.dials["recurrence"]

    responders = min(max(round(complete * patients), 1), patients - 1)
    pcr = rng.permuted(np.arange(patients) < responders)
    hazard = np.where(pcr, 1.0, math.exp(ratio))
    recurs = np.interp(rng.exponential(size=patients) / (hazard * SCALE), CUMULATIVE, YEARS)
    lost = rng.exponential(size=patients) / dropout if dropout else np.full(patients, np.inf)
    censored = np.minimum(closing - rng.uniform(0, accrual, patients), lost)
    table = pd.DataFrame(
        {
            "patient": [f"R{i + 1:04d}" for i in range(patients)],
            "response": np.where(pcr, "pCR", "residual"),
            "fxyd3_high": pd.array(rng.random(patients) < FXYD3_HIGH, dtype="boolean"),
            "years": np.minimum(recurs, censored),
            "event": (recurs <= censored).astype(np.int64),
        }
    )
    table.loc[pcr, "fxyd3_high"] = pd.NA
    truth = {
        "log_hazard_ratio": ratio,
        "hazard_ratio": math.exp(ratio),
        "event_free": {"pCR": _event_free(1.0), "residual": _event_free(math.exp(ratio))},
        "median_follow_up": _median_follow_up(accrual, closing, dropout),
        "baseline": {"from_year": YEARS[:-1].tolist(), "hazard_per_year": (RELATIVE * SCALE).tolist()},
        "fxyd3_high": {"share": FXYD3_HIGH, "log_hazard_ratio": 0.0},
    }
    return begun.finish(table, truth, **design)


def _event_free(hazard_ratio: float) -> dict[str, float]:
    """Return the planted event-free share at each year shown."""
    return {str(year): math.exp(-hazard_ratio * SCALE * np.interp(year, YEARS, CUMULATIVE)) for year in SHOWN}


def _median_follow_up(accrual: float, closing: float, dropout: float) -> float:
    """Return the year at which half of the patients would still be followed, were there no recurrence."""
    from scipy.optimize import brentq

    def followed(year: float) -> float:
        recruited = min(1.0, (closing - year) / accrual) if accrual else 1.0
        return recruited * math.exp(-dropout * year)

    if followed(closing) > 0.5:  # everybody starts at once, and few are lost
        return closing
    return float(brentq(lambda year: followed(year) - 0.5, 0.0, closing))

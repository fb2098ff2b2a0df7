"""Hazard ratios by Cox's regression, with a check of what they assume."""

import warnings
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from fxyd3.background._patients import check_confidence, read_patients
from fxyd3.errors import InputError

if TYPE_CHECKING:
    from collections.abc import Sequence

    import pandas as pd

LEVEL = 0.05


@dataclass(frozen=True, eq=False)
class Cox:
    """Hazard ratios and the check of proportional hazards; see ``cox``.

    Attributes
    ----------
    ratios
        One row per covariate: covariate, against (the group of reference, or 'one less'), ratio, lower, upper, p
        (Wald's), p_proportional (of the test that the ratio does not change with time), proportional (whether that p
        is at least 0.05).
    patients, events
        Numbers in the model.
    confidence
        Of the intervals.

    Examples
    --------
    >>> from fxyd3.background import cox, gbsg2
    >>> found = cox(gbsg2().patients, covariates=["er"])
    >>> found.patients, found.events
    (686, 299)
    """

    ratios: "pd.DataFrame"
    patients: int
    events: int
    confidence: float

    def summary(self) -> "pd.DataFrame":
        """Return the hazard ratios."""
        return self.ratios

    @property
    def advice(self) -> str:
        """What to do about ratios that change with time; empty where the check finds none."""
        failing = self.ratios.loc[~self.ratios["proportional"], "covariate"].tolist()
        if not failing:
            return ""
        return (
            f"The ratio of {', '.join(failing)} changes with time (p < {LEVEL:g}): one number for the whole follow-up "
            "is an average; give one for each period, with split_at."
        )


def cox(
    table: "pd.DataFrame",
    *,
    covariates: "Sequence[str]",
    time: str = "time",
    event: str = "event",
    start: str | None = None,
    confidence: float = 0.95,
) -> Cox:
    """Estimate hazard ratios, and check that they are constant over time.

    Parameters
    ----------
    table
        One row per patient.
    covariates
        Columns: numbers (ratio per unit) or groups (each against the last in the order of their names; for receptor
        status, negative against positive).
    time, event
        Columns: time to event or to last follow-up, and whether the event was seen.
    start
        Column of times from which patients are at risk, as ``split_at`` gives; None: from 0.
    confidence
        Of the intervals.

    Returns
    -------
    Cox

    Raises
    ------
    InputError
        For no covariates, missing columns, empty cells, negative times, no event, a covariate with one value only, or
        a fit that does not settle (a group without events).

    Notes
    -----
    Ties are handled by Efron's method. The check is that of lifelines: scaled Schoenfeld residuals against one
    less the Kaplan-Meier curve, in the approximation of Grambsch and Therneau (doi:10.1093/biomet/81.3.515). R's
    ``cox.zph`` (survival 3 and later) gives the exact score test on the same scale; the p values are close, not equal.

    When not to use
    ---------------
    To say what a treatment does from patients who were not randomised to it. Where ``advice`` is not empty: give ratios
    by period. A large p of the check is no proof of proportional hazards: with few events it misses much.

    Examples
    --------
    >>> from fxyd3.background import cox, gbsg2
    >>> cox(gbsg2().patients, covariates=["er"]).ratios[["covariate", "ratio", "lower", "upper"]].round(2)
         covariate  ratio  lower  upper
    0  ER-negative   1.78    1.4   2.26
    """
    import pandas as pd
    from lifelines import CoxPHFitter
    from lifelines.exceptions import ConvergenceError, ConvergenceWarning
    from lifelines.statistics import proportional_hazard_test

    check_confidence(confidence)
    if not covariates:
        raise InputError("There are no covariates: name at least one column.")
    found = read_patients(table, time, event, [*covariates, *([start] if start else [])])
    design, against = _design(found, covariates)
    data = pd.concat([design, found[[time, event, *([start] if start else [])]]], axis=1)
    with warnings.catch_warnings():
        warnings.simplefilter("error", ConvergenceWarning)
        try:
            fit = CoxPHFitter(alpha=1 - confidence).fit(
                data, time, event, entry_col=start, fit_options={"precision": 1e-10}
            )
        except (ConvergenceError, ConvergenceWarning):
            raise InputError(
                "Cox's regression does not settle: a group may have no events; leave it out or merge it."
            ) from None
    limits = np.exp(fit.confidence_intervals_)
    held = proportional_hazard_test(fit, data, time_transform="km").summary["p"].reindex(design.columns)
    ratios = pd.DataFrame(
        {
            "covariate": list(design),
            "against": list(against.values()),
            "ratio": np.exp(fit.params_).to_numpy(),
            "lower": limits.iloc[:, 0].to_numpy(),
            "upper": limits.iloc[:, 1].to_numpy(),
            "p": fit.summary["p"].to_numpy(),
            "p_proportional": held.to_numpy(dtype=float),
            "proportional": held.to_numpy(dtype=float) >= LEVEL,
        }
    )
    return Cox(ratios=ratios, patients=len(found), events=int(found[event].sum()), confidence=confidence)


def split_at(
    table: "pd.DataFrame", *, at: float, time: str = "time", event: str = "event"
) -> "dict[str, pd.DataFrame]":
    """Split follow-up in two, so that ``cox`` can give a ratio for each period.

    Parameters
    ----------
    table
        One row per patient.
    at
        Where the first period ends (same unit as ``time``); events at that time belong to it.
    time, event
        Columns: time to event or to last follow-up, and whether the event was seen.

    Returns
    -------
    dict
        Tables by period, 'early' and 'late': in the first, follow-up ends at ``at``; the second holds the patients
        still followed then, and its times still count from the start.

    Raises
    ------
    InputError
        For missing columns, negative times, or a split that leaves a period without events.

    When not to use
    ---------------
    To search for the split with the largest difference: choose it before looking.

    Examples
    --------
    >>> from fxyd3.background import cox, gse7390, split_at
    >>> for name, period in split_at(gse7390().patients, at=3).items():
    ...     print(name, cox(period, covariates=["er"]).ratios["ratio"].round(1).item())
    early 4.2
    late 1.2
    """
    found = read_patients(table, time, event)
    times, seen = found[time].to_numpy(), found[event].to_numpy()
    early = table.assign(**{time: np.minimum(times, at), event: seen & (times <= at)})
    late = table.assign(**{time: times, event: seen})[times > at]
    for name, period in (("early", early), ("late", late)):
        if not period[event].any():
            raise InputError(f"No event lies in the {name} period of a split at {at:g}: choose another split.")
    return {"early": early, "late": late}


def _design(found: "pd.DataFrame", covariates: "Sequence[str]") -> "tuple[pd.DataFrame, dict[str, str]]":
    """Numbers as they are; groups as one column each, the last in order being the reference."""
    import pandas as pd

    columns: dict[str, object] = {}
    against: dict[str, str] = {}
    for name in covariates:
        values = found[name]
        if values.nunique() < 2:
            raise InputError(f"Covariate '{name}' has one value only, '{values.iloc[0]}': it cannot be compared.")
        if pd.api.types.is_numeric_dtype(values):
            columns[name], against[name] = values.astype(float), "one less"
        else:
            *levels, last = sorted(values.astype(str).unique())
            for level in levels:
                columns[level], against[level] = (values.astype(str) == level).astype(float), last
    return pd.DataFrame(columns), against

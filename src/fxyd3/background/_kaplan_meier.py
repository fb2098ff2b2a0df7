"""Share of patients still free of the event, by Kaplan and Meier."""

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from fxyd3.background._patients import check_confidence, groups_of, read_patients
from fxyd3.errors import InputError

if TYPE_CHECKING:
    from collections.abc import Sequence

    import pandas as pd


@dataclass(frozen=True, eq=False)
class KaplanMeier:
    """Kaplan-Meier curves by group; see ``kaplan_meier``.

    Attributes
    ----------
    curves
        One row per group and time at which the number at risk changes: group, time, survival, lower, upper, at_risk
        (just before), events. Where no patient had an event yet, or all have had it, the interval is NaN.
    at_times
        One row per group and time asked for: group, time, at_risk, survival, lower, upper; NaN beyond the last
        patient's time.
    groups
        One row per group: group, patients, events, median (time; NaN: not reached).
    confidence
        Of the intervals, one time at a time.

    Examples
    --------
    >>> import pandas as pd
    >>> from fxyd3.background import kaplan_meier
    >>> found = kaplan_meier(pd.DataFrame({"time": [1, 2, 3, 4], "event": [1, 1, 0, 1]}))
    >>> found.groups
      group  patients  events  median
    0   all         4       3     2.0
    """

    curves: "pd.DataFrame"
    at_times: "pd.DataFrame"
    groups: "pd.DataFrame"
    confidence: float

    def summary(self) -> "pd.DataFrame":
        """Return patients, events and median by group."""
        return self.groups


def kaplan_meier(
    table: "pd.DataFrame",
    *,
    by: str | None = None,
    time: str = "time",
    event: str = "event",
    at: "Sequence[float]" = (),
    confidence: float = 0.95,
) -> KaplanMeier:
    """Estimate the share of patients still free of the event, by group, with log-log intervals.

    Parameters
    ----------
    table
        One row per patient.
    by
        Column of groups; None: all patients together.
    time, event
        Columns: time to event or to last follow-up (any unit), and whether the event was seen.
    at
        Times at which numbers at risk and survival are wanted.
    confidence
        Of the intervals.

    Returns
    -------
    KaplanMeier

    Raises
    ------
    InputError
        For missing columns, empty cells, negative times, no event, a confidence outside 0 to 1, or negative ``at``.

    Notes
    -----
    Intervals are Greenwood's on the scale log(-log S), so that they stay within 0 and 1.

    When not to use
    ---------------
    Where another event, such as death from another cause, can forestall the one counted and is treated as the end of
    follow-up: the curve is then not the share of patients who stay free of it.

    Examples
    --------
    >>> from fxyd3.background import gbsg2, kaplan_meier
    >>> found = kaplan_meier(gbsg2().patients, by="er", at=[5])
    >>> found.at_times.round(2)
             group  time  at_risk  survival  lower  upper
    0  ER-negative     5       23      0.36   0.28   0.44
    1  ER-positive     5       98      0.54   0.49   0.59
    """
    import pandas as pd
    from lifelines import KaplanMeierFitter

    check_confidence(confidence)
    if any(each < 0 for each in at):
        raise InputError("A time in `at` is negative: times count from the start of follow-up.")
    found = read_patients(table, time, event, [by] if by else [])
    curves, at_times, groups = [], [], []
    for name, own in groups_of(found, by).items():
        fit = KaplanMeierFitter(alpha=1 - confidence).fit(own[time], own[event])
        rows, limits = fit.event_table, fit.confidence_interval_survival_function_
        survival = fit.survival_function_.iloc[:, 0].to_numpy()
        inside = (survival > 0) & (survival < 1)
        curve = pd.DataFrame(
            {
                "group": name,
                "time": rows.index.to_numpy(),
                "survival": survival,
                "lower": np.where(inside, limits.iloc[:, 0], np.nan),
                "upper": np.where(inside, limits.iloc[:, 1], np.nan),
                "at_risk": rows["at_risk"].to_numpy(dtype=int),
                "events": rows["observed"].to_numpy(dtype=int),
            }
        )
        curves.append(curve)
        times = own[time].to_numpy()
        for each in at:
            held = curve[curve["time"] <= each].iloc[-1] if each <= times.max() else None
            known = [np.nan] * 3 if held is None else [held["survival"], held["lower"], held["upper"]]
            at_times.append((name, each, int((times >= each).sum()), *known))
        median = fit.median_survival_time_
        groups.append((name, len(own), int(own[event].sum()), median if np.isfinite(median) else np.nan))
    return KaplanMeier(
        curves=pd.concat(curves, ignore_index=True),
        at_times=pd.DataFrame(at_times, columns=["group", "time", "at_risk", "survival", "lower", "upper"]),
        groups=pd.DataFrame(groups, columns=["group", "patients", "events", "median"]),
        confidence=confidence,
    )

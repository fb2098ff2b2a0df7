"""When the event comes: events per person-year, period by period, with exact intervals."""

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from scipy import stats

from fxyd3.background._patients import check_confidence, groups_of, read_patients
from fxyd3.claims import Interval
from fxyd3.errors import InputError

if TYPE_CHECKING:
    from collections.abc import Sequence

    import pandas as pd


@dataclass(frozen=True, eq=False)
class HazardOverTime:
    """Hazard by group and period; see ``hazard_over_time``.

    Attributes
    ----------
    periods
        One row per group and period: group, start, end, events, person_years, rate (events per person-year), lower,
        upper. A period that no patient reached has no rate (NaN).
    ratios
        One row per group, the rate before ``split`` over that from there to the last bound: group, early_events,
        early_person_years, late_events, late_person_years, ratio, lower, upper. A ratio without late events is
        infinite, and with none at all NaN.
    split
        Where early ends.
    confidence
        Of the intervals.

    Examples
    --------
    >>> import pandas as pd
    >>> from fxyd3.background import hazard_over_time
    >>> found = hazard_over_time(pd.DataFrame({"time": [1, 2, 2], "event": [1, 1, 0]}), bounds=[0, 1, 2], split=1)
    >>> found.periods[["start", "end", "events", "person_years"]]
       start  end  events  person_years
    0    0.0  1.0       1           3.0
    1    1.0  2.0       1           2.0
    """

    periods: "pd.DataFrame"
    ratios: "pd.DataFrame"
    split: float
    confidence: float

    def summary(self) -> "pd.DataFrame":
        """Return early against late by group."""
        return self.ratios


def hazard_over_time(
    table: "pd.DataFrame",
    *,
    by: str | None = None,
    time: str = "time",
    event: str = "event",
    bounds: "Sequence[float]" = (0, 1, 2, 3, 4, 5),
    split: float = 3.0,
    confidence: float = 0.95,
) -> HazardOverTime:
    """Estimate the hazard as constant within each period, and compare early with late.

    Parameters
    ----------
    table
        One row per patient.
    by
        Column of groups; None: all patients together.
    time, event
        Columns: time to event or to last follow-up (years), and whether the event was seen.
    bounds
        Bounds of the periods (years), rising; a period holds its end but not its start, the first holds both.
    split
        The bound where early ends and late begins (years).
    confidence
        Of the intervals.

    Returns
    -------
    HazardOverTime

    Raises
    ------
    InputError
        For missing columns, empty cells, negative times, no event, bounds that do not rise, or a split that is no
        inner bound.

    Notes
    -----
    The interval of a rate is the exact one of a Poisson count (Garwood's). That of the ratio is exact too: given all
    events, the early ones are binomial (Clopper and Pearson's limits). Exact intervals cover at least as often as they
    say, mostly more often.

    When not to use
    ---------------
    To compare groups of patients within a period by whether intervals overlap: use ``cox`` with ``split_at``. A falling
    hazard of a mixed group does not show that any patient's own risk falls: those at high risk leave first.

    Examples
    --------
    >>> from fxyd3.background import gse7390, hazard_over_time
    >>> found = hazard_over_time(gse7390().patients, by="er", bounds=[0, 3, 10], split=3)
    >>> found.ratios[["group", "early_events", "late_events", "ratio"]].round(1)
             group  early_events  late_events  ratio
    0  ER-negative            14            6    3.9
    1  ER-positive             8           13    1.2
    """
    import pandas as pd

    check_confidence(confidence)
    edges = np.asarray(bounds, dtype=float)
    if len(edges) < 3 or edges[0] < 0 or not (np.diff(edges) > 0).all():
        raise InputError("The bounds of the periods must rise from 0 or later, three or more, for example 0, 1, 2, 3.")
    if split not in edges[1:-1]:
        raise InputError(f"The split at {split:g} is no inner bound of the periods: choose one of them.")
    found = read_patients(table, time, event, [by] if by else [])
    periods, ratios = [], []
    for name, own in groups_of(found, by).items():
        times, seen = own[time].to_numpy(), own[event].to_numpy()
        spent = np.clip(times[:, None], edges[:-1], edges[1:]) - edges[:-1]
        inside = (times[:, None] > edges[:-1]) & (times[:, None] <= edges[1:])
        inside[:, 0] |= times == edges[0]
        events, years = (inside & seen[:, None]).sum(axis=0), spent.sum(axis=0)
        for start, end, count, length in zip(edges, edges[1:], events, years, strict=False):
            periods.append((name, start, end, int(count), length, *rate(int(count), float(length), confidence)))
        early = edges[1:] <= split
        sums = [(int(events[half].sum()), float(years[half].sum())) for half in (early, ~early)]
        ratios.append((name, *sums[0], *sums[1], *rate_ratio(*sums[0], *sums[1], confidence)))
    return HazardOverTime(
        periods=pd.DataFrame(
            periods, columns=["group", "start", "end", "events", "person_years", "rate", "lower", "upper"]
        ),
        ratios=pd.DataFrame(
            ratios,
            columns=["group", "early_events", "early_person_years", "late_events", "late_person_years", "ratio",
                     "lower", "upper"],
        ),
        split=split,
        confidence=confidence,
    )  # fmt: skip


def rate(events: int, years: float, confidence: float) -> Interval:
    """Events per year with the exact Poisson interval; NaN without person-years."""
    if years <= 0:
        return Interval(np.nan, np.nan, np.nan)
    tail = (1 - confidence) / 2
    lower = stats.chi2.ppf(tail, 2 * events) / 2 if events else 0.0
    return Interval(events / years, lower / years, stats.chi2.isf(tail, 2 * events + 2) / 2 / years)


def rate_ratio(events: int, years: float, other: int, other_years: float, confidence: float) -> Interval:
    """Ratio of two rates with the exact conditional interval; NaN where it cannot be had."""
    if events + other == 0 or min(years, other_years) <= 0:
        return Interval(np.nan, np.nan, np.nan)
    tail = (1 - confidence) / 2
    low = stats.beta.ppf(tail, events, other + 1) if events else 0.0
    high = stats.beta.isf(tail, events + 1, other) if other else 1.0
    scale = other_years / years
    odds = [share / (1 - share) * scale if share < 1 else np.inf for share in (events / (events + other), low, high)]
    return Interval(*odds)

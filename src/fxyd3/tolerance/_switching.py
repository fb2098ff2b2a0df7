"""Cells that turn tolerant and back: rates from two arms of one experiment, then over experiments."""

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray
from scipy import optimize, special

from fxyd3.claims import Interval, t_interval
from fxyd3.data.report import few, nearest
from fxyd3.data.simulate.killing import rate_matrix, two_states
from fxyd3.errors import InputError

if TYPE_CHECKING:
    from collections.abc import Callable

    import pandas as pd

Array = NDArray[np.float64]

FEWEST_EXPERIMENTS = 3
RATES = ("kill_sensitive", "kill_tolerant", "induction", "reversion")
ARMS = (("unsorted", "on"), ("tolerant-sorted", "off"))
COLUMNS = ("cells", "drug", "hours", "viable", "counted", "tolerant_counted")
PIPETTING = 0.05  # coefficient of variation of counts beyond counting


@dataclass(frozen=True, eq=False)
class Switching:
    """Rates of killing and of switching; see ``fit_switching``.

    Attributes
    ----------
    per_experiment
        One row per experiment: experiment, kill_sensitive, kill_tolerant, induction, reversion (per hour), share (of
        tolerant cells when the drug is added).
    table
        One row per number, as index: the rates and the share, and ``kill_ratio`` (sensitive to tolerant), with n
        (experiments), estimate, lower, upper, unit. Means and Student's intervals on the log scale (of the share: log
        odds), then turned back; NaN without two experiments.
    log2_kill_ratio
        Of the death rates, sensitive to tolerant cells; None with fewer than two experiments.
    n
        Experiments.
    missing
        What a statement over experiments lacks; empty: nothing.

    Examples
    --------
    From simulated counts:

    >>> from fxyd3.data.simulate import time_kill
    >>> from fxyd3.tolerance import fit_switching
    >>> found = fit_switching(time_kill().table)
    >>> found.n, found.missing, found.log2_kill_ratio.lower > 0
    (4, '', True)
    """

    per_experiment: "pd.DataFrame"
    table: "pd.DataFrame"
    log2_kill_ratio: Interval | None
    n: int
    missing: str

    def summary(self) -> "pd.DataFrame":
        """Return ``table`` with half-lives in hours beside the rates."""
        halves = np.log(2) / self.table["estimate"].where(self.table["unit"] == "per hour")
        return self.table.assign(half_life_hours=halves)


def fit_switching(table: "pd.DataFrame", *, experiment: str = "experiment", confidence: float = 0.95) -> Switching:
    """Estimate how fast sensitive and tolerant cells die under a drug, and how fast they turn into one another.

    Two arms settle it. Unsorted cells under the drug give the curve of killing, and a reading of the marker of
    tolerance when the drug is added. Cells sorted as tolerant and kept without the drug lose the marker, at the rate at
    which cells switch. Switching is taken to go on with the drug as without it.

    Parameters
    ----------
    table
        Columns cells ("unsorted", "tolerant-sorted"), drug ("on", "off"), hours, viable, counted and tolerant_counted;
        see ``data/templates/time_kill.csv``. Other arms are not used.
    experiment
        Column of the independent experiments; without it all rows are one.
    confidence
        Of the intervals, over experiments.

    Returns
    -------
    Switching
        Where something is ``missing``, the numbers that can be had are given as a description.

    Raises
    ------
    InputError
        For a column that is not there, or a confidence out of range.

    Notes
    -----
    Least squares in each experiment, on scales on which the spread is the same everywhere: the inverse hyperbolic sine
    of counts (counting, and 5 % of pipetting), the arcsine of shares. Neither arm alone has these numbers.

    References
    ----------
    Balaban 2004, doi:10.1126/science.1099390 (the model of two states that switch).

    When not to use
    ---------------
    Where the drug itself makes cells tolerant: what is fitted is a rate without it. Where the marker is not tolerance.

    Examples
    --------
    Simulated counts, with deaths of 0.06 (sensitive cells) and 0.012 (tolerant) per hour, and reversion at 0.01:

    >>> from fxyd3.data.simulate import time_kill
    >>> from fxyd3.tolerance import fit_switching
    >>> found = fit_switching(time_kill().table)
    >>> found.table.loc[["kill_sensitive", "kill_tolerant", "reversion"], ["n", "estimate", "lower", "upper"]].round(3)
                    n  estimate  lower  upper
    kill_sensitive  4     0.060  0.053  0.069
    kill_tolerant   4     0.013  0.010  0.016
    reversion       4     0.010  0.008  0.013
    """
    import pandas as pd

    if not 0 < confidence < 1:
        raise InputError(f"The confidence is {confidence}: it must lie between 0 and 1.")
    lacking = next((column for column in COLUMNS[:4] if column not in table), None)
    if lacking:
        raise InputError(f"The table has no column '{lacking}'{nearest(lacking, list(map(str, table.columns)))}.")
    name = table[experiment].astype(str) if experiment in table else pd.Series("all rows", index=table.index)
    missing = _lacking(table)
    rows = []
    for who, own in table.groupby(name, sort=True) if not missing else ():
        arms = [own[(own["cells"] == cells) & (own["drug"] == drug)].sort_values("hours") for cells, drug in ARMS]
        if all(len(arm) > 3 and (arm["counted"] > 0).any() for arm in arms) and arms[0]["viable"].iloc[0] > 0:
            found = _fit(*arms)
            rows.append((who, *np.exp(found[:4]), special.expit(found[5])))
    each = pd.DataFrame(rows, columns=["experiment", *RATES, "share"]).astype(dict.fromkeys([*RATES, "share"], float))
    over: dict[str, tuple[Any, Callable[[Any], Any], str]] = {
        rate: (np.log(each[rate]), np.exp, "per hour") for rate in RATES
    }
    over["share"] = (special.logit(each["share"]), special.expit, "share of the cells")
    ratio = np.log2(each["kill_sensitive"] / each["kill_tolerant"])
    over["kill_ratio"] = (ratio, np.exp2, "times")
    told = {}
    for what, (values, back, unit) in over.items():
        ends = t_interval(values, confidence) if len(each) > 1 else (values.mean(), np.nan, np.nan)
        told[what] = (len(each), *(float(back(end)) for end in ends), unit)
    if not missing and len(each) < FEWEST_EXPERIMENTS:
        missing = f"three experiments with both arms: there {'is' if len(each) == 1 else 'are'} {len(each)}"
    return Switching(
        per_experiment=each,
        table=pd.DataFrame.from_dict(told, orient="index", columns=["n", "estimate", "lower", "upper", "unit"]),
        log2_kill_ratio=t_interval(ratio, confidence) if len(each) > 1 else None,
        n=len(each),
        missing=missing,
    )


def _lacking(table: "pd.DataFrame") -> str:
    for column in COLUMNS[4:]:
        if column not in table:
            return f"a column '{column}' (cells read for a marker of tolerance)"
    there = set(zip(table["cells"], table["drug"], strict=True))
    for cells, drug in ARMS:
        if (cells, drug) not in there:
            known = few(sorted(f"{a} ({b})" for a, b in there))
            return f"an arm of {cells} cells with the drug {drug}: there are {known}"
    return ""


def _fit(killed: "pd.DataFrame", free: "pd.DataFrame") -> Array:
    """Fit one experiment: logs of the four rates and of the cells at the start, log odds of the share in each arm."""
    hours = [arm["hours"].to_numpy(dtype=float) for arm in (killed, free)]
    viable = killed["viable"].to_numpy(dtype=float)
    read = [arm["counted"].to_numpy(dtype=float) for arm in (killed, free)]
    k = [arm["tolerant_counted"].to_numpy(dtype=float) for arm in (killed, free)]
    seen = [n > 0 for n in read]
    parts = [np.arcsin(np.sqrt(k[i][seen[i]] / read[i][seen[i]])) for i in (0, 1)]
    weight = [np.sqrt(4 * read[i][seen[i]]) for i in (0, 1)]
    alive = _stable(viable)

    def misfit(p: Array) -> Array:
        s, t, a, b = np.exp(p[:4])
        share = special.expit(p[5:])
        both = []
        for i, (rate_s, rate_t) in enumerate(((-s, -t), (0.0, 0.0))):
            matrix = rate_matrix(induction=a, reversion=b, sensitive=rate_s, tolerant=rate_t)
            both.append(two_states(hours[i], np.array([1 - share[i], share[i]]), matrix))
        total = both[0].sum(axis=1)
        off = [_stable(np.exp(p[4]) * total) - alive]
        for i, cells in enumerate(both):
            tolerant = np.clip(cells[:, 1] / cells.sum(axis=1), 0, 1)[seen[i]]
            off.append(weight[i] * (np.arcsin(np.sqrt(tolerant)) - parts[i]))
        return np.concatenate(off)

    at = [(k[i][seen[i]][0] + 0.5) / (read[i][seen[i]][0] + 1) for i in (0, 1)]
    slope = max(-float(np.polyfit(hours[0], np.log(viable + 0.5), 1)[0]), 1e-3)
    lost = max(1.0 - (k[1][seen[1]][-1] + 0.5) / (read[1][seen[1]][-1] + 1) / at[1], 0.05)
    switch = max(-np.log1p(-min(lost, 0.95)) / hours[1][seen[1]][-1], 1e-4)
    begin = np.log([2 * slope, slope / 2, switch / 5, switch, viable[0]])
    fit = optimize.least_squares(misfit, [*begin, *special.logit(at)], x_scale="jac", ftol=1e-8, xtol=1e-8)
    return np.asarray(fit.x)


def _stable(counts: Array) -> Array:
    return np.asarray(np.arcsinh(PIPETTING * np.sqrt(counts + 0.375)) / (PIPETTING / 2))

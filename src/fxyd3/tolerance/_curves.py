"""Kill curves of several experiments: each fitted by itself, then put together with experiments as the replicates."""

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from fxyd3.claims import t_interval
from fxyd3.data.report import few
from fxyd3.errors import InputError
from fxyd3.tolerance._kill import COMPARED, KillFit, Model, compare_fits, fit_kill

if TYPE_CHECKING:
    import pandas as pd

FEWEST_EXPERIMENTS = 3
KILLED = {"mdk99": 0.99, "mdk99.9": 0.999}


@dataclass(frozen=True, eq=False)
class KillCurves:
    """Curves of killing, one per experiment; see ``kill_curves``.

    Attributes
    ----------
    arm
        The counts that were fitted: experiment, hours, viable.
    fits
        By experiment, then by model.
    per_experiment
        One row per fitted experiment: experiment, counts, below (counts below the limit), slopes (that the curve asks
        for, "one" or "two"), gain (of AICc), runs_p (of the better model), share, share_lower, share_upper (tolerant
        cells, two slopes; NaN on a side that the times do not limit), mdk99, mdk99.9 (hours, of the better model).
    table
        One row per number, as index (share, mdk99, mdk99.9): n (experiments), estimate, lower, upper (mean and
        Student's interval on the scale of log odds, or logs, turned back; NaN without two experiments), unit.
    left_out
        Experiments that could not be fitted: experiment, why.
    n
        Experiments fitted.
    missing
        What a statement over experiments lacks; empty: nothing.

    Examples
    --------
    From simulated counts:

    >>> from fxyd3.data.simulate import time_kill
    >>> from fxyd3.tolerance import kill_curves
    >>> found = kill_curves(time_kill(experiments=3).table)
    >>> found.n, sorted(found.fits["E1"])
    (3, ['biphasic', 'exponential'])
    >>> found.per_experiment[["experiment", "slopes"]]
      experiment slopes
    0         E1    two
    1         E2    two
    2         E3    two
    """

    arm: "pd.DataFrame"
    fits: dict[str, dict[Model, KillFit]]
    per_experiment: "pd.DataFrame"
    table: "pd.DataFrame"
    left_out: "pd.DataFrame"
    n: int
    missing: str

    def summary(self) -> "pd.DataFrame":
        """Return what was found over the experiments: n, estimate, lower, upper, unit."""
        return self.table


def kill_curves(
    table: "pd.DataFrame", *, cells: str = "unsorted", limit: float = 1.0, confidence: float = 0.95
) -> KillCurves:
    """Fit one slope and two to the curve of each experiment, and put the experiments together.

    Parameters
    ----------
    table
        Columns cells, drug ("on", "off"), hours, viable and, with several experiments, experiment; see
        ``data/templates/time_kill.csv``.
    cells
        Which cells, with the drug on.
    limit, confidence
        As in ``fit_kill``.

    Returns
    -------
    KillCurves
        Where something is ``missing``, the numbers that can be had are given as a description. A curve that cannot be
        fitted, such as one of growth, is left out and named.

    Raises
    ------
    InputError
        For a limit or a confidence out of range.

    Notes
    -----
    The share is that of the curve of two slopes, also where one would do: its interval then says how little is known.
    Minimum durations are those of the better model.

    References
    ----------
    As ``fit_kill``.

    When not to use
    ---------------
    To pool counts of several experiments into one curve: their curves differ, and the experiments are the replicates.

    Examples
    --------
    Simulated counts of four experiments; 15 % of the cells are tolerant when the drug is added:

    >>> from fxyd3.data.simulate import time_kill
    >>> from fxyd3.tolerance import kill_curves
    >>> found = kill_curves(time_kill().table)
    >>> found.summary().loc[["share"], ["n", "estimate", "lower", "upper", "unit"]].round(2)
           n  estimate  lower  upper                unit
    share  4      0.18   0.08   0.35  share of the cells
    """
    import pandas as pd

    if not (np.isfinite(limit) and limit >= 1):
        raise InputError(f"The detection limit is {limit} cells: give 1 or more.")
    if not 0 < confidence < 1:
        raise InputError(f"The confidence is {confidence}: it must lie between 0 and 1.")
    named = table if "experiment" in table else table.assign(experiment="all rows")
    arm = named.loc[(named["cells"] == cells) & (named["drug"] == "on"), ["experiment", "hours", "viable"]]
    fits: dict[str, dict[Model, KillFit]] = {}
    rows, left_out = [], []
    for name, own in arm.groupby("experiment", sort=True):
        curve = own["hours"], own["viable"]
        try:
            both = {model: fit_kill(*curve, model=model, limit=limit, confidence=confidence) for model in COMPARED}
        except InputError as error:
            left_out.append((name, str(error)))
            continue
        fits[str(name)] = both
        rows.append({"experiment": name, **_told(both)})
    columns = [
        "experiment",
        "counts",
        "below",
        "slopes",
        "gain",
        "runs_p",
        "share",
        "share_lower",
        "share_upper",
        *KILLED,
    ]
    each = pd.DataFrame(rows, columns=columns)
    missing = ""
    if arm.empty:
        there = few(sorted({f"{a} ({b})" for a, b in zip(named["cells"], named["drug"], strict=True)}))
        missing = f"an arm of {cells} cells with the drug on: there are {there}"
    elif len(each) < FEWEST_EXPERIMENTS:
        missing = f"three experiments with a curve of killing: there {'is' if len(each) == 1 else 'are'} {len(each)}"
    return KillCurves(
        arm=arm.reset_index(drop=True),
        fits=fits,
        per_experiment=each,
        table=_over(each, confidence),
        left_out=pd.DataFrame(left_out, columns=["experiment", "why"]),
        n=len(each),
        missing=missing,
    )


def _told(both: dict[Model, KillFit]) -> dict[str, object]:
    compared = compare_fits(both)
    aicc = compared.loc[list(COMPARED), "aicc"]
    better: Model = "biphasic" if aicc["biphasic"] < aicc["exponential"] else "exponential"
    fit, share = both[better], both["biphasic"].table.loc["share"]
    return {
        "counts": fit.n,
        "below": fit.censored,
        "slopes": "two" if better == "biphasic" else "one",
        "gain": float(aicc.max() - aicc.min()),
        "runs_p": compared.loc[better, "runs_p"],
        "share": share["estimate"],
        "share_lower": share["lower"],
        "share_upper": share["upper"],
        **{name: fit.mdk(killed, resamples=2)["hours"] for name, killed in KILLED.items()},
    }


def _over(each: "pd.DataFrame", confidence: float) -> "pd.DataFrame":
    import pandas as pd
    from scipy.special import expit, logit

    rows = {}
    for name in ("share", *KILLED):
        values = each[name].astype(float)
        scaled = logit(values) if name == "share" else np.log(values)
        ends = t_interval(scaled, confidence) if len(each) > 1 else (scaled.mean(), np.nan, np.nan)
        back = expit if name == "share" else np.exp
        rows[name] = (
            len(each),
            *map(float, back(np.array(ends))),
            "share of the cells" if name == "share" else "hours",
        )
    return pd.DataFrame.from_dict(rows, orient="index", columns=["n", "estimate", "lower", "upper", "unit"])

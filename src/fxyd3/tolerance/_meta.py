"""Effects of several studies put together, with what they disagree on."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
from scipy import stats

from fxyd3.claims import Interval
from fxyd3.data.report import few, nearest
from fxyd3.errors import InputError

if TYPE_CHECKING:
    import pandas as pd

FEWEST_STUDIES = 3


@dataclass(frozen=True, eq=False)
class MetaAnalysis:
    """Effects of several studies put together, see ``meta_analysis``.

    Attributes
    ----------
    studies
        One row per study: study, effect, se, lower, upper (its own, normal), weight (percent of the mean of random
        effects), weight_fixed (percent).
    interval
        Mean of the random effects with its Hartung-Knapp interval.
    fixed
        Mean if all studies had one and the same effect, with its normal interval.
    prediction
        Where the effect of a further study would lie; None with fewer than three studies.
    p
        Of the mean of the random effects against 0 (Student's t, as the interval).
    tau2
        Variance between studies.
    q, q_p, i2
        Cochran's Q, its p, and the percent of the variation between effects that chance does not explain.
    leave_one_out
        One row per study left out: left_out, estimate, lower, upper, tau2; no rows with fewer than three studies.
    n
        Studies.
    absent
        Studies without an estimate.
    missing
        What a conclusion lacks; empty: nothing.
    confidence
        Of all intervals.

    Examples
    --------
    Made-up effects of three studies; a fourth has no estimate:

    >>> import pandas as pd
    >>> from fxyd3.tolerance import meta_analysis
    >>> table = pd.DataFrame({"study": ["A", "B", "C"], "log2fc": [0.8, 0.3, 0.5], "se": [0.2, 0.1, 0.15]})
    >>> found = meta_analysis(table, absent=["D"])
    >>> found.n, round(found.i2), found.missing
    (3, 62, 'an estimate from 1 of 4 studies (D)')
    """

    studies: "pd.DataFrame"
    interval: Interval
    fixed: Interval
    prediction: Interval | None
    p: float
    tau2: float
    q: float
    q_p: float
    i2: float
    leave_one_out: "pd.DataFrame"
    n: int
    absent: tuple[str, ...]
    missing: str
    confidence: float

    def summary(self) -> "pd.DataFrame":
        """Return the mean of the random effects, the prediction and the fixed effect: what, estimate, lower, upper."""
        import pandas as pd

        rows = [("random effects (Hartung-Knapp)", *self.interval)]
        if self.prediction:
            rows.append(("a further study (prediction)", *self.prediction))
        rows.append(("fixed effect", *self.fixed))
        return pd.DataFrame(rows, columns=["what", "estimate", "lower", "upper"])


def meta_analysis(
    table: "pd.DataFrame",
    *,
    effect: str = "log2fc",
    se: str = "se",
    study: str = "study",
    absent: Sequence[str] = (),
    confidence: float = 0.95,
) -> MetaAnalysis:
    """Put effects of independent studies together, allowing that the true effect differs between them.

    The variance between studies is that of Paule and Mandel. The interval of the mean is Hartung's and Knapp's
    (Student's t with one degree less than there are studies), with the ad hoc correction that it is never narrower than
    it would be without their scale: where studies agree better than chance allows, the scale is 1.

    Parameters
    ----------
    table
        One row per study.
    effect, se, study
        Columns: effect on an additive scale (log ratio, difference), its standard error, name.
    absent
        Studies that looked and have no estimate; they are named beside the result, which then is ``missing`` them.
    confidence
        Of all intervals.

    Returns
    -------
    MetaAnalysis
        With fewer than three studies, or with absent ones, the numbers are a description, and ``missing`` says why.

    Raises
    ------
    InputError
        If a column is missing, an effect is not finite, a standard error is not above 0, a study stands twice, there is
        one study only, or the confidence is outside (0, 1).

    Notes
    -----
    Paule's and Mandel's variance makes the scale of Hartung and Knapp 1 wherever it is above zero, so that the interval
    is that of random effects, with t in place of the normal quantile. It is wide with few studies because few studies
    say little of how studies differ: t is 12.7 with two. The prediction interval has two degrees of freedom less than
    there are studies; with six studies whose errors are as large as their spread it holds a further one some 90 % of
    the time, not 95 %, for the spread is then often taken for nothing. Estimates by statsmodels.

    References
    ----------
    Paule 1982, doi:10.6028/jres.087.022. IntHout 2014, doi:10.1186/1471-2288-14-25 (the interval). Röver 2015,
    doi:10.1186/s12874-015-0091-1 (the correction). Higgins 2009, doi:10.1111/j.1467-985X.2008.00552.x, and Partlett
    2017, doi:10.1002/sim.7140 (the prediction interval, and where it fails).

    When not to use
    ---------------
    On studies that are not independent, such as two treatments against one control or two experiments with one model:
    keep one of them. On effects that were only reported because they were significant: their mean is too far from
    zero, and no formula mends that.

    Examples
    --------
    Made-up effects of three studies:

    >>> import pandas as pd
    >>> from fxyd3.tolerance import meta_analysis
    >>> table = pd.DataFrame({"study": ["A", "B", "C"], "log2fc": [0.8, 0.3, 0.5], "se": [0.2, 0.1, 0.15]})
    >>> meta_analysis(table).summary().round(2)
                                 what  estimate  lower  upper
    0  random effects (Hartung-Knapp)      0.49  -0.11   1.10
    1    a further study (prediction)      0.49  -2.55   3.53
    2                    fixed effect      0.43   0.28   0.58
    """
    import pandas as pd

    if not 0 < confidence < 1:
        raise InputError(f"The confidence is {confidence}: it must lie between 0 and 1.")
    studies = _checked(table, effect, se, study)
    found, error = _combined(studies)
    n, normal = len(studies), stats.norm.ppf((1 + confidence) / 2)
    mean, student = float(found.mean_effect_re), stats.t.ppf((1 + confidence) / 2, n - 1)
    enough = n >= FEWEST_STUDIES
    one_out = []
    for row in studies.index if enough else ():
        other, own = _combined(studies.drop(index=row))
        reach = stats.t.ppf((1 + confidence) / 2, n - 2) * own
        one_out.append((studies.loc[row, "study"], *_around(float(other.mean_effect_re), reach), float(other.tau2)))
    further = stats.t.ppf((1 + confidence) / 2, n - 2) * np.hypot(np.sqrt(found.tau2), error) if enough else np.nan
    return MetaAnalysis(
        studies=studies.assign(
            lower=studies["effect"] - normal * studies["se"], upper=studies["effect"] + normal * studies["se"],
            weight=100 * found.weights_rel_re, weight_fixed=100 * found.weights_rel_fe,
        ),
        interval=_around(mean, student * error),
        fixed=_around(float(found.mean_effect_fe), normal * found.sd_eff_w_fe),
        prediction=_around(mean, further) if enough else None,
        p=float(2 * stats.t.sf(abs(mean) / error, n - 1)),
        tau2=float(found.tau2),
        q=float(found.q),
        q_p=float(found.test_homogeneity().pvalue),
        i2=100 * max(0.0, 1 - (n - 1) / max(float(found.q), n - 1)),
        leave_one_out=pd.DataFrame(one_out, columns=["left_out", "estimate", "lower", "upper", "tau2"]),
        n=n,
        absent=tuple(map(str, absent)),
        missing=_missing(n, absent),
        confidence=confidence,
    )  # fmt: skip


def _combined(studies: "pd.DataFrame") -> tuple[Any, float]:
    """Combine by statsmodels; with the standard error of the mean whose scale is never below 1."""
    from statsmodels.stats.meta_analysis import combine_effects

    values = studies["effect"].to_numpy(), studies["se"].to_numpy() ** 2
    found = combine_effects(*values, method_re="iterated", maxiter=500)
    return found, float(found.sd_eff_w_re * np.sqrt(max(1.0, float(found.scale_hksj_re))))


def _around(estimate: float, reach: float) -> Interval:
    return Interval(estimate, float(estimate - reach), float(estimate + reach))


def _checked(table: "pd.DataFrame", effect: str, se: str, study: str) -> "pd.DataFrame":
    import pandas as pd

    for column in (effect, se, study):
        if column not in table:
            raise InputError(f"The studies have no column {column!r}{nearest(column, map(str, table))}: name it.")
    numbers = [pd.to_numeric(table[column], errors="coerce").astype(float) for column in (effect, se)]
    studies = pd.DataFrame({"study": table[study].astype(str), "effect": numbers[0], "se": numbers[1]})
    studies = studies.reset_index(drop=True)
    without = studies[~np.isfinite(studies[["effect", "se"]]).all(axis=1)]
    if len(without):
        raise InputError(
            f"There is no effect with its standard error for {few(without['study'])}: leave such studies out of the "
            "table and name them in `absent`."
        )
    bad = studies[studies["se"] <= 0]
    if len(bad):
        raise InputError(
            f"The standard error of {bad['study'].iloc[0]} is {bad['se'].iloc[0]:g}: it must be above 0; give standard "
            "errors, not p-values or z."
        )
    twice = studies[studies["study"].duplicated()]
    if len(twice):
        raise InputError(f"The study {twice['study'].iloc[0]} stands twice: keep one row of each.")
    if len(studies) < 2:
        raise InputError(f"A meta-analysis needs at least 2 studies: there is {len(studies)}.")
    return studies


def _missing(n: int, absent: Sequence[str]) -> str:
    lacking = [] if n >= FEWEST_STUDIES else [f"three studies: there are {n}"]
    if absent:
        lacking.append(f"an estimate from {len(absent)} of {n + len(absent)} studies ({few(absent)})")
    return "; ".join(lacking)

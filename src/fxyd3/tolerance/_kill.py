"""Time-kill curves: one slope or two, how sure each number is, and how long killing takes."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal, get_args

import numpy as np
from numpy.typing import ArrayLike
from scipy import optimize, stats

from fxyd3.data.report import few
from fxyd3.errors import InputError
from fxyd3.tolerance._likelihood import Array, Terms, climb, count_terms, jacobian, limits

if TYPE_CHECKING:
    import pandas as pd

Model = Literal["exponential", "biphasic", "switching"]
COMPARED: tuple[Model, ...] = ("exponential", "biphasic")
PARAMETERS: dict[str, tuple[str, ...]] = {
    "exponential": ("start", "kill"),
    "biphasic": ("start", "kill_fast", "kill_slow", "share"),
    "switching": ("start", "kill_sensitive", "kill_tolerant", "share", "induction", "reversion"),
}
UNITS = {"start": "cells", "share": "share of the cells"}  # all others are rates, per hour
LOW = {"start": -2.0, "share": -14.0}  # logs; the share is on the scale of log odds
HIGH = {"start": 30.0, "share": 14.0}
SLOWEST, FASTEST = -12.0, 4.0  # log per hour
LEAST_SPREAD, MOST_SPREAD = 1e-3, 3.0
ONE_ARM = (
    "counts of one arm show two slopes and the share between them, whatever the cells turn into: the four rates of "
    "switching cannot be told from them (see fit_switching)"
)


@dataclass(frozen=True, eq=False)
class KillFit:
    """One model fitted to one curve of viable cells; see ``fit_kill``.

    Attributes
    ----------
    model
        "exponential", "biphasic" or "switching".
    table
        One row per parameter, as index: estimate, lower, upper (NaN: the times sampled set no limit on that side),
        identifiable (bool), unit.
    spread
        Coefficient of variation between counts beyond that of counting (share).
    n
        Counts, of which ``censored`` lay below the limit.
    log_likelihood, aic, aicc, bic
        The spread counts as a parameter; ``aicc`` is infinite with too few counts.
    residuals
        Of each count, in standard deviations, in the order given; NaN below the limit.
    notes
        What the curve cannot tell, in sentences.

    Examples
    --------
    From made-up counts:

    >>> from fxyd3.tolerance import fit_kill
    >>> fit = fit_kill([0, 12, 24, 36, 48, 72, 96, 120], [1010, 505, 262, 155, 101, 58, 48, 36])
    >>> fit.model, fit.n, fit.predict([0, 120]).round(-1).tolist()
    ('biphasic', 8, [1010.0, 40.0])
    >>> print(fit.notes[0])
    The slow rate is not identifiable from the times sampled (to 120 hours): they set no lower limit.
    """

    model: Model
    table: "pd.DataFrame"
    spread: float
    n: int
    censored: int
    log_likelihood: float
    aic: float
    aicc: float
    bic: float
    residuals: Array
    notes: tuple[str, ...]
    _best: Array
    _time: Array
    _counts: Array
    _limit: float
    _confidence: float

    def predict(self, time: ArrayLike) -> Array:
        """Return the expected viable cells (in the sample) at some times (hours), shape (n,)."""
        return np.asarray(np.exp(_log_curve(self.model, self._best[None], np.asarray(time, dtype=float))[0]))

    def early(self, times: int = 7) -> "KillFit | None":
        """Return the fit of the first few distinct times alone; None where these show no killing."""
        kept = self._time <= np.unique(self._time)[:times].max()
        hours, counts, held = self._time[kept], self._counts[kept], self._confidence
        try:
            return fit_kill(hours, counts, model=self.model, limit=self._limit, confidence=held)
        except InputError:
            return None

    def mdk(self, share: float = 0.99, *, resamples: int = 200, seed: int = 1) -> "pd.Series[float]":
        """Return the minimum duration for killing a share of the cells, in hours.

        Parameters
        ----------
        share
            Of the cells, between 0 and 1.
        resamples, seed
            Of the interval: curves drawn from the model and fitted again.

        Returns
        -------
        ``hours``, ``lower``, ``upper`` (from refits of curves drawn from the model; infinite where a curve never gets
        so low), ``extrapolated`` (1.0 where it lies beyond the last time sampled).

        Raises
        ------
        InputError
            For a share outside (0, 1).

        References
        ----------
        Brauner 2017, doi:10.1016/j.bpj.2017.05.014.

        When not to use
        ---------------
        To compare curves of different detection limits beyond the times sampled.
        """
        import pandas as pd

        if not 0 < share < 1:
            raise InputError(f"The share is {share}: give one between 0 and 1, such as 0.99.")
        rng, mean = np.random.default_rng(seed), self.predict(self._time)
        rate = mean * rng.gamma(self.spread**-2, self.spread**2, (resamples, len(mean)))
        again = _climbed(self.model, self._time, rng.poisson(rate).astype(float), self._limit, self.spread, self._best)
        hours = np.sort([_duration(self.model, each, share) for each in again])
        tail = (1 - self._confidence) / 2
        low, high = hours[int(tail * resamples)], hours[min(int((1 - tail) * resamples), resamples - 1)]
        at = _duration(self.model, self._best, share)
        return pd.Series({"hours": at, "lower": min(low, at), "upper": max(high, at),
                          "extrapolated": float(at > self._time.max())})  # fmt: skip

    def summary(self) -> "pd.DataFrame":
        """Return the parameters, the spread, and MDK99 and MDK99.9 below each other: estimate, lower, upper, unit."""
        import pandas as pd

        columns = ["estimate", "lower", "upper", "unit"]
        rows = self.table[columns]
        killed = {f"MDK{100 * share:g}": [*self.mdk(share)[["hours", "lower", "upper"]], "hours"]
                  for share in (0.99, 0.999)}  # fmt: skip
        return pd.concat([rows, pd.DataFrame.from_dict(killed, orient="index", columns=columns)])


def fit_kill(
    time: ArrayLike, viable: ArrayLike, *, model: Model = "biphasic", limit: float = 1.0, confidence: float = 0.95
) -> KillFit:
    """Fit a model of killing to the viable cells counted over time in one experiment.

    ``exponential``: all cells die at one rate. ``biphasic``: a share of the cells dies more slowly than the others.
    ``switching``: sensitive and tolerant cells also turn into one another; the curve is that of two slopes again.

    Parameters
    ----------
    time
        Hours since the drug was added, shape (n,); repeats are fine.
    viable
        Viable cells in the sample, shape (n,), whole numbers.
    model
        Which of the three.
    limit
        Detection limit, in cells of the sample: a count below it says only that it is below.
    confidence
        Of the intervals.

    Returns
    -------
    KillFit

    Raises
    ------
    InputError
        For shapes that differ, negative times or counts, values that are missing or not whole, fewer distinct times
        than the model has parameters, counts that all lie below the limit, or a curve that grows.

    Notes
    -----
    Counts are negative binomial: Poisson counting of cells whose number also varies by the coefficient ``spread``,
    which is found by Pearson's chi-square and then held. A limit of an interval lies where twice the log-likelihood,
    highest over all other parameters, has fallen by the quantile of F with 1 and n - p degrees of freedom.

    References
    ----------
    Balaban 2019, doi:10.1038/s41579-019-0196-3 (persistence and its curve). Brauner 2017,
    doi:10.1016/j.bpj.2017.05.014 (minimum duration for killing).

    When not to use
    ---------------
    On confluence or luminescence, which do not count living cells: see ``growth_rates``. On counts of several
    experiments together: fit each, then take the experiments as replicates.

    Examples
    --------
    Made-up counts, which fall fast, then slowly:

    >>> from fxyd3.tolerance import fit_kill
    >>> hours = [0, 12, 24, 36, 48, 72, 96, 120]
    >>> viable = [1010, 505, 262, 155, 101, 58, 48, 36]
    >>> fit_kill(hours, viable).table[["estimate", "lower", "upper", "unit"]].loc[["kill_fast", "share"]].round(2)
               estimate  lower  upper                unit
    kill_fast      0.07   0.05   0.09            per hour
    share          0.08   0.03   0.26  share of the cells
    """
    import pandas as pd

    hours, counts = _checked(time, viable, model, limit, confidence)
    names = PARAMETERS[model]
    best, spread, value = _fit(model, hours, counts, limit)
    free = min(len(names), 4)  # what one arm can tell
    terms = _terms(model, hours, counts[None], limit, np.full((1, 1), spread))
    drop = float(stats.f.ppf(confidence, 1, max(len(counts) - free - 1, 1)))
    low, high = _box(names)
    rows = []
    for i, name in enumerate(names):
        ends = (
            limits(terms, best, i, low, high, drop=drop) if model != "switching" or name == "start" else (np.nan,) * 2
        )
        rows.append(
            (*_natural(name, np.array([best[i], *ends])), bool(np.isfinite(ends).all()), UNITS.get(name, "per hour"))
        )
    table = pd.DataFrame(rows, index=list(names), columns=["estimate", "lower", "upper", "identifiable", "unit"])
    mean = np.exp(_log_curve(model, best[None], hours)[0])
    hidden = counts < limit
    residuals = np.where(hidden, np.nan, (counts - mean) / np.sqrt(mean + (spread * mean) ** 2))
    n, used = len(counts), free + 1
    aic = 2 * used - 2 * value
    return KillFit(
        model=model, table=table, spread=spread, n=n, censored=int(hidden.sum()), log_likelihood=value, aic=aic,
        aicc=aic + 2 * used * (used + 1) / (n - used - 1) if n > used + 1 else np.inf,
        bic=used * np.log(n) - 2 * value, residuals=residuals, notes=_notes(model, table, hours),
        _best=best, _time=hours, _counts=counts, _limit=limit, _confidence=confidence,
    )  # fmt: skip


def compare_kill(time: ArrayLike, viable: ArrayLike, *, limit: float = 1.0, confidence: float = 0.95) -> "pd.DataFrame":
    """Ask which model a curve needs: information criteria, and whether residuals come in runs.

    Parameters
    ----------
    time, viable, limit, confidence
        As in ``fit_kill``.

    Returns
    -------
    One row per model, as index: parameters (that one arm can tell, the spread included), aicc, weight (Akaike's, of
    the models that differ), runs_p (Wald and Wolfowitz, of the signs of the residuals over time; small: the curve has
    another shape), chosen (bool), reason.

    Raises
    ------
    InputError
        As ``fit_kill``.

    References
    ----------
    Burnham & Anderson 2004, doi:10.1177/0049124104268644 (weights, and AICc for small samples).

    When not to use
    ---------------
    As proof that no tolerant cell exists: where few are left to count, one slope fits anything.

    Examples
    --------
    Made-up counts, which fall fast, then slowly:

    >>> from fxyd3.tolerance import compare_kill
    >>> hours = [0, 12, 24, 36, 48, 72, 96, 120]
    >>> viable = [1010, 505, 262, 155, 101, 58, 48, 36]
    >>> found = compare_kill(hours, viable)
    >>> found.loc[["exponential", "biphasic"], ["parameters", "chosen", "reason"]]
                 parameters  chosen                         reason
    exponential           3   False
    biphasic              5    True  two slopes: AICc lower by 4.0
    """
    return compare_fits(
        {model: fit_kill(time, viable, model=model, limit=limit, confidence=confidence) for model in COMPARED}
    )


def compare_fits(fits: "Mapping[Model, KillFit]") -> "pd.DataFrame":
    """Compare fits of one slope and of two to the same curve; see ``compare_kill``."""
    import pandas as pd

    aicc = pd.Series({model: fit.aicc for model, fit in fits.items()})
    better = aicc.idxmin()
    gain = aicc.max() - aicc.min() if np.isfinite(aicc).all() else np.inf
    weight = np.exp(-(aicc - aicc.min()) / 2)
    said = {"biphasic": "two slopes", "exponential": "one slope"}
    reason = f"{said[str(better)]}: AICc lower by {gain:.1f}" + (" (hardly)" if gain < 2 else "")
    rows = [
        (3 if model == "exponential" else 5, fit.aicc, weight[model] / weight.sum(), _runs(fit), model == better,
         reason if model == better else "")
        for model, fit in fits.items()
    ]  # fmt: skip
    rows.append((5, fits["biphasic"].aicc, np.nan, rows[1][3], False, f"the same curve as biphasic: {ONE_ARM}"))
    return pd.DataFrame(
        rows, index=[*fits, "switching"], columns=["parameters", "aicc", "weight", "runs_p", "chosen", "reason"]
    )


def share_profile(fit: KillFit, *, points: int = 81) -> "pd.DataFrame":
    """Return how much worse a biphasic curve fits with the tolerant share held at other values.

    Parameters
    ----------
    fit
        Of two slopes, see ``fit_kill``.
    points
        Values of the share, beside the estimate.

    Returns
    -------
    ``share``, and ``drop``: twice the loss of log-likelihood; ``threshold`` is where an interval ends.

    Raises
    ------
    InputError
        If the fit is not biphasic.

    When not to use
    ---------------
    To read an interval off a figure: it stands in ``table``.

    Examples
    --------
    Made-up counts; values of the share below the threshold lie within its interval:

    >>> from fxyd3.tolerance import fit_kill, share_profile
    >>> fit = fit_kill([0, 12, 24, 36, 48, 72, 96, 120], [1010, 505, 262, 155, 101, 58, 48, 36])
    >>> profile = share_profile(fit)
    >>> round(float(profile.loc[profile["drop"].idxmin(), "share"]), 2)
    0.08
    >>> within = profile.loc[profile["drop"] < profile["threshold"], "share"]
    >>> within.agg(["min", "max"]).round(2).tolist()
    [0.03, 0.25]
    """
    import pandas as pd

    if fit.model != "biphasic":
        raise InputError(f"The fit is {fit.model}: only a biphasic one has a tolerant share to profile.")
    names = PARAMETERS["biphasic"]
    which, (low, high) = names.index("share"), _box(names)
    grid = np.unique(np.concatenate([np.linspace(-12, 3, points), [fit._best[which]]]))
    start = np.tile(fit._best, (len(grid), 1))
    start[:, which] = grid
    counts = np.tile(fit._counts, (len(grid), 1))
    terms = _terms("biphasic", fit._time, counts, fit._limit, np.full((len(grid), 1), fit.spread))
    _, value = climb(terms, start, low, high, held=which)
    top = value.max()
    threshold = float(stats.f.ppf(fit._confidence, 1, max(fit.n - len(names) - 1, 1)))
    return pd.DataFrame({"share": _natural("share", grid), "drop": 2 * (top - value), "threshold": threshold})


def _log_curve(model: str, p: Array, time: Array) -> Array:
    """Log of the expected cells, (k, n), for k sets of parameters."""
    if model == "exponential":
        return p[:, :1] - np.exp(p[:, 1:2]) * time
    if model == "biphasic":
        fast, slow = -np.exp(p[:, 1:2]) * time, -np.exp(p[:, 2:3]) * time
        return p[:, :1] + np.logaddexp(fast - np.logaddexp(0, p[:, 3:4]), slow - np.logaddexp(0, -p[:, 3:4]))
    from fxyd3.data.simulate.killing import rate_matrix, two_states

    share = 1 / (1 + np.exp(-p[:, 3]))
    rates = np.exp(p[:, [1, 2, 4, 5]])
    matrix = rate_matrix(induction=rates[:, 2], reversion=rates[:, 3], sensitive=-rates[:, 0], tolerant=-rates[:, 1])
    left = two_states(time, np.stack([1 - share, share], axis=1), matrix).sum(axis=2)
    return np.asarray(p[:, :1] + np.log(np.maximum(left, 1e-300)))


def _terms(model: str, time: Array, counts: Array, limit: float, spread: Array) -> Callable[[Array], Terms]:
    def terms(at: Array) -> Terms:
        def curve(p: Array) -> Array:
            return _log_curve(model, p, time)

        value, slope, info = count_terms(curve(at), counts, np.full(counts.shape, limit), spread)
        way = jacobian(curve, at)
        return (
            value.sum(axis=1),
            np.einsum("kn,knp->kp", slope, way),
            np.einsum("kn,knp,knq->kpq", info, way, way),
        )

    return terms


def _box(names: tuple[str, ...]) -> tuple[Array, Array]:
    return (
        np.array([LOW.get(name, SLOWEST) for name in names]),
        np.array([HIGH.get(name, FASTEST) for name in names]),
    )


def _natural(name: str, values: Array) -> Array:
    return np.asarray(1 / (1 + np.exp(-values)) if name == "share" else np.exp(values))


def _starts(model: str, time: Array, counts: Array, limit: float) -> Array:
    """Start from slopes of the first and the last part of the curve, cut at several times."""
    logs, ordered = np.log(np.maximum(counts, limit / 2)), np.unique(time)
    first = float(logs[time == ordered[0]].mean())
    overall = max(-np.polyfit(time, logs, 1)[0], 1e-4)
    if model == "exponential":
        return np.array([[first, np.log(overall)]])
    rows = []
    for cut in ordered[1:-1]:
        early, late = time <= cut, time >= cut
        fast = max(-np.polyfit(time[early], logs[early], 1)[0], 1e-4)
        slow, height = np.polyfit(time[late], logs[late], 1)
        share = np.clip(np.exp(height - first), 1e-4, 0.9)
        row = [first, np.log(fast), np.log(np.clip(-slow, 1e-4, fast)), np.log(share / (1 - share))]
        rows.append(row if model == "biphasic" else [*row, np.log(overall) - 3, np.log(overall) - 3])
    return np.array(rows)


def _fit(model: Model, time: Array, counts: Array, limit: float) -> tuple[Array, float, float]:
    """Return the best parameters, the spread and the log-likelihood."""
    low, high = _box(PARAMETERS[model])
    start, spread = _starts(model, time, counts, limit), 0.1
    free = min(len(low), 4)
    for _ in range(6):
        many = np.tile(counts, (len(start), 1))
        at, value = climb(_terms(model, time, many, limit, np.full((len(start), 1), spread)), start, low, high)
        best, new = (
            at[value.argmax()],
            _spread(np.exp(_log_curve(model, at[[value.argmax()]], time)[0]), counts, limit, free),
        )
        done, spread, start = abs(np.log(new / spread)) < 0.01, new, best[None]
        if done:
            break
    at, value = climb(_terms(model, time, counts[None], limit, np.full((1, 1), spread)), start, low, high)
    if model == "biphasic" and at[0, 1] < at[0, 2]:
        at = at[:, [0, 2, 1, 3]] * np.array([1, 1, 1, -1])
    return at[0], spread, float(value[0])


def _spread(mean: Array, counts: Array, limit: float, free: int) -> float:
    """Return the coefficient of variation at which Pearson's chi-square is what is left of the degrees of freedom."""
    seen = counts >= limit
    left = max(int(seen.sum()) - free, 1)

    def beyond(log_spread: float) -> float:
        sd2 = mean[seen] + (np.exp(log_spread) * mean[seen]) ** 2
        return float(((counts[seen] - mean[seen]) ** 2 / sd2).sum() - left)

    ends = np.log(LEAST_SPREAD), np.log(MOST_SPREAD)
    if beyond(ends[0]) <= 0:
        return LEAST_SPREAD
    return float(np.exp(optimize.brentq(beyond, *ends))) if beyond(ends[1]) < 0 else MOST_SPREAD


def _climbed(model: str, time: Array, counts: Array, limit: float, spread: float, best: Array) -> Array:
    low, high = _box(PARAMETERS[model])
    start = np.tile(best, (len(counts), 1))
    return climb(_terms(model, time, counts, limit, np.full((len(counts), 1), spread)), start, low, high)[0]


def _duration(model: str, p: Array, share: float) -> float:
    def left(hours: float) -> float:
        curve = _log_curve(model, p[None], np.array([0.0, hours]))[0]
        return float(curve[1] - curve[0] - np.log1p(-share))

    high = 1.0
    while left(high) > 0:
        high *= 2
        if high > 1e6:
            return np.inf
    return float(optimize.brentq(left, 0, high))


def _notes(model: str, table: "pd.DataFrame", time: Array) -> tuple[str, ...]:
    if model == "switching":
        return (f"{ONE_ARM[:1].upper()}{ONE_ARM[1:]}.",)
    said = {"share": "The share of tolerant cells", "kill_slow": "The slow rate", "kill_fast": "The fast rate",
            "kill": "The rate"}  # fmt: skip
    open_below = table["lower"].isna()
    return tuple(
        f"{what} is not identifiable from the times sampled (to {time.max():g} hours): "
        f"they set no {'lower' if open_below[name] else 'upper'} limit."
        for name, what in said.items()
        if name in table.index and not table.loc[name, "identifiable"]
    )


def _runs(fit: KillFit) -> float:
    """Return the p of Wald's and Wolfowitz's test of runs of the signs over time, one-sided: too few."""
    residuals = fit.residuals[np.argsort(fit._time, kind="stable")]
    up = residuals[np.isfinite(residuals)] > 0
    n, plus = len(up), int(up.sum())
    if min(plus, n - plus) < 2:
        return np.nan
    runs = 1 + int((up[1:] != up[:-1]).sum())
    mean = 1 + 2 * plus * (n - plus) / n
    sd = np.sqrt((mean - 1) * (mean - 2) / (n - 1))
    return float(stats.norm.cdf((runs + 0.5 - mean) / sd))


def _checked(time: ArrayLike, viable: ArrayLike, model: str, limit: float, confidence: float) -> tuple[Array, Array]:
    if model not in get_args(Model):
        raise InputError(f"There is no model '{model}': choose one of {', '.join(get_args(Model))}.")
    if not 0 < confidence < 1:
        raise InputError(f"The confidence is {confidence}: it must lie between 0 and 1.")
    if not (np.isfinite(limit) and limit >= 1):
        raise InputError(f"The detection limit is {limit} cells: give 1 or more.")
    hours, counts = np.asarray(time, dtype=float).ravel(), np.asarray(viable, dtype=float).ravel()
    if hours.shape != counts.shape:
        raise InputError(f"There are {len(hours)} times and {len(counts)} counts: give one count for each time.")
    if not np.isfinite(hours).all() or (hours < 0).any():
        raise InputError(f"A time is {few(hours[~(hours >= 0)])}: give hours since the drug was added, 0 or more.")
    if not np.isfinite(counts).all() or (counts < 0).any() or (counts != np.rint(counts)).any():
        bad = counts[~((counts >= 0) & (counts == np.rint(counts)))]
        raise InputError(f"A count of viable cells is {few(bad)}: give whole numbers, 0 or more.")
    if (counts < limit).all():
        raise InputError(f"All {len(counts)} counts lie below the detection limit of {limit:g}: there is no curve.")
    distinct, needed = len(np.unique(hours)), min(len(PARAMETERS[model]), 4) + 1
    if distinct < needed:
        raise InputError(
            f"There are {distinct} distinct times, and a curve that is {model} needs {needed}: count at more times."
        )
    slope, _, _, p, _ = stats.linregress(hours, np.log(np.maximum(counts, limit / 2)))
    if (slope > 0 and p < 0.05) or (
        slope >= 0 and counts[hours == hours.max()].mean() > counts[hours == hours.min()].mean()
    ):
        raise InputError(
            f"The cells grow, by {slope:.3g} per hour on the log scale: this is no curve of killing; leave out "
            "times or arms without the drug."
        )
    return hours, counts

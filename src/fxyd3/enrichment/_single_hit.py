"""The single-hit model of limiting dilution, solved for many assays at once.

A well with ``d`` cells is negative with probability ``exp(-f * d)``. Assays lie along the first axes of every array and
doses along the last; where an assay lacks a dose, it has no wells there. Every limit is the root of a function that is
known to change sign between two values that are given here, so that no start can fail.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray
from scipy import special
from scipy.optimize import elementwise

Floats = NDArray[np.float64]
Bools = NDArray[np.bool_]

METHODS = ("wald", "score", "likelihood", "firth", "exact")
MARGIN = 0.01  # beyond the two values, for rounding
PRECISION = 1e-10  # of log frequencies and slopes


class Limits(NamedTuple):
    """Log frequencies with their limits; ``one_sided`` where one limit is infinite."""

    estimate: Floats
    lower: Floats
    upper: Floats
    one_sided: Bools


@dataclass(frozen=True)
class Wells:
    """Log cells per well, and wells tested and positive: arrays of one shape, doses along the last axis."""

    log_dose: Floats
    tested: Floats
    positive: Floats

    @property
    def arrays(self) -> tuple[Floats, Floats, Floats]:
        """The three arrays."""
        return self.log_dose, self.tested, self.positive

    def __getitem__(self, which: Any) -> "Wells":
        """Choose along the first axes."""
        return Wells(self.log_dose[which], self.tested[which], self.positive[which])

    def reshape(self, *shape: int) -> "Wells":
        """Arrange the assays anew."""
        return Wells(self.log_dose.reshape(shape), self.tested.reshape(shape), self.positive.reshape(shape))

    def beside(self, other: "Wells") -> "Wells":
        """Put the doses of two sets of assays side by side, as if they were of the same cells."""
        return Wells(
            np.concatenate([self.log_dose, other.log_dose], axis=-1),
            np.concatenate([self.tested, other.tested], axis=-1),
            np.concatenate([self.positive, other.positive], axis=-1),
        )

    def moved(self, by: Floats) -> "Wells":
        """Add to the log doses: what a frequency larger by ``exp(by)`` sees."""
        return Wells(self.log_dose + by[..., None], self.tested, self.positive)

    def stretched(self, by: Floats) -> "Wells":
        """Multiply the log doses: with a slope other than 1, the dose acts as its power."""
        return Wells(self.log_dose * by[..., None], self.tested, self.positive)

    @property
    def negative(self) -> Floats:
        """Wells without growth."""
        return np.asarray(self.tested - self.positive)

    @property
    def n_positive(self) -> Floats:
        """Positive wells of each assay."""
        return np.asarray(self.positive.sum(axis=-1))

    @property
    def n_negative(self) -> Floats:
        """Negative wells of each assay."""
        return np.asarray(self.negative.sum(axis=-1))

    def extreme(self, wells: Floats, *, highest: bool) -> Floats:
        """Return the highest or lowest log dose with any of these wells; infinite, the other way, where none has."""
        worst = -np.inf if highest else np.inf
        found = np.where(wells > 0, self.log_dose, worst)
        return np.asarray(found.max(axis=-1) if highest else found.min(axis=-1))


def score(wells: Wells, at: Floats) -> Floats:
    """Return the slope of the log likelihood in log frequency, by dose."""
    hits, each = _hits(wells, at)
    return np.asarray(wells.positive * each - wells.negative * hits)


def information(wells: Wells, at: Floats) -> Floats:
    """Return Fisher's information on log frequency, by dose."""
    hits, each = _hits(wells, at)
    return np.asarray(wells.tested * hits * each)


def log_likelihood(wells: Wells, at: Floats) -> Floats:
    """Return the log likelihood at log frequencies, which may be infinite."""
    hits, _ = _hits(wells, at)
    told = special.xlogy(wells.positive, -np.expm1(-hits)) - wells.negative * hits
    return np.asarray(np.where(np.isinf(at), 0.0, told.sum(axis=-1)))


def saturated(wells: Wells) -> Floats:
    """Return the log likelihood where every dose has its own share of positive wells."""
    share = wells.positive / np.maximum(wells.tested, 1)
    return np.asarray((special.xlogy(wells.positive, share) + special.xlog1py(wells.negative, -share)).sum(axis=-1))


def fit(wells: Wells) -> Floats:
    """Return the log frequency of largest likelihood; infinite where all wells are alike.

    It lies above the positive wells over the cells in all wells, as a positive well has one hit or more, and below the
    positive wells over the cells in negative ones.
    """
    estimate = np.where(wells.n_positive > 0, np.inf, -np.inf)
    inner = _mixed(wells)
    if inner.any():
        some = wells[inner]
        log_positive = np.log(some.n_positive)
        low = log_positive - special.logsumexp(some.log_dose, b=some.tested, axis=-1)
        high = log_positive - special.logsumexp(some.log_dose, b=some.negative, axis=-1)
        estimate[inner] = _root(lambda at, of: score(some[of], at).sum(axis=-1), low, high)
    return estimate


def fit_firth(wells: Wells) -> Floats:
    """Return the log frequency of largest likelihood with Firth's penalty, half the log information; always finite."""

    def slope(at: Floats, of: NDArray[np.int64]) -> Floats:
        some = wells[of]
        hits, each = _hits(some, at)
        told = some.tested * hits * each
        pull = (told * (2 - hits - each)).sum(axis=-1) / told.sum(axis=-1)
        return np.asarray((some.positive * each - some.negative * hits).sum(axis=-1) + pull / 2)

    in_all = wells.tested.sum(axis=-1)
    low = np.log(0.2) - special.logsumexp(wells.log_dose, b=wells.tested, axis=-1)
    high = np.log(3 + np.log1p(in_all)) - wells.extreme(wells.tested, highest=False)
    return _root(slope, low, high)


def limits(wells: Wells, method: str, confidence: float) -> Limits:
    """Return log frequencies with limits, for assays along one axis; see ``elda`` for the methods.

    The exact limits are NaN where an assay has several doses.
    """
    if method == "firth":
        return _firth_limits(wells, confidence)
    if method == "exact":
        return _exact_limits(wells, confidence)
    estimate = fit(wells)
    lower, upper = estimate.copy(), estimate.copy()
    inner = np.isfinite(estimate)
    z = float(special.ndtri((1 + confidence) / 2))
    by_method = {"wald": _wald, "score": _score_limits, "likelihood": _likelihood_limits}[method]
    if inner.any():
        lower[inner], upper[inner] = by_method(wells[inner], estimate[inner], z)
    none, every = np.isneginf(estimate), np.isposinf(estimate)
    if none.any():
        cells = special.logsumexp(wells[none].log_dose, b=wells[none].tested, axis=-1)
        upper[none] = np.log(-np.log1p(-confidence)) - cells
    if every.any():
        lower[every] = _all_positive(wells[every], confidence)
    return Limits(estimate, lower, upper, ~inner)


def ratio(one: Wells, other: Wells) -> tuple[Floats, Floats]:
    """Compare assays pairwise: log ratios of frequencies, and likelihood-ratio chi-squares that they are 1.

    The ratio is NaN where both assays have none but positive, or none but negative, wells.
    """
    each = fit(one), fit(other)
    together = one.beside(other)
    lost = log_likelihood(one, each[0]) + log_likelihood(other, each[1]) - log_likelihood(together, fit(together))
    with np.errstate(invalid="ignore"):
        return each[0] - each[1], np.maximum(2 * lost, 0)


def ratio_limits(one: Wells, other: Wells, confidence: float) -> tuple[Floats, Floats]:
    """Return the limits of log ratios from the profile likelihood: those that the test would not reject."""
    estimate, _ = ratio(one, other)
    top = log_likelihood(one, fit(one)) + log_likelihood(other, fit(other))
    reach = float(special.chdtri(1, 1 - confidence))

    def beyond(by: Floats, of: Any) -> Floats:
        pair = one[of].moved(by).beside(other[of])
        return np.asarray(2 * (top[of] - log_likelihood(pair, fit(pair))) - reach)

    far = reach / 2 - top
    ends = {
        -1: other.extreme(other.negative, highest=True) - one.extreme(one.positive, highest=False) - far,
        +1: other.extreme(other.positive, highest=False) - one.extreme(one.negative, highest=True) + far,
    }
    limit = {}
    for side, end in ends.items():
        limit[side] = np.where(np.isnan(estimate), np.nan, side * np.inf)
        which = np.flatnonzero(np.isfinite(end) & ~np.isnan(estimate))
        limit[side][which] = _limit(beyond, which, estimate[which], end[which])
    return limit[-1], limit[+1]


@dataclass(frozen=True)
class Slopes:
    """Slopes in log dose of sets of assays, which lie along the second axis and have frequencies of their own.

    Attributes
    ----------
    wells
        Sets, assays, doses.
    estimate
        One slope for each set: infinite where all wells are negative up to some dose and positive from there on, NaN
        where doses do not differ, or all wells are alike.
    error
        Its standard error; NaN where it is not finite.
    top
        The largest log likelihood.
    lost
        Twice what the log likelihood loses at a slope of 1.
    rising, falling
        How far apart on the log scale wells are that speak against a slope without bounds: a positive one below a
        negative one, and a negative one below a positive one. Not above 0 where there are none.
    """

    wells: Wells
    estimate: Floats
    error: Floats
    top: Floats
    lost: Floats
    rising: Floats
    falling: Floats


def fit_slopes(wells: Wells) -> Slopes:
    """Fit a slope to each set of assays."""

    def steepness(by: Floats, of: NDArray[np.int64]) -> Floats:
        bent, at = _at_slope(wells[of], by)
        told = score(bent, np.where(np.isfinite(at), at, 0.0)) * wells.log_dose[of]
        return np.asarray(np.where(_mixed(bent)[..., None], told, 0.0).sum(axis=(1, 2)))

    rising = wells.extreme(wells.negative, highest=True) - wells.extreme(wells.positive, highest=False)
    falling = wells.extreme(wells.positive, highest=True) - wells.extreme(wells.negative, highest=False)
    rising, falling = rising.max(axis=1), falling.max(axis=1)
    known = (rising > 0) | (falling > 0)
    both = np.flatnonzero((rising > 0) & (falling > 0))
    simple = _profile(wells, np.ones(len(rising)))
    top = saturated(wells).sum(axis=1)
    estimate = np.where(known, np.where(rising > 0, -np.inf, np.inf), np.nan)
    error = np.full(len(rising), np.nan)
    if both.size:
        low, high = simple[both] / falling[both] - 1, 1 - simple[both] / rising[both]
        estimate[both] = _root(lambda by, of: steepness(by, both[of]), low, high)
        bent, at = _at_slope(wells[both], estimate[both])
        top[both] = log_likelihood(bent, at).sum(axis=1)
        error[both] = 1 / np.sqrt(_spread(wells.log_dose[both], information(bent, at)).sum(axis=1))
    lost = np.where(known, np.maximum(2 * (top - simple), 0), np.nan)
    return Slopes(wells, estimate, error, top, lost, rising, falling)


def slope_limits(found: Slopes, confidence: float) -> tuple[Floats, Floats]:
    """Return the limits of each slope, from the profile likelihood."""
    reach = float(special.chdtri(1, 1 - confidence))

    def beyond(by: Floats, of: NDArray[np.int64]) -> Floats:
        return 2 * (found.top[of] - _profile(found.wells[of], by)) - reach

    limit = {}
    for side, gap in {-1: found.falling, +1: found.rising}.items():
        limit[side] = np.where(np.isnan(found.estimate), np.nan, side * np.inf)
        which = np.flatnonzero(gap > 0)
        end = side * (reach / 2 - found.top[which]) / gap[which]
        limit[side][which] = _limit(beyond, which, found.estimate[which], end)
    return limit[-1], limit[+1]


def score_of_slope(wells: Wells, variable: Floats) -> tuple[Floats, Floats]:
    """Return the score and the information on the effect of a further variable, at the single-hit fit, by assay."""
    pull, known = np.zeros(wells.n_positive.shape), np.zeros(wells.n_positive.shape)
    mixed = _mixed(wells)
    if mixed.any():
        some, x = wells[mixed], variable[mixed]
        at = fit(some)
        told = information(some, at)
        pull[mixed] = (score(some, at) * (x - _mean(x, told)[..., None])).sum(axis=-1)
        known[mixed] = _spread(x, told)
    return pull, known


def _hits(wells: Wells, at: Floats) -> tuple[Floats, Floats]:
    """Return the mean hits per well, and what a hit is worth: hits times the odds of a negative well."""
    hits = np.exp(np.clip(at[..., None] + wells.log_dose, -700, 700))
    return hits, hits * np.exp(-hits) / -np.expm1(-hits)


def _root(function: Callable[[Floats, NDArray[np.int64]], Floats], one: Floats, other: Floats) -> Floats:
    """Return where a function of a value and the number of its assay is zero, between two values for each assay."""
    outward = np.sign(other - one) * MARGIN
    index = np.arange(len(one))
    ends = one - outward, other + outward
    return np.asarray(elementwise.find_root(function, ends, args=(index,), tolerances={"xatol": PRECISION}).x)


def _limit(
    beyond: Callable[[Floats, NDArray[np.int64]], Floats], which: NDArray[np.int64], best: Floats, end: Floats
) -> Floats:
    """Return the limits on one side of the best values, which may be infinite; ``beyond`` is above zero at the end."""
    begin = np.where(np.isfinite(best), best, end)
    back = np.where(best < end, -8.0, 8.0)
    while (outside := beyond(begin, which) > 0).any():
        begin[outside] += back[outside]
    return _root(lambda by, of: beyond(by, which[of]), begin, end)


def _at_slope(wells: Wells, slope: Floats) -> tuple[Wells, Floats]:
    bent = wells.stretched(np.broadcast_to(slope[:, None], wells.tested.shape[:2]))
    return bent, fit(bent)


def _profile(wells: Wells, slope: Floats) -> Floats:
    return np.asarray(log_likelihood(*_at_slope(wells, slope)).sum(axis=1))


def _wald(wells: Wells, at: Floats, z: float) -> tuple[Floats, Floats]:
    half = z / np.sqrt(information(wells, at).sum(axis=-1))
    return at - half, at + half


def _score_limits(wells: Wells, at: Floats, z: float) -> tuple[Floats, Floats]:
    def standard(by: Floats, of: NDArray[np.int64]) -> Floats:
        some = wells[of]
        return np.asarray(score(some, by).sum(axis=-1) / np.sqrt(information(some, by).sum(axis=-1)))

    root = (np.sqrt(z * z + 4 * wells.n_positive) - z) / 2
    least = 2 * np.log(root) - special.logsumexp(wells.log_dose, b=wells.tested, axis=-1)
    most = np.log(3 + np.log1p(wells.tested.sum(axis=-1)) + z) - wells.extreme(wells.tested, highest=False)
    return (
        _root(lambda by, of: standard(by, of) - z, at, least),
        _root(lambda by, of: standard(by, of) + z, at, most),
    )


def _likelihood_limits(wells: Wells, at: Floats, z: float) -> tuple[Floats, Floats]:
    top = log_likelihood(wells, at)

    def fallen(by: Floats, of: NDArray[np.int64]) -> Floats:
        return np.asarray(2 * (top[of] - log_likelihood(wells[of], by)) - z * z)

    far = z * z / 2 + 1 - top
    least = -(far + (wells.positive * wells.log_dose).sum(axis=-1)) / wells.n_positive
    most = np.log(far) - special.logsumexp(wells.log_dose, b=wells.negative, axis=-1)
    return _root(fallen, at, least), _root(fallen, at, most)


def _firth_limits(wells: Wells, confidence: float) -> Limits:
    def penalised(by: Floats, of: Any) -> Floats:
        some = wells[of]
        hits, _ = _hits(some, by)
        with np.errstate(divide="ignore"):
            log_told = np.log(some.tested) + 2 * np.log(hits) - hits - np.log(-np.expm1(-hits))
        return np.asarray(log_likelihood(some, by) + np.logaddexp.reduce(log_told, axis=-1) / 2)

    at = fit_firth(wells)
    reach = float(special.chdtri(1, 1 - confidence))
    top = penalised(at, slice(None))
    far = reach / 2 + 1 - top
    in_all = special.logsumexp(wells.log_dose, b=wells.tested, axis=-1)
    least = -(far + (wells.positive * wells.log_dose).sum(axis=-1) + in_all / 2) / (wells.n_positive + 0.5)
    room = far + np.log(wells.tested.sum(axis=-1)) / 2 + 0.1
    most = np.log(4 * room + 8) - wells.extreme(wells.tested, highest=False)

    def fallen(by: Floats, of: NDArray[np.int64]) -> Floats:
        return np.asarray(2 * (top[of] - penalised(by, of)) - reach)

    return Limits(at, _root(fallen, at, least), _root(fallen, at, most), np.zeros(at.shape, dtype=bool))


def _exact_limits(wells: Wells, confidence: float) -> Limits:
    """Clopper and Pearson's limits of the share of positive wells, as frequencies."""
    tail = (1 - confidence) / 2
    y, n = wells.n_positive, wells.tested.sum(axis=-1)
    log_dose = wells.extreme(wells.tested, highest=False)
    one_dose = log_dose == wells.extreme(wells.tested, highest=True)
    shares = (
        y / n,
        np.where(y > 0, special.betaincinv(np.maximum(y, 1), n - y + 1, tail), 0.0),
        np.where(y < n, special.betaincinv(y + 1, np.maximum(n - y, 1), 1 - tail), 1.0),
    )
    with np.errstate(divide="ignore"):
        estimate, lower, upper = (np.where(one_dose, np.log(-np.log1p(-share)) - log_dose, np.nan) for share in shares)
    return Limits(estimate, lower, upper, (y == 0) | (y == n))


def _all_positive(wells: Wells, confidence: float) -> Floats:
    """Return the log frequency at which all wells are positive with the probability left to chance."""
    log_chance = np.log1p(-confidence)
    dose = wells.extreme(wells.tested, highest=False)
    low = np.log(-np.log(confidence)) - dose
    high = np.log(-np.log(-np.expm1(log_chance / wells.tested.sum(axis=-1)))) - dose
    return _root(lambda by, of: log_likelihood(wells[of], by) - log_chance, low, high)


def _mixed(wells: Wells) -> Bools:
    return np.asarray((wells.n_positive > 0) & (wells.n_negative > 0))


def _mean(variable: Floats, weights: Floats) -> Floats:
    return np.asarray((variable * weights).sum(axis=-1) / np.maximum(weights.sum(axis=-1), np.finfo(float).tiny))


def _spread(variable: Floats, weights: Floats) -> Floats:
    """Return the weighted sum of squares around the weighted mean."""
    return np.asarray((weights * (variable - _mean(variable, weights)[..., None]) ** 2).sum(axis=-1))

"""Counts with a detection limit: their likelihood, its maximum, and how far one parameter can be moved."""

from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray
from scipy import special

Array = NDArray[np.float64]
Terms = tuple[Array, Array, Array]
"""Log-likelihood (k,), its slope (k, p) and the information (k, p, p), for k sets of p parameters at once."""

STEP, LONGEST = 1e-5, 2.0  # of a numerical derivative, and of one step uphill; logs and log odds
ROUNDS = 100


def jacobian(curve: Callable[[Array], Array], at: Array) -> Array:
    """Return the derivatives of ``curve``, (k, p) to (k, n), by central differences: (k, n, p)."""
    p = at.shape[1]
    moved = at[:, None, :] + STEP * np.concatenate([np.eye(p), -np.eye(p)])
    values = curve(moved.reshape(-1, p)).reshape(len(at), 2 * p, -1)
    return np.moveaxis(values[:, :p] - values[:, p:], 1, 2) / (2 * STEP)


def count_terms(log_mean: Array, counts: Array, limit: Array, spread: Array) -> Terms:
    """Log-likelihood of each count, and its slope and information in the log mean: all (k, n).

    Negative binomial: Poisson counts of cells whose number varies with the coefficient of variation ``spread`` (k, 1).
    A count below ``limit`` says only that it is below.
    """
    mean, size = np.exp(np.clip(log_mean, -60, 60)), spread**-2
    y = np.maximum(counts, limit)
    seen = (
        special.gammaln(y + size) - special.gammaln(size) - special.gammaln(y + 1)
        - size * np.log1p(mean / size) + y * (np.log(mean) - np.log(size + mean))
    )  # fmt: skip
    p, q = size / (size + mean), mean / (size + mean)
    below = special.betainc(size, limit, p)
    log_below = np.log(np.maximum(below, 1e-300))
    pull = -np.exp(
        size * -np.log1p(mean / size) + limit * np.log(np.maximum(q, 1e-300)) - special.betaln(size, limit) - log_below
    )
    hidden = counts < limit
    return (
        np.where(hidden, log_below, seen),
        np.where(hidden, pull, size * (counts - mean) / (size + mean)),
        np.where(hidden, np.maximum(pull * (pull - limit * p + size * q), 0), size * q),
    )


def climb(
    terms: Callable[[Array], Terms], start: Array, low: Array, high: Array, *, held: int | None = None
) -> tuple[Array, Array]:
    """Go uphill from each of k starts, by scoring with damped steps in a box; parameter ``held`` stays where it is.

    Returns the parameters (k, p) and the log-likelihood (k,).
    """
    at = np.clip(start, low, high)
    value, slope, info = terms(at)
    damping, done = np.full(len(at), 1e-3), np.zeros(len(at), dtype=bool)
    diagonal = np.eye(at.shape[1], dtype=bool)
    for _ in range(ROUNDS):
        free = ~(((at <= low) & (slope < 0)) | ((at >= high) & (slope > 0)))
        if held is not None:
            free[:, held] = False
        curved = np.where(free[:, :, None] & free[:, None, :], info, 0.0)
        scale = curved[:, diagonal] * damping[:, None] + 1e-9 + ~free
        pull = np.where(free, slope, 0.0)
        step = np.clip(
            np.linalg.solve(curved + scale[:, :, None] * diagonal, pull[..., None])[..., 0], -LONGEST, LONGEST
        )
        tried = np.clip(at + step, low, high)
        there = terms(tried)
        better = (there[0] >= value) & ~done
        done |= ((pull * step).sum(axis=1) < 1e-7) & (damping < 0.1) | (damping > 1e9)
        at = np.where(better[:, None], tried, at)
        value = np.where(better, there[0], value)
        slope = np.where(better[:, None], there[1], slope)
        info = np.where(better[:, None, None], there[2], info)
        damping = np.where(better, np.maximum(damping / 8, 1e-9), damping * 4)
        if done.all():
            break
    return at, value


def limits(
    terms: Callable[[Array], Terms], best: Array, which: int, low: Array, high: Array, *, drop: float
) -> tuple[float, float]:
    """Where twice the log-likelihood, highest over all other parameters, lies ``drop`` below its maximum.

    NaN on a side where it does not fall so far within the box.
    """
    top, _, info = terms(best[None])
    ridge = np.eye(len(best)) * (1e-9 + 1e-9 * np.trace(info[0]))
    reach = np.sqrt(drop * np.linalg.inv(info[0] + ridge)[which, which])
    side = np.array([-1.0, 1.0])
    edge = np.array([low[which], high[which]])
    inner, outer = np.zeros(2), np.full(2, np.clip(reach, 0.02, 3.0))
    lost_in, lost_out = np.full(2, -np.sqrt(drop)), np.full(2, np.nan)
    theta, found, span = np.tile(best, (2, 1)), np.full(2, np.nan), np.abs(edge - best[which])
    bracketed, done = np.zeros(2, dtype=bool), span <= 0
    stuck = np.zeros(2)
    for _ in range(60):
        outer = np.minimum(outer, span)
        with np.errstate(invalid="ignore", divide="ignore"):
            guess = inner + (outer - inner) * lost_in / (lost_in - lost_out)
        x = np.where(bracketed, guess, outer)
        start = theta.copy()
        start[:, which] = best[which] + side * x
        moved, value = climb(terms, start, low, high, held=which)
        lost = np.sqrt(np.maximum(2 * (top - value), 0)) - np.sqrt(drop)
        beyond = lost >= 0
        close = bracketed & ((np.abs(lost) < 2e-3) | (np.abs(outer - inner) < 1e-5))
        found = np.where(~done & close, best[which] + side * x, found)
        done |= close | (~bracketed & ~beyond & (x >= span))
        lost_out = np.where(beyond, lost, np.where(bracketed & (stuck < 0), lost_out / 2, lost_out))
        lost_in = np.where(~beyond, lost, np.where(bracketed & (stuck > 0), lost_in / 2, lost_in))
        stuck = np.where(beyond, 1.0, -1.0)
        inner, outer = np.where(beyond, inner, x), np.where(beyond, x, np.where(bracketed, outer, 2 * x))
        theta = np.where(beyond[:, None], theta, moved)
        bracketed |= beyond
        if done.all():
            break
    return float(found[0]), float(found[1])

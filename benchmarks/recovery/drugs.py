"""Recovery from the drug assays: plates, time-kill curves, two-drug matrices.

Each experiment (or plate) is fitted by itself, by least squares; the interval is the t-interval over experiments.
"""

from __future__ import annotations

import math
from functools import lru_cache, partial
from typing import TYPE_CHECKING, Any

import numpy as np
from scipy.optimize import least_squares
from scipy.special import expit, logit

from benchmarks.recovery import Found, Recovery, over_units
from fxyd3.data.simulate.killing import rate_matrix, time_kill, two_states
from fxyd3.data.simulate.pairs import two_drugs
from fxyd3.data.simulate.plates import viability_plates

if TYPE_CHECKING:
    from collections.abc import Callable

    from fxyd3.data.simulate.assay import Assay

    Array = np.ndarray[Any, Any]

QUICK: dict[str, Any] = {"method": "lm", "x_scale": "jac", "ftol": 1e-6, "xtol": 1e-6}
KEPT = 1024  # fits, so that several quantities of one twin are fitted once


def solve(curve: Callable[..., tuple[Array, Array]], first: list[float], y: Array, *data: Array) -> Array:
    """Least squares; ``curve`` returns its values and their derivatives."""
    fit = least_squares(lambda p: curve(p, *data)[0] - y, first, jac=lambda p: curve(p, *data)[1], **QUICK)
    return np.asarray(fit.x)


def columns(assay: Assay, *names: str) -> list[Array]:
    return [assay.table[name].to_numpy() for name in names]


def hill(p: Array, log_dose: Array) -> tuple[Array, Array]:
    """Top, bottom, log half-effective dose, log Hill slope."""
    h = math.exp(p[3])
    z = h * (log_dose - p[2])
    s = expit(-z)
    steep = (p[0] - p[1]) * s * (1 - s)
    return p[1] + (p[0] - p[1]) * s, np.stack([s, 1 - s, h * steep, -z * steep], axis=1)


@lru_cache(maxsize=KEPT)
def plates(seed: int, null: bool) -> tuple[Array, Array, dict[str, Any]]:
    """Log2 half-effective dose (nM) of chemotherapy on ancestral and other cells, by plate, and the truth."""
    assay = viability_plates(seed=seed, null=null)
    plate, row, column, role, cells, dose, y = columns(
        assay, "plate", "row", "column", "role", "cells", "dose_nM", "luminescence"
    )
    net = y - y[role == "blank"].mean()
    inner = (row > "A") & (row < "H") & (column > 1) & (column < 12)
    log_dose = np.log(np.maximum(dose, 1e-6))

    def fit(name: str, who: str) -> float:
        mine = inner & (plate == name) & (cells == who)
        viability = net[mine] / net[mine & (role == "control")].mean()
        return float(solve(hill, [1.0, viability.min(), 6.5, 0.0], viability, log_dose[mine])[2]) / math.log(2)

    names = [name for name in dict.fromkeys(plate) if name.startswith("chemotherapy")]
    ancestral, other = (np.array([fit(name, who) for name in names]) for who in ("ancestral", "other"))
    return ancestral, other, assay.truth


def ec50(seed: int, null: bool) -> Found:
    _, other, truth = plates(seed, null)
    return over_units(other, math.log2(truth["response"]["chemotherapy"]["other"]["ec50_nM"]))


def ec50_ratio(seed: int, null: bool) -> Found:
    ancestral, other, truth = plates(seed, null)
    return over_units(ancestral - other, truth["log2_ec50_ratio"]["chemotherapy"])


def kill_curves(p: Array, hours: Array, read: Array) -> tuple[Array, Array]:
    """Expected viable cells in a sample under the drug, and shares of tolerant cells where any cells are read.

    p: log of the death rates of sensitive and tolerant cells, of induction and reversion, and of the cells counted at
    the start; log odds of the tolerant share of unsorted and of sorted cells.
    """
    sensitive, tolerant, induction, reversion, first = np.exp(p[:5])
    share = expit(p[5:])
    rates = rate_matrix(induction=induction, reversion=reversion, sensitive=[-sensitive, 0], tolerant=[-tolerant, 0])
    cells = two_states(hours, np.stack([1 - share, share], axis=1), rates)
    total = cells.sum(axis=2)
    return first * total[0], (cells[..., 1] / total)[read]


def stable(viable: Array, tolerant: Array, read: Array) -> Array:
    """Counts and shares on the scales on which their spread is the same everywhere (5% of pipetting, and counting)."""
    return np.concatenate(
        [np.arcsinh(0.05 * np.sqrt(viable + 0.375)) / 0.05, np.sqrt(read) * np.arcsin(np.sqrt(tolerant))]
    )


def misfit(p: Array, hours: Array, read: Array, n: Array, seen: Array) -> Array:
    return stable(*kill_curves(p, hours, read), n) - seen


@lru_cache(maxsize=KEPT)
def killing(seed: int, null: bool) -> tuple[Array, dict[str, Any]]:
    """The parameters of `kill_curves`, by experiment, and the truth."""
    assay = time_kill(seed=seed, null=null)
    experiment, drug, hours, viable, counted, tolerant = columns(
        assay, "experiment", "drug", "hours", "viable", "counted", "tolerant_counted"
    )
    fits = []
    for name in dict.fromkeys(experiment):
        arms = np.array([(experiment == name) & (drug == each) for each in ("on", "off")])
        times, alive = hours[arms[0]], viable[arms[0]]
        n, k = (np.array([each[arm] for arm in arms]) for each in (counted, tolerant))
        read = n > 0
        share = k[read] / n[read]
        first = [-3.0, -4.5, -6.0, -4.5, math.log(alive[0]), *logit(k[:, 0] / n[:, 0])]
        fit = least_squares(misfit, first, args=(times, read, n[read], stable(alive, share, n[read])), **QUICK)
        fits.append(fit.x)
    return np.array(fits), assay.truth


def tolerant_share(seed: int, null: bool) -> Found:
    fits, truth = killing(seed, null)
    return over_units(fits[:, 5], truth["tolerant_share_log_odds"])


def rate(name: str, which: int, seed: int, null: bool) -> Found:
    fits, truth = killing(seed, null)
    return over_units(fits[:, which], math.log(truth["rates_per_hour"][name]))


def musyc(p: Array, one: Array, two: Array) -> tuple[Array, Array]:
    """A MuSyC surface in detailed balance, at the log doses of two drugs.

    p: viability under no drug, either and both; log half-effective doses; log Hill slopes; log of alpha.
    """
    h1, h2 = np.exp(p[6:8])
    z1, z2 = h1 * (one - p[4]), h2 * (two - p[5])
    x, y = np.exp(z1), np.exp(z2)
    xy = np.exp(h1 * p[8]) * x * y
    weight = np.stack([np.ones_like(x), x, y, xy]) / (1 + x + y + xy)
    f = p[:4] @ weight
    pull = weight * (p[:4, None] - f)
    first, second = pull[1] + pull[3], pull[2] + pull[3]
    slopes = [-h1 * first, -h2 * second, z1 * first + h1 * p[8] * pull[3], z2 * second, h1 * pull[3]]
    return f, np.concatenate([weight, slopes]).T


@lru_cache(maxsize=KEPT)
def pairs(seed: int, null: bool) -> tuple[Array, Array, dict[str, Any]]:
    """Log2 alpha by experiment and cells, mean excess over Bliss by experiment in FXYD3-high cells, and the truth."""
    assay = two_drugs(seed=seed, null=null)
    experiment, cells, one, two, viability = columns(
        assay, "experiment", "cells", "chemotherapy_nM", "glycoside_nM", "viability"
    )
    log_one, log_two = (np.log(np.maximum(dose, 1e-9)) for dose in (one, two))
    alpha, excess = [], []
    for name in dict.fromkeys(experiment):
        for who in ("FXYD3-high", "FXYD3-low"):
            mine = (experiment == name) & (cells == who)
            v = viability[mine]
            x, y = one[mine], two[mine]
            ends = [v[(x == a) & (y == b)].mean() for a, b in ((0, 0), (x.max(), 0), (0, y.max()), (x.max(), y.max()))]
            alpha.append(solve(musyc, [*ends, 6.5, 2.5, 0.0, 0.0, 0.0], v, log_one[mine], log_two[mine])[8])
            if who == "FXYD3-high":
                grid = [[v[(x == a) & (y == b)].mean() for b in np.unique(y)] for a in np.unique(x)]
                excess.append(beyond_bliss(np.array(grid)))
    return np.reshape(alpha, (-1, 2)) / math.log(2), np.array(excess), assay.truth


def beyond_bliss(grid: Array) -> float:
    """Mean killing beyond independence; the first row and column hold each drug alone."""
    return float((grid[1:, :1] * grid[:1, 1:] - grid[1:, 1:]).mean())


def potency_shift(seed: int, null: bool) -> Found:
    alpha, _, truth = pairs(seed, null)
    return over_units(alpha[:, 0] - alpha[:, 1], truth["log2_fall_beyond_low"]["saturating"])


def bliss_excess(seed: int, null: bool) -> Found:
    _, excess, truth = pairs(seed, null)
    return over_units(excess, truth["bliss_excess_mean"]["FXYD3-high"])


RECOVERIES = [
    Recovery("half-effective dose of chemotherapy", "log2 nM", "four-parameter Hill fit per plate", ec50),
    Recovery("half-effective dose, ancestral to other cells", "log2 ratio", "Hill fits per plate", ec50_ratio),
    Recovery("tolerant share before the drug", "log odds", "two-compartment fit per experiment", tolerant_share),
    *(
        Recovery(what, "log per hour", "two-compartment fit per experiment", partial(rate, name, which))
        for what, name, which in (
            ("death rate of tolerant cells", "kill_tolerant", 1),
            ("rate from sensitive to tolerant", "induction", 2),
            ("rate from tolerant to sensitive", "reversion", 3),
        )
    ),
    Recovery("killing of tolerant cells beyond independence", "share of cells",
             "product of the single drugs less both, mean over dose pairs", bliss_excess, claim="C7"),
    Recovery("fall of the half-effective dose by the pump blocker, FXYD3-high beyond low", "log2 ratio",
             "MuSyC fits per experiment", potency_shift, claim="C6"),
]  # fmt: skip

"""Simulated time-kill curves: sensitive and tolerant cells that turn into one another."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import numpy as np

from fxyd3.data.simulate.assay import Assay, start
from fxyd3.data.simulate.checks import number, numbers, whole
from fxyd3.data.simulate.design import ancestral_share

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from numpy.typing import ArrayLike, NDArray

SEEDED = 100_000  # cells per well when the drug is added
MARKED = 2_000  # cells read for the marker of tolerance at each time
ARMS = (("unsorted", "on"), ("tolerant-sorted", "off"))
HOURS = (6.0, 12.0, 18.0, 24.0, 36.0, 48.0, 72.0, 96.0, 120.0, 144.0, 168.0, 192.0, 240.0)
MOST_GROWTH, MOST_DEATH = 20.0, 500.0  # log, until the last count: beyond it no number of cells is left to reckon with
RATE_SD = 0.1  # log, each rate in each experiment; and the log odds of the shares
SEEDED_SD, PIPETTING_SD = 0.1, 0.05  # log; wells between experiments, and samples of one well


def rate_matrix(*, induction: ArrayLike, reversion: ArrayLike, sensitive: ArrayLike,
                tolerant: ArrayLike) -> NDArray[np.float64]:  # fmt: skip
    """Return the matrix M of ``d(S, T)/dt = M (S, T)`` for sensitive and tolerant cells, per hour.

    ``sensitive`` and ``tolerant`` are net growth rates, below zero where cells die. The two last axes are new.
    """
    a, b, s, t = np.broadcast_arrays(induction, reversion, sensitive, tolerant)
    return np.moveaxis(np.array([[s - a, b], [a, t - b]], dtype=float), (0, 1), (-2, -1))


def two_states(hours: ArrayLike, first: ArrayLike, rates: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return sensitive and tolerant cells over time: ``expm(rates * t) @ first``, in closed form.

    Parameters
    ----------
    hours
        Times, shape (n,).
    first
        Sensitive and tolerant cells at time zero, shape (..., 2).
    rates
        As from `rate_matrix`, shape (..., 2, 2).

    Returns
    -------
    numpy.ndarray
        Shape (..., n, 2).

    Notes
    -----
    A 2 x 2 matrix with mean diagonal m has ``exp(M t) = exp(m t) (cosh(q t) I + sinh(q t) / q (M - m I))``, where q
    squared is minus the determinant of ``M - m I``: never below zero with switching rates.

    When not to use: where rates change within the time looked at; solve each part by itself then.
    """
    t, x = np.asarray(hours, dtype=float), np.asarray(first, dtype=float)[..., None, :]
    m = (rates[..., 0, 0] + rates[..., 1, 1]) / 2
    half = (rates[..., 0, 0] - rates[..., 1, 1]) / 2
    q = np.maximum(np.sqrt(half**2 + rates[..., 0, 1] * rates[..., 1, 0]), 1e-12)[..., None]
    fast = -np.expm1(-2 * q * t)
    shifted = rates - m[..., None, None] * np.eye(2)
    moved = x @ np.swapaxes(shifted, -1, -2)
    grown = np.exp((m[..., None] + q) * t)[..., None]
    return np.asarray(grown * ((1 - fast / 2)[..., None] * x + (fast / (2 * q))[..., None] * moved))


def time_kill(
    *,
    seed: int = 1,
    null: bool = False,
    effect: Mapping[str, float] | None = None,
    experiments: int = 4,
    hours: Sequence[float] = HOURS,
    share: float | None = None,
    kill: float = 0.06,
    reversion: float = 0.01,
    induction: float | None = None,
    growth: float = 0.02,
    purity: float = 0.95,
    sampled: float = 0.02,
) -> Assay:
    """Simulate viable cells over time under a drug, and how sorted tolerant cells lose their tolerance without it.

    Sensitive cells S and tolerant cells T follow

        dS/dt = (g - k_S - a) S + b T
        dT/dt = a S + (g - k_T - b) T

    Under the drug no cell divides (g = 0); without it none is killed (k = 0), and both grow alike. Tolerant cells die
    ``exp(C4)`` times more slowly; in the null twin all die alike and the curve is a single exponential.

    Viable counts under the drug show two slopes and the share between them: three numbers for k_S, k_T, a, b and the
    tolerant share at the start. A second arm settles it, and no third is needed: the share of tolerant cells among
    sorted ones, without drug, falls at rate a + b towards a / (a + b), whatever the common growth rate. That makes five
    numbers for five; since the share at the start is still hard to tell from a curve, unsorted cells are also read for
    the marker once, when the drug is added.

    Parameters
    ----------
    seed, null, effect
        As in `twin`; dial C4 is the log ratio of the death rates, sensitive to tolerant.
    experiments
        Units of replication.
    hours
        When cells are counted, in both arms, beside the start: at least four times.
    share
        Of tolerant cells when the drug is added; as ancestral cells in the cohort, if not given.
    kill
        Death rate of sensitive cells under the drug, per hour.
    reversion
        Rate at which tolerant cells turn sensitive, with or without drug, per hour.
    induction
        Rate at which sensitive cells turn tolerant, with or without drug, per hour; if not given, that which keeps
        ``share`` in balance without drug.
    growth
        Of all cells without drug, per hour.
    purity
        Share of tolerant cells among sorted ones.
    sampled
        Share of each well that is counted.

    Returns
    -------
    Assay
        Table: experiment, cells ("unsorted", "tolerant-sorted"), drug ("on" for unsorted, "off" for sorted cells),
        hours (float), viable (int, viable cells in the sample), counted (int, cells read for the marker; 0 once the
        drug acts, which may itself change a marker), tolerant_counted (int, those with it). Truth: ``rates_per_hour``
        (kill_sensitive, kill_tolerant, induction, reversion, growth), ``tolerant_share`` and its log odds, ``purity``,
        ``tolerant_share_at_end`` under the drug, ``half_life_hours`` (sensitive, tolerant, slow_phase of the curve),
        ``mdk99_hours`` (to kill 99% of unsorted cells), ``sampled``, and ``detection_limit_cells`` (per well).

    Raises
    ------
    InputError
        For a rate below zero, a share outside 0 to 1, or too few or repeated times.

    Notes
    -----
    ======================  ============================================================================================
    kill 0.06 per hour      assumption: half of the sensitive cells die in 12 hours, 99% in about three days
    reversion 0.01          assumption: two in three within 110 hours, or three doublings; tolerant clones of
    per hour                MDA-MB-231 became like untreated ones within few doublings (Lee 2014)
    growth 0.02 per hour    assumption: doubling in 35 hours
    purity 0.95             assumption: a good sort
    counts                  assumptions: 100,000 cells per well, of which 2% are counted; 2,000 read for the marker
    spread                  assumptions, log standard deviations: 0.1 of each rate (and of the log odds of each share)
                            between experiments; 0.1 of the cells seeded; 0.05 of pipetting
    ======================  ============================================================================================

    When not to use: as the numbers of a real drug; no fitted biphasic curve of a breast cancer was at hand.

    Examples
    --------
    Cells counted with the drug at the start and at four times:

    >>> from fxyd3.data.simulate import time_kill
    >>> table = time_kill(experiments=2, hours=[24, 48, 96, 144]).table.query("drug == 'on'")
    >>> table.groupby("experiment")["hours"].unique().map(list).map(len).to_dict()
    {'E1': 5, 'E2': 5}
    """
    import pandas as pd
    from scipy.optimize import brentq

    begun = start("time_kill", seed=seed, null=null, effect=effect)
    experiments = whole("number of experiments", experiments, 1, 1_000)
    times = np.append(0.0, np.sort(numbers("hours", hours, 0, 10_000, above=True, least=4)))
    inside = 0.0001, 0.9999
    share = number("tolerant share", ancestral_share() if share is None else share, *inside)
    purity = number("purity", purity, *inside)
    kill = number("kill rate per hour", kill, 0, MOST_DEATH / float(times[-1]), above=True)
    reversion = number("reversion rate per hour", reversion, 0, 10)
    balanced = reversion * share / (1 - share)
    rates = {
        "kill_sensitive": kill,
        "kill_tolerant": kill / math.exp(begun.dials["C4"]),
        "induction": number("induction rate per hour", balanced if induction is None else induction, 0, 10),
        "reversion": reversion,
        "growth": number("growth rate per hour", growth, 0, MOST_GROWTH / float(times[-1])),
    }
    sampled = number("sampled share of a well", sampled, 0, 1, above=True)

    rng = begun.rng
    spread = {name: rate * np.exp(rng.normal(0, RATE_SD, experiments)) for name, rate in rates.items()}
    odds = np.array([[share / (1 - share)], [purity / (1 - purity)]]) * np.exp(rng.normal(0, RATE_SD, (2, experiments)))
    tolerant = odds / (1 + odds)
    seeded = SEEDED * np.exp(rng.normal(0, SEEDED_SD, (2, experiments)))
    switching = {"induction": spread["induction"], "reversion": spread["reversion"]}
    matrices = np.array(
        [
            rate_matrix(**switching, sensitive=-spread["kill_sensitive"], tolerant=-spread["kill_tolerant"]),
            rate_matrix(**switching, sensitive=spread["growth"], tolerant=spread["growth"]),
        ]
    )
    cells = two_states(times, seeded[..., None] * np.stack([1 - tolerant, tolerant], axis=-1), matrices)
    total = cells.sum(axis=-1)
    viable = rng.poisson(sampled * total * np.exp(rng.normal(0, PIPETTING_SD, total.shape)))
    counted = np.broadcast_to(np.where((times > 0) & (np.arange(2) == 0)[:, None, None], 0, MARKED), total.shape)
    marked = rng.binomial(counted, cells[..., 1] / total)

    columns = {
        "experiment": np.array([f"E{i + 1}" for i in range(experiments)], dtype=object)[:, None],
        "cells": np.array([arm for arm, _ in ARMS], dtype=object)[:, None, None],
        "drug": np.array([drug for _, drug in ARMS], dtype=object)[:, None, None],
        "hours": times,
        "viable": viable,
        "counted": counted,
        "tolerant_counted": marked,
    }
    table = pd.DataFrame({name: np.broadcast_to(values, viable.shape).ravel() for name, values in columns.items()})

    matrix = rate_matrix(
        induction=rates["induction"],
        reversion=rates["reversion"],
        sensitive=-rates["kill_sensitive"],
        tolerant=-rates["kill_tolerant"],
    )
    first = np.array([1 - share, share])
    last = two_states(times[-1:], first, matrix)[0]
    longest = 1.01 * math.log(100) / rates["kill_tolerant"]  # no cell dies more slowly
    truth = {
        "rates_per_hour": rates,
        "tolerant_share": share,
        "tolerant_share_log_odds": math.log(share / (1 - share)),
        "purity": purity,
        "tolerant_share_at_end": float(last[1] / last.sum()),
        "half_life_hours": {
            "sensitive": math.log(2) / rates["kill_sensitive"],
            "tolerant": math.log(2) / rates["kill_tolerant"],
            "slow_phase": float(math.log(2) / -np.linalg.eigvals(matrix).real.max()),
        },
        "mdk99_hours": brentq(lambda t: two_states([t], first, matrix).sum() - 0.01, 0, longest),
        "sampled": sampled,
        "detection_limit_cells": 1 / sampled,
    }
    return begun.finish(
        table,
        truth,
        experiments=experiments,
        hours=times[1:].tolist(),
        share=share,
        kill=rates["kill_sensitive"],
        reversion=rates["reversion"],
        induction=rates["induction"],
        growth=rates["growth"],
        purity=purity,
        sampled=sampled,
    )

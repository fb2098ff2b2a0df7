"""How many wells, and which doses, find a given enrichment of stem cells."""

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy import optimize, special, stats

from fxyd3.claims import Interval
from fxyd3.enrichment._single_hit import Wells, fit_firth, information
from fxyd3.errors import InputError

if TYPE_CHECKING:
    import pandas as pd

Floats = NDArray[np.float64]

BEST_HITS = float(2 + special.lambertw(-2 * math.exp(-2)).real)
"""Stem cells per well, on average, that tell most about their frequency: 1.59; see ``best_dose``."""

SPREAD = math.sqrt(2) * 0.12
"""Default spread of the log ratio between experiments: an assumption, that of the twin (0.12 for each group)."""

GROUPS = ("unsorted", "sorted")
MOST_EXTREME = 0.05  # chance that all or no wells of a group are positive, above which the formula is rough


def best_dose(frequency: float) -> float:
    """Return the number of cells per well that tells most about a stem-cell frequency.

    At ``x`` stem cells per well, a well carries the information ``x ** 2 / (exp(x) - 1)`` on log frequency. This is
    largest where ``x * exp(x) = 2 * (exp(x) - 1)``: at 1.59 stem cells, where 80% of the wells are positive.

    Parameters
    ----------
    frequency
        Stem cells per cell, above 0 and up to 1.

    Raises
    ------
    InputError
        For a frequency out of range.

    References
    ----------
    Single-hit model: Hu & Smyth 2009, doi:10.1016/j.jim.2009.06.008.

    When not to use
    ---------------
    As the only dose: it is best only if the frequency is known before, and one dose cannot show that the single-hit
    model fails. With ten times too many cells per well, nearly nothing is learned.

    Examples
    --------
    >>> from fxyd3.enrichment import best_dose
    >>> round(best_dose(1 / 100))
    159
    """
    return BEST_HITS / _share("frequency", frequency)


def information_per_well(frequency: float, doses: ArrayLike) -> Floats:
    """Return what one well tells about log frequency, in the single-hit model: its Fisher information.

    Parameters
    ----------
    frequency
        Stem cells per cell, above 0 and up to 1.
    doses
        Cells per well, above 0; any shape.

    Returns
    -------
    ndarray of float64, of the shape of ``doses``
        Information of one well; the sum over wells is one over the squared standard error of log frequency.

    Raises
    ------
    InputError
        For a frequency or doses out of range.

    References
    ----------
    Hu & Smyth 2009, doi:10.1016/j.jim.2009.06.008.

    When not to use
    ---------------
    Where cells help or hinder each other: the single-hit model does not hold then.

    Examples
    --------
    A well tells most where about four in five grow; with far too many cells it tells nothing:

    >>> from fxyd3.enrichment import information_per_well
    >>> information_per_well(1 / 100, [16, 160, 1600]).round(2).tolist()
    [0.15, 0.65, 0.0]
    """
    cells = np.asarray(doses, dtype=float)
    _check_doses(cells)
    return _information(_share("frequency", frequency) * cells)


@dataclass(frozen=True)
class Design:
    """A limiting-dilution study of sorted and unsorted cells, and what it can find; see ``design``.

    Attributes
    ----------
    frequency, fold, doses, wells, experiments, spread, confidence, wanted
        As given to ``design``; ``wanted`` is the power asked for.
    standard_error
        Of the natural-log ratio of frequencies within one experiment, from counting wells; infinite where the wells
        tell nothing.
    power
        Chance that the interval of the ratio lies wholly on the side of 1 where the truth lies.
    fold_found
        The fold nearest to 1 that is found with the wanted power; None where none is.
    wells_needed
        Fewest wells (per dose, group and experiment) with the wanted power; None where no number is enough.
    note
        What a reader must know of this design; may be empty.
    """

    frequency: float
    fold: float
    doses: tuple[float, ...]
    wells: int
    experiments: int
    spread: float
    confidence: float
    wanted: float
    standard_error: float
    power: float
    fold_found: float | None
    wells_needed: int | None
    note: str

    @property
    def expected(self) -> "pd.DataFrame":
        """What one experiment is expected to show.

        One row per group and dose: group, cells_per_well, wells_tested, wells_positive (expected, float), and the
        chances that none, or all, of the wells of the whole group are positive: none_positive, all_positive.
        """
        import pandas as pd

        cells = np.array(self.doses)
        tables = []
        for group, frequency in zip(GROUPS, self._frequencies, strict=True):
            hits = frequency * cells
            tables.append(
                pd.DataFrame(
                    {
                        "group": group,
                        "cells_per_well": cells,
                        "wells_tested": self.wells,
                        "wells_positive": self.wells * -np.expm1(-hits),
                        "none_positive": math.exp(-self.wells * hits.sum()),
                        "all_positive": math.exp(self.wells * np.log(-np.expm1(-hits)).sum()),
                    }
                )
            )
        return pd.concat(tables, ignore_index=True)

    @property
    def placement(self) -> "pd.DataFrame":
        """What a well tells at any dose: group, cells_per_well, best_dose, information (share of that at the best)."""
        import pandas as pd

        best = [best_dose(frequency) for frequency in self._frequencies]
        cells = np.geomspace(min(*best, *self.doses) / 10, 10 * max(*best, *self.doses), 400)
        return pd.concat(
            [
                pd.DataFrame(
                    {
                        "group": group,
                        "cells_per_well": cells,
                        "best_dose": best_dose(frequency),
                        "information": _information(frequency * cells) / _information(BEST_HITS),
                    }
                )
                for group, frequency in zip(GROUPS, self._frequencies, strict=True)
            ],
            ignore_index=True,
        )

    @property
    def wrong_guess(self) -> "pd.DataFrame":
        """What becomes of the design if the frequencies are not as expected.

        Columns: doses ("as planned", or as many wells at the middle of the best doses: "one dose"), factor (true
        frequencies over those expected, from a tenth to ten), standard_error (of the log ratio in one experiment).
        """
        import pandas as pd

        middle = best_dose(self.frequency) / math.sqrt(self.fold)
        factors = np.geomspace(0.1, 10, 81)
        plans = {"as planned": self.doses, "one dose": (middle,) * len(self.doses)}
        return pd.DataFrame(
            [
                (
                    name,
                    factor,
                    _standard_error(replace(self, frequency=factor * self.frequency, doses=doses), self.fold),
                )
                for name, doses in plans.items()
                for factor in factors
            ],
            columns=["doses", "factor", "standard_error"],
        )

    def summary(self) -> "pd.DataFrame":
        """Return the design in one row.

        Columns: fold, doses (text), wells, experiments, wells_in_all, sorted_cells (in one experiment), standard_error,
        power, fold_found, wells_needed (missing where there is none).
        """
        import pandas as pd

        return pd.DataFrame(
            {
                "fold": [self.fold],
                "doses": [", ".join(f"{dose:g}" for dose in self.doses)],
                "wells": [self.wells],
                "experiments": [self.experiments],
                "wells_in_all": [len(GROUPS) * self.experiments * len(self.doses) * self.wells],
                "sorted_cells": [math.ceil(self.wells * sum(self.doses))],
                "standard_error": [self.standard_error],
                "power": [self.power],
                "fold_found": pd.array([self.fold_found], dtype="Float64"),
                "wells_needed": pd.array([self.wells_needed], dtype="Int64"),
            }
        )

    @property
    def _frequencies(self) -> tuple[float, float]:
        return self.frequency, self.frequency * self.fold

    @property
    def _between(self) -> float:
        """The spread as far as it counts: a single experiment is tested on its wells alone."""
        return self.spread if self.experiments > 1 else 0.0


def design(
    *,
    frequency: float,
    fold: float,
    doses: Iterable[float] | None = None,
    n_doses: int = 5,
    step: float = 3.0,
    wells: int = 24,
    experiments: int = 3,
    spread: float = SPREAD,
    confidence: float = 0.95,
    power: float = 0.8,
) -> Design:
    """Calculate what a limiting-dilution study of sorted and unsorted cells can find.

    Within an experiment, the log ratio of the two frequencies has the variance that the Fisher information of the
    single-hit model gives. Between experiments it varies by ``spread`` besides. The test is Student's, over
    experiments: its power comes from the noncentral t distribution. A single experiment is tested on its wells (Wald);
    that speaks of this experiment only, however many wells it has.

    Parameters
    ----------
    frequency
        Expected stem cells per unsorted cell, above 0 and up to 1.
    fold
        Enrichment to be found: frequency of sorted cells, relative to unsorted ones; below 1 a depletion.
    doses
        Cells per well, the same for both groups; None places them evenly on the log scale, ``n_doses`` of them with a
        factor of ``step`` between them, around the middle of the two best doses (rounded to two digits).
    wells
        Per dose, group and experiment.
    experiments
        Independent sorts, the units of the test.
    spread
        Standard deviation of the natural-log ratio between experiments, beyond counting wells. The default is an
        assumption, that of the twin; take it from experiments of your own where you have some.
    confidence
        Of the two-sided interval of the ratio.
    power
        Chance wanted that this interval lies wholly on the right side of 1.

    Returns
    -------
    Design
        With the power reached, the fold and the wells that reach the wanted one, and the wells expected positive.

    Raises
    ------
    InputError
        For numbers out of range, or a fold that makes more stem cells than cells.

    References
    ----------
    Hu & Smyth 2009, doi:10.1016/j.jim.2009.06.008.

    When not to use
    ---------------
    For a handful of wells: the formula trusts the normal distribution of log frequency, so compare with
    ``simulate_power`` wherever ``expected`` gives a chance above a few percent that all or no wells are positive. To
    judge a finished study: its own interval says what it found.

    Examples
    --------
    Three experiments of 24 wells at each of five doses, to find a threefold enrichment:

    >>> from fxyd3.enrichment import design
    >>> plan = design(frequency=1 / 200, fold=3)
    >>> plan.experiments, plan.wells, round(plan.power, 2)
    (3, 24, 0.87)
    """
    _share("frequency", frequency)
    if not (math.isfinite(fold) and fold > 0 and fold != 1):
        raise InputError(
            f"The fold is {fold:g}: give a number above 0 other than 1, such as 3 for three times as many."
        )
    if frequency * fold > 1:
        raise InputError(
            f"{fold:g} times {frequency:g} would be more stem cells than cells: give a fold up to {1 / frequency:.3g}."
        )
    for name, value, least in (("wells", wells, 1), ("experiments", experiments, 1), ("doses", n_doses, 1)):
        if value < least or value != int(value):
            raise InputError(f"The number of {name} is {value}: it must be a whole number from {least} up.")
    if not (math.isfinite(step) and step > 1):
        raise InputError(f"The step between doses is {step:g}: it must be above 1.")
    if not (math.isfinite(spread) and spread >= 0):
        raise InputError(f"The spread between experiments is {spread:g}: give a standard deviation from 0 up.")
    if not 0 < confidence < 1:
        raise InputError(f"The confidence is {confidence:g}: it must lie between 0 and 1.")
    if not (1 - confidence) / 2 < power < 1:
        raise InputError(
            f"The power is {power:g}: it must lie below 1 and above {(1 - confidence) / 2:.3g}, which chance reaches."
        )
    chosen = _place(frequency, fold, n_doses, step) if doses is None else np.asarray([*doses], dtype=float)
    _check_doses(chosen)
    return _solve(
        Design(
            frequency=float(frequency),
            fold=float(fold),
            doses=tuple(chosen.tolist()),
            wells=int(wells),
            experiments=int(experiments),
            spread=float(spread),
            confidence=float(confidence),
            wanted=float(power),
            standard_error=math.nan,
            power=math.nan,
            fold_found=None,
            wells_needed=None,
            note="",
        )
    )


def power_curves(
    design: Design, *, folds: Sequence[float] = (1.5, 2, 3, 5), wells: Sequence[int] = ()
) -> "pd.DataFrame":
    """Return the power of a design for other folds and other numbers of wells, at its own doses.

    Parameters
    ----------
    design
        See ``design``.
    folds
        Enrichments; any number.
    wells
        Per dose, group and experiment; empty: from 1 to four times those of the design.

    Returns
    -------
    DataFrame
        One row per fold and number of wells: fold, wells, power.

    Raises
    ------
    InputError
        For a fold or a number of wells out of range.

    When not to use
    ---------------
    To compare doses: those of the design stay, although other folds have other best doses.

    Examples
    --------
    >>> from fxyd3.enrichment import design, power_curves
    >>> found = power_curves(design(frequency=1 / 200, fold=3), folds=(1.5, 3), wells=(12, 24))
    >>> found.round(2)
       fold  wells  power
    0   1.5     12   0.19
    1   1.5     24   0.28
    2   3.0     12   0.71
    3   3.0     24   0.87
    """
    import pandas as pd

    numbers = np.array([*wells] or range(1, 4 * design.wells + 1))
    if numbers.min() < 1:
        raise InputError(f"The number of wells is {numbers.min()}: it must be a whole number from 1 up.")
    tables = []
    for fold in folds:
        if not 0 < fold <= 1 / design.frequency:
            raise InputError(f"The fold is {fold:g}: give numbers above 0 and up to {1 / design.frequency:.3g}.")
        error = _standard_error(design, fold) * np.sqrt(design.wells / numbers)
        power = _beyond(design, _noncentrality(design, fold, error))
        tables.append(pd.DataFrame({"fold": float(fold), "wells": numbers, "power": power}))
    return pd.concat(tables, ignore_index=True)


def simulate_power(design: Design, *, n: int = 1000, seed: int = 1) -> Interval:
    """Check the power of a design: simulate its wells many times, and count how often the enrichment is found.

    Every frequency is estimated by the likelihood with Firth's penalty, which keeps it finite when all or no wells are
    positive. The test is that of ``design``.

    Parameters
    ----------
    design
        See ``design``.
    n
        Studies to simulate.
    seed
        Of the simulation.

    Returns
    -------
    Interval
        The share of simulated studies that find the enrichment, with its 95% Wilson interval; ``n`` studies.

    Raises
    ------
    InputError
        For fewer than one study.

    References
    ----------
    Firth 1993, doi:10.1093/biomet/80.1.27.

    When not to use
    ---------------
    As evidence for an enrichment: nothing was measured.

    Examples
    --------
    Few draws, so that it is fast:

    >>> from fxyd3.enrichment import design, simulate_power
    >>> found = simulate_power(design(frequency=1 / 200, fold=5), n=20)
    >>> found.lower > 0.5
    True
    """
    if n < 1:
        raise InputError(f"The number of studies to simulate is {n}: it must be at least 1.")
    rng = np.random.default_rng(seed)
    cells = np.array(design.doses)
    shape = n, design.experiments, len(GROUPS)
    log_frequency = np.log(design._frequencies) + rng.normal(0, design._between / math.sqrt(2), shape)
    positive = rng.binomial(design.wells, -np.expm1(-np.exp(log_frequency)[..., None] * cells))
    tested = np.full(positive.shape, float(design.wells))
    wells = Wells(np.broadcast_to(np.log(cells), positive.shape), tested, positive.astype(float)).reshape(
        -1, len(cells)
    )
    estimate = fit_firth(wells)
    told = information(wells, estimate).sum(axis=-1).reshape(shape)
    estimate = estimate.reshape(shape)
    ratio = math.copysign(1, math.log(design.fold)) * (estimate[..., 1] - estimate[..., 0])
    if design.experiments > 1:
        error = ratio.std(axis=1, ddof=1) / math.sqrt(design.experiments)
    else:
        error = np.sqrt((1 / told).sum(axis=-1))[:, 0]
    found = int((ratio.mean(axis=1) > _critical(design) * error).sum())
    low, high = stats.binomtest(found, n).proportion_ci(method="wilson")
    return Interval(found / n, float(low), float(high))


def _solve(plan: Design) -> Design:
    """Fill in what the design can find."""
    error = _standard_error(plan, plan.fold)
    shift = _shift_needed(plan)
    for_wells = plan.experiments * (math.log(plan.fold) / shift) ** 2 - plan._between**2  # variance left to counting
    extreme = plan.expected[["none_positive", "all_positive"]].to_numpy().max()
    notes, needed = [], None
    if plan.experiments == 1:
        notes.append("One experiment speaks of itself only: no number of wells tells how much the next would differ.")
    if for_wells <= 0:
        notes.append(
            f"Experiments differ too much for {plan.experiments} of them to find this fold with a power of "
            f"{plan.wanted:g}: add experiments, not wells."
        )
    elif math.isfinite(error):
        needed = math.ceil(plan.wells * error**2 / for_wells)
    if extreme > MOST_EXTREME:
        notes.append(f"All or no wells of a group are positive in {extreme:.0%} of experiments: trust simulation only.")
    return replace(
        plan,
        standard_error=error,
        power=float(_beyond(plan, _noncentrality(plan, plan.fold, error))),
        fold_found=_fold_found(plan, shift),
        wells_needed=needed,
        note=" ".join(notes),
    )


def _fold_found(plan: Design, shift: float) -> float | None:
    """Return the fold nearest to 1, on the side of the plan's, whose noncentrality reaches the one needed."""
    far = -math.log(plan.frequency) if plan.fold > 1 else -12.0

    def lacking(log_fold: float) -> float:
        fold = math.exp(log_fold)
        return shift - float(_noncentrality(plan, fold, _standard_error(plan, fold)))

    grid = np.linspace(0, far, 200)[1:]
    reached = next((at for at in grid if lacking(at) <= 0), None)
    return None if reached is None else math.exp(optimize.brentq(lacking, 0, reached))


def _standard_error(plan: Design, fold: float) -> float:
    """Return the standard error of the log ratio within one experiment, from the wells."""
    cells = np.array(plan.doses)
    told = [plan.wells * float(_information(f * cells).sum()) for f in (plan.frequency, plan.frequency * fold)]
    return math.sqrt(sum(1 / each for each in told)) if all(told) else math.inf


def _noncentrality(plan: Design, fold: float, error: ArrayLike) -> Floats:
    return np.asarray(abs(math.log(fold)) * math.sqrt(plan.experiments) / np.hypot(error, plan._between))


def _critical(plan: Design) -> float:
    both = (1 + plan.confidence) / 2
    return float(stats.t.ppf(both, plan.experiments - 1) if plan.experiments > 1 else stats.norm.ppf(both))


def _beyond(plan: Design, shift: ArrayLike) -> Floats:
    """Return the chance that the test statistic passes its critical value."""
    if plan.experiments > 1:
        return np.asarray(stats.nct.sf(_critical(plan), plan.experiments - 1, shift))
    return np.asarray(stats.norm.sf(_critical(plan), loc=shift))


def _shift_needed(plan: Design) -> float:
    """Return the noncentrality that gives the wanted power."""
    high = 1.0
    while _beyond(plan, high) < plan.wanted:
        high *= 2
    return float(optimize.brentq(lambda shift: _beyond(plan, shift) - plan.wanted, 0, high))


def _information(hits: ArrayLike) -> Floats:
    """Return the information of a well on log frequency, by its mean number of stem cells."""
    x = np.asarray(hits, dtype=float)
    return np.asarray(x * x * np.exp(-x) / -np.expm1(-x))


def _place(frequency: float, fold: float, n_doses: int, step: float) -> Floats:
    middle = best_dose(frequency) / math.sqrt(fold)
    exact = middle * step ** (np.arange(n_doses) - (n_doses - 1) / 2)
    return np.array(sorted({float(f"{dose:.2g}") for dose in exact}))


def _share(name: str, value: float) -> float:
    if not 0 < value <= 1:
        raise InputError(f"The {name} is {value:g}: it must lie above 0 and up to 1, such as 1/133.")
    return value


def _check_doses(cells: Floats) -> None:
    wrong = cells[~(np.isfinite(cells) & (cells > 0))]
    if not cells.size:
        raise InputError("There are no doses: give at least one number of cells per well.")
    if wrong.size:
        raise InputError(f"A dose is {wrong.flat[0]:g} cells per well: doses must be above 0.")

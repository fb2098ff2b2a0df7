"""Limiting dilution: stem-cell frequencies from the wells that stay empty."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, NamedTuple

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy import special

from fxyd3.data.report import nearest
from fxyd3.enrichment._single_hit import (
    METHODS,
    Limits,
    Wells,
    fit,
    fit_slopes,
    limits,
    log_likelihood,
    ratio,
    ratio_limits,
    score_of_slope,
    slope_limits,
)
from fxyd3.errors import InputError

if TYPE_CHECKING:
    import pandas as pd

COLUMNS = ("cells_per_well", "wells_tested", "wells_positive")


class ChiSquare(NamedTuple):
    """A likelihood-ratio test; with nothing to compare, ``df`` is 0 and ``p`` NaN."""

    chi_square: float
    df: int
    p: float


@dataclass(frozen=True, eq=False)
class Elda:
    """Stem-cell frequencies of one or more groups of wells; see ``elda``.

    Attributes
    ----------
    groups
        Names, in the order of all tables.
    table
        The wells by group and dose: group, cells_per_well (float64), wells_tested, wells_positive (int64).
    confidence
        Of all intervals.
    """

    groups: tuple[object, ...]
    table: "pd.DataFrame"
    confidence: float
    _wells: Wells = field(repr=False)

    def summary(self, interval: str = "wald") -> "pd.DataFrame":
        """Return how many cells hold one stem cell.

        Parameters
        ----------
        interval
            One of the methods of ``elda``.

        Returns
        -------
        DataFrame
            One row per group: group, estimate, lower, upper (float64, cells per stem cell: 1 / frequency). Without a
            positive well, estimate and upper are infinite; without a negative one, estimate and lower are 1. No number
            is below 1, as a cell is at most one stem cell.

        Raises
        ------
        InputError
            For an unknown method, or ``"exact"`` where a group has several doses.
        """
        return self._one_in(self._limits(interval))

    def frequencies(self, interval: str = "wald") -> "pd.DataFrame":
        """Return the same as positive wells per cell plated: group, frequency, lower, upper; not cut off at 1."""
        import pandas as pd

        found = self._limits(interval)
        return pd.DataFrame(
            {
                "group": list(self.groups),
                "frequency": np.exp(found.estimate),
                "lower": np.exp(found.lower),
                "upper": np.exp(found.upper),
            }
        )

    def intervals(self) -> "pd.DataFrame":
        """Return the intervals of all methods, one row per group and method.

        Columns: group, method, estimate, lower, upper (cells per stem cell), one_sided (bool). The exact interval is
        given for groups with one dose.
        """
        import pandas as pd

        tables = []
        for method in METHODS:
            found = limits(self._wells, method, self.confidence)
            table = self._one_in(found).assign(one_sided=found.one_sided)
            table.insert(1, "method", method)
            tables.append(table[~np.isnan(found.lower)])
        order = {name: i for i, name in enumerate(self.groups)}
        return pd.concat(tables).sort_values(
            "group", key=lambda names: names.map(order), kind="stable", ignore_index=True
        )

    @property
    def difference(self) -> ChiSquare:
        """Likelihood-ratio test that all groups have one frequency; with one group, ``df`` is 0 and ``p`` NaN."""
        together = self._wells.reshape(1, -1)
        apart = log_likelihood(self._wells, fit(self._wells)).sum()
        chi_square = max(float(2 * (apart - log_likelihood(together, fit(together))[0])), 0.0)
        df = len(self.groups) - 1
        return ChiSquare(chi_square, df, float(special.chdtrc(df, chi_square)) if df else float("nan"))

    def pairwise(self) -> "pd.DataFrame":
        """Return the comparison of every two groups.

        Returns
        -------
        DataFrame
            One row per pair: group, other, fold (frequency of group relative to other), lower, upper (limits of the
            profile likelihood; they exclude 1 when ``p`` is below 1 - confidence), chi_square (likelihood ratio, 1
            degree of freedom), p, p_holm (Holm's, over all pairs). Where none, or all, of the wells of a group are
            positive, the fold is 0 or infinite and the interval has one end.

        Notes
        -----
        When not to use: as proof that two kinds of cells differ. Wells of one sort are no replicates of it.
        """
        import pandas as pd

        first, second = np.triu_indices(len(self.groups), 1)
        pairs = self._wells[first], self._wells[second]
        estimate, chi_square = ratio(*pairs)
        lower, upper = ratio_limits(*pairs, self.confidence)
        p = special.chdtrc(1, chi_square)
        return pd.DataFrame(
            {
                "group": [self.groups[i] for i in first],
                "other": [self.groups[i] for i in second],
                "fold": np.exp(estimate),
                "lower": np.exp(lower),
                "upper": np.exp(upper),
                "chi_square": chi_square,
                "p": p,
                "p_holm": holm(p),
            }
        )

    @property
    def goodness_of_fit(self) -> "pd.DataFrame":
        """Tests that the slope in log dose, common to all groups, is 1 as the single-hit model says.

        Columns: test ("Wald", "likelihood ratio", "score (log dose)", "score (dose)"), slope (fitted), statistic (z:
        above 0 when the wells fill faster with the dose than the model says), p (two-sided). NaN where it cannot be
        known: with one dose, or doses of which only one has both positive and negative wells (Wald only).
        """
        import pandas as pd

        found = fit_slopes(Wells(*(each[None] for each in self._wells.arrays)))
        slope = float(found.estimate[0])
        z = [
            (slope - 1) / found.error[0],
            np.sign(slope - 1) * np.sqrt(found.lost[0]),
            *(self._score_test(variable) for variable in (self._wells.log_dose, np.exp(self._wells.log_dose))),
        ]
        return pd.DataFrame(
            {
                "test": ["Wald", "likelihood ratio", "score (log dose)", "score (dose)"],
                "slope": [slope, slope, np.nan, np.nan],
                "statistic": z,
                "p": 2 * special.ndtr(-np.abs(z)),
            }
        )

    def slopes(self) -> "pd.DataFrame":
        """Return the slope in log dose of each group, and what it says.

        Returns
        -------
        DataFrame
            One row per group: group, slope, lower, upper (profile likelihood), p (likelihood-ratio test of slope 1),
            reading. "cooperating cells": the interval lies above 1, few cells are less than they should be alone.
            "several kinds of cells or doses that differ": it lies below 1. "single hit": the wells do not speak against
            it; with few wells that is no proof. "not estimable": one dose, or all wells alike. The slope is infinite
            where all wells are negative up to some dose and positive from there on. cells_at_63: the dose at which
            63% of the wells are positive, with that slope; at a slope of 1 it is one over the frequency. NaN where the
            slope is not finite.
        """
        import pandas as pd

        found = fit_slopes(Wells(*(each[:, None] for each in self._wells.arrays)))
        lower, upper = slope_limits(found, self.confidence)
        finite = np.isfinite(found.estimate)
        slope = np.where(finite, found.estimate, 1.0)
        at_63 = np.where(finite, np.exp(-fit(self._wells.stretched(slope)) / slope), np.nan)
        reading = np.select(
            [np.isnan(found.estimate), lower > 1, upper < 1],
            ["not estimable", "cooperating cells", "several kinds of cells or doses that differ"],
            "single hit",
        )
        return pd.DataFrame(
            {
                "group": list(self.groups),
                "slope": found.estimate,
                "lower": lower,
                "upper": upper,
                "p": special.chdtrc(1, found.lost),
                "reading": reading,
                "cells_at_63": at_63,
            }
        )

    def bootstrap(self, n_resamples: int = 1000, seed: int = 1) -> "pd.DataFrame":
        """Return percentile intervals over wells drawn again, with replacement, within each dose.

        Parameters
        ----------
        n_resamples
            At least 100.
        seed
            Of the draw.

        Returns
        -------
        DataFrame
            One row per group: group, estimate, lower, upper (cells per stem cell); the limits are NaN where all wells
            of every dose are alike, as drawing them again changes nothing.

        Raises
        ------
        InputError
            For fewer than 100 resamples.

        Notes
        -----
        When not to use: with few wells, where it is too narrow; and never in place of replicates of the experiment.
        """
        if n_resamples < 100:
            raise InputError(f"The number of resamples is {n_resamples}: give at least 100, better 1000.")
        wells, estimate = self._wells, fit(self._wells)
        share = wells.positive / np.maximum(wells.tested, 1)
        drawn = np.random.default_rng(seed).binomial(wells.tested.astype(np.int64), share, (n_resamples, *share.shape))
        again = fit(Wells(*np.broadcast_arrays(wells.log_dose, wells.tested, drawn.astype(float))))
        tail = (1 - self.confidence) / 2
        lower, upper = np.quantile(again, [tail, 1 - tail], axis=0, method="closest_observation")
        alike = np.asarray(~((share > 0) & (share < 1)).any(axis=-1))
        lower[alike] = upper[alike] = np.nan
        return self._one_in(Limits(estimate, lower, upper, alike))

    def _limits(self, method: str) -> Limits:
        found = limits(self._wells, check_method(method), self.confidence)
        several = np.isnan(found.lower)
        if several.any():
            first = int(several.argmax())
            raise InputError(
                f"The exact interval is for one dose, and {self.groups[first]} has "
                f"{int((self._wells.tested[first] > 0).sum())}: take 'firth' for few wells."
            )
        return found

    def _one_in(self, found: Limits) -> "pd.DataFrame":
        import pandas as pd

        one_in = {"estimate": found.estimate, "lower": found.upper, "upper": found.lower}
        return pd.DataFrame(
            {"group": list(self.groups)} | {name: np.maximum(np.exp(-log_f), 1) for name, log_f in one_in.items()}
        )

    def _score_test(self, variable: NDArray[np.float64]) -> float:
        pull, known = (float(each.sum()) for each in score_of_slope(self._wells, variable))
        doses = [
            np.ptp(each[tested > 0]) for each, tested in zip(self._wells.log_dose, self._wells.tested, strict=True)
        ]
        return pull / known**0.5 if known > 0 and max(doses) > 0 else float("nan")


def elda(
    table: "pd.DataFrame",
    *,
    dose: str = COLUMNS[0],
    tested: str = COLUMNS[1],
    positive: str = COLUMNS[2],
    group: str | Sequence[str] | None = None,
    confidence: float = 0.95,
) -> Elda:
    """Estimate stem-cell frequencies from limiting dilution: extreme limiting dilution analysis.

    A well with d cells stays negative with probability ``exp(-f * d)`` if one stem cell is enough and stem cells fall
    into wells at random (single-hit Poisson model). This is a binomial regression with complementary log-log link, and
    log d as offset, whose intercept is log f.

    Parameters
    ----------
    table
        One row per group and dose, or several that are added up; not changed.
    dose, tested, positive
        Columns: mean cells per well (above 0), wells tested, wells positive (whole numbers). Rows without tested wells
        are left out.
    group
        Column whose values name the groups, or several whose values are joined by a space; None: all is one group.
    confidence
        Of all intervals, between 0 and 1.

    Returns
    -------
    Elda

    Raises
    ------
    InputError
        For a missing column or value, wells that are not whole numbers or negative, more positive than tested, a dose
        that is not above 0, no wells, or a confidence out of range; with the row.

    Notes
    -----
    ==========  ======================================================================================================
    wald        estimate of log f plus and minus its standard error times the normal quantile; the ELDA program's
    score       frequencies that the score test does not reject
    likelihood  frequencies that the likelihood-ratio test does not reject
    firth       Jeffreys' prior as penalty (half the log information), and the penalised likelihood ratio: finite also
                where all wells are alike; for few wells
    exact       one dose only: Clopper and Pearson's interval of the share of positive wells; at least as wide as needed
    ==========  ======================================================================================================

    Where none, or all, of the wells of a group are positive, the first three give the exact one-sided limit: the
    frequency at which this would happen with probability 1 - confidence. Where steps between doses are wider than
    ten-fold, the penalised likelihood can have two maxima about equally high; either may be given.

    References
    ----------
    Hu & Smyth 2009, doi:10.1016/j.jim.2009.06.008. Firth 1993, doi:10.1093/biomet/80.1.27. Heinze & Schemper 2002,
    doi:10.1002/sim.1047.

    When not to use
    ---------------
    Where cells help or hinder each other: look at ``slopes`` first. For the spread between experiments: the interval is
    about the wells of one, see ``enrichment_ratio``.

    Examples
    --------
    The published example of the ELDA program:

    >>> import pandas as pd
    >>> from fxyd3.enrichment import elda
    >>> table = pd.DataFrame(
    ...     {"cells_per_well": [50, 100, 200, 400, 800], "wells_tested": 24, "wells_positive": [2, 6, 9, 15, 21]}
    ... )
    >>> elda(table).summary().round(0)
      group  estimate  lower  upper
    0   all     403.0  302.0  538.0
    """
    import pandas as pd

    keys = [] if group is None else [group] if isinstance(group, str) else [*group]
    checked = check_wells(table, dose=dose, tested=tested, positive=positive, keys=keys)
    check_confidence(confidence)
    if not keys:
        name = pd.Series("all", index=checked.index, dtype=object)
    elif len(keys) == 1:
        name = checked[keys[0]]
    else:
        name = checked[keys].astype(str).agg(" ".join, axis=1)
    added = (
        checked[list(COLUMNS)]
        .groupby([name.rename("group"), COLUMNS[0]], observed=True)[list(COLUMNS[1:])]
        .sum()
        .reset_index()
    )
    groups, wells = lay_out(added, "group")
    return Elda(tuple(groups), added, float(confidence), wells)


def interval_coverage(
    *,
    frequency: float,
    doses: ArrayLike,
    wells: ArrayLike,
    methods: Sequence[str] = METHODS[:4],
    n: int = 1000,
    seed: int = 1,
    confidence: float = 0.95,
) -> "pd.DataFrame":
    """Simulate a limiting dilution many times, and count how often each interval holds the true frequency.

    Parameters
    ----------
    frequency
        True stem cells per cell, above 0 and up to 1.
    doses
        Cells per well.
    wells
        Per dose: one number, or one for each dose.
    methods
        Of ``elda``.
    n
        Assays to simulate.
    seed
        Of the simulation.
    confidence
        Of the intervals.

    Returns
    -------
    DataFrame
        One row per method: method, coverage (share of intervals that hold the truth), lower_misses, upper_misses (those
        whose lower limit of 1 / frequency lies above the truth, and whose upper limit lies below), width (median, log2
        units; infinite where most intervals have one end), n.

    Raises
    ------
    InputError
        For numbers out of range, or an unknown method.

    When not to use
    ---------------
    To choose the method that makes a result significant: choose by the design, before the wells are read.

    Examples
    --------
    Few draws, so that it is fast; a table to read needs 1,000:

    >>> from fxyd3.enrichment import interval_coverage
    >>> found = interval_coverage(frequency=1 / 100, doses=[30, 100, 300], wells=[12, 12, 12], methods=["wald"], n=20)
    >>> list(found.columns)
    ['method', 'coverage', 'lower_misses', 'upper_misses', 'width', 'n']
    """
    import pandas as pd

    if not 0 < frequency <= 1:
        raise InputError(f"The frequency is {frequency:g}: it must lie above 0 and up to 1, such as 1/133.")
    if n < 1:
        raise InputError(f"The number of assays to simulate is {n}: it must be at least 1.")
    check_confidence(confidence)
    cells = np.atleast_1d(np.asarray(doses, dtype=float))
    plan = pd.DataFrame(dict(zip(COLUMNS, (cells, np.broadcast_to(wells, cells.shape), 0), strict=True)))
    plan = check_wells(plan, dose=COLUMNS[0], tested=COLUMNS[1], positive=COLUMNS[2], keys=[])
    log_dose, tested = np.log(plan[COLUMNS[0]].to_numpy()), plan[COLUMNS[1]].to_numpy()
    drawn = np.random.default_rng(seed).binomial(tested, -np.expm1(-frequency * np.exp(log_dose)), (n, len(tested)))
    assays = Wells(*(np.array(each, dtype=float) for each in np.broadcast_arrays(log_dose, tested, drawn)))
    rows = []
    for method in methods:
        found = limits(assays, check_method(method), confidence)
        if np.isnan(found.lower).any():
            raise InputError("The exact interval is for one dose: give one, or leave 'exact' out of the methods.")
        below, above = found.upper < np.log(frequency), found.lower > np.log(frequency)
        width = float(np.median(found.upper - found.lower) / np.log(2))
        rows.append((method, 1 - (below | above).mean(), below.mean(), above.mean(), width, n))
    return pd.DataFrame(rows, columns=["method", "coverage", "lower_misses", "upper_misses", "width", "n"])


def holm(p: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return Holm's adjusted p values (those of statsmodels, which sweeps the memory at each call).

    Examples
    --------
    >>> import numpy as np
    >>> from fxyd3.enrichment import holm
    >>> holm(np.array([0.01, 0.04, 0.03])).round(2).tolist()
    [0.03, 0.06, 0.06]
    """
    order = np.argsort(p)
    adjusted = np.empty_like(p)
    adjusted[order] = np.minimum(np.maximum.accumulate(p[order] * np.arange(len(p), 0, -1)), 1)
    return adjusted


def lay_out(added: "pd.DataFrame", by: str) -> tuple[list[object], Wells]:
    """Return the names in a column, sorted, and their wells: one row each, one column per dose."""
    rows = added.groupby(by, observed=True)
    which, place = rows.ngroup().to_numpy(), rows.cumcount().to_numpy()
    arrays = np.zeros((3, which.max() + 1, place.max() + 1))
    arrays[:, which, place] = np.log(added[COLUMNS[0]]), added[COLUMNS[1]], added[COLUMNS[2]]
    return list(rows.groups), Wells(*arrays)


def check_confidence(confidence: float) -> None:
    """Stop where a confidence is no share between 0 and 1."""
    if not 0 < confidence < 1:
        raise InputError(f"The confidence is {confidence:g}: it must lie between 0 and 1, such as 0.95.")


def check_method(method: str) -> str:
    """Return the name of an interval, if there is one."""
    if method not in METHODS:
        raise InputError(f"There is no interval '{method}'{nearest(method, METHODS)}: choose {', '.join(METHODS)}.")
    return method


def check_wells(table: "pd.DataFrame", *, dose: str, tested: str, positive: str, keys: Sequence[str]) -> "pd.DataFrame":
    """Return the keys and the three columns of a limiting dilution, named as usual; rows without wells are left out."""
    import pandas as pd

    named = dict(zip((dose, tested, positive), COLUMNS, strict=True))
    what = {dose: "the cells per well", tested: "the wells tested", positive: "the positive wells"}
    for column in (*named, *keys):
        if column not in table:
            raise InputError(
                f"There is no column '{column}' in the table{nearest(column, map(str, table.columns))}: name the one "
                f"that holds {what.get(column, 'the names')}."
            )
    if not len(table):
        raise InputError("The table has no rows: give one for each dose.")

    def stop(wrong: "pd.Series[bool]", column: str, rule: str) -> None:
        if wrong.any():
            row = int(wrong.to_numpy().argmax())
            raise InputError(f"Row {table.index[row]} of the table has {column} = {table[column].iloc[row]}: {rule}.")

    table = table.reset_index(drop=True) if table.index.has_duplicates else table
    checked = table[list(keys)].copy()
    for column, usual in named.items():
        checked[usual] = pd.to_numeric(table[column], errors="coerce").astype(float)
        stop(~np.isfinite(checked[usual]), column, "it must be a number")
    stop(checked[COLUMNS[0]] <= 0, dose, "cells per well must be above 0")
    for column in (tested, positive):
        stop(checked[named[column]] < 0, column, "a number of wells cannot be negative")
        stop(checked[named[column]] % 1 != 0, column, "wells are counted in whole numbers")
    stop(
        checked[COLUMNS[2]] > checked[COLUMNS[1]],
        positive,
        f"there cannot be more positive wells than tested ones ({tested})",
    )
    for key in keys:
        stop(table[key].isna(), key, "give it a name, or leave the row out")
    checked = checked[checked[COLUMNS[1]] > 0].astype(dict.fromkeys(COLUMNS[1:], np.int64))
    if checked.empty:
        raise InputError(f"No wells were tested: every row of the table has {tested} = 0.")
    return checked

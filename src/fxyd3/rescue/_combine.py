"""Two drugs together: what each model expects without interaction, and what the wells show beyond it."""

import warnings
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from importlib import import_module
from itertools import combinations
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np
from numpy.typing import NDArray
from scipy import optimize, stats

from fxyd3.claims import Interval
from fxyd3.data.report import few, nearest
from fxyd3.errors import InputError

if TYPE_CHECKING:
    import pandas as pd

Array = NDArray[np.float64]
Start = tuple[bool, list[float]]

EXPECTS = {
    "bliss": "the shares that survive each drug alone multiply",
    "hsa": "both drugs do no more than the stronger one alone",
    "loewe": "each drug is a dilution of the other; past the weaker drug's full effect, the stronger one alone",
    "zip": "the shares multiply (as Bliss), read from fitted curves",
    "musyc": "neither drug shifts the other's dose, and both reach the stronger one's full effect",
    "braid": "doses add on the scale of a common curve (kappa = 0)",
}
FEWEST_DOSES = 3
SLOPES = 0.1, 10.0
EFFECTS = 0.0, 1.5
TIGHT = {"ftol": 1e-12, "xtol": 1e-12, "gtol": 1e-12}


class Matrix(NamedTuple):
    """Wells of a dose matrix as shares of the wells with neither drug, and their means by experiment."""

    first: Array
    second: Array
    experiments: tuple[str, ...]
    wells: list[Array]  # by experiment: first dose, second dose, wells; NaN where a pair has fewer
    mean: Array  # experiments, first, second


class Fit(NamedTuple):
    """One model on one surface; `start` is where a refit may begin."""

    expected: Array
    excess: Array
    parameters: dict[str, float]
    start: Start | None = None


@dataclass(frozen=True, eq=False)
class Synergy:
    """What one model says of a surface; see ``combine``.

    Attributes
    ----------
    model
        A key of ``EXPECTS``, which tells in words what it expects.
    expected, excess
        Shape (first doses, second doses), doses ascending from zero: the share of control expected without interaction,
        and the killing beyond it (share of control; above zero: synergy; zero where one drug is absent).
    interval
        Of the mean excess over the pairs with both drugs; None where ``Combination.missing`` says why.
    estimate
        The mean excess.
    parameters
        One row per parameter of the interaction, as index: estimate, lower, upper, none (its value without
        interaction). Bliss, HSA and ZIP have none. MuSyC: ``log2_shift_first``, ``log2_shift_second`` (doublings by
        which the other drug at full effect lowers the half-effective dose of the first, the second) and ``beta`` (full
        effect of both beyond the stronger drug's, as a share of the stronger drug's). BRAID: ``kappa``. Loewe:
        ``log2_combination_index``, the mean over pairs that have one.
    failed
        Resamples on which the model could not be fitted.

    Examples
    --------
    From simulated wells, at eight doses of one drug and six of the other, zero among them:

    >>> from fxyd3.data.simulate import two_drugs
    >>> from fxyd3.rescue import combine
    >>> wells = two_drugs().table.query("cells == 'FXYD3-high'")
    >>> model = combine(wells, models=["bliss"], resamples=20).models["bliss"]
    >>> model.call, model.excess.shape
    ('synergy', (8, 6))
    """

    model: str
    expected: Array
    excess: Array
    interval: Interval | None
    estimate: float
    parameters: "pd.DataFrame"
    failed: int

    @property
    def call(self) -> str:
        """What the model calls it: synergy, antagonism, neither (the interval holds zero), or "no interval"."""
        if self.interval is None:
            return "no interval"
        return "synergy" if self.interval.lower > 0 else "antagonism" if self.interval.upper < 0 else "neither"


@dataclass(frozen=True, eq=False)
class Combination:
    """All models on one surface; see ``combine``.

    Attributes
    ----------
    models
        Name to ``Synergy``.
    surface
        One row per pair of doses: the two dose columns, ``response``, then ``MODEL_expected`` and ``MODEL_excess`` of
        each model, and ``combination_index`` (Loewe; below one: synergy; NaN where one drug cannot reach the effect).
    first, second
        Doses, ascending from zero.
    first_name, second_name
        Their columns.
    response
        Mean over experiments, shape (first, second), as a share of the wells with neither drug.
    n, unit
        What was resampled: "experiments" or, within one experiment, "wells".
    missing
        Why there are no intervals; empty: there are.

    Examples
    --------
    From simulated wells:

    >>> from fxyd3.data.simulate import two_drugs
    >>> from fxyd3.rescue import combine
    >>> wells = two_drugs().table.query("cells == 'FXYD3-high'")
    >>> found = combine(wells, models=["bliss", "hsa"], resamples=20)
    >>> sorted(found.models), found.n, found.unit, found.response.shape
    (['bliss', 'hsa'], 4, 'experiments', (8, 6))
    """

    models: Mapping[str, Synergy]
    surface: "pd.DataFrame"
    first: Array
    second: Array
    first_name: str
    second_name: str
    response: Array
    n: int
    unit: str
    missing: str

    def summary(self) -> "pd.DataFrame":
        """Return the models below each other: model, expects, excess, lower, upper, call."""
        import pandas as pd

        rows = []
        for name, found in self.models.items():
            _, lower, upper = found.interval or (np.nan,) * 3
            rows.append((name, EXPECTS[name], found.estimate, lower, upper, found.call))
        return pd.DataFrame(rows, columns=["model", "expects", "excess", "lower", "upper", "call"])


def combine(
    table: "pd.DataFrame",
    *,
    first: str = "chemotherapy_nM",
    second: str = "glycoside_nM",
    response: str = "viability",
    experiment: str = "experiment",
    models: Sequence[str] = tuple(EXPECTS),
    resamples: int = 200,
    confidence: float = 0.95,
    seed: int = 1,
) -> Combination:
    """Ask each model of drug combination how much two drugs kill beyond what it expects of them.

    Parameters
    ----------
    table
        One row per well, of one kind of cells: two doses, the response (any unit that is proportional to living cells:
        it is divided by the mean of the wells with neither drug of the same experiment), and the experiment (without
        that column all wells are one). Every experiment holds every pair of doses, each drug alone included.
    first, second, response, experiment
        Columns.
    models
        Which of ``EXPECTS``.
    resamples
        Bootstrap samples.
    confidence
        Of the intervals.
    seed
        Of the bootstrap.

    Returns
    -------
    Combination

    Raises
    ------
    InputError
        For a column that is missing, several kinds of cells, doses or responses that are negative or no numbers, no
        wells with neither drug, missing wells of a drug alone or of a pair, fewer than three doses of a drug, an
        unknown model, or a confidence outside (0, 1).

    Notes
    -----
    Models are fitted to the mean surface by the ``synergy`` package; expectations of Bliss and HSA use the wells of
    each drug alone, those of Loewe and ZIP four-parameter Hill curves of them. Two steps are not the package's: Loewe's
    equation is solved by bisection, which the package solves to 1e-5 only, and each slice of ZIP is fitted once, which
    the package fits once per well.
    MuSyC has no cooperativity terms; BRAID is in its form with kappa; both are fitted with the drugs either way round.

    With two or more experiments these are resampled; with one, its wells, within each pair of doses. The interval is
    the estimate plus and minus Student's quantile times the standard error of the bootstrap, which is widened for the
    small number of units (Hesterberg 2015): percentiles would be too narrow. A parameter that cannot be had in every
    resample has no interval.

    The combination index exists only where either drug alone can reach the effect of the pair. The pairs that kill most
    may have none, so that its mean says too little of drugs that do together what neither can do.

    References
    ----------
    Bliss 1939, doi:10.1111/j.1744-7348.1939.tb06990.x. Loewe & Muischnek 1926, doi:10.1007/BF01952257. Yadav 2015,
    doi:10.1016/j.csbj.2015.09.001 (ZIP). Meyer 2019, doi:10.1016/j.cels.2019.01.003 (MuSyC). Twarog 2016,
    doi:10.1038/srep25523 (BRAID). Wooten & Albert 2020, doi:10.1093/bioinformatics/btaa826 (the package). Hesterberg
    2015, doi:10.1080/00031305.2015.1089789.

    When not to use
    ---------------
    To choose the model that calls synergy: the question chooses it. Loewe asks whether two drugs are more than one drug
    in two tubes; Bliss, whether they act independently; HSA and MuSyC, whether both do what the stronger cannot, so
    that both call independent drugs synergistic (MuSyC says how: by ``beta``, not by its shifts). As proof of benefit
    in patients: excess on a plate says nothing of doses that a person can have.

    Examples
    --------
    Simulated wells of one kind of cells, and two of the models:

    >>> from fxyd3.data.simulate import two_drugs
    >>> from fxyd3.rescue import combine
    >>> wells = two_drugs().table.query("cells == 'FXYD3-high'")
    >>> combine(wells, models=["bliss", "hsa"], resamples=20).summary()[["model", "excess", "call"]].round(1)
       model  excess     call
    0  bliss     0.2  synergy
    1    hsa     0.3  synergy
    """
    import pandas as pd

    check_confidence(confidence)
    unknown = [name for name in models if name not in EXPECTS]
    if unknown:
        raise InputError(
            f"There is no model '{unknown[0]}'{nearest(unknown[0], EXPECTS)}: there are {', '.join(EXPECTS)}."
        )
    if resamples < 2:
        raise InputError(f"The number of resamples is {resamples}: give 2 or more.")
    matrix = read_matrix(table, first=first, second=second, response=response, experiment=experiment)
    surface = matrix.mean.mean(axis=0)
    fits = {name: _fit(name, matrix.first, matrix.second, surface) for name in models}
    again, n, unit, df, wider, missing = _resampled(matrix, resamples, seed)
    quantile = wider * float(stats.t.ppf((1 + confidence) / 2, df)) if df else np.nan

    found = {}
    for name, fit in fits.items():
        refits: dict[bytes, Array] = {}
        numbers = _numbers(fit)
        for each in again:  # few experiments give few distinct resamples
            if (key := each.tobytes()) not in refits:
                refits[key] = _numbers(_fit(name, matrix.first, matrix.second, each, fit.start), len(numbers))
        drawn = np.array([refits[each.tobytes()] for each in again]).reshape(-1, len(numbers))
        good = np.isfinite(drawn[:, 0])
        half = quantile * drawn[good].std(axis=0, ddof=1) if good.sum() > 1 else np.full(len(numbers), np.nan)
        rows = np.column_stack([numbers, numbers - half, numbers + half])
        parameters = pd.DataFrame(rows[1:], index=list(fit.parameters), columns=["estimate", "lower", "upper"])
        estimate, lower, upper = map(float, rows[0])
        found[name] = Synergy(
            model=name, expected=fit.expected, excess=fit.excess, estimate=estimate, failed=int((~good).sum()),
            interval=Interval(estimate, lower, upper) if np.isfinite(lower) else None,
            parameters=parameters.assign(none=0.0),
        )  # fmt: skip

    one, two = _pairs(matrix.first, matrix.second)
    long = pd.DataFrame({first: one, second: two, "response": surface.ravel()})
    for name, fit in fits.items():
        long[f"{name}_expected"], long[f"{name}_excess"] = fit.expected.ravel(), fit.excess.ravel()
    if "loewe" in fits:
        long["combination_index"] = _index(matrix.first, matrix.second, surface).ravel()
    return Combination(found, long, matrix.first, matrix.second, first, second, surface, n, unit, missing)


def disagreement(found: Combination) -> "pd.DataFrame":
    """Set the models against each other on one surface: what each calls it, and where two differ most.

    Parameters
    ----------
    found
        See ``combine``.

    Returns
    -------
    pandas.DataFrame
        One row per pair of models, the largest difference first: model, other, call, other_call (see ``Synergy.call``),
        then the two dose columns, excess and other_excess (share of control) at the pair of doses where the two differ
        most. Pairs with a model that could not be fitted are left out.

    When not to use
    ---------------
    To find the right model: models differ since they ask different questions; see ``EXPECTS``.

    Examples
    --------
    Simulated wells on which the drugs act independently; one of two models calls that synergy:

    >>> from fxyd3.data.simulate import two_drugs
    >>> from fxyd3.rescue import combine, disagreement
    >>> wells = two_drugs(null=True).table.query("cells == 'FXYD3-low'")
    >>> found = combine(wells, models=["bliss", "hsa"], resamples=20)
    >>> disagreement(found)[["model", "other", "call", "other_call"]]
       model other     call other_call
    0  bliss   hsa  neither    synergy
    """
    import pandas as pd

    rows = []
    for (name, one), (other, two) in combinations(found.models.items(), 2):
        apart = np.abs(one.excess - two.excess)
        if np.isfinite(apart).all():
            i, j = np.unravel_index(apart.argmax(), apart.shape)
            where = found.first[i], found.second[j], one.excess[i, j], two.excess[i, j]
            rows.append((name, other, one.call, two.call, *where))
    names = ["model", "other", "call", "other_call", found.first_name, found.second_name]
    table = pd.DataFrame(rows, columns=[*names, "excess", "other_excess"])
    order = (table["excess"] - table["other_excess"]).abs().sort_values(ascending=False, kind="stable").index
    return table.loc[order].reset_index(drop=True)


def read_matrix(table: "pd.DataFrame", *, first: str, second: str, response: str, experiment: str) -> Matrix:
    """Check the wells of one kind of cells and lay them out; raises InputError, see ``combine``."""
    for column in (first, second, response):
        if column not in table:
            raise InputError(f"The two-drug table has no column '{column}'{nearest(column, map(str, table.columns))}.")
    if not len(table):
        raise InputError("The two-drug table has no rows: give one row for each well.")
    kinds = table["cells"].unique() if "cells" in table else ()
    if len(kinds) > 1:
        raise InputError(f"The table holds several kinds of cells ({few(kinds)}): give one at a time.")
    values = {}
    for column in (first, second, response):
        try:
            values[column] = table[column].to_numpy(dtype=float)
        except (TypeError, ValueError):
            raise InputError(f"The column '{column}' holds values that are not numbers.") from None
        bad = ~(np.isfinite(values[column]) & (values[column] >= 0))
        if bad.any():
            raise InputError(
                f"The column '{column}' holds {few(table[column][bad].unique())}: give numbers that are 0 or more."
            )
    names = np.array(table[experiment].astype(str) if experiment in table else ["all wells"] * len(table), dtype=str)
    experiments = tuple(str(name) for name in np.unique(names))
    one, i = np.unique(values[first], return_inverse=True)
    two, j = np.unique(values[second], return_inverse=True)
    for column, doses in ((first, one), (second, two)):
        if (doses > 0).sum() < FEWEST_DOSES:
            raise InputError(
                f"The column '{column}' has {(doses > 0).sum()} doses above zero: curves need {FEWEST_DOSES} or more."
            )
    wells = []
    for name in experiments:
        own = names == name
        count = np.zeros((len(one), len(two)), dtype=int)
        np.add.at(count, (i[own], j[own]), 1)
        _check_complete(name, count, one, two, first, second)
        laid = np.full((*count.shape, count.max()), np.nan)
        order = np.lexsort((values[response][own], j[own], i[own]))  # by value, so that the order of rows is no matter
        rows, columns = i[own][order], j[own][order]
        place = np.arange(len(order)) - np.concatenate([[0], np.cumsum(count.ravel())[:-1]])[rows * len(two) + columns]
        laid[rows, columns, place] = values[response][own][order]
        untreated = np.nanmean(laid[0, 0])
        if untreated <= 0:
            raise InputError(f"The wells of {name} with neither drug read 0: there is nothing to compare with.")
        wells.append(laid / untreated)
    return Matrix(one, two, experiments, wells, np.stack([np.nanmean(laid, axis=2) for laid in wells]))


def check_confidence(confidence: float) -> None:
    """Raise InputError for a confidence outside (0, 1)."""
    if not 0 < confidence < 1:
        raise InputError(f"The confidence is {confidence}: it must lie between 0 and 1.")


def _check_complete(name: str, count: NDArray[np.int_], one: Array, two: Array, first: str, second: str) -> None:
    if one[0] > 0 or two[0] > 0 or not count[0, 0]:
        raise InputError(f"{name} has no wells with neither drug: every response is told as a share of them.")
    for column, doses, alone in ((first, one, count[:, 0]), (second, two, count[0])):
        if not alone.all():
            raise InputError(
                f"{name} has no wells of {column} alone at {few(f'{dose:g}' for dose in doses[alone == 0])}: every "
                "model compares with each drug alone; add them, or leave these doses out."
            )
    lacking = [f"{one[a]:g} with {two[b]:g}" for a, b in np.argwhere(count == 0)]
    if lacking:
        raise InputError(f"{name} has no wells at {few(lacking)} ({first} with {second}): give every pair of doses.")


def _resampled(matrix: Matrix, resamples: int, seed: int) -> tuple[list[Array], int, str, int, float, str]:
    """Return surfaces drawn again, the units drawn, their name, degrees of freedom, a widening, and what is missing."""
    rng, n = np.random.default_rng(seed), len(matrix.experiments)
    if n > 1:
        draws = np.sort(rng.integers(0, n, (resamples, n)), axis=1)
        return [matrix.mean[draw].mean(axis=0) for draw in draws], n, "experiments", n - 1, np.sqrt(n / (n - 1)), ""
    (wells,) = matrix.wells
    count = np.isfinite(wells).sum(axis=2)
    if (count < 2).any():
        return [], 1, "wells", 0, np.nan, "no replicates: one experiment with one well for some pairs of doses"
    off = (wells - matrix.mean[0][..., None]) * np.sqrt(count / (count - 1))[..., None]
    again = []
    for _ in range(resamples):
        at = (rng.random(wells.shape) * count[..., None]).astype(int)
        drawn = np.where(np.isfinite(wells), np.take_along_axis(off, at, axis=2), np.nan)
        surface = np.maximum(matrix.mean[0] + np.nanmean(drawn, axis=2), 0)
        again.append(surface / surface[0, 0])
    return again, int(count.sum()), "wells", int((count - 1).sum()), 1.0, ""


def _numbers(fit: Fit, length: int = 0) -> Array:
    """Return the mean excess over pairs with both drugs, then the parameters; NaN where the fit failed."""
    numbers = np.array([fit.excess[1:, 1:].mean(), *fit.parameters.values()])
    return numbers if len(numbers) >= length else np.full(length, np.nan)


def _pairs(first: Array, second: Array) -> tuple[Array, Array]:
    one, two = np.meshgrid(first, second, indexing="ij")
    return one.ravel(), two.ravel()


def _package(name: str) -> Any:
    """Import a part of the `synergy` package, whose docstrings make Python warn when it compiles them."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return import_module(f"synergy.{name}")


def _fit(name: str, first: Array, second: Array, surface: Array, start: Start | None = None) -> Fit:
    """Fit one model; all NaN, without parameters, where it cannot be fitted."""
    fits = {"loewe": _loewe, "zip": _zip, "musyc": _musyc, "braid": _braid}
    fit = fits.get(name, partial(_alone, name))
    with np.errstate(all="ignore"), warnings.catch_warnings():
        warnings.simplefilter("ignore")
        try:
            found = fit(first, second, surface, start)
        except (RuntimeError, ValueError):  # of curve_fit: no convergence
            nothing = np.full(surface.shape, np.nan)
            return Fit(nothing, nothing, {})
    excess = found.excess.copy()
    excess[0], excess[:, 0] = 0, 0
    return found._replace(excess=excess)


def _alone(name: str, first: Array, second: Array, surface: Array, _: object) -> Fit:
    model = getattr(_package("combination"), {"bliss": "Bliss", "hsa": "HSA"}[name])()
    model.fit(*_pairs(first, second), surface.ravel())
    expected = model.reference.reshape(surface.shape)
    return Fit(expected, expected - surface, {})


def _hills(first: Array, second: Array, surface: Array) -> tuple[Any, Any]:
    """Return the Hill curve of each drug alone."""
    hills = []
    for dose, response in ((first, surface[:, 0]), (second, surface[0])):
        ends = dose[1] / 100, dose[-1] * 100
        hill = _package("single").Hill(E0_bounds=(0.5, 1.5), Emax_bounds=EFFECTS, h_bounds=SLOPES, C_bounds=ends)
        hill.fit(dose, response, **TIGHT)
        hills.append(hill)
    return hills[0], hills[1]


def _loewe(first: Array, second: Array, surface: Array, _: object) -> Fit:
    one, two = _hills(first, second, surface)
    expected = _solved(one, two, first, second)
    index = _index(first, second, surface, (one, two))
    usual = float(np.nanmean(np.log2(index)))  # NaN where no pair has one
    return Fit(expected, expected - surface, {"log2_combination_index": usual})


def _solved(one: Any, two: Any, first: Array, second: Array) -> Array:
    """Solve Loewe's equation for the effect, by bisection; where it has no solution, take the stronger drug alone."""
    alone = one.E(first), two.E(second)
    expected: Array = np.minimum(alone[0][:, None], alone[1])
    expected[:, 0], expected[0] = alone[0], alone[1]
    expected[0, 0] = (one.E0 + two.E0) / 2
    a, b = first[1:, None], second[None, 1:]
    low, high = max(one.Emax, two.Emax), min(one.E0, two.E0)
    if low >= high:
        return expected

    def beyond(effect: Array) -> Array:
        needed = (np.nan_to_num(hill.E_inv(effect), nan=np.inf, posinf=np.inf) for hill in (one, two))
        return np.asarray(sum(dose / each for dose, each in zip((a, b), needed, strict=True)) - 1)

    lower, upper = np.full((a.size, b.size), low), np.full((a.size, b.size), high)
    defined = (alone[0][1:, None] > low) & (alone[1][None, 1:] > low)
    for _ in range(60):
        middle = (lower + upper) / 2
        above = beyond(middle) > 0
        lower, upper = np.where(above, lower, middle), np.where(above, middle, upper)
    expected[1:, 1:][defined] = ((lower + upper) / 2)[defined]
    return expected


def _index(first: Array, second: Array, surface: Array, hills: tuple[Any, Any] | None = None) -> Array:
    """Return the combination index of each pair; NaN where one drug cannot reach the effect, or is absent."""
    with np.errstate(all="ignore"):
        one, two = hills or _hills(first, second, surface)
        model = _package("combination").Loewe(mode="ci", drug1_model=one, drug2_model=two)
        index = np.asarray(model.fit(*_pairs(first, second), surface.ravel())).reshape(surface.shape)
    index[0], index[:, 0] = np.nan, np.nan
    return index


def _zip(first: Array, second: Array, surface: Array, _: object) -> Fit:
    one, two = _hills(first, second, surface)
    top = (one.E0 + two.E0) / 2
    alone = [_curve(dose, top, hill.Emax, hill.h, hill.C) for dose, hill in ((first, one), (second, two))]
    expected = np.outer(*alone)
    seen = np.zeros((2, *surface.shape))
    for j in range(1, len(second)):
        seen[0, :, j] = _slice(first, surface[:, j], alone[1][j], one)
    for i in range(1, len(first)):
        seen[1, i] = _slice(second, surface[i], alone[0][i], two)
    return Fit(expected, expected - seen.mean(axis=0), {})


def _curve(dose: Array, top: float, bottom: float, slope: float, half: float) -> Array:
    return np.asarray(bottom + (top - bottom) / (1 + (dose / half) ** slope))


def _slice(dose: Array, response: Array, top: float, hill: Any) -> Array:
    """Fit one drug's curve at a fixed dose of the other, from a given top, and return it."""
    ends = np.log([SLOPES, (dose[1] / 100, dose[-1] * 100)])
    low, high = np.array([EFFECTS[0], *ends[:, 0]]), np.array([EFFECTS[1], *ends[:, 1]])

    def off(p: Array) -> Array:
        return _curve(dose, top, p[0], np.exp(p[1]), np.exp(p[2])) - response

    def slope(p: Array) -> Array:
        h = np.exp(p[1])
        far = (dose / np.exp(p[2])) ** h
        share = 1 / (1 + far)
        steep = (top - p[0]) * share * (1 - share)
        logs = np.log(np.maximum(dose, 1e-300)) - p[2]
        return np.stack([1 - share, -h * logs * steep, h * steep], axis=1)

    start = np.clip([hill.Emax, np.log(hill.h), np.log(hill.C)], low + 1e-9, high - 1e-9)
    fit = optimize.least_squares(off, start, jac=slope, bounds=(low, high))
    return off(fit.x) + response


def _musyc(first: Array, second: Array, surface: Array, start: Start | None) -> Fit:
    model = _package("combination").MuSyC
    fit = _parametric(model, first, second, surface, start, fit_gamma=False, alpha_bounds=(1e-3, 1e3))
    shifts = [float(np.log2(fit.model.alpha21)), float(np.log2(fit.model.alpha12))]
    one, two = reversed(shifts) if fit.turned else shifts
    parameters = {"log2_shift_first": one, "log2_shift_second": two, "beta": float(fit.model.beta)}
    return Fit(fit.expected, fit.expected - surface, parameters, fit.start)


def _braid(first: Array, second: Array, surface: Array, start: Start | None) -> Fit:
    fit = _parametric(_package("combination").BRAID, first, second, surface, start, kappa_bounds=(-1.96, 100.0))
    return Fit(fit.expected, fit.expected - surface, {"kappa": float(fit.model.kappa)}, fit.start)


class Turn(NamedTuple):
    """A parametric model fitted with the drugs in one of the two orders."""

    model: Any
    turned: bool
    expected: Array
    start: Start
    off: float


def _parametric(kind: Any, first: Array, second: Array, surface: Array, start: Start | None, **more: Any) -> Turn:
    """Fit with the drugs either way round, since the package may end elsewhere, and keep the closer one."""
    found = []
    for turned in (False, True) if start is None else (start[0],):
        one, two, seen = (second, first, surface.T) if turned else (first, second, surface)
        bounds = {f"C{i}_bounds": (dose[1] / 100, dose[-1] * 100) for i, dose in enumerate((one, two), start=1)}
        model, pairs = kind(E_bounds=EFFECTS, h_bounds=SLOPES, **bounds, **more), _pairs(one, two)
        try:
            model.fit(*pairs, seen.ravel(), p0=start[1] if start else None)
        except (RuntimeError, ValueError):  # of curve_fit: no convergence
            continue
        if model.is_converged:
            expected = np.asarray(model.E_reference(*pairs)).reshape(seen.shape)
            off = float(((np.asarray(model.E(*pairs)) - seen.ravel()) ** 2).sum())
            began = turned, list(model.get_parameters().values())
            found.append(Turn(model, turned, expected.T if turned else expected, began, off))
    if not found:
        raise RuntimeError(kind.__name__)
    return min(found, key=lambda fit: fit.off)

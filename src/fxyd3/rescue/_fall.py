"""How far a blocked pump lowers the half-effective dose of chemotherapy, FXYD3-high against FXYD3-low cells."""

from dataclasses import dataclass
from typing import TYPE_CHECKING, NamedTuple

import numpy as np
from numpy.typing import NDArray
from scipy import stats
from scipy.optimize import least_squares
from scipy.special import expit, huber

from fxyd3.claims import Interval
from fxyd3.errors import InputError
from fxyd3.rescue._combine import Matrix, check_confidence, read_matrix
from fxyd3.rescue._excess import FEWEST_EXPERIMENTS, by_experiment, described, of_cells, over, too_few
from fxyd3.rescue._hill import BEYOND, FLATTEST, HUBER, LEVEL, STEEPEST

if TYPE_CHECKING:
    from collections.abc import Mapping

    import pandas as pd

Array = NDArray[np.float64]

FLOOR = 0.05  # noise of a well without signal, relative to that of an untreated one
ROUNDS = 20
SETTLED = 1e-3  # change of any parameter in a round
TINY = 1e-6  # relative noise below which wells count as free of it
SLOPES, PLACES = (0.5, 1.0, 2.0, 4.0), np.linspace(-0.1, 1.1, 13)  # where fits may begin


@dataclass(frozen=True, eq=False)
class Ec50Fall:
    """Fall of the half-effective chemotherapy dose under a pump blocker; see ``ec50_fall``.

    Attributes
    ----------
    high, low
        Names of the two kinds of cells.
    dose
        The highest dose of the blocker that both kinds saw: the one that the claim is judged at.
    curves
        One row per experiment, kind of cells and dose of the blocker: experiment, cells, the column of the blocker's
        dose, top, bottom (share of untreated cells), ec50, hill (shared by the curves of an experiment and kind), fall
        (log2), why (it cannot be read; empty: it can). What cannot be read is NaN.
    per_experiment
        One row per experiment with both kinds: experiment, high, low (fall at ``dose``, log2), beyond (their
        difference); NaN where one cannot be read.
    by_dose
        One row per kind of cells and dose of the blocker: cells, the dose, n (experiments), fall (mean, log2), lower,
        upper (Student's over experiments, of this dose alone; NaN with one).
    left_out
        Experiments that do not count: experiment, why.
    interval
        Mean of ``beyond`` with Student's interval over experiments; None with fewer than two.
    control
        Negative control: the same of ``low`` cells, the wells of each pair of doses dealt at random into two groups;
        None where it cannot be had.
    dealt
        The control by experiment: experiment, beyond.
    n
        Experiments that count.
    missing
        What a test of the claim lacks; empty: nothing.
    first, second
        Dose columns of chemotherapy and blocker.

    Examples
    --------
    From simulated wells:

    >>> from fxyd3.data.simulate import two_drugs
    >>> from fxyd3.rescue import ec50_fall
    >>> found = ec50_fall(two_drugs().table)
    >>> found.high, found.low, found.n, found.missing
    ('FXYD3-high', 'FXYD3-low', 4, '')
    >>> found.interval.lower > 0
    True
    """

    high: str
    low: str
    dose: float
    curves: "pd.DataFrame"
    per_experiment: "pd.DataFrame"
    by_dose: "pd.DataFrame"
    left_out: "pd.DataFrame"
    interval: Interval | None
    control: Interval | None
    dealt: "pd.DataFrame"
    n: int
    missing: str
    first: str
    second: str

    def summary(self) -> "pd.DataFrame":
        """Return falls at ``dose`` as folds: what, experiments, fold, lower, upper; the control is the last row."""
        import pandas as pd

        top = self.by_dose[self.by_dose[self.second] == self.dose]
        rows: list[tuple[object, ...]] = [
            (name, n, fall, lower, upper) for name, _, n, fall, lower, upper in top.itertuples(index=False, name=None)
        ]
        if self.interval:
            rows.append((f"{self.high} beyond {self.low}", self.n, *self.interval))
        if self.control:
            rows.append((f"{self.low}, dealt at random", len(self.dealt), *self.control))
        found = pd.DataFrame(rows, columns=["what", "experiments", "fold", "lower", "upper"])
        folds = ["fold", "lower", "upper"]
        return found.assign(**{name: np.exp2(found[name].astype(float)) for name in folds})


class Curves(NamedTuple):
    """Curves of chemotherapy at each dose of the blocker, of one experiment and kind of cells."""

    top: Array
    bottom: Array
    ec50: Array
    hill: float
    why: list[str]

    @property
    def fall(self) -> Array:
        """Log2 fall of the half-effective dose from that without blocker; NaN where either cannot be read."""
        read = np.where([not why for why in self.why], np.log2(self.ec50), np.nan)
        return np.asarray(read[0] - read)


def ec50_fall(
    table: "pd.DataFrame",
    *,
    high: str = "FXYD3-high",
    low: str = "FXYD3-low",
    first: str = "chemotherapy_nM",
    second: str = "glycoside_nM",
    response: str = "viability",
    experiment: str = "experiment",
    group: str = "cells",
    confidence: float = 0.95,
    seed: int = 1,
) -> Ec50Fall:
    """Estimate how far a pump blocker lowers the half-effective chemotherapy dose, in some cells beyond others.

    In each experiment and kind of cells, Hill curves of chemotherapy are fitted together, one for each dose of the
    blocker, with a common slope and each with its own top, bottom and half-effective dose. The fall is log2 of that
    dose without the blocker, less log2 of it at the blocker's highest dose. Student's interval of the difference
    between the two kinds runs over experiments, the units.

    Parameters
    ----------
    table
        One row per well: see ``combine``; several kinds of cells may stand in it.
    high, low
        Values of the column ``group``.
    first, second, response, experiment, group
        Columns; ``second`` holds the blocker. Without ``experiment`` all wells are one.
    confidence
        Of the intervals.
    seed
        Of the random deal of the control.

    Returns
    -------
    Ec50Fall
        Where something is ``missing``, the numbers that can be had are given as a description.

    Raises
    ------
    InputError
        For neither kind of cells or twice the same, no dose of the blocker common to both, and as
        ``combine``.

    Notes
    -----
    Each curve has a top of its own, so that what the blocker kills by itself is no fall. Means of wells are fitted by
    least squares with a standard deviation proportional to the curve (and never below a twentieth of that of untreated
    wells), round by round until it settles; from the second round on, means far off count less, by Huber's loss.

    An experiment does not count where a curve that the claim needs is flat (an F test of this loss against that of a
    constant, with 2 degrees of freedom, has p >= 0.05) or rising, or where its half-effective dose lies beyond the
    doses tested.

    References
    ----------
    Hafner 2016, doi:10.1038/nmeth.3853 (test for a flat curve). Student 1908, doi:10.1093/biomet/6.1.1.

    When not to use
    ---------------
    To compare cells that divide at different rates where only one of them slows under the blocker: see ``gr_metrics``.
    For the dose a patient may have: the highest dose of the blocker is chosen by the experiment; read ``by_dose`` at
    clinical doses. Where experiments are left out because their dose lies beyond the range: the others are no fair
    sample.

    Examples
    --------
    Simulated wells; falls of the dose, as folds:

    >>> from fxyd3.data.simulate import two_drugs
    >>> from fxyd3.rescue import ec50_fall
    >>> found = ec50_fall(two_drugs().table)
    >>> found.summary()[["what", "fold", "lower", "upper"]].round(1)
                              what  fold  lower  upper
    0                   FXYD3-high   5.2    2.9    9.4
    1                    FXYD3-low   1.0    0.7    1.3
    2  FXYD3-high beyond FXYD3-low   5.5    2.4   12.5
    3   FXYD3-low, dealt at random   1.0    0.6    1.7
    """
    import pandas as pd

    check_confidence(confidence)
    if high == low:
        raise InputError(f"Both kinds of cells are called '{high}': give two kinds to compare.")
    kinds = {name: _read(table, name, first, second, response, experiment, group) for name in (high, low)}
    there = {name: matrix for name, matrix in kinds.items() if matrix}
    if not there:
        of_cells(table, high, group)
    common = set.intersection(*({*matrix.second[1:].tolist()} for matrix in there.values()))
    if not common:
        raise InputError(f"'{high}' and '{low}' share no dose in column '{second}': give both the same doses.")
    dose = max(common)
    fits = {(name, each): fit_together(wells, matrix.first)
            for name, matrix in there.items()
            for each, wells in zip(matrix.experiments, matrix.wells, strict=True)}  # fmt: skip
    curves = pd.concat(
        [
            pd.DataFrame({"experiment": each, "cells": name, second: there[name].second, "top": fit.top,
                          "bottom": fit.bottom, "ec50": fit.ec50, "hill": fit.hill, "fall": fit.fall, "why": fit.why})
            for (name, each), fit in fits.items()
        ],
        ignore_index=True,
    )  # fmt: skip
    curves.loc[curves["why"] != "", "ec50"] = np.nan
    by_dose = pd.DataFrame(
        [
            (name, at, len(falls), *described(falls, confidence))
            for (name, at), own in curves[curves[second] > 0].groupby(["cells", second], sort=False)
            for falls in [own["fall"].dropna().to_numpy()]
        ],
        columns=["cells", second, "n", "fall", "lower", "upper"],
    )
    wide = curves[curves[second] == dose].pivot_table(index="experiment", columns="cells", values="fall", dropna=False)
    wide = wide.reindex(columns=[high, low], index=curves["experiment"].unique()).set_axis(["high", "low"], axis=1)
    per_experiment = wide.assign(beyond=wide["high"] - wide["low"]).rename_axis("experiment").reset_index()
    beyond = per_experiment["beyond"].dropna().to_numpy()
    dealt = _deal(there.get(low), dose, seed)
    return Ec50Fall(
        high=high,
        low=low,
        dose=dose,
        curves=curves,
        per_experiment=per_experiment,
        by_dose=by_dose,
        left_out=_left_out(curves, kinds, second, dose),
        interval=over(beyond, confidence),
        control=over(list(dealt.values()), confidence),
        dealt=by_experiment(dealt, "beyond"),
        n=len(beyond),
        missing=_missing(kinds, len(beyond), len(per_experiment), experiment, group, keyed=experiment in table),
        first=first,
        second=second,
    )  # fmt: skip


def fit_together(wells: Array, doses: Array) -> Curves:
    """Fit Hill curves with a common slope to wells (first doses from zero, second doses, replicates)."""
    mean, count = np.nanmean(wells, axis=2), np.isfinite(wells).sum(axis=2)
    x = np.log(doses[1:])
    g = mean.shape[1]

    def split(p: Array) -> tuple[Array, Array, Array, Array]:
        """Tops, bottoms, half-effective doses (log), and the effect of each dose (doses, curves)."""
        top, bottom, at = p[1:].reshape(3, g)
        effect = np.concatenate([np.zeros((1, g)), expit(np.exp(p[0]) * (x[:, None] - at))])
        return top, bottom, at, effect

    def curve(p: Array) -> Array:
        top, bottom, _, effect = split(p)
        return np.asarray(top + (bottom - top) * effect)

    def slopes(p: Array) -> Array:
        top, bottom, at, effect = split(p)
        steep = (bottom - top) * effect * (1 - effect)
        away = np.concatenate([np.zeros((1, g)), x[:, None] - at])
        found = np.zeros((*mean.shape, p.size))
        found[..., 0] = np.exp(p[0]) * away * steep
        for i, own in enumerate((1 - effect, effect, -np.exp(p[0]) * steep)):
            found[:, range(g), range(1 + i * g, 1 + (i + 1) * g)] = own
        return found

    low = np.concatenate([[FLATTEST], np.zeros(2 * g), np.full(g, x[0] - BEYOND)])
    high = np.concatenate([[STEEPEST], np.full(2 * g, 3 * mean.max()), np.full(g, x[-1] + BEYOND)])
    best, level, scale = _start(mean, x), mean, np.inf
    df = mean.size - best.size
    for _ in range(ROUNDS):
        weight = np.sqrt(count) / np.maximum(level, FLOOR) / min(scale, 1)
        before = best
        best = least_squares(
            lambda p, weight=weight: (weight * (curve(p) - mean)).ravel(),
            np.clip(before, low + 1e-9, high - 1e-9),
            jac=lambda p, weight=weight: (weight[..., None] * slopes(p)).reshape(mean.size, -1),
            bounds=(low, high),
            loss="huber" if np.isfinite(scale) else "linear",
            f_scale=HUBER,
        ).x
        level = curve(best)
        off = np.sqrt(count) * (mean - level) / np.maximum(level, FLOOR)
        scale = max(float(np.median(np.abs(off))) / stats.norm.ppf(0.75) * np.sqrt(mean.size / df), TINY)
        if np.abs(best - before).max() < SETTLED:
            break

    top, bottom, at, _ = split(best)
    weight = np.sqrt(count) / np.maximum(level, FLOOR) / scale
    around = np.average(mean, axis=0, weights=weight**2)
    gain = (huber(HUBER, weight * (mean - around)) - huber(HUBER, weight * (mean - level))).sum(axis=0)
    p = stats.f.sf(np.maximum(gain, 0), 2, df)
    why = []
    for i in range(g):
        if p[i] >= LEVEL:
            why.append("the curve is flat")
        elif bottom[i] >= top[i]:
            why.append("the curve rises with the dose")
        elif not x[0] <= at[i] <= x[-1]:
            why.append(f"the half-effective dose lies {'below' if at[i] < x[0] else 'above'} the doses tested")
        else:
            why.append("")
    return Curves(top, bottom, np.exp(at), float(np.exp(best[0])), why)


def _start(mean: Array, x: Array) -> Array:
    """Best of a grid of slopes and half-effective doses, each with its top and bottom by least squares."""
    places = x[0] + (x[-1] - x[0]) * PLACES
    weight = 1 / np.maximum(mean, FLOOR) ** 2
    tried = []
    for hill in SLOPES:
        effect = np.concatenate([np.zeros((1, len(places))), expit(hill * (x[:, None] - places))])
        s, w, y = effect[:, :, None], weight[:, None], mean[:, None]
        total = w.sum(axis=0)
        mean_s, mean_y = (w * s).sum(axis=0) / total, (w * y).sum(axis=0) / total
        drop = (w * (s - mean_s) * (y - mean_y)).sum(axis=0) / np.maximum((w * (s - mean_s) ** 2).sum(axis=0), 1e-12)
        top = mean_y - drop * mean_s
        loss = (w * (y - top - drop * s) ** 2).sum(axis=0)
        which = loss.argmin(axis=0), np.arange(mean.shape[1])
        tried.append((loss[which].sum(), [np.log(hill), *top[which], *(top + drop)[which], *places[which[0]]]))
    return np.array(min(tried)[1])


def _read(table: "pd.DataFrame", cells: str, *columns: str) -> Matrix | None:
    """Lay out the wells of some cells; None where there are none."""
    first, second, response, experiment, group = columns
    if group in table and not (table[group].astype(str) == cells).any():
        return None
    own = of_cells(table, cells, group)
    return read_matrix(own, first=first, second=second, response=response, experiment=experiment)


def _deal(matrix: Matrix | None, dose: float, seed: int) -> dict[str, float]:
    """Difference in fall between two random halves of the wells of one kind of cells, by experiment."""
    rng, found = np.random.default_rng(seed), {}
    if matrix is None:
        return {}
    for name, wells in zip(matrix.experiments, matrix.wells, strict=True):
        there = np.isfinite(wells)
        count = there.sum(axis=2)
        if (count < 2).any():
            continue
        order = np.where(there, rng.random(wells.shape), np.inf).argsort(axis=2).argsort(axis=2)
        first = order < ((count + rng.integers(0, 2, count.shape)) // 2)[..., None]
        one, two = (fit_together(np.where(half & there, wells, np.nan), matrix.first).fall for half in (first, ~first))
        beyond = float((one - two)[matrix.second == dose][0])
        if np.isfinite(beyond):
            found[name] = beyond
    return found


def _left_out(curves: "pd.DataFrame", kinds: "Mapping[str, Matrix | None]", second: str, dose: float) -> "pd.DataFrame":
    """Experiments that do not count, and the first reason of each."""
    import pandas as pd

    needed = curves[curves[second].isin([0, dose])]
    rows = []
    for each, own in needed.groupby("experiment"):
        absent = [f"no {name} cells" for name in kinds if name not in set(own["cells"])]
        unread = [f"{name} cells at {at:g} of the blocker: {why}"
                  for name, at, why in zip(own["cells"], own[second], own["why"], strict=True) if why]  # fmt: skip
        rows += [(each, why) for why in (absent + unread)[:1]]
    return pd.DataFrame(rows, columns=["experiment", "why"])


def _missing(
    kinds: "Mapping[str, Matrix | None]", n: int, experiments: int, experiment: str, group: str, *, keyed: bool
) -> str:
    """Return what a test over experiments lacks, in a few words."""
    absent = [name for name, matrix in kinds.items() if not matrix]
    if absent:
        return f"no cells '{absent[0]}' in column '{group}'"
    if not keyed or experiments < FEWEST_EXPERIMENTS:
        return too_few(experiments, experiment, keyed=keyed)
    if n < FEWEST_EXPERIMENTS:
        return f"three experiments in which all half-effective doses can be read: there {'is' if n == 1 else 'are'} {n}"
    return ""

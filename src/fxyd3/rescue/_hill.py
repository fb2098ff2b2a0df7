"""Dose-response curves: half-effective doses, what the highest dose leaves, and how sure each number is."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy import stats
from scipy.special import expit

from fxyd3.claims import Interval, t_interval
from fxyd3.data.report import few, nearest
from fxyd3.errors import InputError
from fxyd3.rescue._share import Unit, as_share

if TYPE_CHECKING:
    import pandas as pd

Array = NDArray[np.float64]
Mask = NDArray[np.bool_]

QUANTITIES = ("ec50", "ic50", "hill", "top", "bottom", "auc", "emax")
TOP, BOTTOM, EC50, HILL = range(4)  # parameters; the last two as logs
PARAMETERS = {"top": TOP, "bottom": BOTTOM, "ec50": EC50, "hill": HILL}
LOGS = ("ec50", "ic50", "hill")
HUBER = 1.5  # standard deviations from which a well counts less and less
LEVEL = 0.05  # of the tests that call a curve flat, or hooked
FLOORS = np.array([1, 0.5, 0.25, 0.1, 0.05, 0.02, 0.01, 0.005])  # variance without signal, share of that of control
BEYOND = np.log(1e3)  # how far outside the doses tested a half-effective dose is looked for
STEEPEST, FLATTEST = np.log(10.0), np.log(0.1)
HELD = 1e6  # how much firmer a constraint is than the data
ROUNDS = 60
FULL = 100.0  # numbers above it are told without decimals


@dataclass(frozen=True)
class Estimate:
    """A number with its interval; NaN: not known; an infinite upper limit: none within the doses."""

    estimate: float
    lower: float
    upper: float

    @property
    def interval(self) -> Interval:
        """Return the three as an ``Interval``."""
        return Interval(self.estimate, self.lower, self.upper)


@dataclass(frozen=True, eq=False)
class HillFit:
    """A four-parameter Hill curve; see ``fit_hill``.

    Attributes
    ----------
    ec50
        Dose halfway between top and bottom, in the unit of the doses; NaN where the curve is flat.
    ic50
        Dose where the response is half of ``top``; infinite where that is not reached within the doses tested, with a
        lower limit.
    hill
        Slope; NaN where the curve is flat.
    top, bottom
        Response without drug, and at an endless dose (shares of control).
    auc
        Mean of the curve over the log doses tested (share of control: 1 is no effect).
    emax
        Response at the highest dose tested, by the curve.
    shape
        "curve", "incomplete" (no lower plateau, or no upper one, among the doses), "flat", "rising" (more signal with
        more drug) or "hook" (falls, then rises again).
    note
        What the curve cannot tell, one sentence; empty: nothing to say.
    n
        Experiments.
    wells
        Wells.
    over
        What the intervals are over: "experiments", or "wells" of the one experiment.
    noise
        Standard deviation of a control well, share of control.
    per_experiment
        One row per experiment, as from ``fit_curves``.

    Examples
    --------
    From made-up wells:

    >>> from fxyd3.rescue import fit_hill
    >>> dose = [0, 0, 1, 3, 10, 30, 100, 300]
    >>> fit = fit_hill(dose, [1.02, 0.98, 0.93, 0.75, 0.51, 0.26, 0.08, 0.05])
    >>> fit.shape, fit.over, fit.wells
    ('curve', 'wells', 8)
    >>> fit.predict([0, 10]).round(1).tolist()
    [1.0, 0.5]
    """

    ec50: Estimate
    ic50: Estimate
    hill: Estimate
    top: Estimate
    bottom: Estimate
    auc: Estimate
    emax: Estimate
    shape: str
    note: str
    n: int
    wells: int
    over: str
    noise: float
    per_experiment: "pd.DataFrame"
    confidence: float

    def predict(self, dose: ArrayLike) -> Array:
        """Return the response (share of control) at some doses, in their shape; 0 gives ``top``."""
        given = np.asarray(dose, dtype=float)
        if self.shape == "flat":
            return np.full(given.shape, self.top.estimate)
        with np.errstate(divide="ignore"):
            effect = expit(self.hill.estimate * (np.log(given) - np.log(self.ec50.estimate)))
        return np.asarray(self.top.estimate + (self.bottom.estimate - self.top.estimate) * effect)

    def words(self) -> "pd.Series[str]":
        """Return each quantity with its interval in words, then the number of experiments and the note."""
        import pandas as pd

        def told(value: float) -> str:
            return f"{value:,.0f}" if value > FULL else f"{value:.3g}"

        found = {}
        for name in QUANTITIES:
            each = getattr(self, name)
            limits = f"{told(each.estimate)} ({told(each.lower)} to {told(each.upper)})"
            found[name] = "none" if not np.isfinite(each.estimate) else limits
        return pd.Series(found | {"experiments": str(self.n), "note": self.note})

    def summary(self) -> "pd.DataFrame":
        """Return one row per quantity, as index: estimate, lower, upper."""
        import pandas as pd

        rows = {name: getattr(self, name).interval for name in QUANTITIES}
        return pd.DataFrame.from_dict(rows, orient="index", columns=["estimate", "lower", "upper"])


@dataclass(frozen=True, eq=False)
class Ec50Ratio:
    """Half-effective dose of some cells relative to others, over experiments; see ``compare_ec50``.

    Attributes
    ----------
    per_experiment
        One row per experiment with both: experiment, test and against (the doses), log2_ratio; NaN where one of the
        two has no such dose.
    interval
        Mean log2 ratio with Student's interval over experiments; None with fewer than two.
    n
        Experiments that count.
    missing
        What a test lacks; empty: nothing.

    Examples
    --------
    From simulated plates:

    >>> from fxyd3.data.simulate import viability_plates
    >>> from fxyd3.rescue import compare_ec50, fit_curves, viability
    >>> wells = viability(viability_plates().table).query("plate.str.startswith('chemotherapy')")
    >>> ratio = compare_ec50(fit_curves(wells), test="ancestral", against="other")
    >>> ratio.n, ratio.missing, round(ratio.interval.estimate, 1)
    (4, '', 2.2)
    """

    per_experiment: "pd.DataFrame"
    interval: Interval | None
    n: int
    missing: str

    def summary(self) -> "pd.DataFrame":
        """Return one row: experiments, fold, lower, upper (times the other cells)."""
        import pandas as pd

        fold = np.exp2(np.array(self.interval or (np.nan,) * 3, dtype=float))
        return pd.DataFrame([(self.n, *fold)], columns=["experiments", "fold", "lower", "upper"])


def fit_hill(
    dose: ArrayLike,
    response: ArrayLike,
    *,
    experiment: ArrayLike | None = None,
    unit: Unit = "share",
    confidence: float = 0.95,
) -> HillFit:
    """Fit a four-parameter Hill curve to the wells of one drug on one kind of cell.

    ``top + (bottom - top) / (1 + (ec50 / dose) ** hill)``; a dose of zero is the control, which is ``top`` exactly.

    Parameters
    ----------
    dose
        Of each well, shape (n,), in any one unit; at least four different ones.
    response
        Of each well, shape (n,): living cells relative to the control.
    experiment
        Of each well (plate, day). With two or more, each is fitted by itself, and intervals are Student's over
        experiments (doses and slope on the log scale). Without it, intervals are over the wells of one experiment: they
        say how well this plate is read, not what the next one would show.
    unit
        Of the response: "share" or "percent".
    confidence
        Of the intervals.

    Returns
    -------
    HillFit

    Raises
    ------
    InputError
        For shapes that differ, values missing, negative or infinite doses, fewer than four different doses or five
        wells in an experiment, no dose above zero, or a response that contradicts its unit.

    Notes
    -----
    The standard deviation of a well is ``sqrt(a^2 + (b mean)^2)``; the ratio of a and b is chosen by pseudo-likelihood
    of absolute residuals, and the scale by their median. Wells far off count less, by Huber's loss. A limit of each
    quantity lies where the loss, least over all else, has risen by the quantile of F with 1 and n - 4 degrees of
    freedom (times the factor of a robust likelihood ratio): an interval by profile likelihood. A curve is flat when an
    F test with 3 and n - 4 degrees of freedom does not tell it from a constant (p >= 0.05), as in growth-rate metrics.

    References
    ----------
    Hafner 2016, doi:10.1038/nmeth.3853 (test for a flat line). Student 1908, doi:10.1093/biomet/6.1.1.

    When not to use
    ---------------
    To compare cells that divide at different rates: the same drug action then gives different curves, see
    ``gr_metrics``. To read an IC50 beyond the highest dose: there is none.

    Examples
    --------
    Made-up wells of one plate, as shares of the control:

    >>> from fxyd3.rescue import fit_hill
    >>> dose = [0, 0, 1, 3, 10, 30, 100, 300]
    >>> response = [1.02, 0.98, 0.93, 0.75, 0.51, 0.26, 0.08, 0.05]
    >>> fit_hill(dose, response).summary().loc[["ec50", "hill", "auc"]].round(1)
          estimate  lower  upper
    ec50       9.9    7.8   12.4
    hill       1.0    0.9    1.3
    auc        0.4    0.4    0.4
    """
    import pandas as pd

    doses, values = np.asarray(dose, dtype=float), np.asarray(response, dtype=float)
    names = np.full(doses.shape, "all wells", dtype=object) if experiment is None else np.asarray(experiment, object)
    if doses.ndim != 1 or doses.shape != values.shape or names.shape != doses.shape:
        raise InputError(
            f"There are {doses.size} doses, {values.size} responses and {names.size} experiments: give one of each "
            "for every well."
        )
    table = pd.DataFrame({"experiment": names, "dose": doses, "response": values})
    if table.isna().to_numpy().any():
        raise InputError("Some wells have no dose, response or experiment: leave them out.")
    each = fit_curves(
        table, groups=(), dose="dose", response="response", experiment="experiment", unit=unit, confidence=confidence
    )
    n, one = len(each), each.iloc[0]
    if n == 1:
        found = {name: Estimate(*map(float, one[_columns(name)])) for name in QUANTITIES}
        shape, note = str(one["shape"]), str(one["note"])
    else:
        found = {name: _over(each[_columns(name)], name, confidence) for name in QUANTITIES}
        counts = each["shape"].value_counts()
        shape = str(counts.index[0])
        if shape == "flat":
            nothing = Estimate(np.nan, np.nan, np.nan)
            found |= {"ec50": nothing, "hill": nothing}
        notes = each.loc[each["note"] != "", "note"].value_counts()
        note = "; ".join(f"{note}, in {times} of {n} experiments" for note, times in notes.items())
    return HillFit(
        **found, shape=shape, note=note, n=n, wells=len(table), over="wells" if n == 1 else "experiments",
        noise=float(each["noise"].mean()), per_experiment=each, confidence=confidence,
    )  # fmt: skip


def fit_curves(
    table: "pd.DataFrame",
    *,
    groups: Sequence[str] = ("cells", "drug"),
    dose: str = "dose_nM",
    response: str = "viability",
    experiment: str = "plate",
    unit: Unit = "share",
    confidence: float = 0.95,
) -> "pd.DataFrame":
    """Fit many Hill curves at once, one for each group and experiment; see ``fit_hill``.

    Parameters
    ----------
    table
        One row per well, such as ``normalise`` gives. With a column ``role``, only "control" and "drug" are taken;
        wells without a response are left out. Controls (dose 0) whose ``drug`` is "none" serve every drug of their
        experiment and other groups.
    groups
        Columns that tell curves apart.
    dose, response, experiment
        Columns.
    unit, confidence
        As in ``fit_hill``.

    Returns
    -------
    One row per curve: the groups, the experiment, wells, doses, shape, note, and for each of ec50, ic50, hill, top,
    bottom, auc and emax the estimate and its limits over wells (``ec50``, ``ec50_lower``, ``ec50_upper``, ...), noise,
    p_flat.

    Raises
    ------
    InputError
        For a column that is not there, and as ``fit_hill``.

    References
    ----------
    Hafner 2016, doi:10.1038/nmeth.3853.

    When not to use
    ---------------
    To test a difference with these limits: they are over wells; see ``compare_ec50``.

    Examples
    --------
    A simulated plate with two kinds of cells:

    >>> from fxyd3.data.simulate import viability_plates
    >>> from fxyd3.rescue import fit_curves, viability
    >>> wells = viability(viability_plates().table).query("plate == 'chemotherapy-1'")
    >>> fit_curves(wells)[["cells", "drug", "wells", "doses", "shape"]]
           cells          drug  wells  doses  shape
    0  ancestral  chemotherapy     44     10  curve
    1      other  chemotherapy     44     10  curve
    """
    import pandas as pd

    if not 0 < confidence < 1:
        raise InputError(f"The confidence is {confidence}: it must lie between 0 and 1.")
    keys = [*groups, experiment]
    for name in (*keys, dose, response):
        if name not in table:
            raise InputError(f"The table has no column '{name}'{nearest(name, map(str, table.columns))}.")
    used = table[table["role"].isin(["control", "drug"])] if "role" in table else table
    used = used[used[response].notna()]
    if "drug" in groups:
        used = _share_controls(used, [name for name in keys if name != "drug"], dose)
    if used.empty:
        raise InputError(f"There is no well with a number in column '{response}'.")
    used = used.assign(**{response: as_share(used[response], unit=unit)})
    given = used[dose].to_numpy(dtype=float)
    if not (np.isfinite(given) & (given >= 0)).all():
        raise InputError(f"The doses in column '{dose}' must be numbers of zero or more: leave out wells without one.")
    curves = list(used.groupby(keys, sort=True, observed=True))
    for key, own in curves:
        different = own[dose].nunique()
        if not (own[dose] > 0).any() or different < 4 or len(own) < 5:
            what = (
                "no dose above zero" if not (own[dose] > 0).any() else f"{different} different doses, {len(own)} wells"
            )
            raise InputError(
                f"A Hill curve has four parameters, and there are too few wells for it in {' '.join(map(str, key))} "
                f"({what}): give at least four different doses, better eight, and five wells."
            )
    most = max(len(own) for _, own in curves)
    x, y = np.zeros((2, len(curves), most))
    there = np.zeros(x.shape, dtype=bool)
    for i, (_, own) in enumerate(curves):
        x[i, : len(own)], y[i, : len(own)], there[i, : len(own)] = own[dose], own[response], True
    keyed = pd.DataFrame([key for key, _ in curves], columns=keys)
    fitted = pd.concat([_fit(x[i : i + 500], y[i : i + 500], there[i : i + 500], confidence)
                        for i in range(0, len(x), 500)], ignore_index=True)  # fmt: skip
    return pd.concat([keyed, fitted], axis=1)


def compare_ec50(
    curves: "pd.DataFrame",
    *,
    test: str,
    against: str,
    cells: str = "cells",
    experiment: str = "plate",
    dose: str = "ec50",
    confidence: float = 0.95,
) -> Ec50Ratio:
    """Compare the half-effective dose of two kinds of cells on the same plates, over plates.

    Parameters
    ----------
    curves
        From ``fit_curves``, of one drug.
    test, against
        The two kinds of cells: the ratio is that of ``test`` to ``against``.
    cells, experiment
        Columns.
    dose
        "ec50" or "ic50".
    confidence
        Of the interval.

    Returns
    -------
    Ec50Ratio
        Experiments where one of the two curves has no such dose do not count, and ``missing`` says so.

    Raises
    ------
    InputError
        For a column or cells that are not there, or several curves of the same cells in one experiment.

    References
    ----------
    Student 1908, doi:10.1093/biomet/6.1.1.

    When not to use
    ---------------
    As evidence of resistance between cells that divide at different rates: compare GR50 too.

    Examples
    --------
    Simulated plates; the dose of ancestral cells, times that of the others on the same plate:

    >>> from fxyd3.data.simulate import viability_plates
    >>> from fxyd3.rescue import compare_ec50, fit_curves, viability
    >>> wells = viability(viability_plates().table).query("plate.str.startswith('chemotherapy')")
    >>> compare_ec50(fit_curves(wells), test="ancestral", against="other").summary().round()
       experiments  fold  lower  upper
    0            4   5.0    4.0    6.0
    """
    for name in (cells, experiment, dose):
        if name not in curves:
            raise InputError(f"The curves have no column '{name}'{nearest(name, map(str, curves.columns))}.")
    for name in (test, against):
        if name not in set(curves[cells]):
            known = list(dict.fromkeys(curves[cells]))
            raise InputError(f"There are no cells '{name}'{nearest(name, map(str, known))}: there are {few(known)}.")
    own = curves[curves[cells].isin([test, against])]
    if own.duplicated([cells, experiment]).any():
        raise InputError("There are several curves of the same cells in one experiment: choose one drug.")
    one, two = (own[own[cells] == name].set_index(experiment)[dose] for name in (test, against))
    wide = one.rename("test").to_frame().join(two.rename("against"), how="inner")
    finite = wide.where(np.isfinite(wide))
    ratio = np.log2(finite["test"]) - np.log2(finite["against"])
    found = wide.assign(log2_ratio=ratio).rename_axis("experiment", axis=0).rename_axis(None, axis=1).reset_index()
    kept = ratio.dropna()
    lost = len(ratio) - len(kept)
    missing = ""
    if len(kept) < 3:
        missing = f"three experiments with an {dose.upper()} of both: there are {len(kept)}"
    elif lost:
        missing = f"an {dose.upper()} of both cells in {lost} of {len(ratio)} experiments"
    interval = t_interval(kept, confidence) if len(kept) > 1 else None
    return Ec50Ratio(found, interval, len(kept), missing)


def _columns(name: str) -> list[str]:
    return [name, f"{name}_lower", f"{name}_upper"]


def _over(each: "pd.DataFrame", name: str, confidence: float) -> Estimate:
    """Student's interval over experiments; with infinite doses among them, their median and least lower limit."""
    given = each[each[name].notna()]
    values = given[name]
    if np.isinf(values).any():
        return Estimate(float(values.median()), float(given[f"{name}_lower"].min()), np.inf)
    if len(values) < 2:
        return Estimate(float(values.sum()) if len(values) else np.nan, np.nan, np.nan)
    logs = name in LOGS
    found = t_interval(np.log(values) if logs else values, confidence)
    return Estimate(*(map(float, np.exp(found)) if logs else found))


def _share_controls(table: "pd.DataFrame", keys: list[str], dose: str) -> "pd.DataFrame":
    """Give wells without drug to each drug of the same experiment and groups."""
    import pandas as pd

    free = (table[dose] == 0) & (table["drug"] == "none")
    drugs = table.loc[~free, [*keys, "drug"]].drop_duplicates()
    return pd.concat([table[~free], table[free].drop(columns="drug").merge(drugs, on=keys)], ignore_index=True)


@dataclass(frozen=True, eq=False)
class _Wells:
    """Wells of k curves, (k, n): log dose, whether it is zero, response, and the weight of its inverse deviation."""

    x: Array
    zero: Mask
    y: Array
    inverse: Array  # 0 where there is no well
    huber: float
    log_range: Array  # (k, 2)

    def __getitem__(self, rows: Any) -> "_Wells":
        return _Wells(self.x[rows], self.zero[rows], self.y[rows], self.inverse[rows], self.huber, self.log_range[rows])

    def mean(self, p: Array) -> Array:
        effect = np.where(self.zero, 0.0, expit(np.exp(p[:, HILL, None]) * (self.x - p[:, EC50, None])))
        return p[:, TOP, None] + (p[:, BOTTOM] - p[:, TOP])[:, None] * effect

    def terms(self, p: Array) -> tuple[Array, Array, Array]:
        """Loss (k,), its downhill slope (k, 4) and its curvature (k, 4, 4), halved."""
        mean, way = _hill(self.x, self.zero, p)
        z = (self.y - mean) * self.inverse
        far = np.abs(z) > self.huber
        loss = np.where(far, 2 * self.huber * np.abs(z) - self.huber**2, z**2).sum(axis=1)
        weight = self.huber / np.maximum(np.abs(z), self.huber)
        own = way * self.inverse[..., None]
        pulled = own * weight[..., None]
        slope = (pulled * z[..., None]).sum(axis=1)
        return loss, slope, np.swapaxes(pulled, 1, 2) @ own


def _hill(x: Array, zero: Mask, p: Array) -> tuple[Array, Array]:
    """Mean (k, n) of Hill curves, and its derivatives (k, n, 4)."""
    hill = np.exp(p[:, HILL, None])
    u = np.where(zero, 0.0, x - p[:, EC50, None])
    effect = np.where(zero, 0.0, expit(hill * u))
    bend = (p[:, BOTTOM] - p[:, TOP])[:, None] * hill * effect * (1 - effect)
    mean = p[:, TOP, None] + (p[:, BOTTOM] - p[:, TOP])[:, None] * effect
    return mean, np.stack([1 - effect, effect, -bend, bend * u], axis=2)


def _hold(kind: str, p: Array, at: Array, within: Array) -> tuple[Array, Array]:
    """How far a constraint is from being met (k,), and its derivatives (k, 4)."""
    if kind in PARAMETERS:
        which = PARAMETERS[kind]
        return p[:, which] - at, np.broadcast_to(np.eye(4)[which], p.shape)
    if kind == "auc":
        area, way = _area(p, within)
        return area - at, way
    place = at if kind == "ic50" else within[:, 1]
    mean, ways = _hill(place[:, None], np.zeros((len(p), 1), dtype=bool), p)
    if kind == "emax":
        return mean[:, 0] - at, ways[:, 0]
    return mean[:, 0] - p[:, TOP] / 2, ways[:, 0] - np.array([0.5, 0, 0, 0])


def _descend(
    wells: _Wells, start: Array, low: Array, high: Array, held: tuple[str, Array, Array] | None = None
) -> tuple[Array, Array]:
    """Least loss from each of k starts, by damped steps in a box, with a constraint held firmly; and that loss."""

    def terms(rows: Any, p: Array) -> tuple[Array, Array, Array]:
        loss, slope, curve = wells[rows].terms(p)
        if held:
            kind, at, firm = held
            off, way = _hold(kind, p, at[rows], wells.log_range[rows])
            firmly = firm[rows]
            loss = loss + firmly * off**2
            slope = slope - (firmly * off)[:, None] * way
            curve = curve + firmly[:, None, None] * way[:, :, None] * way[:, None, :]
        return loss, slope, curve

    best = np.clip(start, low, high)
    rows = np.arange(len(best))
    value, slope, curve = terms(rows, best)
    damping, diagonal = np.full(len(best), 1e-3), np.arange(4)
    least = value.copy()
    for _ in range(ROUNDS):
        at, floor, ceiling = best[rows], low[rows], high[rows]
        free = ~(((at <= floor) & (slope < 0)) | ((at >= ceiling) & (slope > 0)))
        bent = np.where(free[:, :, None] & free[:, None, :], curve, 0.0)
        diag = bent[:, diagonal, diagonal]
        bent[:, diagonal, diagonal] = diag * (1 + damping[:, None]) + 1e-12 * diag.max(axis=1)[:, None] + ~free
        pull = np.where(free, slope, 0.0)
        step = np.linalg.solve(bent, pull[..., None])[..., 0]
        step[:, EC50:] = np.clip(step[:, EC50:], -1.5, 1.5)
        tried = np.clip(at + step, floor, ceiling)
        there = terms(rows, tried)
        better = there[0] <= value
        gain = (pull * step).sum(axis=1)
        done = (gain <= 1e-8 * (1e-6 + value)) & (damping < 1) | (damping > 1e8)
        best[rows] = np.where(better[:, None], tried, at)
        value = np.where(better, there[0], value)
        least[rows] = value
        slope = np.where(better[:, None], there[1], slope)
        curve = np.where(better[:, None, None], there[2], curve)
        damping = np.where(better, np.maximum(damping / 10, 1e-10), damping * 5)
        on = ~done
        rows, value, slope, curve, damping = rows[on], value[on], slope[on], curve[on], damping[on]
        if not len(rows):
            break
    return best, least


def _start(wells: _Wells, there: Mask) -> Array:
    """Best of a grid of doses and slopes, each with the top and bottom of least squares."""
    low, high = wells.log_range.T
    places = low[:, None] + (high - low)[:, None] * np.linspace(-0.1, 1.1, 15)
    best, loss = np.zeros((len(places), 4)), np.full(len(places), np.inf)
    n = there.sum(axis=1)
    for hill in (0.5, 1.0, 2.0, 4.0):
        for place in places.T:
            s = np.where(wells.zero, 0.0, expit(hill * (wells.x - place[:, None]))) * there
            y = wells.y * there
            ss, sy = (s * s).sum(1), (s * y).sum(1)
            mean_s, mean_y = s.sum(1) / n, y.sum(1) / n
            drop = (sy - n * mean_s * mean_y) / np.maximum(ss - n * mean_s**2, 1e-12)
            top = mean_y - drop * mean_s
            left = ((y - (top[:, None] + drop[:, None] * s)) ** 2 * there).sum(1)
            row = np.column_stack([top, top + drop, place, np.full(len(place), np.log(hill))])
            best = np.where((left < loss)[:, None], row, best)
            loss = np.minimum(left, loss)
    return best


def _deviations(wells: _Wells, there: Mask, p: Array, tallest: Array) -> tuple[Array, Array]:
    """Return the standard deviation of each well (k, n) by the error model, and of a control (k,)."""
    n = there.sum(axis=1)
    mean = wells.mean(p)
    off = np.abs(wells.y - mean)
    level = np.maximum(np.maximum(p[:, TOP], p[:, BOTTOM]), 1e-12)[:, None]
    variance = FLOORS[:, None, None] + (1 - FLOORS[:, None, None]) * np.minimum(mean / level, 1) ** 2
    z = np.where(there, off / np.sqrt(variance), 0.0)
    score = n * np.log(np.maximum(z.sum(axis=2) / n, 1e-300)) + (np.log(variance) * there).sum(axis=2) / 2
    chosen = score.argmin(axis=0)
    rows = np.arange(len(p))
    typical = np.nanmedian(np.where(there, z[chosen, rows], np.nan), axis=1) / stats.norm.ppf(0.75)
    scale = np.maximum(typical * np.sqrt(n / (n - 4)), 1e-9 * tallest)
    return scale[:, None] * np.sqrt(variance[chosen, rows]), scale


def _fit(dose: Array, y: Array, there: Mask, confidence: float) -> "pd.DataFrame":
    """Fit k curves of up to n wells each."""
    import pandas as pd

    zero = dose <= 0
    x = np.log(np.where(zero, 1.0, dose))
    within = np.stack([np.where(zero | ~there, np.inf, x).min(1), np.where(zero | ~there, -np.inf, x).max(1)], axis=1)
    n, tallest = there.sum(axis=1), np.maximum(np.where(there, y, 0).max(axis=1), 1e-9)
    wells = _Wells(x, zero, y, there.astype(float) / tallest[:, None], 1e9, within)
    low = np.column_stack([0 * n, 0 * n, within[:, 0] - BEYOND, np.full(len(n), FLATTEST)])
    high = np.column_stack([3 * tallest, 3 * tallest, within[:, 1] + BEYOND, np.full(len(n), STEEPEST)])
    p, _ = _descend(wells, _start(wells, there), low, high)
    for _ in range(3):
        sd, scale = _deviations(wells, there, p, tallest)
        wells = _Wells(x, zero, y, there / sd, HUBER, within)
        p, loss = _descend(wells, p, low, high)

    z = np.where(there, (y - wells.mean(p)) / sd, 0.0)
    inside = (np.abs(z) <= HUBER) & there
    bounded = np.clip(z, -HUBER, HUBER)
    factor = np.maximum((bounded**2).sum(1) / (n - 4) / (inside.sum(1) / n), 1e-12)
    t = stats.t.ppf((1 + confidence) / 2, n - 4)
    level, flat_loss = _constant(wells, there)
    p_flat = stats.f.sf(np.maximum(flat_loss - loss, 0) / 3 / factor, 3, n - 4)

    curve = wells.terms(p)[2]
    diagonal = curve[:, range(4), range(4)]
    scaled = np.sqrt(np.maximum(diagonal, 1e-12 * diagonal.max(axis=1, keepdims=True)))
    inverse = np.linalg.inv(curve / scaled[:, :, None] / scaled[:, None, :] + 1e-9 * np.eye(4))
    spread = inverse / scaled[:, :, None] / scaled[:, None, :]
    found: dict[str, Array] = {}
    curved = np.flatnonzero(p_flat < LEVEL)
    drop = (factor * t**2)[curved]
    for kind in QUANTITIES:
        limits = _profile(kind, wells[curved], p[curved], loss[curved], spread[curved], drop, low[curved], high[curved])
        for name, value in zip(_columns(kind), limits, strict=True):
            found[name] = np.full(len(n), np.nan)
            found[name][curved] = np.exp(value) if kind in LOGS else value
    flats = p_flat >= LEVEL
    error = t * np.sqrt(factor / np.maximum((wells.inverse**2).sum(1), 1e-300))
    for name in ("top", "bottom", "auc", "emax"):
        for column, value in zip(_columns(name), (level, level - error, level + error), strict=True):
            found[column][flats] = value[flats]
    for name, value in zip(_columns("ic50"), (np.inf, np.exp(within[:, 1]), np.inf), strict=True):
        found[name][flats] = np.broadcast_to(value, n.shape)[flats]
    hooked = _hooked(wells, there, dose, np.sqrt(factor)[:, None] * sd)
    told = [_told(i, found, p, flats[i], hooked[i], np.exp(within[i])) for i in range(len(n))]
    different = [len(np.unique(dose[i, there[i]])) for i in range(len(n))]
    return pd.DataFrame({"wells": n, "doses": different, "shape": [shape for shape, _ in told],
                         "note": [note for _, note in told], **found, "noise": scale * np.sqrt(factor),
                         "p_flat": p_flat})  # fmt: skip


def _constant(wells: _Wells, there: Mask) -> tuple[Array, Array]:
    """Best constant under the same loss, and its loss."""
    weight = wells.inverse**2
    for _ in range(30):
        level = (weight * wells.y).sum(1) / weight.sum(1)
        z = np.abs((wells.y - level[:, None]) * wells.inverse)
        weight = wells.inverse**2 * wells.huber / np.maximum(z, wells.huber)
    loss = np.where(z > wells.huber, 2 * wells.huber * z - wells.huber**2, z**2)
    return level, (loss * there).sum(1)


def _area(p: Array, within: Array) -> tuple[Array, Array]:
    """Mean of each curve over the log doses tested (k,), and its derivatives (k, 4)."""

    def mean(q: Array) -> Array:
        hill = np.exp(q[:, HILL])
        ends = np.logaddexp(0, hill[:, None] * (within - q[:, EC50, None]))
        effect = (ends[:, 1] - ends[:, 0]) / (hill * (within[:, 1] - within[:, 0]))
        return np.asarray(q[:, TOP] + (q[:, BOTTOM] - q[:, TOP]) * effect)

    step = 1e-6 * np.eye(4)
    return mean(p), np.stack([(mean(p + each) - mean(p - each)) / 2e-6 for each in step], axis=1)


def _profile(
    kind: str, wells: _Wells, best: Array, least: Array, spread: Array, drop: Array, low: Array, high: Array
) -> tuple[Array, Array, Array]:
    """Estimate and limits of k curves (doses, slope: logs); infinite: an ic50 beyond the doses, a limit not found."""
    k, end = len(best), wells.log_range[:, 1]
    if not k:
        return (np.empty(0),) * 3
    beyond = np.zeros(k, dtype=bool)
    if kind == "ic50":
        above = best[:, TOP] > 2 * best[:, BOTTOM]
        odds = best[:, TOP] / np.where(above, best[:, TOP] - 2 * best[:, BOTTOM], 1.0)
        at = np.where(above, best[:, EC50] + np.log(np.maximum(odds, 1e-12)) / np.exp(best[:, HILL]), np.inf)
        beyond = at > end
        floor, ceiling = low[:, EC50], high[:, EC50]
    elif kind in PARAMETERS:
        which = PARAMETERS[kind]
        at, floor, ceiling = best[:, which], low[:, which], high[:, which]
    else:
        at = _hold(kind, best, np.zeros(k), wells.log_range)[0]
        floor, ceiling = low[:, TOP], high[:, TOP]
    centre = np.clip(np.where(beyond, end, at), floor, ceiling)
    off, way = _hold(kind, best, centre, wells.log_range)
    error = np.einsum("ki,kij,kj->k", way, spread, way)
    steep = np.abs(_hold(kind, best, centre + 1e-4, wells.log_range)[0] - off) / 1e-4
    reach = np.clip(np.sqrt(drop * error) / np.maximum(steep, 1e-6), 1e-12, 1.5)
    two = np.repeat(np.arange(k), 2)
    side = np.tile([-1.0, 1.0], k)
    firm = HELD / np.maximum(error, 1e-30)
    span = np.where(side < 0, (centre - floor)[two], (ceiling - centre)[two])
    target = np.sqrt(drop)[two]
    inner, outer = np.zeros(2 * k), np.minimum(reach[two], span)
    lost_in, lost_out = -target, np.full(2 * k, np.nan)
    theta, found = best[two], np.full(2 * k, np.nan)
    if beyond.any():
        rows = np.flatnonzero(beyond)
        there, value = _descend(wells[rows], best[rows], low[rows], high[rows], (kind, centre[rows], firm[rows]))
        theta[2 * rows] = there
        lost_in[2 * rows] = np.sqrt(np.maximum(value - least[rows], 0)) - target[2 * rows]
        found[2 * rows] = np.where(lost_in[2 * rows] >= 0, end[rows], np.nan)
        found[2 * rows + 1] = np.inf
    bracketed, last = np.zeros(2 * k, dtype=bool), np.zeros(2 * k)
    on = np.flatnonzero(np.isnan(found))
    for _ in range(40):
        if not len(on):
            break
        i = two[on]
        with np.errstate(invalid="ignore", divide="ignore"):
            guess = inner[on] + (outer[on] - inner[on]) * lost_in[on] / (lost_in[on] - lost_out[on])
        reached = np.where(bracketed[on], guess, outer[on])
        held = (kind, centre[i] + side[on] * reached, firm[i])
        there, value = _descend(wells[i], theta[on], low[i], high[i], held)
        lost = np.sqrt(np.maximum(value - least[i], 0)) - target[on]
        beyond_it = lost >= 0
        close = (np.abs(lost) < 0.005 * target[on]) | (bracketed[on] & (np.abs(outer[on] - inner[on]) < 1e-12))
        none = ~close & ~bracketed[on] & ~beyond_it & (reached >= span[on])
        found[on] = np.where(close, centre[i] + side[on] * reached, np.where(none, side[on] * np.inf, np.nan))
        halve = bracketed[on]
        new_out = np.where(beyond_it, lost, np.where(halve & (last[on] < 0), lost_out[on] / 2, lost_out[on]))
        new_in = np.where(~beyond_it, lost, np.where(halve & (last[on] > 0), lost_in[on] / 2, lost_in[on]))
        last[on] = np.where(beyond_it, 1.0, -1.0)
        wider = np.minimum(2 * reached, span[on])
        outer[on] = np.where(beyond_it, reached, np.where(halve, outer[on], wider))
        inner[on] = np.where(beyond_it, inner[on], reached)
        lost_in[on], lost_out[on] = new_in, new_out
        theta[on] = np.where(beyond_it[:, None], theta[on], there)
        bracketed[on] |= beyond_it
        on = on[np.isnan(found[on])]
    ends = found.reshape(k, 2)
    if kind not in LOGS:
        ends = np.clip(ends, floor[:, None], ceiling[:, None])
    return np.where(beyond, np.inf, at), ends[:, 0], ends[:, 1]


def _hooked(wells: _Wells, there: Mask, dose: Array, sd: Array) -> list[bool]:
    """Whether the highest dose leaves clearly more than a lower one does."""
    found = []
    for y, at, own, error in zip(wells.y, dose, there, sd, strict=True):
        doses = np.unique(at[own])
        centre = np.array([np.median(y[own & (at == each)]) for each in doses])
        low = int(centre.argmin())
        if low == len(doses) - 1 or low == 0:
            found.append(False)
            continue
        ends = [own & (at == doses[which]) for which in (low, -1)]
        noise = np.sqrt(sum(error[each].mean() ** 2 / each.sum() for each in ends)) * np.sqrt(np.pi / 2)
        rise, fall = centre[-1] - centre[low], centre[0] - centre[low]
        limit = stats.t.isf(LEVEL / len(doses) / 2, own.sum() - 4)
        found.append(bool(min(rise, fall) > limit * noise and rise > 0.2 * fall))
    return found


def _told(i: int, found: dict[str, Array], p: Array, flat: bool, hooked: bool, within: Array) -> tuple[str, str]:
    """Name the shape of a curve, and what it cannot tell."""
    least, most = within
    above = f"IC50 above the highest dose ({most:,.6g})"
    if hooked:
        return "hook", "the response rises again at the highest doses: one Hill curve does not describe it"
    if flat:
        return "flat", f"no change with dose can be told from noise; {above}"
    if p[i, BOTTOM] > p[i, TOP]:
        return "rising", f"the response rises with the dose; {above}"
    upper, lower = found["ec50_upper"][i], found["ec50_lower"][i]
    notes = []
    if upper > most:
        notes.append("no lower plateau among the doses: EC50 and bottom are not well known")
    elif lower < least:
        notes.append("no upper plateau among the doses: EC50 lies at or below the lowest")
    shape = "incomplete" if notes else "curve"
    if np.isinf(found["ic50"][i]):
        notes.append(above)
    elif found["ic50"][i] < least:
        notes.append(f"IC50 below the lowest dose ({least:,.6g})")
    return shape, "; ".join(notes)

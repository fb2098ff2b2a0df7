"""Which assumption of the pump-leak model its answers hang on, and what it says on cells with FXYD3 at all of them."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from importlib import import_module
from typing import TYPE_CHECKING, Any, Literal, get_args

import numpy as np
from numpy.typing import NDArray

from fxyd3.data.report import few, nearest
from fxyd3.errors import InputError
from fxyd3.rescue._pump import PumpLeak
from fxyd3.rescue._pump_parameters import Cell, Form, affinity_factors, defaults, steady, swept

if TYPE_CHECKING:
    import pandas as pd

Array = NDArray[np.float64]
Method = Literal["sobol", "morris"]

OUTPUTS = {"sodium": "mM", "potassium": "mM", "voltage": "mV", "volume": "log2 of times"}
AT_REST = ("sodium_out", "potassium_out", "g_na", "g_k", "g_cl", "pump_max", "na_half", "k_half", "impermeant_charge")
FOLD, LOSS, PROTECTED = (1.1, 3.0), (0.02, 0.2), (0.2, 1.0)  # assumptions, swept: times, per hour, share of the pumps
LEVELS = 8
NOT_EVIDENCE = "measurements: this is what a model says, over assumptions; it supports no claim and contradicts none"


@dataclass(frozen=True, eq=False)
class TolerancePrediction:
    """What the model says on cells with FXYD3 under a blocked pump; see ``tolerance_prediction``.

    Attributes
    ----------
    table
        One row per form of FXYD3 and loss: form ("mouse", "human short", "human long", "protected"), loss
        ("sodium gained", "potassium lost", "voltage lost", in mM and mV), unit, without (median loss of cells without
        FXYD3), difference (median: with FXYD3 less without), lower, upper (5th and 95th percentile over the
        assumptions), loses_more (share of the assumptions under which the cell with FXYD3 loses more).
    n
        Sets of assumptions under which a cell without FXYD3 holds more potassium than sodium; others are left out.
    block
        Share of the pumps blocked.
    missing
        What a claim would need; never empty.

    Examples
    --------
    From few sets of assumptions, to be quick:

    >>> from fxyd3.rescue import tolerance_prediction
    >>> found = tolerance_prediction(samples=64)
    >>> found.n, found.block
    (64, 0.5)
    >>> print(found.missing)
    measurements: this is what a model says, over assumptions; it supports no claim and contradicts none
    """

    table: "pd.DataFrame"
    n: int
    block: float
    missing: str = NOT_EVIDENCE

    def summary(self) -> "pd.DataFrame":
        """Return, for each form (rows) and loss (columns), the share of assumptions under which FXYD3 loses more."""
        return self.table.pivot_table(index="form", columns="loss", values="loses_more", sort=False)


def sensitivity(
    outputs: str | Sequence[str] = tuple(OUTPUTS), *, block: float = 0.0,
    ranges: Mapping[str, tuple[float, float]] | None = None, method: Method = "sobol", samples: int = 512,
    seed: int = 1,
) -> "pd.DataFrame":  # fmt: skip
    """Ask which parameters the steady state of the pump-leak model hangs on.

    Parameters
    ----------
    outputs
        Of "sodium", "potassium", "voltage", and "volume" (log2 of times the default cell at rest, or with a block, of
        times the same cell without it).
    block
        Share of the pumps blocked.
    ranges
        Low and high of each parameter; not given: all that can matter at rest, as swept in ``parameters``.
    method
        "sobol" (shares of the variance) or "morris" (elementary effects: cheaper, a ranking only).
    samples
        Points (a power of two) or trajectories; the model is solved (parameters + 2), or (parameters + 1), times as
        often.
    seed
        Of the sampling.

    Returns
    -------
    One row per output and parameter: output, parameter; for "sobol" first, first_lower, first_upper (share of the
    variance by it alone), total, total_lower, total_upper (with all interactions); for "morris" mu_star,
    mu_star_lower, mu_star_upper (mean absolute effect over the range, unit of the output), sigma (spread of the
    effect). Intervals are 95 %, by SALib.

    Raises
    ------
    InputError
        For an unknown output, parameter or method, a range that is empty, a block outside 0 to below 1, too few samples
        or a number that is no power of two, or ranges within which some cells have no steady state.

    References
    ----------
    Lo Piano 2021, doi:10.1016/j.ress.2020.107300 (variance-based indices and their estimators).

    When not to use
    ---------------
    To say how sure the model is: indices share out the variance of the ranges given, and ranges are assumptions.

    Examples
    --------
    What the potassium in a model cell hangs on most (few trajectories, to be quick):

    >>> from fxyd3.rescue import sensitivity
    >>> found = sensitivity("potassium", method="morris", samples=8)
    >>> found.nlargest(2, "mu_star")[["parameter", "mu_star", "mu_star_lower", "mu_star_upper"]].round()
               parameter  mu_star  mu_star_lower  mu_star_upper
    8  impermeant_charge     35.0           32.0           39.0
    5           pump_max     24.0           13.0           34.0
    """
    import pandas as pd

    names = [outputs] if isinstance(outputs, str) else list(outputs)
    over = _swept(names, block, ranges, method, samples)
    problem = {"num_vars": len(over), "names": list(over), "bounds": [list(ends) for ends in over.values()]}
    design, analysis = (import_module(f"SALib.{part}.{method}") for part in ("sample", "analyze"))
    if method == "sobol":
        points = design.sample(problem, samples, calc_second_order=False, seed=seed)
    else:
        points = design.sample(problem, samples, num_levels=LEVELS, seed=seed)
    values = _states({name: points[:, i] for i, name in enumerate(over)}, block)
    lost = sum(not np.isfinite(row).all() for row in zip(*values.values(), strict=True))
    if lost:
        raise InputError(f"{lost} of {len(points)} cells have no steady state within these ranges: narrow them.")
    rows = []
    for name in names:
        if method == "sobol":
            found = analysis.analyze(problem, values[name], calc_second_order=False, seed=seed)
            columns = {"first": (found["S1"], found["S1_conf"]), "total": (found["ST"], found["ST_conf"])}
        else:
            found = analysis.analyze(problem, points, values[name], num_levels=LEVELS, seed=seed)
            columns = {"mu_star": (np.asarray(found["mu_star"]), np.asarray(found["mu_star_conf"]))}
        told: dict[str, object] = {"output": name, "parameter": list(over)}
        for column, (at, half) in columns.items():
            told |= {column: at, f"{column}_lower": at - half, f"{column}_upper": at + half}
        rows.append(pd.DataFrame(told if method == "sobol" else told | {"sigma": np.asarray(found["sigma"])}))
    return pd.concat(rows, ignore_index=True)


def tolerance_prediction(
    *, block: float = 0.5, hours: float = 24.0, samples: int = 2048, seed: int = 1
) -> TolerancePrediction:
    """Ask the model whether cells with FXYD3 lose more than others when the pump is blocked.

    Cells are drawn over the ranges of all assumptions, each once with FXYD3 and once without. A loss is what a block
    alone changes in the steady state of one cell. The row "protected" compares cells whose pumps FXYD3 shields from
    oxidation (affinities unchanged) with others, both after hours of oxidation (as chemotherapy may bring).

    Parameters
    ----------
    block
        Share of the pumps blocked.
    hours
        Of oxidation, before the block.
    samples
        Sets of assumptions; a power of two.
    seed
        Of the drawing.

    Returns
    -------
    TolerancePrediction

    Raises
    ------
    InputError
        For a block not between 0 and 1, hours not above 0, or samples that are no power of two.

    When not to use
    ---------------
    As evidence for C6: nothing here was measured on a cell with FXYD3, and the loss of an ion is not the loss of
    tolerance.

    Examples
    --------
    Share of the assumptions under which a model cell with FXYD3 loses more (few sets of them, to be quick):

    >>> from fxyd3.rescue import tolerance_prediction
    >>> tolerance_prediction(samples=64).summary().round(1)
    loss         sodium gained  potassium lost  voltage lost
    form
    mouse                  0.9             0.9           1.0
    human short            0.9             0.9           1.0
    human long             0.1             0.1           0.0
    protected              0.6             0.6           0.3
    """
    import pandas as pd
    from scipy.stats import qmc

    if not 0 < block < 1:
        raise InputError(f"The block is {block}: give a share of the pumps above 0 and below 1.")
    if not (np.isfinite(hours) and hours > 0):
        raise InputError(f"The oxidation lasts {hours} hours: give more than 0.")
    _power(samples)
    ends = {name: swept()[name] for name in (*AT_REST, "switch_mv")}
    ends |= {"fold": FOLD, "loss": LOSS, "share": PROTECTED}
    unit = qmc.Sobol(len(ends), rng=seed).random(samples)
    drawn = {name: low + (high - low) * unit[:, i] for i, (name, (low, high)) in enumerate(ends.items())}
    fold, loss, share = (drawn.pop(name) for name in ("fold", "loss", "share"))
    cell: dict[str, Any] = {**defaults(), **drawn, "k_half_depolarised": drawn["k_half"]}
    rest = steady(cell)
    alive = rest["potassium"] > rest["sodium"]
    left = np.exp(-loss * hours)
    plain, bare = _losses(cell, block), _losses({**cell, "pump_max": cell["pump_max"] * left}, block)
    pairs = [(str(form), plain, _losses(_with(cell, form, fold), block)) for form in get_args(Form)]
    shielded = {**cell, "pump_max": cell["pump_max"] * (share + (1 - share) * left)}
    pairs.append(("protected", bare, _losses(shielded, block)))
    rows = []
    for form, without, having in pairs:
        for what, unit_of in (("sodium gained", "mM"), ("potassium lost", "mM"), ("voltage lost", "mV")):
            base = without[what][alive]
            more = having[what][alive] - base
            lower, middle, upper = np.quantile(more, [0.05, 0.5, 0.95])
            rows.append((form, what, unit_of, np.median(base), middle, lower, upper, (more > 0).mean()))
    columns = ["form", "loss", "unit", "without", "difference", "lower", "upper", "loses_more"]
    return TolerancePrediction(table=pd.DataFrame(rows, columns=columns), n=int(alive.sum()), block=block)


def _with(cell: Cell, form: Form, fold: Array) -> Cell:
    names = ("na_half", "k_half", "k_half_depolarised")
    factors = zip(names, affinity_factors(form, fold), strict=True)
    return {**cell, **{name: cell[name] * factor for name, factor in factors}}


def _losses(cell: Cell, block: float) -> dict[str, Array]:
    rest, then = steady(cell), steady({**cell, "pump_max": (1 - block) * cell["pump_max"]})
    return {"sodium gained": then["sodium"] - rest["sodium"], "potassium lost": rest["potassium"] - then["potassium"],
            "voltage lost": then["voltage"] - rest["voltage"]}  # fmt: skip


def _states(drawn: Mapping[str, Array], block: float) -> dict[str, Array]:
    cell: dict[str, Any] = {**defaults(), **drawn}
    if "k_half_depolarised" not in drawn:
        cell["k_half_depolarised"] = cell["k_half"]
    now = steady({**cell, "pump_max": (1 - block) * cell["pump_max"]})
    against = steady(cell)["volume"] if block else steady(defaults())["volume"]
    values = {name: now[name] for name in ("sodium", "potassium", "voltage")}
    values["volume"] = np.log2(now["volume"] / against)
    return {name: np.asarray(value, dtype=float) for name, value in values.items()}


def _swept(
    names: list[str], block: float, ranges: Mapping[str, tuple[float, float]] | None, method: str, samples: int
) -> dict[str, tuple[float, float]]:
    unknown = next((name for name in names if name not in OUTPUTS), None)
    if unknown or not names:
        raise InputError(f"There is no output '{unknown or ''}': choose of {', '.join(OUTPUTS)}.")
    if method not in get_args(Method):
        raise InputError(f"There is no method '{method}': choose one of {', '.join(get_args(Method))}.")
    if not 0 <= block < 1:
        raise InputError(f"The block is {block}: give a share of the pumps, 0 to below 1.")
    if method == "sobol":
        _power(samples)
    elif samples < 4:
        raise InputError(f"There are {samples} trajectories: give 4 or more.")
    over = dict(ranges) if ranges is not None else {name: swept()[name] for name in AT_REST}
    if not over:
        raise InputError("There is no range: name a parameter with its low and high.")
    for name, (low, high) in over.items():
        if name not in swept():
            raise InputError(f"There is no parameter '{name}'{nearest(name, list(swept()))}.")
        if not (np.isfinite([low, high]).all() and low < high):
            raise InputError(f"The range of {name} is {few([low, high])}: give a low and a higher high.")
        for end in (low, high):
            PumpLeak(**{name: end})  # raises for an end that no cell can have
    return over


def _power(samples: int) -> None:
    if samples < 16 or samples & (samples - 1):
        raise InputError(f"There are {samples} samples: give a power of two, 16 or more, such as 512.")

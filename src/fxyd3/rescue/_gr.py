"""Growth-rate inhibition: what a drug does to the rate at which cells divide."""

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray
from scipy import optimize, stats
from scipy.special import expit

from fxyd3.data.report import nearest
from fxyd3.errors import InputError

if TYPE_CHECKING:
    import pandas as pd

Array = NDArray[np.float64]

COUNTS = ("cell_count", "cell_count__ctrl", "cell_count__time0")
METRICS = ("GR50", "GRmax", "GR_AOC", "GEC50", "GRinf", "h_GR", "r2_GR", "pval_GR", "fit", "points")
LEVEL = 0.05
DECADES = 2.0  # how far outside the concentrations GEC50 is looked for
FLATTEST, STEEPEST = 0.1, 5.0


def gr_values(
    table: "pd.DataFrame",
    *,
    cell_count: str = COUNTS[0],
    control: str = COUNTS[1],
    time0: str = COUNTS[2],
) -> "pd.DataFrame":
    """Turn cell counts into growth-rate inhibition, row by row.

    ``GR = 2 ** (log2(x / x0) / log2(control / x0)) - 1``: 1 is growth as without drug, 0 no growth, below 0 death.

    Viability misleads between fast and slow cells. It is read at one time, and it counts the divisions that a drug has
    prevented: a drug that halves the rate of division leaves 71% of cells that would have divided once, and 35% of
    cells that would have divided three times. The same action then looks weak on slow cells and strong on fast ones,
    and the IC50 moves with the length of the assay. GR compares rates, and stays.

    Parameters
    ----------
    table
        One row per well or mean: counts, or a signal in proportion to them with blanks subtracted.
    cell_count, control, time0
        Columns: at the end with drug, at the end without, and when the drug was added.

    Returns
    -------
    The table with a column GRvalue (float64).

    Raises
    ------
    InputError
        For a missing column, counts that are not numbers above zero, or controls that did not grow.

    References
    ----------
    Hafner 2016, doi:10.1038/nmeth.3853.

    When not to use
    ---------------
    Where controls grew by much less than one division: GR is then a ratio of two small numbers. On single wells near
    the blank: average them first.

    Examples
    --------
    Made-up counts: 100 cells that double without drug, and under four doses of it:

    >>> import pandas as pd
    >>> from fxyd3.rescue import gr_values
    >>> table = pd.DataFrame({"cell_count": [200, 141.4, 100, 50], "cell_count__ctrl": 200, "cell_count__time0": 100})
    >>> gr_values(table)["GRvalue"].round(2).tolist()
    [1.0, 0.41, 0.0, -0.5]
    """
    for name in (cell_count, control, time0):
        if name not in table:
            raise InputError(f"The table has no column '{name}'{nearest(name, map(str, table.columns))}.")
        values = table[name].to_numpy(dtype=float)
        if not (np.isfinite(values) & (values > 0)).all():
            raise InputError(
                f"Column '{name}' must hold numbers above zero: average wells, or leave out those without cells."
            )
    grown = np.log2(table[control] / table[time0])
    if (grown <= 0).any():
        row = table.loc[grown <= 0].iloc[0]
        raise InputError(
            f"The controls did not grow ({row[time0]:g} at the start, {row[control]:g} at the end): "
            "without growth there is no growth rate to compare with."
        )
    return table.assign(GRvalue=2 ** (np.log2(table[cell_count] / table[time0]) / grown) - 1)


def gr_metrics(
    table: "pd.DataFrame",
    *,
    groups: Sequence[str] = ("cell_line", "agent"),
    concentration: str = "concentration",
    cell_count: str = COUNTS[0],
    control: str = COUNTS[1],
    time0: str = COUNTS[2],
) -> "pd.DataFrame":
    """Fit growth-rate inhibition against concentration, one curve for each group, as its authors' program does.

    ``GRinf + (1 - GRinf) / (1 + (c / GEC50) ** h_GR)``, by least squares.

    Parameters
    ----------
    table
        As in ``gr_values``, with a column of concentrations (rows at zero are the control, and passed over).
    groups
        Columns that tell curves apart; all others are averaged over.
    concentration, cell_count, control, time0
        Columns.

    Returns
    -------
    One row per group: the groups; GR50 (where the curve crosses one half; infinite where it never does, minus infinite
    for a flat curve below one half), GRmax (the lower mean of the two highest concentrations), GR_AOC (area above the
    means, divided by the range of log10 concentrations: 0 is no effect), GEC50, GRinf, h_GR (of a flat curve: 0, the
    mean, 0.01), r2_GR, pval_GR (F test against a constant), fit ("sigmoid", or "flat" where p >= 0.05), points (rows).

    Raises
    ------
    InputError
        As ``gr_values``, and for fewer than four concentrations.

    Notes
    -----
    GRinf lies in [-1, 1], h_GR in [0.1, 5], and GEC50 within two decades around the concentrations. The F test has 2
    and n - 2 degrees of freedom, as in the authors' program (n - 3 would be exact). r2_GR and pval_GR are of the best
    curve, also where a flat one is kept; local optimisers, such as the authors', can end in a worse one there.

    References
    ----------
    Hafner 2016, doi:10.1038/nmeth.3853.

    When not to use
    ---------------
    On readings whose background is not subtracted. As the only number: GR50 says at which dose growth halves, GRmax
    whether cells die.

    Examples
    --------
    Made-up counts of 100 cells that double without drug; the growth rate is halved at 7:

    >>> import numpy as np
    >>> import pandas as pd
    >>> from fxyd3.rescue import gr_metrics
    >>> dose = np.array([0.1, 1, 3, 10, 30, 100, 1000])
    >>> left = 100 * (0.8 + 1.2 / (1 + dose / 10))
    >>> table = pd.DataFrame({"cell_line": "line", "agent": "drug", "concentration": dose, "cell_count": left,
    ...                       "cell_count__ctrl": 200.0, "cell_count__time0": 100.0})
    >>> gr_metrics(table)[["GR50", "GEC50", "GRinf", "h_GR", "fit"]].round(1)
       GR50  GEC50  GRinf  h_GR      fit
    0   7.1   10.0   -0.2   1.0  sigmoid
    """
    import pandas as pd

    for name in (*groups, concentration):
        if name not in table:
            raise InputError(f"The table has no column '{name}'{nearest(name, map(str, table.columns))}.")
    given = table[concentration].to_numpy(dtype=float)
    if not (np.isfinite(given) & (given >= 0)).all():
        raise InputError(f"Column '{concentration}' must hold numbers of zero or more: leave out rows without one.")
    rows = gr_values(table[given > 0], cell_count=cell_count, control=control, time0=time0)
    found = []
    curves = rows.groupby([*groups], sort=True) if groups else [((), rows)]
    for key, own in curves:
        if own[concentration].nunique() < 4:
            raise InputError(
                f"There are {own[concentration].nunique()} concentrations above zero for {' '.join(map(str, key))}: "
                "a curve of three parameters needs at least four."
            )
        found.append((*key, *_curve(own[concentration].to_numpy(dtype=float), own["GRvalue"].to_numpy())))
    return pd.DataFrame(found, columns=[*groups, *METRICS])


def gr_table(
    wells: "pd.DataFrame",
    *,
    experiment: str = "",
    value: str = "",
    dose: str = "dose_nM",
) -> "pd.DataFrame":
    """Make the input of growth-rate metrics from the wells of plates, controls and time zero.

    Blanks of each plate are subtracted. The control is the mean of the control wells of the same plate and cells; time
    zero the mean of the "time_zero" wells of the same experiment and cells.

    Parameters
    ----------
    wells
        As in ``normalise``: plate, role, cells, drug, dose_nM, and the reading.
    experiment
        Column that joins the plates of one experiment; if empty, a column "experiment" where there is one, else each
        plate is one.
    value
        Column of readings; if empty, "signal" (blanks subtracted by ``normalise``), "reading" or "luminescence".
    dose
        Column of doses.

    Returns
    -------
    One row per experiment, plate, cells, drug and concentration: experiment, plate, cell_line, agent, concentration,
    cell_count (mean of its wells), cell_count__ctrl, cell_count__time0, wells.

    Raises
    ------
    InputError
        For a missing column, no blanks, or drug wells without control or without time zero.

    References
    ----------
    Hafner 2016, doi:10.1038/nmeth.3853.

    When not to use
    ---------------
    Where time zero was read on another instrument setting than the end: the two are not on one scale.

    Examples
    --------
    Simulated plates; those read when the drug was added are among them:

    >>> from fxyd3.data.simulate import viability_plates
    >>> from fxyd3.rescue import gr_table
    >>> table = gr_table(viability_plates(plates=1).table)
    >>> sorted(table["agent"].unique()), sorted(table["cell_line"].unique())
    (['chemotherapy', 'glycoside'], ['ancestral', 'other'])
    >>> [name for name in table if name.startswith("cell_count")]
    ['cell_count', 'cell_count__ctrl', 'cell_count__time0']
    """
    import pandas as pd

    options = ("signal", "reading", "luminescence")
    reading = value or next((name for name in options if name in wells), options[-1])
    for name in ("plate", "role", "cells", "drug", dose, reading, *([experiment] if experiment else [])):
        if name not in wells:
            raise InputError(f"The wells have no column '{name}'{nearest(name, map(str, wells.columns))}.")
    table = wells[wells[reading].notna()].copy()
    joined = experiment or ("experiment" if "experiment" in table else "")
    table["_experiment"] = table[joined or "plate"]
    if reading != "signal":
        blank = table[table["role"] == "blank"].groupby("plate")[reading].mean()
        without = sorted(set(table["plate"]) - set(blank.index))
        if without:
            raise InputError(
                f"Plate '{without[0]}' has no blank wells: name wells without cells 'blank' in the layout."
            )
        table[reading] = table[reading] - table["plate"].map(blank)
    mean = {
        role: own.groupby(keys)[reading].mean().rename(name).reset_index()
        for role, keys, name in (
            ("control", ["plate", "cells"], COUNTS[1]),
            ("time_zero", ["_experiment", "cells"], COUNTS[2]),
        )
        for own in (table[table["role"] == role],)
    }
    keys = ["_experiment", "plate", "cells", "drug", dose]
    drug = table[table["role"] == "drug"].groupby(keys)[reading].agg(["mean", "size"]).reset_index()
    drug = drug.merge(mean["control"], on=["plate", "cells"], how="left")
    drug = drug.merge(mean["time_zero"], on=["_experiment", "cells"], how="left")
    for name, what in ((COUNTS[1], "control wells on its plate"), (COUNTS[2], "time-zero wells of its experiment")):
        if drug[name].isna().any():
            row = drug[drug[name].isna()].iloc[0]
            raise InputError(
                f"There are no {what} for {row['cells']} cells on plate '{row['plate']}': growth rates need both a "
                "control and a count from when the drug was added, joined by a column 'experiment'."
            )
    names = {"_experiment": "experiment", "cells": "cell_line", "drug": "agent", dose: "concentration",
             "mean": COUNTS[0], "size": "wells"}  # fmt: skip
    order = ["experiment", "plate", "cell_line", "agent", "concentration", *COUNTS, "wells"]
    return pd.DataFrame(drug.rename(columns=names)[order])


def gr_curve(concentration: Array, *, GEC50: float, GRinf: float, h_GR: float) -> Array:
    """Return growth-rate inhibition at some concentrations, by the numbers that ``gr_metrics`` gives.

    Parameters
    ----------
    concentration
        Any shape, in the unit of ``GEC50``.
    GEC50, GRinf, h_GR
        Half-effective concentration, value at an endless one, and slope.

    Returns
    -------
    ndarray of float64
        In the shape given; 1 is growth as without drug.

    Examples
    --------
    Without drug, at the half-effective concentration, and far above it:

    >>> import numpy as np
    >>> from fxyd3.rescue import gr_curve
    >>> gr_curve(np.array([0.0, 10.0, 1e6]), GEC50=10, GRinf=-0.5, h_GR=1.5).round(2).tolist()
    [1.0, 0.25, -0.5]
    """
    given = np.asarray(concentration, dtype=float)
    if GEC50 == 0:
        return np.full(given.shape, GRinf)
    with np.errstate(divide="ignore"):
        effect = expit(h_GR * (np.log(given) - np.log(GEC50)))
    return np.asarray(1 + (GRinf - 1) * effect)


def _curve(concentration: Array, value: Array) -> tuple[float | str | int, ...]:
    x = np.log10(concentration)
    places, at = np.unique(x, return_inverse=True)
    mean = np.bincount(at, value) / np.bincount(at)
    least = float(mean[-2:].min())
    area = float(np.trapezoid(1 - mean, places) / (places[-1] - places[0]))

    low = np.array([-1, places[0] - DECADES, FLATTEST])
    high = np.array([1, places[-1] + DECADES, STEEPEST])

    def off(p: Array) -> Array:
        return np.asarray(1 + (p[0] - 1) * expit(p[2] * np.log(10) * (x - p[1])) - value)

    def way(p: Array) -> Array:
        effect = expit(p[2] * np.log(10) * (x - p[1]))
        bend = (p[0] - 1) * effect * (1 - effect) * np.log(10)
        return np.column_stack([effect, -p[2] * bend, (x - p[1]) * bend])

    starts = [(np.clip(least, -0.9, 0.9), place, hill) for place in np.quantile(x, [0.2, 0.5, 0.8]) for hill in (1, 3)]
    fits = [
        optimize.least_squares(off, p, jac=way, bounds=(low, high), method="dogbox", xtol=1e-12, ftol=1e-12)
        for p in starts
    ]
    best = min(fits, key=lambda fit: fit.cost)
    n, left, total = len(value), 2 * float(best.cost), float(((value - value.mean()) ** 2).sum())
    r2 = 1 - left / total if total > 0 else np.nan
    f = max(total - left, 0) / 2 / max(left / (n - 2), 1e-300)
    p_value = float(stats.f.sf(f, 2, n - 2))
    if not p_value < LEVEL:
        flat = float(value.mean())
        half = np.inf if flat > 0.5 else -np.inf
        return half, least, area, 0.0, flat, 0.01, r2, p_value, "flat", n
    end, place, hill = map(float, best.x)
    half = 10**place * (0.5 / (0.5 - end)) ** (1 / hill) if end < 0.5 else np.inf
    return half, least, area, 10**place, end, hill, r2, p_value, "sigmoid", n

"""From readings to viability, and whether a plate may be trusted."""

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal, Protocol, get_args

import numpy as np
from scipy import stats

from fxyd3.claims._holm import holm
from fxyd3.data.assays import ROLES
from fxyd3.data.report import nearest
from fxyd3.errors import InputError
from fxyd3.rescue._layout import plate_shape, row_number

if TYPE_CHECKING:
    from collections.abc import Hashable, Mapping

    import pandas as pd
    from numpy.typing import NDArray

Centre = Literal["mean", "median"]
Correction = Literal["none", "rim", "polish"]
KEYS = ["plate", "cells"]
READINGS = ("reading", "luminescence", "absorbance", "fluorescence")
EXCELLENT, USABLE = 0.5, 0.0  # Z' of Zhang 1999
EDGE = ["plate", "n_inner", "n_rim", "edge", "lower", "upper", "p", "row_gradient", "row_gradient_lower",
        "row_gradient_upper", "column_gradient", "column_gradient_lower", "column_gradient_upper", "said"]  # fmt: skip
MAD = 1.4826  # median absolute deviation of normal values, to their standard deviation
REACH = 0.25  # share of the plate over which controls must lie to show a gradient
CLEAR = 0.2  # share of control above which a signal stands clear of the blanks' noise


class HasWells(Protocol):
    """A `Plate`, or anything else with a table of wells."""

    @property
    def wells(self) -> "pd.DataFrame":
        """One row per well."""
        ...


@dataclass(frozen=True, eq=False)
class Normalised:
    """Wells as shares of their controls; see ``normalise``.

    Attributes
    ----------
    wells
        The wells given, without empty ones, with reading (float64) and: rim (whether it lies in the outermost row or
        column), signal (reading without blank, corrected where asked), viability (share of the controls of the same
        plate and cells; NaN on plates without controls, such as those read when the drug is added).
    controls
        One row per plate and cells with controls: plate, cells, blank (centre of the blanks), n_blanks, control (centre
        of their signal), n_controls.
    edges
        See ``edge_effects``; of the readings, before any correction.
    corrected
        How edges were corrected.

    Examples
    --------
    From a simulated plate:

    >>> from fxyd3.data.simulate import viability_plates
    >>> from fxyd3.rescue import normalise
    >>> found = normalise(viability_plates(plates=1).table)
    >>> found.corrected
    'none'
    >>> found.controls[["plate", "cells", "n_blanks", "n_controls"]]
                plate      cells  n_blanks  n_controls
    0  chemotherapy-1  ancestral         8           8
    1  chemotherapy-1      other         8           8
    2     glycoside-1  ancestral         8           8
    3     glycoside-1      other         8           8
    """

    wells: "pd.DataFrame"
    controls: "pd.DataFrame"
    edges: "pd.DataFrame"
    corrected: str

    def summary(self) -> "pd.DataFrame":
        """Return viability by plate, cells, drug and dose: plate, cells, drug, dose_nM, wells, mean, sd."""
        treated = self.wells[self.wells["role"] == "drug"]
        grouped = treated.groupby(["plate", "cells", "drug", "dose_nM"])["viability"]
        return grouped.agg(wells="count", mean="mean", sd="std").reset_index()


def normalise(
    wells: "pd.DataFrame | HasWells",
    *,
    centre: Centre = "mean",
    blank: float | None = None,
    correct_edges: Correction = "none",
) -> Normalised:
    """Turn readings into viability: reading less blank, over the controls of the same cells on the same plate.

    Parameters
    ----------
    wells
        A `Plate`, or a table of the wells of one plate or many: plate, row, column, role, cells, drug, dose_nM, hours,
        and reading (or luminescence, as the twin's). A plate is taken to be the smallest that holds its wells.
    centre
        Of blanks and of controls; the median withstands a failed well, where there are five or more.
    blank
        Reading without cells, where the reader has subtracted it (0) or it was measured elsewhere; None: the blanks.
    correct_edges
        "none"; "rim": wells of the rim are raised by the loss that the controls of their plate show; "polish": row and
        column effects are taken out by Tukey's median polish of log signals less their treatment's median, as in the
        B score, but kept on the scale of shares.

    Returns
    -------
    Normalised

    Raises
    ------
    InputError
        For a missing column, an unknown role, a reading that is not a number, a negative dose, a well that occurs
        twice, no blanks (and no ``blank``), nothing but blanks, treated cells without controls, and blanks at least as
        bright as the controls.

    Notes
    -----
    Viability is not clipped: above 1 and below 0 are noise, which a fit needs.

    References
    ----------
    Brideau 2003, doi:10.1177/1087057103258285 (B score).

    When not to use
    ---------------
    A correction, where no effect is seen, adds noise. "rim" on plates whose controls lie all in the rim or all inside
    it has nothing to go by, and leaves them as they are. "polish" takes out only a part of a rim's loss, and sees no
    column effect, but between controls, where doses run along columns.

    Examples
    --------
    A made-up plate; blanks are 100 and controls 1,100 on average:

    >>> import pandas as pd
    >>> from fxyd3.rescue import normalise
    >>> wells = pd.DataFrame({"plate": "P1", "row": list("BBCCDD"), "column": [2, 3] * 3, "hours": 72,
    ...                       "role": ["blank", "blank", "control", "control", "drug", "drug"],
    ...                       "cells": ["none"] * 2 + ["line"] * 4, "drug": ["none"] * 4 + ["dox"] * 2,
    ...                       "dose_nM": [0] * 4 + [10] * 2, "reading": [90, 110, 1000, 1200, 600, 350]})
    >>> normalise(wells).wells.query("role != 'blank'")[["row", "column", "role", "viability"]]
      row  column     role  viability
    2   C       2  control       0.90
    3   C       3  control       1.10
    4   D       2     drug       0.50
    5   D       3     drug       0.25
    """
    for name, value, options in (("centre", centre, Centre), ("correct_edges", correct_edges, Correction)):
        if value not in get_args(options):
            raise InputError(f"The {name} is '{value}': it is one of {', '.join(get_args(options))}.")
    table, controls = _signals(wells, centre, blank)
    edges = _edges(table)
    if correct_edges == "rim":
        loss = table["plate"].map(edges.set_index("plate")["edge"]).fillna(0.0)
        table["signal"] /= np.where(table["rim"], 1 + loss, 1.0)
    elif correct_edges == "polish":
        table["signal"] /= np.exp(_polished(table))
    if correct_edges != "none":
        controls = controls.drop(columns=["control", "n_controls"]).merge(_of_controls(table, centre), on=KEYS)
    table = table.merge(controls[[*KEYS, "control"]], on=KEYS, how="left")
    table["viability"] = table["signal"] / table.pop("control")
    return Normalised(table.drop(columns=["_down", "_across"]), controls, edges, correct_edges)


def edge_effects(wells: "pd.DataFrame | HasWells", *, blank: float | None = None) -> "pd.DataFrame":
    """Estimate how much signal the controls in the rim of each plate lose, and whether it slopes.

    Least squares of the log signal of controls: one level for each kind of cells, one effect of the rim.

    Parameters
    ----------
    wells, blank
        As in ``normalise``.

    Returns
    -------
    pandas.DataFrame
        One row per plate with controls: plate; n_inner, n_rim (controls); edge (share of signal in the rim against the
        inside, less 1: -0.08 is a loss of 8%), lower, upper (95%), p (t test over wells), p_holm (over plates);
        row_gradient, column_gradient (change from the first to the last row, or column, of the plate, as a share,
        beside the rim; NaN where the controls of each kind of cells reach over less than a quarter of it) and their
        _lower and _upper; said (empty, or why there is no estimate of the edge).

    Raises
    ------
    InputError
        As ``normalise``.

    References
    ----------
    Student 1908, doi:10.1093/biomet/6.1.1.

    When not to use
    ---------------
    As evidence over experiments: these intervals are over the wells of one plate. For that take the estimates of
    several plates, one number each.

    Examples
    --------
    Simulated plates, whose rim loses 8 % of the signal:

    >>> from fxyd3.data.simulate import viability_plates
    >>> from fxyd3.rescue import edge_effects
    >>> edge_effects(viability_plates(plates=2, edge=0.08).table)[["plate", "edge", "lower", "upper"]].round(2)
                plate  edge  lower  upper
    0  chemotherapy-1 -0.01  -0.06   0.05
    1  chemotherapy-2 -0.07  -0.12  -0.01
    2     glycoside-1 -0.05  -0.10   0.01
    3     glycoside-2 -0.09  -0.15  -0.04
    """
    return _edges(_signals(wells, "mean", blank)[0])


def quality(wells: "pd.DataFrame | HasWells", *, blank: float | None = None) -> "pd.DataFrame":
    """Say how well each plate tells dead cells from living ones.

    The dead are wells of role "positive", of the same cells where there are any; without them, the blanks.

    Parameters
    ----------
    wells, blank
        As in ``normalise``; a ``blank`` does not serve as dead cells, since it has no spread.

    Returns
    -------
    pandas.DataFrame
        One row per plate and cells with controls: plate, cells, n_blanks, n_controls, n_positive, n_top (wells at the
        highest dose), reference ("positive", "blank" or "none"), z_prime with lower and upper (95%), z_prime_robust
        (medians and their absolute deviations), ssmd, ssmd_robust, control_cv, top_viability
        (mean at the highest dose, all drugs together), edge, edge_lower, edge_upper, edge_p, row_gradient,
        column_gradient (of the plate, see ``edge_effects``), verdict ("excellent" from Z' 0.5, "marginal" from 0, "not
        usable" below, "not known"), reasons (text).

    Raises
    ------
    InputError
        As ``normalise``.

    Notes
    -----
    ``Z' = 1 - 3 (sd_p + sd_n) / |mean_p - mean_n|`` and ``SSMD = (mean_n - mean_p) / sqrt(sd_n^2 + sd_p^2)`` with
    p dead cells and n controls. The limits of Z' join those of both standard deviations (chi-squared) and of the
    difference, by the method of variance estimates recovery; with two blanks they are wide, as they should be.

    References
    ----------
    Zhang 1999, doi:10.1177/108705719900400206 (Z'). Zhang 2007, doi:10.1016/j.ygeno.2006.12.014 (SSMD). Zou & Donner
    2008, doi:10.1002/sim.3095 (limits of a sum).

    When not to use
    ---------------
    As a reason to drop an experiment one dislikes: decide on the threshold before looking. A good Z' says that the
    assay tells dead from alive, not that a dose response is right.

    Examples
    --------
    Simulated plates:

    >>> from fxyd3.data.simulate import viability_plates
    >>> from fxyd3.rescue import quality
    >>> found = quality(viability_plates(plates=1).table)
    >>> found[["plate", "cells", "reference", "z_prime", "verdict"]].round(1)
                plate      cells reference  z_prime    verdict
    0  chemotherapy-1  ancestral     blank      0.8  excellent
    1  chemotherapy-1      other     blank      0.8  excellent
    2     glycoside-1  ancestral     blank      0.7  excellent
    3     glycoside-1      other     blank      0.8  excellent
    """
    table, controls = _signals(wells, "mean", blank)
    living = _spread(table[table["role"] == "control"], KEYS)
    found = controls[[*KEYS, "n_blanks", "control"]].merge(living, on=KEYS)
    dead = _spread(table[table["role"] == "positive"], KEYS).assign(reference="positive")
    blanks = found[KEYS].merge(
        _spread(table[table["role"] == "blank"], ["plate"]).assign(reference="blank"), on="plate", how="left"
    )
    dead = found[KEYS].merge(dead, on=KEYS, how="left")
    dead = dead.where(dead["n"].notna(), blanks)
    distance = found["mean"] - dead["mean"]
    known = ((found["n"] > 1) & (dead["n"] > 1) & (distance != 0)).to_numpy()
    gap = distance.where(known)
    found["z_prime"] = 1 - 3 * (found["sd"] + dead["sd"]) / gap.abs()
    found["lower"], found["upper"] = _z_limits(found, dead, gap.abs())
    apart = (found["median"] - dead["median"]).where(known)
    found["z_prime_robust"] = 1 - 3 * (found["mad"] + dead["mad"]) / apart.abs()
    found["ssmd"] = gap / np.hypot(found["sd"], dead["sd"])
    found["ssmd_robust"] = apart / (found["mad"] ** 2 + dead["mad"] ** 2).pow(0.5).where(lambda own: own > 0)
    found["control_cv"] = found["sd"] / found["mean"]
    found["reference"] = dead["reference"].fillna("none")
    found["n_positive"] = dead["n"].where(dead["reference"] == "positive").fillna(0).astype(int)
    treated = table[table["role"] == "drug"]
    top = treated[treated["dose_nM"] == treated.groupby([*KEYS, "drug"])["dose_nM"].transform("max")]
    found = found.merge(top.groupby(KEYS)["signal"].agg(n_top="count", top="mean").reset_index(), on=KEYS, how="left")
    found["n_top"], found["top_viability"] = found["n_top"].fillna(0).astype(int), found["top"] / found["control"]
    edges = _edges(table).rename(columns={name: f"edge_{name}" for name in ("lower", "upper", "p")})
    found = found.merge(edges, on="plate").rename(columns={"n": "n_controls"})
    found["verdict"] = np.select(
        [found["z_prime"] >= EXCELLENT, found["z_prime"] >= USABLE, found["z_prime"] < USABLE],
        ["excellent", "marginal", "not usable"],
        "not known",
    )
    found["n_dead"] = dead["n"].fillna(0)
    found["reasons"] = ["; ".join(_reasons(row)) for row in found.to_dict("records")]
    return found[
        [*KEYS, "n_blanks", "n_controls", "n_positive", "n_top", "reference", "z_prime", "lower", "upper",
         "z_prime_robust", "ssmd", "ssmd_robust", "control_cv", "top_viability", "edge", "edge_lower", "edge_upper",
         "edge_p", "row_gradient", "column_gradient", "verdict", "reasons"]
    ]  # fmt: skip


def _signals(
    given: "pd.DataFrame | HasWells", centre: Centre, blank: float | None
) -> tuple["pd.DataFrame", "pd.DataFrame"]:
    """Check the wells; return them with rim and signal, and the centres of blanks and controls."""
    table = _checked(given)
    if (table["role"] == "blank").all():
        raise InputError("All wells are blanks: name controls and treated wells in the layout.")
    treated = table.loc[table["role"] == "drug", KEYS].drop_duplicates()
    if not table["role"].isin(["control", "time_zero"]).any():
        raise InputError("There are no control wells: name wells with cells and without drug 'control' in the layout.")
    has = table.loc[table["role"] == "control", KEYS].drop_duplicates()
    alone = treated.merge(has, on=KEYS, how="left", indicator="known").query("known == 'left_only'")
    if len(alone):
        plate, cells = alone.iloc[0][KEYS]
        raise InputError(
            f"There are no control wells with {cells} cells on plate '{plate}': name some, or leave those cells out."
        )
    read = table[table["reading"].notna()]
    blanks = read[read["role"] == "blank"].groupby("plate")["reading"].agg([centre, "size"])
    without = sorted(set(table["plate"]) - set(blanks.index))
    if blank is None and without:
        raise InputError(
            f"Plate '{without[0]}' has no blank wells with a reading: name wells without cells 'blank', or give their "
            "reading as blank=, 0 where the reader has subtracted it."
        )
    base = table["plate"].map(blanks[centre]) if blank is None else blank
    table["signal"] = table["reading"] - base
    controls = _of_controls(table, centre)
    controls["blank"] = controls["plate"].map(blanks[centre]) if blank is None else float(blank)
    controls["n_blanks"] = controls["plate"].map(blanks["size"]).fillna(0).astype(int)
    dark = controls[~(controls["control"] > 0)]
    if len(dark):
        plate, cells = dark.iloc[0][KEYS]
        raise InputError(
            f"On plate '{plate}' the blanks are as bright as the controls of {cells} cells, or brighter: check which "
            "wells are which in the layout."
        )
    return table, controls[[*KEYS, "blank", "n_blanks", "control", "n_controls"]]


def _of_controls(table: "pd.DataFrame", centre: Centre) -> "pd.DataFrame":
    grouped = table[table["role"] == "control"].groupby(KEYS)["signal"]
    return grouped.agg(control=centre, n_controls="count").reset_index()


def _checked(given: "pd.DataFrame | HasWells") -> "pd.DataFrame":
    import pandas as pd

    table = (given if isinstance(given, pd.DataFrame) else given.wells).copy().reset_index(drop=True)
    value = next((name for name in READINGS if name in table), "reading")
    table = table.rename(columns={value: "reading"})
    for name in ("plate", "row", "column", "role", "cells", "drug", "dose_nM", "reading"):
        if name not in table:
            raise InputError(f"The wells have no column '{name}'{nearest(name, map(str, table.columns))}: add it.")
    for name in ("column", "dose_nM", "reading"):
        numbers = pd.to_numeric(table[name], errors="coerce").astype(float)
        bad = (numbers.isna() & table[name].notna()) | np.isinf(numbers)
        if bad.any():
            raise InputError(f"The wells hold '{table.loc[bad, name].iloc[0]}' in column '{name}': give a number.")
        table[name] = numbers
    at, column = table["row"].astype(str).map(row_number), table["column"]
    bad = (at < 0) | ~(column >= 1) | (column % 1 != 0)
    if bad.any():
        row, number = table.loc[bad, ["row", "column"]].iloc[0]
        raise InputError(f"Row '{row}', column {number:g} is no place on a plate: rows are A to AF, columns 1 to 48.")
    table["column"] = column.astype(np.int64)
    unknown = table.loc[~table["role"].isin(ROLES), "role"]
    if len(unknown):
        raise InputError(
            f"The role '{unknown.iloc[0]}' is unknown{nearest(str(unknown.iloc[0]), ROLES)}: it is one of "
            f"{', '.join(ROLES)}."
        )
    if (table["dose_nM"] < 0).any():
        raise InputError(f"The dose {table['dose_nM'].min():g} nM is negative: mend it.")
    twice = table[table.duplicated(["plate", "row", "column"])]
    if len(twice):
        plate, row, number = twice.iloc[0][["plate", "row", "column"]]
        raise InputError(f"Well {row}{number} of plate '{plate}' occurs twice: name plates apart, or keep one of them.")
    ends = pd.DataFrame({"plate": table["plate"], "row": at + 1, "column": table["column"]}).groupby("plate").max()
    shapes = {plate: plate_shape(*size) for plate, *size in ends.itertuples(name=None)}
    last = np.array([shapes[plate] for plate in table["plate"]]).reshape(-1, 2)
    table["rim"] = (at == 0) | (at == last[:, 0] - 1) | (table["column"] == 1) | (table["column"] == last[:, 1])
    table["_down"] = at / (last[:, 0] - 1) - 0.5
    table["_across"] = (table["column"] - 1) / (last[:, 1] - 1) - 0.5
    used = table[table["role"] != "empty"].reset_index(drop=True)
    if used.empty:
        raise InputError("All wells are empty: name what they hold in the layout.")
    return used


def _edges(table: "pd.DataFrame") -> "pd.DataFrame":
    import pandas as pd

    lit = table[(table["role"] == "control") & (table["signal"] > 0)]
    found = pd.DataFrame([_edge(str(plate), own) for plate, own in lit.groupby("plate")], columns=EDGE)
    found["p_holm"] = holm(found["p"])
    return found[[*EDGE[:7], "p_holm", *EDGE[7:]]]


def _edge(plate: str, own: "pd.DataFrame") -> dict[str, object]:
    """Fit the controls of one plate."""
    rim = own["rim"].to_numpy(dtype=float)
    levels = (own["cells"].to_numpy()[:, None] == np.unique(own["cells"])).astype(float)
    logs = np.log(own["signal"].to_numpy())
    said, nothing = "", (np.nan,) * 4
    if rim.all():
        said = "controls only in the rim: an edge effect cannot be seen"
    elif not rim.any():
        said = "controls only inside: an edge effect cannot be seen"
    edge = _slope(logs, rim, levels) if not said else nothing
    if not said and np.isnan(edge[0]):
        said = "each kind of cells lies either in the rim or inside: an edge effect cannot be told from theirs"
    others = levels if said else np.column_stack([levels, rim])
    down, across = own["_down"].to_numpy(), own["_across"].to_numpy()
    row = _slope(logs, down, np.column_stack([others, across]), reach=REACH)
    column = _slope(logs, across, np.column_stack([others, down]), reach=REACH)
    return {
        "plate": plate, "n_inner": int((1 - rim).sum()), "n_rim": int(rim.sum()),
        "edge": edge[0], "lower": edge[1], "upper": edge[2], "p": edge[3],
        "row_gradient": row[0], "row_gradient_lower": row[1], "row_gradient_upper": row[2],
        "column_gradient": column[0], "column_gradient_lower": column[1], "column_gradient_upper": column[2],
        "said": said,
    }  # fmt: skip


def _slope(
    logs: "NDArray[np.float64]", at: "NDArray[np.float64]", others: "NDArray[np.float64]", reach: float = 1e-6
) -> tuple[float, float, float, float]:
    """Return the effect of ``at`` beside the others, as a share less 1, with its limits and p.

    NaN where ``at`` varies over less than ``reach``, beside the others.
    """
    left = at - others @ np.linalg.lstsq(others, at, rcond=None)[0]
    weight = float(left @ left)
    if np.ptp(left) < reach:
        return np.nan, np.nan, np.nan, np.nan
    slope = float(left @ logs) / weight
    rest = logs - at * slope
    rest = rest - others @ np.linalg.lstsq(others, rest, rcond=None)[0]
    df = len(logs) - 1 - int(np.linalg.matrix_rank(others))
    if df < 1:
        return float(np.expm1(slope)), np.nan, np.nan, np.nan
    error = float(np.sqrt(rest @ rest / df / weight))
    half = float(stats.t.ppf(0.975, df)) * error
    p = float(2 * stats.t.sf(abs(slope) / error, df)) if error > 0 else np.nan
    return float(np.expm1(slope)), float(np.expm1(slope - half)), float(np.expm1(slope + half)), p


def _polished(table: "pd.DataFrame") -> "NDArray[np.float64]":
    """Return the row and column effect at each well, in log, by median polish of what treatment leaves."""
    import pandas as pd

    level = table[table["role"] == "control"].groupby(KEYS)["signal"].mean().rename("level").reset_index()
    known = table[KEYS].merge(level, on=KEYS, how="left")["level"].to_numpy()
    clear = (table["signal"] > CLEAR * known).to_numpy()
    logs = pd.Series(np.log(np.where(clear, table["signal"], 1.0)), table.index).where(clear)
    left = logs - logs.groupby([table[name] for name in (*KEYS, "role", "drug", "dose_nM")]).transform("median")
    effect = pd.Series(0.0, table.index)
    for _ in range(20):
        for side in ("row", "column"):
            step = (left - effect).groupby([table["plate"], table[side]]).transform("median").fillna(0.0)
            effect += step
    return np.asarray(effect, dtype=float)


def _spread(wells: "pd.DataFrame", keys: list[str]) -> "pd.DataFrame":
    """Return number, mean, sd, median and mad (scaled) of the signals, by the keys."""
    off = (wells["signal"] - wells.groupby(keys)["signal"].transform("median")).abs()
    found = wells.groupby(keys)["signal"].agg(n="count", mean="mean", sd="std", median="median")
    found["mad"] = MAD * off.groupby([wells[key] for key in keys]).median()
    return found.reset_index()


def _z_limits(
    living: "pd.DataFrame", dead: "pd.DataFrame", gap: "pd.Series[float]"
) -> tuple["pd.Series[float]", "pd.Series[float]"]:
    sd = np.array([living["sd"], dead["sd"]])
    n = np.array([living["n"], dead["n"]], dtype=float)
    df = np.maximum(n - 1, 1)
    low, high = (sd * np.sqrt(df / stats.chi2.ppf(q, df)) for q in (0.975, 0.025))
    spread = sd.sum(axis=0)
    spread = np.where(spread > 0, spread, np.nan)
    least, most = spread - np.hypot(*(sd - low)), spread + np.hypot(*(high - sd))
    off = stats.t.ppf(0.975, df[0]) * np.sqrt((sd**2 / n).sum(axis=0)) / gap  # of the log difference
    ratio = 3 * spread / gap
    return (
        1 - ratio * np.exp(np.hypot(np.log(most / spread), off)),
        1 - ratio * np.exp(-np.hypot(np.log(least / spread), off)),
    )


def _reasons(row: "Mapping[Hashable, Any]") -> list[str]:
    """Say what stands behind a verdict, in a few words each."""
    told = []
    z, low, n_dead = row["z_prime"], row["lower"], int(row["n_dead"])
    if np.isnan(z):
        told.append(f"too few wells for a spread: {row['n_controls']} controls, {n_dead} of dead cells")
    else:
        dead = "dead cells" if row["reference"] == "positive" else "blanks"
        told.append(
            f"controls vary by {100 * row['control_cv']:.0f}%, {row['ssmd']:.0f} standard deviations from {dead}"
        )
        bound = EXCELLENT if z >= EXCELLENT else USABLE
        if z >= USABLE and not low >= bound:
            told.append(f"Z' could be as low as {low:.2f}")
        if n_dead < 3:
            told.append(f"only {n_dead} wells of dead cells")
    if row["said"]:
        told.append(row["said"].split(":")[0])
    elif row["edge_p"] < 0.05:
        told.append(_change("the rim reads", row, "edge"))
    for name, what in (("row_gradient", "from top to bottom"), ("column_gradient", "from left to right")):
        if row[f"{name}_lower"] > 0 or row[f"{name}_upper"] < 0:
            told.append(_change(what, row, name))
    return told


def _change(what: str, row: "Mapping[Hashable, Any]", name: str) -> str:
    at, low, high = (100 * row[key] for key in (name, f"{name}_lower", f"{name}_upper"))
    return f"{what} {at:+.0f}% (95% {low:+.0f} to {high:+.0f})"

"""Figures of dose response, with the clinical range of a drug, and of growth rate beside viability."""

from collections.abc import Mapping
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.patheffects import withStroke
from matplotlib.ticker import FuncFormatter, NullLocator
from numpy.typing import NDArray

from fxyd3.plots._house import GREY, MARKERS, PALETTE, canvas

if TYPE_CHECKING:
    from fxyd3.rescue._hill import HillFit

LINES = ("-", "--", "-.", ":")
Range = tuple[float, float]
Array = NDArray[np.float64]
BREAK = "\n"


def dose_response(
    fits: "Mapping[str, HillFit]",
    table: pd.DataFrame,
    *,
    label: str,
    axes: Axes | None = None,
    clinical: Mapping[str, Range] | None = None,
    cells: str = "cells",
    dose: str = "dose_nM",
    response: str = "viability",
    experiment: str = "plate",
) -> Axes:
    """Draw the wells of one drug and the curves fitted to them, one colour, sign and line for each kind of cells.

    Points are means of the wells of one plate; thin lines are the curves of single plates, where there are several.
    Bars at half height are EC50 with its interval. Controls stand left of a break, since zero has no place on a log
    axis.

    Parameters
    ----------
    fits
        By name of the cells; see ``fxyd3.rescue.fit_hill``, doses in nM.
    table
        The wells that were fitted, with columns cells, dose_nM (0: control), viability (share of control), plate.
    label
        What the data are; drawn on the figure.
    axes
        Where to draw; if not given, a new figure.
    clinical
        Ranges in plasma (nM), by drug; see ``clinical_band``.
    cells, dose, response, experiment
        Columns.

    Examples
    --------
    A simulated plate with two kinds of cells:

    >>> from fxyd3.data.simulate import viability_plates
    >>> from fxyd3.plots import dose_response
    >>> from fxyd3.rescue import fit_hill, viability
    >>> wells = viability(viability_plates().table).query("plate == 'chemotherapy-1'")
    >>> fits = {name: fit_hill(own["dose_nM"], own["viability"]) for name, own in wells.groupby("cells")}
    >>> axes = dose_response(fits, wells, label="Simulated data (twin)")
    >>> [text.get_text().split(":")[0] for text in axes.get_legend().get_texts()]
    ['ancestral', 'other']
    """
    if axes is None:
        (axes,) = canvas(label, width=6.4, height=4.4)
    doses = np.unique(table[dose].to_numpy(dtype=float))
    doses = doses[doses > 0]
    least = min([doses[0], *(low for low, _ in (clinical or {}).values())])
    grid = np.geomspace(doses[0], doses[-1], 200)
    zero = least / 5
    for i, (name, fit) in enumerate(fits.items()):
        colour, line, marker = PALETTE[i], LINES[i % len(LINES)], MARKERS[i]
        own = table[(table[cells] == name) & table[response].notna()]
        means = own.groupby([experiment, dose])[response].mean().reset_index()
        at = means[dose].where(means[dose] > 0, zero) * 1.06 ** (2 * i - len(fits) + 1)
        axes.plot(at, 100 * means[response], marker, color=colour, ms=4, alpha=0.6, mew=0)
        if fit.n > 1:
            for row in fit.per_experiment.to_dict("records"):
                if row["shape"] != "flat":
                    with np.errstate(over="ignore"):
                        effect = 1 / (1 + (row["ec50"] / grid) ** row["hill"])
                    each = row["top"] + (row["bottom"] - row["top"]) * effect
                    axes.plot(grid, 100 * each, color=colour, lw=0.6, alpha=0.5)
        axes.plot(grid, 100 * fit.predict(grid), line, color=colour, lw=2, label=_named(name, fit))
        if np.isfinite(fit.ec50.estimate) and fit.ec50.estimate <= doses[-1]:
            height = 100 * float(fit.predict(fit.ec50.estimate))
            ends = np.clip([fit.ec50.lower, fit.ec50.upper], least / 2, 1.5 * doses[-1])
            axes.plot(ends, [height, height], "|-", color=colour, lw=2.5, ms=9, solid_capstyle="butt")
            axes.plot(fit.ec50.estimate, height, marker, color=colour, mfc="white", mew=1.6, ms=8, zorder=4)
    axes.set(
        xscale="log", xlim=(zero / 1.8, 1.6 * doses[-1]), xlabel="dose (nM)", ylabel="viability (percent of control)"
    )
    axes.set_ylim(0, max(118.0, 108 * float(table[response].max())))
    _break(axes, zero, least)
    for drug, nM in (clinical or {}).items():
        clinical_band(axes, drug=drug, nM=nM)
    axes.legend(fontsize=9, loc="lower left", bbox_to_anchor=(0, 1), ncols=2, borderaxespad=0.2)
    return axes


def clinical_band(axes: Axes, *, drug: str, nM: Range, above: bool = False) -> None:
    """Draw the clinical range of a drug in plasma over a dose axis, with its name and numbers.

    Parameters
    ----------
    axes
        With doses in nM along x.
    drug
        Name.
    nM
        Ends of the range, nM; see ``fxyd3.rescue.glycoside``.
    above
        Whether the name stands above the axes, where lines would cross it.

    Examples
    --------
    On the axes of a figure over doses:

    >>> from fxyd3.plots import canvas, clinical_band
    >>> from fxyd3.rescue import DIGOXIN
    >>> (axes,) = canvas("Made-up data")
    >>> _ = axes.set(xscale="log", xlim=(0.1, 100))
    >>> clinical_band(axes, drug="digoxin", nM=DIGOXIN.clinical_nM)
    >>> axes.texts[0].get_text()
    'digoxin in plasma, 0.64–2.56 nM'
    """
    i = sum(patch.get_gid() == "clinical" for patch in axes.patches)
    low, high = nM
    colour = (PALETTE[6], PALETTE[3])[i % 2]
    axes.axvspan(low, high, facecolor=colour, alpha=0.3, edgecolor="none", zorder=0, gid="clinical")
    for end in nM:
        axes.axvline(end, color=GREY, lw=0.8, ls=LINES[3 - i % 2], zorder=0)
    told = f"{drug} in plasma,{BREAK if above else ' '}{low:.3g}–{high:.3g} nM"
    axes.text(np.sqrt(low * high), 1.01 if above else 0.09, told, rotation=0 if above else 90, ha="center", va="bottom",
              fontsize=8, path_effects=[withStroke(linewidth=2.5, foreground="white")],
              transform=axes.get_xaxis_transform())  # fmt: skip


def clinical_rows(axes: Axes, clinical: Mapping[str, Range], *, doses: Array, places: Array) -> None:
    """Draw clinical ranges as bars beside the rows of a map, with their names.

    A bar reaches half a row beyond the outer doses at most.

    Parameters
    ----------
    axes
        With one row for each dose.
    clinical
        Ranges in plasma (nM), by drug.
    doses
        Of the rows, nM, rising, above zero.
    places
        Of the rows on the axis.
    """
    at = np.log(doses)
    known = [at[0] - (at[1] - at[0]) / 2, *at, at[-1] + (at[-1] - at[-2]) / 2]
    rows = [places[0] - 0.5, *places, places[-1] + 0.5]
    for drug, nM in clinical.items():
        ends = np.interp(np.log(nM), known, rows)
        axes.plot([1.02, 1.02], ends, color=GREY, lw=4, solid_capstyle="butt", clip_on=False, gid="clinical",
                  transform=axes.get_yaxis_transform())  # fmt: skip
        axes.text(1.04, ends.mean(), f"{drug}\nin plasma,\n{nM[0]:.3g}–{nM[1]:.3g} nM", fontsize=8, va="center",
                  transform=axes.get_yaxis_transform())  # fmt: skip


def gr_against_viability(
    fits: "Mapping[str, HillFit]",
    values: pd.DataFrame,
    metrics: pd.DataFrame,
    *,
    label: str,
) -> list[Axes]:
    """Draw the same cells twice: viability at the left, growth-rate inhibition at the right.

    Parameters
    ----------
    fits
        Viability by name of the cells; see ``fxyd3.rescue.fit_hill``.
    values
        Growth-rate inhibition: cell_line, concentration (nM), cell_count, cell_count__ctrl, GRvalue; see
        ``fxyd3.rescue.gr_values``.
    metrics
        One row per cell_line; see ``fxyd3.rescue.gr_metrics``.
    label
        What the data are; drawn on the figure.

    Returns
    -------
    list of Axes
        Viability; growth rate.

    Examples
    --------
    Simulated plates:

    >>> from fxyd3.data.simulate import viability_plates
    >>> from fxyd3.plots import gr_against_viability
    >>> from fxyd3.rescue import fit_hill, gr_metrics, gr_table, gr_values, viability
    >>> plates = viability_plates(plates=1).table
    >>> fits = {name: fit_hill(own["dose_nM"], own["viability"])
    ...         for name, own in viability(plates).query("drug != 'glycoside'").groupby("cells")}
    >>> values = gr_values(gr_table(plates).query("agent == 'chemotherapy'"))
    >>> left, right = gr_against_viability(fits, values, gr_metrics(values), label="Simulated data (twin)")
    >>> left.get_title(loc="left"), right.get_ylabel()
    ('Viability', 'GR (1: as without drug, 0: no growth)')
    """
    left, right = canvas(label, columns=2, width=7.6, height=4.4)
    grid = np.geomspace(values["concentration"].min(), values["concentration"].max(), 200)
    for i, (name, fit) in enumerate(fits.items()):
        own = values[values["cell_line"] == name]
        row = metrics[metrics["cell_line"] == name].iloc[0]
        viability = 100 * own["cell_count"] / own["cell_count__ctrl"]
        curve = np.full(grid.shape, row["GRinf"])
        if row["fit"] == "sigmoid":
            curve = row["GRinf"] + (1 - row["GRinf"]) / (1 + (grid / row["GEC50"]) ** row["h_GR"])
        told = f"IC50 {_nM(fit.ic50.estimate)}", f"GR50 {_nM(row['GR50'])}"
        panels = zip((left, right), (viability, own["GRvalue"]), (100 * fit.predict(grid), curve), told, strict=True)
        for axes, points, line, text in panels:
            axes.plot(own["concentration"], points, MARKERS[i], color=PALETTE[i], ms=4, alpha=0.6, mew=0)
            axes.plot(grid, line, LINES[i % len(LINES)], color=PALETTE[i], lw=2, label=f"{name}: {text}")
    for axes, half, title in ((left, 50, "Viability"), (right, 0.5, "Growth rate")):
        axes.axhline(half, color=GREY, lw=1, ls=":", zorder=0)
        axes.set(xscale="log", xlabel="dose (nM)", title=title)
        axes.xaxis.set_major_formatter(FuncFormatter(lambda value, _: f"{value:,.10g}"))
        handles, names = axes.get_legend_handles_labels()
        axes.legend(handles, names, loc="upper center", bbox_to_anchor=(0.45, -0.2), fontsize=9)
    left.set(ylabel="viability (percent of control)", ylim=(0, None))
    right.axhline(0, color=GREY, lw=1, zorder=0)
    right.annotate("below: cells are lost", (0.02, 0), xycoords=("axes fraction", "data"), xytext=(0, -3),
                   textcoords="offset points", va="top", fontsize=8, color=GREY)  # fmt: skip
    right.set(ylabel="GR (1: as without drug, 0: no growth)", ylim=(min(-0.25, values["GRvalue"].min() - 0.05), None))
    return [left, right]


def _named(name: str, fit: "HillFit") -> str:
    if np.isnan(fit.ec50.estimate):
        return f"{name}: {fit.shape}"
    return f"{name}: EC50 {_nM(fit.ec50.estimate)}"


def _nM(value: float) -> str:  # noqa: N802
    if not np.isfinite(value):
        return "not reached" if value > 0 else "not known"
    return f"{value:,.3g} nM" if value < 1000 else f"{value:,.0f} nM"


def _break(axes: Axes, zero: float, least: float) -> None:
    """Name the place of the controls, and break the axis beside it."""
    low, high = axes.get_xlim()
    powers = 10.0 ** np.arange(np.ceil(np.log10(least / 1.5)), np.floor(np.log10(high)) + 1)
    axes.set_xticks([zero, *powers], ["0", *(f"{power:,.10g}" for power in powers)])
    axes.xaxis.set_minor_locator(NullLocator())
    axes.set_xlim(low, high)
    place = np.sqrt(zero * least / 1.2)
    axes.text(place, 0, "//", transform=axes.get_xaxis_transform(), ha="center", va="center", fontsize=11,
              bbox={"facecolor": "white", "edgecolor": "none", "pad": 0.5}, clip_on=False)  # fmt: skip

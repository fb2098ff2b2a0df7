"""Figures of simulated schedules: cells over time, cells left, and a map over both doses."""

from typing import TYPE_CHECKING

import matplotlib.pyplot as plt
import numpy as np
from matplotlib.axes import Axes
from matplotlib.colors import LogNorm
from matplotlib.patheffects import withStroke
from matplotlib.ticker import FuncFormatter, MaxNLocator, NullFormatter

from fxyd3.plots._house import GREY, MARKERS, PALETTE, canvas, style

if TYPE_CHECKING:
    from collections.abc import Mapping

    import pandas as pd

    from fxyd3.rescue import ResidualCells

SIMULATION = "Simulation, not a measurement"
STROKES = ("-", "--", "-.", ":", (0, (7, 1.5, 1, 1.5, 1, 1.5)))
COLOURS = ("#949494", *(PALETTE[i] for i in (0, 5, 2, 3)))
WIDTHS = (4.5, 2, 2, 2, 2)
WIDE = 50.0
LEVELS = (0.001, 0.01, 0.1, 0.2, 0.5, 0.9, 1.1, 2, 5)
LEAST = 1e-6
Range = tuple[float, float]


def schedule_course(
    courses: "Mapping[str, pd.DataFrame]",
    *,
    clinical: Range | None = None,
    drug: str = "digoxin",
    label: str = SIMULATION,
) -> list[Axes]:
    """Draw cells over days under some schedules, and the concentrations of both drugs below.

    The first schedule is a wide grey line, on which the others show even where they agree with it.

    Parameters
    ----------
    courses
        By name of the schedule, five at most; see ``fxyd3.rescue.simulate_schedule``. Of all cells the line is thick,
        of tolerant ones thin.
    clinical, drug
        Range of the glycoside in plasma, nM, and whose it is.
    label
        What the data are; drawn on the figure.

    Returns
    -------
    list of Axes
        Cells; chemotherapy; glycoside.

    Examples
    --------
    Chemotherapy with and without digoxin, by the model; no schedule here is advice:

    >>> from fxyd3.plots import schedule_course
    >>> from fxyd3.rescue import DIGOXIN, orders, simulate_schedule
    >>> plans = orders(DIGOXIN, mean_nM=1.6, chemotherapy_nM=2000)
    >>> courses = {name: simulate_schedule(plans[name]) for name in ("chemotherapy alone", "glycoside with")}
    >>> cells, first, second = schedule_course(courses, clinical=DIGOXIN.clinical_nM)
    >>> [text.get_text() for text in cells.get_legend().get_texts()], second.get_title(loc="left")
    (['chemotherapy alone', 'glycoside with'], 'band: clinical range of digoxin, 0.64–2.56 nM')
    """
    style()
    figure, (cells, first, second) = plt.subplots(3, 1, figsize=(6.4, 6.4), sharex=True, height_ratios=(3, 0.8, 1))
    figure.supxlabel(label, x=0.99, ha="right", fontsize=8, color=GREY)
    for (name, table), colour, stroke, width in zip(courses.items(), COLOURS, STROKES, WIDTHS, strict=False):
        days = table["hours"] / 24
        cells.plot(days, table["total"], ls=stroke, color=colour, lw=width, label=name)
        cells.plot(days, table["tolerant"], ls=stroke, color=colour, lw=width / 2.5)
        for axes, what in ((first, "chemotherapy_nM"), (second, "glycoside_nM")):
            if table[what].any():
                axes.step(days, table[what], where="post", ls=stroke, color=colour, lw=0.7 * width)
    cells.set(yscale="log", ylabel="cells (thick: all, thin: tolerant)")
    cells.legend(fontsize=9, loc="lower left", bbox_to_anchor=(0, 1), ncols=2, borderaxespad=0.2)
    first.set(ylabel="chemo-\ntherapy (nM)")
    second.set(ylabel="glycoside\n(nM)", xlabel="days since the first chemotherapy")
    if clinical:
        second.axhspan(*clinical, facecolor=PALETTE[6], alpha=0.3, edgecolor="none", zorder=0, gid="clinical")
        second.set_ylim(0, max(second.get_ylim()[1], 1.1 * clinical[1]))
        low, high = clinical
        second.set_title(f"band: clinical range of {drug}, {low:.3g}–{high:.3g} nM", fontsize=8, color=GREY)
    for axes in (first, second):
        axes.set_ylim(bottom=0)
    second.xaxis.set_major_locator(MaxNLocator(integer=True))
    return [cells, first, second]


def residual_cells(found: "ResidualCells", *, label: str = SIMULATION) -> list[Axes]:
    """Draw the cells that schedules leave and when they are back, with the uncertainty of the rates.

    The dotted lines are the schedule that others are compared with. Cells are on a log axis where they differ more than
    fiftyfold.

    Parameters
    ----------
    found
        See ``fxyd3.rescue.residual``.
    label
        What the data are; drawn on the figure.

    Returns
    -------
    list of Axes
        Cells left; days until they are back.

    Examples
    --------
    Chemotherapy with and without digoxin, by the model; no schedule here is advice:

    >>> from fxyd3.plots import residual_cells
    >>> from fxyd3.rescue import DIGOXIN, orders, residual
    >>> plans = orders(DIGOXIN, mean_nM=1.6, chemotherapy_nM=2000)
    >>> found = residual({name: plans[name] for name in ("chemotherapy alone", "glycoside with")})
    >>> left, back = residual_cells(found)
    >>> [tick.get_text() for tick in left.get_yticklabels()], left.figure.get_supxlabel()
    (['chemotherapy alone', 'glycoside with'], 'Simulation, not a measurement')
    """
    table = found.table
    left, back = canvas(label, columns=2, width=7.4, height=1.7 + 0.42 * len(table))
    at = table["schedule"].tolist().index(found.against)
    panels = ((left, "left", "left", found.start / 100), (back, "regrowth_hours", "regrowth", 24.0))
    for axes, name, short, unit in panels:
        values = table[[name, f"{short}_lower", f"{short}_upper"]].to_numpy() / unit
        for i, (value, low, high) in enumerate(values):
            axes.plot([low, high], [i, i], "|-", color=PALETTE[0], lw=2, ms=10, mew=1.5, solid_capstyle="butt")
            axes.plot(value, i, MARKERS[0], color=PALETTE[0], ms=5)
            if not np.isfinite(value):
                axes.text(0.98, i, "never", transform=axes.get_yaxis_transform(), ha="right", va="center", fontsize=9)
        axes.axvline(values[at, 0], color=GREY, lw=1, ls=":", zorder=0)
        axes.set_yticks(range(len(table)), table["schedule"] if axes is left else [])
        axes.set_ylim(len(table) - 0.5, -0.5)
        finite = values[np.isfinite(values)]
        axes.set_xlim(0, 1.08 * finite.max(initial=0) or 1)
    low = table["left_lower"].min() * 100 / found.start
    if 0 < low < left.get_xlim()[1] / WIDE:
        left.set(xscale="log", xlim=(low / 2, 2 * left.get_xlim()[1]))
        left.xaxis.set_major_formatter(FuncFormatter(lambda value, _: f"{value:,.10g}"))
    back.xaxis.set_major_locator(MaxNLocator(integer=True))
    left.set_xlabel("cells at the end of the schedule\n(percent of the start)")
    back.set_xlabel("days until there are as many\nas at the start")
    return [left, back]


def schedule_window(
    table: "pd.DataFrame",
    *,
    clinical: "Mapping[str, Range]",
    label: str = SIMULATION,
) -> Axes:
    """Map the cells left with the glycoside, times those of the same chemotherapy alone, over both doses.

    Parameters
    ----------
    table
        See ``fxyd3.rescue.schedule_map``.
    clinical
        Ranges of the glycoside in plasma (nM), by drug; each between two lines.
    label
        What the data are; drawn on the figure.

    Examples
    --------
    Two doses of each drug, by the model:

    >>> from fxyd3.plots import schedule_window
    >>> from fxyd3.rescue import DIGOXIN, orders, schedule_map
    >>> plan = orders(DIGOXIN, mean_nM=1.6, chemotherapy_nM=2000)["glycoside with"]
    >>> table = schedule_map(plan, chemotherapy_nM=[100, 1000], glycoside_nM=[0.5, 50])
    >>> axes = schedule_window(table, clinical={"digoxin": DIGOXIN.clinical_nM})
    >>> [text.get_text() for text in axes.get_legend().get_texts()]
    ['between these lines: digoxin in plasma, 0.64–2.56 nM']
    """
    (axes,) = canvas(label, width=6.4, height=4.6)
    wide = table.pivot_table(index="glycoside_nM", columns="chemotherapy_nM", values="fold")
    x, y = wide.columns.to_numpy(dtype=float), wide.index.to_numpy(dtype=float)
    fold = np.maximum(wide.to_numpy(dtype=float), LEAST)
    least, most = min(fold.min(), 0.5), max(fold.max(), 1.0)
    mesh = axes.pcolormesh(x, y, fold, norm=LogNorm(least, most), cmap="cividis", shading="gouraud", rasterized=True)
    levels = [level for level in LEVELS if fold.min() < level < fold.max()]
    if levels:
        lines = axes.contour(x, y, fold, levels=levels, colors="white", linewidths=1)
        for text in axes.clabel(lines, fmt=lambda value: f"×{value:.3g}", fontsize=9):
            text.set_path_effects([withStroke(linewidth=2.5, foreground="#222222")])
    for i, (drug, (low, high)) in enumerate(clinical.items()):
        told = f"between these lines: {drug} in plasma, {low:.3g}–{high:.3g} nM"
        for end, name in ((low, None), (high, told)):
            axes.axhline(end, color=(PALETTE[5], PALETTE[3])[i % 2], lw=1.8, ls=("--", ":")[i % 2], label=name)
    axes.legend(fontsize=9, loc="lower left", bbox_to_anchor=(0, 1), borderaxespad=0.2)
    axes.set(xscale="log", yscale="log", xlabel="chemotherapy (nM)", ylabel="glycoside (nM)")
    for axis in (axes.xaxis, axes.yaxis):
        axis.set_major_formatter(FuncFormatter(lambda value, _: f"{value:,.10g}"))
        axis.set_minor_formatter(NullFormatter())
    bar = axes.figure.colorbar(mesh, ax=axes, label="cells left, times those of chemotherapy alone")
    powers = 10.0 ** np.arange(np.floor(np.log10(least)), np.ceil(np.log10(most)) + 1)
    ticks = np.outer(powers, (1, 2, 5) if least > 1 / WIDE else (1,)).ravel()
    bar.set_ticks(ticks[(ticks >= least) & (ticks <= most)])
    bar.ax.yaxis.set_major_formatter(FuncFormatter(lambda value, _: f"×{value:.3g}"))
    bar.ax.minorticks_off()
    return axes

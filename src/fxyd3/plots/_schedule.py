"""Figures of simulated schedules: cells over time, cells left, and a map over both doses."""

from typing import TYPE_CHECKING

import matplotlib.pyplot as plt
import numpy as np
from matplotlib.axes import Axes
from matplotlib.colors import LogNorm
from matplotlib.patheffects import withStroke
from matplotlib.ticker import FuncFormatter, NullFormatter

from fxyd3.plots._house import GREY, MARKERS, PALETTE, canvas, style

if TYPE_CHECKING:
    from collections.abc import Mapping

    import pandas as pd

    from fxyd3.rescue import ResidualCells

SIMULATION = "Simulation, not a measurement"
STROKES = ("-", "--", "-.", ":", (0, (1, 1)))
COLOURS = tuple(PALETTE[i] for i in (7, 0, 5, 2, 3))
Range = tuple[float, float]


def schedule_course(
    courses: "Mapping[str, pd.DataFrame]",
    *,
    clinical: Range | None = None,
    label: str = SIMULATION,
) -> list[Axes]:
    """Draw cells over days under some schedules, and the concentrations of both drugs below.

    Parameters
    ----------
    courses
        By name of the schedule, five at most; see ``fxyd3.rescue.simulate_schedule``. Of all cells the line is thick,
        of tolerant ones thin.
    clinical
        Range of the glycoside in plasma, nM.
    label
        What the data are; drawn on the figure.
    """
    style()
    figure, (cells, first, second) = plt.subplots(
        3, 1, figsize=(6.4, 6.4), sharex=True, height_ratios=(3, 0.8, 1)
    )  # fmt: skip
    figure.supxlabel(label, x=0.99, ha="right", fontsize=8, color=GREY)
    for (name, table), colour, stroke in zip(courses.items(), COLOURS, STROKES, strict=False):
        days = table["hours"] / 24
        cells.plot(days, table["total"], ls=stroke, color=colour, lw=2, label=name)
        cells.plot(days, table["tolerant"], ls=stroke, color=colour, lw=0.7)
        for axes, what in ((first, "chemotherapy_nM"), (second, "glycoside_nM")):
            if table[what].any():
                axes.step(days, table[what], where="post", ls=stroke, color=colour, lw=1.4)
    cells.set(yscale="log", ylabel="cells (thick: all, thin: tolerant)")
    cells.legend(fontsize=9, loc="lower left", bbox_to_anchor=(0, 1), ncols=2, borderaxespad=0.2)
    first.set(ylabel="chemo-\ntherapy (nM)")
    second.set(ylabel="glycoside\n(nM)", xlabel="days since the first chemotherapy")
    if clinical:
        second.axhspan(*clinical, color=PALETTE[6], alpha=0.35, lw=0, zorder=0, gid="clinical")
        second.set_ylim(0, max(second.get_ylim()[1], 1.1 * clinical[1]))
        second.set_title("band: clinical range of digoxin", fontsize=8, color=GREY)
    for axes in (first, second):
        axes.set_ylim(bottom=0)
    return [cells, first, second]


def residual_cells(found: "ResidualCells", *, label: str = SIMULATION) -> list[Axes]:
    """Draw the cells that schedules leave and when they are back, with the uncertainty of the rates.

    Parameters
    ----------
    found
        See ``fxyd3.rescue.residual``.
    label
        What the data are; drawn on the figure.
    """
    table = found.table
    left, back = canvas(label, columns=2, width=7.4, height=1.5 + 0.42 * len(table))
    for axes, what, unit in ((left, "left", found.start / 100), (back, "regrowth", 24.0)):
        columns = ["left" if what == "left" else "regrowth_hours", f"{what}_lower", f"{what}_upper"]
        for i, (value, low, high) in enumerate(table[columns].to_numpy()):
            axes.plot([low / unit, high / unit], [i, i], color=PALETTE[0], lw=2.4, solid_capstyle="butt")
            axes.plot(value / unit, i, MARKERS[0], color=PALETTE[0], ms=7, mfc="white", mew=1.6)
        axes.set_yticks(range(len(table)), table["schedule"] if what == "left" else [])
        axes.set_ylim(len(table) - 0.5, -0.5)
    left.set(xlabel="cells left (percent of the start)", xlim=(0, None))
    back.set(xlabel="days until as many as at the start", xlim=(0, None))
    return [left, back]


def schedule_window(
    table: "pd.DataFrame",
    *,
    clinical: Range,
    drug: str = "digoxin",
    label: str = SIMULATION,
) -> Axes:
    """Map the cells left with the glycoside, times those of the same chemotherapy alone, over both doses.

    Parameters
    ----------
    table
        See ``fxyd3.rescue.schedule_map``.
    clinical
        Range of the glycoside in plasma, nM; framed.
    drug
        Whose range it is.
    label
        What the data are; drawn on the figure.
    """
    (axes,) = canvas(label, width=6.4, height=4.6)
    wide = table.pivot_table(index="glycoside_nM", columns="chemotherapy_nM", values="fold")
    x, y = wide.columns.to_numpy(dtype=float), wide.index.to_numpy(dtype=float)
    least = min(float(wide.to_numpy().min()), 0.5)
    norm = LogNorm(max(least, 1e-6), 1)
    mesh = axes.pcolormesh(x, y, wide, norm=norm, cmap="cividis", shading="gouraud", rasterized=True)
    wanted = [level for level in (0.9, 0.5, 0.2, 0.1, 0.01, 0.001) if level > least]
    lines = axes.contour(x, y, wide, levels=sorted(wanted), colors="white", linewidths=1)
    for text in axes.clabel(lines, fmt=lambda value: f"×{value:.3g}", fontsize=9):
        text.set_path_effects([withStroke(linewidth=2.5, foreground="#222222")])
    low, high = clinical
    for end in clinical:
        axes.axhline(end, color=PALETTE[5], lw=1.8, ls="--")
    told = f"{drug} in plasma,\n{low:.3g}–{high:.3g} nM"
    axes.text(x[-1] / 1.05, np.sqrt(low * high), told, ha="right", va="center", fontsize=8,
              bbox={"facecolor": "white", "alpha": 0.8, "edgecolor": "none", "pad": 2})  # fmt: skip
    axes.set(xscale="log", yscale="log", xlabel="chemotherapy (nM)", ylabel="glycoside (nM)")
    for axis in (axes.xaxis, axes.yaxis):
        axis.set_major_formatter(FuncFormatter(lambda value, _: f"{value:,.10g}"))
        axis.set_minor_formatter(NullFormatter())
    bar = axes.figure.colorbar(mesh, ax=axes, label="cells left, times those of chemotherapy alone")
    bar.ax.yaxis.set_major_formatter(FuncFormatter(lambda value, _: f"{value:.3g}"))
    return axes

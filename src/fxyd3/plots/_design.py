"""The figures of a limiting-dilution design: how many wells, and which doses."""

from collections.abc import Sequence

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.ticker import FuncFormatter, PercentFormatter

from fxyd3.plots._house import GREY, MARKERS, PALETTE, canvas

LINES = ("-", "--", "-.", ":")


def design_power(table: pd.DataFrame, *, wanted: float, label: str, planned: int | None = None) -> Axes:
    """Draw the power against the number of wells, one line per fold; the first wells with the wanted power are marked.

    Parameters
    ----------
    table
        Columns fold, wells, power; see ``fxyd3.enrichment.power_curves``.
    wanted
        The power wanted; drawn as a line.
    label
        What the data are; drawn on the figure.
    planned
        Wells of the design at hand; drawn as a line where given.

    Examples
    --------
    The power to find two- and fourfold more stem cells:

    >>> from fxyd3.enrichment import design, power_curves
    >>> from fxyd3.plots import design_power
    >>> table = power_curves(design(frequency=1 / 133, fold=4), folds=[2, 4])
    >>> axes = design_power(table, wanted=0.8, planned=24, label="Calculated, no data")
    >>> [text.get_text() for text in axes.texts if not text.get_text().isdigit()]
    ['2-fold', '4-fold', 'wanted: 80%', 'planned: 24']
    """
    (axes,) = canvas(label, height=4.0)
    ends = [curve.iloc[-1] for _, curve in table.groupby("fold")]
    for i, ((fold, curve), at) in enumerate(
        zip(table.groupby("fold"), _apart([e["power"] for e in ends]), strict=True)
    ):
        colour = PALETTE[i % len(PALETTE)]
        axes.plot(curve["wells"], curve["power"], color=colour, linestyle=LINES[i % len(LINES)])
        axes.annotate(f"{fold:g}-fold", (ends[i]["wells"], at), xytext=(6, 0), textcoords="offset points", va="center",
                      fontsize=9)  # fmt: skip
        enough = curve[curve["power"] >= wanted]
        if len(enough):
            first = enough.iloc[0]
            axes.plot(first["wells"], first["power"], marker=MARKERS[i % len(MARKERS)], color=colour)
            axes.annotate(f"{first['wells']:.0f}", (first["wells"], first["power"]), xytext=(-6, 5),
                          textcoords="offset points", ha="right", fontsize=9)  # fmt: skip
    low, high = float(table["wells"].min()), float(table["wells"].max())
    axes.axhline(wanted, color=GREY, linewidth=1, linestyle="--", zorder=0)
    axes.annotate(f"wanted: {wanted:.0%}", (low, wanted), xytext=(2, -3), textcoords="offset points", va="top",
                  fontsize=8, color=GREY)  # fmt: skip
    if planned is not None:
        axes.axvline(planned, color=GREY, linewidth=1, linestyle=":", zorder=0)
        axes.annotate(f"planned: {planned}", (planned, 0), xytext=(3, 3), textcoords="offset points", fontsize=8,
                      color=GREY)  # fmt: skip
    axes.set(xscale="log", xlabel="wells (per dose, group and experiment)", ylabel="power", xlim=(low, high))
    axes.set(ylim=(0, 1.02))
    axes.xaxis.set_major_formatter(FuncFormatter(lambda value, _: f"{value:g}"))
    axes.set_xticks([n for n in (1, 2, 3, 6, 12, 24, 48, 96, 192, 384, 960) if low <= n <= high])
    axes.minorticks_off()
    axes.yaxis.set_major_formatter(PercentFormatter(1))
    return axes


def dose_placement(table: pd.DataFrame, *, doses: Sequence[float], label: str) -> Axes:
    r"""Draw what a well tells at any dose, with the best dose of each group and the chosen doses.

    Parameters
    ----------
    table
        Columns group, cells_per_well, best_dose, information (share of that at the best dose); see
        ``fxyd3.enrichment.Design.placement``.
    doses
        The chosen doses, the same for all groups; marked on each line.
    label
        What the data are; drawn on the figure.

    Examples
    --------
    One stem cell in 100, and four times as many after the sort:

    >>> from fxyd3.enrichment import design
    >>> from fxyd3.plots import dose_placement
    >>> study = design(frequency=1 / 100, fold=4)
    >>> axes = dose_placement(study.placement, doses=study.doses, label="Calculated, no data")
    >>> [text.get_text() for text in axes.texts]
    ['unsorted\nbest: 159', 'sorted\nbest: 39.8']
    """
    (axes,) = canvas(label, height=4.0)
    best = table.groupby("group")["best_dose"].first().sort_values()
    for i, (group, curve) in enumerate(table.groupby("group", sort=False)):
        colour, cells, told = PALETTE[i % len(PALETTE)], curve["cells_per_well"], curve["information"]
        axes.plot(cells, told, color=colour, linestyle=LINES[i % len(LINES)])
        axes.plot(doses, np.interp(np.log(doses), np.log(cells), told), linestyle="", color=colour,
                  marker=MARKERS[i % len(MARKERS)])  # fmt: skip
        at, left = best[str(group)], group == best.index[0]
        axes.plot([at, at], [0, 1], color=colour, linewidth=1, linestyle=":", zorder=0)
        axes.annotate(f"{group}\nbest: {at:.3g}", (at, 1), xytext=(-2 if left else 2, 4), textcoords="offset points",
                      ha="right" if left else "left", va="bottom", fontsize=9)  # fmt: skip
    axes.set(xscale="log", xlabel="cells per well (marks: the chosen doses)", ylim=(0, 1.25))
    axes.set(xlim=(table["cells_per_well"].min(), table["cells_per_well"].max()))
    axes.set_ylabel("what a well tells of the frequency\n(percent of the best dose)")
    axes.xaxis.set_major_formatter(FuncFormatter(lambda value, _: f"{value:,.10g}"))
    axes.yaxis.set_major_formatter(PercentFormatter(1))
    axes.set_yticks([0, 0.25, 0.5, 0.75, 1])
    return axes


def wrong_guess(table: pd.DataFrame, *, label: str) -> Axes:
    """Draw the error of the enrichment against how far off the expected frequency was, for a series and for one dose.

    Parameters
    ----------
    table
        Columns doses, factor, standard_error; see ``fxyd3.enrichment.Design.wrong_guess``.
    label
        What the data are; drawn on the figure.

    Examples
    --------
    What it costs to expect the wrong frequency:

    >>> from fxyd3.enrichment import design
    >>> from fxyd3.plots import wrong_guess
    >>> axes = wrong_guess(design(frequency=1 / 100, fold=4).wrong_guess, label="Calculated, no data")
    >>> [text.get_text() for text in axes.texts]
    ['as planned', 'one dose']
    """
    (axes,) = canvas(label)
    top = 3 * table["standard_error"].min() + table.loc[table["doses"] == "as planned", "standard_error"].max()
    for i, (name, curve) in enumerate(table.groupby("doses", sort=False)):
        axes.plot(curve["factor"], curve["standard_error"], color=PALETTE[i % len(PALETTE)],
                  linestyle=LINES[i % len(LINES)])  # fmt: skip
        last = curve[curve["standard_error"] <= top].iloc[-1]
        cut = last["factor"] < curve["factor"].max()  # the line leaves the figure at the top
        axes.annotate(str(name), last[["factor", "standard_error"]].tolist(), xytext=(-14, -16) if cut else (6, 0),
                      textcoords="offset points", ha="right" if cut else "left", va="center", fontsize=9)  # fmt: skip
    axes.axvline(1, color=GREY, linewidth=1, linestyle=":", zorder=0)
    axes.set(xscale="log", xlim=(0.1, 10), ylim=(0, top), xlabel="true frequency, relative to the one expected")
    axes.set_ylabel("standard error of the enrichment\nin one experiment (natural log)")
    axes.set_xticks([0.1, 0.2, 0.5, 1, 2, 5, 10])
    axes.xaxis.set_major_formatter(FuncFormatter(lambda value, _: f"{value:g}"))
    axes.minorticks_off()
    return axes


def _apart(heights: Sequence[float], least: float = 0.055) -> list[float]:
    """Return the heights, pushed down where the next one above is nearer than ``least``."""
    placed: dict[int, float] = {}
    for i in sorted(range(len(heights)), key=lambda i: -heights[i]):
        placed[i] = min(heights[i], min(placed.values(), default=2.0) - least)
    return [placed[i] for i in range(len(heights))]

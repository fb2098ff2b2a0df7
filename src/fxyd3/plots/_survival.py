"""Figures of patients: who is still free of the event, when the event comes, and hazard ratios."""

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

import matplotlib.pyplot as plt
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.ticker import PercentFormatter

from fxyd3.plots._house import GREY, PALETTE, style

if TYPE_CHECKING:
    from fxyd3.background._hazard import HazardOverTime
    from fxyd3.background._kaplan_meier import KaplanMeier

COLOURS = tuple(PALETTE[i] for i in (7, 0, 3, 5))
STROKES = ("-", "--", ":", "-.")
MARKERS = "osD^"


def survival_curves(found: "Mapping[str, KaplanMeier]", *, label: str) -> list[Axes]:
    """Draw Kaplan-Meier curves by group with their intervals, and the numbers at risk below: a panel for each cohort.

    Parameters
    ----------
    found
        Name of a cohort to its curves, see ``fxyd3.background.kaplan_meier``; four groups at most. The axis ends with
        the last of the times ``at`` that were asked for, and numbers at risk stand at each of them.
    label
        What the data are; drawn on the figure.

    Returns
    -------
    list of Axes
        One for each cohort, from left to right.

    Examples
    --------
    >>> from fxyd3.background import cohorts_label, gbsg2, kaplan_meier
    >>> from fxyd3.plots import survival_curves
    >>> cohort = gbsg2()
    >>> curves = kaplan_meier(cohort.patients, by="er", at=range(7))
    >>> (axes,) = survival_curves({"GBSG2": curves}, label=cohorts_label([cohort]))
    >>> [line.get_label() for line in axes.lines][:2]
    ['ER-negative', 'ER-positive']
    """
    panels = _panels(len(found), label, height=4.4)
    for axes, (name, each) in zip(panels, found.items(), strict=True):
        groups = list(each.groups["group"])
        at = each.at_times["time"].unique()
        for group, colour, stroke in zip(groups, COLOURS, STROKES, strict=False):
            own = each.curves[each.curves["group"] == group]
            axes.step(own["time"], own["survival"], stroke, where="post", color=colour, lw=2, label=group)
            axes.fill_between(own["time"], own["lower"], own["upper"], step="post", color=colour, alpha=0.15, lw=0)
        axes.set(title=name, xlim=(0, at[-1]), ylim=(0, 1.02), xlabel="years")
        axes.set_xticks(at)
        axes.yaxis.set_major_formatter(PercentFormatter(1.0))
        _numbers_at_risk(axes, each, groups)
    panels[0].set_ylabel("patients free of the event")
    panels[0].legend(loc="lower left", fontsize=9)
    return panels


def hazards(found: "Mapping[str, HazardOverTime]", *, label: str) -> list[Axes]:
    """Draw events per hundred person-years, period by period with exact intervals: a panel for each cohort.

    Parameters
    ----------
    found
        Name of a cohort to its hazard, see ``fxyd3.background.hazard_over_time``; four groups at most.
    label
        What the data are; drawn on the figure.

    Returns
    -------
    list of Axes
        One for each cohort, from left to right.

    Examples
    --------
    >>> from fxyd3.background import cohorts_label, gse7390, hazard_over_time
    >>> from fxyd3.plots import hazards
    >>> cohort = gse7390()
    >>> found = hazard_over_time(cohort.patients, by="er", bounds=[0, 3, 6, 10], split=3)
    >>> (axes,) = hazards({"GSE7390": found}, label=cohorts_label([cohort]))
    >>> axes.get_xlabel()
    'years'
    """
    panels = _panels(len(found), label, height=3.9)
    for axes, (name, each) in zip(panels, found.items(), strict=True):
        groups = list(dict.fromkeys(each.periods["group"]))
        for i, (group, colour, stroke) in enumerate(zip(groups, COLOURS, STROKES, strict=False)):
            own = each.periods[(each.periods["group"] == group) & each.periods["rate"].notna()]
            middle = (own["start"] + own["end"]) / 2 + (i - (len(groups) - 1) / 2) * 0.16
            rate, lower, upper = (100 * own[column] for column in ("rate", "lower", "upper"))
            axes.hlines(rate, own["start"], own["end"], color=colour, lw=1.6, linestyle=stroke)
            axes.errorbar(middle, rate, yerr=[rate - lower, upper - rate], fmt=MARKERS[i], color=colour, ms=5, lw=1.2,
                          mfc=colour if i == 0 else "white", label=group, clip_on=False)  # fmt: skip
        axes.axvline(each.split, color=GREY, lw=1, ls=":", zorder=0)
        axes.annotate("late →", (each.split, 1), xycoords=("data", "axes fraction"), xytext=(4, -2), va="top",
                      textcoords="offset points", fontsize=8.5, color=GREY)  # fmt: skip
        axes.set(title=name, xlim=(0, each.periods["end"].max()), xlabel="years")
        axes.set_ylim(bottom=0)
    panels[0].set_ylabel("events per 100 person-years")
    panels[-1].legend(loc="upper right", fontsize=9)
    return panels


def hazard_ratios(table: pd.DataFrame, *, label: str) -> Axes:
    """Draw hazard ratios with their intervals; an open point is a ratio that changes with time.

    Parameters
    ----------
    table
        Rows of ``fxyd3.background.Cox.ratios``, with a further column ``what`` that names the row.
    label
        What the data are; drawn on the figure.

    Returns
    -------
    Axes

    Examples
    --------
    >>> from fxyd3.background import cohorts_label, cox, gbsg2
    >>> from fxyd3.plots import hazard_ratios
    >>> cohort = gbsg2()
    >>> table = cox(cohort.patients, covariates=["er"]).ratios.assign(what="ER-negative against ER-positive")
    >>> hazard_ratios(table, label=cohorts_label([cohort])).get_xscale()
    'log'
    """
    style()
    figure, axes = plt.subplots(figsize=(6.4, 1.4 + 0.34 * len(table)))
    figure.supxlabel(label, x=0.99, ha="right", fontsize=8, color=GREY)
    for place, (_, row) in zip(range(len(table))[::-1], table.iterrows(), strict=True):
        limits = [[row["ratio"] - row["lower"]], [row["upper"] - row["ratio"]]]
        axes.errorbar(row["ratio"], place, xerr=limits, fmt="o", color=PALETTE[7], lw=1.6, ms=6,
                      mfc=PALETTE[7] if row["proportional"] else "white")  # fmt: skip
    axes.axvline(1, color=GREY, lw=1, ls=":", zorder=0)
    axes.set_xscale("log")
    low, high = min(table["lower"].min(), 0.5), max(table["upper"].max(), 2)
    ticks = [tick for tick in (0.1, 0.25, 0.5, 1, 2, 4, 8, 16) if low <= tick <= high]
    axes.set_xticks(ticks, [f"{tick:g}" for tick in ticks])
    axes.set_xticks([], minor=True)
    axes.set_yticks(range(len(table))[::-1], table["what"])
    axes.tick_params(axis="y", length=0)
    axes.set(xlabel="hazard ratio (open: it changes with time)", ylim=(-0.7, len(table) - 0.3))
    return axes


def _panels(count: int, label: str, *, height: float) -> list[Axes]:
    style()
    figure, grid = plt.subplots(1, count, figsize=(7.2 if count > 1 else 5.2, height), sharey=True, squeeze=False)
    figure.supxlabel(label, x=0.99, ha="right", fontsize=8, color=GREY)
    return list(grid[0])


def _numbers_at_risk(axes: Axes, found: "KaplanMeier", groups: Sequence[str]) -> None:
    """Write the numbers at risk that ``found`` holds under the axis, a line for each group."""
    axes.xaxis.labelpad = 6 + 13 * (len(groups) + 1)
    axes.annotate("at risk", (0, 0), xycoords="axes fraction", xytext=(0, -26), textcoords="offset points", fontsize=8,
                  color=GREY, ha="center", annotation_clip=False)  # fmt: skip
    for line, (group, colour) in enumerate(zip(groups, COLOURS, strict=False)):
        own = found.at_times[found.at_times["group"] == group]
        for time, count in zip(own["time"], own["at_risk"], strict=True):
            axes.annotate(str(count), (time, 0), xycoords=("data", "axes fraction"), xytext=(0, -39 - 13 * line),
                          textcoords="offset points", ha="center", fontsize=8.5, color=colour,
                          annotation_clip=False)  # fmt: skip

"""The figures of a course of many days under a drug."""

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.ticker import FuncFormatter

from fxyd3.plots._house import GREY, MARKERS, PALETTE, canvas


def course_shares(table: pd.DataFrame, *, by: str, chosen: list[str], label: str) -> Axes:
    r"""Draw the share of a few groups (or phases) among the captured cells over the days, with their intervals.

    Parameters
    ----------
    table
        See ``fxyd3.tolerance.course_shares``.
    by
        Its column of values.
    chosen
        Values to draw, at most eight.
    label
        What the data are; drawn on the figure.

    Examples
    --------
    Made-up cells, ten of each sample:

    >>> import pandas as pd
    >>> from fxyd3 import plots, tolerance
    >>> course = pd.DataFrame({"arm": ["untreated"] * 10 + ["5FU1"] * 10, "day": [0] * 10 + [33] * 10,
    ...                        "cluster": ["C1"] * 9 + ["C2"] + ["C1"] * 2 + ["C2"] * 8})
    >>> axes = plots.course_shares(tolerance.course_shares(course), by="cluster", chosen=["C2"], label="Made-up data")
    >>> [tick.get_text() for tick in axes.get_xticklabels()]
    ['0\nuntreated', '33\n5FU1']
    """
    (axes,) = canvas(label, width=6.8, height=3.9)
    samples = table.drop_duplicates(["day", "arm"])
    place = {sample: i for i, sample in enumerate(zip(samples["day"], samples["arm"], strict=True))}
    for i, name in enumerate(chosen):
        own = table[table[by] == name]
        at = np.array([place[sample] for sample in zip(own["day"], own["arm"], strict=True)]) + 0.09 * (
            i - len(chosen) / 2
        )
        share = own[["share", "lower", "upper"]].to_numpy(dtype=float).T * 100
        axes.errorbar(at, share[0], [share[0] - share[1], share[2] - share[0]], color=PALETTE[i], marker=MARKERS[i],
                      ms=6, lw=1, ls="", label=str(name))  # fmt: skip
    axes.set_xticks(range(len(place)), [f"{day}\n{arm}" for day, arm in place], fontsize=8)
    axes.set(xlabel="day and arm", ylabel=f"captured cells (percent, by {by})", ylim=(-3, 103))
    axes.legend(loc="center left", bbox_to_anchor=(1.01, 0.5), title=by)
    return axes


def course_bottleneck(table: pd.DataFrame, *, label: str) -> Axes:
    """Draw the number of clones over the days: as read, and in the same number of cells, with intervals.

    Parameters
    ----------
    table
        See ``fxyd3.tolerance.course_bottleneck``; all clones (order 0) and dominant ones (order 2) are drawn.
    label
        What the data are; drawn on the figure.

    Examples
    --------
    Made-up cells: 20 clones of three cells before, two clones of 20 cells after:

    >>> import pandas as pd
    >>> from fxyd3 import plots, tolerance
    >>> course = pd.DataFrame({"arm": ["untreated"] * 60 + ["5FU1"] * 40, "day": [0] * 60 + [33] * 40,
    ...                        "barcode": [f"B{i % 20}" for i in range(60)] + [f"B{i % 2}" for i in range(40)]})
    >>> found = tolerance.course_bottleneck(course, fewest=20, resamples=5)
    >>> axes = plots.course_bottleneck(found, label="Made-up data")
    >>> axes.get_ylabel(), next(list(map(int, line.get_ydata())) for line in axes.lines if line.get_marker() == "D")
    ('effective number of clones', [20, 2])
    """
    (axes,) = canvas(label, width=6.8, height=3.9)
    samples = table.drop_duplicates(["day", "arm"])
    place = {sample: i for i, sample in enumerate(zip(samples["day"], samples["arm"], strict=True))}
    for i, (order, told) in enumerate(((0, "all clones"), (2, "dominant clones"))):
        own = table[table["order"] == order]
        at = np.array([place[sample] for sample in zip(own["day"], own["arm"], strict=True)]) + 0.12 * i
        value = own[["standardised", "lower", "upper"]].to_numpy(dtype=float).T
        axes.errorbar(at, value[0], [value[0] - value[1], value[2] - value[0]], color=PALETTE[5 * i], marker=MARKERS[i],
                      ms=6, lw=1, ls="", label=f"{told}, same number of cells")  # fmt: skip
        if order == 0:
            axes.plot(at - 0.12, own["observed"], "D", color=GREY, mfc="white", ms=5, label=f"{told}, as read")
    short = table[(table["order"] == 0) & table["standardised"].isna()]
    for day, arm, cells in zip(short["day"], short["arm"], short["cells"], strict=True):
        told = f"{cells} cell{'' if cells == 1 else 's'}\nwith a barcode"
        axes.annotate(told, (place[day, arm], 1.6), ha="center", fontsize=8, color=GREY)
    axes.set(yscale="log", xlabel="day and arm", ylabel="effective number of clones", ylim=(0.8, None))
    axes.yaxis.set_major_formatter(FuncFormatter(lambda value, _: f"{value:g}"))
    axes.set_xticks(range(len(place)), [f"{day}\n{arm}" for day, arm in place], fontsize=8)
    axes.figure.legend(*axes.get_legend_handles_labels(), loc="outside upper center", ncols=3, fontsize=8)
    return axes

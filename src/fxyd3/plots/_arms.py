"""Figures of two drugs in every order: the tolerant cells left in each arm, and the interactions."""

from typing import TYPE_CHECKING

import numpy as np
from matplotlib.axes import Axes
from matplotlib.ticker import FuncFormatter, MultipleLocator, NullLocator

from fxyd3.plots._house import GREY, MARKERS, PALETTE, canvas

if TYPE_CHECKING:
    from fxyd3.rescue._arms import DosingOrders

TOLD = {"none": "no drug", "chemotherapy": "chemo-\ntherapy", "both": "both\ntogether",
        "chemotherapy then glycoside": "chemo-\ntherapy,\nthen\nglycoside",
        "glycoside then chemotherapy": "glycoside,\nthen\nchemo-\ntherapy"}  # fmt: skip
ONE_LINE = {
    "both": "both together",
    "chemotherapy then glycoside": "chemotherapy,\nthen glycoside",
    "glycoside then chemotherapy": "glycoside, then\nchemotherapy",
}

MOST_NAMED = 8


def tolerant_fraction(found: "DosingOrders", *, label: str) -> Axes:
    """Draw the share of tolerant cells among the living in each arm: experiments, and their mean with its interval.

    Parameters
    ----------
    found
        See ``fxyd3.rescue.dosing_orders``.
    label
        What the data are; drawn on the figure.

    Examples
    --------
    Simulated dishes, in six arms:

    >>> from fxyd3.data.simulate import dosing_order
    >>> from fxyd3.plots import tolerant_fraction
    >>> from fxyd3.rescue import dosing_orders
    >>> axes = tolerant_fraction(dosing_orders(dosing_order().table), label="Simulated data (twin)")
    >>> axes.get_ylabel(), len(axes.get_xticks())
    ('ancestral cells among the living (percent)', 6)
    """
    (axes,) = canvas(label, width=6.4, height=4.4)
    arms = list(found.fractions["arm"])
    wide = 100 * found.per_experiment.pivot_table(index="experiment", columns="arm", values="fraction")[arms]
    for i, (name, row) in enumerate(wide.iterrows()):
        axes.plot(np.arange(len(arms)) - 0.12, row, color=GREY, lw=0.8, ls=":", marker=MARKERS[i % len(MARKERS)], ms=5,
                  mec=PALETTE[i % len(PALETTE)], mfc="white", label=_name(str(name), i, len(wide)))  # fmt: skip
    mean, lower, upper = (100 * found.fractions[name].to_numpy() for name in ("fraction", "lower", "upper"))
    axes.errorbar(np.arange(len(arms)) + 0.12, mean, [mean - lower, upper - mean], fmt="s", color="black", ms=6,
                  capsize=4, lw=1.8, zorder=3, label="mean and its interval")  # fmt: skip
    axes.set_xticks(range(len(arms)), [TOLD.get(arm, arm) for arm in arms], fontsize=9)
    axes.set(ylabel=f"{found.tolerant} cells among the living (percent)", xlim=(-0.5, len(arms) - 0.5))
    axes.set_ylim(0, min(100, max(axes.get_ylim()[1], 5.0)))
    axes.axvline(2.5, color=GREY, lw=0.6)
    axes.figure.legend(*axes.get_legend_handles_labels(), loc="outside upper center", ncols=5,
                       fontsize=9, columnspacing=1.2, handletextpad=0.4)  # fmt: skip
    return axes


def interactions(found: "DosingOrders", *, label: str) -> Axes:
    r"""Draw, for each order, the living cells over those that independent drugs would leave, with intervals.

    Small points are experiments. Left of 1 the drugs kill more than independent ones. The last row of each order is the
    ratio of tolerant cells over that of other cells.

    Parameters
    ----------
    found
        See ``fxyd3.rescue.dosing_orders``.
    label
        What the data are; drawn on the figure.

    Examples
    --------
    Simulated dishes; three rows for each order of the two drugs:

    >>> from fxyd3.data.simulate import dosing_order
    >>> from fxyd3.plots import interactions
    >>> from fxyd3.rescue import dosing_orders
    >>> axes = interactions(dosing_orders(dosing_order().table), label="Simulated data (twin)")
    >>> [tick.get_text() for tick in axes.get_yticklabels()][:3]
    ['ancestral cells', 'other cells', 'ancestral\nbeyond other']
    """
    table = found.interactions
    orders = list(dict.fromkeys(table["order"]))
    kinds = {found.tolerant: "tolerant", found.other: "other", found.beyond: "beyond"}
    (axes,) = canvas(label, width=6.4, height=1.5 + 1.0 * len(orders))
    ticks = []
    for row, (_, order, cells, estimate, lower, upper, _) in enumerate(table.itertuples(name=None)):
        at, which = -(row + row // 3), row % 3
        each = found.per_experiment.loc[found.per_experiment["arm"] == order, kinds[cells]].to_numpy() / np.log(2)
        axes.plot(each, np.full(len(each), at - 0.26), "|", color=PALETTE[which], ms=6, alpha=0.8)
        axes.errorbar(estimate / np.log(2), at, xerr=np.array([[estimate - lower], [upper - estimate]]) / np.log(2),
                      fmt=MARKERS[which], color=PALETTE[which], ms=8 if which == 2 else 6, capsize=4,
                      lw=2.2 if which == 2 else 1.4, zorder=3)  # fmt: skip
        ticks.append((at, cells))
        if which == 0:
            axes.text(1.02, at - 1, ONE_LINE[order], va="center", fontsize=9, transform=axes.get_yaxis_transform())
    axes.axvline(0, color=GREY, lw=1, ls=":", zorder=0)
    axes.text(0, 1.01, "← more killed   independent   fewer killed →", color=GREY, fontsize=8, ha="center", va="bottom",
              transform=axes.get_xaxis_transform())  # fmt: skip
    axes.set_yticks([at for at, _ in ticks], [f"{cells} cells" if cells != found.beyond else cells.replace(
        " beyond ", "\nbeyond ") for _, cells in ticks], fontsize=9)  # fmt: skip
    axes.tick_params(axis="y", length=0)
    low, high = axes.get_xlim()
    axes.set(xlim=(min(low, -1.3), max(high, 1.3)), xlabel="living cells, times those that independent drugs leave",
             ylim=(ticks[-1][0] - 0.7, 0.7))  # fmt: skip
    axes.xaxis.set_major_locator(MultipleLocator(1))
    axes.xaxis.set_minor_locator(NullLocator())
    axes.xaxis.set_major_formatter(FuncFormatter(_folds))
    return axes


def _name(experiment: str, i: int, n: int) -> str:
    """Name few experiments each, and many once."""
    return experiment if n <= MOST_NAMED else "experiment" if i == 0 else ""


def _folds(log2: float, _: int) -> str:
    return f"1/{2.0**-log2:.3g}" if log2 < 0 else f"{2.0**log2:.3g}"

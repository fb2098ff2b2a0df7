"""The figures of lineages: how diverse, how much shared, and what was inherited."""

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np
from matplotlib.axes import Axes
from matplotlib.ticker import MaxNLocator
from numpy.typing import ArrayLike

from fxyd3.plots._house import GREY, MARKERS, PALETTE, canvas, spread

if TYPE_CHECKING:
    from fxyd3.tolerance import CloneSelection, LineageDiversity, SharedBarcodes

ORDERS = {0: "all clones\n(order 0)", 1: "common clones\n(order 1)", 2: "dominant clones\n(order 2)"}


def clonal_diversity(found: "LineageDiversity", *, label: str) -> Axes:
    r"""Draw how many times as diverse the clones are after treatment, as read and at the same level.

    Parameters
    ----------
    found
        See ``fxyd3.tolerance.lineage_diversity``.
    label
        What the data are; drawn on the figure.

    Examples
    --------
    Simulated barcodes:

    >>> from fxyd3.data.simulate import lineage_barcodes
    >>> from fxyd3.plots import clonal_diversity
    >>> from fxyd3.tolerance import lineage_diversity
    >>> axes = clonal_diversity(lineage_diversity(lineage_barcodes().table, resamples=5), label="Simulated data (twin)")
    >>> [tick.get_text() for tick in axes.get_yticklabels()]
    ['all clones\n(order 0)', 'common clones\n(order 1)', 'dominant clones\n(order 2)']
    """
    (axes,) = canvas(label, height=1.7 + 0.62 * max(len(found.table), 1))
    each = found.per_experiment
    for at, (order, *ends) in enumerate(found.table[["order", "estimate", "lower", "upper"]].to_numpy(dtype=float)):
        own = each.loc[each["order"] == order, ["observed", "standardised"]]
        _points(axes, at, own["standardised"], ends, PALETTE[0], "o")
        axes.plot(own["observed"], at - 0.28 + spread(len(own), 0.06), "D", color=GREY, mfc="white", ms=4, alpha=0.8,
                  label="as read" if at == 0 else None)  # fmt: skip
    told = "the same share of cells covered" if found.level == "coverage" else "the same number of cells"
    axes.plot([], [], "o", color=PALETTE[0], ms=5, label=f"at {told}")
    axes.plot([], [], "_", color="black", ms=12, label="mean with its interval")
    _rows(axes, [ORDERS.get(order, f"order {order:g}") for order in found.table["order"]])
    _folds(axes, "effective number of clones, after to before (times)")
    if each.empty:
        _nothing(axes)
    axes.figure.legend(*axes.get_legend_handles_labels(), loc="outside upper center", ncols=3, fontsize=8)
    return axes


def clone_sharing(found: "SharedBarcodes", *, label: str) -> Axes:
    r"""Draw the overlap of the clones of two arms after treatment, beside what chance gives, for each experiment.

    The mean of what they share beyond chance stands above, with its interval over experiments.

    Parameters
    ----------
    found
        See ``fxyd3.tolerance.shared_barcodes``.
    label
        What the data are; drawn on the figure.

    Examples
    --------
    Simulated barcodes; a line for each experiment:

    >>> from fxyd3.data.simulate import lineage_barcodes
    >>> from fxyd3.plots import clone_sharing
    >>> from fxyd3.tolerance import shared_barcodes
    >>> axes = clone_sharing(shared_barcodes(lineage_barcodes().table), label="Simulated data (twin)")
    >>> [line.get_label() for line in axes.lines], axes.get_ylabel()
    (['E1', 'E2', 'E3', 'E4'], 'barcodes in both\n(percent of those in either)')
    """
    (axes,) = canvas(label, height=3.8)
    names = ("chance: as many\nbarcodes before", "two arms\nafter treatment")
    percent = 100 * found.per_experiment[["chance", "overlap"]].to_numpy(dtype=float)
    for i, (name, ends) in enumerate(zip(found.per_experiment["experiment"], percent, strict=True)):
        axes.plot([0, 1], ends, color=PALETTE[i % len(PALETTE)], lw=1.4, marker=MARKERS[i % len(MARKERS)],
                  label=str(name))  # fmt: skip
    if found.per_experiment.empty:
        _nothing(axes)
    elif found.n <= len(MARKERS):
        axes.legend(title="experiment", loc="center left", bbox_to_anchor=(1.01, 0.5), fontsize=8, title_fontsize=8)
    axes.set_xticks([0, 1], names)
    axes.set(xlim=(-0.4, 1.4), ylabel="barcodes in both\n(percent of those in either)")
    axes.set_ylim(0, 1.25 * axes.get_ylim()[1])
    excess, lower, upper = (100 * end for end in found.interval)
    if np.isfinite(excess):
        reach = f" ({lower:+.1f} to {upper:+.1f})" if np.isfinite(lower) else ""
        axes.set_title(f"more than chance: {excess:+.1f}{reach} percentage points".replace("-", "−"))
    return axes


def clone_selection(found: "CloneSelection", *, label: str) -> list[Axes]:
    """Draw how much better ancestral cells and clones survive, and how many ancestral cells inherited their state.

    Parameters
    ----------
    found
        See ``fxyd3.tolerance.selection_coefficient``.
    label
        What the data are; drawn on the figure.

    Returns
    -------
    list of Axes
        Survival of ancestral cells and clones; the share that inherited its state.

    Examples
    --------
    Simulated barcodes:

    >>> from fxyd3.data.simulate import lineage_barcodes
    >>> from fxyd3.plots import clone_selection
    >>> from fxyd3.tolerance import selection_coefficient
    >>> left, right = clone_selection(selection_coefficient(lineage_barcodes().table), label="Simulated data (twin)")
    >>> [tick.get_text() for tick in left.get_yticklabels()], right.get_xlabel()
    (['of ancestral cells', 'of their clones'], 'ancestral cells (percent)')
    """
    left, right = panels = canvas(label, columns=2, width=7.2, height=3.1)
    each, table = found.per_experiment, found.table
    for axes, measures in ((left, ("cells", "clones")), (right, ("inherited",))):
        for at, name in enumerate(measures):
            scale = 100.0 if name == "inherited" else 1.0
            ends = scale * table.loc[name, ["estimate", "lower", "upper"]].to_numpy(dtype=float)
            _points(axes, at, scale * each[name], ends, PALETTE[at], MARKERS[at])
        if not np.isfinite(table.loc[list(measures), "estimate"]).any():
            _nothing(axes)
    _rows(left, ["of ancestral cells", "of their clones"])
    _folds(left, "survival relative to the others (times)")
    _rows(right, ["state inherited"])
    right.set(xlim=(0, 100), xlabel="ancestral cells (percent)")
    left.plot([], [], "_", color="black", ms=12, label="mean with its interval")
    left.figure.legend(*left.get_legend_handles_labels(), loc="outside upper center", fontsize=8)
    right.annotate("all switched", (0, 0), xytext=(2, 2), xycoords="axes fraction", textcoords="offset points",
                   fontsize=8, color=GREY)  # fmt: skip
    right.annotate("all inherited", (1, 0), xytext=(-2, 2), xycoords="axes fraction", textcoords="offset points",
                   fontsize=8, color=GREY, ha="right")  # fmt: skip
    return panels


def _points(axes: Axes, at: int, values: ArrayLike, ends: ArrayLike, colour: str, marker: str) -> None:
    """Draw experiments as points in a row, and above them their mean with its interval."""
    points = np.asarray(values, dtype=float)
    axes.plot(points, at + spread(len(points), 0.1), marker, color=colour, ms=5)
    estimate, lower, upper = np.asarray(ends, dtype=float)
    if np.isfinite(estimate):
        reach = [[estimate - lower], [upper - estimate]] if np.isfinite(lower) else None
        axes.errorbar(estimate, at + 0.28, xerr=reach, fmt="|", color="black", capsize=4, ms=12)


def _nothing(axes: Axes) -> None:
    axes.text(0.5, 0.5, "nothing to compare", ha="center", transform=axes.transAxes, color=GREY)


def _rows(axes: Axes, names: Sequence[str]) -> None:
    axes.set_yticks(range(len(names)), names, fontsize=9)
    axes.tick_params(axis="y", length=0)
    axes.set_ylim(max(len(names), 1) - 0.4, -0.6)


def _folds(axes: Axes, xlabel: str) -> None:
    """Label a log2 axis as folds, with a line where nothing differs."""
    axes.axvline(0, color=GREY, linewidth=1, linestyle=":", zorder=0)
    low, high = axes.get_xlim()
    axes.set_xlim(min(low, -0.1), max(high, 0.1))
    low, high = 2 ** np.array(axes.get_xlim())
    ticks = [tick for tick in MaxNLocator(6, steps=[1, 2, 5, 10]).tick_values(low, high) if low <= tick <= high]
    axes.set_xticks(np.log2(ticks), [f"{tick:g}" for tick in ticks])
    axes.set_xlabel(xlabel)

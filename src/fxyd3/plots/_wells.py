"""The figures of limiting dilution."""

from typing import TYPE_CHECKING, Literal

import numpy as np
from matplotlib.axes import Axes
from matplotlib.lines import Line2D
from matplotlib.ticker import FuncFormatter, MaxNLocator

from fxyd3.plots._cells import per_patient
from fxyd3.plots._house import GREY, MARKERS, PALETTE, canvas, spread

if TYPE_CHECKING:
    import pandas as pd

    from fxyd3.enrichment._elda import Elda
    from fxyd3.enrichment._ratio import EnrichmentRatio

LINES: tuple[Literal["-", "--", "-."], ...] = ("-", "--", "-.")
PERCENT = (0.1, 0.5, 2, 5, 10, 20, 40, 63, 80, 95, 99, 99.9)
FAR = 10.0  # beyond any slope that is drawn
TOGETHER = "all sorts\ntogether"
CONTROL = "unsorted wells,\ndealt at random"


def log_fraction(found: "Elda", *, label: str, interval: str = "wald") -> Axes:
    """Draw the log share of empty wells against the dose, as the ELDA program does.

    In the single-hit model this is a line through the origin, and the frequency is its steepness; dotted lines are its
    limits. A dose without an empty well has no finite log: it is an open triangle at the lower edge, moved aside where
    groups share a dose. Points above the line at low doses and below it at high ones: cells cooperate.

    Parameters
    ----------
    found
        See ``fxyd3.enrichment.elda``. For doses over more than two decades, see ``positive_wells``.
    label
        What the data are; drawn on the figure.
    interval
        Method of the limits.

    Examples
    --------
    Simulated wells of one experiment; ``elda`` gives the lines:

    >>> from fxyd3.data.simulate import limiting_dilution
    >>> from fxyd3.enrichment import elda
    >>> from fxyd3.plots import log_fraction
    >>> found = elda(limiting_dilution(experiments=1).table, group="group")
    >>> axes = log_fraction(found, label="Simulated data (twin)")
    >>> [text.get_text().split(":")[0] for text in axes.get_legend().get_texts()]
    ['IGF1R-high', 'NRP1-high', 'unsorted']
    """
    (axes,) = canvas(label, width=6.0, height=4.9)
    table = found.table.assign(empty=1 - found.table["wells_positive"] / found.table["wells_tested"])
    bottom = 1.15 * float(np.log(table["empty"].where(table["empty"] > 0)).min())
    bottom = min(bottom, -1.0) if np.isfinite(bottom) else -1.0
    right = 1.08 * float(table["cells_per_well"].max())
    beside = right * 0.025 * spread(len(found.groups), 1) * min(len(found.groups) - 1, 3) / 2
    for i, (group, *steepness) in enumerate(found.frequencies(interval).itertuples(index=False)):
        colour, wells = PALETTE[i % len(PALETTE)], table[table["group"] == group]
        cells, empty = wells["cells_per_well"].to_numpy(), wells["empty"].to_numpy()
        some = empty > 0
        axes.scatter(cells[some], np.log(empty[some]), s=36, color=colour, marker=MARKERS[i % len(MARKERS)], zorder=3)
        axes.scatter(cells[~some] + beside[i], np.full((~some).sum(), bottom), s=44, marker="v", facecolors="white",
                     edgecolors=colour, clip_on=False, zorder=3)  # fmt: skip
        for each, line, width in zip(steepness, (LINES[i % len(LINES)], ":", ":"), (1.6, 1, 1), strict=True):
            if np.isfinite(each):
                end = min(right, -bottom / each) if each > 0 else right
                axes.plot([0, end], [0, -each * end], color=colour, linestyle=line, linewidth=width)
    axes.set(xlim=(0, right), ylim=(bottom, 0), xlabel="cells per well", ylabel="log share of empty wells")
    _name(axes, found, interval)
    return axes


def positive_wells(found: "Elda", *, label: str, interval: str = "wald") -> Axes:
    """Draw the share of positive wells against the dose, both so scaled that the single-hit model is a straight line.

    The dose is on a log scale, the share on the complementary log-log scale. The lines of all groups are then parallel,
    as far apart as their log frequencies. Points that rise more steeply than the line: cells cooperate. Doses where
    all, or none, of the wells are positive are open triangles at the edges.

    Parameters
    ----------
    found, label, interval
        As in ``log_fraction``.

    Examples
    --------
    Simulated wells of one experiment:

    >>> from fxyd3.data.simulate import limiting_dilution
    >>> from fxyd3.enrichment import elda
    >>> from fxyd3.plots import positive_wells
    >>> found = elda(limiting_dilution(experiments=1).table, group="group")
    >>> axes = positive_wells(found, label="Simulated data (twin)")
    >>> axes.get_xlabel(), axes.get_ylabel(), len(axes.get_legend().get_texts())
    ('cells per well', 'positive wells (percent)', 3)
    """
    (axes,) = canvas(label, width=6.0, height=4.9)
    table = found.table.assign(share=found.table["wells_positive"] / found.table["wells_tested"])
    most = float(table["wells_tested"].max())
    bottom, top = np.log(-np.log1p(-0.4 / most)), np.log(-np.log(0.4 / most))
    cells = np.array([table["cells_per_well"].min() / 1.5, table["cells_per_well"].max() * 1.5])
    beside = 1.06 ** np.clip(np.arange(len(found.groups)) - (len(found.groups) - 1) / 2, -3, 3)
    for i, (group, *frequencies) in enumerate(found.frequencies(interval).itertuples(index=False)):
        colour, wells = PALETTE[i % len(PALETTE)], table[table["group"] == group]
        doses, share = wells["cells_per_well"].to_numpy(), wells["share"].to_numpy()
        mixed = (share > 0) & (share < 1)
        axes.scatter(doses[mixed], np.log(-np.log1p(-share[mixed])), s=36, color=colour,
                     marker=MARKERS[i % len(MARKERS)], zorder=3)  # fmt: skip
        for which, edge, marker in ((share == 1, top, "^"), (share == 0, bottom, "v")):
            axes.scatter(doses[which] * beside[i], np.full(which.sum(), edge), s=44, marker=marker, facecolors="white",
                         edgecolors=colour, clip_on=False, zorder=3)  # fmt: skip
        for each, line, width in zip(frequencies, (LINES[i % len(LINES)], ":", ":"), (1.6, 1, 1), strict=True):
            if 0 < each < np.inf:
                axes.plot(cells, np.log(each * cells), color=colour, linestyle=line, linewidth=width)
    ticks = [share for share in PERCENT if bottom < np.log(-np.log1p(-share / 100)) < top]
    axes.set_yticks([np.log(-np.log1p(-share / 100)) for share in ticks], [f"{share:g}" for share in ticks])
    axes.set(xscale="log", xlim=cells, ylim=(bottom, top), xlabel="cells per well", ylabel="positive wells (percent)")
    axes.xaxis.set_major_formatter(FuncFormatter(lambda value, _: f"{value:,.10g}"))
    _name(axes, found, interval)
    return axes


def enrichment_per_experiment(found: "EnrichmentRatio", *, null: float, smallest: float, label: str) -> Axes:
    r"""Draw the enrichment of each experiment and sort, the interval over experiments, and the control beside it.

    Parameters
    ----------
    found
        See ``fxyd3.enrichment.enrichment_ratio``.
    null, smallest
        Log2 ratio without effect, and the smallest of interest; drawn as lines.
    label
        What the data are; drawn on the figure.

    Examples
    --------
    Simulated wells of several experiments:

    >>> from fxyd3.data.simulate import limiting_dilution
    >>> from fxyd3.enrichment import enrichment_ratio
    >>> from fxyd3.plots import enrichment_per_experiment
    >>> found = enrichment_ratio(limiting_dilution().table)
    >>> axes = enrichment_per_experiment(found, null=0, smallest=1, label="Simulated data (twin)")
    >>> [tick.get_text() for tick in axes.get_xticklabels()]
    ['IGF1R-high', 'NRP1-high', 'all sorts\ntogether', 'unsorted wells,\ndealt at random']
    """
    each = found.per_experiment.pivot_table(index="experiment", columns="group", values="log2_ratio")
    sorts = list(each.columns)
    each[TOGETHER] = each[sorts].mean(axis=1)
    each = each.join(found.dealt.set_index("experiment")["log2_ratio"].rename(CONTROL), how="outer")
    intervals: dict[str, tuple[float, float, float]] = {
        name: (estimate, lower, upper)
        for name, _, estimate, lower, upper in found.by_group.itertuples(index=False, name=None)
    }
    if found.interval:
        intervals[TOGETHER] = found.interval
    if found.control:
        intervals[CONTROL] = found.control
    axes = per_patient(
        each,
        values={name: name for name in [*sorts, *([TOGETHER] if len(sorts) > 1 else []), CONTROL]},
        intervals=intervals,
        ylabel="stem-cell frequency\n(times unsorted cells)",
        null=null,
        smallest=smallest,
        label=label,
    )
    axes.yaxis.set_major_locator(MaxNLocator(integer=True))
    axes.yaxis.set_major_formatter(FuncFormatter(lambda value, _: f"{2.0**value:.3g}"))
    return axes


def surviving_fraction(table: "pd.DataFrame", *, label: str) -> Axes:
    """Draw the share of stem cells (or clonogenic cells) that a treatment leaves, by its dose.

    Parameters
    ----------
    table
        One row per group and treated dose: group, dose (float), estimate, lower, upper (log2 ratio to untreated).
    label
        What the data are; drawn on the figure.

    Examples
    --------
    Made-up log2 ratios: 2 Gy leave half of the cells, 4 Gy an eighth:

    >>> import pandas as pd
    >>> from fxyd3.plots import surviving_fraction
    >>> table = pd.DataFrame({"group": "unsorted", "dose": [2.0, 4.0], "estimate": [-1.0, -3.0], "lower": [-2.0, -4.0],
    ...                       "upper": [0.0, -2.0]})
    >>> axes = surviving_fraction(table, label="Made-up data")
    >>> axes.containers[0].lines[0].get_ydata().tolist()
    [1.0, 0.5, 0.125]
    """
    (axes,) = canvas(label, width=6.0, height=4.2)
    groups = list(dict.fromkeys(table["group"]))
    for i, (group, beside) in enumerate(zip(groups, spread(len(groups), 0.1), strict=True)):
        own = table[table["group"] == group]
        doses = np.concatenate([[0.0], own["dose"].to_numpy(dtype=float)]) + beside
        share, low, high = (np.exp2(np.concatenate([[0.0], own[name]])) for name in ("estimate", "lower", "upper"))
        axes.errorbar(doses, share, [share - low, high - share], color=PALETTE[i % len(PALETTE)], capsize=3,
                      marker=MARKERS[i % len(MARKERS)], linestyle=LINES[i % len(LINES)], label=str(group))  # fmt: skip
    axes.set(yscale="log", xlabel="radiation (Gy)", ylabel="surviving fraction\n(share of untreated)")
    axes.yaxis.set_major_formatter(FuncFormatter(lambda value, _: f"{value:g}"))
    axes.axhline(1, color=GREY, linewidth=1, linestyle=":", zorder=0)
    axes.legend(fontsize=9, loc="lower left")
    return axes


def slopes(table: "pd.DataFrame", *, label: str) -> Axes:
    """Draw slopes in log dose with their intervals, beside the 1 of the single-hit model.

    Parameters
    ----------
    table
        One row per slope: group, name (of the row), slope, lower, upper; rows of a group stand together.
    label
        What the data are; drawn on the figure.

    Examples
    --------
    Made-up slopes of two doses of radiation:

    >>> import pandas as pd
    >>> from fxyd3.plots import slopes
    >>> table = pd.DataFrame({"group": "unsorted", "name": ["0 Gy", "8 Gy"], "slope": [1.0, 0.7], "lower": [0.8, 0.5],
    ...                       "upper": [1.3, 0.9]})
    >>> axes = slopes(table, label="Made-up data")
    >>> [tick.get_text() for tick in axes.get_yticklabels()]
    ['unsorted, 0 Gy', 'unsorted, 8 Gy']
    """
    groups = list(dict.fromkeys(table["group"]))
    (axes,) = canvas(label, width=6.4, height=1.2 + 0.22 * (len(table) + len(groups)))
    at, ticks = 0.0, []
    for i, group in enumerate(groups):
        for _, row in table[table["group"] == group].iterrows():
            colour = PALETTE[i % len(PALETTE)]
            axes.plot(np.clip([row.lower, row.upper], -FAR, FAR), [at, at], color=colour, linewidth=1.6)
            if np.isfinite(row.slope):
                axes.plot(row.slope, at, color=colour, marker=MARKERS[i % len(MARKERS)])
            ticks.append((at, f"{group}, {row['name']}"))
            at -= 1
        at -= 0.8
    axes.axvline(1, color=GREY, linestyle="--", linewidth=1, zorder=0)
    axes.set_yticks([place for place, _ in ticks], [name for _, name in ticks], fontsize=9)
    finite = table[np.isfinite(table["slope"])]
    axes.set(xlim=(min(0.4, 0.9 * finite["lower"].min()), max(1.6, 1.05 * finite["upper"].clip(upper=4).max())),
             xlabel="slope in log dose (1: single hit; above: cooperating cells)")  # fmt: skip
    axes.tick_params(axis="y", length=0)
    return axes


def _name(axes: Axes, found: "Elda", interval: str) -> None:
    """Name the groups beside the figure, with their frequencies."""
    handles = []
    for i, (group, *numbers) in enumerate(found.summary(interval).itertuples(index=False)):
        estimate, lower, upper = map(_told, numbers)
        handles.append(
            Line2D([], [], color=PALETTE[i % len(PALETTE)], linestyle=LINES[i % len(LINES)],
                   marker=MARKERS[i % len(MARKERS)], label=f"{group}: 1 in {estimate}\n({lower} to {upper})")
        )  # fmt: skip
    axes.legend(handles=handles, fontsize=9, loc="upper center", bbox_to_anchor=(0.5, -0.16), ncols=3)


def _told(one_in: float) -> str:
    return f"{one_in:,.0f}" if 100 <= one_in < np.inf else f"{one_in:.3g}".replace("inf", "∞")

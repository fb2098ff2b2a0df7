"""The figures of the page on the twin."""

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
from matplotlib.axes import Axes

from fxyd3.plots._house import GREY, MARKERS, PALETTE, canvas, style

if TYPE_CHECKING:
    from fxyd3.data.simulate import Assay
    from fxyd3.data.simulate.flow import Sort

REAL: dict[str, Any] = {"color": PALETTE[0], "marker": "o", "label": "real"}
SIMULATED: dict[str, Any] = {"color": PALETTE[5], "marker": "D", "label": "simulated"}
QUANTILES = ((0.05, 0.95, 1.5), (0.25, 0.75, 5.0))  # ends, and width of the line between them
GROUPS = {"NRP1-high": 0, "IGF1R-high": 2, "unsorted": 5}


def compare_quantiles(
    real: pd.DataFrame, simulated: pd.DataFrame, *, measures: Mapping[str, str], label: str
) -> list[Axes]:
    """Draw the spread of some measures over cells, real beside simulated: 5 to 95%, 25 to 75%, median.

    Parameters
    ----------
    real, simulated
        Column ``quantile`` and one per measure; see ``fxyd3.data.realism.cell_quality``.
    measures
        Columns to draw, and what they are, with their unit.
    label
        What the data are; drawn on the figure.

    Returns
    -------
    list of Axes
        One for each measure.

    Examples
    --------
    Made-up quantiles, in the form of ``fxyd3.data.realism.cell_quality``:

    >>> import pandas as pd
    >>> from fxyd3.plots import compare_quantiles
    >>> real = pd.DataFrame({"quantile": [0.05, 0.25, 0.5, 0.75, 0.95], "counts": [900, 2000, 4000, 7000, 15000]})
    >>> (axes,) = compare_quantiles(real, real, measures={"counts": "counts in a cell"}, label="Made-up data")
    >>> axes.get_title(loc="left"), [tick.get_text() for tick in axes.get_xticklabels()]
    ('counts in a cell', ['real', 'simulated'])
    """
    axes = canvas(label, columns=len(measures), width=2.2 * len(measures), height=2.9)
    for axis, (column, title) in zip(axes, measures.items(), strict=True):
        for x, (table, look) in enumerate(((real, REAL), (simulated, SIMULATED))):
            at = table.set_index("quantile")[column]
            for low, high, width in QUANTILES:
                axis.plot([x, x], [at[low], at[high]], color=look["color"], linewidth=width, solid_capstyle="butt")
            axis.plot(x, at[0.5], color="white", marker=look["marker"], markeredgecolor="black", markersize=6)
        axis.set_xticks([0, 1], ["real", "simulated"])
        axis.set(xlim=(-0.6, 1.6), ylim=(0, None), title=title)
    return axes


def compare_trends(real: pd.DataFrame, simulated: pd.DataFrame, *, label: str) -> list[Axes]:
    """Draw variance and dropout along the mean count, real beside simulated.

    Parameters
    ----------
    real, simulated
        ``mean``, ``variance``, ``dropout``; see ``fxyd3.data.realism.gene_trends``.
    label
        What the data are; drawn on the figure.

    Returns
    -------
    list of Axes
        Variance; dropout.

    Examples
    --------
    Made-up genes, in the form of ``fxyd3.data.realism.gene_trends``:

    >>> import pandas as pd
    >>> from fxyd3.plots import compare_trends
    >>> genes = pd.DataFrame({"mean": [0.1, 1.0, 10.0], "variance": [0.2, 2.0, 40.0], "dropout": [0.9, 0.5, 0.1]})
    >>> variance, dropout = compare_trends(genes, genes, label="Made-up data")
    >>> [text.get_text() for text in variance.get_legend().get_texts()], dropout.get_ylabel()
    (['real', 'simulated', 'Poisson'], 'share of cells without a count')
    """
    variance, dropout = canvas(label, columns=2, width=7.2, height=3.2)
    for axis, column in ((variance, "variance"), (dropout, "dropout")):
        for table, look in ((real, REAL), (simulated, SIMULATED)):
            axis.plot(table["mean"], table[column], markersize=5, linewidth=1.2, **look)
        axis.set(xscale="log", xlabel="mean count of a gene")
    poisson = np.geomspace(real["mean"].min(), real["mean"].max(), 50)
    variance.plot(poisson, poisson, color=GREY, linestyle=":", label="Poisson")
    dropout.plot(poisson, np.exp(-poisson), color=GREY, linestyle=":", label="Poisson")
    variance.set(yscale="log", ylabel="variance")
    dropout.set(ylabel="share of cells without a count", ylim=(0, 1.02))
    variance.legend(fontsize=8)
    return [variance, dropout]


def compare_correlations(
    real: pd.DataFrame, simulated: pd.DataFrame, real_programmes: pd.DataFrame, simulated_programmes: pd.DataFrame,
    *, label: str,
) -> list[Axes]:  # fmt: skip
    """Draw correlations between genes: of all pairs among the most expressed, and within programmes.

    Parameters
    ----------
    real, simulated
        ``quantile``, ``absolute_r``; see ``fxyd3.data.realism.gene_correlations``.
    real_programmes, simulated_programmes
        ``programme``, ``mean_r``; see ``fxyd3.data.realism.programme_correlations``.
    label
        What the data are; drawn on the figure.

    Returns
    -------
    list of Axes
        All pairs; programmes.

    Examples
    --------
    Made-up correlations, in the form of ``fxyd3.data.realism``; programmes stand in the order of the real ones:

    >>> import pandas as pd
    >>> from fxyd3.plots import compare_correlations
    >>> pairs = pd.DataFrame({"quantile": [0.1, 0.9], "absolute_r": [0.01, 0.2]})
    >>> real = pd.DataFrame({"programme": ["cycle", "EMT"], "mean_r": [0.3, 0.1]})
    >>> simulated = pd.DataFrame({"programme": ["EMT", "cycle"], "mean_r": [0.2, 0.2]})
    >>> _, programmes = compare_correlations(pairs, pairs, real, simulated, label="Made-up data")
    >>> [tick.get_text() for tick in programmes.get_yticklabels()]
    ['EMT', 'cycle']
    """
    pairs, programmes = canvas(label, columns=2, width=7.2, height=3.2)
    for table, look in ((real, REAL), (simulated, SIMULATED)):
        pairs.plot(table["quantile"], table["absolute_r"], markersize=5, linewidth=1.2, **look)
    pairs.set(xlabel="quantile over pairs of genes", ylabel="absolute correlation", ylim=(0, None))
    pairs.legend(fontsize=8)
    both = real_programmes.merge(simulated_programmes, on="programme").sort_values(by="mean_r_x", ignore_index=True)
    programmes.hlines(both.index, both["mean_r_x"], both["mean_r_y"], color=GREY, linewidth=1, zorder=0)
    for column, look in (("mean_r_x", REAL), ("mean_r_y", SIMULATED)):
        programmes.plot(both[column], both.index, linestyle="", markersize=6, **look)
    programmes.set_yticks(both.index, both["programme"])
    programmes.axvline(0, color=GREY, linestyle=":", linewidth=1)
    programmes.set(xlabel="mean correlation within a programme")
    return [pairs, programmes]


def told_apart(table: pd.DataFrame, *, label: str) -> Axes:
    """Draw how well a classifier tells samples apart, with its interval.

    Parameters
    ----------
    table
        ``comparison``, ``auroc``, ``lower``, ``upper``; see ``fxyd3.data.realism.classifier_tests``.
    label
        What the data are; drawn on the figure.

    Examples
    --------
    Made-up areas, in the form of ``fxyd3.data.realism.classifier_tests``; the first stands above:

    >>> import pandas as pd
    >>> from fxyd3.plots import told_apart
    >>> table = pd.DataFrame({"comparison": ["real and simulated", "two real halves"], "auroc": [0.9, 0.5],
    ...                       "lower": [0.8, 0.4], "upper": [1.0, 0.6]})
    >>> axes = told_apart(table, label="Made-up data")
    >>> [tick.get_text() for tick in axes.get_yticklabels()]
    ['two real halves', 'real and simulated']
    """
    (axes,) = canvas(label, width=7.2, height=2.6)
    table = table.iloc[::-1]
    ends = np.array([table["auroc"] - table["lower"], table["upper"] - table["auroc"]])
    axes.errorbar(table["auroc"].to_numpy(), range(len(table)), xerr=ends, fmt="o", color=PALETTE[0], capsize=4)
    axes.set_yticks(range(len(table)), list(table["comparison"]))
    axes.axvline(0.5, color=GREY, linestyle=":", linewidth=1)
    axes.set(xlabel="held-out area under the ROC curve (0.5: not told apart)", xlim=(0.3, 1.03))
    axes.set_ylim(-0.6, len(table) - 0.4)
    return axes


def recovered(table: pd.DataFrame, *, label: str) -> Axes:
    """Draw in how many twins the interval of an estimate held the planted value, beside what it promised.

    Parameters
    ----------
    table
        ``what``, ``share``, ``low``, ``high``.
    label
        What the data are; drawn on the figure.

    Examples
    --------
    Made-up shares; of 100 intervals of each kind, so many hold the truth:

    >>> import pandas as pd
    >>> from fxyd3.plots import recovered
    >>> table = pd.DataFrame({"what": ["enrichment"], "share": [0.94], "low": [0.9], "high": [0.97]})
    >>> axes = recovered(table, label="Made-up data")
    >>> [tick.get_text() for tick in axes.get_yticklabels()], float(axes.lines[1].get_xdata()[0])
    (['enrichment'], 94.0)
    """
    (axes,) = canvas(label, width=7.6, height=0.9 + 0.27 * len(table))
    axes.axvspan(92, 98, color=PALETTE[4], alpha=0.25, linewidth=0)
    axes.axvline(95, color=GREY, linestyle=":", linewidth=1)
    table = table.iloc[::-1]
    ends = 100 * np.array([table["share"] - table["low"], table["high"] - table["share"]])
    axes.errorbar(100 * table["share"].to_numpy(), range(len(table)), xerr=ends, fmt="o", color=PALETTE[0], capsize=3)
    axes.set_yticks(range(len(table)), list(table["what"]), fontsize=8)
    axes.set(xlabel="twins whose 95% interval held the planted value (percent)", ylim=(-0.7, len(table) - 0.3))
    return axes


def assays(of: "Mapping[str, Assay]", *, label: str) -> list[Axes]:
    """Draw one panel for each simulated assay.

    Parameters
    ----------
    of
        The assays by name: sort, limiting_dilution, spheres, viability_plates, time_kill, two_drugs, dosing_order,
        lineages, recurrence.
    label
        What the data are; drawn on the figure.

    Returns
    -------
    list of Axes
        One for each assay.

    Examples
    --------
    All simulated assays:

    >>> from fxyd3 import plots
    >>> from fxyd3.data.simulate import ASSAYS
    >>> made = {assay.name: assay for assay in (simulate() for simulate in ASSAYS)}
    >>> panels = plots.assays(made, label="Simulated data (twin)")
    >>> [axes.get_title(loc="left") for axes in panels][:3], len(panels)
    (['Flow cytometry of a sort', 'Limiting dilution', 'Spheres'], 9)
    """
    style()
    figure, grid = plt.subplots(5, 2, figsize=(7.4, 13.8))
    figure.supxlabel(label, x=0.99, ha="right", fontsize=8, color=GREY)
    panels: tuple[Callable[[Axes, Any], None], ...] = (
        _sort,
        _wells,
        _spheres,
        _plate,
        _kill,
        _matrix,
        _orders,
        _lineages,
        _recurrence,
    )
    names = ("sort", "limiting_dilution", "spheres", "viability_plates", "time_kill", "two_drugs", "dosing_order",
             "lineages", "recurrence")  # fmt: skip
    used, spare = grid.ravel()[: len(names)], grid.ravel()[len(names) :]
    for axes, name, draw in zip(used, names, panels, strict=True):
        draw(axes, of[name])
    for axes in spare:
        axes.remove()
    return list(used)


def _sort(axes: Axes, assay: "Sort") -> None:
    for sample, colour, name in (("isotype", GREY, "isotype control"), ("stained", PALETTE[0], "stained")):
        file = assay.table.loc[assay.table["sample"] == sample, "file"].iloc[0]
        values = np.arcsinh(assay.events[file]["PE-A"] / 150)
        axes.hist(values, bins=90, histtype="step", color=colour, label=name, density=True)
    ticks = [-100, 0, 100, 1000, 10_000, 100_000]
    axes.set_xticks(np.arcsinh(np.array(ticks) / 150), [f"{tick:,}" for tick in ticks], fontsize=7)
    axes.set(xlabel="PE-A (NRP1), not compensated", ylabel="density", title="Flow cytometry of a sort")
    axes.legend(fontsize=7)


def _wells(axes: Axes, assay: "Assay") -> None:
    summed = assay.table.groupby(["group", "cells_per_well"])[["wells_tested", "wells_positive"]].sum()
    negative = (1 - summed["wells_positive"] / summed["wells_tested"]).reset_index(name="negative")
    for group, colour in GROUPS.items():
        own = negative[negative["group"] == group]
        axes.plot(own["cells_per_well"], 100 * own["negative"], color=PALETTE[colour], marker=MARKERS[colour],
                  label=group, linewidth=1)  # fmt: skip
    axes.set(xscale="log", xlabel="cells per well", ylabel="wells without growth (percent)", title="Limiting dilution")
    axes.legend(fontsize=7)


def _spheres(axes: Axes, assay: "Assay") -> None:
    for i, (group, colour) in enumerate(GROUPS.items()):
        values = assay.table.loc[assay.table["group"] == group, "spheres"].to_numpy()
        jitter = np.random.default_rng(0).uniform(-0.2, 0.2, len(values))
        axes.scatter(i + jitter, values, s=14, color=PALETTE[colour], marker=MARKERS[colour])
    axes.set_xticks(range(len(GROUPS)), list(GROUPS))
    axes.set(ylabel="spheres in a well", ylim=(0, None), title="Spheres")


def _plate(axes: Axes, assay: "Assay") -> None:
    plate = assay.table[assay.table["plate"] == "chemotherapy-1"]
    wells = plate.pivot_table(index="row", columns="column", values="luminescence")
    image = axes.imshow(wells / 1000, cmap="viridis", aspect="auto")
    axes.figure.colorbar(image, ax=axes, label="luminescence (thousands)")
    axes.set_xticks(range(12), [str(column) for column in wells.columns], fontsize=7)
    axes.set_yticks(range(8), list(wells.index), fontsize=7)
    axes.set(xlabel="ancestral cells A-D, others E-H", title="Viability plate, drug falling to the right")
    axes.spines[:].set_visible(False)


def _kill(axes: Axes, assay: "Assay") -> None:
    drug = assay.table[assay.table["drug"] == "on"]
    for i, (_, own) in enumerate(drug.groupby("experiment")):
        axes.plot(own["hours"], np.maximum(own["viable"], 0.5), color=PALETTE[i], marker=MARKERS[i], markersize=4,
                  linewidth=1)  # fmt: skip
    axes.set(
        yscale="log",
        xlabel="hours with the drug",
        ylabel="viable cells counted (none at 0.5)",
        title="Time-kill curves",
    )


def _matrix(axes: Axes, assay: "Assay") -> None:
    high = assay.table[assay.table["cells"] == "FXYD3-high"]
    mean = high.pivot_table(index="glycoside_nM", columns="chemotherapy_nM", values="viability")
    image = axes.imshow(100 * mean, cmap="viridis", aspect="auto", origin="lower", vmin=0, vmax=100)
    axes.figure.colorbar(image, ax=axes, label="viability (percent)")
    axes.set_xticks(range(mean.shape[1]), [f"{dose:,.0f}" for dose in mean.columns], fontsize=6)
    axes.set_yticks(range(mean.shape[0]), [f"{dose:g}" for dose in mean.index], fontsize=7)
    axes.set(xlabel="chemotherapy (nM)", ylabel="glycoside (nM)", title="Two drugs, FXYD3-high cells")
    axes.spines[:].set_visible(False)


def _orders(axes: Axes, assay: "Assay") -> None:
    mean = assay.table.pivot_table(index="arm", columns="cells", values="viable", sort=False)
    for i, (cells, values) in enumerate(mean.items()):
        axes.plot(values.to_numpy(), MARKERS[i], color=PALETTE[i], label=str(cells))
    arms = [arm.replace(" then ", ",\nthen\n").replace("chemotherapy", "chemo") for arm in mean.index]
    axes.set_xticks(range(len(arms)), arms, fontsize=6)
    axes.set(yscale="log", ylabel="living cells in a dish", title="Orders of two drugs")
    axes.legend(fontsize=7)


def _lineages(axes: Axes, assay: "Assay") -> None:
    own = assay.table[assay.table["experiment"] == "E1"]
    clones = own.pivot_table("cells", ["truth_founder", "barcode"], "condition", aggfunc="sum", fill_value=0)
    jitter = np.random.default_rng(0).uniform(-0.3, 0.3, clones.shape)
    for founder, colour, marker in (("other", GREY, "o"), ("ancestral", PALETTE[1], "^")):
        chosen = clones.index.get_level_values("truth_founder") == founder
        before, after = ((clones[when] + jitter[:, i])[chosen] for i, when in enumerate(("before", "after")))
        axes.scatter(before, after, s=12, color=colour, marker=marker, linewidths=0, label=f"{founder} founder")
    axes.set(xscale="symlog", yscale="symlog", xlabel="cells read before", ylabel="cells read after")
    axes.set_title("Barcoded clones")
    axes.legend(fontsize=7)


def _recurrence(axes: Axes, assay: "Assay") -> None:
    for response, colour, dashes in (("pCR", PALETTE[2], "-"), ("residual", PALETTE[5], "--")):
        own = assay.table[assay.table["response"] == response].sort_values(by="years")
        at_risk = np.arange(len(own), 0, -1)
        free = np.cumprod(1 - own["event"].to_numpy() / at_risk)
        axes.step(np.append(0, own["years"]), 100 * np.append(1, free), where="post", color=colour, linestyle=dashes,
                  label="complete response" if response == "pCR" else "residual disease")  # fmt: skip
    axes.set(xlabel="years", ylabel="without recurrence (percent)", ylim=(0, 102), title="Recurrence")
    axes.legend(fontsize=7, loc="lower left")

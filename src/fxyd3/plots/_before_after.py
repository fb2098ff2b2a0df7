"""The figures of expression before and after treatment."""

from typing import TYPE_CHECKING, Any

import numpy as np
from matplotlib.axes import Axes

from fxyd3.plots._house import GREY, MARKERS, PALETTE, canvas, spread

if TYPE_CHECKING:
    from collections.abc import Hashable

    from fxyd3.tolerance._neighbours import Neighbours
    from fxyd3.tolerance._paired import PairedExpression
    from fxyd3.tolerance._residual import DecomposedChange, ResidualChange

LEVEL = 0.05
PARTS = {
    "composition": ("other shares of the states\n(selection)", PALETTE[0], ""),
    "within": ("change within states\n(adaptation)", PALETTE[1], "///"),
    "interaction": ("both together", "white", "..."),
}


def paired_gene(found: "ResidualChange", *, label: str, smallest: float | None = None) -> list[Axes]:
    """Draw a gene before and after treatment, a line per patient, and beside it the changes, their mean and interval.

    The second panel shows random genes of like expression as well: they should not change.

    Parameters
    ----------
    found
        See ``fxyd3.tolerance.residual_change``.
    label
        What the data are; drawn on the figure.
    smallest
        Smallest change of interest, log2 units; drawn as a line.

    Returns
    -------
    list of Axes
        The gene before and after treatment; the changes.

    Examples
    --------
    A small twin of four patients:

    >>> from fxyd3.data.simulate import twin
    >>> from fxyd3.plots import paired_gene
    >>> from fxyd3.tolerance import residual_change
    >>> study = twin(400, patients=4, sorted_cells=0)
    >>> lines, changes = paired_gene(residual_change(study), label="Simulated data (twin)")
    >>> lines.get_title(loc="left"), len(lines.lines), changes.get_ylabel()
    ('FXYD3', 4, 'log2 change, after − before')
    """
    each = found.per_patient
    lines, changes = canvas(label, columns=2, width=7.2, height=3.9)
    for i, row in enumerate(each.to_dict("records")):
        lines.plot([0, 1], [row["before"], row["after"]], color=PALETTE[i % len(PALETTE)], linewidth=1.4,
                   marker=MARKERS[i % len(MARKERS)], label=str(row["patient"]))  # fmt: skip
    lines.set_xticks([0, 1], ["before", "after"])
    lines.set(xlim=(-0.25, 1.25), ylabel="log2 counts per million")
    lines.set_title(found.gene, style="italic")
    for place, (column, interval) in enumerate((("change", found.interval), ("control", found.control))):
        for i, (value, aside) in enumerate(zip(each[column], spread(len(each), 0.18), strict=True)):
            changes.plot(place + aside - 0.1, value, color=PALETTE[i % len(PALETTE)], linestyle="", markersize=5,
                         marker=MARKERS[i % len(MARKERS)])  # fmt: skip
        if interval:
            estimate, lower, upper = interval
            changes.errorbar(place + 0.28, estimate, [[estimate - lower], [upper - estimate]], fmt="_", color="black",
                             capsize=4, markersize=11)  # fmt: skip
    changes.set_xticks([0, 1], [found.gene, "random genes\nof like expression"])
    changes.set(xlim=(-0.5, 1.6), ylabel="log2 change, after − before")
    changes.axhline(0, color=GREY, linewidth=1, linestyle=":", zorder=0)
    if smallest is not None:
        changes.axhline(smallest, color=GREY, linewidth=1, linestyle="--", zorder=0)
    for text, at in (("no change", 0.0), ("smallest\nof interest", smallest)):
        if at is not None:
            changes.annotate(text, (1.01, at), xycoords=("axes fraction", "data"), fontsize=8, color=GREY, va="center")
    title = "mean and interval: black" if found.interval else "too few patients for an interval"
    changes.set_title(title, fontsize=9, color=GREY)
    if each.empty:
        lines.text(0.5, 0.5, "no patient to compare", ha="center", transform=lines.transAxes, color=GREY)
    elif len(each) <= len(MARKERS):
        lines.figure.legend(*lines.get_legend_handles_labels(), loc="outside right center", title="patient", fontsize=8,
                            title_fontsize=8)  # fmt: skip
    return [lines, changes]


def volcano(found: "PairedExpression", *, label: str) -> Axes:
    """Draw change and p of all genes, small and grey, and the genes named in advance marked, with their names.

    Genes above the dashed line are called (adjusted p at most 0.05, all genes); where nothing is called, there is none.

    Parameters
    ----------
    found
        See ``fxyd3.tolerance.paired_expression``.
    label
        What the data are; drawn on the figure.

    Examples
    --------
    Made-up numbers of three genes, in the form of ``fxyd3.tolerance.paired_expression``:

    >>> import pandas as pd
    >>> from fxyd3.plots import volcano
    >>> from fxyd3.tolerance import PairedExpression
    >>> table = pd.DataFrame({"gene": ["FXYD3", "ATP1A1", "KRT8"], "log2fc": [1.2, 0.1, -0.3],
    ...                       "p": [1e-5, 0.6, 0.2], "p_adjusted": [3e-5, 0.6, 0.3]})
    >>> named = table[:1].assign(p_holm=1e-5)
    >>> found = PairedExpression(table, named, pd.DataFrame(), pd.DataFrame(), left_out=(), n=6, missing="")
    >>> axes = volcano(found, label="Made-up data")
    >>> axes.get_title(loc="left")
    '3 genes, 1 called, 6 patients'
    """
    (axes,) = canvas(label, width=6.4, height=4.4)
    table = found.table[found.table["p"].notna()]
    axes.set(xlabel="log2 change, after − before", ylabel="−log10 p")
    if table.empty:
        axes.text(0.5, 0.5, "not tested: too few patients or counts", ha="center", transform=axes.transAxes, color=GREY)
        return axes
    height = -np.log10(table["p"].clip(lower=1e-300).to_numpy(dtype=float))
    axes.scatter(table["log2fc"], height, s=6, color="#a0a0a0", linewidths=0, rasterized=True)
    called = table["p_adjusted"] <= LEVEL
    if called.any():
        line = height[called].min()
        axes.axhline(line, color=GREY, linewidth=1, linestyle="--", zorder=0)
        axes.annotate("called", (0.005, line), xycoords=("axes fraction", "data"), fontsize=8, color=GREY, va="bottom")
    axes.axvline(0, color=GREY, linewidth=1, linestyle=":", zorder=0)
    reach = 1.1 * float(table["log2fc"].abs().max())
    axes.set(xlim=(-reach, reach), ylim=(0, 1.08 * float(height.max())))
    axes.set_title(f"{len(table):,} genes, {int(called.sum()):,} called, {found.n} patients", fontsize=9, color=GREY)
    named = found.named[found.named["p"].notna()]
    place = -np.log10(named["p"].clip(lower=1e-300).to_numpy(dtype=float))
    told = _apart(place / axes.get_ylim()[1], 0.11)
    for i, (row, at, beside) in enumerate(zip(named.to_dict("records"), place, told, strict=True)):
        axes.scatter(row["log2fc"], at, s=48, color=PALETTE[i % len(PALETTE)], marker=MARKERS[i % len(MARKERS)],
                     edgecolors="black", zorder=3)  # fmt: skip
        axes.annotate(f"{row['gene']}\np {row['p_holm']:.2g} (Holm)", (row["log2fc"], at), (1.03, beside), fontsize=9,
                      textcoords="axes fraction", va="center", annotation_clip=False,
                      arrowprops={"arrowstyle": "-", "color": GREY, "linewidth": 0.7})  # fmt: skip
    lacking = found.named.loc[found.named["p"].isna(), "gene"]
    if len(lacking):
        axes.set_xlabel(f"log2 change, after − before\n(not tested: {', '.join(lacking)})")
    return axes


def _apart(places: np.ndarray, least: float) -> np.ndarray:
    """Move places on an axis from 0 to 1 apart, and keep their order."""
    order = np.argsort(places, kind="stable")
    moved = np.asarray(places, dtype=float).copy()
    steps = least * np.arange(len(order))
    up = np.maximum.accumulate(moved[order] - steps) + steps  # none closer than `least`
    moved[order] = np.minimum(up, 1 - least / 2 - steps[::-1])
    return moved


def explanations(found: "Neighbours", *, label: str, smallest: float | None = None) -> Axes:
    r"""Draw the change of a gene as it is, and as it is left when each neighbouring explanation is accounted for.

    Parameters
    ----------
    found
        See ``fxyd3.tolerance.neighbours``.
    label
        What the data are; drawn on the figure.
    smallest
        Smallest change of interest, log2 units; drawn as a line.

    Examples
    --------
    A small twin of four patients:

    >>> from fxyd3.data.simulate import twin
    >>> from fxyd3.plots import explanations
    >>> from fxyd3.tolerance import neighbours
    >>> study = twin(400, patients=4, sorted_cells=0)
    >>> axes = explanations(neighbours(study), label="Simulated data (twin)")
    >>> [tick.get_text().split("\n")[0] for tick in axes.get_yticklabels()][:3]
    ['as it is', 'without stroma and immune cells', 'without cycling cells']
    """
    table = found.table.reset_index(drop=True)
    (axes,) = canvas(label, width=7.2, height=1.5 + 0.52 * max(len(table), 2))
    names = []
    for at, row in enumerate(table.to_dict("records")):
        plain = at == 0
        colour, marker = (PALETTE[0], "d") if plain else (PALETTE[5], "o")
        axes.plot([row["lower"], row["upper"]], [at, at], color=colour, linewidth=2)
        axes.plot(row["gene_change"], at, color=colour, marker=marker, markersize=7)
        known = np.isfinite(row["gene_change"])
        told = "not checked"
        if known:
            told = f"{_number(row['gene_change'])} [{_number(row['lower'])}, {_number(row['upper'])}]  {row['n']}"
        axes.annotate(told, (1.03, at), xycoords=("axes fraction", "data"), va="center", fontsize=8, color=GREY,
                      annotation_clip=False)  # fmt: skip
        names.append(_told(row))
    if table.empty:
        axes.text(0.5, 0.5, "no patient to compare", ha="center", transform=axes.transAxes, color=GREY)
        axes.set_yticks([])
        return axes
    axes.annotate("change [interval]  patients", (1.03, -0.55), xycoords=("axes fraction", "data"), va="center",
                  fontsize=8, color=GREY, annotation_clip=False)  # fmt: skip
    axes.axvline(0, color=GREY, linewidth=1, linestyle=":", zorder=0)
    if smallest is not None:
        axes.axvline(smallest, color=GREY, linewidth=1, linestyle="--", zorder=0)
        axes.annotate("smallest\nof interest", (smallest, len(table) - 0.45), fontsize=8, color=GREY, va="bottom",
                      ha="left", xytext=(3, 0), textcoords="offset points")  # fmt: skip
    axes.set_yticks(range(len(table)), names, fontsize=9)
    axes.tick_params(axis="y", length=0)
    axes.set_ylim(len(table) - 0.4, -0.7)
    axes.set_xlabel(f"log2 change of {found.gene}, after − before\n(in brackets: how each explanation changes itself)")
    return axes


def _told(row: "dict[Hashable, Any]") -> str:
    """Name an accounting, and what its explanation does itself."""
    name = row["explanation"]
    if not np.isfinite(row["gene_change"]) or not np.isfinite(row["nuisance"]):
        return str(name)
    depth = name == "depth"
    own = f"{row['nuisance']:+.2f} log2" if str(row["unit"]).startswith("log2") else f"{row['nuisance']:+.1f} points"
    told = f"{'at one depth' if depth else f'without {name}'}\n({'depth' if depth else 'these'}: {own})"
    return told.replace("-", "−")


def decomposition(found: "DecomposedChange", *, label: str) -> Axes:
    """Draw the parts of each patient's change: other shares of the states, change within them, and both together.

    The diamond is the whole change, the sum of the three bars; the last rows are the mean, with intervals.

    Parameters
    ----------
    found
        See ``fxyd3.tolerance.decompose_change``.
    label
        What the data are; drawn on the figure.

    Examples
    --------
    A small twin of four patients, with the states that were planted:

    >>> from fxyd3.data.simulate import twin
    >>> from fxyd3.plots import decomposition
    >>> from fxyd3.tolerance import decompose_change
    >>> found = decompose_change(twin(400, patients=4, sorted_cells=0), state="truth_state")
    >>> axes = decomposition(found, label="Simulated data (twin)")
    >>> [tick.get_text() for tick in axes.get_yticklabels()]
    ['P1', 'P2', 'P3', 'P4', 'mean']
    """
    each = found.per_patient
    (axes,) = canvas(label, width=6.8, height=1.9 + 0.5 * (len(each) + 1))
    axes.set_xlabel(f"change of {found.gene}, counts per 10,000 (after − before)")
    if each.empty:
        axes.text(0.5, 0.5, "no patient to compare", ha="center", transform=axes.transAxes, color=GREY)
        axes.set_yticks([])
        return axes
    rows = np.append(np.arange(len(each)), len(each) + 0.3)
    mean = found.table.set_index("part")
    for part, aside in zip(PARTS, (-0.25, 0.0, 0.25), strict=True):
        name, colour, hatch = PARTS[part]
        values = np.append(each[part].to_numpy(dtype=float), mean["estimate"][part])
        axes.barh(rows + aside, values, height=0.23, color=colour, hatch=hatch, edgecolor="black", linewidth=0.6,
                  label=name)  # fmt: skip
        axes.plot([mean["lower"][part], mean["upper"][part]], [rows[-1] + aside] * 2, color="black", linewidth=1.6)
    whole = np.append(each["change"].to_numpy(dtype=float), mean["estimate"]["change"])
    axes.plot(whole, rows, linestyle="", marker="D", color="black", markerfacecolor=PALETTE[6], label="whole change")
    axes.axvline(0, color=GREY, linewidth=1, zorder=0)
    axes.axhline(len(each) - 0.35, color=GREY, linewidth=0.6)
    axes.set_yticks(rows, [*each["patient"].astype(str), "mean"])
    axes.tick_params(axis="y", length=0)
    axes.set_ylim(rows[-1] + 0.5, -0.5)
    axes.figure.legend(*axes.get_legend_handles_labels(), loc="outside upper center", ncols=4, fontsize=8)
    return axes


def _number(value: float) -> str:
    return f"{value:.2f}".replace("-", "−")

"""Whether a gene could sort the ancestral cells."""

from typing import TYPE_CHECKING

import numpy as np
from matplotlib.axes import Axes

from fxyd3.plots._house import GREY, MARKERS, PALETTE, canvas

if TYPE_CHECKING:
    from fxyd3.cells._sortability import Sortability
    from fxyd3.cells._surface import BestSurface

Interval = tuple[float, float, float]
HALF = "half the counts"


def sorting_curve(found: "Sortability", *, marker: str, label: str) -> Axes:
    """Draw purity against yield per patient as the gate falls, with the gate that was chosen on the other patients.

    Parameters
    ----------
    found
        See ``fxyd3.cells.sortability``.
    marker
        The gene that is gated on.
    label
        What the data are; drawn on the figure.

    Examples
    --------
    Made-up numbers of one patient, in the form of ``fxyd3.cells.sortability``:

    >>> import pandas as pd
    >>> from fxyd3.cells import Sortability
    >>> from fxyd3.plots import sorting_curve
    >>> table = pd.DataFrame({"purity": 80.0, "before": 40.0, "recovered": 60.0}, index=["P1"])
    >>> curve = pd.DataFrame({"patient": "P1", "gate": [1, 0], "purity": [80.0, 40.0], "recovered": [60.0, 100.0]})
    >>> found = Sortability(table, pd.DataFrame(), (0.8, 0.7, 0.9), (0.5, 0.4, 0.6), "", curve)
    >>> axes = sorting_curve(found, marker="FXYD3", label="Made-up data")
    >>> axes.get_xlabel(), axes.lines[0].get_ydata().tolist()
    ('ancestral cells above the gate on FXYD3 (%)', [80.0, 40.0])
    """
    (axes,) = canvas(label, height=4.2)
    table = found.per_patient
    for i, name in enumerate(table.index):
        own, row = found.curve[found.curve["patient"] == name], table.loc[name]
        own = own[own["recovered"] >= 5]  # a handful of cells: the curve jumps between 0 and 100 %
        colour, shape = PALETTE[i % len(PALETTE)], MARKERS[i % len(MARKERS)]
        axes.plot(own["recovered"], own["purity"], color=colour, linewidth=1, alpha=0.6, zorder=2)
        axes.scatter(row["recovered"], row["purity"], s=55, color=colour, marker=shape, edgecolor="white", zorder=4,
                     label=str(name))  # fmt: skip
        axes.scatter(100, row["before"], s=30, facecolor="white", edgecolor=colour, marker=shape, zorder=3,
                     clip_on=False)  # fmt: skip
    if table.empty:
        axes.text(0.5, 0.5, "not testable in these data", ha="center", transform=axes.transAxes)
    else:
        title = "patient\nfilled: gate chosen\non the others\nopen: without a gate"
        axes.figure.legend(loc="outside right center", title=title, alignment="left", title_fontsize=8)
    axes.set(
        xlim=(0, 102),
        ylim=(0, 102),
        xlabel=f"ancestral cells above the gate on {marker} (%)",
        ylabel="cells above the gate\nthat are ancestral (%)",
    )
    return axes


def sorting_forest(
    found: "Sortability", best: "BestSurface | None", *, marker: str, null: float, smallest: float, label: str
) -> Axes:
    """Draw the area under the ROC curve of each gene, with intervals over patients.

    Above, the marker, the genes compared and random genes, on all counts; below, the marker and the best surface gene
    chosen on the other patients, both on half the counts, which lowers every area.

    Parameters
    ----------
    found, best
        See ``fxyd3.cells.sortability`` and ``fxyd3.cells.best_surface``; ``None`` leaves the lower part out.
    marker
        The gene that is tested.
    null, smallest
        Area of a useless gene, and the smallest one of interest; drawn as lines.
    label
        What the data are; drawn on the figure.

    Examples
    --------
    Made-up areas, in the form of ``fxyd3.cells.sortability``:

    >>> import pandas as pd
    >>> from fxyd3.cells import Sortability
    >>> from fxyd3.plots import sorting_forest
    >>> genes = pd.DataFrame({"auroc": [0.8, 0.6], "lower": [0.7, 0.5], "upper": [0.9, 0.7], "in_signature": False},
    ...                      index=["FXYD3", "CD44"])
    >>> found = Sortability(pd.DataFrame(), genes, (0.8, 0.7, 0.9), (0.5, 0.45, 0.55), "")
    >>> axes = sorting_forest(found, None, marker="FXYD3", null=0.5, smallest=0.7, label="Made-up data")
    >>> [tick.get_text() for tick in axes.get_yticklabels()]
    ['FXYD3', 'CD44', 'random genes']
    """
    rows = _rows(found, best, marker)
    (axes,) = canvas(label, height=1.6 + 0.36 * len(rows))
    for place, (_, kind, (estimate, lower, upper)) in enumerate(rows):
        axes.plot([lower, upper], [place, place], color=PALETTE[kind], linewidth=2, solid_capstyle="butt")
        axes.scatter(estimate, place, s=45, color=PALETTE[kind], marker=MARKERS[kind], zorder=3)
    halves = sum(not name.endswith(HALF) for name, *_ in rows)
    if halves < len(rows):
        axes.axhline(halves - 0.5, color=GREY, linewidth=0.6)
    axes.axvline(null, color=GREY, linewidth=1, linestyle=":", zorder=0)
    axes.axvline(smallest, color=GREY, linewidth=1, linestyle="--", zorder=0)
    for value, text, side in ((null, "chance ", "right"), (smallest, " smallest of interest", "left")):
        axes.annotate(
            text, (value, 1), xycoords=("data", "axes fraction"), fontsize=8, color=GREY, ha=side, va="bottom"
        )
    axes.set_yticks(range(len(rows)), [name for name, *_ in rows])
    axes.invert_yaxis()
    axes.set_xlabel("area under the ROC curve\n(mean and 95 % interval over patients)")
    return axes


def _rows(found: "Sortability", best: "BestSurface | None", marker: str) -> list[tuple[str, int, Interval]]:
    """List the lines of the forest: name, kind (colour and shape), estimate and interval."""
    rows: list[tuple[str, int, Interval]] = []
    for gene, row in found.genes.iterrows():
        name = f"{gene}\n(names the groups too)" if row["in_signature"] else str(gene)
        rows.append((name, 0 if gene == marker else 1, (row["auroc"], row["lower"], row["upper"])))
    if np.isfinite(found.control[0]):
        rows.append(("random genes", 3, found.control))
    if best is not None and len(best.per_patient):
        often = best.per_patient["gene"].value_counts().index
        genes = ", ".join(often[:2]) + (" ..." if len(often) > 2 else "")
        rows.append((f"{marker}, {HALF}", 0, _known(best.marker, best.per_patient["marker"].mean())))
        chosen = _known(best.best, best.per_patient["best"].mean())
        rows.append((f"best of {best.candidates} surface genes\n({genes}), {HALF}", 2, chosen))
    return rows


def _known(interval: Interval, mean: float) -> Interval:
    return interval if np.isfinite(interval[0]) else (mean, np.nan, np.nan)

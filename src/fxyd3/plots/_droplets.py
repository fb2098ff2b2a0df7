"""Figures of droplets: doublets, the choice of tumour cells, and gains and losses along the chromosomes."""

from typing import TYPE_CHECKING

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from numpy.typing import NDArray

from fxyd3.plots._house import GREY, PALETTE, canvas

if TYPE_CHECKING:
    from fxyd3.cells import CopyNumber, Doublets

BINS = 30
ROWS = 100  # cells drawn of each kind


def doublets(scores: "pd.Series[float]", found: "Doublets", *, label: str) -> Axes:
    """Draw the scores of the cells, those of doublets made on paper, and the threshold.

    Parameters
    ----------
    scores
        Of the cells; missing ones are left out.
    found
        See ``fxyd3.cells.doublets``.
    label
        What the data are; drawn on the figure.

    Examples
    --------
    Made-up scores, in the form of ``fxyd3.cells.doublets``:

    >>> import numpy as np
    >>> import pandas as pd
    >>> from fxyd3 import cells, plots
    >>> found = cells.Doublets(pd.DataFrame(), np.linspace(0.1, 0.9, 9), threshold=0.4, separate=True)
    >>> axes = plots.doublets(pd.Series([0.1, 0.1, 0.2, 0.6]), found, label="Made-up data")
    >>> [text.get_text() for text in axes.get_legend().get_texts()]
    ['cells', 'doublets made on paper', 'threshold: 0.40']
    """
    (axes,) = canvas(label, height=3.2)
    own = scores.dropna().to_numpy()
    bins = _edges(np.concatenate([own, found.simulated]))
    axes.hist(own, bins=bins, density=True, color=PALETTE[4], label="cells")
    axes.hist(
        found.simulated,
        bins=bins,
        density=True,
        histtype="step",
        color="black",
        linewidth=1.5,
        label="doublets made on paper",
    )
    axes.axvline(found.threshold, color=PALETTE[5], linestyle="--", label=f"threshold: {found.threshold:.2f}")
    axes.set(xlabel="doublet score", ylabel="density")
    axes.legend(fontsize=8)
    return axes


def _edges(scores: NDArray[np.float64]) -> list[float]:
    """Bins between the scores there are: these are few, and farther apart the higher they are."""
    levels = np.unique(np.round(scores, 9))
    if len(levels) < 2:
        return [levels[0] - 0.01, levels[0] + 0.01]
    half = np.diff(levels) / 2
    edges = np.concatenate([[levels[0] - half[0]], levels[:-1] + half, [levels[-1] + half[-1]]])
    each = -(-len(levels) // BINS)
    return sorted({edges[0], *edges[::-1][::each]})


def selection(table: pd.DataFrame, *, label: str) -> Axes:
    """Draw how many cells of each sample were kept as tumour cells.

    Parameters
    ----------
    table
        ``cells``, ``kept``, ``other`` by sample; see ``fxyd3.cells.Tumour``.
    label
        What the data are; drawn on the figure.

    Examples
    --------
    Made-up numbers, in the form of the ``table`` of ``fxyd3.cells.tumour``:

    >>> import pandas as pd
    >>> from fxyd3.plots import selection
    >>> table = pd.DataFrame({"cells": [500, 900], "kept": [400, 200], "other": [100, 700]}, index=["P1", "P2"])
    >>> axes = selection(table, label="Made-up data")
    >>> [text.get_text() for text in axes.get_legend().get_texts()]
    ['kept: 600', 'other lineages: 800']
    """
    (axes,) = canvas(label, height=max(0.2 * len(table) + 1.4, 2.4))
    place = np.arange(len(table))
    axes.barh(place, table["kept"], color=PALETTE[0], label=f"kept: {table['kept'].sum():,}")
    axes.barh(
        place,
        table["other"],
        left=table["kept"],
        color="white",
        edgecolor=PALETTE[5],
        hatch="///",
        label=f"other lineages: {table['other'].sum():,}",
    )
    axes.set_yticks(place, [str(name) for name in table.index], fontsize=7 if len(table) > 12 else 9)
    axes.invert_yaxis()
    axes.set(xlabel="cells")
    axes.legend(loc="lower left", bbox_to_anchor=(0, 1), ncols=2, fontsize=8, borderaxespad=0)
    return axes


def copy_numbers(found: "CopyNumber", *, label: str) -> Axes:
    """Draw smoothed expression along the chromosomes, chosen cells above and the reference below.

    Parameters
    ----------
    found
        See ``fxyd3.cells.copy_number``. At most 100 cells of each kind are drawn, evenly spaced in the order of their
        likeness to the others.
    label
        What the data are; drawn on the figure.

    Examples
    --------
    Made-up expression of six cells, in the form of ``fxyd3.cells.copy_number``; the first three gained a chromosome:

    >>> import numpy as np
    >>> import pandas as pd
    >>> from fxyd3.cells import CopyNumber
    >>> from fxyd3.plots import copy_numbers
    >>> profile, chromosomes = np.zeros((6, 30), dtype=np.float32), np.repeat(["1", "2", "X"], 10)
    >>> profile[:3, :10] = 0.5
    >>> cells = pd.DataFrame({"reference": [False] * 3 + [True] * 3, "score": 0.0, "likeness": np.linspace(1, 0, 6)})
    >>> found = CopyNumber(profile, chromosomes, cells, genes=300, table=pd.DataFrame())
    >>> axes = copy_numbers(found, label="Made-up data")
    >>> axes.images[0].get_array().shape, [tick.get_text().strip() for tick in axes.get_xticklabels()]
    ((6, 30), ['1', '2', 'X'])
    """
    (axes,) = canvas(label, width=7.2, height=4.2)
    rows = []
    for reference in (False, True):
        order = found.cells["likeness"].to_numpy().argsort()[::-1]
        order = order[(found.cells["reference"].to_numpy() == reference)[order]]
        rows.append(order[np.linspace(0, len(order) - 1, min(ROWS, len(order))).round().astype(int)])
    drawn = found.profile[np.concatenate(rows)]
    most = float(np.quantile(np.abs(found.profile[~found.cells["reference"].to_numpy()]), 0.98))
    image = axes.imshow(drawn, aspect="auto", cmap="PuOr_r", vmin=-most, vmax=most, interpolation="nearest")
    axes.axhline(len(rows[0]) - 0.5, color="black", linewidth=1.5)
    names, starts = np.unique(found.chromosomes, return_index=True)
    names, starts = names[np.argsort(starts)], np.sort(starts)
    ends = [*starts[1:], len(found.chromosomes)]
    for start in starts[1:]:
        axes.axvline(start - 0.5, color=GREY, linewidth=0.5)
    middles = (starts + np.array(ends)) / 2 - 0.5
    axes.set_xticks(middles, [name if i % 2 == 0 else f"\n{name}" for i, name in enumerate(names)], fontsize=7)
    axes.set_yticks(
        [len(rows[0]) / 2, len(rows[0]) + len(rows[1]) / 2],
        ["chosen cells", "other lineages"],
        rotation=90,
        va="center",
    )
    axes.tick_params(length=0)
    axes.set(xlabel="chromosome")
    axes.figure.colorbar(image, ax=axes, shrink=0.6, label="expression relative to\nother lineages (log units)")
    return axes

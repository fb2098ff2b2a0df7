"""The figure of what purity does to an enrichment."""

from collections.abc import Mapping

import numpy as np
from matplotlib.axes import Axes
from numpy.typing import NDArray

from fxyd3.plots._house import GREY, PALETTE, canvas

LINES = ("-", "--", "-.", ":")
Floats = NDArray[np.float64]


def purity(purities: Floats, seen: Mapping[str, Floats], *, share: float, label: str) -> Axes:
    r"""Draw the enrichment that is seen against the purity of the sort.

    Parameters
    ----------
    purities
        From 0 to 1.
    seen
        By the name of a line: the enrichment at each purity; see ``fxyd3.enrichment.fold_seen``.
    share
        Share of positive cells before the sort; drawn as a line.
    label
        What the data are; drawn on the figure.

    Examples
    --------
    Fivefold enrichment in positive cells, of which there are 10 percent before the sort:

    >>> import numpy as np
    >>> from fxyd3.enrichment import fold_seen
    >>> from fxyd3.plots import purity
    >>> purities = np.linspace(0, 1, 5)
    >>> axes = purity(purities, {"5-fold": fold_seen(5, purities, share=0.1)}, share=0.1, label="Calculated, no data")
    >>> [text.get_text() for text in axes.texts]
    ['5-fold', 'as before\nthe sort']
    """
    (axes,) = canvas(label)
    for i, (name, values) in enumerate(seen.items()):
        axes.plot(100 * purities, values, color=PALETTE[i % len(PALETTE)], linestyle=LINES[i % len(LINES)])
        axes.annotate(
            name, (100, float(values[-1])), xytext=(4, 0), textcoords="offset points", va="center", fontsize=9
        )
    axes.axhline(1, color=GREY, linewidth=1, linestyle=":", zorder=0)
    axes.annotate("as before\nthe sort", (100, 1), xytext=(4, 0), textcoords="offset points", va="center", fontsize=8,
                  color=GREY)  # fmt: skip
    axes.axvline(100 * share, color=GREY, linewidth=1, linestyle=":", zorder=0)
    axes.set(xlabel="positive cells in the sorted tube (percent)", ylabel="enrichment seen\n(times unsorted)")
    axes.set(xlim=(0, 100), ylim=(0, None))
    return axes

"""One look for every figure."""

from typing import Any

import matplotlib.pyplot as plt
import numpy as np
from matplotlib.axes import Axes
from numpy.typing import NDArray

PALETTE = ("#0072B2", "#E69F00", "#009E73", "#CC79A7", "#56B4E9", "#D55E00", "#F0E442", "#000000")
"""Okabe and Ito's colours, told apart with every common colour vision (Wong 2011, doi:10.1038/nmeth.1618)."""

MARKERS = "osD^vP*X"
GREY = "#6b6b6b"

STATES = PALETTE[:5]
"""Colours of the five groups of cells, in the order of their numbers."""

VERDICTS = {"supported": PALETTE[2], "contradicted": PALETTE[5], "inconclusive": PALETTE[1], "not testable": GREY}
"""Colours of the verdicts; a sign and the word always go with them."""

TREATMENTS = {"untreated": "#949494", "chemotherapy": PALETTE[0], "glycoside": PALETTE[5], "both": PALETTE[2]}
TREATMENTS |= {"before": TREATMENTS["untreated"], "after": TREATMENTS["chemotherapy"]}
"""Colours of the treatments; cells from before and after chemotherapy wear those of untreated and treated ones."""

STYLE: dict[str, Any] = {
    "figure.dpi": 100,
    "savefig.dpi": 100,
    "font.size": 10,
    "axes.spines.top": False,
    "axes.spines.right": False,
    "axes.titlesize": 10,
    "axes.titlelocation": "left",
    "legend.frameon": False,
    "figure.constrained_layout.use": True,
}


def style() -> None:
    """Use the house style for all figures from here on; the functions of this package do so by themselves.

    Examples
    --------
    >>> from fxyd3.plots import style
    >>> style()
    """
    plt.style.use(STYLE)


def canvas(label: str, *, columns: int = 1, width: float = 6.4, height: float = 3.8) -> list[Axes]:
    """Open a figure that carries the label of its data, with one row of axes.

    Examples
    --------
    >>> from fxyd3.plots import canvas
    >>> (axes,) = canvas("Simulated data (twin)")
    >>> axes.figure.get_supxlabel()
    'Simulated data (twin)'
    """
    style()
    figure, axes = plt.subplots(1, columns, figsize=(width, height), squeeze=False)
    figure.supxlabel(label, x=0.99, ha="right", fontsize=8, color=GREY)
    return list(axes[0])


def spread(n: int, width: float = 0.25) -> NDArray[np.float64]:
    """Horizontal offsets that keep ``n`` points apart."""
    return np.linspace(-width, width, n) if n > 1 else np.zeros(n)

"""What kinds of survival look like over time."""

import numpy as np
from matplotlib.axes import Axes

from fxyd3.plots._house import PALETTE, canvas

LINES = ("-", "--", "-.", ":")


def kinds_of_survival(*, label: str, days: float = 10.0) -> Axes:
    """Draw four populations under one drug: sensitive, tolerant, persistent, and resistant cells.

    Arithmetic with rates chosen for the eye, no data: net rates per day of -1.2 (sensitive), -0.4 (tolerant) and 0.1
    (resistant); of the persistent population 1% are tolerant cells and the others sensitive ones.

    Parameters
    ----------
    label
        What the figure is; drawn on it.
    days
        How long.

    Examples
    --------
    The four kinds, and the line at which 99% are killed:

    >>> from fxyd3.plots import kinds_of_survival
    >>> axes = kinds_of_survival(label="Arithmetic, no data")
    >>> [text.get_text() for text in axes.texts]
    ['sensitive', 'tolerant', 'persistent', 'resistant', '99% killed']
    """
    (axes,) = canvas(label, height=3.9)
    time = np.linspace(0, days, 201)
    fall, slow, grow = (np.exp(rate * time) for rate in (-1.2, -0.4, 0.1))
    kinds = {"sensitive": fall, "tolerant": slow, "persistent": 0.99 * fall + 0.01 * slow, "resistant": grow}
    for (name, share), line, colour in zip(kinds.items(), LINES, PALETTE, strict=False):
        axes.plot(time, share, line, color=colour, lw=2)
        axes.annotate(name, (time[-1], share[-1]), xytext=(5, 0), textcoords="offset points", va="center", color=colour)
    axes.axhline(0.01, color="0.6", lw=1)
    axes.annotate("99% killed", (0, 0.01), xytext=(2, 3), textcoords="offset points", fontsize=8, color="0.35")
    axes.set(
        yscale="log", xlabel="days with the drug", ylabel="living cells, share of the start", xlim=(0, days * 1.16)
    )
    axes.set_ylim(bottom=2e-6)
    return axes

"""What each step costs, beside the defaults of scanpy."""

from collections.abc import Mapping
from typing import Any

import numpy as np
from matplotlib.axes import Axes

from fxyd3.plots._house import PALETTE, canvas


def speed(beside: Mapping[str, Any], *, label: str) -> Axes:
    """Draw the seconds of each step for both sides, one bar below the other, with the numbers at their ends.

    Parameters
    ----------
    beside
        One size of ``beside_scanpy`` in ``benchmarks/results.json``: for ``scanpy`` and ``fxyd3`` the ``steps`` (name
        and seconds) and their sum, ``seconds``.
    label
        What the figure says of its data.

    Examples
    --------
    Made-up seconds, in the form of ``benchmarks/results.json``:

    >>> from fxyd3.plots import speed
    >>> beside = {"scanpy": {"steps": {"filter": 3.0, "groups": 6.0}, "seconds": 9.0},
    ...           "fxyd3": {"steps": {"filter": 1.0, "groups": 0.5}, "seconds": 1.5}}
    >>> axes = speed(beside, label="Made-up seconds")
    >>> [tick.get_text() for tick in axes.get_yticklabels()], [int(bar.get_width()) for bar in axes.containers[0]]
    (['filter', 'groups'], [3, 6])
    """
    (axes,) = canvas(label, height=4.2)
    steps = list(beside["fxyd3"]["steps"])
    places = np.arange(len(steps))
    sides = {"scanpy": "scanpy, its defaults", "fxyd3": "this chapter"}
    for i, (side, name) in enumerate(sides.items()):
        seconds = [beside[side]["steps"].get(step, 0.0) for step in steps]
        bars = axes.barh(
            places + 0.4 * i - 0.2, seconds, height=0.38, color=PALETTE[1 - i], hatch=("//", "")[i], edgecolor="white",
            label=f"{name}: {beside[side]['seconds']:.0f} s",
        )  # fmt: skip
        axes.bar_label(bars, fmt="%.1f", padding=3, fontsize=8)
    axes.set(yticks=places, yticklabels=steps, xlabel="seconds", xlim=(0, 1.12 * axes.get_xlim()[1]))
    axes.invert_yaxis()
    axes.legend(loc="lower right")
    return axes

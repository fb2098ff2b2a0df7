"""The figures of how many groups there are."""

import numpy as np
import pandas as pd
from matplotlib.axes import Axes

from fxyd3.plots._house import GREY, PALETTE, canvas

LEAST_SHARE = 0.05
LARGEST, SMALLEST = 900.0, 130.0  # square points


def group_tree(edges: pd.DataFrame, *, chosen: float, label: str) -> Axes:
    """Draw how groups divide as the resolution rises: a circle per group, a line where cells go.

    Parameters
    ----------
    edges
        As ``fxyd3.cells.tree`` gives them.
    chosen
        The resolution chosen; its row stands out. 0 for none.
    label
        What the data are; drawn on the figure.

    Notes
    -----
    Circles have areas by cells, down to the smallest that holds a number; lines have widths by the share of the lower
    group, and those below 5% are left out. In each row, groups stand in the order of where their cells come from.

    Examples
    --------
    Ten made-up cells at two resolutions:

    >>> import pandas as pd
    >>> from fxyd3.cells import tree
    >>> from fxyd3.plots import group_tree
    >>> labels = pd.DataFrame({0.1: [1] * 10, 0.5: [1] * 6 + [2] * 4})
    >>> axes = group_tree(tree(labels), chosen=0.5, label="Made-up data")
    >>> [text.get_text() for text in axes.texts if "group" in text.get_text()]
    ['1 group', '2 groups, chosen']
    """
    rows = [*dict.fromkeys(edges["resolution"]), edges["finer"].iloc[-1]]
    (axes,) = canvas(label, height=0.5 * len(rows) + 1.1)
    cells = {r: edges[edges["resolution"] == r].groupby("group")["cells"].sum() for r in rows[:-1]}
    cells[rows[-1]] = edges[edges["finer"] == rows[-1]].groupby("into")["cells"].sum()
    x = _places(edges, cells)
    drawn = edges[edges["share"] >= LEAST_SHARE]
    columns = (drawn[name] for name in ("resolution", "group", "finer", "into", "share"))
    for above, group, below, into, share in zip(*columns, strict=True):
        axes.plot(
            [x[above][group], x[below][into]], [rows.index(above), rows.index(below)],
            color=GREY, alpha=0.5, linewidth=6 * share, solid_capstyle="butt", zorder=1,
        )  # fmt: skip
    most = max(int(each.max()) for each in cells.values())
    for y, row in enumerate(rows):
        size = np.maximum(LARGEST * cells[row] / most, SMALLEST)
        stands_out = row == chosen
        axes.scatter(
            x[row], [y] * len(size), s=size, color=PALETTE[1] if stands_out else PALETTE[4], edgecolor="black",
            linewidth=1.4 if stands_out else 0.5, zorder=2,
        )  # fmt: skip
        for group, place in x[row].items():
            axes.text(float(place), y, str(group), ha="center", va="center_baseline", fontsize=9, zorder=3)
        said = f"{len(size)} group{'s' if len(size) > 1 else ''}{', chosen' if stands_out else ''}"
        axes.text(1.02, y, said, va="center", fontsize=9, weight="bold" if stands_out else "normal")
    axes.set(
        xlim=(0, 1), ylim=(len(rows) - 0.4, -0.6), xticks=[], yticks=range(len(rows)),
        yticklabels=[f"{row:g}" for row in rows], ylabel="resolution",
    )  # fmt: skip
    axes.set_title("area: cells in a group; width: share of the lower group", fontsize=9, color=GREY)
    axes.spines["bottom"].set_visible(False)
    axes.spines["left"].set_visible(False)
    axes.tick_params(length=0)
    return axes


def _places(edges: pd.DataFrame, cells: "dict[float, pd.Series[int]]") -> "dict[float, pd.Series[float]]":
    """Place the groups of each row from 0 to 1, in the order of the mean place their cells come from."""
    x: dict[float, pd.Series[float]] = {}
    above: pd.Series[float] | None = None
    for row, sizes in cells.items():
        order = sizes.index
        if above is not None:
            into = edges[edges["finer"] == row]
            origin = into["group"].map(above) * into["share"]
            order = origin.groupby(into["into"]).sum().sort_values(kind="stable").index
        width = sizes[order] / sizes.sum() + 0.5 / max(len(each) for each in cells.values())
        above = x[row] = (width.cumsum() - width / 2) / width.sum()
    return x

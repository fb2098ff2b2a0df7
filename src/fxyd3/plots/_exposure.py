"""Figures of exposure: which concentrations of a glycoside a person has, and what a mouse may bear."""

from collections.abc import Mapping
from typing import TYPE_CHECKING

import numpy as np
from matplotlib.axes import Axes
from matplotlib.ticker import FuncFormatter

from fxyd3.plots._dose import clinical_band
from fxyd3.plots._house import GREY, MARKERS, PALETTE, canvas
from fxyd3.plots._pump import MODEL, STROKES

if TYPE_CHECKING:
    import pandas as pd

    from fxyd3.rescue import Regimen


def exposure(regimens: "Mapping[str, Regimen]", *, label: str = MODEL) -> Axes:
    """Draw the concentration of a glycoside in plasma over days of doses and after them, with its clinical range.

    Parameters
    ----------
    regimens
        By name; of one drug. See ``fxyd3.rescue.Regimen``.
    label
        What the data are; drawn on the figure.
    """
    (axes,) = canvas(label, width=6.4, height=4.0)
    drug = next(iter(regimens.values())).drug
    low, high = drug.clinical_nM
    axes.axhspan(low, high, color=PALETTE[6], alpha=0.3, lw=0, zorder=0, gid="clinical")
    for i, (name, regimen) in enumerate(regimens.items()):
        course = regimen.course()
        axes.plot(course["hours"] / 24, course["nM"], STROKES[i], color=PALETTE[(0, 5, 2)[i % 3]], lw=1.6, label=name)
    right = axes.get_xlim()[1]
    axes.text(right, high, f"{drug.name} in use,\n{low:.3g}–{high:.3g} nM", ha="right", va="top", fontsize=8)
    axes.set(xlabel="days since the first dose", ylabel="in plasma (nM, total)", ylim=(0, 1.25 * high))
    axes.legend(fontsize=9, loc="lower left", bbox_to_anchor=(0, 1), ncols=2, borderaxespad=0.2)
    return axes


def xenograft(
    gap: "pd.DataFrame",
    *,
    ec50_nM: float,
    hill: float = 1.0,
    clinical: Mapping[str, tuple[float, float]] | None = None,
    label: str = "Worked example, not a measurement",
) -> Axes:
    """Draw what human tumour cells see in a person, and in a mouse that bears so many times more.

    Parameters
    ----------
    gap
        See ``fxyd3.rescue.xenograft_gap``.
    ec50_nM, hill
        Of the human tumour cells, as given to it.
    clinical
        Ranges in plasma (nM), by drug.
    label
        What the data are; drawn on the figure.
    """
    (axes,) = canvas(label, width=6.4, height=4.2)
    most = max(float(gap["borne_nM"].max()), 10 * ec50_nM)
    grid = np.geomspace(0.2, 3 * most, 300)
    axes.plot(grid, 100 / (1 + (ec50_nM / grid) ** hill), color=PALETTE[0], lw=2)
    for i, row in enumerate(gap.to_dict("records")):
        share, at = 100 * row["mouse"], row["borne_nM"]
        person = row["fold"] == 1
        told = "a person" if person else f"a mouse, if it bears {row['fold']:,.3g} times more"
        axes.plot(at, share, MARKERS[i], color=PALETTE[5] if person else PALETTE[7], ms=8, zorder=4, clip_on=False,
                  label=f"{told}: {share:.0f}%")  # fmt: skip
        axes.plot([at, at], [0, share], color=GREY, lw=0.8, ls=":", zorder=1)
    axes.set(xscale="log", xlabel="glycoside (nM)", ylim=(0, 105), xlim=(grid[0], grid[-1]))
    axes.set_ylabel("effect on the human tumour cells\n(percent of the full one)")
    axes.xaxis.set_major_formatter(FuncFormatter(lambda value, _: f"{value:,.10g}"))
    for drug, nM in (clinical or {}).items():
        clinical_band(axes, drug=drug, nM=nM)
    axes.legend(fontsize=9, loc="lower left", bbox_to_anchor=(0, 1), borderaxespad=0.2)
    return axes

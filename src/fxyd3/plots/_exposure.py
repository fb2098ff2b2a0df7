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

    Examples
    --------
    A week of daily doses of digoxin that give a mean of 1.6 nM, by the model:

    >>> from fxyd3.plots import exposure
    >>> from fxyd3.rescue import DIGOXIN, Regimen
    >>> axes = exposure({"daily": Regimen(DIGOXIN, 1.6, doses=7)})
    >>> axes.texts[0].get_text(), axes.get_xlabel()
    ('digoxin, clinical range 0.64–2.56 nM', 'days since the first dose')
    """
    (axes,) = canvas(label, width=6.4, height=4.0)
    drug = next(iter(regimens.values())).drug
    low, high = drug.clinical_nM
    axes.axhspan(low, high, facecolor=PALETTE[6], alpha=0.3, edgecolor="none", zorder=0, gid="clinical")
    for end in (low, high):
        axes.axhline(end, color=GREY, lw=0.8, ls=":", zorder=0, gid="clinical")
    for i, (name, regimen) in enumerate(regimens.items()):
        course = regimen.course()
        stroke, colour = STROKES[i % len(STROKES)], PALETTE[(0, 5, 2)[i % 3]]
        axes.plot(course["hours"] / 24, course["nM"], stroke, color=colour, lw=1.6, label=name)
    axes.annotate(f"{drug.name}, clinical range {low:.3g}–{high:.3g} nM", (1, high), xytext=(-4, 3), ha="right",
                  xycoords=("axes fraction", "data"), textcoords="offset points", fontsize=8)  # fmt: skip
    axes.set(
        xlabel="days since the first dose",
        ylabel="in plasma (nM, total)",
        ylim=(0, max(1.25 * high, axes.get_ylim()[1])),
    )
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
    """Draw what human tumour cells see in a person, and in a mouse whose own cells are so many times less sensitive.

    The thick line is the human tumour cells; thin lines are the cells of the mouse. At what it bears, each host's own
    cells are affected alike; the human tumour in it is not.

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

    Examples
    --------
    A drug with an EC50 of 10 nM on the human cells, and a mouse whose cells are 30 times less sensitive:

    >>> from fxyd3.plots import xenograft
    >>> from fxyd3.rescue import xenograft_gap
    >>> axes = xenograft(xenograft_gap([1, 30], ec50_nM=10), ec50_nM=10)
    >>> [text.get_text().split(":")[0] for text in axes.get_legend().get_texts()][-2:]
    ['tumour in a person', 'tumour in a mouse, if it bears 30 times more']
    """
    (axes,) = canvas(label, width=6.4, height=5.0)
    most = max(float(gap["borne_nM"].max()), 10 * ec50_nM)
    grid = np.geomspace(0.2, 3 * most, 300)
    axes.plot(grid, 100 / (1 + (ec50_nM / grid) ** hill), color=PALETTE[0], lw=2.4, label="human tumour cells")
    strokes = iter(STROKES[1:] * len(gap))
    for i, row in enumerate(gap.to_dict("records")):
        share, at, fold = 100 * row["mouse"], row["borne_nM"], row["fold"]
        person = fold == 1
        if not person:
            host = 100 / (1 + (ec50_nM * fold / grid) ** hill)
            name = f"mouse cells, if {fold:,.3g} times less sensitive"
            axes.plot(grid, host, next(strokes), color=GREY, lw=1.2, label=name)
        told = "in a person" if person else f"in a mouse, if it bears {fold:,.3g} times more"
        axes.plot(at, share, MARKERS[i], color=PALETTE[5] if person else PALETTE[7], ms=8, zorder=4, clip_on=False,
                  label=f"tumour {told}: {share:.0f}%")  # fmt: skip
    axes.set(xscale="log", xlabel="glycoside (nM)", ylim=(0, 105), xlim=(grid[0], grid[-1]))
    axes.set_ylabel("effect on the cells\n(percent of the full one)")
    axes.xaxis.set_major_formatter(FuncFormatter(lambda value, _: f"{value:,.10g}"))
    for drug, nM in (clinical or {}).items():
        clinical_band(axes, drug=drug, nM=nM)
    named = [line for line in axes.lines if not str(line.get_label()).startswith("_")]
    handles = sorted(named, key=lambda line: line.get_marker() != "None")
    axes.legend(handles=handles, fontsize=9, loc="lower left", bbox_to_anchor=(0, 1), borderaxespad=0.2)
    return axes

"""Figures of two drugs together: the matrix of doses, and what each model calls it."""

from textwrap import fill
from typing import TYPE_CHECKING

import matplotlib.pyplot as plt
import numpy as np
from matplotlib.axes import Axes
from matplotlib.colors import Normalize
from matplotlib.patches import Rectangle
from numpy.typing import NDArray

from fxyd3.errors import InputError
from fxyd3.plots._dose import Range, clinical_rows
from fxyd3.plots._house import GREY, MARKERS, PALETTE, canvas, spread, style

if TYPE_CHECKING:
    from collections.abc import Mapping

    from fxyd3.rescue._combine import Combination

NAMES = {"bliss": "Bliss", "hsa": "HSA", "loewe": "Loewe", "zip": "ZIP", "musyc": "MuSyC", "braid": "BRAID"}
INK = "#222222"
LEAST = 10.0  # percent of cells at the end of the colours, so that noise stays pale
GAP = 0.25  # between a drug's absence and its doses, in cells of the map


def surface(
    found: "Combination",
    *,
    label: str,
    cells: str = "",
    clinical: "Mapping[str, Range] | None" = None,
    model: str = "bliss",
) -> list[Axes]:
    """Draw the share alive at each pair of doses, and below it the killing beyond what one model expects.

    The first drug runs to the right, the second upwards; where a drug is absent stands apart. Numbers are percent of
    the cells with neither drug.

    Parameters
    ----------
    found
        See ``fxyd3.rescue.combine``.
    label
        What the data are; drawn on the figure.
    cells
        Which cells; drawn in the title.
    clinical
        Ranges of the second drug in plasma (nM), by name; drawn as bars beside its doses.
    model
        One of ``found.models``.

    Returns
    -------
    list of Axes
        Cells alive; killing beyond the model.

    Raises
    ------
    InputError
        When the model was not fitted.

    When not to use
    ---------------
    To read an interval off single pairs: the colours are means over experiments. See ``models``.

    Examples
    --------
    Simulated plates of one kind of cells, with the range of a drug in plasma:

    >>> from fxyd3.data.simulate import two_drugs
    >>> from fxyd3.plots import surface
    >>> from fxyd3.rescue import DIGOXIN, combine
    >>> found = combine(two_drugs().table.query("cells == 'FXYD3-high'"), models=["bliss"], resamples=20)
    >>> above, below = surface(found, cells="FXYD3-high", clinical={"digoxin": DIGOXIN.clinical_nM},
    ...                        label="Simulated data (twin)")
    >>> above.get_title(loc="left"), below.get_xlabel(), below.get_ylabel()
    ('FXYD3-high: alive (percent)', 'chemotherapy (nM)', 'glycoside (nM)')
    """
    if model not in found.models:
        raise InputError(f"There is no model '{model}' in this combination: there are {', '.join(found.models)}.")
    style()
    rows = len(found.second)
    figure, (above, below) = plt.subplots(
        2, 1, figsize=(6.4, 0.68 * rows + 1.2), sharex=True, height_ratios=(rows + GAP, rows - 1)
    )
    figure.supxlabel(label, x=0.99, ha="right", fontsize=8, color=GREY)
    alive, excess = 100 * found.response.T, 100 * found.models[model].excess.T
    excess = np.where(np.outer(found.second > 0, found.first > 0), excess, np.nan)
    far = max(LEAST, float(np.nanmax(np.abs(excess), initial=0)))
    _heat(above, found, alive, "cividis", (0, max(100.0, float(alive.max()))), "{:.0f}")
    _heat(below, found, excess, "PuOr_r", (-far, far), "{:+.0f}")
    above.set_title(f"{cells + ': ' if cells else ''}alive (percent)")
    below.set_title(f"killed beyond {NAMES[model]} (percent of cells; above zero: synergy)")
    for axes in (above, below):
        axes.set_ylabel(_told(found.second_name))
        clinical_rows(axes, clinical or {}, doses=found.second[1:], places=np.array(_places(len(found.second)))[1:])
    below.set_xlabel(_told(found.first_name))
    return [above, below]


def models(found: "Mapping[str, Combination]", *, label: str) -> Axes:
    """Draw the mean killing beyond what each model expects, with its interval and what the model calls it.

    Parameters
    ----------
    found
        By name of the cells; see ``fxyd3.rescue.combine``. All with the same models. A point without an interval is
        open.
    label
        What the data are; drawn on the figure.

    Examples
    --------
    Simulated plates of one kind of cells, by two models:

    >>> from fxyd3.data.simulate import two_drugs
    >>> from fxyd3.plots import models
    >>> from fxyd3.rescue import combine
    >>> found = combine(two_drugs().table.query("cells == 'FXYD3-high'"), models=["bliss", "hsa"], resamples=20)
    >>> axes = models({"FXYD3-high": found}, label="Simulated data (twin)")
    >>> [tick.get_text().split(":")[0] for tick in axes.get_yticklabels()], [text.get_text() for text in axes.texts]
    (['Bliss', 'HSA'], ['synergy', 'synergy'])
    """
    from fxyd3.rescue._combine import EXPECTS

    names = list(dict.fromkeys(name for each in found.values() for name in each.models))
    (axes,) = canvas(label, width=6.4, height=1.2 + len(names) * max(0.62, 0.3 * len(found)))
    beside = spread(len(found), 0.12 * min(len(found), 3))
    ends = [0.0]
    calls = []
    for i, ((who, each), aside) in enumerate(zip(found.items(), beside, strict=True)):
        for name, one in each.models.items():
            at, colour = names.index(name) + aside, PALETTE[i % len(PALETTE)]
            limits = [100 * x for x in one.interval] if one.interval else [100 * one.estimate]
            axes.plot(limits[1:], [at] * len(limits[1:]), color=colour, lw=1.8)
            axes.plot(limits[0], at, MARKERS[i], color=colour, ms=7, mfc=colour if one.interval else "white",
                      label=who if name == names[0] else None)  # fmt: skip
            ends += limits
            calls.append((at, one.call))
    low, high = np.nanmin(ends), np.nanmax(ends)
    reach = max(high - low, 1.0)
    for at, call in calls:
        axes.text(high + 0.09 * reach, at, call, va="center", fontsize=9, color=INK)
    axes.axvline(0, color=GREY, lw=1, ls="--", zorder=0)
    asked = [f"{NAMES[name]}: " + fill(EXPECTS[name], 40) for name in names]
    axes.set_yticks(range(len(names)), asked, fontsize=8)
    axes.tick_params(axis="y", length=0)
    axes.set(xlim=(low - 0.08 * reach, high + 0.5 * reach), ylim=(len(names) - 0.5, -0.5),
             xlabel="killed beyond expectation (percent of cells)")  # fmt: skip
    if len(found) > 1:
        axes.legend(loc="lower left", bbox_to_anchor=(0, 1), ncols=2, fontsize=9, borderaxespad=0.2)
    return axes


def _heat(axes: Axes, found: "Combination", values: NDArray[np.float64], colours: str, ends: tuple[float, float],
          form: str) -> None:  # fmt: skip
    """Draw a map with its numbers; white where there is none."""
    x, y = _places(len(found.first)), _places(len(found.second))
    scale = Normalize(*ends)
    paint = plt.get_cmap(colours)
    for (j, i), value in np.ndenumerate(values):
        if np.isfinite(value):
            colour = paint(scale(value))
            axes.add_patch(Rectangle((x[i] - 0.5, y[j] - 0.5), 1, 1, facecolor=colour, edgecolor="white", lw=0.8))
            light = np.dot(colour[:3], (0.299, 0.587, 0.114)) > 0.5
            text = form.format(value).replace("-", "\N{MINUS SIGN}")
            text = "0" if text.lstrip("+\N{MINUS SIGN}") == "0" else text
            axes.text(x[i], y[j], text, ha="center", va="center", fontsize=9, color=INK if light else "white")
    axes.set_xticks(x, [_dose(dose) for dose in found.first], fontsize=9)
    rows = [j for j in range(len(y)) if np.isfinite(values[j]).any()]
    axes.set_yticks([y[j] for j in rows], [_dose(found.second[j]) for j in rows], fontsize=9)
    axes.tick_params(length=0)
    axes.spines[:].set_visible(False)
    axes.set(xlim=(-0.5, x[-1] + 0.5), ylim=(y[min(rows, default=0)] - 0.5, y[-1] + 0.5))


def _places(n: int) -> list[float]:
    """Return where doses stand: zero apart from the others."""
    return [i + GAP * (i > 0) for i in range(n)]


def _unit(column: str) -> str:
    unit = column.rpartition("_")[2]
    return unit if unit in ("nM", "uM") else ""


def _told(column: str) -> str:
    unit = _unit(column)
    return f"{column.removesuffix(f'_{unit}')} ({unit})" if unit else column


def _dose(value: float) -> str:
    return f"{float(f'{value:.3g}'):,.10g}"

"""Figures of the pump-leak model: results of a model, never measurements."""

from collections.abc import Mapping

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.patches import Circle, FancyArrowPatch, FancyBboxPatch
from matplotlib.patheffects import withStroke

from fxyd3.plots._house import GREY, PALETTE, canvas, style

MODEL = "Model, not a measurement"
INK = "#222222"
STROKES = ("-", "--", ":", "-.")
COLOURS = tuple(PALETTE[i] for i in (0, 5, 2, 7))
PANELS = (
    ("sodium_mM", "sodium (thick), potassium (thin), mM"),
    ("voltage_mV", "voltage (mV)"),
    ("volume", "volume (times that at rest)"),
    ("pump", "pump current (times that at rest)"),
)
PARAMETERS = {
    "sodium_out": "sodium outside", "potassium_out": "potassium outside", "g_na": "sodium leak",
    "g_k": "potassium leak", "g_cl": "chloride leak", "pump_max": "number of pumps", "na_half": "affinity for sodium",
    "k_half": "affinity for potassium", "impermeant_charge": "charge that cannot leave",
}  # fmt: skip


def pump_run(runs: Mapping[str, pd.DataFrame], *, label: str = MODEL) -> list[Axes]:
    """Draw cells over time, one line for each dose or form: sodium and potassium, voltage, volume, pump current.

    Parameters
    ----------
    runs
        Name to the ``table`` of a ``fxyd3.rescue.PumpRun``; four at most. Potassium is the thin line.
    label
        What the data are; drawn on the figure.

    Returns
    -------
    list of Axes
        Ions; voltage; volume; pump current.

    Examples
    --------
    A day without a drug, and a day with all pumps stopped, by the model:

    >>> from fxyd3.plots import pump_run
    >>> from fxyd3.rescue import PumpLeak
    >>> cell = PumpLeak()
    >>> panels = pump_run({"no drug": cell.run(24).table, "all pumps stopped": cell.run(24, block=1.0).table})
    >>> [axes.get_title(loc="left") for axes in panels][1:3]
    ['voltage (mV)', 'volume (times that at rest)']
    """
    style()
    figure, grid = plt.subplots(2, 2, figsize=(6.4, 5.8), sharex=True)
    figure.supxlabel(label, x=0.99, ha="right", fontsize=8, color=GREY)
    panels = list(grid.flat)
    for (name, table), colour, stroke in zip(runs.items(), COLOURS, STROKES, strict=False):
        for axes, (column, _) in zip(panels, PANELS, strict=True):
            axes.plot(table["hours"], table[column], stroke, color=colour, lw=2, label=name)
        panels[0].plot(table["hours"], table["potassium_mM"], stroke, color=colour, lw=1)
    for axes, (_, title) in zip(panels, PANELS, strict=True):
        axes.set_title(title, fontsize=9.5)
        axes.margins(y=0.08)
    panels[2].axhline(1.2, color=GREY, lw=1, ls=(0, (1, 3)), zorder=0)
    panels[2].annotate("swollen: 1.2", (1, 1.2), xycoords=("axes fraction", "data"), xytext=(0, 2), ha="right",
                       textcoords="offset points", fontsize=8, color=GREY)  # fmt: skip
    panels[2].set_ylim(0.95, max(1.3, panels[2].get_ylim()[1]))
    panels[3].set_ylim(-0.04, max(1.1, panels[3].get_ylim()[1]))
    for axes in panels[2:]:
        axes.set_xlabel("hours")
    handles, names = panels[1].get_legend_handles_labels()
    figure.legend(handles, names, loc="outside upper center", ncols=2, fontsize=9, handlelength=3)
    return panels


def pump_sensitivity(table: pd.DataFrame, *, label: str = MODEL) -> list[Axes]:
    """Draw how much of the spread of each output each parameter decides, alone and with its interactions.

    Parameters
    ----------
    table
        See ``fxyd3.rescue.sensitivity``, by "sobol": output, parameter, first, total with their intervals. The
        parameters stand in the order of their largest total.
    label
        What the data are; drawn on the figure.

    Returns
    -------
    list of Axes
        One for each output.

    Examples
    --------
    Few samples, so that it is fast; a figure to read needs 512 or more:

    >>> from fxyd3.plots import pump_sensitivity
    >>> from fxyd3.rescue import sensitivity
    >>> panels = pump_sensitivity(sensitivity(("sodium", "voltage"), samples=16))
    >>> [axes.get_title(loc="left") for axes in panels], len(panels[0].get_yticklabels())
    (['sodium', 'voltage'], 9)
    """
    outputs = list(dict.fromkeys(table["output"]))
    order = table.groupby("parameter")["total"].max().sort_values().index
    panels = canvas(label, columns=len(outputs), width=2.4 + 1.0 * len(outputs), height=1.5 + 0.34 * len(order))
    places = np.arange(len(order))
    for axes, output in zip(panels, outputs, strict=True):
        own = table[table["output"] == output].set_index("parameter").loc[order]
        for kind, up, marker, colour in (("total", 0.14, "o", COLOURS[0]), ("first", -0.14, "D", COLOURS[1])):
            at = own[kind]
            axes.errorbar(at, places + up, xerr=[at - own[f"{kind}_lower"], own[f"{kind}_upper"] - at], fmt=marker,
                          color=colour, mfc=colour if kind == "total" else "white", ms=4.5, lw=1.2,
                          label={"total": "with interactions", "first": "alone"}[kind])  # fmt: skip
        axes.axvline(0, color=GREY, lw=1, ls=":", zorder=0)
        axes.set(title=output, xlim=(-0.12, 1.12), xticks=[0, 0.5, 1], xticklabels=["0", "½", "1"])
        axes.set_yticks(places, [PARAMETERS.get(name, name) for name in order] if axes is panels[0] else [], fontsize=9)
        axes.tick_params(axis="y", length=0)
    panels[0].figure.legend(*panels[0].get_legend_handles_labels(), loc="outside upper right", ncols=2, fontsize=9,
                            title="share of the variance", title_fontsize=9)  # fmt: skip
    return panels


def pump_cell(*, label: str = MODEL) -> Axes:
    """Draw the cell of the model: pump with FXYD3 and a glycoside, leaks, water, and what cannot leave.

    Parameters
    ----------
    label
        What the figure is; drawn on it.

    Examples
    --------
    The drawing says what it is:

    >>> from fxyd3.plots import pump_cell
    >>> pump_cell().figure.get_supxlabel()
    'Model, not a measurement'
    """
    (axes,) = canvas(label, width=5.0, height=4.6)
    axes.set(xlim=(-0.8, 10.8), ylim=(0.2, 9.8), aspect="equal")
    axes.axis("off")
    axes.add_patch(FancyBboxPatch((1.6, 2.0), 6.8, 4.7, boxstyle="round,pad=0,rounding_size=1.2", fc="#f4f7fa",
                                  ec=INK, lw=4))  # fmt: skip
    _box(axes, (2.9, 5.75), (2.6, 1.5), COLOURS[0], "pump")
    _box(axes, (5.65, 5.9), (1.6, 1.2), COLOURS[2], "FXYD3")
    axes.plot([4.2, 4.2], [7.3, 7.7], color=COLOURS[1], lw=4, solid_capstyle="butt")
    axes.add_patch(Circle((4.2, 7.95), 0.36, fc=COLOURS[1], ec="white", lw=1.5, zorder=5))
    axes.annotate("glycoside: binds from outside, stops the pump", (5.0, 9.3), ha="center", va="center", fontsize=10)
    axes.plot([4.2, 4.2], [8.4, 9.0], color=GREY, lw=0.8)
    _arrow(axes, (3.25, 5.2), (3.25, 8.1), INK)
    _arrow(axes, (5.15, 8.1), (5.15, 5.2), INK)
    for text, place in (("3 Na⁺", (3.25, 8.4)), ("2 K⁺", (5.2, 8.4)), ("anions that\ncannot leave", (5.0, 4.1))):
        axes.annotate(text, place, ha="center", va="center", fontsize=10)
    for start, end, text, side in (
        ((0.4, 4.7), (2.7, 4.7), "Na⁺", "right"),
        ((7.3, 4.7), (9.6, 4.7), "K⁺", "left"),
        ((0.4, 3.3), (2.7, 3.3), "Cl⁻", "right"),
        ((9.6, 3.3), (7.3, 3.3), "water", "left"),
    ):
        _arrow(axes, start, end, GREY, both=text in ("Cl⁻", "water"))
        beside = (0.2, start[1]) if side == "right" else (9.75, start[1])
        axes.annotate(text, beside, ha=side, va="center", fontsize=10, annotation_clip=False)
    axes.annotate("leaks", (0.6, 4.0), ha="center", va="center", fontsize=9, color=GREY)
    axes.annotate("little Na⁺, much K⁺", (5.0, 2.65), ha="center", va="center", fontsize=10)
    axes.annotate("voltage: net charge inside over the capacitance of\nthe membrane; volume: water follows the ions",
                  (5.0, 1.0), ha="center", va="center", fontsize=9.5)  # fmt: skip
    return axes


def _box(axes: Axes, corner: tuple[float, float], size: tuple[float, float], colour: str, text: str) -> None:
    shape = "round,pad=0,rounding_size=0.3"
    axes.add_patch(FancyBboxPatch(corner, *size, boxstyle=shape, fc=colour, ec="white", lw=2, zorder=4))
    middle = corner[0] + size[0] / 2, corner[1] + size[1] / 2
    axes.annotate(text, middle, ha="center", va="center", color="white", fontsize=10, weight="bold", zorder=6)


def _arrow(
    axes: Axes, start: tuple[float, float], end: tuple[float, float], colour: str, *, both: bool = False
) -> None:
    head = "<|-|>" if both else "-|>"
    arrow = FancyArrowPatch(start, end, arrowstyle=head, mutation_scale=13, color=colour, lw=1.8, zorder=5)
    arrow.set_path_effects([withStroke(linewidth=4, foreground="white")])
    axes.add_patch(arrow)

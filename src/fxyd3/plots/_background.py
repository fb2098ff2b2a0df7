"""Figures of the background chapter that explain: ideas, arithmetic and published numbers, never data of a run."""

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.patches import Circle
from numpy.typing import NDArray

from fxyd3.plots._house import GREY, PALETTE, canvas, style

INK = "#222222"
STEM, OTHER = PALETTE[0], "#c9c9c9"
IDEA, ARITHMETIC = "An idea, drawn; no data", "Arithmetic, no data"


def stem_cell_idea(*, label: str = IDEA) -> list[Axes]:
    """Draw the hypothesis of cancer stem cells: what a treatment leaves decides whether the tumour comes back.

    Parameters
    ----------
    label
        What the figure is; drawn on it.

    Returns
    -------
    list of Axes
        Before, after and later: first where stem cells survive, then where they do not.

    Examples
    --------
    >>> from fxyd3.plots import stem_cell_idea
    >>> len(stem_cell_idea())
    6
    """
    style()
    figure, grid = plt.subplots(2, 3, figsize=(6.4, 4.8))
    figure.supxlabel(label, x=0.99, ha="right", fontsize=8, color=GREY)
    places = _disc(60)
    stem = np.isin(np.arange(60), (7, 25, 46))
    left = {
        "stem cells survive": stem | np.isin(np.arange(60), (9, 51)),
        "they do not": np.isin(np.arange(60), (9, 51)),
    }
    for axes, title in zip(grid[0], ("before treatment", "after treatment", "later"), strict=True):
        axes.set_title(title, loc="center", fontsize=11)
    for row, (told, alive) in zip(grid, left.items(), strict=True):
        later = np.ones(60, dtype=bool) if (alive & stem).any() else np.zeros(60, dtype=bool)
        for axes, cells in zip(row, (np.ones(60, dtype=bool), alive, later), strict=True):
            for place, is_stem, lives in zip(places, stem, cells, strict=True):
                face = (STEM if is_stem else OTHER) if lives else "none"
                axes.add_patch(Circle(place, 0.1, fc=face, ec=INK if lives else "#dddddd", lw=1.4 if is_stem else 0.6))
            axes.set(xlim=(-1.15, 1.15), ylim=(-1.15, 1.15), aspect="equal", xticks=[], yticks=[])
            axes.set_frame_on(False)
        row[0].set_ylabel(f"if {told}", fontsize=11)
    return list(grid.flat)


def persister_idea(*, label: str = ARITHMETIC) -> Axes:
    """Draw two ways to outlive a drug: persisters, which die again when it is given again, and resistant cells.

    Arithmetic with rates chosen for the eye, no data. Per day under the drug: sensitive cells -1.2, persisters -0.05,
    resistant cells 0.15. Without it cells grow at 0.35; persisters do not, become sensitive again at 0.4, and arise
    anew at 0.0025, so that one in 300 cells is a persister. In the other population one cell in 10,000 is resistant.

    Parameters
    ----------
    label
        What the figure is; drawn on it.

    Returns
    -------
    Axes

    Examples
    --------
    >>> from fxyd3.plots import persister_idea
    >>> [line.get_label() for line in persister_idea().lines]
    ['with persisters', 'with resistant cells']
    """
    (axes,) = canvas(label, height=3.9)
    step, days = 0.02, np.arange(0, 40, 0.02)
    drug = (days < 10) | ((days >= 26) & (days < 36))
    tolerant, resistant = np.array([299 / 300, 1 / 300]), np.array([0.9999, 0.0001])
    seen: dict[str, list[float]] = {"with persisters": [], "with resistant cells": []}
    for treated in drug:
        seen["with persisters"].append(tolerant.sum())
        seen["with resistant cells"].append(resistant.sum())
        rates = [[-1.2, 0.0], [0.0, -0.05]] if treated else [[0.35 - 0.0025, 0.4], [0.0025, -0.4]]
        tolerant = tolerant + step * np.array(rates) @ tolerant
        resistant = resistant * (1 + step * np.array([-1.2, 0.15] if treated else [0.35, 0.35]))
    for (name, living), colour, stroke in zip(seen.items(), (PALETTE[0], PALETTE[5]), ("-", "--"), strict=True):
        axes.plot(days, living, stroke, color=colour, lw=2, label=name)
    for start in (0, 26):
        axes.axvspan(start, start + 10, color="#e9e9e9", lw=0, zorder=0)
        axes.annotate("drug", (start + 5, 1), xycoords=("data", "axes fraction"), xytext=(0, 3), ha="center",
                      textcoords="offset points", fontsize=9, color=INK)  # fmt: skip
    axes.set(yscale="log", xlabel="days", ylabel="living cells, share of the start", xlim=(0, days[-1]))
    axes.legend(loc="upper center", bbox_to_anchor=(0.45, 1))
    return axes


def outcomes(table: pd.DataFrame, *, label: str) -> Axes:
    """Draw the share of patients without an event in published groups, complete response against residual disease.

    Parameters
    ----------
    table
        Rows of ``fxyd3.background.clinical_numbers`` whose value is a percentage.
    label
        What the numbers are; drawn on the figure.

    Returns
    -------
    Axes

    Examples
    --------
    >>> from fxyd3.background import clinical_numbers
    >>> from fxyd3.plots import outcomes
    >>> found = clinical_numbers()
    >>> axes = outcomes(found[found["quantity"] == "event-free at 7 years"], label="Published numbers")
    >>> axes.get_xlabel()
    'patients without an event (percent)'
    """
    style()
    rows = table.reset_index(drop=True)
    figure, axes = plt.subplots(figsize=(7.2, 1.2 + 0.42 * len(rows)))
    figure.supxlabel(label, x=0.99, ha="right", fontsize=8, color=GREY)
    places, shares = range(len(rows))[::-1], rows["value"].astype(float)
    for place, share, group in zip(places, shares, rows["group"], strict=True):
        marker, face = "o", INK
        if "residual disease" in group:
            marker, face = "s", "white"
        axes.hlines(place, 0, share, color=OTHER, lw=1.5)
        axes.plot(share, place, marker, color=INK, ms=7, mfc=face)
        axes.annotate(f"{share:g}%", (share, place), xytext=(8, 0), textcoords="offset points", va="center", fontsize=9)
    names = [f"{row.about}, {row.quantity}\n{row.group}" for row in rows.itertuples()]
    axes.set_yticks(places, names, fontsize=8.5)
    axes.tick_params(axis="y", length=0)
    axes.set(xlim=(0, 104), ylim=(-0.6, len(rows) - 0.4), xlabel="patients without an event (percent)")
    return axes


def _disc(n: int) -> NDArray[np.float64]:
    """Places that fill a disc evenly (Vogel's spiral)."""
    i = np.arange(n)
    angle, radius = i * np.pi * (3 - np.sqrt(5)), np.sqrt((i + 0.5) / n)
    return np.column_stack([radius * np.cos(angle), radius * np.sin(angle)])

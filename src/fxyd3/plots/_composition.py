"""The figures of composition before and after treatment, and of the survival of the ancestral states."""

from textwrap import fill
from typing import TYPE_CHECKING

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.ticker import FuncFormatter, MaxNLocator

from fxyd3.plots._cells import per_patient
from fxyd3.plots._house import GREY, MARKERS, PALETTE, canvas, style

if TYPE_CHECKING:
    from fxyd3.tolerance._composition import CompositionChange
    from fxyd3.tolerance._survival import AncestralSurvival

PER_ROW = 3
MOST_NAMED = 12  # patients in a legend
SURVIVAL, CONTROL = "ancestral cells,\nafter treatment", "before treatment,\ndealt at random"


def composition(found: "CompositionChange", *, label: str, before: str = "before", after: str = "after") -> list[Axes]:
    """Draw the share of each state before and after treatment: a line for each patient, and their mean.

    Beyond a dozen patients their lines are grey and without names.

    Parameters
    ----------
    found
        See ``fxyd3.tolerance.composition_change``.
    label
        What the data are; drawn on the figure.
    before, after
        What stands under the two ends of the lines.

    Returns
    -------
    list of Axes
        One for each state.

    Examples
    --------
    A small twin of four patients, with the states that were planted:

    >>> from fxyd3.data.simulate import twin
    >>> from fxyd3.plots import composition
    >>> from fxyd3.tolerance import composition_change, state_counts
    >>> cells = twin(400, patients=4, sorted_cells=0)
    >>> found = composition_change(state_counts(cells[cells.obs["truth_type"] == "tumour"], state="truth_state"))
    >>> panels = composition(found, label="Simulated data (twin)")
    >>> panels[0].get_title(loc="left"), len(panels)
    ('ancestral-quiescent', 5)
    """
    style()
    states, patients = list(found.table["state"]), sorted(set(found.per_patient["patient"]))
    named = len(patients) <= MOST_NAMED
    rows = max(-(-len(states) // PER_ROW), 1)
    figure, grid = plt.subplots(rows, PER_ROW, figsize=(6.8, 0.7 + 2.3 * rows), squeeze=False)
    figure.set_layout_engine("constrained", h_pad=0.08)
    figure.supxlabel(label, x=0.99, ha="right", fontsize=8, color=GREY)
    for axes, state in zip(grid.flat, states, strict=False):
        own = found.per_patient[found.per_patient["state"] == state].set_index("patient")
        shares = 100 * own[["before_share", "after_share"]]
        for i, name in enumerate(patients):
            axes.plot([0, 1], shares.loc[name], color=PALETTE[i % len(PALETTE)] if named else GREY,
                      marker=MARKERS[i % len(MARKERS)] if named else ".", markersize=5, linewidth=1 if named else 0.7,
                      clip_on=False, label=name if named or not i else "_")  # fmt: skip
        if len(patients) > 1:
            axes.plot([0, 1], shares.mean(), color="black", linewidth=3, zorder=1 if named else 3, label="mean")
        axes.set_xticks([0, 1], [before, after])
        axes.set(xlim=(-0.25, 1.25), ylim=(0, 1.08 * max(shares.to_numpy().max(), 1.0)))
        axes.set_title(fill(state, 22), fontsize=10)
    for axes in grid[:, 0]:
        axes.set_ylabel("tumour cells (percent)")
    for axes in list(grid.flat)[len(states) :]:
        axes.set_axis_off()
    handles, names = grid.flat[0].get_legend_handles_labels()
    if not states:
        grid.flat[0].text(0, 0.9, "no patient with cells\nbefore and after", transform=grid.flat[0].transAxes)
    elif not named:
        figure.legend(handles, [f"{len(patients)} patients", "mean"], loc="outside upper center", ncols=2, fontsize=9)
    elif len(states) % PER_ROW and len(patients) <= MOST_NAMED / 2:
        grid.flat[len(states)].legend(handles, names, title="patient", loc="center", fontsize=9, title_fontsize=9)
    else:
        figure.legend(handles, names, loc="outside upper center", ncols=7, fontsize=9)
    return list(grid.flat)[: len(states)]


def composition_forest(found: "CompositionChange", *, label: str) -> Axes:
    """Draw the change of each state, from the highest down: log ratios paired over patients, and the count model.

    Points are filled where the interval excludes 0. Holm's p of both stand beside them, notes on states without cells
    below.

    Parameters
    ----------
    found
        See ``fxyd3.tolerance.composition_change``.
    label
        What the data are; drawn on the figure.

    Examples
    --------
    Made-up numbers of cells: of state A, there are three times as many after treatment:

    >>> import pandas as pd
    >>> from fxyd3.plots import composition_forest
    >>> from fxyd3.tolerance import composition_change
    >>> rows = [(patient, when, state, (3 if (state, when) == ("A", "after") else 1) * (50 + 5 * i))
    ...         for i, patient in enumerate(("P1", "P2", "P3")) for when in ("before", "after") for state in "ABC"]
    >>> table = pd.DataFrame(rows, columns=["patient", "condition", "state", "cells"])
    >>> axes = composition_forest(composition_change(table), label="Made-up data")
    >>> axes.get_yticklabels()[0].get_text(), axes.get_xlabel()
    ('A', 'change against the mean of all states (log2; 3 patients)')
    """
    table = found.table.sort_values("change", ascending=False).reset_index(drop=True)
    marks = {note: "*" * (1 + i) for i, note in enumerate(filter(None, table["note"].unique()))}
    said = [fill(f"{mark} {note}", 80) for note, mark in marks.items()]
    lines = sum(1 + text.count("\n") for text in said)
    (axes,) = canvas(label, width=6.8, height=1.9 + 0.46 * len(table) + 0.16 * lines)
    for start, aside, colour, marker, told in (
        ("", -0.15, PALETTE[0], "o", "log ratios, paired over patients"),
        ("count_", 0.15, PALETTE[5], "s", "count model, patients as blocks"),
    ):
        place = np.arange(len(table)) + aside
        axes.hlines(place, table[f"{start}lower"], table[f"{start}upper"], color=colour, linewidth=2)
        clear = (table[f"{start}lower"] > 0) | (table[f"{start}upper"] < 0)
        axes.plot([], [], marker=marker, color=colour, linewidth=2, label=told)
        for at, value, full in zip(place, table[f"{start}change"], clear, strict=True):
            axes.plot(value, at, marker=marker, color=colour, markerfacecolor=colour if full else "white")
    for at, p, other in zip(table.index, table["p_holm"], table["count_p_holm"], strict=True):
        _beside(axes, at - 0.15, _p(p))
        _beside(axes, at + 0.15, _p(other))
    _beside(axes, -0.55, "Holm's p", va="bottom")
    axes.axvline(0, color=GREY, linewidth=1, linestyle=":", zorder=0)
    names = [fill(f"{state} {marks.get(note, '')}".strip(), 24) for state, note in table[["state", "note"]].to_numpy()]
    axes.set_yticks(range(len(table)), names)
    axes.tick_params(axis="y", length=0)
    axes.set(ylim=(max(len(table), 1) - 0.5, -0.5))
    people = f"{found.n} patient{'' if found.n == 1 else 's'}"
    axes.set_xlabel("\n".join([f"change against the mean of all states (log2; {people})", *said]), fontsize=9)
    axes.figure.legend(*axes.get_legend_handles_labels(), loc="outside upper center", ncols=2, fontsize=9)
    return axes


def survival(found: "AncestralSurvival", *, null: float, smallest: float, label: str) -> Axes:
    r"""Draw how ancestral cells survive relative to the others in each patient, and the control beside it, as folds.

    Parameters
    ----------
    found
        See ``fxyd3.tolerance.ancestral_survival``.
    null, smallest
        Log2 ratio without effect, and the smallest of interest; drawn as lines.
    label
        What the data are; drawn on the figure.

    Examples
    --------
    Made-up numbers of cells of three patients:

    >>> import pandas as pd
    >>> from fxyd3.plots import survival
    >>> from fxyd3.tolerance import ancestral_survival
    >>> table = pd.DataFrame({"patient": ["P1"] * 4 + ["P2"] * 4 + ["P3"] * 4,
    ...                       "condition": ["before", "before", "after", "after"] * 3,
    ...                       "state": ["ancestral", "other"] * 6,
    ...                       "cells": [20, 80, 50, 50, 25, 75, 45, 55, 30, 70, 60, 40]})
    >>> axes = survival(ancestral_survival(table), null=0, smallest=1, label="Made-up data")
    >>> [tick.get_text() for tick in axes.get_xticklabels()]
    ['ancestral cells,\nafter treatment', 'before treatment,\ndealt at random']
    """
    drawn = {SURVIVAL: (found.per_patient, found.interval), CONTROL: (found.dealt, found.control)}
    table = pd.DataFrame({name: own.set_index("patient")["log2_ratio"] for name, (own, _) in drawn.items()})
    axes = per_patient(
        table,
        values={name: name for name in drawn},
        intervals={name: interval for name, (_, interval) in drawn.items() if interval},
        ylabel="survival of ancestral cells\n(times other tumour cells)",
        null=null,
        smallest=smallest,
        label=label,
    )
    axes.yaxis.set_major_locator(MaxNLocator(integer=True))
    axes.yaxis.set_major_formatter(FuncFormatter(lambda value, _: f"{2.0**value:.3g}"))
    return axes


def size_of_tests(table: pd.DataFrame, *, label: str, level: float = 0.05) -> Axes:
    """Draw how often each test finds a change where there is none, beside the level it promises.

    Points are filled where the whole interval lies above the level: that test is not valid.

    Parameters
    ----------
    table
        One row per test: test, rejected, lower, upper (shares); see ``fxyd3.tolerance.null_rejections``.
    label
        What the data are; drawn on the figure.
    level
        Of the tests.

    Examples
    --------
    Made-up shares, in the form of ``fxyd3.tolerance.null_rejections``; the second test is not valid:

    >>> import pandas as pd
    >>> from fxyd3.plots import size_of_tests
    >>> table = pd.DataFrame({"test": ["patients", "cells"], "rejected": [0.05, 0.7], "lower": [0.03, 0.65],
    ...                       "upper": [0.08, 0.75]})
    >>> axes = size_of_tests(table, label="Made-up data")
    >>> [text.get_text() for text in axes.texts]
    ['5.0 %', '70.0 %', 'promised: 5 %']
    """
    (axes,) = canvas(label, width=6.4, height=1.2 + 0.5 * len(table))
    percent = 100 * table[["rejected", "lower", "upper"]].to_numpy(dtype=float)
    for at, (rejected, lower, upper) in enumerate(percent):
        beyond = lower > 100 * level
        colour = PALETTE[5] if beyond else PALETTE[0]
        axes.plot([lower, upper], [at, at], color=colour, linewidth=2)
        axes.plot(rejected, at, "s" if beyond else "o", color=colour, markerfacecolor=colour if beyond else "white")
        _beside(axes, at, f"{rejected:.1f} %")
    axes.axvline(100 * level, color=GREY, linewidth=1, linestyle="--", zorder=0)
    axes.annotate(f"promised: {100 * level:g} %", (100 * level, 1), xycoords=("data", "axes fraction"), xytext=(3, 1),
                  textcoords="offset points", fontsize=8, color=GREY)  # fmt: skip
    axes.set_yticks(range(len(table)), [str(name).replace(", ", ",\n") for name in table["test"]], fontsize=9)
    axes.tick_params(axis="y", length=0)
    axes.set(xlim=(0, 100), ylim=(len(table) - 0.5, -0.5))
    axes.set_xlabel("cohorts without any change in which the test finds one\n(percent, 95 % interval)", fontsize=9)
    return axes


def _beside(axes: Axes, at: float, text: str, *, va: str = "center") -> None:
    axes.annotate(text, (1.02, at), xycoords=("axes fraction", "data"), va=va, fontsize=8, color=GREY,
                  annotation_clip=False)  # fmt: skip


def _p(value: float) -> str:
    if not np.isfinite(value):
        return "–"
    return f"{value:.2g}" if value >= 0.001 else "< 0.001"

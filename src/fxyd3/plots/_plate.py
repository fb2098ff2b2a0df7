"""Figures of plates: a map of one, what the rim does, and how far plates may be trusted."""

from typing import TYPE_CHECKING, Literal

import numpy as np
from matplotlib.axes import Axes
from matplotlib.lines import Line2D
from matplotlib.ticker import FuncFormatter

from fxyd3.errors import InputError
from fxyd3.plots._house import GREY, MARKERS, PALETTE, canvas

if TYPE_CHECKING:
    import pandas as pd

    from fxyd3.rescue._quality import Normalised

ROLES = {"control": "o", "blank": "x", "positive": "P", "time_zero": "s"}
TOLD = {"control": "control", "blank": "blank", "positive": "dead cells", "time_zero": "at the start"}
FARTHEST = -1.0  # of Z' drawn


def plate_map(
    wells: "pd.DataFrame",
    *,
    label: str,
    value: Literal["reading", "viability"] = "reading",
    plate: str = "",
    width: float = 6.4,
) -> Axes:
    """Draw one plate as it lies on the bench: a square for each well, its colour by value, its role by a sign.

    Parameters
    ----------
    wells
        As in ``fxyd3.rescue.normalise``, before it or (for "viability") after it. Wells that are not in it are white;
        wells without a value are hatched.
    label
        What the data are; drawn on the figure.
    value
        What is drawn: "reading" (or luminescence, as the twin's), or "viability", in percent of control.
    plate
        Which plate, where there are several; empty: the first.
    width
        Of the figure, in inches.

    Raises
    ------
    InputError
        When there is no such plate or value.

    Examples
    --------
    A simulated plate:

    >>> from fxyd3.data.simulate import viability_plates
    >>> from fxyd3.plots import plate_map
    >>> axes = plate_map(viability_plates().table, plate="glycoside-2", label="Simulated data (twin)")
    >>> "".join(tick.get_text() for tick in axes.get_yticklabels())
    'ABCDEFGH'
    >>> [text.get_text() for text in axes.get_legend().get_texts()]
    ['control', 'blank']
    """
    from fxyd3.rescue._layout import plate_shape, row_letters, row_number

    names = list(dict.fromkeys(wells["plate"]))
    name = plate or names[0]
    column = "luminescence" if value == "reading" and value not in wells else value
    if name not in names or column not in wells:
        raise InputError(f"There is no plate '{name}' with a column '{column}' to draw: normalise the wells first.")
    own = wells[(wells["plate"] == name) & (wells["role"] != "empty")]
    at = np.column_stack([own["row"].map(row_number), own["column"] - 1]).astype(int)
    every_well = wells[wells["plate"] == name]
    shape = plate_shape(int(every_well["row"].map(row_number).max()) + 1, int(every_well["column"].max()))
    values = np.full(shape, np.nan)
    values[at[:, 0], at[:, 1]] = own[column].to_numpy(dtype=float) * (100 if value == "viability" else 1)

    (axes,) = canvas(label, width=width, height=width * shape[0] / shape[1] * 0.8 + 1.25)
    edges = [np.arange(n + 1) - 0.5 for n in (shape[1], shape[0])]
    drawn = axes.pcolormesh(*edges, np.ma.masked_invalid(values), cmap="cividis", edgecolor="white", linewidth=0.5)
    axes.set(aspect="equal", xlim=edges[0][[0, -1]], ylim=edges[1][[-1, 0]], title=str(name))
    for row, place in at[np.isnan(values[at[:, 0], at[:, 1]]) & (own["role"] != "blank").to_numpy()]:
        axes.fill(place + np.array([-0.5, 0.5, 0.5, -0.5]), row + np.array([-0.5, -0.5, 0.5, 0.5]), fill=False,
                  hatch="////", edgecolor=GREY, linewidth=0)  # fmt: skip
    size = 72 * 0.62 * width / shape[1] * 0.42  # of a sign, in points: less than half a well
    handles = []
    for role, marker in ROLES.items():
        there = at[(own["role"] == role).to_numpy()]
        if len(there):
            for edge, thick in (("black", 2.6), ("white", 1.2)) if marker == "x" else (("black", 0.8),):
                axes.plot(there[:, 1], there[:, 0], marker, ms=size, mfc="white", mec=edge, mew=thick, clip_on=False)
            handles.append(Line2D([], [], marker=marker, ls="", mfc="white", mec="black", ms=7, label=TOLD[role]))
    axes.legend(handles=handles, loc="upper center", bbox_to_anchor=(0.5, -0.02), ncols=4, fontsize=9,
                handletextpad=0.2, columnspacing=1.2)  # fmt: skip
    font = float(np.clip(72 * 0.62 * width / shape[1] * 0.6, 7, 10))
    every = 1 if shape[1] * font * 1.5 < 72 * 0.7 * width else 2 if shape[1] <= 24 else 6
    axes.set_xticks(np.arange(0, shape[1], every), np.arange(1, shape[1] + 1, every), fontsize=font)
    down = np.arange(0, shape[0], every)
    axes.set_yticks(down, [row_letters(int(row)) for row in down], fontsize=font)
    axes.tick_params(length=0, top=False, labeltop=True, bottom=False, labelbottom=False)
    axes.spines[:].set_visible(False)
    bar = axes.figure.colorbar(drawn, ax=axes, shrink=0.85, pad=0.02, aspect=18)
    bar.set_label("viability (% of control)" if value == "viability" else "reading", fontsize=9)
    bar.ax.tick_params(labelsize=8)
    bar.ax.yaxis.set_major_formatter(FuncFormatter(lambda number, _: f"{number:,.10g}"))
    bar.outline.set_visible(False)
    return axes


def edge_effect(found: "Normalised", *, label: str, width: float = 6.0) -> Axes:
    """Draw the signal of control wells by their distance from the rim, over the controls inside of the same plate.

    Small signs are wells, by kind of cells; a bar is the mean of one plate at one distance.

    Parameters
    ----------
    found
        See ``fxyd3.rescue.normalise``. Plates whose controls lie all in the rim, or all inside, are left out.
    label
        What the data are; drawn on the figure.
    width
        Of the figure, in inches.

    Raises
    ------
    InputError
        When no plate has controls both in the rim and inside.

    Examples
    --------
    Simulated plates; controls lie in the rim and one well inside:

    >>> from fxyd3.data.simulate import viability_plates
    >>> from fxyd3.plots import edge_effect
    >>> from fxyd3.rescue import normalise
    >>> axes = edge_effect(normalise(viability_plates(plates=1).table), label="Simulated data (twin)")
    >>> [tick.get_text() for tick in axes.get_xticklabels()]
    ['rim', '1']
    """
    from fxyd3.rescue._layout import plate_shape, row_number

    wells = found.wells
    control = wells[wells["role"] == "control"].assign(down=wells["row"].map(row_number), across=wells["column"] - 1)
    inside = control[~control["rim"]].groupby(["plate", "cells"])["signal"].mean().rename("inside").reset_index()
    control = control.merge(inside, on=["plate", "cells"])
    control = control[control.groupby("plate")["rim"].transform("any")]
    if control.empty:
        raise InputError("No plate has controls both in the rim and inside: an edge effect cannot be drawn.")
    most = wells.assign(down=wells["row"].map(row_number)).groupby("plate")[["down", "column"]].max()
    shapes = {name: plate_shape(int(row) + 1, int(column)) for name, row, column in most.itertuples(name=None)}
    last = np.array([shapes[name] for name in control["plate"]]) - 1
    place = control[["down", "across"]].to_numpy()
    control["distance"] = np.minimum(place, last - place).min(axis=1)
    control["share"] = control["signal"] / control["inside"] - 1

    (axes,) = canvas(label, width=width, height=3.8)
    cells = list(dict.fromkeys(control["cells"]))
    plates = list(dict.fromkeys(control["plate"]))
    step = 0.7 / len(plates)
    for i, name in enumerate(plates):
        beside = (i - (len(plates) - 1) / 2) * step
        own = control[control["plate"] == name]
        for distance, group in own.groupby("distance"):
            ends = float(distance) + beside + np.array([-0.4, 0.4]) * step
            axes.plot(ends, [group["share"].mean()] * 2, color="black", lw=2, zorder=4)
        for k, who in enumerate(cells):
            group = own[own["cells"] == who]
            off = beside + (k - (len(cells) - 1) / 2) * step * 0.4
            axes.plot(group["distance"] + off, group["share"], MARKERS[k % len(MARKERS)], ms=4, mfc="none",
                      color=PALETTE[k % len(PALETTE)])  # fmt: skip
    axes.axhline(0, color=GREY, lw=1, ls=":", zorder=0)
    deep = int(control["distance"].max())
    axes.set_xticks(range(deep + 1), ["rim", *map(str, range(1, deep + 1))])
    axes.set(xlabel="wells from the rim", ylabel="signal of controls\n(against those inside)")
    axes.set_xlim(-0.5, deep + 0.5)
    axes.yaxis.set_major_formatter(FuncFormatter(lambda share, _: f"{100 * share:.3g}%".replace("-", "−")))
    handles = [Line2D([], [], marker=MARKERS[k % len(MARKERS)], ls="", mfc="none", color=PALETTE[k % len(PALETTE)],
                      label=str(who)) for k, who in enumerate(cells)]  # fmt: skip
    handles.append(Line2D([], [], color="black", lw=2, label="mean of a plate"))
    axes.legend(handles=handles, fontsize=9, loc="lower center", bbox_to_anchor=(0.5, 1.0),
                ncols=3 if width > 5 else 2, handletextpad=0.3, columnspacing=1.2)  # fmt: skip
    return axes


def plate_quality(table: "pd.DataFrame", *, label: str, width: float = 6.4) -> Axes:
    """Draw Z' of each plate and kind of cells with its interval, between the thresholds.

    Filled signs: means and standard deviations; open ones: medians. An arrow at the left edge: the interval goes on.

    Parameters
    ----------
    table
        See ``fxyd3.rescue.quality``. A plate without Z' has a row without a sign.
    label
        What the data are; drawn on the figure.
    width
        Of the figure, in inches.

    Examples
    --------
    Simulated plates, two kinds of cells on each:

    >>> from fxyd3.data.simulate import viability_plates
    >>> from fxyd3.plots import plate_quality
    >>> from fxyd3.rescue import normalise, quality
    >>> axes = plate_quality(quality(normalise(viability_plates(plates=1).table)), label="Simulated data (twin)")
    >>> [tick.get_text() for tick in axes.get_yticklabels()][:2], axes.texts[-1].get_text()
    (['chemotherapy-1, ancestral', 'chemotherapy-1, other'], 'excellent')
    """
    wide = width > 5
    (axes,) = canvas(label, width=width, height=1.6 + (0.27 if wide else 0.36) * len(table))
    cells = list(dict.fromkeys(table["cells"]))
    for at, (_, row) in enumerate(table.iterrows()):
        k = cells.index(row["cells"])
        colour, marker = PALETTE[k % len(PALETTE)], MARKERS[k % len(MARKERS)]
        low, high = np.clip([row["lower"], row["upper"]], FARTHEST, 1)
        axes.plot([low, high], [at, at], color=colour, lw=1.6)
        if row["lower"] < FARTHEST:
            axes.plot(FARTHEST, at, "<", color=colour, ms=6, clip_on=False)
        axes.plot(max(row["z_prime_robust"], FARTHEST), at, marker, mfc="white", mec=colour, ms=5)
        axes.plot(max(row["z_prime"], FARTHEST), at, marker, color=colour, ms=7)
    drawn = table[["lower", "z_prime", "z_prime_robust"]].clip(lower=FARTHEST).min().min()
    left = min(float(drawn) - 0.05 if np.isfinite(drawn) else 0.0, -0.3)
    for threshold in (0, 0.5):
        axes.axvline(threshold, color=GREY, ls="--", lw=1, zorder=0)
    for start, end, word in (
        (left, 0, "not usable" if wide else "not\nusable"),
        (0, 0.5, "marginal"),
        (0.5, 1, "excellent"),
    ):
        axes.text((start + end) / 2, 1.01, word, transform=axes.get_xaxis_transform(), ha="center", va="bottom",
                  fontsize=8.5, color=GREY)  # fmt: skip
    names = [
        f"{plate}{', ' if wide else chr(10)}{who}" for plate, who in zip(table["plate"], table["cells"], strict=True)
    ]
    axes.set_yticks(range(len(table)), names, fontsize=9 if wide else 8)
    axes.set(xlim=(left, 1.02), ylim=(len(table) - 0.5, -0.5), xlabel="Z' (filled: from means;\nopen: from medians)")
    axes.tick_params(axis="y", length=0)
    return axes

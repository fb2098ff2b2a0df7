"""The figures of what each group expresses."""

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.colors import LinearSegmentedColormap

from fxyd3.errors import InputError
from fxyd3.plots._house import GREY, PALETTE, canvas

LOW_TO_HIGH = LinearSegmentedColormap.from_list("low to high", [PALETTE[0], "white", PALETTE[5]])


def profile_map(table: pd.DataFrame, *, label: str) -> Axes:
    """Draw the difference of each group and gene set as a number on its colour.

    A star marks the differences whose interval over patients excludes 0; no patients, no number.

    Parameters
    ----------
    table
        ``group``, ``set``, ``difference``, ``lower``, ``upper``; see ``fxyd3.cells.profiles``. Rows and columns
        keep the order of the table.
    label
        What the data are; drawn on the figure.

    Examples
    --------
    Made-up differences, in the form of ``fxyd3.cells.profiles``:

    >>> import pandas as pd
    >>> from fxyd3.plots import profile_map
    >>> table = pd.DataFrame({"group": ["1", "2"], "set": "EMT", "difference": [1.26, -0.3], "lower": [0.9, -0.9],
    ...                       "upper": [1.6, 0.3], "patients": 6})
    >>> axes = profile_map(table, label="Made-up data")
    >>> [text.get_text() for text in axes.texts]
    ['+1.3★', '−0.3']
    """
    groups, sets = list(table["group"].unique()), list(table["set"].unique())
    values = table.pivot_table("difference", index="set", columns="group", sort=False, dropna=False)
    wide = values.reindex(index=sets, columns=groups).to_numpy(dtype=float)
    limit = float(np.nanmax(np.abs(wide))) if np.isfinite(wide).any() else 1.0
    (axes,) = canvas(label, width=2.3 + 0.62 * max(len(groups), 4), height=1.3 + 0.34 * len(sets))
    axes.imshow(wide, cmap=LOW_TO_HIGH, vmin=-limit, vmax=limit, aspect="auto")
    for _, row in table.iterrows():
        value = float(row["difference"])
        axes.text(
            groups.index(row["group"]),
            sets.index(row["set"]),
            f"{_signed(value)}{'★' if row['lower'] > 0 or row['upper'] < 0 else ''}" if np.isfinite(value) else "–",
            ha="center",
            va="center",
            color="white" if value < -0.85 * limit else "black",
        )
    axes.set_xticks(range(len(groups)), groups)
    axes.set_yticks(range(len(sets)), sets)
    axes.set_xticks(np.arange(len(groups) - 1) + 0.5, minor=True)
    axes.set_yticks(np.arange(len(sets) - 1) + 0.5, minor=True)
    axes.grid(which="minor", color="white", linewidth=2)
    axes.tick_params(which="both", length=0)
    axes.spines[:].set_visible(False)
    axes.set_xlabel("group")
    axes.figure.suptitle(  # over the names as well
        "Group less all cells of the patient (within-patient SD)\n★ 95 % interval over patients excludes 0",
        x=0.01, ha="left", fontsize=9,
    )  # fmt: skip
    return axes


def profile_forest(table: pd.DataFrame, *, of: str, label: str) -> Axes:
    """Draw the difference of each group for one gene set, with its interval over patients.

    Points are filled where the interval excludes 0; a group with fewer than three patients has a point only.

    Parameters
    ----------
    table
        As for ``profile_map``, with ``patients``.
    of
        The set to draw.
    label
        What the data are; drawn on the figure.

    Raises
    ------
    InputError
        If the table does not have the set.

    Examples
    --------
    Made-up differences, in the form of ``fxyd3.cells.profiles``:

    >>> import pandas as pd
    >>> from fxyd3.plots import profile_forest
    >>> table = pd.DataFrame({"group": ["1", "2"], "set": "EMT", "difference": [1.26, -0.3], "lower": [0.9, -0.9],
    ...                       "upper": [1.6, 0.3], "patients": [6, 5]})
    >>> axes = profile_forest(table, of="EMT", label="Made-up data")
    >>> [text.get_text() for text in axes.texts], axes.get_title(loc="left")
    (['6', '5', 'patients'], 'EMT')
    """
    rows = table[(table["set"] == of) & table["difference"].notna()]
    if rows.empty:
        raise InputError(f"there is no set {of!r} in the table: choose one of {', '.join(table['set'].unique())}.")
    (axes,) = canvas(label, width=5.2, height=1.5 + 0.36 * len(rows))
    for place, (_, row) in enumerate(rows.iterrows()):
        clear = row["lower"] > 0 or row["upper"] < 0
        if np.isfinite(row["lower"]):
            axes.plot([row["lower"], row["upper"]], [place, place], color=PALETTE[0], linewidth=2)
        axes.plot(row["difference"], place, "o", color=PALETTE[0], markerfacecolor=PALETTE[0] if clear else "white")
        axes.annotate(
            str(int(row["patients"])), (1.02, place), xycoords=("axes fraction", "data"), va="center", color=GREY
        )
    axes.annotate("patients", (1.02, 1.0), xycoords="axes fraction", va="bottom", color=GREY, fontsize=9)
    axes.axvline(0, color=GREY, linewidth=1, linestyle=":", zorder=0)
    axes.set_yticks(range(len(rows)), rows["group"])
    axes.set(ylim=(len(rows) - 0.5, -0.5), ylabel="group", title=of)
    axes.set_xlabel("group less all cells of the patient\n(within-patient SD, 95 % interval over patients)")
    return axes


def _signed(value: float) -> str:
    return f"{value:+.1f}".replace("-", "−") if abs(value) >= 0.05 else "0.0"

"""Figures of killing and growth over time."""

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd
from matplotlib.axes import Axes

from fxyd3.plots._house import GREY, MARKERS, PALETTE, canvas

if TYPE_CHECKING:
    from fxyd3.tolerance import KillCurves

LINES = {"exponential": ":", "biphasic": "-"}
SLOPES = {"exponential": "one slope", "biphasic": "two slopes"}


def kill_curve(found: "KillCurves", *, label: str, limit: float = 1.0, share: float = 0.99) -> Axes:
    """Draw viable cells over time, one slope and two fitted to the first experiment, and when a share is killed.

    Parameters
    ----------
    found
        See ``fxyd3.tolerance.kill_curves``; with one fitted experiment or more. The others are drawn pale.
    label
        What the data are; drawn on the figure.
    limit
        Detection limit, in cells. Counts below it are drawn on it, as open triangles.
    share
        Share killed whose duration by the better model is marked.

    Examples
    --------
    A simulated experiment:

    >>> from fxyd3.data.simulate import time_kill
    >>> from fxyd3.plots import kill_curve
    >>> from fxyd3.tolerance import kill_curves
    >>> arm = time_kill().table.query("drug == 'on' and experiment == 'E1'")
    >>> axes = kill_curve(kill_curves(arm), label="Simulated data (twin)")
    >>> [text.get_text() for text in axes.get_legend().get_texts()]
    ['E1, fitted', 'one slope', 'two slopes']
    """
    (axes,) = canvas(label, height=4.2)
    table = found.arm
    first, fits = next(iter(found.fits.items()))
    names = [first, *sorted(set(table["experiment"]) - {first})]
    for i, name in reversed(list(enumerate(names))):
        own = table[table["experiment"] == name]
        low = own["viable"] < limit
        colour, alpha = (PALETTE[0], 1.0) if i == 0 else (GREY, 0.45)
        axes.plot(own["hours"][~low], own["viable"][~low], MARKERS[i % len(MARKERS)], color=colour, alpha=alpha, ms=5,
                  label=f"{name}, fitted" if i == 0 else "other experiments" if i == 1 else None)  # fmt: skip
        axes.plot(own["hours"][low], np.full(low.sum(), limit), "v", color=colour, alpha=alpha, mfc="white", ms=5)
    time = np.linspace(0, table["hours"].max(), 200)
    for model, fit in fits.items():
        axes.plot(time, fit.predict(time), LINES[model], color=PALETTE[5], lw=1.8, label=SLOPES[model])
    better = min(fits.values(), key=lambda fit: fit.aicc)
    hours = better.mdk(share, resamples=2)["hours"]
    if hours <= time[-1]:
        left = float(better.predict([hours])[0])
        axes.plot([hours, hours], [limit, left], "--", color="0.4", lw=1)
        axes.annotate(f"{100 * share:g}% killed\nafter {hours:.0f} h", (hours, left), xytext=(6, 6),
                      textcoords="offset points", fontsize=9)  # fmt: skip
    axes.axhline(limit, color=GREY, lw=1, ls=":")
    axes.annotate("below: not detected", (time[-1], limit), xytext=(0, -4), textcoords="offset points", ha="right",
                  va="top", fontsize=8, color=GREY)  # fmt: skip
    axes.set(yscale="log", xlabel="hours with the drug", ylabel="viable cells counted")
    axes.set_ylim(bottom=limit / 2)
    told = dict(zip(*reversed(axes.get_legend_handles_labels()), strict=True))
    order = sorted(told, key=lambda name: (name in SLOPES.values(), name == "other experiments"))
    axes.legend([told[name] for name in order], order, loc="upper right")
    return axes


def kill_profile(profile: pd.DataFrame, early: pd.DataFrame | None = None, *, label: str, told: str = "") -> Axes:
    """Draw how much worse a curve fits with the tolerant share held at other values.

    Parameters
    ----------
    profile
        See ``fxyd3.tolerance.share_profile``.
    early
        The same of the curve without its late times, drawn dashed.
    label
        What the data are; drawn on the figure.
    told
        What the dashed line is.

    Examples
    --------
    A simulated experiment:

    >>> from fxyd3.data.simulate import time_kill
    >>> from fxyd3.plots import kill_profile
    >>> from fxyd3.tolerance import fit_kill, share_profile
    >>> own = time_kill().table.query("drug == 'on' and experiment == 'E1'")
    >>> axes = kill_profile(share_profile(fit_kill(own["hours"], own["viable"])), label="Simulated data (twin)")
    >>> axes.get_xscale(), axes.texts[0].get_text()
    ('logit', '95% interval: below this line')
    """
    (axes,) = canvas(label, height=3.6)
    axes.plot(profile["share"], profile["drop"], "-", color=PALETTE[0], lw=2, label="all times")
    if early is not None:
        axes.plot(early["share"], early["drop"], "--", color=PALETTE[5], lw=2, label=told)
        axes.legend(loc="upper left")
    threshold = profile["threshold"].iloc[0]
    axes.axhline(threshold, color=GREY, lw=1, ls=":")
    axes.annotate("95% interval: below this line", (0.01, threshold), xycoords=("axes fraction", "data"),
                  xytext=(0, 3), textcoords="offset points", fontsize=8, color=GREY)  # fmt: skip
    axes.set(xscale="logit", xlabel="share of tolerant cells at the start", ylim=(0, 3 * threshold), xlim=(1e-4, 0.9))
    axes.set_ylabel("loss of fit\n(twice the log-likelihood)")
    axes.set_xticks([0.0001, 0.001, 0.01, 0.1, 0.5], ["0.01%", "0.1%", "1%", "10%", "50%"])
    axes.minorticks_off()
    return axes


def tolerant_share(table: pd.DataFrame, *, label: str) -> Axes:
    """Draw the share of cells that have the marker of tolerance over time, one line for each arm.

    Parameters
    ----------
    table
        ``experiment``, ``cells``, ``drug``, ``hours``, ``counted`` and ``tolerant_counted``; rows where no cell was
        read are passed over. Points are experiments, lines their means.
    label
        What the data are; drawn on the figure.

    Examples
    --------
    Simulated experiments; a line for each arm:

    >>> from fxyd3.data.simulate import time_kill
    >>> from fxyd3.plots import tolerant_share
    >>> axes = tolerant_share(time_kill().table, label="Simulated data (twin)")
    >>> [text.get_text() for text in axes.figure.legends[0].get_texts()]
    ['tolerant-sorted, without the drug', 'unsorted, with the drug']
    """
    (axes,) = canvas(label, height=3.6)
    read = table[table["counted"] > 0]
    read = read.assign(share=100 * read["tolerant_counted"] / read["counted"])
    for i, ((cells, drug), own) in enumerate(read.groupby(["cells", "drug"], sort=True)):
        told = f"{cells}, {'with' if drug == 'on' else 'without'} the drug"
        mean = own.groupby("hours")["share"].mean()
        axes.plot(own["hours"], own["share"], MARKERS[i], color=PALETTE[i], ms=5, mfc="white")
        axes.plot(
            mean.index, mean, "-" if drug == "on" else "--", color=PALETTE[i], marker=MARKERS[i], ms=5, label=told
        )
    axes.set(xlabel="hours", ylabel="cells with the marker (percent)", ylim=(0, 100))
    axes.figure.legend(*axes.get_legend_handles_labels(), loc="outside upper center", ncols=2, fontsize=9)
    return axes


def confluence(table: pd.DataFrame, *, label: str, lines: Sequence[str] | None = None) -> list[Axes]:
    """Draw the area covered by cells over time, the mean of the wells of each dose, one panel for each line.

    Parameters
    ----------
    table
        ``cells``, ``dose`` (0: none), ``hours``, ``confluence`` (percent), one row per well and time.
    label
        What the data are; drawn on the figure.
    lines
        Which of ``cells``, in this order; all if not given.

    Returns
    -------
    list of Axes
        One for each line.

    Examples
    --------
    Made-up images of two wells, one of them with the drug:

    >>> import pandas as pd
    >>> from fxyd3.plots import confluence
    >>> table = pd.DataFrame({"cells": "line", "dose": [0.0] * 3 + [1.0] * 3, "hours": [0, 24, 48] * 2,
    ...                       "confluence": [10, 20, 40, 10, 12, 14]})
    >>> (axes,) = confluence(table, label="Made-up data")
    >>> axes.get_title(loc="left"), [text.get_text() for text in axes.texts]
    ('line', ['no drug', '1 µM'])
    """
    import matplotlib as mpl

    chosen = list(lines or dict.fromkeys(table["cells"]))
    panels = canvas(label, columns=len(chosen), width=3.4 + 2.6 * (len(chosen) - 1), height=3.9)
    doses = sorted(table["dose"].unique())
    shades = mpl.colormaps["viridis"](np.linspace(0.9, 0, len(doses)))
    for axes, name in zip(panels, chosen, strict=True):
        for i, (dose, shade) in enumerate(zip(doses, shades, strict=True)):
            mean = table[(table["cells"] == name) & (table["dose"] == dose)].groupby("hours")["confluence"].mean()
            told = "no drug" if dose == 0 else f"{dose:.2g} µM"
            axes.plot(mean.index, mean, color=shade, ls="--" if dose == 0 else "-", lw=1.6, label=told)
            if i in (0, len(doses) - 1) and len(mean):
                axes.annotate(told, (mean.index[-1], mean.iloc[-1]), xytext=(3, 0), textcoords="offset points",
                              va="center", fontsize=8, annotation_clip=False)  # fmt: skip
        axes.set(title=name, xlabel="hours", xlim=(0, 1.2 * table["hours"].max()))
    panels[0].set_ylabel("area covered (percent)")
    panels[0].figure.legend(*panels[0].get_legend_handles_labels(), loc="outside right upper", fontsize=8,
                            title="doxorubicin")  # fmt: skip
    return panels


def dip_rates(table: pd.DataFrame, *, label: str) -> Axes:
    """Draw the drug-induced proliferation rate against the dose, with its interval over wells.

    Parameters
    ----------
    table
        ``cells``, ``dose`` (0: none, drawn at the left edge), ``rate``, ``lower``, ``upper``; see ``growth_rates``.
    label
        What the data are; drawn on the figure.

    Examples
    --------
    Made-up rates, in the form of ``fxyd3.tolerance.growth_rates``:

    >>> import pandas as pd
    >>> from fxyd3.plots import dip_rates
    >>> table = pd.DataFrame({"cells": "line", "dose": [0.0, 0.1, 1.0], "rate": [1.0, 0.6, -0.2],
    ...                       "lower": [0.9, 0.5, -0.3], "upper": [1.1, 0.7, -0.1]})
    >>> axes = dip_rates(table, label="Made-up data")
    >>> [tick.get_text() for tick in axes.get_xticklabels()]
    ['none', '0.1', '1']
    """
    (axes,) = canvas(label, height=3.9)
    doses = sorted(table["dose"].unique())
    place = {dose: i for i, dose in enumerate(doses)}
    names = list(dict.fromkeys(table["cells"]))
    for i, name in enumerate(names):
        own = table[table["cells"] == name].sort_values("dose")
        at = own["dose"].map(place) + 0.12 * (i - (len(names) - 1) / 2)
        axes.errorbar(at, own["rate"], yerr=[own["rate"] - own["lower"], own["upper"] - own["rate"]],
                      fmt=f"{MARKERS[i]}-", color=PALETTE[i], lw=1.3, ms=5, label=name)  # fmt: skip
    axes.axhline(0, color=GREY, lw=1, ls=":")
    axes.annotate("below: area is lost", (0, 0), xycoords=("axes fraction", "data"), xytext=(3, -4),
                  textcoords="offset points", va="top", fontsize=8, color=GREY)  # fmt: skip
    told = ["none" if dose == 0 else f"{dose:.2g}" for dose in doses]
    axes.set_xticks(range(len(doses)), told, fontsize=8)
    axes.set(xlabel="doxorubicin (µM)", ylabel="growth under the drug\n(doublings of area per day)")
    axes.legend()
    return axes

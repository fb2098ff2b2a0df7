"""The figures of flow cytometry."""

from collections.abc import Mapping
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.colors import LogNorm
from numpy.typing import NDArray
from scipy import ndimage

from fxyd3.enrichment._scale import Scale
from fxyd3.errors import InputError
from fxyd3.plots._house import GREY, MARKERS, PALETTE, canvas

if TYPE_CHECKING:
    from fxyd3.enrichment._clean import Cleaned
    from fxyd3.enrichment._gate import Gate
    from fxyd3.enrichment._sort import FlowSort

Floats = NDArray[np.float64]
DECADES = (-1000, 0, 1000, 10_000, 100_000)
LINES = ("-", "--", "-.", ":")
MOST_DOTS = 3000
BY = {"isotype": "isotype control", "fmo": "FMO control", "mixture": "no control: mixture"}


def flow_cleaning(found: "Cleaned", *, label: str, viability: str = "viability") -> list[Axes]:
    """Draw what cleaning left out of one tube: disturbed time, debris and doublets, dead cells.

    Parameters
    ----------
    found
        See ``fxyd3.enrichment.clean``. A panel whose channels the file lacks stays empty.
    label
        What the data are; drawn on the figure.
    viability
        Marker or detector of the viability dye.

    Returns
    -------
    list of Axes
        Time; debris and doublets; dead cells.

    Examples
    --------
    A simulated tube of stained cells:

    >>> from pathlib import Path
    >>> from tempfile import TemporaryDirectory
    >>> from fxyd3.data.simulate import cell_sort
    >>> from fxyd3.enrichment import clean, read_fcs
    >>> from fxyd3.plots import flow_cleaning
    >>> with TemporaryDirectory() as folder:
    ...     _ = cell_sort(events=2000).write(Path(folder))
    ...     tube = read_fcs(sorted(Path(folder).rglob("*stained*.fcs"))[0])
    >>> panels = flow_cleaning(clean(tube), label="Simulated data (twin)")
    >>> [axes.get_xlabel() for axes in panels]
    ['time (s)', 'FSC-A (thousand)', 'viability']
    """
    panels = canvas(label, columns=3, width=7.8, height=3.6)
    every = np.arange(len(found.events))[:: max(1, len(found.events) // MOST_DOTS)]
    thousand = found.events.data / 1000
    columns = {str(name).casefold(): name for name in found.events.data}
    before = np.zeros(len(found.events), dtype=bool)  # removed by the panel before
    pairs = [("Time", "FSC-A", ("time",)), ("FSC-A", "FSC-H", ("debris", "doublets", "margin"))]
    for axes, (x, y, steps) in zip(panels, pairs, strict=False):
        if not {x.casefold(), y.casefold()} <= columns.keys():
            axes.text(0.5, 0.5, f"no {x} or {y}", ha="center", transform=axes.transAxes)
            continue
        across = found.events.data[columns["time"]] if x == "Time" else thousand[columns[x.casefold()]]
        up = thousand[columns[y.casefold()]]
        groups = [("passed", ~before & ~np.isin(found.removed_by, steps), PALETTE[0], "o")]
        groups += [(step, found.removed_by == step, PALETTE[i], MARKERS[i]) for i, step in enumerate(steps, start=1)]
        for name, which, colour, marker in groups:
            shown = every[which[every]]
            if len(shown):
                axes.scatter(across.to_numpy()[shown], up.to_numpy()[shown], s=3, color=colour, marker=marker,
                             linewidths=0, alpha=0.6, label=name, rasterized=True)  # fmt: skip
        before |= np.isin(found.removed_by, steps)
        axes.set(xlabel="time (s)" if x == "Time" else f"{x} (thousand)", ylabel=f"{y} (thousand)")
        axes.legend(fontsize=8, markerscale=3, loc="upper center", bbox_to_anchor=(0.5, -0.24))
    _viability(panels[2], found, viability)
    return panels


def flow_density(found: "FlowSort", gates: Mapping[str, "Gate"], *, label: str) -> Axes:
    """Draw two markers of all stained cells against each other, with their gates.

    Colour and contours show the density of events on logicle axes; the contours hold half, 80 and 95% of them. Each
    corner says how many percent of the events lie there.

    Parameters
    ----------
    found
        See ``fxyd3.enrichment.read_sort``.
    gates
        By marker; the first two are drawn.
    label
        What the data are; drawn on the figure.

    Raises
    ------
    InputError
        With fewer than two gates.

    Examples
    --------
    A simulated sort, with gates from its controls:

    >>> from pathlib import Path
    >>> from tempfile import TemporaryDirectory
    >>> from fxyd3.data.assays import read_assay
    >>> from fxyd3.data.simulate import cell_sort
    >>> from fxyd3.enrichment import read_sort
    >>> from fxyd3.plots import flow_density
    >>> with TemporaryDirectory() as folder:
    ...     _ = cell_sort(events=2000, replicates=1).write(Path(folder))
    ...     found = read_sort(read_assay("cell_sort", folder))
    >>> gates = {marker: found.gate(marker) for marker in ("NRP1", "IGF1R")}
    >>> axes = flow_density(found, gates, label="Simulated data (twin)")
    >>> axes.get_xlabel(), axes.get_ylabel(), len(axes.texts)
    ('NRP1 (PE-A)', 'IGF1R (APC-A)', 4)
    """
    if len(gates) < 2:
        raise InputError(f"A plot of two markers needs two gates: there is {len(gates)}.")
    (axes,) = canvas(label, width=5.6, height=4.8)
    cells, (x_gate, y_gate) = found.stained, [*gates.values()][:2]
    x, y = cells.channel(x_gate.detector), cells.channel(y_gate.detector)
    scales = [_scale(values) for values in (x, y)]
    places = [scale(values) for scale, values in zip(scales, (x, y), strict=True)]
    counts, x_edges, y_edges = np.histogram2d(places[0], places[1], bins=150)
    drawn = axes.pcolormesh(x_edges, y_edges, np.where(counts > 0, counts, np.nan).T, norm=LogNorm(), cmap="viridis",
                            rasterized=True)  # fmt: skip
    smooth = ndimage.gaussian_filter(counts, 2.5)
    middle = [(edges[1:] + edges[:-1]) / 2 for edges in (x_edges, y_edges)]
    axes.contour(*middle, smooth.T, levels=_levels(smooth), colors="black", linewidths=0.7)
    for gate, scale, line in ((x_gate, scales[0], axes.axvline), (y_gate, scales[1], axes.axhline)):
        line(float(scale(gate.threshold)), color=PALETTE[5], linestyle="--", linewidth=1.5)
    right, above = x > x_gate.threshold, y > y_gate.threshold
    for at_right, at_top in ((False, False), (True, False), (False, True), (True, True)):
        percent = 100 * ((right == at_right) & (above == at_top)).mean()
        axes.text(0.98 if at_right else 0.02, 0.97 if at_top else 0.03, f"{percent:.1f}%", transform=axes.transAxes,
                  ha="right" if at_right else "left", va="top" if at_top else "bottom", weight="bold",
                  bbox={"facecolor": "white", "alpha": 0.7, "linewidth": 0, "pad": 1.5})  # fmt: skip
    _ticks(axes, "x", scales[0], x)
    _ticks(axes, "y", scales[1], y)
    axes.set(xlabel=f"{x_gate.marker} ({x_gate.detector})", ylabel=f"{y_gate.marker} ({y_gate.detector})")
    axes.figure.colorbar(drawn, ax=axes, label="events", shrink=0.8)
    return axes


def flow_histograms(found: "FlowSort", gates: Mapping[str, "Gate"], *, label: str) -> list[Axes]:
    """Draw each marker in stained cells and in the controls, with its gate.

    Parameters
    ----------
    found
        See ``fxyd3.enrichment.read_sort``.
    gates
        By marker.
    label
        What the data are; drawn on the figure.

    Returns
    -------
    list of Axes
        One for each marker.

    Examples
    --------
    A simulated sort; one marker beside its controls:

    >>> from pathlib import Path
    >>> from tempfile import TemporaryDirectory
    >>> from fxyd3.data.assays import read_assay
    >>> from fxyd3.data.simulate import cell_sort
    >>> from fxyd3.enrichment import read_sort
    >>> from fxyd3.plots import flow_histograms
    >>> with TemporaryDirectory() as folder:
    ...     _ = cell_sort(events=2000, replicates=1).write(Path(folder))
    ...     found = read_sort(read_assay("cell_sort", folder))
    >>> (axes,) = flow_histograms(found, {"NRP1": found.gate("NRP1")}, label="Simulated data (twin)")
    >>> [tick.get_text() for tick in axes.get_yticklabels()]
    ['unstained', 'FMO NRP1', 'isotype', 'stained']
    """
    panels = canvas(label, columns=len(gates), width=3.5 * len(gates), height=3.8)
    there = set(found.table["sample"])
    for axes, (marker, gate) in zip(panels, gates.items(), strict=True):
        samples = [name for name in ("unstained", f"fmo-{marker}", "isotype", "stained") if name in there]
        values = {name: np.concatenate([each.channel(gate.detector) for each in found.tubes(name)]) for name in samples}
        scale = _scale(values["stained"])
        places = {name: scale(each) for name, each in values.items()}
        low, high = (func(np.quantile(each, end) for each in places.values()) for func, end in ((min, 0), (max, 1)))
        for i, each in enumerate(places.values()):
            counts, edges = np.histogram(each, bins=200, range=(low, high))
            smooth = ndimage.gaussian_filter1d(counts.astype(float), 2.5)
            x, height = (edges[1:] + edges[:-1]) / 2, i + 0.9 * smooth / smooth.max()
            axes.fill_between(x, i, height, color=PALETTE[i], alpha=0.35, linewidth=0)
            axes.plot(x, height, color=PALETTE[i], linewidth=1.2)
        axes.axvline(float(scale(gate.threshold)), color="black", linestyle="--", linewidth=1.2)
        axes.set_yticks(np.arange(len(samples)) + 0.3, [name.replace("fmo-", "FMO ") for name in samples])
        axes.tick_params(axis="y", length=0)
        axes.set(xlabel=f"{marker} ({gate.detector})", ylim=(0, len(samples)))
        _ticks(axes, "x", scale, np.concatenate([*values.values()]))
    return panels


def gate_sensitivity(table: pd.DataFrame, *, chosen: float, label: str) -> list[Axes]:
    """Draw how the percentage of positive cells depends on the gate.

    Parameters
    ----------
    table
        See ``fxyd3.enrichment.FlowSort.sensitivity``.
    chosen
        The quantile that was chosen; drawn as a line.
    label
        What the data are; drawn on the figure.

    Returns
    -------
    list of Axes
        One for each marker.

    Examples
    --------
    Made-up percentages, in the form of ``fxyd3.enrichment.FlowSort.sensitivity``:

    >>> import pandas as pd
    >>> from fxyd3.plots import gate_sensitivity
    >>> table = pd.DataFrame({"marker": "NRP1", "by": "isotype", "quantile": [0.98, 0.99, 0.995],
    ...                       "percent": [6.0, 5.0, 4.5], "lower": [5.5, 4.5, 4.0], "upper": [6.5, 5.5, 5.0]})
    >>> (axes,) = gate_sensitivity(table, chosen=0.99, label="Made-up data")
    >>> axes.get_title(loc="left"), [tick.get_text() for tick in axes.get_xticklabels()]
    ('NRP1', ['0.5', '1', '2'])
    """
    markers = list(dict.fromkeys(table["marker"]))
    panels = canvas(label, columns=max(len(markers), 1), width=3.6 * max(len(markers), 1), height=3.7)
    for axes, marker in zip(panels, markers, strict=False):
        own = table[table["marker"] == marker]
        for i, (by, name) in enumerate(BY.items()):
            part = own[own["by"] == by]
            if part.empty:
                continue
            if by == "mixture":
                axes.axhline(float(part["percent"].iloc[0]), color=PALETTE[i], linestyle=LINES[i], label=name)
                continue
            x = 100 * (1 - part["quantile"].to_numpy(dtype=float))
            axes.fill_between(x, part["lower"], part["upper"], color=PALETTE[i], alpha=0.2, linewidth=0)
            axes.plot(x, part["percent"], color=PALETTE[i], linestyle=LINES[i], marker=MARKERS[i], label=name)
        axes.axvline(100 * (1 - chosen), color=GREY, linestyle=":", linewidth=1, zorder=0)
        axes.set(xscale="log", xlabel="control cells above\nthe gate (percent)", ylim=(0, None), title=marker)
        axes.invert_xaxis()
        ticks = sorted(set((100 * (1 - own["quantile"].dropna())).round(3)))
        axes.set_xticks(ticks, [f"{tick:g}" for tick in ticks])
        axes.minorticks_off()
    panels[0].set_ylabel("positive cells beyond\nthe control (percent)")
    if markers:
        panels[0].figure.legend(*panels[0].get_legend_handles_labels(), fontsize=8, loc="outside lower left", ncols=3)
    return panels


def _viability(axes: Axes, found: "Cleaned", viability: str) -> None:
    known = {name.casefold() for name in (*found.events.data, *found.events.markers.values())}
    if viability.casefold() not in known:
        axes.text(0.5, 0.5, f"no {viability}", ha="center", transform=axes.transAxes)
        return
    values = found.events.channel(viability)
    whole, dead = ~np.isin(found.removed_by, ("time", "debris", "doublets", "margin")), found.removed_by == "dead"
    scale = Scale.of(values[whole])
    bins = np.linspace(float(scale(values[whole]).min()), float(scale(values[whole]).max()), 120)
    for name, which, colour, hatch in (("passed", whole & ~dead, PALETTE[0], ""), ("dead", dead, PALETTE[5], "///")):
        axes.hist(scale(values[which]), bins=bins.tolist(), color=colour, alpha=0.7, label=name, hatch=hatch)
    _ticks(axes, "x", scale, values[whole])
    axes.set(yscale="log", xlabel=viability, ylabel="events")
    axes.legend(fontsize=8, loc="upper center", bbox_to_anchor=(0.5, -0.24))


def _scale(values: Floats) -> Scale:
    return Scale.of(values)


def _levels(smooth: Floats) -> list[float]:
    """Return the densities whose contours hold 95, 80 and 50% of the events."""
    falling = np.sort(smooth.ravel())[::-1]
    held = np.cumsum(falling) / falling.sum()
    return sorted({float(falling[np.searchsorted(held, share)]) for share in (0.95, 0.8, 0.5)})


def _ticks(axes: Axes, which: str, scale: Scale, values: Floats) -> None:
    """Mark decades on a logicle axis."""
    shown = [tick for tick in DECADES if values.min() - 500 <= tick <= values.max() * 1.5]
    names = ["0" if tick == 0 else f"{'−' if tick < 0 else ''}10$^{round(np.log10(abs(tick)))}$" for tick in shown]
    getattr(axes, f"set_{which}ticks")(scale(shown), names)

"""The figures of the space: its components, its maps, its batches and the cell cycle in it."""

from collections.abc import Mapping
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from numpy.typing import NDArray

from fxyd3.plots._house import GREY, MARKERS, PALETTE, canvas

if TYPE_CHECKING:
    from anndata import AnnData

    from fxyd3.cells._components import Components

HATCHES = ("", "///", "...")
MAPS = {"X_umap": "UMAP", "X_pacmap": "PaCMAP"}


def spectrum(found: "Components", *, chosen: int, label: str, shown: int = 60) -> Axes:
    """Draw the eigenvalues of the components, the two edges of noise, and the number chosen.

    Parameters
    ----------
    found
        See ``fxyd3.cells.components``.
    chosen
        Components used.
    label
        What the data are; drawn on the figure.
    shown
        Components drawn.

    Examples
    --------
    Made-up eigenvalues, in the form of ``fxyd3.cells.components``:

    >>> import numpy as np
    >>> from fxyd3.cells import Components
    >>> from fxyd3.plots import spectrum
    >>> found = Components(np.array([9.0, 5.0, 2.0, 1.0]), marchenko_pastur=1.5, permuted=3.0, n_marchenko_pastur=3,
    ...                    n_permuted=2, cells=100, genes=90)
    >>> axes = spectrum(found, chosen=2, label="Made-up data")
    >>> [text.get_text() for text in axes.texts]
    ['permuted genes: 2 above', 'Marchenko-Pastur: 3 above', 'used: 2']
    """
    (axes,) = canvas(label, width=5.6, height=4)
    values = found.eigenvalues[:shown]
    number = np.arange(1, len(values) + 1)
    over = values > found.permuted
    axes.plot(number[over], values[over], MARKERS[0], color=PALETTE[0], markersize=5)
    axes.plot(number[~over], values[~over], MARKERS[0], color=PALETTE[0], markersize=4, markerfacecolor="white")
    edges = (
        ("permuted genes", found.permuted, found.n_permuted, "--", PALETTE[5]),
        ("Marchenko-Pastur", found.marchenko_pastur, found.n_marchenko_pastur, ":", GREY),
    )
    for name, edge, above, line, colour in edges:
        axes.axhline(edge, color=colour, linestyle=line, linewidth=1.5)
        axes.annotate(
            f"{name}: {above} above",
            (len(values), edge),
            xytext=(0, 3),
            textcoords="offset points",
            ha="right",
            va="bottom",
            fontsize=9,
            color=colour,
        )
    axes.axvline(chosen, color=PALETTE[2], linewidth=1, zorder=0)
    axes.annotate(
        f"used: {chosen}",
        (chosen, 1),
        xycoords=("data", "axes fraction"),
        xytext=(4, -2),
        textcoords="offset points",
        va="top",
        fontsize=9,
        color=PALETTE[2],
    )
    axes.set(yscale="log", xlabel="component", ylabel="eigenvalue (squared log units)")
    axes.set_title(f"{found.cells:,} cells, {found.genes:,} variable genes", fontsize=9, color=GREY)
    return axes


def mixing(table: pd.DataFrame, *, label: str) -> Axes:
    """Draw each measure of mixing before and after correction, joined by a line.

    Parameters
    ----------
    table
        See ``fxyd3.cells.mixing``.
    label
        What the data are; drawn on the figure.

    Examples
    --------
    Made-up scores, in the form of ``fxyd3.cells.mixing``:

    >>> import pandas as pd
    >>> from fxyd3.plots import mixing
    >>> table = pd.DataFrame({"iLISI": [0.1, 0.8], "silhouette_batch": [0.2, 0.9], "cLISI": [0.9, 0.95],
    ...                       "silhouette_group": [0.6, 0.7], "n": 50}, index=["before", "after"])
    >>> axes = mixing(table, label="Made-up data")
    >>> axes.get_title(loc="right"), axes.get_yticklabels()[0].get_text()
    ('n = 50 cells', 'batches mix (iLISI)')
    """
    (axes,) = canvas(label, width=5.2, height=3)
    names = {
        "iLISI": "batches mix (iLISI)",
        "silhouette_batch": "batches mix (silhouette)",
        "cLISI": "groups apart (cLISI)",
        "silhouette_group": "groups apart (silhouette)",
    }
    height = np.arange(len(names))[::-1]
    ends = table[list(names)]
    axes.hlines(height, ends.min(), ends.max(), color=GREY, linewidth=1.5, zorder=1)
    looks = (("before", "o", 110, "white", PALETTE[5]), ("after", "D", 30, PALETTE[0], PALETTE[0]))
    for row, marker, size, face, colour in looks:
        axes.scatter(
            ends.loc[row],
            height,
            marker=marker,
            s=size,
            facecolor=face,
            edgecolor=colour,
            zorder=2,
            label=row,
            clip_on=False,
        )
    axes.set(xlim=(0, 1), ylim=(-0.6, len(names) - 0.4), xlabel="score (1 is best)")
    axes.set_yticks(height, list(names.values()))
    axes.legend(loc="lower left", bbox_to_anchor=(0, 1), ncols=2, fontsize=9, borderaxespad=0)
    axes.set_title(f"n = {int(table['n'].iloc[0]):,} cells", fontsize=9, color=GREY, loc="right")
    return axes


def maps(
    adata: "AnnData",
    *,
    key: str,
    table: pd.DataFrame,
    label: str,
    names: Mapping[str, str] = MAPS,
) -> list[Axes]:
    """Draw maps of the same cells side by side, what each keeps written beneath.

    Parameters
    ----------
    adata
        With the maps in ``obsm`` and the categories ``obs[key]``.
    key
        Column of ``obs``; colours repeat beyond eight categories, names do not.
    table
        See ``fxyd3.cells.distortion``; its rows but ``random`` are drawn.
    label
        What the data are; drawn on the figure.
    names
        How each map is called.

    Returns
    -------
    list of Axes
        One for each map.

    Examples
    --------
    Four made-up cells; ``fxyd3.cells.embed`` and ``fxyd3.cells.distortion`` give those of a study:

    >>> import anndata
    >>> import numpy as np
    >>> import pandas as pd
    >>> from fxyd3.plots import maps
    >>> cells = anndata.AnnData(np.zeros((4, 1)), obsm={"X_umap": np.array([[0, 0], [0, 1], [5, 5], [5, 6]])})
    >>> cells.obs["cluster"] = pd.Categorical(["1", "1", "2", "2"])
    >>> table = pd.DataFrame({"trustworthiness": [0.9, 0.5], "preservation": [0.4, 0.02], "distances": [0.6, 0.0]},
    ...                      index=["X_umap", "random"])
    >>> (axes,) = maps(cells, key="cluster", table=table, label="Made-up data")
    >>> axes.get_title(loc="left"), axes.get_xlabel().splitlines()[0]
    ('UMAP', 'neighbours kept: 40% (random: 2.0%)')
    """
    drawn = [str(name) for name in table.index if name != "random"]
    every = canvas(label, columns=len(drawn), width=3.6 * len(drawn), height=4.4)
    for axes, name in zip(every, drawn, strict=True):
        called = names.get(name, name)
        place = np.asarray(adata.obsm[name])
        _cells(axes, place, adata.obs[key])
        kept, chance = (table.loc[row].to_dict() for row in (name, "random"))
        axes.set(xticks=[], yticks=[], title=called)
        axes.set_xlabel(
            f"neighbours kept: {kept['preservation']:.0%} (random: {chance['preservation']:.1%})\n"
            f"trustworthiness: {kept['trustworthiness']:.2f} (random: {chance['trustworthiness']:.2f})\n"
            f"far distances, rank r: {kept['distances']:.2f}",
            fontsize=9,
            loc="left",
        )
    return every


def _cells(axes: Axes, place: NDArray[np.floating], group: "pd.Series[str]") -> None:
    """Draw cells in random order, so that no group hides another, and each group's name at its median."""
    categories = group.astype("category").cat
    colours = np.array([PALETTE[i % len(PALETTE)] for i in range(len(categories.categories))])
    order = np.random.default_rng(0).permutation(len(place))
    axes.scatter(
        place[order, 0],
        place[order, 1],
        s=float(np.clip(12000 / len(place), 1.5, 30)),
        c=colours[categories.codes.to_numpy()[order]],
        alpha=0.5,
        linewidths=0,
        rasterized=True,
    )
    for code, name in enumerate(categories.categories):
        inside = categories.codes.to_numpy() == code
        if inside.any():
            x, y = np.median(place[inside], axis=0)
            box = {"boxstyle": "round,pad=0.2", "facecolor": "white", "alpha": 0.85, "linewidth": 0}
            axes.text(x, y, str(name), ha="center", va="center", weight="bold", bbox=box)


def phases(table: pd.DataFrame, *, label: str) -> Axes:
    """Draw the phases of each group, mean over patients, with the spread of G1 over patients.

    Parameters
    ----------
    table
        ``groups`` of ``fxyd3.cells.cycle_effect``.
    label
        What the data are; drawn on the figure.

    Examples
    --------
    Made-up shares of one group, in the form of the ``groups`` of ``fxyd3.cells.cycle_effect``:

    >>> import pandas as pd
    >>> from fxyd3.plots import phases
    >>> table = pd.DataFrame({"group": "1", "phase": ["G1", "S", "G2M"], "share": [0.5, 0.2, 0.3],
    ...                       "lowest": [0.4, 0.1, 0.2], "highest": [0.6, 0.3, 0.4], "patients": 4, "cells": 100})
    >>> axes = phases(table, label="Made-up data")
    >>> [text.get_text() for text in axes.get_legend().get_texts()], axes.get_yticklabels()[0].get_text()
    (['G1', 'S', 'G2/M'], '1  (n = 4)')
    """
    groups = list(dict.fromkeys(table["group"]))
    (axes,) = canvas(label, width=5.4, height=1.5 + 0.36 * len(groups))
    wide = table.pivot_table(index="group", columns="phase", values="share", observed=True, dropna=False).loc[groups]
    height, left = np.arange(len(groups))[::-1], np.zeros(len(groups))
    order = [name for name in ("G1", "S", "G2M") if name in wide]
    for phase, colour, hatch in zip(order, (PALETTE[4], PALETTE[6], PALETTE[3]), HATCHES, strict=False):
        share = wide[phase].fillna(0).to_numpy()
        name = "G2/M" if phase == "G2M" else phase
        axes.barh(height, share, left=left, height=0.7, color=colour, hatch=hatch, edgecolor="white", label=name)
        left += share
    first = table[table["phase"] == order[0]].set_index("group").loc[groups]
    axes.hlines(height, first["lowest"], first["highest"], color="black", linewidth=2)
    patients = table.groupby("group", sort=False, observed=True)["patients"].first().loc[groups]
    axes.set_yticks(height, [f"{group}  (n = {n})" for group, n in patients.items()])
    axes.set(
        xlim=(0, 1),
        xlabel=f"share of cells, mean over patients\n(line: {order[0]}, lowest to highest patient)",
        ylabel="group (n patients)",
    )
    axes.set_xticks(np.linspace(0, 1, 5), [f"{share:.0%}" for share in np.linspace(0, 1, 5)])
    axes.legend(loc="lower left", bbox_to_anchor=(0, 1), ncols=3, fontsize=9, borderaxespad=0.2)
    return axes

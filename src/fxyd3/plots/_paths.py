"""The figures of how groups hang together and how cells are ordered."""

from typing import TYPE_CHECKING

import numpy as np
import pandas as pd
from matplotlib.axes import Axes

from fxyd3.plots._house import GREY, MARKERS, PALETTE, canvas, spread

if TYPE_CHECKING:
    from anndata import AnnData

WIDEST = 14.0  # points, for as many links as chance gives
LARGEST, SMALLEST = 1100.0, 300.0  # square points


def group_links(adata: "AnnData", links: pd.DataFrame, *, key: str, label: str, basis: str = "X_umap") -> Axes:
    """Draw groups where their cells lie, joined by lines as wide as their links are many.

    A line is as wide as the share of the links that chance would give, so that thin lines mean islands.

    Parameters
    ----------
    adata
        With ``obsm[basis]`` and the categories ``obs[key]``.
    links
        As in ``fxyd3.cells.Paths``.
    key
        The groups.
    label
        What the data are; drawn on the figure.
    basis
        Where cells are drawn.

    Examples
    --------
    Four made-up cells and one link; ``fxyd3.cells.paths`` gives those of a study:

    >>> import anndata
    >>> import numpy as np
    >>> import pandas as pd
    >>> from fxyd3.plots import group_links
    >>> cells = anndata.AnnData(np.zeros((4, 1)), obsm={"X_umap": np.array([[0, 0], [0, 1], [5, 5], [5, 6]])})
    >>> cells.obs["cluster"] = pd.Categorical(["1", "1", "2", "2"])
    >>> links = pd.DataFrame({"one": ["1"], "other": ["2"], "links": [50], "expected": [100.0], "connectivity": [0.5],
    ...                       "tree": [True]})
    >>> axes = group_links(cells, links, key="cluster", label="Made-up data")
    >>> [text.get_text() for text in axes.texts], axes.lines[0].get_linewidth()
    (['0.5', '1', '2'], 7.0)
    """
    (axes,) = canvas(label, width=5.4, height=4.6)
    place = np.asarray(adata.obsm[basis])[:, :2]
    dot = float(np.clip(8000 / adata.n_obs, 1, 12))
    axes.scatter(place[:, 0], place[:, 1], s=dot, color="#d9d9d9", linewidths=0, zorder=0)
    group = adata.obs[key].astype(str).to_numpy()
    centre = {str(name): np.median(place[group == name], axis=0) for name in np.unique(group)}
    drawn = links[links["connectivity"] > 0]
    columns = (drawn[name] for name in ("one", "other", "connectivity", "tree"))
    for one, other, share, tree in zip(*columns, strict=True):
        ends = np.array([centre[str(one)], centre[str(other)]])
        axes.plot(ends[:, 0], ends[:, 1], color="black" if tree else GREY, linestyle="-" if tree else (0, (2, 2)),
                  linewidth=max(WIDEST * float(share), 0.8), zorder=1)  # fmt: skip
        if tree:
            x, y = ends.mean(axis=0)
            axes.text(x, y, f"{share:.2g}", fontsize=8, ha="center", va="center", zorder=4,
                      bbox={"boxstyle": "round,pad=0.15", "facecolor": "white", "linewidth": 0})  # fmt: skip
    sizes = pd.Series(group).value_counts()
    for i, (name, (x, y)) in enumerate(centre.items()):
        size = max(LARGEST * sizes[name] / sizes.max(), SMALLEST)
        axes.scatter(x, y, s=size, color="white", edgecolor=PALETTE[i % len(PALETTE)], linewidth=4, zorder=3)
        axes.text(x, y, name, ha="center", va="center_baseline", weight="bold", zorder=5)
    axes.set(xticks=[], yticks=[])
    axes.set_title(
        "numbers and widths: links as a share of those by chance (1: no gap)\nfull lines: the strongest tree",
        fontsize=9, color=GREY,
    )  # fmt: skip
    for side in ("left", "bottom"):
        axes.spines[side].set_visible(False)
    return axes


def order_by_group(
    obs: pd.DataFrame, *, label: str, key: str = "cluster", values: dict[str, str] | None = None
) -> list[Axes]:
    """Draw pseudotime, potency and activity of each group: a mark per patient, a line at the mean of the patients.

    Parameters
    ----------
    obs
        With the categories ``key`` and the columns of ``values``; with ``patient`` where known; groups true in
        ``ancestral`` get a star.
    label
        What the data are; drawn on the figure.
    key
        The groups, drawn from the earliest in the first of ``values`` downwards.
    values
        Columns and their names; by default ``pseudotime``, ``potency`` and ``signature``.

    Returns
    -------
    list of Axes
        One for each of the values.

    Examples
    --------
    Four made-up cells of two patients; the groups stand in the order of their pseudotime:

    >>> import pandas as pd
    >>> from fxyd3.plots import order_by_group
    >>> obs = pd.DataFrame({"cluster": ["1", "1", "2", "2"], "patient": ["P1", "P2", "P1", "P2"],
    ...                     "pseudotime": [0.9, 0.8, 0.1, 0.2], "ancestral": [False, False, True, True]})
    >>> (axes,) = order_by_group(obs, values={"pseudotime": "pseudotime"}, label="Made-up data")
    >>> [tick.get_text() for tick in axes.get_yticklabels()]
    ['2 ★', '1']
    """
    shown = values or {"pseudotime": "pseudotime", "potency": "potency (rank)", "signature": "progenitor activity"}
    patient = obs["patient"].astype(str) if "patient" in obs else pd.Series("all cells", index=obs.index)
    group = obs[key].astype(str)
    middle = obs.groupby([group, patient.rename("patient")], observed=True)[list(shown)].median()
    means = middle.groupby(level=0).mean()
    order = means.sort_values(next(iter(shown))).index
    star = obs.groupby(group)["ancestral"].any() if "ancestral" in obs else pd.Series(False, index=order)
    names = sorted(middle.index.get_level_values(1).unique())
    drawn = canvas(label, columns=len(shown), width=7.2, height=0.42 * len(order) + 1.6)
    for axes, (column, title) in zip(drawn, shown.items(), strict=True):
        for i, (name, offset) in enumerate(zip(names, spread(len(names), 0.28), strict=True)):
            own = middle[column].xs(name, level=1).reindex(order)
            axes.scatter(own, np.arange(len(order)) + offset, s=20, color=PALETTE[i % len(PALETTE)],
                         marker=MARKERS[i % len(MARKERS)], label=name, zorder=3)  # fmt: skip
        axes.vlines(means.loc[order, column], np.arange(len(order)) - 0.38, np.arange(len(order)) + 0.38, color="black")
        axes.set(xlabel=title, ylim=(len(order) - 0.5, -0.5), yticks=range(len(order)), yticklabels=[])
        axes.margins(x=0.1)
        axes.grid(axis="y", color="#e5e5e5", zorder=0)
        axes.tick_params(axis="y", length=0)
    drawn[0].set(
        yticklabels=[f"{name} ★" if star.get(name, False) else name for name in order],
        ylabel="group (★: named ancestral)" if star.any() else "group",
    )
    if len(names) <= 12:
        drawn[-1].legend(title="median of", fontsize=8, loc="center left", bbox_to_anchor=(1, 0.5))
    return drawn


def agreement(table: pd.DataFrame, *, label: str) -> Axes:
    """Draw how far pseudotime, potency and activity agree, and what roots drawn at random give.

    Parameters
    ----------
    table
        As in ``fxyd3.cells.Paths``.
    label
        What the data are; drawn on the figure.

    Examples
    --------
    Made-up correlations, in the form of the ``agreement`` of ``fxyd3.cells.paths``:

    >>> import pandas as pd
    >>> from fxyd3.plots import path_agreement
    >>> table = pd.DataFrame({"rho": [-0.8], "lower": [-0.9], "upper": [-0.7], "patients": [6], "any_low": [-0.5],
    ...                       "any_high": [0.4]}, index=["pseudotime and potency"])
    >>> axes = path_agreement(table, label="Made-up data")
    >>> axes.get_legend_handles_labels()[1]
    ['roots drawn at random (5 to 95 %)', 'these cells (95 % over patients)']
    """
    (axes,) = canvas(label, height=0.55 * len(table) + 1.6)
    places = np.arange(len(table))
    known = table["any_low"].notna().to_numpy()
    axes.barh(places[known], (table["any_high"] - table["any_low"])[known], left=table["any_low"][known], height=0.5,
              color=PALETTE[4], alpha=0.4, label="roots drawn at random (5 to 95 %)")  # fmt: skip
    ends = np.array([table["rho"] - table["lower"], table["upper"] - table["rho"]])
    axes.errorbar(table["rho"], places, xerr=np.nan_to_num(ends), fmt="o", color="black", capsize=4,
                  label="these cells (95 % over patients)")  # fmt: skip
    axes.axvline(0, color=GREY, linewidth=1, linestyle=":", zorder=0)
    axes.set(
        xlim=(-1.05, 1.05), ylim=(len(table) - 0.5, -0.5), xlabel="Spearman correlation within patients",
        yticks=places, yticklabels=[name.replace(" and ", "\nand ") for name in table.index],
    )  # fmt: skip
    axes.legend(fontsize=8, loc="lower left", bbox_to_anchor=(0, 1), ncols=2, borderaxespad=0.2)
    return axes

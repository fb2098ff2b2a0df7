"""The figures of the cells chapter."""

from typing import TYPE_CHECKING

import numpy as np
import pandas as pd
from matplotlib.axes import Axes

from fxyd3.plots._house import GREY, MARKERS, PALETTE, canvas, spread

if TYPE_CHECKING:
    from anndata import AnnData

Interval = tuple[float, float, float]


def quality(
    obs: pd.DataFrame, *, min_genes: int, max_mito: float, label: str, limits: pd.DataFrame | None = None
) -> list[Axes]:
    """Draw genes detected and mitochondrial share of all cells, with the thresholds.

    Parameters
    ----------
    obs
        With ``n_genes`` and ``pct_mito``; see ``fxyd3.cells.qc``.
    min_genes, max_mito
        The thresholds.
    label
        What the data are; drawn on the figure.
    limits
        Adaptive thresholds of the samples, as ``fxyd3.cells.adaptive_limits`` finds them; drawn as a range.

    Returns
    -------
    list of Axes
        Genes detected; mitochondrial share.

    Examples
    --------
    A small twin; with these thresholds no cell is left out before it is drawn:

    >>> from fxyd3.cells import adaptive_limits, qc
    >>> from fxyd3.data.simulate import twin
    >>> from fxyd3.plots import quality
    >>> cells, _ = qc(twin("tiny"), min_genes=0, max_mito=100)
    >>> genes, mito = quality(cells.obs, min_genes=200, max_mito=20, limits=adaptive_limits(cells.obs),
    ...                       label="Simulated data (twin)")
    >>> [text.get_text() for text in genes.get_legend().get_texts()], genes.get_xlabel(), mito.get_xlabel()
    (['fewest: 200', 'adaptive, 24 samples'], 'genes detected in a cell', 'mitochondrial counts (percent)')
    """
    genes, mito = canvas(label, columns=2, height=3.2)
    top = max(int(obs["n_genes"].max()), min_genes, 2)
    genes.hist(obs["n_genes"], bins=np.geomspace(1, top * 1.05, 50).tolist(), color=PALETTE[4])
    genes.axvline(max(min_genes, 1), color=PALETTE[5], linestyle="--", label=f"fewest: {min_genes}")
    genes.set(xscale="log", xlabel="genes detected in a cell", ylabel="cells")
    share = obs["pct_mito"].dropna()
    if len(share):
        mito.hist(share, bins=50, color=PALETTE[4])
        mito.axvline(max_mito, color=PALETTE[5], linestyle="--", label=f"most: {max_mito:g} %")
        _range(mito, limits, "max_mito")
        mito.legend(loc="upper right", fontsize=8)
    else:
        mito.text(0.5, 0.5, "not known without gene symbols", ha="center", transform=mito.transAxes)
    mito.set(xlabel="mitochondrial counts (percent)", ylabel="cells")
    _range(genes, limits, "min_genes")
    genes.legend(loc="upper left", fontsize=8)
    for axes in (genes, mito):
        axes.set_ylim(top=1.35 * axes.get_ylim()[1])
    return [genes, mito]


def _range(axes: Axes, limits: pd.DataFrame | None, column: str) -> None:
    """Shade from the lowest to the highest adaptive threshold of the samples."""
    if limits is not None and limits[column].notna().any():
        low, high = limits[column].min(), limits[column].max()
        name = f"adaptive, {len(limits)} samples" if len(limits) > 1 else "adaptive"
        axes.axvspan(max(low, 1), max(high, 1), color=PALETTE[2], alpha=0.3, linewidth=0, label=name)


def umap(adata: "AnnData", *, key: str, label: str, title: str = "") -> Axes:
    """Draw the UMAP with the groups numbered where they lie.

    Parameters
    ----------
    adata
        With ``obsm["X_umap"]`` and the categories ``obs[key]``.
    key
        Column of ``obs``; colours repeat beyond eight categories, names do not.
    label
        What the data are; drawn on the figure.
    title
        Above the figure.

    Examples
    --------
    Four made-up cells; ``fxyd3.cells.embed`` and ``fxyd3.cells.cluster`` give those of a study:

    >>> import anndata
    >>> import numpy as np
    >>> import pandas as pd
    >>> from fxyd3.plots import umap
    >>> cells = anndata.AnnData(np.zeros((4, 1)), obsm={"X_umap": np.array([[0, 0], [0, 1], [5, 5], [5, 6]])})
    >>> cells.obs["cluster"] = pd.Categorical(["1", "1", "2", "2"])
    >>> axes = umap(cells, key="cluster", label="Made-up data")
    >>> [(text.get_text(), *map(float, text.get_position())) for text in axes.texts]
    [('1', 0.0, 0.5), ('2', 5.0, 5.5)]
    """
    (axes,) = canvas(label, width=5.4, height=4.6)
    place = adata.obsm["X_umap"]
    size = float(np.clip(20000 / adata.n_obs, 2, 30))
    for i, name in enumerate(adata.obs[key].cat.categories):
        inside = (adata.obs[key] == name).to_numpy()
        axes.scatter(
            place[inside, 0], place[inside, 1], s=size, color=PALETTE[i % len(PALETTE)], linewidths=0, label=str(name)
        )
        if inside.any():
            x, y = np.median(place[inside], axis=0)
            box = {"boxstyle": "round,pad=0.2", "facecolor": "white", "alpha": 0.8, "linewidth": 0}
            axes.text(x, y, str(name), ha="center", va="center", weight="bold", bbox=box)
    axes.set(xlabel="UMAP 1", ylabel="UMAP 2", xticks=[], yticks=[], title=title)
    return axes


def stability(table: pd.DataFrame, *, chosen: float, label: str) -> Axes:
    """Draw agreement of subsamples over resolutions, beside that of two halves of the counts and of one population.

    Parameters
    ----------
    table
        As in ``fxyd3.cells.Stability``.
    chosen
        The resolution chosen; 0 for none.
    label
        What the data are; drawn on the figure.

    Examples
    --------
    Made-up numbers, in the form of the ``table`` of ``fxyd3.cells.stability``:

    >>> import pandas as pd
    >>> from fxyd3.plots import stability
    >>> table = pd.DataFrame({"groups": [2, 5], "ari": [0.95, 0.9], "ari_low": [0.9, 0.8],
    ...                       "ari_high": [1.0, 0.95], "thinned": [0.7, 0.6], "null_high": [0.1, 0.3],
    ...                       "model_high": [0.2, 0.4]}, index=[0.1, 1.0])
    >>> axes = stability(table, chosen=1.0, label="Made-up data")
    >>> [text.get_text() for text in axes.texts], axes.get_legend_handles_labels()[1][-1]
    (['2', '5'], 'chosen: 1')
    """
    (axes,) = canvas(label, width=7.6)
    x = table.index.to_numpy()
    axes.fill_between(x, table["ari_low"], table["ari_high"], color=PALETTE[0], alpha=0.2, linewidth=0)
    axes.plot(x, table["ari"], color=PALETTE[0], marker="o", label="these cells (mean, 5 to 95 %)")
    axes.plot(x, table["thinned"], color=PALETTE[2], marker="^", linestyle="-.", label="two halves of the counts")
    axes.plot(x, table["null_high"], color=PALETTE[5], marker="s", linestyle="--", label="one population: cloud (95 %)")
    axes.plot(x, table["model_high"], color=PALETTE[3], marker="D", linestyle=":", label="one population: model (95 %)")
    for at, groups in table["groups"].items():
        axes.annotate(str(groups), (float(str(at)), 1.04), ha="center", fontsize=9, color=GREY, annotation_clip=False)
    if chosen > 0:
        axes.axvline(chosen, color=GREY, linewidth=1, zorder=0, label=f"chosen: {chosen:g}")
    axes.set(
        xscale="log", xlabel="resolution", ylabel="agreement with all cells\n(adjusted Rand index)", ylim=(-0.15, 1.12)
    )
    axes.set_xticks(x, [f"{value:g}" for value in x])
    axes.minorticks_off()
    axes.set_title("groups at each resolution, above the curves", fontsize=9, color=GREY)
    axes.legend(loc="center left", bbox_to_anchor=(1, 0.5), fontsize=8)
    return axes


def by_group(
    obs: pd.DataFrame, *, value: str, ylabel: str, label: str, key: str = "cluster", marked: str = "ancestral"
) -> Axes:
    """Draw a value per group: the spread of the cells, and the mean of each patient.

    Parameters
    ----------
    obs
        With ``value``, the categories ``key``; with ``patient`` where known; groups true in ``marked`` get a star.
    value
        Column to draw.
    ylabel
        What it is, with its unit.
    label
        What the data are; drawn on the figure.
    key, marked
        Columns of groups, and of the star.

    Examples
    --------
    Four made-up cells of two patients:

    >>> import pandas as pd
    >>> from fxyd3.plots import by_group
    >>> obs = pd.DataFrame({"cluster": pd.Categorical(["1", "1", "2", "2"]), "patient": ["P1", "P2", "P1", "P2"],
    ...                     "signature": [0.1, 0.2, 0.8, 0.9], "ancestral": [False, False, True, True]})
    >>> axes = by_group(obs, value="signature", ylabel="progenitor activity", label="Made-up data")
    >>> [tick.get_text() for tick in axes.get_xticklabels()]
    ['1', '2 ★']
    """
    (axes,) = canvas(label)
    groups = list(obs[key].cat.categories)
    cells = [obs.loc[obs[key] == group, value].to_numpy() for group in groups]
    axes.boxplot(cells, positions=range(len(groups)), widths=0.7, showfliers=False,
                 medianprops={"color": GREY}, boxprops={"color": "#b0b0b0"}, whiskerprops={"color": "#b0b0b0"},
                 capprops={"color": "#b0b0b0"})  # fmt: skip
    patients = obs["patient"].astype(str) if "patient" in obs else pd.Series("all cells", index=obs.index)
    means = pd.crosstab(obs[key], patients.rename("patient"), obs[value], aggfunc="mean")
    for i, (name, offset) in enumerate(zip(means.columns, spread(means.shape[1]), strict=True)):
        axes.scatter(np.arange(len(groups)) + offset, means[name].reindex(groups), s=28, zorder=3, label=str(name),
                     color=PALETTE[i % len(PALETTE)], marker=MARKERS[i % len(MARKERS)])  # fmt: skip
    star = obs.groupby(key, observed=True)[marked].any() if marked in obs else pd.Series(False, index=groups)
    axes.set_xticks(range(len(groups)), [f"{group} ★" if star.get(group, False) else str(group) for group in groups])
    axes.set(xlabel="group (★: named ancestral)" if star.any() else "group", ylabel=ylabel)
    if means.shape[1] <= 12:
        axes.legend(title="mean of", fontsize=8, loc="center left", bbox_to_anchor=(1, 0.5))
    return axes


def per_patient(
    table: pd.DataFrame,
    *,
    values: dict[str, str],
    intervals: dict[str, Interval],
    ylabel: str,
    null: float,
    label: str,
    smallest: float | None = None,
) -> Axes:
    r"""Draw one point per patient for each of a few measures, with interval over patients.

    Parameters
    ----------
    table
        One row per patient.
    values
        Column to draw, and its name under the axis.
    intervals
        Estimate, lower and upper limit by column; not drawn where unknown.
    ylabel
        What is drawn, with its unit.
    null, smallest
        Value without effect, and smallest effect of interest, if there is one; drawn as lines.
    label
        What the data are; drawn on the figure.

    Examples
    --------
    Made-up areas under the ROC curve of three patients, with their interval:

    >>> import pandas as pd
    >>> from fxyd3.claims import t_interval
    >>> from fxyd3.plots import per_patient
    >>> table = pd.DataFrame({"auroc": [0.7, 0.8, 0.9]}, index=["P1", "P2", "P3"])
    >>> axes = per_patient(table, values={"auroc": "FXYD3"}, intervals={"auroc": t_interval(table["auroc"])},
    ...                    ylabel="area under the ROC curve", null=0.5, smallest=0.7, label="Made-up data")
    >>> [text.get_text() for text in axes.texts]
    ['no effect', 'smallest effect\nof interest']
    """
    (axes,) = canvas(label)
    for i, column in enumerate(values):
        if column not in table:
            continue
        points = table[column].to_numpy(dtype=float)
        axes.scatter(i + spread(len(points), 0.15), points, s=30, color=PALETTE[i % len(PALETTE)],
                     marker=MARKERS[i % len(MARKERS)], zorder=3)  # fmt: skip
        estimate, lower, upper = intervals.get(column, (np.nan, np.nan, np.nan))
        if np.isfinite(estimate):
            ends = [[estimate - lower], [upper - estimate]]
            axes.errorbar(i + 0.3, estimate, ends, fmt="_", color="black", capsize=4, markersize=12)
    if table.empty:
        axes.text(0.5, 0.9, "not testable in these data", ha="center", transform=axes.transAxes)
    axes.axhline(null, color=GREY, linewidth=1, linestyle=":", zorder=0)
    axes.annotate("no effect", (1, null), xycoords=("axes fraction", "data"), fontsize=8, color=GREY, va="center")
    if smallest is not None:
        axes.axhline(smallest, color=GREY, linewidth=1, linestyle="--", zorder=0)
        axes.annotate("smallest effect\nof interest", (1, smallest), xycoords=("axes fraction", "data"), fontsize=8,
                      color=GREY, va="center")  # fmt: skip
    axes.set_xticks(range(len(values)), list(values.values()))
    axes.set(xlim=(-0.6, len(values) - 0.3), ylabel=ylabel)
    return axes

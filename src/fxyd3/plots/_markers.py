"""Figures of markers: what each way of testing says, and which genes tell the groups apart."""

from typing import TYPE_CHECKING

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from numpy.typing import NDArray

from fxyd3.plots._house import GREY, MARKERS, PALETTE, canvas, spread

if TYPE_CHECKING:
    from fxyd3.cells._pseudobulk import Effects


def p_values(found: dict[str, NDArray[np.float64]], *, label: str) -> list[Axes]:
    r"""Draw the p-values of each way of testing where there is nothing to find: they should be level.

    Parameters
    ----------
    found
        p-values by way of testing, as in ``fxyd3.cells.Calibration``.
    label
        What the data are; drawn on the figure.

    Returns
    -------
    list of Axes
        One for each way of testing.

    Examples
    --------
    Made-up p-values of two ways of testing; the second finds too much:

    >>> import numpy as np
    >>> from fxyd3.plots import p_values
    >>> found = {"other half": np.linspace(0.005, 0.995, 100), "same counts": np.linspace(0.005, 0.995, 100) ** 3}
    >>> [axes.get_title(loc="left") for axes in p_values(found, label="Made-up data")]
    ['other half\n5 % below 0.05', 'same counts\n37 % below 0.05']
    """
    panels = canvas(label, columns=len(found), height=3.0)
    top = 0.0
    for axes, (name, values) in zip(panels, found.items(), strict=True):
        share, edges = np.histogram(values, bins=20, range=(0, 1), density=len(values) > 0)
        axes.bar(edges[:-1], share, width=0.05, align="edge", color=[PALETTE[5], *[PALETTE[4]] * 19])
        axes.axhline(1, color=GREY, linestyle="--", linewidth=1)
        small = 100 * float((values < 0.05).mean()) if len(values) else float("nan")
        axes.set_title(f"{name}\n{small:.0f} % below 0.05", fontsize=9)
        axes.set(xlabel="p-value", xticks=[0, 0.5, 1])
        top = max(top, float(np.max(share)))
    for axes in panels:
        axes.set_ylim(0, 1.1 * max(top, 1))
    panels[0].set_ylabel("density (level: 1)")
    return panels


def marker_dots(table: pd.DataFrame, *, label: str) -> Axes:
    """Draw genes over groups: a larger dot where more cells hold the gene, darker where its mean is higher.

    Parameters
    ----------
    table
        One row per gene and group: ``gene``, ``group``, ``level`` (mean), ``percent`` (of cells); see
        ``fxyd3.cells.levels``. Genes and groups keep their order.
    label
        What the data are; drawn on the figure.

    Examples
    --------
    Made-up numbers, in the form of ``fxyd3.cells.levels``:

    >>> import pandas as pd
    >>> from fxyd3.plots import marker_dots
    >>> table = pd.DataFrame({"gene": ["FXYD3", "FXYD3", "VIM", "VIM"], "group": ["1", "2", "1", "2"],
    ...                       "level": [2.0, 1.0, 0.1, 0.2], "percent": [80.0, 40.0, 10.0, 20.0]})
    >>> axes = marker_dots(table, label="Made-up data")
    >>> [tick.get_text() for tick in axes.get_yticklabels()], axes.collections[0].get_array().tolist()
    (['FXYD3', 'VIM'], [1.0, 0.5, 0.5, 1.0])
    """
    groups, genes = list(dict.fromkeys(table["group"])), list(dict.fromkeys(table["gene"]))
    (axes,) = canvas(label, width=5.4, height=0.24 * len(genes) + 1.3)
    scaled = table["level"] / table.groupby("gene")["level"].transform("max").replace(0, 1)
    x, y = table["group"].map(groups.index).to_numpy(), table["gene"].map(genes.index).to_numpy()
    dots = axes.scatter(x, y, s=1.5 * table["percent"], c=scaled, cmap="cividis_r", vmin=0, vmax=1, linewidths=0)
    axes.set_xticks(range(len(groups)), groups)
    axes.set_yticks(range(len(genes)), genes, fontsize=8, style="italic")
    axes.set(xlabel="group of the training half", xlim=(-0.6, len(groups) - 0.4), ylim=(len(genes) - 0.4, -0.6))
    axes.figure.colorbar(dots, ax=axes, label="mean, highest group = 1", shrink=0.4, anchor=(0, 0))
    for percent in (10, 50, 100):
        axes.scatter([], [], s=1.5 * percent, color=GREY, linewidths=0, label=f"{percent} %")
    axes.legend(title="cells with it", loc="upper left", bbox_to_anchor=(1.02, 1), fontsize=8, title_fontsize=8)
    return axes


def effect_forest(found: "Effects", *, gene: str, label: str) -> list[Axes]:
    """Draw one gene in each group: every patient, with mean and interval over patients.

    Parameters
    ----------
    found
        See ``fxyd3.cells.marker_effects``.
    gene
        One of those measured.
    label
        What the data are; drawn on the figure.

    Returns
    -------
    list of Axes
        Fold change; area under the ROC curve.

    Examples
    --------
    Made-up effects of two patients, in the form of ``fxyd3.cells.marker_effects``; two are too few for an interval:

    >>> import numpy as np
    >>> import pandas as pd
    >>> from fxyd3.cells import Effects
    >>> from fxyd3.plots import effect_forest
    >>> each = pd.DataFrame({"gene": "FXYD3", "group": "1", "patient": ["P1", "P2"], "log2fc": [1.0, 2.0],
    ...                      "auroc": [0.6, 0.8]})
    >>> table = pd.DataFrame({"gene": ["FXYD3"], "group": ["1"], "log2fc": 1.5, "log2fc_lower": np.nan,
    ...                       "log2fc_upper": np.nan, "auroc": 0.7, "auroc_lower": np.nan, "auroc_upper": np.nan})
    >>> change, area = effect_forest(Effects(each, table), gene="FXYD3", label="Made-up data")
    >>> change.get_title(loc="left"), [text.get_text() for text in change.figure.legends[0].get_texts()]
    ('FXYD3', ['P1', 'P2'])
    """
    each, table = (own[own["gene"] == gene] for own in (found.per_patient, found.table))
    groups, names = list(table["group"]), sorted(set(each["patient"]))
    panels = canvas(label, columns=2, height=1.5 + 0.5 * len(groups))
    for axes, value, none in zip(panels, ("log2fc", "auroc"), (0, 0.5), strict=True):
        axes.axvline(none, color=GREY, linewidth=1, linestyle=":", zorder=0)
        for i, (name, offset) in enumerate(zip(names, spread(len(names), 0.14), strict=True)):
            own = each[each["patient"] == name]
            place = own["group"].map(groups.index) + offset - 0.14
            axes.scatter(own[value], place, s=22, color=PALETTE[i % len(PALETTE)], marker=MARKERS[i % len(MARKERS)],
                         alpha=0.8, linewidths=0, label=name)  # fmt: skip
        place = np.arange(len(groups)) + 0.26
        axes.hlines(place, table[value + "_lower"], table[value + "_upper"], color="black", linewidth=2)
        axes.scatter(table[value], place, s=34, marker="d", color="black", zorder=3)
        axes.set(ylim=(len(groups) - 0.5, -0.5), yticks=range(len(groups)))
        for between in range(1, len(groups)):
            axes.axhline(between - 0.5, color=GREY, linewidth=0.3)
    panels[0].set_yticklabels(groups)
    panels[1].set_yticklabels([])
    panels[0].set(ylabel="group", xlabel="log2 fold change\nagainst the patient's other cells")
    panels[1].set(xlabel="area under the ROC curve\nwithin the patient")
    panels[0].set_title(gene, style="italic")
    if len(names) <= len(MARKERS):
        title = "patient\n(black: mean\nand 95 %)"
        panels[0].figure.legend(
            *panels[0].get_legend_handles_labels(), loc="outside right center", title=title, alignment="left",
            title_fontsize=8, fontsize=8,
        )  # fmt: skip
    return panels

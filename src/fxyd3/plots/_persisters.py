"""Figures of persister signatures: whether they agree, what the cycle explains, how they change, and over studies."""

from textwrap import fill
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd
from matplotlib.axes import Axes

from fxyd3.errors import InputError
from fxyd3.plots._house import GREY, MARKERS, PALETTE, canvas, spread
from fxyd3.plots._profiles import LOW_TO_HIGH

if TYPE_CHECKING:
    from collections.abc import Sequence

    from fxyd3.tolerance._meta import MetaAnalysis
    from fxyd3.tolerance._signatures import Agreement, SignatureChange


def signature_agreement_map(found: "Agreement", *, label: str) -> Axes:
    """Draw correlations of signatures below the diagonal, the genes they share above it, and their genes on it.

    A star marks correlations whose interval over patients excludes 0. Shared genes that both signatures have with the
    same sign stand in brackets.

    Parameters
    ----------
    found
        See ``fxyd3.tolerance.signature_agreement``.
    label
        What the data are; drawn on the figure.

    Examples
    --------
    Made-up numbers of two signatures, in the form of ``fxyd3.tolerance.signature_agreement``:

    >>> import pandas as pd
    >>> from fxyd3.plots import signature_agreement_map
    >>> from fxyd3.tolerance import Agreement
    >>> table = pd.DataFrame({"one": ["A"], "other": ["B"], "spearman": [0.62], "lower": [0.5], "upper": [0.7],
    ...                       "patients": [4], "shared": [120], "jaccard": [0.1], "same_sign": [80]})
    >>> found = Agreement(table, pd.DataFrame(), pd.Series({"A": 300, "B": 200}), patients=4, missing="")
    >>> axes = signature_agreement_map(found, label="Made-up data")
    >>> axes.texts[0].get_text(), axes.texts[2].get_text()
    ('+0.62★', '300')
    """
    names = list(found.genes.index)
    n = len(names)
    coloured = np.full((n, n), np.nan)
    (axes,) = canvas(label, width=2.6 + 0.72 * max(n, 4), height=1.5 + 0.5 * n)
    for row in found.table.to_dict("records"):
        first, last = sorted((names.index(row["one"]), names.index(row["other"])))
        value = coloured[last, first] = row["spearman"]
        star = "★" if row["lower"] > 0 or row["upper"] < 0 else ""
        axes.text(first, last, f"{_signed(value)}{star}" if np.isfinite(value) else "–", ha="center", va="center")
        axes.text(last, first, f"{row['shared']:,}\n({row['same_sign']:,})", ha="center", va="center", fontsize=8,
                  color=GREY)  # fmt: skip
    for i, name in enumerate(names):
        axes.text(i, i, f"{found.genes[name]:,}", ha="center", va="center", fontsize=8, weight="bold")
    axes.imshow(np.ma.masked_invalid(coloured), cmap=LOW_TO_HIGH, vmin=-1.2, vmax=1.2, aspect="auto")
    axes.set_xticks(range(n), [str(i + 1) for i in range(n)])
    axes.set_yticks(range(n), [f"{_wrapped(name, 20)}  {i + 1}" for i, name in enumerate(names)], fontsize=9)
    axes.tick_params(length=0)
    axes.spines[:].set_visible(False)
    over = f"mean of {found.patients} patients" if found.patients > 1 else "over the cells of one patient"
    star = "; ★ 95 % interval excludes 0" if np.isfinite(found.table["lower"]).any() else ""
    axes.figure.suptitle(
        f"Below: Spearman's correlation, {over}{star}\n"
        "Diagonal: genes. Above: genes shared (of these, with the same sign)",
        x=0.01, ha="left", fontsize=9,
    )  # fmt: skip
    return axes


def cycle_both_ways(table: pd.DataFrame, *, xlabel: str, label: str) -> Axes:
    """Draw each value as it is and with the cell cycle taken out, joined by a line, with intervals where known.

    Parameters
    ----------
    table
        ``name``, ``plain``, ``regressed``, and ``_lower`` and ``_upper`` of both; see ``both_ways`` of
        ``CycleConfounding`` and ``SignatureChange``. Drawn from the highest ``plain`` down.
    xlabel
        What is drawn, with its unit.
    label
        What the data are; drawn on the figure.

    Examples
    --------
    Made-up numbers, in the form of ``both_ways`` of ``fxyd3.tolerance.CycleConfounding``:

    >>> import pandas as pd
    >>> from fxyd3.plots import cycle_both_ways
    >>> table = pd.DataFrame({"name": ["A", "B"], "plain": [0.1, 0.6], "plain_lower": [0.0, 0.5],
    ...                       "plain_upper": [0.2, 0.7], "regressed": [0.1, 0.2], "regressed_lower": [0.0, 0.1],
    ...                       "regressed_upper": [0.2, 0.3]})
    >>> axes = cycle_both_ways(table, xlabel="Spearman's correlation", label="Made-up data")
    >>> [tick.get_text() for tick in axes.get_yticklabels()]
    ['B', 'A']
    """
    rows = table.sort_values("plain", ascending=False, na_position="last").reset_index(drop=True)
    names = [_wrapped(name, 34) for name in rows["name"]]
    lines = sum(1 + name.count("\n") for name in names)
    (axes,) = canvas(label, width=6.4, height=1.5 + 0.16 * len(rows) + 0.14 * lines)
    place = np.arange(len(rows))
    axes.hlines(place, rows["plain"], rows["regressed"], color=GREY, linewidth=1.2, zorder=1)
    for kind, aside, colour, marker, face, told in (
        ("plain", -0.17, PALETTE[0], "o", "white", "as it is"),
        ("regressed", 0.17, PALETTE[5], "s", PALETTE[5], "cell cycle regressed out"),
    ):
        axes.hlines(place + aside, rows[f"{kind}_lower"], rows[f"{kind}_upper"], color=colour, linewidth=1, alpha=0.7)
        axes.plot(rows[kind], place, linestyle="", marker=marker, color=colour, markerfacecolor=face, label=told)
    axes.axvline(0, color=GREY, linewidth=1, linestyle=":", zorder=0)
    axes.set_yticks(place, names, fontsize=9)
    axes.set(ylim=(len(rows) - 0.5, -0.5), xlabel=fill(xlabel, 50))
    axes.tick_params(axis="y", length=0)
    axes.figure.legend(*axes.get_legend_handles_labels(), loc="outside upper center", ncols=2, fontsize=9)
    return axes


def signature_change_forest(found: "SignatureChange", *, xlabel: str, label: str, measure: str = "pseudobulk") -> Axes:
    """Draw the change of each signature: every patient, the mean, its interval, and Holm's p.

    Parameters
    ----------
    found
        See ``fxyd3.tolerance.signature_change``.
    xlabel
        What changed, with its unit.
    label
        What the data are; drawn on the figure.
    measure
        Which of those in the table.

    Raises
    ------
    InputError
        If the table does not have the measure.

    Examples
    --------
    Made-up changes of one signature in three patients, in the form of ``fxyd3.tolerance.signature_change``:

    >>> import pandas as pd
    >>> from fxyd3.plots import signature_change_forest
    >>> from fxyd3.tolerance import SignatureChange
    >>> each = pd.DataFrame({"measure": "pseudobulk", "signature": "A", "patient": ["P1", "P2", "P3"],
    ...                      "change": [1.0, 2.0, 3.0]})
    >>> table = pd.DataFrame({"measure": ["pseudobulk"], "signature": "A", "change": 2.0, "lower": -0.5, "upper": 4.5,
    ...                       "p": 0.07, "p_holm": 0.07, "patients": 3})
    >>> axes = signature_change_forest(SignatureChange(table, each, ""), xlabel="change (t)", label="Made-up data")
    >>> [text.get_text() for text in axes.texts]
    ['0.07  (3)', "Holm's p (patients)"]
    """
    table = found.table[found.table["measure"] == measure].reset_index(drop=True)
    if table.empty:
        known = ", ".join(map(repr, found.table["measure"].unique()))
        raise InputError(f"there is no measure {measure!r} in the table: choose one of {known}.")
    each = found.per_patient[found.per_patient["measure"] == measure]
    (axes,) = canvas(label, width=6.4, height=1.5 + 0.42 * len(table))
    patients = sorted(each["patient"].unique())
    for i, (patient, aside) in enumerate(zip(patients, spread(len(patients), 0.2), strict=True)):
        own = each[each["patient"] == patient].set_index("signature")["change"].reindex(table["signature"])
        axes.plot(own, np.arange(len(table)) + aside, linestyle="", marker=MARKERS[i % len(MARKERS)], markersize=4,
                  color=PALETTE[i % len(PALETTE)], alpha=0.7, markeredgewidth=0)  # fmt: skip
    for at, row in enumerate(table.to_dict("records")):
        axes.plot([row["lower"], row["upper"]], [at, at], color="black", linewidth=2)
        axes.plot(row["change"], at, "d", color="black", markersize=7)
        p = f"{row['p_holm']:.2g}" if np.isfinite(row["p_holm"]) else "–"
        _beside(axes, at, f"{p}  ({row['patients']})")
    _beside(axes, -0.5, "Holm's p (patients)", va="bottom")
    axes.axvline(0, color=GREY, linewidth=1, linestyle=":", zorder=0)
    axes.set_yticks(range(len(table)), [_wrapped(name, 20) for name in table["signature"]], fontsize=9)
    axes.set(
        ylim=(len(table) - 0.5, -0.5), xlabel=f"{fill(xlabel, 50)}\n(small: patients; black: mean with 95 % interval)"
    )
    return axes


def forest(found: "MetaAnalysis", *, xlabel: str, label: str, title: str = "") -> Axes:
    r"""Draw studies with their weights, the means with their intervals, and name the studies without an estimate.

    The diamond is the mean of random effects with its Hartung-Knapp interval. Intervals that leave the figure end in an
    arrow; their numbers stand beside them.

    Parameters
    ----------
    found
        See ``fxyd3.tolerance.meta_analysis``.
    xlabel
        The effect, with its unit.
    label
        What the data are; drawn on the figure.
    title
        Above the figure, such as the gene.

    Examples
    --------
    Made-up fold changes of three studies:

    >>> import pandas as pd
    >>> from fxyd3.plots import forest
    >>> from fxyd3.tolerance import meta_analysis
    >>> studies = pd.DataFrame({"study": ["A", "B", "C"], "log2fc": [-1.0, 0.4, 1.2], "se": [0.1, 0.2, 0.4]})
    >>> axes = forest(meta_analysis(studies), xlabel="log2 fold change", title="FXYD3", label="Made-up data")
    >>> [tick.get_text() for tick in axes.get_yticklabels()]
    ['A', 'B', 'C', 'random effects\n(mean)', 'a further study\n(prediction)', 'fixed effect']
    """
    studies = found.studies
    names = [_wrapped(name, 26) for name in studies["study"]]
    below: list[tuple[str, Sequence[float]]] = [("random effects\n(mean)", found.interval)]
    if found.prediction:
        below.append(("a further study\n(prediction)", found.prediction))
    below.append(("fixed effect", found.fixed))
    absent = (
        fill(f"No estimate: {', '.join(name.replace('_', ' ') for name in found.absent)}", 88) if found.absent else ""
    )
    tall = 0.14 + 0.15 * max(2, *(1 + name.count("\n") for name in names))
    (axes,) = canvas(label, width=7.2, height=1.7 + tall * (len(studies) + len(below)) + 0.16 * absent.count("\n"))
    low, high = min(0.0, studies["lower"].min()), max(0.0, studies["upper"].max())
    edges = low - 0.35 * (high - low), high + 0.35 * (high - low)
    percent = f"{100 * found.confidence:g} %"
    for at, row in enumerate(studies.to_dict("records")):
        _reach(axes, at, row["lower"], row["upper"], edges, PALETTE[0])
        axes.plot(row["effect"], at, "s", color=PALETTE[0], markersize=3 + 0.09 * row["weight"])
        _beside(axes, at, f"{_number(row['effect'])} [{_number(row['lower'])}, {_number(row['upper'])}]  "
                f"{row['weight']:.0f} %")  # fmt: skip
    first = len(studies) + 0.4
    places = first + np.arange(len(below))
    for at, (name, (estimate, lower, upper)) in zip(places, below, strict=True):
        if at == first:
            axes.fill([lower, estimate, upper, estimate], [at, at - 0.2, at, at + 0.2], color=GREY, linewidth=0)
        _reach(axes, at, lower, upper, edges, "black", line="--" if "further" in name else "-")
        if name == "fixed effect":
            axes.plot(estimate, at, "d", color="black", markerfacecolor="white")
        _beside(axes, at, f"{_number(estimate)} [{_number(lower)}, {_number(upper)}]")
    _beside(axes, -0.6, f"effect [{percent} interval]  weight", va="bottom")
    axes.axvline(0, color=GREY, linewidth=1, linestyle=":", zorder=0)
    axes.axhline(len(studies) - 0.3, color=GREY, linewidth=0.6)
    axes.set_yticks([*range(len(studies)), *places],
                    [*names, *(name for name, _ in below)], fontsize=9)  # fmt: skip
    axes.tick_params(axis="y", length=0)
    differ = f"between studies: tau² {found.tau2:.2g}, I² {found.i2:.0f} %, Q {found.q:.3g} (p {found.q_p:.1g})"
    axes.set(xlim=edges, ylim=(first + len(below) - 0.4, -0.6), title=title)
    axes.set_xlabel("\n".join(filter(None, [fill(xlabel, 60), differ, absent])), fontsize=9)
    return axes


def _reach(
    axes: Axes, at: float, lower: float, upper: float, edges: tuple[float, float], colour: str, line: str = "-"
) -> None:
    """Draw an interval; where it leaves the figure, it ends in an arrow."""
    ends = np.clip([lower, upper], *edges)
    axes.plot(ends, [at, at], color=colour, linewidth=1.8, linestyle=line)
    for end, beyond, marker in ((edges[0], lower < edges[0], "<"), (edges[1], upper > edges[1], ">")):
        if beyond:
            axes.plot(end, at, marker=marker, color=colour, markersize=7, clip_on=False)


def _beside(axes: Axes, at: float, text: str, *, va: str = "center") -> None:
    axes.annotate(text, (1.03, at), xycoords=("axes fraction", "data"), va=va, fontsize=8, color=GREY,
                  annotation_clip=False)  # fmt: skip


def _wrapped(name: str, width: int) -> str:
    """Break a name at its underscores and spaces; one that joins two names, between these."""
    parts = str(name).replace("_", " ").replace(" and ", "\nand ").split("\n")
    return "\n".join(fill(part, width, break_on_hyphens=False) for part in parts)


def _number(value: float) -> str:
    return f"{value:.2f}".replace("-", "−")


def _signed(value: float) -> str:
    return f"{value:+.2f}".replace("-", "−")

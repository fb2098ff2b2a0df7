"""Figures of the scorecard: what each run says on each claim."""

import textwrap
from typing import TYPE_CHECKING, Any

import matplotlib.pyplot as plt
import numpy as np
from matplotlib.axes import Axes
from matplotlib.lines import Line2D

from fxyd3.claims import Verdict, load_claims
from fxyd3.plots._house import GREY, PALETTE, VERDICTS, style

if TYPE_CHECKING:
    import pandas as pd

    from fxyd3.claims import Claim

ROW, HEAD = 0.3, 0.95  # inches for a run, and for the title and the axis of a claim


def claim_forests(table: "pd.DataFrame", *, label: str) -> list[Axes]:
    """Draw a forest plot for each claim that has an estimate: a row for each run, with interval and verdict.

    A dotted line stands at no effect, a dashed one at the smallest effect of interest; for a claim on a number, a band
    covers the numbers that agree. Open points are simulated, filled ones measured. The grey line below a point is its
    negative control. Returns one axes for each claim; none when no claim has an estimate.

    Parameters
    ----------
    table
        Rows of :attr:`fxyd3.claims.Scorecard.table`.
    label
        What the data are; drawn on the figure.

    Examples
    --------
    Two runs that are kept with the book, side by side:

    >>> from fxyd3.claims import Scorecard, read_ledger
    >>> from fxyd3.paths import book_file
    >>> from fxyd3.plots import claim_forests
    >>> names = ("null-twin", "twin-15-components")
    >>> card = Scorecard({name: read_ledger(book_file("data", "ledgers", f"{name}.json")) for name in names})
    >>> panels = claim_forests(card.data_sets, label=card.label)
    >>> card.label
    'Simulated data'
    """
    style()
    runs = list(dict.fromkeys(table["run"]))
    shown = [c for name, c in load_claims().items() if table.loc[table["claim"] == name, "estimate"].notna().any()]
    if not shown:
        return []
    height = HEAD + ROW * len(runs)
    figure, panels = plt.subplots(len(shown), 1, figsize=(6.4, 0.5 + height * len(shown)), squeeze=False)
    figure.supxlabel(label, x=0.99, ha="right", fontsize=8, color=GREY)
    for axes, claim in zip(panels[:, 0], shown, strict=True):
        _forest(axes, claim, table[table["claim"] == claim.id].set_index("run").reindex(runs))
    figure.legend(handles=_legend(table), loc="outside upper center", ncols=3, fontsize=8, columnspacing=1.2)
    return list(panels[:, 0])


def _forest(axes: Axes, claim: "Claim", rows: "pd.DataFrame") -> None:
    _rule(axes, claim)
    for at, (_, row) in enumerate(rows.iterrows()):
        verdict = row["verdict"]
        if verdict != verdict:  # the run says nothing on this claim
            continue
        axes.annotate(f"{Verdict(verdict).icon} {verdict}", (1.02, at), xycoords=("axes fraction", "data"),
                      va="center", fontsize=8.5, annotation_clip=False)  # fmt: skip
        if np.isfinite(row["estimate"]) and np.isfinite(row["lower"]):
            colour = VERDICTS[verdict]
            axes.plot([row["lower"], row["upper"]], [at, at], color=colour, lw=2.2, solid_capstyle="butt")
            axes.plot(
                row["estimate"], at, "o", color=colour, ms=6.5, mew=1.8, mfc="white" if row["simulated"] else colour
            )
        if np.isfinite(row["control_estimate"]):
            axes.plot([row["control_lower"], row["control_upper"]], [at + 0.28] * 2, color=GREY, lw=1)
            axes.plot(row["control_estimate"], at + 0.28, "|", color=GREY, ms=5)
    axes.set_yticks(range(len(rows)), [str(name) for name in rows.index])
    axes.tick_params(axis="y", length=0)
    axes.spines["left"].set_visible(False)
    axes.set(ylim=(len(rows) - 0.4, -0.6), xlabel=claim.scale)
    axes.set_title("\n".join(textwrap.wrap(f"{claim.id}  {claim.estimand}", 78)), fontsize=9.5)


def _rule(axes: Axes, claim: "Claim") -> None:
    lines: dict[str, Any] = {"color": GREY, "lw": 1, "zorder": 0}
    if claim.rule.kind == "greater":
        axes.axvline(claim.rule.null, ls=":", **lines)
        axes.axvline(claim.rule.smallest, ls="--", **lines)
    elif claim.rule.kind == "equal":
        target, margin = claim.rule.target, claim.rule.margin
        axes.axvspan(target - margin, target + margin, color=PALETTE[4], alpha=0.25, lw=0, zorder=0)


def _legend(table: "pd.DataFrame") -> list[Line2D]:
    point: dict[str, Any] = {"marker": "o", "ls": "", "color": GREY, "ms": 6, "mew": 1.6}
    kinds = [Line2D([], [], mfc="white", label="simulated", **point)] if table["simulated"].any() else []
    kinds += [Line2D([], [], label="measured", **point)] if not table["simulated"].all() else []
    return [*kinds, Line2D([], [], color=GREY, lw=1, marker="|", ms=5, label="negative control"),
            Line2D([], [], color=GREY, lw=1, ls=":", label="no effect"),
            Line2D([], [], color=GREY, lw=1, ls="--", label="smallest effect of interest")]  # fmt: skip

"""Figures of what two drugs do together: excess over independence, and the fall of the half-effective dose."""

from collections.abc import Mapping
from typing import TYPE_CHECKING

import numpy as np
from matplotlib.axes import Axes
from matplotlib.ticker import FuncFormatter, MaxNLocator

from fxyd3.plots._dose import LINES, Range, clinical_band, clinical_rows
from fxyd3.plots._house import GREY, MARKERS, PALETTE, canvas
from fxyd3.plots._profiles import LOW_TO_HIGH

if TYPE_CHECKING:
    from fxyd3.rescue._excess import BlissExcess
    from fxyd3.rescue._fall import Ec50Fall

LEVEL = 0.05
FAINT = 20.0  # percent: what lies well below it has pale colours whatever the rest


def excess_map(found: "BlissExcess", *, label: str, clinical: Mapping[str, Range] | None = None) -> Axes:
    r"""Draw the killing beyond independence at each pair of doses, in percent of the untreated cells.

    Numbers are corrected for what noise alone gives (the plain excess where there is no null). A triangle marks pairs
    whose adjusted p is below 0.05: upward for more killing than independent drugs do, downward for less.

    Parameters
    ----------
    found
        See ``fxyd3.rescue.bliss_excess``.
    label
        What the data are; drawn on the figure.
    clinical
        Ranges of the second drug in plasma (nM), by name; drawn as bars beside its doses.

    Examples
    --------
    Simulated plates:

    >>> from fxyd3.data.simulate import two_drugs
    >>> from fxyd3.plots import excess_map
    >>> from fxyd3.rescue import DIGOXIN, bliss_excess
    >>> axes = excess_map(bliss_excess(two_drugs().table), clinical={"digoxin": DIGOXIN.clinical_nM},
    ...                   label="Simulated data (twin)")
    >>> axes.get_xlabel(), axes.get_ylabel(), axes.texts[-1].get_text()
    ('chemotherapy (nM)', 'glycoside (nM)', 'digoxin\nin plasma,\n0.64–2.56 nM')
    """
    plain = bool(found.note)
    table = found.per_pair.assign(shown=100 * found.per_pair["excess" if plain else "corrected"])
    wide = table.pivot_table(index=found.second, columns=found.first, values="shown", dropna=False)
    limit = max(FAINT, float(np.abs(wide.to_numpy()).max()))
    (axes,) = canvas(label, width=2.2 + 0.62 * wide.shape[1], height=1.9 + 0.46 * wide.shape[0])
    axes.imshow(wide, cmap=LOW_TO_HIGH, vmin=-limit, vmax=limit, aspect="auto", origin="lower")
    across, up = ({dose: i for i, dose in enumerate(doses)} for doses in (wide.columns, wide.index))
    for pair in table.to_dict("records"):
        value, sure = pair["shown"], pair["p_adjusted"] < LEVEL
        sign = ("▲" if value > 0 else "▼") if sure else ""
        number = f"{value:+.0f}".replace("-", "−") if abs(value) >= 0.5 else "0"
        axes.text(across[pair[found.first]], up[pair[found.second]], f"{number}{sign}",
                  ha="center", va="center", fontsize=9, weight="bold" if sure else "normal",
                  color="white" if value < -0.85 * limit else "black")  # fmt: skip
    axes.set_xticks(range(wide.shape[1]), [_dose(float(dose)) for dose in wide.columns])
    axes.set_yticks(range(wide.shape[0]), [_dose(float(dose)) for dose in wide.index])
    axes.set_xticks(np.arange(wide.shape[1] - 1) + 0.5, minor=True)
    axes.set_yticks(np.arange(wide.shape[0] - 1) + 0.5, minor=True)
    axes.grid(which="minor", color="white", linewidth=2)
    axes.tick_params(which="both", length=0)
    axes.spines[:].set_visible(False)
    axes.set(xlabel=_named(found.first), ylabel=_named(found.second))
    doses = wide.index.to_numpy(dtype=float)
    clinical_rows(axes, clinical or {}, doses=doses, places=np.arange(len(doses), dtype=float))
    told = found.note if plain else "▲ more, ▼ less than independent drugs (adjusted p < 0.05)"
    axes.figure.suptitle(
        f"{found.cells} cells killed beyond Bliss independence\n(percent of untreated cells"
        f"{'' if plain else ', corrected for noise'})\n{told}",
        x=0.01, ha="left", fontsize=9,
    )  # fmt: skip
    return axes


def ec50_falls(found: "Ec50Fall", *, label: str, clinical: Mapping[str, Range] | None = None) -> Axes:
    """Draw how many times lower the half-effective chemotherapy dose is at each dose of the pump blocker.

    Thin lines are experiments; signs with bars are their mean with its interval, for both kinds of cells.

    Parameters
    ----------
    found
        See ``fxyd3.rescue.ec50_fall``.
    label
        What the data are; drawn on the figure.
    clinical
        Ranges of the blocker in plasma (nM), by drug; see ``clinical_band``.

    Examples
    --------
    Simulated plates:

    >>> from fxyd3.data.simulate import two_drugs
    >>> from fxyd3.plots import ec50_falls
    >>> from fxyd3.rescue import ec50_fall
    >>> axes = ec50_falls(ec50_fall(two_drugs().table), label="Simulated data (twin)")
    >>> [text.get_text() for text in axes.get_legend().get_texts()]
    ['FXYD3-high cells (4 experiments)', 'FXYD3-low cells (4 experiments)']
    """
    (axes,) = canvas(label, width=6.4, height=4.4)
    treated = found.curves[found.curves[found.second] > 0]
    kinds = [name for name in (found.high, found.low) if name in set(treated["cells"])]
    for i, name in enumerate(kinds):
        colour, beside = PALETTE[i], 1.05 ** (2 * i - 1)
        for _, own in treated[treated["cells"] == name].groupby("experiment"):
            axes.plot(own[found.second], own["fall"], LINES[i], color=colour, lw=0.8, alpha=0.55)
        mean = found.by_dose[found.by_dose["cells"] == name]
        n = int(mean["n"].max())
        ends = [mean["fall"] - mean["lower"], mean["upper"] - mean["fall"]]
        axes.errorbar(mean[found.second] * beside, mean["fall"], ends, fmt=MARKERS[i], color=colour, ms=7, capsize=4,
                      lw=2, ls=LINES[i], label=f"{name} cells ({n} experiment{'s' * (n != 1)})", zorder=3)  # fmt: skip
    axes.axhline(0, color=GREY, lw=1, ls=":", zorder=0)
    doses = np.array([*treated[found.second], *(at for nM in (clinical or {}).values() for at in nM)], dtype=float)
    axes.set(xscale="log", xlim=(doses.min() / 1.8, 1.6 * doses.max()), xlabel=_named(found.second),
             ylabel="half-effective chemotherapy dose:\nhow many times lower")  # fmt: skip
    low, high = axes.get_ylim()
    axes.set_ylim(min(low, -1.0), max(high, 1.5))
    axes.yaxis.set_major_locator(MaxNLocator(integer=True))
    axes.xaxis.set_major_formatter(FuncFormatter(lambda value, _: f"{value:,.10g}"))
    axes.yaxis.set_major_formatter(FuncFormatter(lambda value, _: f"{2.0**value:.3g}"))
    for drug, nM in (clinical or {}).items():
        clinical_band(axes, drug=drug, nM=nM, above=True)
    axes.legend(fontsize=9, loc="lower left", bbox_to_anchor=(0, 1.1 if clinical else 1), ncols=2, borderaxespad=0.2)
    return axes


def _named(column: str) -> str:
    return column.removesuffix("_nM").replace("_", " ") + (" (nM)" if column.endswith("_nM") else "")


def _dose(dose: float) -> str:
    return f"{dose:,.0f}" if dose >= 100 else f"{dose:.3g}"

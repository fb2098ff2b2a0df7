"""Figures that answer: cells to colour and choose, a dose curve and a schedule to move."""

import html
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from fxyd3.plots._house import GREY, PALETTE, TREATMENTS

if TYPE_CHECKING:
    from anndata import AnnData

    from fxyd3.rescue._hill import HillFit

MOST = 1_000
WIDTH = 300  # of the map: what a phone has room for
RAMP = ("#e6e1d8", "#56B4E9", "#0072B2", "#08306b")
WHOLE = {"type": "fit-x", "contains": "padding"}
FONT = "system-ui, sans-serif"
Range = tuple[float, float]


@dataclass(frozen=True)
class Explorer:
    """An interactive figure: a chart in Vega-Lite, and its numbers as a table for those who cannot use it.

    The book's pages draw it with a script of their own; without scripts, as in a notebook alone, the table is shown.

    Attributes
    ----------
    spec
        The chart, in Vega-Lite; ``data`` and all.
    table
        The numbers behind it, or the most telling of them.
    title
        What it is, for those who hear it.
    label
        What the data are; written below the chart.

    Examples
    --------
    >>> import pandas as pd
    >>> from fxyd3.plots import Explorer
    >>> shown = Explorer({}, pd.DataFrame({"dose": [1]}), "A curve", "Simulated data")
    >>> "Simulated data" in shown._repr_html_()
    True
    """

    spec: Mapping[str, Any] = field(repr=False)
    table: pd.DataFrame = field(repr=False)
    title: str
    label: str

    def _repr_html_(self) -> str:
        spec = json.dumps(self.spec, separators=(",", ":"), ensure_ascii=False).replace("</", "<\\/")
        table = self.table.to_html(na_rep="–", border=0, index=False)
        name = html.escape(self.title)
        return (
            f'<div class="explorer"><script type="application/json">{spec}</script>'
            f'<div class="explorer-chart" role="group" aria-label="{name}"></div>'
            f'<p class="explorer-label">{html.escape(self.label)}</p>'
            f"<details><summary>The numbers as a table</summary>{table}</details></div>"
        )


def explore_cells(
    adata: "AnnData", genes: Sequence[str], *, label: str, key: str = "cluster", seed: int = 1, most: int = MOST
) -> Explorer:
    """Show a map of cells to colour by gene, group, patient or treatment; what is brushed is counted beside it.

    Parameters
    ----------
    adata
        With log values in ``X``, ``obsm["X_umap"]``, and ``obs[key]``; ``obs["patient"]`` and ``obs["condition"]`` are
        offered where there are several.
    genes
        To colour by; those the data lack are left out. The mean of the first is told for what is brushed.
    label
        What the data are; written below.
    key
        Column of groups.
    seed
        Of the cells that are drawn, where there are more than ``most``: as many of each group as its share.
    most
        Cells to show.

    Returns
    -------
    Explorer

    Raises
    ------
    InputError
        When there is no map, or none of the genes is there.

    When not to use
    ---------------
    To find groups: a map bends distances, and what is brushed was chosen by eye.

    Examples
    --------
    >>> from fxyd3 import cells
    >>> from fxyd3.data.simulate import twin
    >>> from fxyd3.plots import explore_cells
    >>> adata, _ = cells.qc(twin(400))
    >>> _ = cells.normalise(adata)
    >>> _ = cells.embed(adata, n_comps=15, batch=())
    >>> _ = cells.cluster(adata, resolution=0.3)
    >>> shown = explore_cells(adata, ["FXYD3", "NRP1"], label="Simulated data (twin)", most=100)
    >>> shown.spec["datasets"]["cells"].splitlines()[0]
    'x,y,group,patient,treatment,FXYD3,NRP1'
    """
    import altair as alt

    from fxyd3.errors import InputError

    found = [gene for gene in genes if gene in adata.var_names]
    if "X_umap" not in adata.obsm or not found:
        raise InputError(f"There is no map to explore, or none of the genes {', '.join(genes)} is in the data.")
    table = _cells(adata, found, key, seed, most)
    words = [name for name in ("group", "patient", "treatment") if name in table]
    colour = alt.param(
        name="colour", value="group", bind=alt.binding_select(options=[*words, *found], name="Colour by")
    )
    brush = alt.selection_interval(name="brush", empty=True)
    wide, high = ([float(table[name].min()), float(table[name].max())] for name in ("x", "y"))
    places = {
        "x": alt.X("x:Q").axis(None).scale(domain=wide, nice=True),
        "y": alt.Y("y:Q").axis(None).scale(domain=high, nice=True),
    }
    spots = alt.Chart().mark_circle(size=26, opacity=0.85, aria=False)
    most_seen = max(float(table[found].max().max()), 1.0)
    levels = _levels(table, words, found, most_seen)
    layers = [
        spots.transform_filter(f"colour == '{name}'").encode(
            **places, color=_colour(name, [one for one in levels if one["of"] == name]), opacity=_shown(brush)
        )
        for name in words
    ]
    drawn = spots.transform_filter(f"indexof({json.dumps(found)}, colour) >= 0")
    ramp = alt.Color("value:Q").scale(domain=[0, most_seen], range=list(RAMP)).legend(None)
    layers.append(drawn.transform_calculate(value="datum[colour]").encode(**places, color=ramp, opacity=_shown(brush)))
    chart = (
        alt.layer(*layers, data=_data(found))
        .add_params(colour)
        .resolve_scale(color="independent")
        .properties(width=WIDTH, height=300, title="Drag to choose cells; click beside them to let go")
    )
    chart.layer[0] = chart.layer[0].add_params(brush)
    both = alt.concat(
        alt.vconcat(chart, _key(levels), spacing=4), _chosen(found, brush, levels), columns=2, align="none"
    )
    spec = _finish(both, {"cells": table.to_csv(index=False), "levels": levels})
    by = table.groupby("group", sort=False)
    counts = by.size().rename("cells shown").to_frame()
    counts["percent"] = (100 * counts["cells shown"] / len(table)).round(1)
    told = counts.join(by[found].mean().round(2).add_prefix("mean ")).reset_index()
    return Explorer(spec, told.sort_values("group"), f"Map of {len(table)} cells to explore", label)


def _cells(adata: "AnnData", genes: Sequence[str], key: str, seed: int, most: int) -> pd.DataFrame:
    groups = adata.obs[key].astype(str)
    share = min(most / adata.n_obs, 1.0)
    rng = np.random.default_rng(seed)
    chosen = np.sort(
        np.concatenate(
            [
                rng.permutation(np.flatnonzero(groups == g))[: max(round(share * n), 1)]
                for g, n in groups.value_counts().items()
            ]
        )
    )
    kept = adata[chosen]
    table = pd.DataFrame(np.round(kept.obsm["X_umap"], 2).astype(float), columns=["x", "y"])
    table["group"] = groups.to_numpy()[chosen]
    for name, column in (("patient", "patient"), ("treatment", "condition")):
        if column in kept.obs and len(kept.obs[column].unique()) > 1:
            table[name] = kept.obs[column].astype(str).to_numpy()
    values = kept[:, list(genes)].X
    values = values.toarray() if hasattr(values, "toarray") else np.asarray(values)
    return table.join(pd.DataFrame(np.round(values, 1).astype(float), columns=list(genes)))


def _data(genes: Sequence[str]) -> Any:
    """Return the reference to the cells, which are kept as CSV: a third of the size."""
    import altair as alt

    return alt.NamedData(
        "cells", format=alt.CsvDataFormat(type="csv", parse=dict.fromkeys(("x", "y", *genes), "number"))
    )


def _levels(table: pd.DataFrame, words: Sequence[str], genes: Sequence[str], most: float) -> list[dict[str, Any]]:
    """Return what the colours mean: for each column its levels, for each gene four values; ``place`` is their order."""
    found: list[dict[str, Any]] = []
    for name in words:
        own = sorted(table[name].unique(), key=lambda level: (len(level), level))
        fixed = TREATMENTS if name == "treatment" else {}
        found += [
            {"of": name, "level": level, "colour": fixed.get(level, PALETTE[i % len(PALETTE)]), "place": i}
            for i, level in enumerate(own)
        ]
    for name in genes:
        told = [f"{most * i / (len(RAMP) - 1):.1f}" for i in range(len(RAMP))]
        found += [{"of": name, "level": told[i], "colour": RAMP[i], "place": i} for i in range(len(RAMP))]
    return found


def _colour(name: str, levels: Sequence[Mapping[str, Any]]) -> Any:
    import altair as alt

    scale = alt.Scale(domain=[one["level"] for one in levels], range=[one["colour"] for one in levels])
    return alt.Color(f"{name}:N").scale(scale).legend(None)


def _key(levels: Sequence[Mapping[str, Any]]) -> Any:
    """Return the key to the colours, four to a row."""
    import altair as alt

    rows = 1 + max(one["place"] for one in levels) // 4
    base = (
        alt.Chart(alt.NamedData("levels"))
        .transform_filter("datum.of == colour")
        .transform_calculate(left="datum.place % 4", top="floor(datum.place / 4)")
        .encode(x=alt.X("left:Q").axis(None).scale(domain=[0, 4]), y=alt.Y("top:Q").axis(None).scale(domain=[rows, 0]))
    )
    spots = base.mark_circle(size=80, xOffset=6, yOffset=9, aria=False).encode(color=alt.Color("colour:N").scale(None))
    words = base.mark_text(align="left", dx=14, dy=9, fontSize=12).encode(text="level:N")
    return alt.layer(spots, words).properties(width=WIDTH, height=20 * rows, view=alt.ViewConfig(stroke=None))


def _shown(brush: Any) -> Any:
    import altair as alt

    return alt.condition(brush, alt.value(0.9), alt.value(0.12))


def _chosen(genes: Sequence[str], brush: Any, levels: Sequence[Mapping[str, Any]]) -> Any:
    """Return the chart of the chosen cells by group: bars of their share, and the numbers beside them."""
    import altair as alt

    gene = genes[0]
    base = (
        alt.Chart(_data(genes))
        .transform_filter(brush)
        .transform_aggregate(cells="count()", mean=f"mean({gene})", groupby=["group"])
        .transform_joinaggregate(all="sum(cells)")
        .transform_calculate(percent="100 * datum.cells / datum.all")
    )
    y = alt.Y("group:N", title="group", sort=alt.SortField("group"))
    bars = base.mark_bar(height=15).encode(
        y=y,
        x=alt.X("percent:Q", title="share of the chosen cells (percent)").scale(domain=[0, 100]),
        color=_colour("group", [one for one in levels if one["of"] == "group"]),
    )
    told = base.transform_calculate(words="datum.cells + ' cells, ' + format(datum.mean, '.2f')").mark_text(
        align="left", dx=6, fontSize=12
    )
    return alt.layer(bars, told.encode(y=y, x=alt.value(184), text="words:N")).properties(
        width=180, height=200, title=f"The chosen cells by group, and their mean {gene}"
    )


def explore_dose(
    fit: "HillFit", table: pd.DataFrame, *, label: str, clinical: Mapping[str, Range] | None = None
) -> Explorer:
    """Show a dose curve whose EC50, slope and bottom can be moved over the wells that were measured.

    Parameters
    ----------
    fit
        Where the sliders stand at first; see ``fxyd3.rescue.fit_hill``.
    table
        The wells: dose_nM (controls, of dose 0, are left out) and viability (share of the control).
    label
        What the data are; written below.
    clinical
        Ranges in plasma (nM), by drug.

    Returns
    -------
    Explorer

    When not to use
    ---------------
    To fit: the eye weighs wells alike and overlooks how far noise would move the curve.

    Examples
    --------
    >>> from fxyd3.data.simulate import viability_plates
    >>> from fxyd3.plots import explore_dose
    >>> from fxyd3.rescue import fit_hill, viability
    >>> wells = viability(viability_plates(seed=1, plates=1).table)
    >>> own = wells[(wells["drug"] == "glycoside") & (wells["cells"] == "ancestral")]
    >>> shown = explore_dose(fit_hill(own["dose_nM"], own["viability"]), own, label="Simulated data (twin)")
    >>> [param["name"] for param in shown.spec["params"]]
    ['ec50', 'slope', 'bottom']
    """
    import altair as alt

    wells = table.loc[table["dose_nM"] > 0, ["dose_nM", "viability"]]
    mean = wells.groupby("dose_nM", as_index=False).mean().round(3)
    low, high = (float(np.log10(dose)) for dose in (mean["dose_nM"].min(), mean["dose_nM"].max()))
    middle = np.log10(fit.ec50.estimate) if fit.ec50.estimate > 0 else (low + high) / 2
    params = [
        _slider("ec50", "EC50 (log10 of nM)", middle, round(low, 1), round(high, 1), 0.05),
        _slider("slope", "Slope", fit.hill.estimate, 0.3, 4.0, 0.05),
        _slider("bottom", "Bottom", fit.bottom.estimate, 0.0, 0.9, 0.01),
    ]
    x = alt.X("dose_nM:Q", title="dose (nM)").scale(type="log", nice=False)
    y = alt.Y("viability:Q", title="viability (share of the control)").scale(domain=[0, 1.2])
    line = (
        alt.Chart(alt.sequence(low, high + 1e-9, 0.02, as_="log"))
        .transform_calculate(
            dose_nM="pow(10, datum.log)",
            viability=f"bottom + ({fit.top.estimate:.3f} - bottom) / (1 + pow(10, (datum.log - ec50) * slope))",
        )
        .mark_line(color=PALETTE[5], strokeWidth=3, aria=False)
        .encode(x=x, y=y)
    )
    points = alt.Chart(alt.NamedData("wells")).mark_circle(size=60, color=PALETTE[0], aria=False).encode(x=x, y=y)
    layers = [*_bands(clinical or {}, 10**low, 10**high), points, line]
    half = alt.Chart(alt.NamedData("one")).transform_calculate(dose_nM="pow(10, ec50)").mark_rule(
        color=GREY, strokeDash=[4, 3]
    )  # fmt: skip
    layers.append(half.encode(x=x))
    chart = alt.layer(*layers).add_params(*params).properties(width="container", height=280, autosize=WHOLE)
    spec = _finish(chart, {"wells": _rows(mean), "one": [{}]})
    return Explorer(spec, mean.rename(columns={"dose_nM": "dose (nM)"}), "Dose curve to move over the wells", label)


def explore_schedule(grid: pd.DataFrame, *, label: str, clinical: Mapping[str, Range] | None = None) -> Explorer:
    """Show the cells that a simulated schedule leaves by the dose of glycoside, for a dose of chemotherapy to choose.

    Parameters
    ----------
    grid
        See ``fxyd3.rescue.schedule_map``.
    label
        What the data are; written below.
    clinical
        Ranges in plasma (nM), by drug.

    Returns
    -------
    Explorer

    When not to use
    ---------------
    To choose doses: it is a simulation, and no order or dose in it is advice.

    Examples
    --------
    >>> from fxyd3.plots import explore_schedule
    >>> from fxyd3.rescue import orders, schedule_map
    >>> schedule = orders(mean_nM=1.5, chemotherapy_nM=500)["glycoside with"]
    >>> found = schedule_map(schedule, chemotherapy_nM=[500, 1000], glycoside_nM=[1, 10])
    >>> shown = explore_schedule(found, label="A simulation")
    >>> shown.spec["params"][0]["bind"]["max"]
    1
    """
    import altair as alt

    doses = sorted(grid["chemotherapy_nM"].unique())
    table = grid[["glycoside_nM", "fold"]].round(4)
    table = table.assign(dose=[doses.index(dose) for dose in grid["chemotherapy_nM"]])
    steps = pd.DataFrame({"dose": range(len(doses)), "nM": [float(f"{dose:.3g}") for dose in doses]})
    chosen = _slider("chemo", "Chemotherapy, step", len(doses) // 2, 0, len(doses) - 1, 1)
    x = alt.X("glycoside_nM:Q", title="glycoside (nM)").scale(type="log", nice=False)
    y = alt.Y("fold:Q", title="cells left, times those without glycoside").scale(domain=[0, 1.05])
    own = alt.Chart(alt.NamedData("grid")).transform_filter("datum.dose == chemo")
    line = own.mark_line(color=PALETTE[2], strokeWidth=3, aria=False).encode(x=x, y=y)
    told = (
        alt.Chart(alt.NamedData("steps"))
        .transform_filter("datum.dose == chemo")
        .transform_calculate(words="'chemotherapy ' + format(datum.nM, ',') + ' nM'")
        .mark_text(align="left", baseline="bottom", fontSize=13, fontWeight="bold")
        .encode(text="words:N", x=alt.value(8), y=alt.value(272))
    )
    low, high = table["glycoside_nM"].min(), table["glycoside_nM"].max()
    chart = alt.layer(*_bands(clinical or {}, low, high), line, told).add_params(chosen)
    chart = chart.properties(width="container", height=280, autosize=WHOLE)
    spec = _finish(chart, {"grid": _rows(table), "steps": _rows(steps)})
    shown = grid.pivot_table(index="glycoside_nM", columns="chemotherapy_nM", values="fold")
    few = shown.iloc[:: max(len(shown) // 8, 1), :: max(len(doses) // 4, 1)].round(2)
    few.columns = [f"chemotherapy {dose:,.3g} nM" for dose in few.columns]
    few = few.rename_axis("glycoside (nM)").reset_index().round({"glycoside (nM)": 2})
    return Explorer(spec, few, "Cells left by a simulated schedule, for a dose of chemotherapy to choose", label)


def _slider(name: str, words: str, value: float, low: float, high: float, step: float) -> Any:
    """Return a slider that stands at a value, or in its middle where the value is not known."""
    import altair as alt

    at = float(np.clip(value, low, high)) if np.isfinite(value) else (low + high) / 2
    return alt.param(name=name, value=round(at, 2), bind=alt.binding_range(min=low, max=high, step=step, name=words))


def _bands(clinical: Mapping[str, Range], low: float, high: float) -> list[Any]:
    import altair as alt

    rows = [
        {"drug": drug, "from": max(a, low), "to": min(b, high)}
        for drug, (a, b) in clinical.items()
        if a < high and b > low
    ]
    if not rows:
        return []
    base = alt.Chart(alt.InlineData(rows))
    box = base.mark_rect(color="#d9d2c4", opacity=0.7, aria=False).encode(
        x=alt.X("from:Q").scale(type="log"), x2="to:Q"
    )
    named = base.mark_text(align="left", baseline="top", dx=3, dy=3, fontSize=11).encode(
        x=alt.X("from:Q").scale(type="log"), y=alt.value(0), text="drug:N"
    )
    return [box, named]


def _rows(table: pd.DataFrame) -> list[dict[str, Any]]:
    return [{str(name): value for name, value in row.items()} for row in table.to_dict("records")]


def _finish(chart: Any, data: Mapping[str, Any]) -> dict[str, Any]:
    chart = chart.configure(font=FONT, background="white", padding=12).configure_view(stroke="#cccccc")
    chart = chart.configure_axis(labelFontSize=12, titleFontSize=12, titleFontWeight="normal", grid=False)
    chart = chart.configure_title(fontSize=12, fontWeight="normal", anchor="start", color="#444444")
    spec: dict[str, Any] = chart.configure_legend(labelFontSize=12).to_dict(validate=True)
    spec["datasets"] = {**spec.get("datasets", {}), **data}
    return spec

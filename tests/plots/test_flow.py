"""The figures of flow cytometry by their data and labels, not by their pixels."""

from collections.abc import Mapping
from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
from matplotlib.axes import Axes
from matplotlib.lines import Line2D

from fxyd3.data.assays import read_assay
from fxyd3.data.simulate import cell_sort
from fxyd3.enrichment import FlowSort, Gate, Scale, clean, read_sort
from fxyd3.plots import flow_cleaning, flow_density, flow_histograms, gate_sensitivity

LABEL = "Simulated data (twin)"
MARKERS = ("NRP1", "IGF1R")


@pytest.fixture(scope="module")
def found(tmp_path_factory: pytest.TempPathFactory) -> FlowSort:
    folder = tmp_path_factory.mktemp("sort")
    cell_sort(seed=1, events=6000, replicates=2).write(folder)
    return read_sort(read_assay("cell_sort", folder))


@pytest.fixture(scope="module")
def gates(found: FlowSort) -> dict[str, Gate]:
    return {marker: found.gate(marker) for marker in MARKERS}


def drawn(axes: Axes) -> None:
    """Draw the figure, which holds its label once."""
    figure = axes.get_figure(root=True)
    assert figure is not None
    figure.canvas.draw()
    assert [text.get_text() for text in figure.texts] == [LABEL]


def said(axes: Axes) -> list[str]:
    return [text.get_text() for text in axes.texts]


def legend(axes: Axes) -> list[str]:
    box = axes.get_legend() or next(iter(axes.figure.legends), None)
    assert box is not None
    return [text.get_text() for text in box.get_texts()]


def vertical(axes: Axes) -> list[float]:
    """Where vertical lines stand."""
    return [x[0] for line in axes.lines if len(x := np.asarray(line.get_xdata())) == 2 and x[0] == x[1]]


def horizontal(axes: Axes) -> list[float]:
    return [y[0] for line in axes.lines if len(y := np.asarray(line.get_ydata())) == 2 and y[0] == y[1]]


def test_cleaning_names_what_each_step_left_out(found: FlowSort) -> None:
    panels = flow_cleaning(found.example, label=LABEL)
    drawn(panels[0])
    assert len(panels) == 3
    removed = found.example.steps.set_index("step")["removed"]
    assert removed["time"] > 0
    assert legend(panels[0]) == ["passed", "time"]
    assert legend(panels[1]) == ["passed", *(step for step in ("debris", "doublets", "margin") if removed[step])]
    assert legend(panels[2]) == ["passed", "dead"]
    assert [axes.get_xlabel() for axes in panels] == ["time (s)", "FSC-A (thousand)", "viability"]
    assert [axes.get_ylabel() for axes in panels] == ["FSC-A (thousand)", "FSC-H (thousand)", "events"]


def test_cleaning_draws_each_event_where_it_lies(found: FlowSort) -> None:
    small = clean(found.example.events.keep(np.arange(len(found.example.events)) % 2 == 0))  # so few that all are drawn
    panels = flow_cleaning(small, label=LABEL)
    data = small.events.data
    for axes, x, y, scale in ((panels[0], "Time", "FSC-A", (1, 1000)), (panels[1], "FSC-A", "FSC-H", (1000, 1000))):
        for points in axes.collections:
            step = str(points.get_label())
            which = small.removed_by == step
            if step == "passed":
                which = np.isin(small.removed_by, ["time"] if x == "Time" else ["time", "debris", "doublets", "margin"])
                which = ~which
            expected = data.loc[which, [x, y]].to_numpy() / scale
            assert np.asarray(points.get_offsets()) == pytest.approx(expected, rel=1e-6), (x, step)
    whole = ~np.isin(small.removed_by, ["time", "debris", "doublets", "margin"])
    assert sum(bar.get_height() for bar in panels[2].patches) == whole.sum()


def test_a_large_tube_is_thinned(found: FlowSort) -> None:
    panels = flow_cleaning(found.example, label=LABEL)
    many = found.example.events.data
    twice = clean(replace(found.example.events, data=pd.concat([many, many], ignore_index=True)))
    large = flow_cleaning(twice, label=LABEL)
    for before, after in zip(panels[:2], large[:2], strict=True):
        dots = [sum(len(points.get_offsets()) for points in axes.collections) for axes in (before, after)]
        assert max(dots) <= 2 * 4000
        assert dots[1] <= dots[0]


@pytest.mark.parametrize(
    ("lacks", "empty", "text"),
    [("Time", 0, "no Time or FSC-A"), ("FSC-H", 1, "no FSC-A or FSC-H"), ("DAPI-A", 2, "no viability")],
)
def test_cleaning_without_a_channel_leaves_its_panel_empty(found: FlowSort, lacks: str, empty: int, text: str) -> None:
    events = found.example.events
    markers = {detector: marker for detector, marker in events.markers.items() if detector != lacks}
    panels = flow_cleaning(clean(replace(events, data=events.data.drop(columns=lacks), markers=markers)), label=LABEL)
    drawn(panels[0])
    for i, axes in enumerate(panels):
        assert said(axes) == ([text] if i == empty else [])
        assert bool(axes.collections or axes.patches) == (i != empty)


def test_density_shows_gates_and_the_share_in_each_corner(found: FlowSort, gates: Mapping[str, Gate]) -> None:
    axes = flow_density(found, gates, label=LABEL)
    drawn(axes)
    cells = found.stained
    x, y = (cells.channel(marker) for marker in MARKERS)
    assert vertical(axes) == [Scale.of(x)(gates["NRP1"].threshold)]
    assert horizontal(axes) == [Scale.of(y)(gates["IGF1R"].threshold)]
    right, top = (gates[marker].positive(cells) for marker in MARKERS)
    shares = {(at_right, at_top): 100 * ((right == at_right) & (top == at_top)).mean()
              for at_right in (False, True) for at_top in (False, True)}  # fmt: skip
    shown = {(text.get_position()[0] > 0.5, text.get_position()[1] > 0.5): text.get_text() for text in axes.texts}
    assert shown == {corner: f"{share:.1f}%" for corner, share in shares.items()}
    assert sum(float(text.rstrip("%")) for text in shown.values()) == pytest.approx(100, abs=0.2)  # four roundings
    assert (axes.get_xlabel(), axes.get_ylabel()) == ("NRP1 (PE-A)", "IGF1R (APC-A)")


def test_density_counts_every_event_once(found: FlowSort, gates: Mapping[str, Gate]) -> None:
    axes = flow_density(found, gates, label=LABEL)
    counts = next(each.get_array() for each in axes.collections if each.get_array() is not None)
    assert counts is not None
    assert np.ma.filled(counts, 0).sum() == len(found.stained)


def test_density_with_the_axes_exchanged(found: FlowSort, gates: Mapping[str, Gate]) -> None:
    axes = flow_density(found, dict(reversed(gates.items())), label=LABEL)
    assert axes.get_xlabel() == "IGF1R (APC-A)"
    assert vertical(axes) == [Scale.of(found.stained.channel("IGF1R"))(gates["IGF1R"].threshold)]


def test_ticks_are_decades_on_the_scale(found: FlowSort, gates: Mapping[str, Gate]) -> None:
    axes = flow_density(found, gates, label=LABEL)
    scale = Scale.of(found.stained.channel("NRP1"))
    for place, text in zip(axes.get_xticks(), axes.get_xticklabels(), strict=True):
        name = text.get_text().replace("−", "-")
        value = 0 if name == "0" else float(name.replace("10$^", "1e").rstrip("$"))
        assert scale.inverse(place) == pytest.approx(value, abs=1e-3)


@pytest.mark.parametrize("markers", [("NRP1",), MARKERS])
def test_histograms_set_cells_beside_their_controls(
    found: FlowSort, gates: Mapping[str, Gate], markers: tuple[str, ...]
) -> None:
    panels = flow_histograms(found, {marker: gates[marker] for marker in markers}, label=LABEL)
    drawn(panels[0])
    assert len(panels) == len(markers)
    for axes, marker in zip(panels, markers, strict=True):
        names = [text.get_text() for text in axes.get_yticklabels()]
        assert names == ["unstained", f"FMO {marker}", "isotype", "stained"]
        scale = Scale.of(np.concatenate([each.channel(marker) for each in found.tubes("stained")]))
        assert vertical(axes) == [scale(gates[marker].threshold)]
        assert axes.get_xlabel() == f"{marker} ({gates[marker].detector})"
        curves = [line for line in axes.lines if len(line.get_xdata()) > 2]
        for i, curve in enumerate(curves):
            height = np.asarray(curve.get_ydata())
            assert height.max() == pytest.approx(i + 0.9)
            assert height.min() >= i
        assert len(curves) == len(names)
        assert beyond(curves[3], float(scale(gates[marker].threshold))) > beyond(
            curves[2], float(scale(gates[marker].threshold))
        )


def beyond(curve: Line2D, x: float) -> float:
    """The share of a histogram to the right of a place."""
    place, height = (np.asarray(each) for each in curve.get_data())
    height = height - height.min()
    return float(height[place > x].sum() / height.sum())


def test_histograms_show_the_controls_that_there_are(found: FlowSort, gates: Mapping[str, Gate]) -> None:
    fewer = replace(found, table=found.table[found.table["sample"].isin(["stained", "isotype"])])
    (axes,) = flow_histograms(fewer, {"NRP1": gates["NRP1"]}, label=LABEL)
    drawn(axes)
    assert [text.get_text() for text in axes.get_yticklabels()] == ["isotype", "stained"]


def test_sensitivity_draws_the_table(found: FlowSort) -> None:
    table = found.sensitivity(quantiles=[0.9, 0.99, 0.999])
    panels = gate_sensitivity(table, chosen=0.99, label=LABEL)
    drawn(panels[0])
    assert [axes.get_title(loc="left") or axes.get_title() for axes in panels] == list(MARKERS)
    assert legend(panels[0]) == ["isotype control", "FMO control", "no control: mixture"]
    for axes, marker in zip(panels, MARKERS, strict=True):
        own = table[table["marker"] == marker]
        lines = {str(line.get_label()): line for line in axes.lines}
        for by, name in (("isotype", "isotype control"), ("fmo", "FMO control")):
            part = own[own["by"] == by]
            assert lines[name].get_ydata().tolist() == part["percent"].tolist()
            assert lines[name].get_xdata() == pytest.approx([10, 1, 0.1])
        assert horizontal(axes) == own.loc[own["by"] == "mixture", "percent"].tolist()
        assert 1 in np.round(vertical(axes), 9)
        assert [text.get_text() for text in axes.get_xticklabels()] == ["0.1", "1", "10"]
        assert axes.get_xlim()[0] > axes.get_xlim()[1]  # stricter gates to the right
        assert len({line.get_linestyle() for line in lines.values()}) == len(lines)  # told apart without colour


def test_sensitivity_of_one_marker_and_one_control(found: FlowSort) -> None:
    table = found.sensitivity(quantiles=[0.9, 0.99])
    (axes,) = gate_sensitivity(table[(table["marker"] == "NRP1") & (table["by"] == "isotype")], chosen=0.9, label=LABEL)
    drawn(axes)
    assert legend(axes) == ["isotype control"]
    assert vertical(axes) == pytest.approx([10])

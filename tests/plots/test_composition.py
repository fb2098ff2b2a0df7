"""The figures of composition and survival by their data and labels, not by their pixels."""

import matplotlib as mpl
import numpy as np
import pandas as pd
import pytest
from matplotlib.axes import Axes

from fxyd3.plots._composition import composition, composition_forest, size_of_tests, survival
from fxyd3.plots._house import GREY
from fxyd3.tolerance._composition import CompositionChange, composition_change
from fxyd3.tolerance._size import cohorts
from fxyd3.tolerance._survival import ancestral_survival

LABEL = "Simulated data (twin)"


def table(patients: int = 5, states: int = 5) -> pd.DataFrame:
    counts = cohorts(np.random.default_rng(1), patients=patients, simulations=1, change=[2, 2, 0, 0, 0])[
        0, ..., :states
    ]
    index = pd.MultiIndex.from_product(
        [[f"P{i + 1:02}" for i in range(patients)], ["before", "after"], [f"state {i}" for i in range(states)]],
        names=["patient", "condition", "state"],
    )
    return pd.Series(counts.ravel(), index=index, name="cells").reset_index()


@pytest.fixture
def found() -> CompositionChange:
    return composition_change(table())


def drawn(axes: Axes) -> list[str]:
    """All words of the figure, drawn."""
    axes.figure.canvas.draw()
    assert LABEL in [text.get_text() for text in axes.figure.texts]
    return [text.get_text() for text in axes.figure.findobj(mpl.text.Text)]


def apart(axes: Axes, texts: list[mpl.text.Text]) -> bool:
    """Whether no two of the texts overlap."""
    axes.figure.canvas.draw()
    boxes = [text.get_window_extent() for text in texts if text.get_text()]
    return not any(one.overlaps(other) for i, one in enumerate(boxes) for other in boxes[:i])


def test_shares_of_each_patient_are_joined_in_the_panel_of_the_state(found: CompositionChange) -> None:
    panels = composition(found, label=LABEL)
    assert [panel.get_title(loc="left") for panel in panels] == found.table["state"].tolist()
    for panel, state in zip(panels, found.table["state"], strict=True):
        own = found.per_patient[found.per_patient["state"] == state]
        lines = [line.get_ydata() for line in panel.lines]
        shares = 100 * own[["before_share", "after_share"]].to_numpy()
        assert np.array(lines[:-1]) == pytest.approx(shares)
        assert lines[-1] == pytest.approx(shares.mean(axis=0))
        assert panel.get_ylim()[0] == 0
        assert panel.get_ylim()[1] > shares.max()
    words = drawn(panels[0])
    assert {"P01", "P05", "mean", "patient"} <= set(words)
    assert len({line.get_marker() for line in panels[0].lines[:-1]}) == found.n  # not by colour alone


def test_many_patients_are_grey_and_counted() -> None:
    panels = composition(composition_change(table(15, 3)), label=LABEL)
    assert {line.get_color() for line in panels[0].lines[:-1]} == {GREY}
    assert {"15 patients", "mean"} <= set(drawn(panels[0]))


@pytest.mark.parametrize(("patients", "states"), [(1, 5), (9, 4), (3, 1), (12, 5)])
def test_other_numbers_of_patients_and_states_are_drawn(patients: int, states: int) -> None:
    panels = composition(composition_change(table(patients, states)), label=LABEL)
    assert len(panels) == states
    assert "P01" in drawn(panels[0])
    assert ("mean" in drawn(panels[0])) == (patients > 1)


def test_the_forest_shows_both_ways_from_the_highest_down(found: CompositionChange) -> None:
    axes = composition_forest(found, label=LABEL)
    ordered = found.table.sort_values("change", ascending=False)
    assert [tick.get_text() for tick in axes.get_yticklabels()] == ordered["state"].tolist()
    for marker, start in (("o", ""), ("s", "count_")):
        points = [line for line in axes.lines if line.get_marker() == marker and len(line.get_xdata())]
        assert [line.get_xdata()[0] for line in points] == pytest.approx(ordered[f"{start}change"].tolist())
        clear = (ordered[f"{start}lower"] > 0) | (ordered[f"{start}upper"] < 0)
        assert [line.get_markerfacecolor() != "white" for line in points] == clear.tolist()
    segments = [np.array(each.get_segments())[:, :, 0] for each in axes.collections]
    assert segments[0] == pytest.approx(ordered[["lower", "upper"]].to_numpy())
    assert segments[1] == pytest.approx(ordered[["count_lower", "count_upper"]].to_numpy())
    assert "change against the mean of all states (log2; 5 patients)" in drawn(axes)
    assert apart(axes, axes.texts)


def test_notes_stand_below_the_forest_once_each() -> None:
    cells = table()
    gone = cells["condition"] == "after"
    cells.loc[gone & cells["state"].isin(["state 1", "state 2"]) & (cells["patient"] == "P02"), "cells"] = 0
    cells.loc[gone & (cells["state"] == "state 4"), "cells"] = 0
    axes = composition_forest(composition_change(cells), label=LABEL)
    names = {tick.get_text() for tick in axes.get_yticklabels()}
    assert {"state 0", "state 1 *", "state 2 *", "state 4 **"} <= names
    below = axes.get_xlabel()
    assert below.count("no cells after in 1 of 5 patients") == 1
    assert "** no cells after in any patient" in below


def test_one_patient_has_points_without_intervals() -> None:
    axes = composition_forest(composition_change(table(1)), label=LABEL)
    words = drawn(axes)
    assert words.count("–") == 10
    assert any("1 patient)" in word for word in words)


def test_nothing_to_compare_is_drawn_as_nothing() -> None:
    cells = table()
    cells = cells[cells["condition"] == "before"]
    empty = composition_change(cells)
    assert composition(empty, label=LABEL) == []
    assert composition_forest(empty, label=LABEL).get_yticklabels() == []
    axes = survival(ancestral_survival(cells, ancestral=["state 0"]), null=0, smallest=1, label=LABEL)
    assert "not testable in these data" in drawn(axes)


def test_survival_is_drawn_for_each_patient_with_its_control_in_folds() -> None:
    found = ancestral_survival(table(), ancestral=["state 0", "state 1"])
    axes = survival(found, null=0, smallest=1, label=LABEL)
    words = drawn(axes)
    assert {"no effect", "smallest effect\nof interest", "1", "2", "4"} <= set(words)
    points = [np.asarray(each.get_offsets())[:, 1] for each in axes.collections if len(each.get_offsets()) == 5]
    assert points[0] == pytest.approx(found.per_patient["log2_ratio"].to_numpy())
    assert points[1] == pytest.approx(found.dealt["log2_ratio"].to_numpy())
    assert found.interval is not None
    bars = [bar.lines[0].get_ydata()[0] for bar in axes.containers]
    assert found.control is not None
    assert bars == pytest.approx([found.interval.estimate, found.control.estimate])
    lines = [
        line.get_ydata()[0] for line in axes.lines if len(set(line.get_ydata())) == 1 and line.get_linestyle() != "-"
    ]
    assert {0, 1} <= set(lines)


def test_tests_beyond_their_level_are_marked() -> None:
    rates = pd.DataFrame(
        {
            "test": ["fair, patients", "unfair, cells"],
            "rejected": [0.05, 0.7],
            "lower": [0.03, 0.65],
            "upper": [0.08, 0.75],
        }
    )
    axes = size_of_tests(rates, label=LABEL)
    words = drawn(axes)
    assert {"fair,\npatients", "unfair,\ncells", "5.0 %", "70.0 %", "promised: 5 %"} <= set(words)
    points = [line for line in axes.lines if line.get_marker() in ("o", "s")]
    assert [line.get_xdata()[0] for line in points] == pytest.approx([5, 70])
    assert [line.get_marker() for line in points] == ["o", "s"]
    assert points[0].get_markerfacecolor() == "white"
    assert any(list(line.get_xdata()) == [5, 5] for line in axes.lines)

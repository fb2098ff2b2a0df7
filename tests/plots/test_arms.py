"""The figures of dosing orders by their data and labels, not by their pixels."""

from itertools import pairwise

import numpy as np
import pytest
from matplotlib.axes import Axes

from fxyd3.data.assays import ARMS
from fxyd3.data.simulate import dosing_order
from fxyd3.plots._arms import interactions, tolerant_fraction
from fxyd3.rescue._arms import DosingOrders, dosing_orders

LABEL = "Simulated data (twin)"


@pytest.fixture(scope="module")
def twin() -> DosingOrders:
    return dosing_orders(dosing_order(seed=1).table)


def said(axes: Axes) -> list[str]:
    axes.figure.canvas.draw()
    assert LABEL in [text.get_text() for text in axes.figure.texts]
    return [text.get_text() for text in axes.figure.legends[0].get_texts()]


def test_every_experiment_is_a_line_over_the_arms_beside_the_mean(twin: DosingOrders) -> None:
    axes = tolerant_fraction(twin, label=LABEL)
    assert said(axes) == ["E1", "E2", "E3", "E4", "mean and its interval"]
    for name, line in zip(["E1", "E2", "E3", "E4"], axes.lines, strict=False):
        own = twin.per_experiment[twin.per_experiment["experiment"] == name]
        assert own["arm"].to_list() == list(ARMS)
        np.testing.assert_allclose(line.get_ydata(), 100 * own["fraction"])
    (bar,) = axes.containers
    np.testing.assert_allclose(bar.lines[0].get_ydata(), 100 * twin.fractions["fraction"])
    ends = np.array([segment[:, 1] for segment in bar.lines[2][0].get_segments()])
    np.testing.assert_allclose(ends, 100 * twin.fractions[["lower", "upper"]])
    assert axes.get_ylabel() == "ancestral cells among the living (percent)"
    assert axes.get_ylim()[0] == 0


def test_names_of_arms_do_not_overlap(twin: DosingOrders) -> None:
    axes = tolerant_fraction(twin, label=LABEL)
    axes.figure.canvas.draw()
    boxes = [tick.get_window_extent() for tick in axes.get_xticklabels()]
    assert len(boxes) == 6
    assert all(left.x1 < right.x0 for left, right in pairwise(boxes))


def test_many_experiments_are_named_once() -> None:
    found = dosing_orders(dosing_order(seed=1, experiments=12).table)
    assert said(tolerant_fraction(found, label=LABEL)) == ["experiment", "mean and its interval"]


def test_interactions_are_drawn_by_order_on_a_log_scale(twin: DosingOrders) -> None:
    axes = interactions(twin, label=LABEL)
    axes.figure.canvas.draw()
    assert LABEL in [text.get_text() for text in axes.figure.texts]
    names = [tick.get_text().replace("\n", " ") for tick in axes.get_yticklabels()]
    assert names == ["ancestral cells", "other cells", "ancestral beyond other"] * 3
    drawn = [float(np.asarray(bar.lines[0].get_xdata()).item()) for bar in axes.containers]
    np.testing.assert_allclose(2.0 ** np.array(drawn), twin.summary()["ratio"])
    ends = np.array([bar.lines[2][0].get_segments()[0][:, 0] for bar in axes.containers])
    np.testing.assert_allclose(2.0**ends, twin.summary()[["lower", "upper"]])
    assert np.diff([np.asarray(bar.lines[0].get_ydata()).item() for bar in axes.containers]).max() < 0
    assert {"1/4", "1/2", "1", "2"} <= {tick.get_text() for tick in axes.get_xticklabels()}
    assert [text.get_text().replace("\n", " ") for text in axes.texts][:3] == [
        "both together", "chemotherapy, then glycoside", "glycoside, then chemotherapy",
    ]  # fmt: skip


def test_experiments_are_marked_below_each_mean(twin: DosingOrders) -> None:
    axes = interactions(twin, label=LABEL)
    marks = [np.sort(np.asarray(line.get_xdata())) for line in axes.lines if line.get_marker() == "|"]
    marks = [each for each in marks if len(each) == twin.n]  # the caps of the intervals are such lines too
    both = twin.per_experiment[twin.per_experiment["arm"] == "both"]
    np.testing.assert_allclose(marks[2], np.sort(both["beyond"] / np.log(2)))


@pytest.mark.parametrize("draw", [tolerant_fraction, interactions])
def test_one_experiment_without_sequences_is_drawn_without_intervals(draw: object) -> None:
    table = dosing_order(seed=1, experiments=1).table
    axes = draw(dosing_orders(table[table["arm"].isin(ARMS[:4])]), label=LABEL)  # type: ignore[operator]
    axes.figure.canvas.draw()
    assert len(axes.get_xticklabels() if draw is tolerant_fraction else axes.containers) == (
        4 if draw is tolerant_fraction else 3
    )

"""The figures of limiting dilution by their data and labels, not by their pixels."""

import numpy as np
import pandas as pd
import pytest
from matplotlib.axes import Axes

from fxyd3.data.simulate import limiting_dilution
from fxyd3.enrichment._elda import Elda, elda
from fxyd3.enrichment._ratio import enrichment_ratio
from fxyd3.plots._wells import enrichment_per_experiment, log_fraction, positive_wells, slopes, surviving_fraction

LABEL = "Simulated data (twin)"
CORNERS = pd.DataFrame(
    {
        "group": list("aabbcc"),
        "cells_per_well": [10, 100] * 3,
        "wells_tested": 12,
        "wells_positive": [0, 0, 12, 12, 3, 12],
    }
)


@pytest.fixture
def twin() -> Elda:
    return elda(limiting_dilution(seed=1, experiments=1).table, group="group")


def points(axes: Axes, *, filled: bool) -> np.ndarray:
    """The points drawn, in the order of the groups; open ones are doses with wells all alike."""
    chosen = [each for each in axes.collections if (each.get_facecolor()[0, :3].min() < 1) == filled]
    return np.concatenate([np.asarray(each.get_offsets()) for each in chosen])


def names(axes: Axes) -> list[str]:
    axes.figure.canvas.draw()
    assert LABEL in [text.get_text() for text in axes.figure.texts]
    legend = axes.get_legend()
    assert legend is not None
    assert legend.get_window_extent().y1 <= axes.get_window_extent().y0  # below the data, not over them
    return [text.get_text() for text in legend.get_texts()]


def test_log_fractions_are_the_logs_of_the_empty_shares(twin: Elda) -> None:
    axes = log_fraction(twin, label=LABEL)
    empty = 1 - twin.table["wells_positive"] / twin.table["wells_tested"]
    seen = empty > 0
    assert points(axes, filled=True)[:, 1] == pytest.approx(np.log(empty[seen]))
    assert points(axes, filled=True)[:, 0] == pytest.approx(twin.table.loc[seen, "cells_per_well"])
    assert (~seen).sum() == len(points(axes, filled=False)) > 0
    assert (points(axes, filled=False)[:, 1] == axes.get_ylim()[0]).all()


def test_lines_fall_from_the_origin_with_the_frequency_and_its_limits(twin: Elda) -> None:
    axes = log_fraction(twin, label=LABEL, interval="likelihood")
    steepness = [-line.get_ydata()[1] / line.get_xdata()[1] for line in axes.lines]
    assert steepness == pytest.approx(twin.frequencies("likelihood").iloc[:, 1:].to_numpy().ravel().tolist())
    assert all(line.get_xdata()[0] == line.get_ydata()[0] == 0 for line in axes.lines)


def test_positive_wells_lie_on_lines_of_slope_one(twin: Elda) -> None:
    axes = positive_wells(twin, label=LABEL)
    for line in axes.lines:
        (x0, x1), (y0, y1) = line.get_xdata(), line.get_ydata()
        assert (y1 - y0) / np.log(x1 / x0) == pytest.approx(1)
    share = twin.table["wells_positive"] / twin.table["wells_tested"]
    mixed = share.between(0, 1, inclusive="neither")
    assert points(axes, filled=True)[:, 1] == pytest.approx(np.log(-np.log1p(-share[mixed])))
    ticks = {text.get_text(): at for text, at in zip(axes.get_yticklabels(), axes.get_yticks(), strict=True)}
    assert 1 - np.exp(-np.exp(ticks["63"])) == pytest.approx(0.63)


@pytest.mark.parametrize("draw", [log_fraction, positive_wells])
def test_groups_are_named_with_what_they_hold(twin: Elda, draw: object) -> None:
    said = names(draw(twin, label=LABEL))  # type: ignore[operator]
    estimates = twin.summary()["estimate"]
    assert [text.split(":")[0] for text in said] == list(twin.groups)
    assert said[2].startswith(f"unsorted: 1 in {estimates[2]:.0f}\n(")


@pytest.mark.parametrize("method", ["wald", "firth"])
@pytest.mark.parametrize("draw", [log_fraction, positive_wells])
def test_groups_with_wells_all_alike_are_drawn_at_the_edge(draw: object, method: str) -> None:
    axes = draw(elda(CORNERS, group="group"), label=LABEL, interval=method)  # type: ignore[operator]
    assert np.isfinite(points(axes, filled=True)).all()
    if method == "wald":
        assert names(axes)[:2] == ["a: 1 in ∞\n(441 to ∞)", "b: 1 in 1\n(1 to 6.62)"]
    if draw is positive_wells:
        edges = axes.get_ylim()
        assert sorted(points(axes, filled=False)[:, 1]) == pytest.approx([edges[0]] * 2 + [edges[1]] * 3)


def test_triangles_of_groups_that_share_a_dose_do_not_hide_each_other() -> None:
    axes = log_fraction(elda(CORNERS, group="group"), label=LABEL)
    at_100 = points(axes, filled=False)[-2:, 0]
    assert abs(np.diff(at_100)).item() > 0.01 * axes.get_xlim()[1]


def test_enrichment_is_drawn_for_each_sort_with_its_control_in_folds() -> None:
    found = enrichment_ratio(limiting_dilution(seed=1).table)
    axes = enrichment_per_experiment(found, null=0, smallest=1, label=LABEL)
    axes.figure.canvas.draw()
    assert [text.get_text() for text in axes.get_xticklabels()] == [
        "IGF1R-high", "NRP1-high", "all sorts\ntogether", "unsorted wells,\ndealt at random",
    ]  # fmt: skip
    assert {"no effect", "smallest effect\nof interest"} == {text.get_text() for text in axes.texts}
    drawn = [np.asarray(each.get_offsets())[:, 1] for each in axes.collections if len(each.get_offsets()) == 4]
    by_group = found.per_experiment.groupby("group")["log2_ratio"]
    assert drawn[0] == pytest.approx(by_group.get_group("IGF1R-high").to_numpy())
    assert drawn[3] == pytest.approx(found.dealt["log2_ratio"].to_numpy())
    shown = {text.get_text() for text in axes.get_yticklabels()}
    assert {"1", "2", "4"} <= shown


@pytest.mark.parametrize(
    "keep",
    [
        lambda t: t[t["group"] != "unsorted"],
        lambda t: t[t["group"] == "unsorted"],
        lambda t: t[t["experiment"] == "E1"],
        lambda t: t[t["group"] != "NRP1-high"],
    ],
)
def test_what_is_missing_is_not_drawn(keep: object) -> None:
    found = enrichment_ratio(keep(limiting_dilution(seed=1).table))  # type: ignore[operator]
    axes = enrichment_per_experiment(found, null=0, smallest=1, label=LABEL)
    axes.figure.canvas.draw()
    assert "no effect" in [text.get_text() for text in axes.texts]


def test_survival_starts_at_one_and_falls_as_the_table_says() -> None:
    table = pd.DataFrame(
        {"group": ["a", "a", "b"], "dose": [2.0, 4.0, 2.0], "estimate": [-1.0, -3.0, 0.0], "lower": [-2.0, -4.0, -1.0],
         "upper": [0.0, -2.0, 1.0]}
    )  # fmt: skip
    axes = surviving_fraction(table, label="mine")
    drawn = [bar.lines[0].get_ydata().tolist() for bar in axes.containers]
    assert drawn == [[1, 0.5, 0.125], [1, 1]]
    assert [text.get_text() for text in axes.get_legend().get_texts()] == ["a", "b"]
    assert axes.get_yscale() == "log"


def test_slopes_are_drawn_in_order_beside_one() -> None:
    table = pd.DataFrame(
        {"group": ["a", "a", "b"], "name": ["0 Gy", "8 Gy", "0 Gy"], "slope": [1.0, np.inf, 0.7],
         "lower": [0.8, 1.2, 0.5], "upper": [1.3, np.inf, 0.9]}
    )  # fmt: skip
    axes = slopes(table, label="mine")
    assert [tick.get_text() for tick in axes.get_yticklabels()] == ["a, 0 Gy", "a, 8 Gy", "b, 0 Gy"]
    points = [line.get_xdata() for line in axes.lines if line.get_marker() not in ("None", None)]
    assert [float(np.asarray(x).item()) for x in points] == [1.0, 0.7]  # a slope without a number has no point

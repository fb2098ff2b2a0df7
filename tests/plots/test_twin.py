"""Figures of the page on the twin: what they draw, by their data and labels."""

from __future__ import annotations

from typing import TYPE_CHECKING

import matplotlib as mpl
import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
import pytest

from fxyd3 import plots
from fxyd3.data.simulate import ASSAYS

if TYPE_CHECKING:
    from collections.abc import Iterator

LABEL = "Simulated data (twin)"


@pytest.fixture(autouse=True)
def closed() -> Iterator[None]:
    mpl.use("agg")
    yield
    assert any(text.get_text() == LABEL for text in plt.gcf().findobj(mpl.text.Text))
    plt.close("all")


def test_quantiles_are_drawn_from_end_to_end() -> None:
    at = [0.05, 0.25, 0.5, 0.75, 0.95]
    real, simulated = (pd.DataFrame({"quantile": at, "counts": np.array(at) * scale}) for scale in (100, 200))
    (axes,) = plots.compare_quantiles(real, simulated, measures={"counts": "counts in a cell"}, label=LABEL)
    drawn = {(line.get_xdata()[0], *np.round(line.get_ydata(), 6)) for line in axes.lines}
    assert {(0, 5.0, 95.0), (0, 25.0, 75.0), (0, 50.0), (1, 10.0, 190.0), (1, 100.0)} <= drawn
    assert [tick.get_text() for tick in axes.get_xticklabels()] == ["real", "simulated"]


def test_trends_stand_beside_poisson() -> None:
    table = pd.DataFrame({"mean": [0.1, 1.0, 10.0], "variance": [0.2, 2.0, 40.0], "dropout": [0.9, 0.5, 0.1]})
    variance, dropout = plots.compare_trends(table, table, label=LABEL)
    poisson = next(line for line in dropout.lines if line.get_label() == "Poisson")
    assert np.allclose(poisson.get_ydata(), np.exp(-poisson.get_xdata()))
    assert [text.get_text() for text in variance.get_legend().get_texts()] == ["real", "simulated", "Poisson"]


def test_programmes_of_both_sides_meet_by_name() -> None:
    pairs = pd.DataFrame({"quantile": [0.1, 0.9], "absolute_r": [0.01, 0.2]})
    real = pd.DataFrame({"programme": ["a", "b"], "mean_r": [0.3, 0.1]})
    simulated = pd.DataFrame({"programme": ["b", "a"], "mean_r": [0.5, 0.2]})
    _, axes = plots.compare_correlations(pairs, pairs, real, simulated, label=LABEL)
    assert [tick.get_text() for tick in axes.get_yticklabels()] == ["b", "a"]
    drawn = {line.get_label(): list(line.get_xdata()) for line in axes.lines}
    assert drawn["real"] == [0.1, 0.3]
    assert drawn["simulated"] == [0.5, 0.2]


def test_the_first_comparison_stands_above() -> None:
    table = pd.DataFrame({"comparison": ["one", "two"], "auroc": [0.9, 0.5], "lower": [0.8, 0.4], "upper": [1, 0.6]})
    axes = plots.told_apart(table, label=LABEL)
    assert [tick.get_text() for tick in axes.get_yticklabels()] == ["two", "one"]
    assert list(axes.lines[0].get_xdata()) == [0.5, 0.9]


def test_coverage_is_drawn_in_percent() -> None:
    table = pd.DataFrame({"what": ["x"], "share": [0.94], "low": [0.9], "high": [0.97]})
    axes = plots.recovered(table, label=LABEL)
    assert list(axes.lines[1].get_xdata()) == [94.0]


def test_every_assay_has_its_panel() -> None:
    made = {assay.name: assay for assay in (make(seed=2) for make in ASSAYS)}
    panels = plots.assays(made, label=LABEL)
    assert len({axes.get_title(loc="left") for axes in panels}) == len(ASSAYS)
    assert all(axes.has_data() for axes in panels)
    with pytest.raises(KeyError):
        plots.assays({}, label=LABEL)

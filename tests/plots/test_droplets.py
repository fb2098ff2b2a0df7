import numpy as np
import pandas as pd
import pytest

from fxyd3 import cells, plots

LABEL = "Simulated data (twin)"


def test_doublets_draws_both_scores_and_the_threshold() -> None:
    found = cells.Doublets(pd.DataFrame(), np.linspace(0, 1, 80), 0.25, separate=False)
    axes = plots.doublets(pd.Series([0.1, 0.2, np.nan, 0.3]), found, label=LABEL)
    assert axes.lines[0].get_xdata()[0] == 0.25
    said = [text.get_text() for text in axes.get_legend().get_texts()]
    assert set(said) == {"cells", "doublets made on paper", "threshold: 0.25"}


def test_doublets_shows_no_gaps_where_scores_have_none() -> None:
    share = np.repeat((np.arange(60) + 1) / 62, 50)
    scores = share * 0.025 / (0.95 - share * 0.925)  # evenly spaced shares, scores far apart where they are high
    axes = plots.doublets(pd.Series(scores), cells.Doublets(pd.DataFrame(), scores, 0.2, separate=False), label=LABEL)
    heights = np.array([bar.get_height() for bar in axes.containers[0]])
    widths = np.array([bar.get_width() for bar in axes.containers[0]])
    assert (heights > 0).all()
    assert (heights * widths).sum() == pytest.approx(1)


def test_selection_draws_kept_and_others_end_to_end() -> None:
    table = pd.DataFrame({"cells": [5, 9], "kept": [4, 2], "other": [1, 7]}, index=["one", "two"])
    axes = plots.selection(table, label=LABEL)
    assert [bar.get_width() for bar in axes.patches] == [4, 2, 1, 7]
    assert [bar.get_x() for bar in axes.patches[2:]] == [4, 2]
    assert [tick.get_text() for tick in axes.get_yticklabels()] == ["one", "two"]
    assert [text.get_text() for text in axes.get_legend().get_texts()] == ["kept: 6", "other lineages: 8"]


def test_copy_numbers_draws_the_chosen_above_the_reference() -> None:
    rng = np.random.default_rng(0)
    profile = rng.normal(0, 0.01, (500, 30)).astype(np.float32)
    profile[:300, :10] += 0.5
    about = pd.DataFrame({"reference": np.arange(500) >= 300, "score": 0.0, "likeness": rng.random(500)})
    names = np.array(["1"] * 10 + ["2"] * 12 + ["X"] * 8)
    axes = plots.copy_numbers(cells.CopyNumber(profile, names, about, 900, pd.DataFrame()), label=LABEL)
    drawn = np.asarray(axes.images[0].get_array())
    assert drawn.shape == (200, 30)
    assert drawn[:100, :10].mean() > 0.4
    assert abs(drawn[100:]).mean() < 0.1
    assert [tick.get_text().strip() for tick in axes.get_xticklabels()] == ["1", "2", "X"]

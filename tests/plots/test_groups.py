from collections.abc import Iterator

import matplotlib as mpl
import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
import pytest
from matplotlib.axes import Axes
from matplotlib.collections import PathCollection

from fxyd3.cells import tree
from fxyd3.plots._groups import group_tree

LABELS = pd.DataFrame({0.1: [1] * 100, 0.5: [1] * 60 + [2] * 40, 1.0: [1] * 30 + [3] * 30 + [2] * 36 + [1] * 4})


@pytest.fixture
def axes() -> Iterator[Axes]:
    mpl.use("agg")
    yield group_tree(tree(LABELS), chosen=0.5, label="Simulated data (test)")
    plt.close("all")


def test_a_circle_for_each_group_with_its_area_and_number(axes: Axes) -> None:
    circles = [each for each in axes.collections if isinstance(each, PathCollection)]
    assert [len(each.get_offsets()) for each in circles] == [1, 2, 3]
    one, two = circles[1].get_sizes()
    assert one / two == pytest.approx(60 / 40)
    assert circles[0].get_sizes()[0] == max(each.get_sizes().max() for each in circles)
    numbers = [text.get_text() for text in axes.texts if text.get_text().isdigit()]
    assert sorted(numbers) == ["1", "1", "1", "2", "2", "3"]


def test_lines_are_as_wide_as_the_share_they_bring(axes: Axes) -> None:
    width = sorted(line.get_linewidth() / 6 for line in axes.lines)
    np.testing.assert_allclose(width, sorted([1, 1, 30 / 34, 4 / 34, 1, 1]))


def test_groups_stand_below_where_their_cells_come_from(axes: Axes) -> None:
    last = axes.collections[2].get_offsets()[:, 0]
    order = [text.get_text() for text in axes.texts if text.get_text().isdigit()][3:]
    assert list(last) == sorted(last)
    assert order == ["3", "1", "2"]


def test_the_chosen_row_is_named_not_only_coloured(axes: Axes) -> None:
    said = [text.get_text() for text in axes.texts if "group" in text.get_text()]
    assert said == ["1 group", "2 groups, chosen", "3 groups"]
    assert [tick.get_text() for tick in axes.get_yticklabels()] == ["0.1", "0.5", "1"]
    assert axes.figure.get_supxlabel() == "Simulated data (test)"

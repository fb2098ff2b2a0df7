"""Figures of profiles show the numbers of the table, mark what is clear, and carry the label of the data."""

from collections.abc import Iterator

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
import pytest

from fxyd3.errors import InputError
from fxyd3.plots._profiles import profile_forest, profile_map

LABEL = "Simulated data (twin)"


@pytest.fixture(autouse=True)
def _close() -> Iterator[None]:
    yield
    plt.close("all")


@pytest.fixture
def table() -> pd.DataFrame:
    rows = [
        ("10", "EMT", 1.26, 0.9, 1.6, 6),
        ("10", "cell cycle", -0.31, -0.9, 0.3, 6),
        ("2", "EMT", -0.84, -1.2, -0.4, 5),
        ("2", "cell cycle", 0.02, np.nan, np.nan, 2),
        ("1", "EMT", np.nan, np.nan, np.nan, 0),
        ("1", "cell cycle", 0.5, -0.1, 1.1, 4),
    ]
    return pd.DataFrame(rows, columns=["group", "set", "difference", "lower", "upper", "patients"])


def test_the_map_says_each_number_and_stars_what_is_clear(table: pd.DataFrame) -> None:
    axes = profile_map(table, label=LABEL)
    assert [t.get_text() for t in axes.get_xticklabels()] == ["10", "2", "1"]
    assert [t.get_text() for t in axes.get_yticklabels()] == ["EMT", "cell cycle"]
    said = {tuple(map(int, t.get_position())): t.get_text() for t in axes.texts}
    assert said == {(0, 0): "+1.3★", (0, 1): "−0.3", (1, 0): "−0.8★", (1, 1): "0.0", (2, 0): "–", (2, 1): "+0.5"}
    image = axes.images[0]
    assert tuple(image.get_clim()) == (-1.26, 1.26)
    drawn = np.ma.filled(image.get_array().astype(float), np.nan)
    np.testing.assert_array_equal(drawn, [[1.26, -0.84, np.nan], [-0.31, 0.02, 0.5]])
    assert LABEL in {t.get_text() for t in axes.figure.texts}


def test_the_forest_draws_estimate_interval_and_patients(table: pd.DataFrame) -> None:
    axes = profile_forest(table, of="cell cycle", label=LABEL)
    assert [t.get_text() for t in axes.get_yticklabels()] == ["10", "2", "1"]
    lines = [line for line in axes.lines if len(line.get_xdata()) == 2 and line.get_linestyle() == "-"]
    assert [tuple(line.get_xdata()) for line in lines] == [(-0.9, 0.3), (-0.1, 1.1)]
    points = [line for line in axes.lines if line.get_marker() == "o"]
    assert [float(line.get_xdata()[0]) for line in points] == [-0.31, 0.02, 0.5]
    assert {line.get_markerfacecolor() for line in points} == {"white"}
    assert [t.get_text() for t in axes.texts][:3] == ["6", "2", "4"]
    assert axes.get_ylim() == (2.5, -0.5)


def test_a_clear_point_is_filled_and_an_unknown_one_left_out(table: pd.DataFrame) -> None:
    axes = profile_forest(table, of="EMT", label=LABEL)
    points = [line for line in axes.lines if line.get_marker() == "o"]
    assert len(points) == 2
    assert "white" not in {line.get_markerfacecolor() for line in points}


def test_a_set_that_is_not_there(table: pd.DataFrame) -> None:
    with pytest.raises(InputError, match="no set 'hypoxia' in the table: choose one of EMT, cell cycle"):
        profile_forest(table, of="hypoxia", label=LABEL)

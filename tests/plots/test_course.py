"""The figures of courses and growth by their data and labels, not by their pixels."""

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
import pytest

from fxyd3 import plots
from fxyd3.tolerance import course_bottleneck, course_shares, growth_rates, serial_dilution

LABEL = "Measured data"


@pytest.fixture
def course() -> pd.DataFrame:
    rng = np.random.default_rng(1)
    return pd.DataFrame(
        {"arm": np.repeat(["untreated", "A", "B"], [80, 60, 5]), "day": np.repeat([0, 30, 60], [80, 60, 5]),
         "cluster": rng.choice(["C1", "C2", "C3"], 145), "barcode": rng.choice(list("abcdefgh"), 145)}
    )  # fmt: skip


def heights(axes: plt.Axes, name: str) -> np.ndarray:
    container = next(c for c in axes.containers if c.get_label() == name)
    return np.asarray(container.lines[0].get_ydata(), dtype=float)


def test_shares_of_the_chosen_groups_are_drawn_sample_by_sample(course: pd.DataFrame) -> None:
    table = course_shares(course)
    axes = plots.course_shares(table, by="cluster", chosen=["C3", "C1"], label=LABEL)
    assert heights(axes, "C1") == pytest.approx(100 * table.loc[table["cluster"] == "C1", "share"])
    assert [text.get_text() for text in axes.get_xticklabels()] == ["0\nuntreated", "30\nA", "60\nB"]
    assert LABEL in [text.get_text() for text in axes.figure.texts]


def test_clones_as_read_and_in_the_same_number_of_cells(course: pd.DataFrame) -> None:
    table = course_bottleneck(course, fewest=20, resamples=5)
    axes = plots.course_bottleneck(table, label=LABEL)
    as_read = next(line for line in axes.lines if line.get_label() == "all clones, as read")
    assert list(as_read.get_ydata()) == table.loc[table["order"] == 0, "observed"].tolist()
    found = heights(axes, "dominant clones, same number of cells")
    assert found[:2] == pytest.approx(table.loc[table["order"] == 2, "standardised"].iloc[:2])
    assert "5 cells\nwith a barcode" in [text.get_text() for text in axes.texts]


def test_growth_is_drawn_by_dose(course: pd.DataFrame) -> None:
    layout = serial_dilution({"one": "BC", "two": "DE"}, columns=[2, 3], top=9, fold=3, control=4)
    table = layout.merge(pd.DataFrame({"hours": [0.0, 8, 12, 16]}), how="cross")
    table["confluence"] = 10 * 2 ** (table["hours"] / (24 + table["dose"]))
    panels = plots.confluence(table, label=LABEL)
    assert [axes.get_title(loc="left") for axes in panels] == ["one", "two"]
    assert len(panels[0].lines) == 3
    rates = growth_rates(table)
    axes = plots.dip_rates(rates, label=LABEL)
    assert heights(axes, "two") == pytest.approx(rates.loc[rates["cells"] == "two", "rate"])
    assert [text.get_text() for text in axes.get_xticklabels()] == ["none", "3", "9"]

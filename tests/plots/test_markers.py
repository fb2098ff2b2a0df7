from collections.abc import Iterator

import matplotlib as mpl
import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
import pytest

from fxyd3 import plots

LABEL = "Simulated data (null twin)"


@pytest.fixture(autouse=True)
def closed() -> Iterator[None]:
    mpl.use("agg")
    yield
    plt.close("all")


def test_p_values_are_drawn_as_shares_of_all() -> None:
    found = {"same counts": np.array([0.01] * 30 + [0.5] * 10), "other half": np.linspace(0.001, 0.999, 400)}
    same, other = plots.p_values(found, label=LABEL)
    assert same.patches[0].get_height() == pytest.approx(20 * 0.75)
    assert [bar.get_height() for bar in other.patches] == pytest.approx([1] * 20, abs=0.1)
    assert same.get_title(loc="left").endswith("75 % below 0.05")
    assert same.get_ylim() == other.get_ylim()


def test_dots_are_as_large_as_the_share_and_scaled_within_genes() -> None:
    table = pd.DataFrame(
        {"gene": ["A", "A", "B", "B"], "group": ["1", "2", "1", "2"], "level": [2.0, 1, 0.1, 0.2],
         "percent": [80.0, 40, 10, 20]}
    )  # fmt: skip
    axes = plots.marker_dots(table, label=LABEL)
    dots = axes.collections[0]
    assert (dots.get_sizes() / dots.get_sizes()[0]).tolist() == pytest.approx([1, 0.5, 0.125, 0.25])
    assert dots.get_array().tolist() == pytest.approx([1, 0.5, 0.5, 1])
    assert [tick.get_text() for tick in axes.get_yticklabels()] == ["A", "B"]

import numpy as np
import pandas as pd
import pytest

from fxyd3 import plots
from fxyd3.cells._pseudobulk import Effects
from fxyd3.plots._markers import effect_forest

LABEL = "Simulated data (null twin)"


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


def test_the_forest_shows_every_patient_and_the_interval() -> None:
    each = pd.DataFrame(
        {"gene": "A", "group": ["1", "1", "2"], "patient": ["P1", "P2", "P1"], "log2fc": [1.0, 2, -1],
         "auroc": [0.6, 0.8, 0.4]}
    )  # fmt: skip
    table = pd.DataFrame(
        {"gene": "A", "group": ["1", "2"], "log2fc": [1.5, -1], "log2fc_lower": [0.5, np.nan],
         "log2fc_upper": [2.5, np.nan], "auroc": [0.7, 0.4], "auroc_lower": [0.5, np.nan], "auroc_upper": [0.9, np.nan]}
    )  # fmt: skip
    change, area = effect_forest(Effects(each, table), gene="A", label=LABEL)
    first, second, bars, means = change.collections
    assert first.get_offsets()[:, 0].tolist() == [1, -1]
    assert second.get_offsets()[:, 0].tolist() == [2]
    assert bars.get_segments()[0][:, 0].tolist() == [0.5, 2.5]
    assert means.get_offsets()[:, 0].tolist() == [1.5, -1]
    assert area.collections[-1].get_offsets()[:, 0].tolist() == [0.7, 0.4]
    assert [tick.get_text() for tick in change.get_yticklabels()] == ["1", "2"]
    assert first.get_paths()[0].vertices.shape != second.get_paths()[0].vertices.shape  # patients differ in shape too
    assert LABEL in [text.get_text() for text in change.figure.texts]

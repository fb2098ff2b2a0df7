"""The figures of lineages by their data and labels, not by their pixels."""

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
import pytest

from fxyd3.data.simulate import lineage_barcodes
from fxyd3.plots._clones import clonal_diversity, clone_selection, clone_sharing
from fxyd3.tolerance import lineage_diversity, selection_coefficient, shared_barcodes

LABEL = "Simulated data (twin)"


@pytest.fixture(scope="module")
def table() -> pd.DataFrame:
    return lineage_barcodes(seed=1).table


def drawn(axes: plt.Axes, marker: str) -> np.ndarray:
    """What is drawn with a marker, in the order drawn; the keys of the legend hold nothing."""
    assert LABEL in [text.get_text() for text in axes.figure.texts]
    return np.concatenate(
        [np.asarray(line.get_xydata()).reshape(-1, 2) for line in axes.lines if line.get_marker() == marker]
    )


def test_diversity_as_read_stands_beside_what_is_compared(table: pd.DataFrame) -> None:
    found = lineage_diversity(table, resamples=5)
    axes = clonal_diversity(found, label=LABEL)
    each = found.per_experiment.sort_values(["order", "experiment"], kind="stable")
    assert sorted(drawn(axes, "D")[:, 0]) == pytest.approx(sorted(each["observed"]))
    assert sorted(drawn(axes, "o")[:, 0]) == pytest.approx(sorted(each["standardised"]))
    assert all(np.isclose(drawn(axes, "|")[:, 0], mean).any() for mean in found.table["estimate"])
    ticks = dict(zip((text.get_text() for text in axes.get_xticklabels()), axes.get_xticks(), strict=True))
    assert ticks["1"] == 0, "folds: no difference is 1"


def test_sharing_goes_from_chance_to_what_was_found(table: pd.DataFrame) -> None:
    found = shared_barcodes(table)
    axes = clone_sharing(found, label=LABEL)
    lines = {line.get_label(): line.get_ydata() for line in axes.lines}
    for row in found.per_experiment.itertuples():
        assert list(lines[row.experiment]) == pytest.approx([100 * row.chance, 100 * row.overlap])
    assert f"{100 * found.interval.estimate:+.1f}".replace("-", "−") in axes.get_title(loc="left")
    nothing = clone_sharing(shared_barcodes(table[table["arm"] == "A1"]), label=LABEL)
    assert "nothing" in nothing.texts[0].get_text()


def test_selection_shows_cells_clones_and_what_was_inherited(table: pd.DataFrame) -> None:
    found = selection_coefficient(table)
    left, right = clone_selection(found, label=LABEL)
    each = found.per_experiment
    assert sorted(drawn(left, "o")[:, 0]) == pytest.approx(sorted(each["cells"]))
    assert sorted(drawn(left, "s")[:, 0]) == pytest.approx(sorted(each["clones"]))
    assert sorted(drawn(right, "o")[:, 0]) == pytest.approx(sorted(100 * each["inherited"]))
    assert right.get_xlim() == (0, 100)


def test_without_states_there_is_nothing_to_draw_but_axes(table: pd.DataFrame) -> None:
    left, right = clone_selection(selection_coefficient(table, state=""), label=LABEL)
    assert all("nothing" in axes.texts[0].get_text() for axes in (left, right))
    assert [text.get_text() for text in left.get_yticklabels()] == ["of ancestral cells", "of their clones"]

import anndata
import numpy as np
import pandas as pd
import pytest
from matplotlib.collections import PathCollection

from fxyd3.plots._paths import agreement, group_links, order_by_group

LABEL = "Simulated data (test)"
LINKS = pd.DataFrame(
    {
        "one": ["1", "1", "2"],
        "other": ["2", "3", "3"],
        "links": [50, 5, 0],
        "expected": [100.0, 100.0, 100.0],
        "connectivity": [0.5, 0.05, 0.0],
        "tree": [True, False, False],
    }
)


@pytest.fixture
def cells() -> anndata.AnnData:
    own = anndata.AnnData(np.zeros((60, 1), dtype=np.float32))
    group = np.repeat(["1", "2", "3"], [30, 20, 10])
    own.obs["cluster"] = pd.Categorical(group)
    own.obs["patient"] = ["P1", "P2"] * 30
    own.obs["ancestral"] = group == "3"
    own.obs["pseudotime"] = np.repeat([0.9, 0.5, 0.1], [30, 20, 10]) + np.tile([0.0, 0.02], 30)
    own.obs["potency"], own.obs["signature"] = 0.5, 1.0
    own.obsm["X_umap"] = np.repeat([[0.0, 0.0], [4.0, 0.0], [0.0, 4.0]], [30, 20, 10], axis=0)
    return own


def test_lines_are_as_wide_as_links_are_many_and_none_where_there_are_none(cells: anndata.AnnData) -> None:
    axes = group_links(cells, LINKS, key="cluster", label=LABEL)
    strong, weak = axes.lines
    assert strong.get_linewidth() == pytest.approx(14 * 0.5)
    assert weak.get_linewidth() == pytest.approx(0.8)
    assert strong.get_linestyle() != weak.get_linestyle()
    assert strong.get_xdata().tolist() == [0, 4]
    assert [text.get_text() for text in axes.texts] == ["0.5", "1", "2", "3"]
    assert axes.figure.get_supxlabel() == LABEL


def test_groups_stand_where_their_cells_are(cells: anndata.AnnData) -> None:
    axes = group_links(cells, LINKS, key="cluster", label=LABEL)
    nodes = [each for each in axes.collections if isinstance(each, PathCollection)][1:]
    assert [each.get_offsets().tolist() for each in nodes] == [[[0, 0]], [[4, 0]], [[0, 4]]]
    sizes = [each.get_sizes()[0] for each in nodes]
    assert sizes[0] > sizes[1] > sizes[2]


def test_groups_in_order_of_pseudotime_with_a_mark_per_patient(cells: anndata.AnnData) -> None:
    drawn = order_by_group(cells.obs, label=LABEL)
    assert [axes.get_xlabel() for axes in drawn] == ["pseudotime", "potency (rank)", "progenitor activity"]
    assert [tick.get_text() for tick in drawn[0].get_yticklabels()] == ["3 ★", "2", "1"]
    marks = [each for each in drawn[0].collections if isinstance(each, PathCollection)]
    assert [each.get_label() for each in marks] == ["P1", "P2"]
    np.testing.assert_allclose(marks[1].get_offsets()[:, 0], [0.12, 0.52, 0.92])


def test_cells_without_a_pseudotime_leave_a_gap_not_an_error(cells: anndata.AnnData) -> None:
    cells.obs.loc[cells.obs["cluster"] == "1", "pseudotime"] = np.nan
    drawn = order_by_group(cells.obs.drop(columns="patient"), label=LABEL)
    assert [tick.get_text() for tick in drawn[0].get_yticklabels()] == ["3 ★", "2", "1"]


def test_agreement_beside_random_roots() -> None:
    table = pd.DataFrame(
        {
            "rho": [-0.8, 0.3],
            "lower": [-0.9, np.nan],
            "upper": [-0.7, np.nan],
            "patients": [6, 1],
            "any_low": [-0.5, np.nan],
            "any_high": [0.4, np.nan],
        },
        index=["pseudotime and potency", "potency and activity"],
    )
    axes = agreement(table, label=LABEL)
    (bar,) = axes.patches
    assert bar.get_x() == pytest.approx(-0.5)
    assert bar.get_width() == pytest.approx(0.9)
    assert [tick.get_text() for tick in axes.get_yticklabels()] == ["pseudotime\nand potency", "potency\nand activity"]
    assert axes.get_legend_handles_labels()[1] == [
        "roots drawn at random (5 to 95 %)",
        "these cells (95 % over patients)",
    ]

"""Figures by their data and labels, not by their pixels."""

import anndata
import matplotlib as mpl
import numpy as np
import pandas as pd
import pytest
from matplotlib.axes import Axes

from fxyd3 import plots

LABEL = "Simulated data (twin)"


@pytest.fixture
def study() -> anndata.AnnData:
    rng = np.random.default_rng(0)
    found = anndata.AnnData(np.zeros((60, 1), dtype=np.float32), obsm={"X_umap": rng.normal(size=(60, 2))})
    found.obs["cluster"] = pd.Categorical(["1", "2", "3"] * 20)
    found.obs["patient"] = pd.Categorical(["P1"] * 30 + ["P2"] * 30)
    found.obs["signature"] = found.obs["cluster"].astype(int) + (found.obs["patient"] == "P2") * 0.5
    found.obs["ancestral"] = found.obs["cluster"] == "3"
    found.obs["n_genes"] = rng.integers(100, 900, 60)
    found.obs["pct_mito"] = rng.uniform(0, 30, 60)
    return found


def labelled(axes: Axes) -> bool:
    figure = axes.figure
    figure.canvas.draw()
    return any(text.get_text() == LABEL for text in figure.findobj(mpl.text.Text))


def test_quality_draws_every_cell_and_the_thresholds(study: anndata.AnnData) -> None:
    genes, mito = plots.quality(study.obs, min_genes=200, max_mito=20, label=LABEL)
    assert sum(bar.get_height() for bar in genes.patches) == 60
    assert genes.lines[0].get_xdata()[0] == 200
    assert mito.lines[0].get_xdata()[0] == 20
    assert labelled(genes)


def test_quality_without_symbols(study: anndata.AnnData) -> None:
    study.obs["pct_mito"] = np.nan
    _, mito = plots.quality(study.obs, min_genes=200, max_mito=20, label=LABEL)
    assert any("not known" in text.get_text() for text in mito.texts)


def test_umap_names_each_group_in_its_place(study: anndata.AnnData) -> None:
    axes = plots.umap(study, key="cluster", label=LABEL)
    assert [text.get_text() for text in axes.texts] == ["1", "2", "3"]
    inside = (study.obs["cluster"] == "2").to_numpy()
    np.testing.assert_array_equal(axes.collections[1].get_offsets(), study.obsm["X_umap"][inside])
    assert labelled(axes)


def test_stability_beside_the_null() -> None:
    table = pd.DataFrame(
        {"groups": [2, 3], "ari": [0.9, 0.95], "ari_low": [0.8, 0.9], "ari_high": [1, 1], "null": [0, 0.3],
         "null_high": [0.1, 0.5], "model_high": [0.2, 0.4], "thinned": [0.6, 0.7], "supported": [True, True]},
        index=pd.Index([0.1, 1.0], name="resolution"),
    )  # fmt: skip
    axes = plots.stability(table, chosen=1.0, label=LABEL)
    drawn = axes.lines[:4]
    wanted = [[0.9, 0.95], [0.6, 0.7], [0.1, 0.5], [0.2, 0.4]]
    assert [list(line.get_ydata()) for line in drawn] == wanted
    assert len({(line.get_linestyle(), line.get_marker()) for line in drawn}) == 4
    assert [text.get_text() for text in axes.texts] == ["2", "3"]
    assert labelled(axes)
    assert len(plots.stability(table, chosen=0, label=LABEL).lines) == 4


def test_by_group_draws_the_mean_of_each_patient(study: anndata.AnnData) -> None:
    axes = plots.by_group(study.obs, value="signature", ylabel="activity", label=LABEL)
    heights = np.array([points.get_offsets()[:, 1] for points in axes.collections])
    np.testing.assert_allclose(heights, [[1, 2, 3], [1.5, 2.5, 3.5]])
    assert [tick.get_text() for tick in axes.get_xticklabels()] == ["1", "2", "3 ★"]
    assert len({points.get_paths()[0].vertices.shape for points in axes.collections}) == 2
    assert labelled(axes)


def test_per_patient_points_and_interval() -> None:
    table = pd.DataFrame({"auroc": [0.7, 0.8, 0.9], "control": [0.5, 0.5, 0.51]}, index=["P1", "P2", "P3"])
    axes = plots.per_patient(
        table, values={"auroc": "FXYD3", "control": "random genes"}, intervals={"auroc": (0.8, 0.55, 1.0)},
        ylabel="AUROC", null=0.5, smallest=0.7, label=LABEL,
    )  # fmt: skip
    assert axes.collections[0].get_offsets()[:, 1].tolist() == [0.7, 0.8, 0.9]
    assert len(axes.containers) == 1
    assert [tick.get_text() for tick in axes.get_xticklabels()] == ["FXYD3", "random genes"]
    assert labelled(axes)


def test_nothing_to_draw_is_said() -> None:
    axes = plots.per_patient(
        pd.DataFrame(), values={"auroc": "FXYD3"}, intervals={}, ylabel="AUROC", null=0.5, smallest=0.7, label=LABEL
    )
    assert any("not testable" in text.get_text() for text in axes.texts)


def test_quality_shades_the_adaptive_thresholds(study: anndata.AnnData) -> None:
    limits = pd.DataFrame({"min_genes": [50.0, 90.0], "max_mito": [12.0, 15.0]}, index=["a", "b"])
    for axes, low, high in zip(
        plots.quality(study.obs, min_genes=200, max_mito=20, label=LABEL, limits=limits),
        (50, 12),
        (90, 15),
        strict=True,
    ):
        shade = axes.patches[-1]
        assert (shade.get_x(), shade.get_x() + shade.get_width()) == pytest.approx((low, high))
        assert "adaptive, 2 samples" in [text.get_text() for text in axes.get_legend().get_texts()]

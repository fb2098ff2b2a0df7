"""Two transforms of the same counts: what they agree on, and the formula of the residuals."""

from collections.abc import Callable

import anndata
import numpy as np
import pytest
from scipy.sparse import csr_matrix
from sklearn.decomposition import PCA

from fxyd3 import cells
from fxyd3.cells._transform import _components, _residuals, transforms
from fxyd3.errors import InputError


def test_residuals_are_the_formula_on_the_counts() -> None:
    counts = np.random.default_rng(0).poisson(2, (40, 30))
    mean = np.outer(counts.sum(axis=1), counts.sum(axis=0)) / counts.sum()
    expected = np.clip((counts - mean) / np.sqrt(mean + mean**2 / 100), -np.sqrt(40), np.sqrt(40))
    assert _residuals(csr_matrix(counts)) == pytest.approx(expected, abs=1e-4)


def test_components_are_principal_components() -> None:
    values = np.random.default_rng(1).normal(size=(80, 50)).astype(np.float32)
    values[:40, :10] += 2
    points, share = _components(values, 5, 1)
    method = PCA(5, svd_solver="full").fit(values)
    assert share == pytest.approx(method.explained_variance_ratio_, rel=1e-3)
    assert np.abs(points) == pytest.approx(np.abs(method.transform(values)), abs=1e-2)


def test_both_find_planted_groups(prepared: anndata.AnnData) -> None:
    table = transforms(prepared, n_comps=15)
    assert list(table.index) == ["shifted logarithm", "Pearson residuals"]
    assert (table["groups"] == 4).all()
    assert (table["ari"] > 0.9).all()
    assert (table["overlap"] > 3 * table["overlap_chance"]).all()
    assert (table["n"] == prepared.n_obs).all()


def test_residuals_flatten_the_trend_of_one_cloud(simulate: Callable[..., anndata.AnnData]) -> None:
    kept, _ = cells.qc(simulate(500, groups=1))
    cells.normalise(kept, n_top_genes=5000)
    table = transforms(kept, n_comps=10)
    assert table.loc["shifted logarithm", "trend"] > 0.5
    assert table.loc["Pearson residuals", "trend"] < table.loc["shifted logarithm", "trend"]


def test_a_component_of_depth_is_found(prepared: anndata.AnnData) -> None:
    deep = prepared.copy()
    rank = np.asarray(deep.layers["counts"].sum(axis=1)).ravel().argsort().argsort() / deep.n_obs
    log = deep.X.toarray()
    log[:, deep.var["highly_variable"]] += 4 * rank[:, None]
    deep.X = csr_matrix(log)
    row = transforms(deep, n_comps=10).loc["shifted logarithm"]
    assert row["depth_component"] == 1
    assert row["depth_r"] > 0.95
    assert row["depth_r"] > transforms(prepared, n_comps=10).loc["shifted logarithm", "depth_r"]


def test_same_seed_same_table(prepared: anndata.AnnData) -> None:
    one, two = (transforms(prepared, n_comps=10, max_cells=300) for _ in range(2))
    assert one.equals(two)
    assert (one["n"] == 300).all()


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"n_comps": 900}, "n_comps is 900 and n_neighbors 15, but"),
        ({"n_neighbors": 40, "n_comps": 5, "max_cells": 41}, "41 cells and .* allow 40 and 39"),
    ],
)
def test_bad_numbers_in_one_sentence(prepared: anndata.AnnData, change: dict[str, int], message: str) -> None:
    with pytest.raises(InputError, match=message):
        transforms(prepared, **change)


def test_asks_for_counts(prepared: anndata.AnnData) -> None:
    bare = prepared.copy()
    del bare.layers["counts"]
    with pytest.raises(InputError, match="run normalise first"):
        transforms(bare)

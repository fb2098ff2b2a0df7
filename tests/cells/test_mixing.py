"""LISI beside a slow reference and cases known by hand; mixing where batches were planted."""

import anndata
import numpy as np
import pandas as pd
import pytest
from numpy.typing import NDArray
from scipy.optimize import brentq
from scipy.spatial.distance import cdist

from fxyd3.cells._mixing import lisi, mixing
from fxyd3.errors import InputError


def slow(points: NDArray[np.float64], labels: NDArray[np.int64], perplexity: int) -> NDArray[np.float64]:
    """The definition, one cell at a time."""
    values = []
    for i, far in enumerate(cdist(points, points)):
        near = np.argsort(far)[1 : 3 * perplexity + 1]
        assert i not in near

        def weights(b: float, d: NDArray[np.float64]) -> NDArray[np.float64]:
            w = np.exp(-b * (d - d.min()))
            return w / w.sum()

        def excess(log_b: float, d: NDArray[np.float64]) -> float:
            w = weights(np.exp(log_b), d)
            return float(-(w * np.log(w + 1e-300)).sum() - np.log(perplexity))

        w = weights(np.exp(brentq(excess, -10, 10, args=(far[near],))), far[near])
        values.append(1 / sum(w[labels[near] == name].sum() ** 2 for name in np.unique(labels)))
    return np.array(values)


def test_equals_the_definition() -> None:
    rng = np.random.default_rng(0)
    points, labels = rng.normal(size=(300, 5)), rng.integers(0, 3, 300)
    assert lisi(points, labels, perplexity=20) == pytest.approx(slow(points, labels, 20), abs=2e-3)


def test_one_where_labels_are_apart_and_two_where_two_mix() -> None:
    rng = np.random.default_rng(1)
    points, labels = rng.normal(size=(2000, 3)), np.repeat([0, 1], 1000)
    assert lisi(points + 100 * labels[:, None], labels) == pytest.approx(1)
    alike = np.zeros((92, 3))  # equal weights: 90 of the 91 others, 45 or 44 against 45 or 46 of each label
    assert lisi(alike, np.tile([0, 1], 46)) == pytest.approx(2, abs=0.005)


def test_neither_names_nor_rows_nor_units_matter() -> None:
    rng = np.random.default_rng(2)
    points, labels = rng.normal(size=(200, 4)), rng.integers(0, 3, 200)
    found, order = lisi(points, labels, perplexity=10), rng.permutation(200)
    assert lisi(points[order], labels[order], perplexity=10) == pytest.approx(found[order], abs=1e-6)
    assert lisi(7 * points, np.array(["x", "a", "m"])[labels], perplexity=10) == pytest.approx(found, abs=1e-3)


@pytest.mark.parametrize(
    ("labels", "perplexity", "message"),
    [
        (np.zeros(9), 30, "9 labels for 100 cells"),
        (np.r_[np.nan, np.zeros(99)], 30, "1 of 100 labels are missing"),
        (np.zeros(100), 33, "choose from 2 to 32"),
    ],
)
def test_bad_labels_in_one_sentence(labels: NDArray[np.float64], perplexity: int, message: str) -> None:
    with pytest.raises(InputError, match=message):
        lisi(np.random.default_rng(0).normal(size=(100, 2)), labels, perplexity=perplexity)


@pytest.fixture(scope="module")
def planted() -> anndata.AnnData:
    """Two groups 6 apart along one axis; before, two batches 6 apart along another."""
    rng = np.random.default_rng(3)
    batch, group = rng.integers(0, 2, 1200), rng.integers(0, 2, 1200)
    after = rng.normal(size=(1200, 4)) + 6 * np.outer(group, [1, 0, 0, 0])
    obs = pd.DataFrame({"batch": batch.astype(str), "cluster": group.astype(str), "one": "a"}, index=batch_names(1200))
    return anndata.AnnData(
        np.zeros((1200, 1), np.float32),
        obs=obs,
        obsm={"X_pca": after + 6 * np.outer(batch, [0, 1, 0, 0]), "X_harmony": after},
    )


def batch_names(n: int) -> list[str]:
    return [f"cell{i}" for i in range(n)]


def test_correction_mixes_batches_and_keeps_groups(planted: anndata.AnnData) -> None:
    table = mixing(planted, batch="batch", group="cluster")
    assert list(table.index) == ["before", "after"]
    assert (table["n"] == 1200).all()
    assert table.loc["before", "iLISI"] < 0.05 < 0.8 < table.loc["after", "iLISI"]
    assert table.loc["before", "silhouette_batch"] < 0.5 < 0.9 < table.loc["after", "silhouette_batch"]
    assert (table["cLISI"] > 0.95).all()
    assert table.loc["after", "silhouette_group"] > table.loc["before", "silhouette_group"] > 0.5


def test_groups_of_one_batch_cannot_mix(planted: anndata.AnnData) -> None:
    table = mixing(planted, batch="batch", group="batch")
    assert table["silhouette_batch"].isna().all()
    assert table["iLISI"].to_numpy() == pytest.approx(1 - table["cLISI"].to_numpy())


def test_a_draw_of_cells_gives_nearly_the_same(planted: anndata.AnnData) -> None:
    columns = {"batch": "batch", "group": "cluster"}
    some, whole = mixing(planted, **columns, max_cells=600), mixing(planted, **columns)
    assert (some["n"] == 600).all()
    assert np.abs(some - whole).drop(columns="n").to_numpy().max() < 0.1


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"after": "X_harmnoy"}, "no space 'X_harmnoy'.*did you mean 'X_harmony'"),
        ({"batch": "batsch"}, "no column 'batsch'.*did you mean 'batch'"),
        ({"group": "one"}, "'one' has fewer than two levels"),
    ],
)
def test_bad_names_in_one_sentence(planted: anndata.AnnData, change: dict[str, str], message: str) -> None:
    with pytest.raises(InputError, match=message):
        mixing(planted, **({"batch": "batch", "group": "cluster"} | change))

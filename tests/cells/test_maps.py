"""What maps keep, where it is known: nothing lost, everything lost, one axis lost."""

import logging

import anndata
import faiss
import numba
import numpy as np
import pytest
from numpy.typing import NDArray

from fxyd3.cells._maps import distortion, second_map, shared_neighbours
from fxyd3.errors import InputError


def study(points: NDArray[np.float64], **maps: NDArray[np.float64]) -> anndata.AnnData:
    return anndata.AnnData(
        np.zeros((len(points), 1), np.float32), obsm={"X_pca": points, **maps}, uns={"fxyd3_space": "X_pca"}
    )


@pytest.fixture(scope="module")
def flat() -> NDArray[np.float64]:
    return np.random.default_rng(0).normal(size=(600, 2))


def test_a_turned_and_scaled_map_keeps_all(flat: NDArray[np.float64]) -> None:
    turned = 40 * flat @ np.array([[0.6, -0.8], [0.8, 0.6]])
    found = distortion(study(flat, X_umap=turned), maps=["X_umap"]).loc["X_umap"]
    assert found[["trustworthiness", "preservation", "distances"]].to_numpy(float) == pytest.approx(1, abs=1e-3)


def test_shuffled_and_random_maps_are_at_chance(flat: NDArray[np.float64]) -> None:
    shuffled = np.random.default_rng(1).permutation(flat)
    table = distortion(study(flat, X_umap=shuffled), maps=["X_umap"], n_neighbors=20)
    assert list(table.index) == ["X_umap", "random"]
    assert table["preservation"].to_numpy() == pytest.approx(20 / 599, abs=0.006)
    assert table["trustworthiness"].to_numpy() == pytest.approx(0.5, abs=0.03)
    assert table["distances"].to_numpy() == pytest.approx(0, abs=0.05)
    assert (table["n"] == 600).all()


def test_losing_an_axis_costs_a_part(flat: NDArray[np.float64]) -> None:
    lost = np.c_[flat, np.random.default_rng(2).normal(size=600)]
    table = distortion(study(lost, X_umap=flat), maps=["X_umap"])
    for column, chance in (("trustworthiness", 0.5), ("preservation", 15 / 599), ("distances", 0)):
        assert chance + 0.1 < table.loc["X_umap", column] < 0.95


def test_shared_neighbours_by_hand() -> None:
    line = np.array([[0.0], [1.0], [2.1], [3.3], [4.6]])
    swapped = line[[0, 1, 2, 4, 3]]
    assert shared_neighbours(line, line, n_neighbors=2).tolist() == [1] * 5
    # On the line cells 0 to 4 have {1,2} {0,2} {1,3} {2,4} {2,3}; with the last two swapped, cell 2 has {1,4}.
    assert shared_neighbours(line, swapped, n_neighbors=2).tolist() == [1, 1, 0.5, 1, 1]


def test_second_map_parts_clouds_repeats_and_leaves_no_trace(caplog: pytest.LogCaptureFixture) -> None:
    rng = np.random.default_rng(3)
    group = np.repeat([0, 1, 2], 60)
    points = rng.normal(size=(180, 5)) + 30 * np.eye(5)[group]
    one, two = study(points), study(points)
    threads = numba.get_num_threads(), faiss.omp_get_max_threads()
    with caplog.at_level(logging.WARNING):
        second_map(one)
        second_map(two)
    assert not caplog.records
    assert not logging.getLogger("pacmap.pacmap").filters
    assert (numba.get_num_threads(), faiss.omp_get_max_threads()) == threads
    drawn = one.obsm["X_pacmap"]
    assert drawn.dtype == np.float32
    assert (drawn == two.obsm["X_pacmap"]).all()
    centres = np.array([drawn[group == g].mean(axis=0) for g in range(3)])
    assert (((drawn[:, None] - centres) ** 2).sum(axis=2).argmin(axis=1) == group).all()


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"maps": ["X_umpa"]}, "no map 'X_umpa'.*did you mean 'X_umap'"),
        ({"n_neighbors": 300}, "600 cells allow 1 to 299"),
        ({"max_cells": 20}, "n_neighbors is 15, but 20 cells allow 1 to 9"),
    ],
)
def test_bad_maps_in_one_sentence(flat: NDArray[np.float64], change: dict[str, object], message: str) -> None:
    with pytest.raises(InputError, match=message):
        distortion(study(flat, X_umap=flat), **({"maps": ["X_umap"]} | change))


def test_second_map_asks_for_a_space_and_cells(flat: NDArray[np.float64]) -> None:
    with pytest.raises(InputError, match="run embed first"):
        second_map(anndata.AnnData(flat.astype(np.float32)))
    with pytest.raises(InputError, match="60 cells are too few"):
        second_map(study(flat[:60]))

from collections.abc import Callable

import anndata
import numpy as np
import pandas as pd
import pytest
from sklearn.metrics import adjusted_rand_score
from sklearn.neighbors import NearestNeighbors

from fxyd3 import cells
from fxyd3.cells._graph import by_size, graph, leiden, neighbours
from fxyd3.errors import InputError

Simulate = Callable[..., anndata.AnnData]


def test_neighbours_are_exact() -> None:
    points = np.random.default_rng(0).normal(size=(300, 8)).astype(np.float32)
    found, far = neighbours(points, n_neighbors=10)
    want_far, want = NearestNeighbors(n_neighbors=10).fit(points).kneighbors(points)
    assert (found == want).mean() > 0.999
    np.testing.assert_allclose(far, want_far, atol=2e-3)


def test_a_cell_is_its_own_first_neighbour_even_among_copies() -> None:
    found, far = neighbours(np.zeros((40, 3), dtype=np.float32), n_neighbors=5)
    assert (found[:, 0] == np.arange(40)).all()
    assert (far == 0).all()


def test_weights_are_those_of_scanpy(prepared: anndata.AnnData) -> None:
    import scanpy as sc

    space = prepared.obsm[prepared.uns["fxyd3_space"]]
    own = anndata.AnnData(obsm={"X": space})
    sc.pp.neighbors(own, use_rep="X", n_neighbors=15, transformer="sklearn")
    ours = prepared.obsp["connectivities"]
    np.testing.assert_allclose(ours.toarray(), own.obsp["connectivities"].toarray(), atol=1e-3)


def test_more_neighbours_than_cells() -> None:
    with pytest.raises(InputError, match="n_neighbors is 15 but there are 9 cells"):
        graph(np.zeros((9, 2)), n_neighbors=15)


def test_two_far_clouds_are_two_groups() -> None:
    rng = np.random.default_rng(1)
    points = np.concatenate([rng.normal(0, 1, (60, 5)), rng.normal(20, 1, (40, 5))])
    (labels,) = leiden(graph(points, n_neighbors=10)[1], resolutions=(0.1,), seed=1)
    assert labels.tolist() == [1] * 60 + [2] * 40


def test_groups_are_numbered_by_size() -> None:
    assert by_size(np.array([7, 3, 3, 9, 9, 9])).tolist() == [3, 2, 2, 1, 1, 1]
    assert by_size(np.array([5, 4])).tolist() == [1, 2]


@pytest.mark.parametrize("planted", [1, 4])
def test_batches_are_taken_out_and_groups_are_kept(simulate: Simulate, planted: int) -> None:
    """The batch is the largest difference; with one group nothing else is there to hide it."""
    study = simulate(900, groups=planted, patients=1, seed=3)
    rng = np.random.default_rng(4)
    second = rng.random(study.n_obs) < 0.5
    tilt = rng.lognormal(0, 0.35, study.n_vars)
    counts = study.X.toarray()
    counts[second] = rng.poisson(counts[second] * tilt)
    study.X = type(study.X)(counts.astype(np.float32))
    study.obs["batch"] = pd.Categorical(np.where(second, "two", "one"))
    cells.normalise(study, n_top_genes=800)

    def likeness(space: str) -> float:
        (labels,) = leiden(graph(study.obsm[space], n_neighbors=15)[1], resolutions=(0.3,), seed=1)
        return float(adjusted_rand_score(study.obs["batch"], labels))

    done = cells.embed(study, n_comps=15, batch=("batch", "patient"), umap=False)
    assert done.corrected == ("batch",)
    assert likeness("X_pca") > 0.2
    assert likeness("X_harmony") < 0.05
    if planted > 1:
        (labels,) = leiden(study.obsp["connectivities"], resolutions=(0.3,), seed=1)
        assert adjusted_rand_score(study.obs["truth"], labels) > 0.8


def test_same_seed_same_numbers(prepared: anndata.AnnData) -> None:
    one, two = prepared.copy(), prepared.copy()
    for study in (one, two):
        cells.embed(study, n_comps=10, seed=7)
    for key in ("X_pca", "X_harmony", "X_umap"):
        np.testing.assert_array_equal(one.obsm[key], two.obsm[key])
    assert one.obsm["X_umap"].shape == (one.n_obs, 2)


def test_more_components_than_cells(simulate: Simulate) -> None:
    study = simulate(20)
    cells.normalise(study)
    with pytest.raises(InputError, match="n_comps is 30, but 20 cells"):
        cells.embed(study)


def test_an_approximate_index_finds_nearly_all_neighbours() -> None:
    rng = np.random.default_rng(2)
    points = rng.normal(0, 1, (8000, 30)) + 3 * rng.normal(0, 1, (8, 30))[rng.integers(0, 8, 8000)]
    exact, _ = neighbours(points, n_neighbors=15)
    near, _ = neighbours(points, n_neighbors=15, exact=False)
    recall = np.mean([len(set(a) & set(b)) / 15 for a, b in zip(exact, near, strict=True)])
    assert recall > 0.95
    assert (near[:, 0] == np.arange(8000)).all()
    np.testing.assert_array_equal(near, neighbours(points, n_neighbors=15, exact=False)[0])


def test_a_batch_column_named_twice(prepared: anndata.AnnData) -> None:
    with pytest.raises(InputError, match="'patient' is named twice"):
        cells.embed(prepared.copy(), batch=("patient", "patient"), umap=False)


def test_columns_that_divide_cells_alike_are_corrected_once(prepared: anndata.AnnData) -> None:
    study = prepared.copy()
    study.obs["batch"] = study.obs["patient"].astype(str).str.replace("P", "run ")
    assert cells.embed(study, n_comps=10, umap=False).corrected == ("batch",)


def test_the_parallel_map_keeps_neighbours_as_the_seeded_one_does(prepared: anndata.AnnData) -> None:
    from sklearn.manifold import trustworthiness

    kept = []
    for way in (True, "parallel"):
        study = prepared.copy()
        cells.embed(study, n_comps=10, umap=way)  # type: ignore[arg-type]
        kept.append(trustworthiness(study.obsm["X_harmony"], study.obsm["X_umap"], n_neighbors=15))
    assert kept[1] > kept[0] - 0.02

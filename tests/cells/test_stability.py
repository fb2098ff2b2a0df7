from collections.abc import Callable
from pathlib import Path

import anndata
import numpy as np
import pandas as pd
import pytest
from scipy.sparse import csr_matrix
from sklearn.metrics import adjusted_rand_score

from fxyd3 import cells
from fxyd3.cells._stability import _choose, _root
from fxyd3.errors import InputError

Simulate = Callable[..., anndata.AnnData]


def through(study: anndata.AnnData, *, n_comps: int = 15, **given: int) -> tuple[anndata.AnnData, cells.Stability]:
    kept, _ = cells.qc(study)
    cells.normalise(kept)
    cells.embed(kept, n_comps=n_comps, umap=False)
    return kept, cells.stability(kept, **given)  # type: ignore[arg-type]


def test_the_planted_number_is_found(prepared: anndata.AnnData) -> None:
    found = cells.stability(prepared, n_subsamples=8)
    assert (found.groups, found.lower, found.upper) == (4, 4, 4)
    assert max(found.null_groups) < 4
    assert set(found.subsamples["left_out"]) == set(prepared.obs["patient"])


@pytest.mark.parametrize("seed", [1, 2, 3])
def test_one_group_gives_one(simulate: Simulate, seed: int) -> None:
    _, found = through(simulate(groups=1, seed=seed), n_subsamples=8)
    assert found.groups == 1
    assert found.resolution == 0


def test_genes_shuffled_across_cells_give_one(simulate: Simulate) -> None:
    study = simulate()
    counts = study.X.toarray()
    rng = np.random.default_rng(0)
    study.X = csr_matrix(np.stack([rng.permutation(gene) for gene in counts.T], axis=1))
    _, found = through(study, n_subsamples=8)
    assert found.groups == 1


def test_a_gradient_is_not_a_group() -> None:
    """A long axis can be cut in two rather stably; clouds and fitted population have the same axis."""
    study = gradient(900)
    kept, found = through(study, n_subsamples=8)
    along = np.abs(np.corrcoef(kept.obsm["X_pca"][:, 0], kept.obs["truth"].astype(float))[0, 1])
    assert along > 0.9
    assert found.groups == 1


def gradient(n: int, *, seed: int = 0) -> anndata.AnnData:
    """One population along one axis: 300 of 2,000 genes rise or fall with it."""
    rng = np.random.default_rng(seed)
    level, slope = rng.lognormal(0, 1.2, 2000), np.zeros(2000)
    slope[rng.choice(2000, 300, replace=False)] = rng.normal(0, 0.5, 300)
    place = rng.standard_normal(n)
    mean = level * np.exp(np.outer(place, slope) - slope**2 / 2)
    mean *= (3000 * rng.lognormal(0, 0.3, n) / mean.sum(axis=1))[:, None]
    counts = rng.poisson(rng.gamma(4, mean / 4)).astype(np.float32)
    obs = pd.DataFrame({"truth": place}, index=[f"cell{i}" for i in range(n)])
    return anndata.AnnData(csr_matrix(counts), obs=obs, var=pd.DataFrame(index=[f"G{i}" for i in range(2000)]))


def test_the_reason_and_the_span_say_what_the_table_says(prepared: anndata.AnnData) -> None:
    found = cells.stability(prepared, n_subsamples=8)
    passed = found.table[found.table["supported"]]
    assert found.span == (passed["groups"].min(), passed["groups"].max())
    assert found.reason.startswith(f"{found.groups} groups are found again at resolution")
    assert f"({(passed['groups'] == found.groups).sum()} of {len(found.table)} on the grid)" in found.reason
    at = found.labels[found.resolution]
    assert at.nunique() == found.groups
    assert adjusted_rand_score(at, prepared.obs["truth"]) > 0.9


def test_same_seed_same_answer_and_nothing_written(prepared: anndata.AnnData) -> None:
    before = set(prepared.obs), set(prepared.uns), set(prepared.obsm)
    one, two = (cells.stability(prepared, n_subsamples=4, seed=5) for _ in range(2))
    pd.testing.assert_frame_equal(one.table, two.table)
    pd.testing.assert_frame_equal(one.subsamples, two.subsamples)
    assert before == (set(prepared.obs), set(prepared.uns), set(prepared.obsm))


def test_clouds_have_the_covariance_of_the_cells() -> None:
    rng = np.random.default_rng(0)
    points = rng.normal(size=(500, 3)) @ np.array([[2, 0, 0], [1, 1, 0], [0, 0.3, 0.1]])
    root = _root(points)
    np.testing.assert_allclose(root.T @ root, np.cov(points, rowvar=False), atol=1e-10)


def test_the_widest_stretch_is_chosen_at_its_middle() -> None:
    groups = np.array([2, 3, 3, 3, 4, 1])
    ari = np.array([1.0, 0.8, 0.9, 0.8, 0.95, 1.0])
    assert _choose(groups, ari, np.full(6, 0.75)) == 2
    assert _choose(groups, ari, np.array([0, 0.85, 0.95, 0.85, 0.9, 0])) == 0
    assert _choose(groups, ari, np.full(6, 1.1)) is None


def test_bad_input(prepared: anndata.AnnData) -> None:
    with pytest.raises(InputError, match="n_subsamples is 1"):
        cells.stability(prepared, n_subsamples=1)
    with pytest.raises(InputError, match="15 cells are too few"):
        cells.stability(prepared[:15].copy())
    with pytest.raises(InputError, match="run embed first"):
        cells.stability(anndata.AnnData(np.zeros((3, 2), dtype=np.float32)))


@pytest.mark.real
def test_three_cell_lines(mixture: anndata.AnnData) -> None:
    """Chapter defaults on real cells with a known line each."""
    kept, found = through(mixture, n_comps=30)
    cells.cluster(kept, resolution=found.resolution)
    assert found.groups == 3
    assert adjusted_rand_score(kept.obs["cell_line_demuxlet"], kept.obs["cluster"]) >= 0.95


@pytest.mark.real
def test_normal_and_cancer_cells_of_one_tumour(real_data: Path) -> None:
    """The authors called 10 of 134 epithelial cells normal; the two groups found are these."""
    study = anndata.read_h5ad(real_data / "wu2021_cid4465_tnbc.h5ad")
    study = study[study.obs["celltype_major"].isin(["Cancer Epithelial", "Normal Epithelial"])].copy()
    study.X = csr_matrix(study.X, dtype=np.float32)
    kept, found = through(study, n_comps=30)
    cells.cluster(kept, resolution=found.resolution)
    assert found.groups == 2
    assert adjusted_rand_score(kept.obs["celltype_major"], kept.obs["cluster"]) > 0.9


def test_the_states_of_the_twin() -> None:
    from fxyd3.data import twin

    kept, found = through(twin(2500, seed=3), n_comps=30, n_subsamples=10)
    cells.cluster(kept, resolution=found.resolution)
    assert adjusted_rand_score(kept.obs["truth_state"], kept.obs["cluster"]) >= 0.8


def test_the_null_twin_has_one_group() -> None:
    from fxyd3.data import twin

    cells = twin(5000, seed=3, null=True)
    tumour = cells[cells.obs["fraction"] != "unsorted"].copy()
    assert through(tumour, n_comps=30, n_subsamples=10)[1].groups == 1

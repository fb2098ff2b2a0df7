from collections.abc import Callable
from pathlib import Path
from typing import Any

import anndata
import numpy as np
import pandas as pd
import pytest
from scipy.sparse import csr_matrix
from sklearn.metrics import adjusted_rand_score

from fxyd3 import cells
from fxyd3.cells._stability import _choose, _root
from fxyd3.data import twin
from fxyd3.errors import InputError

Simulate = Callable[..., anndata.AnnData]


def through(study: anndata.AnnData, *, n_comps: int = 15, **given: Any) -> tuple[anndata.AnnData, cells.Stability]:
    kept, _ = cells.qc(study)
    cells.normalise(kept)
    cells.embed(kept, n_comps=n_comps, umap=False)
    return kept, cells.stability(kept, **given)


def test_the_planted_number_is_found(prepared: anndata.AnnData) -> None:
    found = cells.stability(prepared, n_subsamples=8)
    assert (found.groups, found.lower, found.upper) == (4, 4, 4)
    assert max(found.null_groups) < 4
    assert set(found.subsamples["left_out"]) == set(prepared.obs["patient"])


@pytest.mark.parametrize("seed", [1, 2])
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


@pytest.mark.parametrize(
    ("given", "said"),
    [
        ({"n_subsamples": 1}, "n_subsamples is 1"),
        ({"resolutions": ()}, r"resolutions are \[\]: give numbers above 0"),
        ({"resolutions": (0.0, 0.5)}, "give numbers above 0"),
        ({"resolutions": (0.5, 0.3)}, "each greater than the one before"),
    ],
)
def test_bad_input(prepared: anndata.AnnData, given: dict[str, Any], said: str) -> None:
    with pytest.raises(InputError, match=said):
        cells.stability(prepared, **given)


def test_a_grid_too_coarse_to_ask(simulate: Simulate) -> None:
    with pytest.raises(InputError, match=r"every resolution up to 0\.02 leaves all [0-9]+ cells in one group"):
        through(simulate(groups=1), resolutions=(0.01, 0.02))


def test_too_few_cells_or_nothing_done_yet(prepared: anndata.AnnData) -> None:
    with pytest.raises(InputError, match="15 cells are too few"):
        cells.stability(prepared[:15].copy())
    with pytest.raises(InputError, match="run embed first"):
        cells.stability(anndata.AnnData(np.zeros((3, 2), dtype=np.float32)))


@pytest.mark.real
@pytest.mark.parametrize(("name", "lines"), [("sc_celseq2", 3), ("sc_celseq2_5cl_p1", 5)])
def test_cell_lines(real_data: Path, name: str, lines: int) -> None:
    """Chapter defaults on real cells, singlets with a known line each."""
    stem = real_data / "sc_mixology" / name
    counts = pd.read_csv(f"{stem}.count.csv.gz", index_col=0)
    about = pd.read_csv(f"{stem}.metadata.csv.gz", index_col=0).loc[counts.columns]
    study = anndata.AnnData(csr_matrix(counts.T.to_numpy(dtype=np.float32)), obs=about[["cell_line_demuxlet"]])
    study.var_names = counts.index.astype(str)
    study.uns["fxyd3"] = {"symbols": "ensembl"}
    kept, found = through(study[(about["demuxlet_cls"] == "SNG").to_numpy()].copy(), n_comps=30)
    cells.cluster(kept, resolution=found.resolution)
    assert found.groups == lines
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


@pytest.mark.parametrize("seed", [3, 4])
def test_the_states_of_the_twin(seed: int) -> None:
    kept, found = through(twin(1800, seed=seed), n_comps=30, n_subsamples=8)
    cells.cluster(kept, resolution=found.resolution)
    assert adjusted_rand_score(kept.obs["truth_state"], kept.obs["cluster"]) >= 0.8


@pytest.mark.parametrize("seed", [1, 2, 3, 5])
def test_the_null_twin_has_one_group(seed: int) -> None:
    """All 100 of the first seeds are run by benchmarks/recovery/groups.py."""
    study = twin(1500, seed=seed, null=True)
    _, found = through(study[study.obs["fraction"] != "unsorted"].copy(), n_comps=30, n_subsamples=8)
    assert found.groups == 1
    assert found.span == (1, 1)
    assert found.table["thinned"].max() < 0.05


def test_noise_that_subsamples_share_is_not_a_group() -> None:
    """The halves of the counts catch what subsamples of the same cells cannot: a division of their noise."""
    study = twin(1500, seed=4, null=True)
    _, found = through(study[study.obs["fraction"] != "unsorted"].copy(), n_comps=30, n_subsamples=8)
    firm = found.table[
        (found.table["ari"] >= 0.75) & (found.table["ari"] > found.table[["null_high", "model_high"]].max(axis=1))
    ]
    assert len(firm)
    assert firm["thinned"].max() < 0.05
    assert found.groups == 1
    assert "rests on noise" in found.reason

"""Potency against planted diversity, planted depth, and a closed form."""

import anndata
import numpy as np
import pandas as pd
import pytest
from scipy.sparse import csr_matrix

from fxyd3.cells._graph import graph
from fxyd3.cells._potency import potency, smoothed, within_patients
from fxyd3.errors import InputError


@pytest.fixture
def study() -> anndata.AnnData:
    """Diverse and narrow cells: the second half spends half its counts on 50 genes; depth is drawn for itself."""
    rng = np.random.default_rng(3)
    n, genes = 600, 1000
    level = rng.lognormal(0, 1, genes)
    mean = np.tile(level, (n, 1))
    diverse = np.arange(n) < n // 2
    mean[~diverse, :50] += level.sum() / 50
    depth = rng.lognormal(np.log(1500), 0.5, n)
    counts = rng.poisson(mean / mean.sum(axis=1, keepdims=True) * depth[:, None]).astype(np.float32)
    found = anndata.AnnData(csr_matrix(counts), layers={"counts": csr_matrix(counts)})
    found.obs["patient"] = pd.Categorical([f"P{i % 3}" for i in range(n)])
    found.obs["diverse"] = diverse
    place = np.column_stack([diverse + rng.normal(0, 0.3, n), rng.normal(0, 0.3, n)])
    found.obsp["distances"], found.obsp["connectivities"] = graph(place, n_neighbors=15)
    return found


def test_diverse_cells_are_potent(study: anndata.AnnData) -> None:
    potency(study, n_genes=100)
    high = study.obs["potency"] > 0.5
    assert (high == study.obs["diverse"]).mean() > 0.95
    assert study.obs["potency"].between(0, 1).all()


def test_equal_depth_takes_depth_out(study: anndata.AnnData) -> None:
    """Depth was drawn for itself, so what is left of the correlation at equal depth should be chance."""
    found = potency(study, n_genes=100)
    genes = found.table["genes_with_total"]
    assert genes["all counts"] > 0.7
    assert abs(genes["equal depth"]) < 0.1
    assert abs(found.table.loc["equal depth", "with_total"]) < 0.15
    assert found.table.loc["equal depth", "with_total"] < found.table.loc["all counts", "with_total"]
    total = study.layers["counts"].sum(axis=1)
    assert found.shallower == pytest.approx(100 * np.mean(np.asarray(total) < found.depth))


def test_order_of_cells_does_not_matter_to_the_counts_as_they_are(study: anndata.AnnData) -> None:
    turned = study[::-1].copy()
    potency(study, n_genes=100)
    potency(turned, n_genes=100)
    one, two = study.obs["potency_all_counts"], turned.obs["potency_all_counts"][study.obs_names]
    np.testing.assert_allclose(one, two, atol=2 / study.n_obs)


def test_deeper_reading_alone_does_not_raise_potency() -> None:
    """One population read at two depths: ranks follow depth in all counts, and not at equal depth."""
    rng = np.random.default_rng(0)
    level = rng.lognormal(0, 1, 800)
    depth = np.repeat([800.0, 3200.0], 300)
    counts = csr_matrix(rng.poisson(level / level.sum() * depth[:, None]).astype(np.float32))
    own = anndata.AnnData(counts, layers={"counts": counts})
    own.obsp["distances"], own.obsp["connectivities"] = graph(rng.normal(size=(600, 3)), n_neighbors=15)
    found = potency(own, n_genes=100, quantile=0.05)
    gap = own.obs["potency"][300:].mean() - own.obs["potency"][:300].mean()
    all_counts = own.obs["potency_all_counts"]
    assert found.table.loc["all counts", "genes_with_total"] > 0.8
    assert abs(gap) < 0.1
    assert all_counts[300:].mean() - all_counts[:300].mean() > 2 * abs(gap)


def test_smoothing_as_the_closed_form_has_it() -> None:
    rng = np.random.default_rng(0)
    weights = rng.random((30, 30))
    weights += weights.T
    start = rng.normal(size=30)
    step = weights / weights.sum(axis=1, keepdims=True)
    exact = np.linalg.solve(np.eye(30) - 0.9 * step, 0.1 * start)
    np.testing.assert_allclose(smoothed(csr_matrix(weights), start), exact, atol=1e-4)


def test_correlation_within_patients_ignores_differences_between_them() -> None:
    one = np.concatenate([np.arange(20.0), 100 + np.arange(20.0)])
    two = np.concatenate([-np.arange(20.0), 100 - np.arange(20.0)])
    found = within_patients(one, two, np.repeat(np.array(["A", "B"], dtype=object), 20))
    assert found.tolist() == pytest.approx([-1, -1])
    assert within_patients(one, np.zeros(40), np.repeat(np.array(["A", "B"], dtype=object), 20)).empty


@pytest.mark.parametrize(
    ("change", "said"),
    [({"n_genes": 0}, "n_genes is 0"), ({"n_genes": 5000}, "1 to 1000"), ({"quantile": 1.0}, "quantile is 1.0")],
)
def test_bad_input(study: anndata.AnnData, change: dict[str, float], said: str) -> None:
    with pytest.raises(InputError, match=said):
        potency(study, **change)  # type: ignore[arg-type]


def test_no_graph(study: anndata.AnnData) -> None:
    del study.obsp["connectivities"]
    with pytest.raises(InputError, match="run qc, normalise and embed first"):
        potency(study)

import anndata
import numpy as np
import pytest
from scipy.sparse import csr_matrix
from scipy.stats import spearmanr

from fxyd3.cells._potency import potency
from fxyd3.errors import InputError


def _broad(depth_spread: float, seed: int = 0) -> anndata.AnnData:
    """Cells of two patients that speak of 200 to 1,000 genes evenly, in an order known, at any depth."""
    rng = np.random.default_rng(seed)
    n, genes = 400, 1000
    breadth = rng.permutation(np.linspace(200, genes, n).astype(int))
    total = 1500 * rng.lognormal(0, depth_spread, n)
    counts = np.zeros((n, genes), dtype=np.float32)
    for i in range(n):
        counts[i, : breadth[i]] = rng.poisson(total[i] / breadth[i], breadth[i])
    own = anndata.AnnData(csr_matrix(counts))
    own.layers["counts"] = own.X.copy()
    own.obs["patient"] = rng.choice(["A", "B"], n)
    own.obs["breadth"] = breadth
    near = np.abs(breadth[:, None] - breadth[None]) < 20
    own.obsp["connectivities"] = csr_matrix(near & ~np.eye(n, dtype=bool), dtype=np.float32)
    return own


def _agreement(own: anndata.AnnData, column: str, with_: str = "breadth") -> float:
    return float(spearmanr(own.obs[column], own.obs[with_]).statistic)


def test_breadth_is_found_where_depth_hides_it_from_a_plain_count() -> None:
    own = _broad(0.8)
    own.obs["detected"] = np.diff(own.X.indptr)
    found = potency(own, n_genes=100)
    assert _agreement(own, "potency") > _agreement(own, "detected") + 0.1
    assert own.obs["potency"].between(0, 1).all()
    assert own.obs["potency"].max() == pytest.approx(1)
    # The genes only broad cells speak of are the last ones.
    assert np.mean([int(gene) for gene in found.genes]) > 500


def test_depth_alone_makes_potency_on_all_counts_but_not_at_equal_depth() -> None:
    """Cells alike in breadth, their neighbours drawn at random: any potency that follows depth is false."""
    rng = np.random.default_rng(1)
    n, genes = 600, 2000
    share = rng.lognormal(0, 1.5, genes)
    total = 2000 * rng.lognormal(0, 0.5, n)
    own = anndata.AnnData(csr_matrix(rng.poisson(total[:, None] * share / share.sum()).astype(np.float32)))
    own.layers["counts"] = own.X.copy()
    own.obsp["connectivities"] = csr_matrix(rng.random((n, n)) < 0.01, dtype=np.float32)
    table = potency(own).table
    assert table.loc["all counts", "genes_with_total"] > 0.95
    assert abs(table.loc["equal depth", "with_total"]) < 0.5 * abs(table.loc["all counts", "with_total"])
    assert table.loc["equal depth", "genes_with_total"] < 0.5


def test_order_of_cells_and_genes_does_not_matter_on_all_counts() -> None:
    own = _broad(0.3)
    rng = np.random.default_rng(2)
    other = own[rng.permutation(own.n_obs), rng.permutation(own.n_vars)].copy()
    potency(own)
    potency(other)
    there = other.obs.loc[own.obs_names, "potency_all_counts"]
    np.testing.assert_allclose(there, own.obs["potency_all_counts"], atol=0.02)


def test_same_seed_same_numbers() -> None:
    one, two = _broad(0.5), _broad(0.5)
    potency(one, seed=3)
    potency(two, seed=3)
    assert one.obs["potency"].equals(two.obs["potency"])


@pytest.mark.parametrize(
    ("change", "says"),
    [({"n_genes": 0}, "n_genes is 0: give 1 to"), ({"quantile": 1.5}, "quantile is 1.5: give a share")],
)
def test_bad_input(prepared: anndata.AnnData, change: dict[str, float], says: str) -> None:
    with pytest.raises(InputError, match=says):
        potency(prepared.copy(), **change)


def test_no_neighbours(prepared: anndata.AnnData) -> None:
    own = prepared.copy()
    del own.obsp["connectivities"]
    with pytest.raises(InputError, match="needs raw counts and neighbours"):
        potency(own)

import anndata
import numpy as np
import pandas as pd
import pytest
from scipy import stats
from scipy.sparse import csr_matrix

from fxyd3.cells._ranks import rank_genes
from fxyd3.errors import InputError


@pytest.fixture(scope="module")
def values() -> tuple[csr_matrix, np.ndarray]:
    """Log values of 300 cells in three unequal groups and 1,200 genes, many tied; one silent, one the same in all."""
    rng = np.random.default_rng(0)
    codes = np.repeat([0, 1, 2], [40, 100, 160])
    counts = rng.poisson(rng.lognormal(-0.5, 1.2, 1200) * (1 + 0.5 * (codes[:, None] == 1)))
    counts[:, 7], counts[:, 8] = 0, 3
    return csr_matrix(np.log1p(counts).astype(np.float32)), rng.permutation(codes)


def test_by_hand() -> None:
    found = rank_genes(csr_matrix([[0.0], [1.0], [1.0], [2.0]]), np.array([0, 0, 1, 1]))
    # pairs (0,1) (0,2) (1,1) (1,2): the first group wins none, ties one
    assert found.auroc[:, 0].tolist() == [0.5 / 4, 3.5 / 4]
    assert found.percent_in[:, 0].tolist() == [50, 100]
    assert found.percent_out[:, 0].tolist() == [100, 50]
    assert found.level_in[0, 0] == pytest.approx(np.expm1(1) / 2)
    assert found.log2fc(0.1)[0, 0] == pytest.approx(
        np.log2((np.expm1(1) / 2 + 0.1) / ((np.expm1(1) + np.expm1(2)) / 2 + 0.1))
    )


def test_the_same_as_scipy(values: tuple[csr_matrix, np.ndarray]) -> None:
    matrix, codes = values
    found = rank_genes(matrix, codes)
    dense = matrix.toarray().astype(float)
    for group in range(3):
        inside, outside = dense[codes == group], dense[codes != group]
        u = stats.mannwhitneyu(inside, outside, use_continuity=False, method="asymptotic")
        np.testing.assert_allclose(found.auroc[group], u.statistic / (len(inside) * len(outside)), atol=1e-9)
        varying = np.ptp(dense, axis=0) > 0
        np.testing.assert_allclose(found.p_wilcoxon[group][varying], u.pvalue[varying], atol=1e-9)
        welch = stats.ttest_ind(inside[:, varying], outside[:, varying], equal_var=False)
        np.testing.assert_allclose(found.t[group][varying], welch.statistic, rtol=1e-5, atol=1e-6)
        np.testing.assert_allclose(found.p_t[group][varying], welch.pvalue, rtol=1e-4, atol=1e-8)
        assert found.p_wilcoxon[group][~varying].tolist() == found.p_t[group][~varying].tolist() == [1.0] * 2
        assert (found.auroc[group][~varying] == 0.5).all()


@pytest.mark.parametrize("method", ["wilcoxon", "t-test"])
def test_the_same_as_scanpy(values: tuple[csr_matrix, np.ndarray], method: str) -> None:
    import scanpy as sc

    matrix, codes = values
    study = anndata.AnnData(matrix.copy(), obs={"group": pd.Categorical(codes.astype(str))})
    study.uns["log1p"] = {"base": None}
    given = {"tie_correct": True} if method == "wilcoxon" else {}
    with np.errstate(all="ignore"):
        sc.tl.rank_genes_groups(study, "group", method=method, **given)
    found = rank_genes(matrix, codes)
    ours = found.z if method == "wilcoxon" else found.t
    for group in range(3):
        theirs = sc.get.rank_genes_groups_df(study, str(group)).set_index("names").loc[study.var_names, "scores"]
        np.testing.assert_allclose(ours[group], theirs.fillna(0), atol=1e-5)


def test_neither_order_nor_threads_matter(values: tuple[csr_matrix, np.ndarray]) -> None:
    import numba

    matrix, codes = values
    first = rank_genes(matrix, codes)
    rng = np.random.default_rng(1)
    rows, columns = rng.permutation(matrix.shape[0]), rng.permutation(matrix.shape[1])
    moved = rank_genes(matrix[rows][:, columns], codes[rows])
    np.testing.assert_allclose(moved.auroc, first.auroc[:, columns], atol=1e-12)
    np.testing.assert_allclose(moved.t, first.t[:, columns], atol=1e-9)
    before = numba.get_num_threads()
    numba.set_num_threads(1)
    try:
        np.testing.assert_array_equal(rank_genes(matrix, codes).z, first.z)
    finally:
        numba.set_num_threads(before)


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"codes": np.zeros(300, dtype=int)}, "1 groups, the smallest of 300"),
        ({"scale": -1}, "a value is negative"),
        ({"codes": np.repeat([-1, 0, 1], 100)}, "100 cells have no group"),
    ],
)
def test_bad_input(values: tuple[csr_matrix, np.ndarray], change: dict[str, object], said: str) -> None:
    matrix, codes = values
    with pytest.raises(InputError, match=said):
        rank_genes(matrix * change.get("scale", 1), change.get("codes", codes))  # type: ignore[arg-type]


def test_values_that_single_precision_would_tie() -> None:
    values = csr_matrix(np.array([1, 1 + 1e-12, 1 + 2e-12, 1 + 3e-12])[:, None])
    assert rank_genes(values, np.array([0, 0, 1, 1])).auroc[:, 0].tolist() == [0, 1]

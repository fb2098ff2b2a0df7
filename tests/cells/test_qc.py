import anndata
import numpy as np
import pandas as pd
import pytest
from scipy.sparse import csr_matrix

from fxyd3 import cells
from fxyd3.errors import InputError


@pytest.fixture
def toy() -> anndata.AnnData:
    """Five cells by hand: fine, fine, few genes, mostly mitochondrial, both."""
    counts = np.array(
        [
            [1, 2, 1, 1, 0, 1],
            [1, 1, 3, 1, 0, 1],
            [9, 0, 0, 0, 0, 0],
            [1, 1, 1, 0, 0, 9],
            [1, 0, 0, 0, 0, 9],
        ],
        dtype=np.float32,
    )
    return anndata.AnnData(
        csr_matrix(counts),
        obs=pd.DataFrame(index=list("abcde")),
        var=pd.DataFrame(index=["A", "B", "C", "D", "NEVER", "MT-CO1"]),
    )


def test_numbers_by_hand(toy: anndata.AnnData) -> None:
    kept, table = cells.qc(toy, min_genes=3, max_mito=50, min_cells=1)
    assert list(kept.obs_names) == ["a", "b"]
    assert "NEVER" not in kept.var_names
    assert toy.obs["n_genes"].tolist() == [5, 5, 1, 4, 2]
    assert toy.obs["pct_mito"].tolist() == pytest.approx([100 / 6, 100 / 7, 0, 75, 90])
    assert table["fixed"].tolist() == [2, 2, 3]
    assert table["alone"].tolist()[:2] == [1, 1]
    assert (kept.layers["counts"] != kept.X).nnz == 0


def test_order_of_cells_and_genes_does_not_matter(toy: anndata.AnnData) -> None:
    kept, table = cells.qc(toy.copy(), min_genes=3, max_mito=50, min_cells=1)
    again, same = cells.qc(toy[::-1, ::-1].copy(), min_genes=3, max_mito=50, min_cells=1)
    assert set(again.obs_names) == set(kept.obs_names)
    pd.testing.assert_frame_equal(table, same)


def test_without_symbols_the_mitochondrial_share_is_not_known(toy: anndata.AnnData) -> None:
    toy.var_names = [f"ENSG{i}" for i in range(toy.n_vars)]
    kept, table = cells.qc(toy, min_genes=3, max_mito=1, min_cells=1)
    assert kept.n_obs == 3
    assert toy.obs["pct_mito"].isna().all()
    assert table.iloc[1].isna().all()


def test_an_outlier_within_its_sample_is_seen_by_the_adaptive_rule() -> None:
    rng = np.random.default_rng(0)
    counts = rng.poisson(1.0, (100, 300)).astype(np.float32)
    counts[0, 20:] = 0
    study = anndata.AnnData(csr_matrix(counts), var=pd.DataFrame(index=[f"G{i}" for i in range(300)]))
    study.obs["sample"] = pd.Categorical(["s"] * 100)
    _, table = cells.qc(study, min_genes=5)
    assert table.loc["few genes", ["fixed", "adaptive", "both"]].tolist() == [0, 1, 0]
    kept, applied = cells.qc(study, min_genes=5, adaptive=True)
    assert kept.n_obs == 99
    assert "0" not in kept.obs_names
    assert applied.loc["few genes", "alone"] == 1


def test_counts_do_not_change_with_the_values(toy: anndata.AnnData) -> None:
    kept, _ = cells.qc(toy, min_genes=3, max_mito=50, min_cells=1)
    kept.X.data *= 2
    assert (kept.layers["counts"] != kept.X).nnz > 0


@pytest.mark.parametrize(("given", "guilty"), [({"min_genes": 99}, "min_genes"), ({"max_mito": -1}, "max_mito")])
def test_no_cell_left_names_the_threshold(toy: anndata.AnnData, given: dict[str, int], guilty: str) -> None:
    with pytest.raises(InputError, match=f"{guilty} = "):
        cells.qc(toy, **({"min_genes": 1} | given))  # type: ignore[arg-type]


def test_no_gene_left(toy: anndata.AnnData) -> None:
    with pytest.raises(InputError, match="no gene is detected in 9"):
        cells.qc(toy, min_genes=1, min_cells=9)


def test_kept_cells_and_genes_are_those_of_scanpy() -> None:
    import scanpy as sc

    rng = np.random.default_rng(3)
    level = rng.lognormal(-2, 1.5, 500)
    counts = rng.poisson(level * rng.lognormal(0, 0.6, (300, 1))).astype(np.float32)
    names = [*(f"G{i}" for i in range(480)), *(f"MT-{i}" for i in range(20))]
    study = anndata.AnnData(csr_matrix(counts), var=pd.DataFrame(index=names))
    theirs = study.copy()
    theirs.var["mt"] = theirs.var_names.str.startswith("MT-")
    sc.pp.calculate_qc_metrics(theirs, qc_vars=["mt"], inplace=True, percent_top=None)
    theirs = theirs[(theirs.obs["n_genes_by_counts"] >= 80) & (theirs.obs["pct_counts_mt"] <= 8)].copy()
    sc.pp.filter_genes(theirs, min_cells=3)
    kept, _ = cells.qc(study, min_genes=80, max_mito=8)
    assert 0 < kept.n_obs < 300
    assert list(kept.obs_names) == list(theirs.obs_names)
    assert list(kept.var_names) == list(theirs.var_names)
    np.testing.assert_array_equal(kept.X.toarray(), theirs.X.toarray())
    np.testing.assert_allclose(kept.obs["pct_mito"], theirs.obs["pct_counts_mt"], rtol=1e-5)


def test_adaptive_limits_by_hand() -> None:
    obs = pd.DataFrame({"n_genes": [9, 9, 99, 9, 0], "pct_mito": [1.0, 2, 3, 4, 50], "sample": list("aaaab")})
    table = cells.adaptive_limits(obs, n_mads=2)
    assert table["cells"].to_dict() == {"a": 4, "b": 1}
    assert table.loc["a", "min_genes"] == pytest.approx(9)  # no spread: three of four are alike
    assert table.loc["a", "max_mito"] == pytest.approx(2.5 + 2 * 1.4826 * 1.0)
    assert table.loc["b", "max_mito"] == 50

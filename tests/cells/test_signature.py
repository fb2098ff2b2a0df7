import anndata
import numpy as np
import pytest
import scanpy as sc

from fxyd3 import cells
from fxyd3.cells import _signature
from fxyd3.cells._signature import signatures
from fxyd3.errors import InputError

SIGNATURE = [f"SIG{i}" for i in range(30)]


def test_planted_cells_are_more_active(prepared: anndata.AnnData) -> None:
    own = prepared.copy()
    found = cells.signature(own, [*SIGNATURE, "absent"], name="planted")
    planted = own.obs["truth"].isin(["0", "1"])
    assert found.missing == ("absent",)
    gap = own.obs["signature"][planted].mean() - own.obs["signature"][~planted].mean()
    assert gap > 2 * own.obs["signature"][~planted].std()


def test_order_of_genes_and_cells_does_not_matter(prepared: anndata.AnnData) -> None:
    one, two = prepared.copy(), prepared[::-1].copy()
    cells.signature(one, SIGNATURE, name="planted")
    cells.signature(two, SIGNATURE[::-1], name="planted")
    np.testing.assert_allclose(two.obs["signature"].to_numpy()[::-1], one.obs["signature"], atol=1e-6)


def test_none_present(prepared: anndata.AnnData) -> None:
    with pytest.raises(InputError, match="none of the 2 genes of mine"):
        cells.signature(prepared.copy(), ["X1", "X2"], name="mine")


SETS = {
    "planted": [*SIGNATURE, "absent"],
    "random": [f"G{i}" for i in range(0, 3000, 37)],
    "both": [*SIGNATURE[:5], *(f"G{i}" for i in range(400))],
    "one": ["FXYD3"],
}


@pytest.mark.parametrize("seed", [0, 7])
def test_the_numbers_are_those_of_scanpy(prepared: anndata.AnnData, seed: int) -> None:
    own = prepared.copy()
    scores = signatures(own, SETS, seed=seed)
    assert list(scores.columns) == list(SETS)
    for name, genes in SETS.items():
        sc.tl.score_genes(own, own.var_names.intersection(genes), score_name="scanpy", random_state=seed)
        cells.signature(own, genes, name=name, seed=seed)
        np.testing.assert_allclose(scores[name], own.obs["scanpy"], atol=1e-6, rtol=0)
        np.testing.assert_array_equal(scores[name], own.obs["signature"])


def test_sparse_or_dense_and_any_block_give_the_same(
    prepared: anndata.AnnData, monkeypatch: pytest.MonkeyPatch
) -> None:
    scores = signatures(prepared, SETS)
    dense = prepared.copy()
    dense.X = dense.X.toarray()
    np.testing.assert_allclose(signatures(dense, SETS), scores, atol=1e-6)
    monkeypatch.setattr(_signature, "BLOCK", 101)
    np.testing.assert_allclose(signatures(prepared, SETS), scores, atol=1e-12)


def test_every_gene_of_the_data(prepared: anndata.AnnData) -> None:
    with pytest.raises(InputError, match="all holds every gene"):
        signatures(prepared, {"all": list(prepared.var_names)})


def test_controls_match_in_expression_and_share_no_gene(prepared: anndata.AnnData) -> None:
    sets = cells.matched_genes(prepared, SIGNATURE, exclude=["FXYD3"], n_sets=20, seed=1)
    mean = dict(zip(prepared.var_names, np.asarray(prepared.X.mean(axis=0)).ravel(), strict=True))
    target = np.mean([mean[g] for g in SIGNATURE])
    for one in sets:
        assert len(set(one)) == len(SIGNATURE)
        assert not {*SIGNATURE, "FXYD3"} & set(one)
        assert np.mean([mean[g] for g in one]) == pytest.approx(target, rel=0.15)
    assert sets == cells.matched_genes(prepared, SIGNATURE, exclude=["FXYD3"], n_sets=20, seed=1)
    assert sets[0] != sets[1]

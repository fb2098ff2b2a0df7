import anndata
import numpy as np
import pytest

from fxyd3 import cells
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

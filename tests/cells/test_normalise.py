from collections.abc import Callable

import anndata
import numpy as np
import pytest
from scipy.sparse import csr_matrix

from fxyd3 import cells
from fxyd3.errors import InputError

Simulate = Callable[..., anndata.AnnData]


def test_every_cell_comes_to_the_median_total(simulate: Simulate) -> None:
    study = simulate(200)
    total = np.asarray(study.X.sum(axis=1)).ravel()
    raw = study.X.copy()
    done = cells.normalise(study, n_top_genes=100)
    assert done.target == pytest.approx(np.median(total))
    np.testing.assert_allclose(np.asarray(study.X.expm1().sum(axis=1)).ravel(), done.target, rtol=1e-4)
    assert (study.layers["counts"] != raw).nnz == 0


def test_genes_of_the_groups_are_chosen_before_others(simulate: Simulate) -> None:
    study = simulate(600, change=2.5)
    cells.normalise(study, n_top_genes=231)
    planted = study.var_names.str.startswith("SIG")
    assert study.var["highly_variable"][planted].mean() > 0.8
    assert study.var["highly_variable"][~planted].mean() < 0.3


def test_an_excluded_gene_is_never_variable(simulate: Simulate) -> None:
    study = simulate(300)
    done = cells.normalise(study, exclude=["FXYD3", "absent"], n_top_genes=1000)
    assert not study.var.loc["FXYD3", "highly_variable"]
    assert done.excluded == ("FXYD3",)


def test_depth_does_not_change_the_values(simulate: Simulate) -> None:
    study = simulate(100)
    deeper = study.copy()
    deeper.X = csr_matrix(study.X * 3)
    cells.normalise(study, target=1000)
    cells.normalise(deeper, target=1000)
    np.testing.assert_allclose(study.X.data, deeper.X.data, rtol=1e-5)


def test_an_empty_cell_is_an_error(simulate: Simulate) -> None:
    study = simulate(50)
    counts = study.X.tolil()
    counts[0] = 0
    study.X = csr_matrix(counts)
    with pytest.raises(InputError, match="1 of 50 cells have no counts"):
        cells.normalise(study)


@pytest.mark.parametrize("batches", [1, 3])
def test_values_and_genes_are_those_of_scanpy(simulate: Simulate, batches: int) -> None:
    import scanpy as sc

    study = simulate(700, groups=3)
    rng = np.random.default_rng(1)
    study.obs["batch"] = [f"b{i}" for i in rng.integers(0, batches, 700)]
    theirs = study.copy()
    sc.experimental.pp.highly_variable_genes(
        theirs, n_top_genes=500, batch_key="batch" if batches > 1 else None, flavor="pearson_residuals"
    )
    sc.pp.normalize_total(theirs)
    sc.pp.log1p(theirs)
    cells.normalise(study, n_top_genes=500)
    np.testing.assert_allclose(study.X.toarray(), theirs.X.toarray(), atol=1e-5)
    assert (study.var["highly_variable"] & theirs.var["highly_variable"]).sum() >= 0.98 * 500
    if batches == 1:
        np.testing.assert_allclose(
            study.var["residual_variances"], theirs.var["residual_variances"], rtol=1e-6, atol=1e-9
        )


def test_form_of_the_counts_does_not_matter(simulate: Simulate) -> None:
    study = simulate(150)
    forms = [study.X, study.X.toarray(), study.X.astype(np.int64), study.X.tocsc(), study.X.astype(np.float64)]
    done = []
    for form in forms:
        own = anndata.AnnData(form, obs=study.obs.copy(), var=study.var.copy())
        cells.normalise(own, n_top_genes=200)
        done.append(own)
    for own in done[1:]:
        np.testing.assert_array_equal(own.X.toarray(), done[0].X.toarray())
        assert (own.var["highly_variable"] == done[0].var["highly_variable"]).all()

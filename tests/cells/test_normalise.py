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

from collections.abc import Callable

import anndata
import numpy as np
import pandas as pd
import pytest
from scipy.sparse import csr_matrix

from fxyd3 import cells
from fxyd3.errors import InputError

CELLS, SIZE, MEAN = 20_000, 2.0, 3.0


@pytest.fixture(scope="module")
def known() -> anndata.AnnData:
    """Negative-binomial genes of size 2, Poisson genes, at equal depth (many filler genes)."""
    rng = np.random.default_rng(0)
    spread = rng.poisson(rng.gamma(SIZE, MEAN / SIZE, (CELLS, 3)))
    plain = rng.poisson(MEAN, (CELLS, 3))
    filler = rng.poisson(200.0, (CELLS, 2))
    counts = np.concatenate([spread, plain, filler], axis=1).astype(np.float32)
    study = anndata.AnnData(csr_matrix(counts), var=pd.DataFrame(index=[f"G{i}" for i in range(8)]))
    study.layers["counts"] = study.X.copy()
    cells.split(study, fraction=0.5, seed=1)
    return study


def test_halves_add_up_and_are_whole(known: anndata.AnnData) -> None:
    together = known.layers["train"] + known.layers["test"]
    assert (together != known.layers["counts"]).nnz == 0
    assert (known.layers["train"].data % 1 == 0).all()


def test_the_size_is_recovered(known: anndata.AnnData) -> None:
    np.testing.assert_allclose(known.var["size"].to_numpy()[:3], SIZE, rtol=0.1)
    assert (known.var["size"].to_numpy()[3:6] > 30).all()


def test_halves_are_independent_where_poisson_thinning_is_not(known: anndata.AnnData) -> None:
    """Binomial thinning would leave a covariance of mean**2 / size / 4 = 1.1 between the halves."""
    train, test = (known.layers[name].toarray()[:, :6] for name in ("train", "test"))
    error = train.std(axis=0) * test.std(axis=0) / np.sqrt(CELLS)
    shared = [np.cov(train[:, i], test[:, i])[0, 1] for i in range(6)]
    assert (np.abs(shared) < 5 * error).all()
    rng = np.random.default_rng(1)
    whole = known.layers["counts"].toarray()[:, 0].astype(int)
    thinned = rng.binomial(whole, 0.5)
    assert np.cov(thinned, whole - thinned)[0, 1] > 20 * error[0]


def test_a_half_is_negative_binomial_of_half_the_size(known: anndata.AnnData) -> None:
    half = known.layers["train"].toarray()[:, 0]
    mean, size = MEAN / 2, SIZE / 2
    assert half.mean() == pytest.approx(mean, rel=0.03)
    assert half.var() == pytest.approx(mean + mean**2 / size, rel=0.08)


def test_fraction_and_seed(simulate: Callable[..., anndata.AnnData]) -> None:
    study = simulate(100)
    study.layers["counts"] = study.X.copy()
    cells.split(study, fraction=0.8, seed=3)
    first = study.layers["train"].copy()
    assert first.sum() / study.X.sum() == pytest.approx(0.8, abs=0.01)
    cells.split(study, fraction=0.8, seed=3)
    assert (first != study.layers["train"]).nnz == 0


@pytest.mark.parametrize("fraction", [0, 1, -0.2])
def test_bad_fraction(known: anndata.AnnData, fraction: float) -> None:
    with pytest.raises(InputError, match="fraction is"):
        cells.split(known, fraction=fraction)


def test_no_counts() -> None:
    with pytest.raises(InputError, match="no raw counts"):
        cells.split(anndata.AnnData(np.zeros((3, 2), dtype=np.float32)))

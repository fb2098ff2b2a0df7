from collections.abc import Callable

import anndata
import numpy as np
import pytest

from fxyd3 import cells
from fxyd3.errors import InputError

Simulate = Callable[..., anndata.AnnData]


@pytest.fixture(scope="module")
def drawn(prepared: anndata.AnnData) -> tuple[np.ndarray, np.ndarray]:
    """Log values of the cells, and of as many drawn from one population fitted to them; variable genes."""
    chosen = prepared.var["highly_variable"].to_numpy()
    return prepared.X[:, chosen].toarray(), cells.one_group(prepared).draw(4000, np.random.default_rng(1))


def test_means_and_spreads_are_those_of_the_cells(drawn: tuple[np.ndarray, np.ndarray]) -> None:
    own, new = drawn
    assert np.corrcoef(own.mean(axis=0), new.mean(axis=0))[0, 1] > 0.99
    assert np.corrcoef(own.var(axis=0), new.var(axis=0))[0, 1] > 0.9
    assert own.var(axis=0).sum() == pytest.approx(new.var(axis=0).sum(), rel=0.15)


def test_gradients_are_as_wide_as_those_of_the_cells(
    prepared: anndata.AnnData, drawn: tuple[np.ndarray, np.ndarray]
) -> None:
    """Four groups span three directions: the population keeps those, and loses the gaps."""
    own, new = drawn
    directions = prepared.varm["PCs"][prepared.var["highly_variable"].to_numpy()][:, :3]
    wide, kept = (own @ directions).var(axis=0), (new @ directions).var(axis=0)
    np.testing.assert_allclose(kept, wide, rtol=0.3)


def test_the_gaps_are_lost(prepared: anndata.AnnData, drawn: tuple[np.ndarray, np.ndarray]) -> None:
    """Between two groups, on the line that joins their means, cells are few and drawn cells many."""
    own, new = drawn
    one, two = (own[(prepared.obs["truth"] == name).to_numpy()].mean(axis=0) for name in "23")
    line, middle = two - one, (one + two) / 2

    def between(values: np.ndarray) -> float:
        place = (values - middle) @ line / (line @ line)
        return float((np.abs(place) < 0.15).sum() / (np.abs(place) < 0.65).sum())

    mixed = np.isin(prepared.obs["truth"], ["2", "3"])
    assert between(new) > 1.5 * between(own[mixed])


def test_gradients_are_those_of_the_space_where_groups_are_sought(prepared: anndata.AnnData) -> None:
    """What Harmony took out of that space is no gradient of the population."""
    narrow = prepared.copy()
    narrow.obsm[narrow.uns["fxyd3_space"]] = narrow.obsm[narrow.uns["fxyd3_space"]] * 0.6
    wide, shrunk = (np.square(cells.one_group(study).loadings).sum() for study in (prepared, narrow))
    assert 0.05 < shrunk / wide < 0.6


def test_components_of_new_cells_are_as_wide_as_the_space(prepared: anndata.AnnData) -> None:
    space = np.asarray(prepared.obsm[prepared.uns["fxyd3_space"]], dtype=float)
    new = cells.one_group(prepared).space(len(space), np.random.default_rng(3))
    assert new.shape == space.shape
    wide = np.sort(np.linalg.eigvalsh(np.cov(space, rowvar=False)))[::-1][:3]
    np.testing.assert_allclose(new.var(axis=0)[:3], wide, rtol=0.3)


def test_genes_no_more_variable_than_poisson_stay_so() -> None:
    rng = np.random.default_rng(2)
    study = anndata.AnnData(rng.poisson(3.0, (800, 100)).astype(np.float32))
    study.var_names = [f"G{i}" for i in range(100)]
    cells.normalise(study)
    cells.embed(study, n_comps=5, umap=False)
    model = cells.one_group(study)
    new = np.expm1(model.draw(4000, rng)) * (model.total.mean() / model.target)
    assert new.var(axis=0).mean() == pytest.approx(3.0, rel=0.1)


def test_without_components(simulate: Simulate) -> None:
    with pytest.raises(InputError, match="run normalise and embed"):
        cells.one_group(simulate(50))

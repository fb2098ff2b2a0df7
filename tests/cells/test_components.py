"""The number of components, where it is planted, where there is none, and where genes differ in variance."""

import anndata
import numpy as np
import pandas as pd
import pytest
from numpy.typing import NDArray

from fxyd3.cells._components import components
from fxyd3.errors import InputError


def table(values: NDArray[np.float64], variable: int | None = None) -> anndata.AnnData:
    chosen = np.arange(values.shape[1]) < (values.shape[1] if variable is None else variable)
    return anndata.AnnData(
        values.astype(np.float32),
        var=pd.DataFrame({"highly_variable": chosen}).set_axis([f"g{i}" for i in range(values.shape[1])]),
    )


def noise(cells: int, genes: int, seed: int = 0) -> NDArray[np.float64]:
    return np.random.default_rng(seed).normal(size=(cells, genes))


@pytest.mark.parametrize(("cells", "genes"), [(800, 300), (300, 800), (400, 400)])
def test_the_edge_of_noise_is_the_closed_form(cells: int, genes: int) -> None:
    found = components(table(3 * noise(cells, genes)))
    edge = 9 * (1 + np.sqrt(genes / cells)) ** 2
    assert found.marchenko_pastur == pytest.approx(edge, rel=0.02)
    assert found.permuted == pytest.approx(edge, rel=0.04)
    assert max(found.n_marchenko_pastur, found.n_permuted) <= 1
    assert len(found.eigenvalues) == min(cells - 1, genes)


def test_noise_passes_the_permuted_edge_once_in_two_of_one_permutation() -> None:
    passed = sum(components(table(noise(60, 40, seed=s)), permutations=1).n_permuted > 0 for s in range(100))
    assert 30 <= passed <= 70  # 4 standard errors about one half


@pytest.mark.parametrize("planted", [1, 4, 9])
def test_counts_planted_components(planted: int) -> None:
    rng = np.random.default_rng(planted)
    signal = rng.normal(size=(600, planted)) @ rng.normal(size=(planted, 300)) * 0.5
    found = components(table(signal + noise(600, 300)))
    assert found.n_marchenko_pastur == found.n_permuted == planted


def test_eigenvalues_are_those_of_the_covariance_of_variable_genes() -> None:
    values = noise(200, 60) @ noise(60, 60, seed=1)
    found = components(table(values, variable=40))
    assert (found.cells, found.genes) == (200, 40)
    expected = np.linalg.eigvalsh(np.cov(values[:, :40].T))[::-1]
    assert found.eigenvalues == pytest.approx(expected, rel=1e-3)


def test_lone_genes_of_large_variance_pass_the_equal_variance_edge_only() -> None:
    values = noise(800, 300)
    values[:, :12] *= 4
    found = components(table(values))
    assert found.n_marchenko_pastur >= 12
    assert found.n_permuted <= 1


def test_scale_moves_edges_and_not_numbers() -> None:
    rng = np.random.default_rng(5)
    values = noise(300, 200) + rng.normal(size=(300, 3)) @ rng.normal(size=(3, 200))
    one, ten = components(table(values)), components(table(10 * values))
    assert ten.permuted == pytest.approx(100 * one.permuted, rel=1e-3)
    assert ten.marchenko_pastur == pytest.approx(100 * one.marchenko_pastur, rel=1e-3)
    assert (ten.n_permuted, ten.n_marchenko_pastur) == (one.n_permuted, one.n_marchenko_pastur)


def test_same_seed_same_numbers_and_no_more_cells_than_asked() -> None:
    study = table(noise(500, 100))
    one, two = components(study, max_cells=200), components(study, max_cells=200)
    assert one.cells == 200
    assert one.permuted == two.permuted
    assert (one.eigenvalues == two.eigenvalues).all()


@pytest.mark.parametrize(
    ("cells", "variable", "permutations", "message"),
    [(50, 2, 3, "2 variable genes are too few"), (2, 20, 3, "2 cells and"), (50, 20, 0, "permutations is 0")],
)
def test_bad_input_in_one_sentence(cells: int, variable: int, permutations: int, message: str) -> None:
    with pytest.raises(InputError, match=message):
        components(table(noise(cells, 30), variable=variable), permutations=permutations)


def test_asks_for_variable_genes() -> None:
    with pytest.raises(InputError, match="run normalise first"):
        components(anndata.AnnData(noise(20, 20).astype(np.float32)))

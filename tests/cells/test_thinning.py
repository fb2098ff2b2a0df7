from collections.abc import Callable

import anndata
import numpy as np
import pytest

from fxyd3 import cells
from fxyd3.errors import InputError

Simulate = Callable[..., anndata.AnnData]


def agreement(study: anndata.AnnData) -> np.ndarray:
    kept, _ = cells.qc(study)
    cells.normalise(kept, n_top_genes=800)
    cells.embed(kept, n_comps=15, umap=False)
    return cells.thinned_agreement(kept, resolutions=(0.2, 0.45, 0.8))


def test_planted_groups_are_in_both_halves_and_noise_in_neither(simulate: Simulate) -> None:
    there = agreement(simulate(900, groups=4))
    assert there.shape == (2, 3)
    assert there.max(axis=1).min() > 0.8
    assert agreement(simulate(900, groups=1)).max() < 0.2


def test_fewer_counts_agree_less(simulate: Simulate) -> None:
    deep = simulate(900, groups=4, change=1.0)
    shallow = deep.copy()
    shallow.X.data = np.random.default_rng(0).binomial(deep.X.data.astype(int), 0.3).astype(np.float32)
    shallow.X.eliminate_zeros()
    assert agreement(shallow).max() < agreement(deep).max() - 0.1


def test_the_same_on_every_run_and_nothing_written(prepared: anndata.AnnData) -> None:
    before = set(prepared.layers), set(prepared.obs)
    one, two = (cells.thinned_agreement(prepared, resolutions=(0.3,), max_cells=400, seed=3) for _ in range(2))
    np.testing.assert_array_equal(one, two)
    assert before == (set(prepared.layers), set(prepared.obs))


def test_without_an_embedding(simulate: Simulate) -> None:
    with pytest.raises(InputError, match="run normalise and embed"):
        cells.thinned_agreement(simulate(50), resolutions=(0.3,))

import anndata
import numpy as np
import pytest
from sklearn.metrics import adjusted_rand_score

from fxyd3 import cells
from fxyd3.errors import InputError


def test_planted_groups_are_found(prepared: anndata.AnnData) -> None:
    assert adjusted_rand_score(prepared.obs["truth"], prepared.obs["cluster"]) > 0.9
    sizes = prepared.obs["cluster"].value_counts(sort=False)
    assert list(sizes.index) == ["1", "2", "3", "4"]
    assert sizes.is_monotonic_decreasing


def test_resolution_zero_is_one_group(prepared: anndata.AnnData) -> None:
    own = prepared.copy()
    assert cells.cluster(own, resolution=0).to_dict() == {"1": own.n_obs}


def test_order_of_cells_does_not_matter(prepared: anndata.AnnData) -> None:
    shuffled = prepared[np.random.default_rng(0).permutation(prepared.n_obs)].copy()
    cells.cluster(shuffled, resolution=0.45)
    same = shuffled.obs["cluster"].reindex(prepared.obs_names).astype(str)
    assert adjusted_rand_score(same, prepared.obs["cluster"]) > 0.97


def test_bad_input(prepared: anndata.AnnData) -> None:
    with pytest.raises(InputError, match="resolution is -1"):
        cells.cluster(prepared.copy(), resolution=-1)
    with pytest.raises(InputError, match="run embed first"):
        cells.cluster(anndata.AnnData(np.zeros((3, 2), dtype=np.float32)), resolution=1)

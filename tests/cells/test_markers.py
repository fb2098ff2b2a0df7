import anndata
import numpy as np
import pytest

from fxyd3 import cells
from fxyd3.errors import InputError

Halved = tuple[anndata.AnnData, cells.HeldOut]


def test_a_planted_gene_leads_its_group(halved: Halved) -> None:
    own = halved[0].copy()
    first = (own.obs["cluster_train"] == "1").to_numpy()
    counts = own.layers["test"].toarray()
    counts[:, own.var_names.get_loc("G5")] = np.where(first, 9, 1)
    own.layers["test"] = type(own.X)(counts)
    table = cells.markers(own, n_genes=3)
    leader = table[table["group"] == "1"].iloc[0]
    assert leader["gene"] == "G5"
    assert leader["auroc"] > 0.95
    assert leader["log2fc"] == pytest.approx(np.log2(9), abs=0.8)


def test_half_the_counts_hold_no_markers_once_shuffled(halved: Halved) -> None:
    own = halved[0].copy()
    own.layers["test"] = own.layers["test"][np.random.default_rng(0).permutation(own.n_obs)]
    assert cells.markers(own)["auroc"].max() < 0.62


def test_order_of_cells_does_not_matter(halved: Halved) -> None:
    one, two = cells.markers(halved[0]), cells.markers(halved[0][::-1].copy())
    assert one["gene"].tolist() == two["gene"].tolist()
    np.testing.assert_allclose(one["auroc"], two["auroc"])


def test_one_group_has_none(halved: Halved) -> None:
    own = halved[0].copy()
    own.obs["cluster_train"] = "1"
    assert cells.markers(own).empty


def test_not_split(prepared: anndata.AnnData) -> None:
    with pytest.raises(InputError, match="run regroup first"):
        cells.markers(prepared)

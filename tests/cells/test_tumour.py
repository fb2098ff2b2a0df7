"""The choice of epithelial cells: on the twin and a real tumour, cells of few counts, and what cannot be chosen."""

from pathlib import Path

import anndata
import numpy as np
import pytest
from scipy.sparse import csr_matrix
from tests.cells.droplets import judged

from fxyd3 import cells
from fxyd3.cells._tumour import tumour
from fxyd3.data.lineages import epithelial
from fxyd3.errors import InputError


def shares(cells_: anndata.AnnData, truth: np.ndarray) -> dict[str, float]:
    return cells.recovered(cells_.obs["epithelial"].to_numpy(), truth)["lower"].to_dict()


def test_the_twins_tumour_cells_are_kept_and_the_others_are_not() -> None:
    twin = judged("twin")
    truth = (twin.obs["truth_type"] == "tumour").to_numpy()
    unsorted = (twin.obs["fraction"] == "unsorted").to_numpy()
    for part in (slice(None), unsorted):
        assert min(shares(twin[part], truth[part]).values()) > 0.98


def test_each_state_is_kept_the_mesenchymal_one_too() -> None:
    """Alone, some cells of every state have no more epithelial counts than others; none may be lost for it."""
    twin = judged("twin")
    kept = twin.obs.groupby("truth_state", observed=True)["epithelial"].mean()
    assert (kept.drop(["stroma", "immune"]) > 0.98).all()
    assert epithelial(twin).mean() < twin.obs["epithelial"].mean()


@pytest.mark.real
def test_it_agrees_with_the_labels_of_a_real_tumour(real_data: Path) -> None:
    found = judged(real_data / "wu2021_cid4465_tnbc.h5ad")
    truth = found.obs["celltype_major"].str.contains("Epithelial").to_numpy()
    share = shares(found, truth)
    assert share["recall"] > 0.95
    assert share["precision"] > 0.85
    alone = cells.recovered(epithelial(found), truth)["share"]
    both = cells.recovered(found.obs["epithelial"].to_numpy(), truth)["share"]
    assert (both > alone).all()


def test_a_cell_that_lost_its_epithelial_counts_is_decided_by_its_neighbours() -> None:
    twin = judged("twin").copy()
    lost = np.flatnonzero(epithelial(twin) & (twin.obs["truth_type"] == "tumour").to_numpy())[::50]
    counts = twin.layers["counts"].tolil()
    genes = np.flatnonzero(epithelial_genes(twin))
    for cell in lost:
        counts[cell, genes] = 0
    twin.layers["counts"] = csr_matrix(counts)
    assert not epithelial(twin)[lost].any()
    result = tumour(twin)
    assert result.kept[lost].mean() > 0.98
    assert result.table["alone"].sum() >= result.kept[lost].sum()


def epithelial_genes(adata: anndata.AnnData) -> np.ndarray:
    from fxyd3.data import gene_set

    return np.asarray(adata.var_names.isin(gene_set("WU2021_GARNETT_EPITHELIAL")))


def test_the_table_adds_up_and_order_changes_nothing() -> None:
    twin = judged("twin")
    table = tumour(twin.copy()).table
    assert (table["kept"] + table["other"] == table["cells"]).all()
    assert table["cells"].sum() == twin.n_obs
    assert (table["alone"] <= table["kept"]).all()
    order = np.random.default_rng(0).permutation(twin.n_obs)
    turned = twin[order].copy()
    assert (tumour(turned).kept == tumour(twin.copy()).kept[order]).mean() > 0.9999


def test_all_keeps_all_and_missing_genes_are_said() -> None:
    twin = judged("twin").copy()
    assert tumour(twin, how="all").kept.all()
    without = twin[:, ~epithelial_genes(twin)].copy()
    result = tumour(without)
    assert "epithelial genes" in result.missing
    assert result.kept.all()


def test_bad_input_is_one_sentence() -> None:
    twin = judged("twin")
    with pytest.raises(InputError, match="choose epithelial or all"):
        tumour(twin.copy(), how="cluster 3")
    bare = twin.copy()
    del bare.obsm["X_pca"]
    with pytest.raises(InputError, match="run normalise and embed first"):
        tumour(bare)
    immune = twin[~twin.obs["epithelial"].to_numpy()].copy()
    with pytest.raises(InputError, match=r"none of the .* cells is epithelial.* set tumour to all"):
        tumour(immune)

"""The steps together: beside scanpy with the same parameters, and whatever the order and form of the counts."""

from pathlib import Path

import anndata
import numpy as np
import pandas as pd
import pytest
from scipy.linalg import subspace_angles
from scipy.sparse import csr_matrix
from sklearn.metrics import adjusted_rand_score

from fxyd3 import cells
from fxyd3.data import load

RESOLUTION = 0.5


def counts_of(name: str, path: Path | None) -> anndata.AnnData:
    study, _ = load("twin" if path is None else str(path), seed=1)
    return study


def by_us(study: anndata.AnnData) -> anndata.AnnData:
    kept, _ = cells.qc(study.copy())
    cells.normalise(kept)
    cells.embed(kept, batch=(), umap=False)
    cells.cluster(kept, resolution=RESOLUTION)
    return kept


def by_scanpy(study: anndata.AnnData) -> anndata.AnnData:
    import scanpy as sc

    own = study.copy()
    own.var["mt"] = own.var_names.str.startswith("MT-")
    sc.pp.calculate_qc_metrics(own, qc_vars=["mt"], inplace=True, percent_top=None)
    own = own[(own.obs["n_genes_by_counts"] >= 200) & (own.obs["pct_counts_mt"] <= 20)].copy()
    sc.pp.filter_genes(own, min_cells=3)
    batch = "batch" if "batch" in own.obs else None
    sc.experimental.pp.highly_variable_genes(own, n_top_genes=2000, batch_key=batch)
    sc.pp.normalize_total(own)
    sc.pp.log1p(own)
    sc.pp.pca(own, n_comps=30, mask_var="highly_variable", random_state=5)
    sc.pp.neighbors(own, n_neighbors=15, transformer="sklearn")
    sc.tl.leiden(own, resolution=RESOLUTION, flavor="igraph", n_iterations=2, directed=False, random_state=1)
    return own


@pytest.mark.parametrize("name", ["twin", pytest.param("wu2021_cid4465_tnbc.h5ad", marks=pytest.mark.real)])
def test_the_same_as_scanpy_with_the_same_parameters(name: str, request: pytest.FixtureRequest) -> None:
    path = None if name == "twin" else request.getfixturevalue("real_data") / name
    study = counts_of(name, path)
    ours, theirs = by_us(study), by_scanpy(study)
    assert list(ours.obs_names) == list(theirs.obs_names)
    assert list(ours.var_names) == list(theirs.var_names)
    both = (ours.var["highly_variable"] & theirs.var["highly_variable"]).sum()
    assert both >= 0.98 * ours.var["highly_variable"].sum()
    angles = subspace_angles(ours.obsm["X_pca"][:, :20].astype(float), theirs.obsm["X_pca"][:, :20].astype(float))
    assert np.cos(angles).min() >= 0.999
    assert adjusted_rand_score(ours.obs["cluster"], theirs.obs["leiden"]) >= 0.95


def test_order_and_form_do_not_matter() -> None:
    study = load("twin", seed=2)[0][:1500].copy()
    study.X = csr_matrix(study.X)
    first = by_us(study)
    rng = np.random.default_rng(0)
    rows, columns = rng.permutation(study.n_obs), rng.permutation(study.n_vars)
    for changed in (
        study[rows].copy(),
        study[:, columns].copy(),
        anndata.AnnData(study.X.toarray().astype(np.int64), obs=study.obs, var=study.var, uns=study.uns),
    ):
        again = by_us(changed)[first.obs_names]
        assert set(again.var_names) == set(first.var_names)
        aligned = again.var["highly_variable"].reindex(first.var_names)
        pd.testing.assert_series_equal(aligned, first.var["highly_variable"])
        np.testing.assert_allclose(again[:, first.var_names].X.toarray(), first.X.toarray(), atol=1e-6)
        angles = subspace_angles(again.obsm["X_pca"][:, :10].astype(float), first.obsm["X_pca"][:, :10].astype(float))
        assert np.cos(angles).min() > 0.9999
        assert adjusted_rand_score(again.obs["cluster"], first.obs["cluster"]) > 0.95

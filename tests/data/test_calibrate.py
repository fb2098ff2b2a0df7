"""The calibration against counts of known shape, and against the tables in the project."""

from __future__ import annotations

from typing import TYPE_CHECKING

import anndata as ad
import numpy as np
import pandas as pd
import pytest
from scipy.sparse import csr_matrix

from fxyd3.data.calibrate import EPITHELIAL, FLOOR, activities, calibrate, main, programmes, signature, tables
from fxyd3.errors import InputError
from fxyd3.paths import book_file

if TYPE_CHECKING:
    from pathlib import Path

    from anndata import AnnData

MU, SIGMA, DISPERSION = 8.0, 0.5, 0.4


@pytest.fixture(scope="module")
def known() -> tuple[AnnData, np.ndarray]:
    rng = np.random.default_rng(1)
    n, g = 300, 600
    share = rng.lognormal(0, 1.5, g)
    share /= share.sum()
    mean = np.outer(rng.lognormal(MU, SIGMA, n), share)
    counts = rng.poisson(mean * rng.gamma(1 / DISPERSION, DISPERSION, (n, g)))
    labels = [EPITHELIAL[0]] * 200 + ["T-cells"] * 50 + ["CAFs"] * 50
    obs = pd.DataFrame({"celltype_major": labels}, index=[f"c{i}" for i in range(n)])
    names = ["FXYD3", *(f"G{i}" for i in range(1, g))]
    return ad.AnnData(csr_matrix(counts.astype(np.float32)), obs=obs, var=pd.DataFrame(index=names)), share


def test_known_shares_dispersions_and_library_sizes_come_back(known: tuple[AnnData, np.ndarray]) -> None:
    adata, share = known
    genes, libraries, trend = calibrate(adata)
    found = genes.loc[adata.var_names]
    assert np.std(np.log2(found["epithelial"] / (1e4 * share))) < 0.25
    third = np.quantile(share, [1 / 3, 2 / 3])
    for group in (share < third[0], (share >= third[0]) & (share < third[1]), share >= third[1]):
        assert found["dispersion"][group].median() == pytest.approx(DISPERSION, rel=0.25)
        assert found["dispersion_all"][group].median() == pytest.approx(DISPERSION, rel=0.25)
    assert trend.groupby("cells")["dispersion"].median().to_numpy() == pytest.approx(DISPERSION, rel=0.15)
    assert all(rows["share"].is_monotonic_increasing for _, rows in trend.groupby("cells"))
    for column, cells in (("stroma", 50), ("immune", 50), ("all_cells", 300)):  # they differ in their label alone
        assert np.std(np.log2(found[column] / (1e4 * share))) < 0.25 * np.sqrt(200 / cells)
    assert list(libraries["n"]) == [200, 50, 50, 300]
    mu, sigma = libraries.loc["epithelial", ["mu", "sigma"]]
    assert mu == pytest.approx(MU, abs=4 * SIGMA / np.sqrt(200))
    assert sigma == pytest.approx(SIGMA, abs=4 * SIGMA / np.sqrt(400) + 0.03)


def test_named_genes_that_the_sample_lacks_stand_at_the_floor(known: tuple[AnnData, np.ndarray]) -> None:
    genes, *_ = calibrate(known[0])
    assert genes.loc["ATP1A1", "epithelial"] == FLOOR
    assert genes.loc["FXYD3", "epithelial"] > FLOOR
    assert genes["epithelial"].min() >= FLOOR
    assert genes.index.is_unique


def test_order_of_cells_and_genes_does_not_matter(known: tuple[AnnData, np.ndarray]) -> None:
    adata = known[0]
    rng = np.random.default_rng(2)
    shuffled = adata[rng.permutation(adata.n_obs), rng.permutation(adata.n_vars)].copy()
    (genes, *rest), (genes2, *rest2) = calibrate(adata), calibrate(shuffled)
    pd.testing.assert_frame_equal(genes, genes2.loc[genes.index], rtol=1e-6)
    for table, table2 in zip(rest, rest2, strict=True):
        pd.testing.assert_frame_equal(table, table2)


def varying(loading: float, *, seed: int = 3) -> AnnData:
    """Cells of one kind in which the hundred-odd genes of cell cycle follow one activity, and no other gene does."""
    rng = np.random.default_rng(seed)
    names = [*dict.fromkeys(signature("WU2021_GARNETT_EPITHELIAL_CYCLING")), *(f"G{i}" for i in range(2000))]
    cycling = np.arange(len(names)) < len(names) - 2000
    n = 400
    # a small part of all counts, as in life: else the library size would follow the activity
    share = rng.lognormal(0, 1, len(names)) / len(names)
    log2 = loading * rng.normal(size=(n, 1)) * cycling
    mean = rng.lognormal(8, 0.5, (n, 1)) * share * np.exp2(log2) / np.exp((np.log(2) * loading * cycling) ** 2 / 2)
    counts = rng.poisson(mean * rng.gamma(1 / DISPERSION, DISPERSION, mean.shape))
    obs = pd.DataFrame({"celltype_major": [EPITHELIAL[0]] * 300 + ["T-cells"] * 50 + ["CAFs"] * 50})
    obs.index = obs.index.astype(str)
    return ad.AnnData(csr_matrix(counts.astype(np.float32)), obs=obs, var=pd.DataFrame(index=names))


@pytest.mark.parametrize("loading", [0.4, 0.9])
def test_a_known_loading_comes_back(loading: float) -> None:
    adata = varying(loading)
    genes, *_ = calibrate(adata)
    table = activities(adata, genes).set_index("gene")
    found = table.loc[table["programme"] == "cycling", "loading"]
    assert len(found) > 100
    assert found.median() == pytest.approx(loading, rel=0.2)
    assert found.min() >= 0
    assert found.max() <= 2.5 * loading


@pytest.mark.parametrize("seed", range(5))
def test_genes_that_vary_alone_have_next_to_no_loading(seed: int) -> None:
    adata = varying(0.0, seed=seed)
    table = activities(adata, calibrate(adata)[0])
    assert table.empty or table["loading"].median() < 0.15


def test_the_committed_activities_leave_the_markers_alone() -> None:
    table = pd.read_csv(book_file("data", "twin", "activities.csv"))
    assert not {"FXYD3", "NRP1", "IGF1R", "ATP1A1", "ATP1B1"} & set(table["gene"])
    assert table["gene"].is_unique
    assert table["loading"].between(0, 3).all()


def test_programmes_leave_the_markers_alone() -> None:
    genes = pd.read_csv(book_file("data", "twin", "genes.csv"), index_col=0, keep_default_na=False)
    table = programmes(genes)
    own = table[table["programme"] != "progenitor"]
    progenitor = set(table["gene"]) - set(own["gene"])
    assert not {"FXYD3", "NRP1", "IGF1R", "ATP1A1", "ATP1B1"} & set(table["gene"])
    assert {"KIT", "ELF5", "CSN3", "LALBA"} <= progenitor
    assert not table["gene"].str.startswith("MT-").any()
    assert not table.duplicated(["gene", "programme"]).any()
    assert (table.loc[table["programme"] == "progenitor", "log2fc"] > 0).all()


def test_too_few_cells_and_missing_labels_are_refused(known: tuple[AnnData, np.ndarray]) -> None:
    adata = known[0]
    with pytest.raises(InputError, match="49 epithelial cells; at least 50"):
        calibrate(adata[:49])
    with pytest.raises(InputError, match="0 stroma cells; at least 50"):
        calibrate(adata[:250])
    bare = ad.AnnData(adata.X, var=adata.var)
    with pytest.raises(InputError, match="celltype_major"):
        calibrate(bare)
    with pytest.raises(InputError, match="no file nowhere"):
        main("nowhere.h5ad")


@pytest.mark.real
def test_the_committed_tables_are_what_the_script_makes(real_data: Path) -> None:
    for name, made in tables(ad.read_h5ad(real_data / "wu2021_cid4465_tnbc.h5ad")).items():
        kept = pd.read_csv(book_file("data", "twin", f"{name}.csv"), index_col=0, keep_default_na=False)
        pd.testing.assert_frame_equal(made, kept, rtol=6e-4)

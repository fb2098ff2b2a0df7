"""The calibration against counts of known shape, and against the tables in the project."""

from __future__ import annotations

from typing import TYPE_CHECKING

import anndata as ad
import numpy as np
import pandas as pd
import pytest
from scipy.sparse import csr_matrix

from fxyd3.data.calibrate import EPITHELIAL, FLOOR, calibrate, main, programmes
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
    obs = pd.DataFrame({"celltype_major": [EPITHELIAL[0]] * 200 + ["T-cells"] * 100}, index=[f"c{i}" for i in range(n)])
    names = ["FXYD3", *(f"G{i}" for i in range(1, g))]
    return ad.AnnData(csr_matrix(counts.astype(np.float32)), obs=obs, var=pd.DataFrame(index=names)), share


def test_known_shares_dispersions_and_library_sizes_come_back(known: tuple[AnnData, np.ndarray]) -> None:
    adata, share = known
    genes, libraries = calibrate(adata)
    found = genes.loc[adata.var_names]
    assert np.std(np.log2(found["epithelial"] / (1e4 * share))) < 0.25
    third = np.quantile(share, [1 / 3, 2 / 3])
    for group in (share < third[0], (share >= third[0]) & (share < third[1]), share >= third[1]):
        assert found["dispersion"][group].median() == pytest.approx(DISPERSION, rel=0.25)
    mu, sigma, n = libraries.loc["epithelial", ["mu", "sigma", "n"]]
    assert n == 200
    assert mu == pytest.approx(MU, abs=4 * SIGMA / np.sqrt(200))
    assert sigma == pytest.approx(SIGMA, abs=4 * SIGMA / np.sqrt(400) + 0.03)


def test_named_genes_that_the_sample_lacks_stand_at_the_floor(known: tuple[AnnData, np.ndarray]) -> None:
    genes, _ = calibrate(known[0])
    assert genes.loc["ATP1A1", "epithelial"] == FLOOR
    assert genes.loc["FXYD3", "epithelial"] > FLOOR
    assert genes["epithelial"].min() >= FLOOR
    assert genes.index.is_unique


def test_order_of_cells_and_genes_does_not_matter(known: tuple[AnnData, np.ndarray]) -> None:
    adata = known[0]
    rng = np.random.default_rng(2)
    shuffled = adata[rng.permutation(adata.n_obs), rng.permutation(adata.n_vars)].copy()
    (genes, libraries), (genes2, libraries2) = calibrate(adata), calibrate(shuffled)
    pd.testing.assert_frame_equal(genes, genes2.loc[genes.index], rtol=1e-6)
    pd.testing.assert_frame_equal(libraries, libraries2)


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
    with pytest.raises(InputError, match="at least 50"):
        calibrate(adata[:49])
    bare = ad.AnnData(adata.X, var=adata.var)
    with pytest.raises(InputError, match="celltype_major"):
        calibrate(bare)
    with pytest.raises(InputError, match="no file nowhere"):
        main("nowhere.h5ad")


@pytest.mark.real
def test_the_committed_tables_are_what_the_script_makes(real_data: Path) -> None:
    genes, libraries = calibrate(ad.read_h5ad(real_data / "wu2021_cid4465_tnbc.h5ad"))
    for name, made in (
        ("genes", genes),
        ("libraries", libraries),
        ("programmes", programmes(genes).set_index("gene")),
    ):
        kept = pd.read_csv(book_file("data", "twin", f"{name}.csv"), index_col=0, keep_default_na=False)
        pd.testing.assert_frame_equal(made, kept, rtol=6e-4)

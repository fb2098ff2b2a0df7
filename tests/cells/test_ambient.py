"""Ambient RNA: known shares are bounded, and the twin's own; what cannot be known is said."""

import anndata
import numpy as np
import pandas as pd
import pytest
from scipy.sparse import csr_matrix
from tests.cells.droplets import judged

from fxyd3.cells._ambient import FOREIGN, Ambient, ambient, ambient_detection
from fxyd3.errors import InputError

GENES = ["KRT8", "FXYD3", *FOREIGN[:6], *(f"G{i}" for i in range(200))]
SOUP = 0.08


def mixed(
    *, share: float = SOUP, samples: int = 2, others: float = 0.5, seed: int = 0, cells: int = 400
) -> anndata.AnnData:
    """Cells of two lineages whose soup is the sum of both; no epithelial cell makes a gene of the other."""
    rng = np.random.default_rng(seed)
    inside = rng.random(cells) > others
    level = rng.lognormal(0, 1, len(GENES))
    own = np.tile(level, (2, 1))
    own[1, :2] = 0
    own[0, 2:8] = 0
    own[:, :8] *= 5
    own /= own.sum(axis=1, keepdims=True)
    soup = np.array([1 - inside.mean(), inside.mean()]) @ own[[1, 0]]
    mean = (1 - share) * own[np.where(inside, 0, 1)] + share * soup
    counts = rng.poisson(mean * 3000 * rng.lognormal(0, 0.3, (cells, 1)))
    obs = pd.DataFrame({"epithelial": inside, "sample": [f"S{i % samples}" for i in range(cells)]}).rename(str)
    return anndata.AnnData(csr_matrix(counts.astype(np.float32)), obs=obs, var=pd.DataFrame(index=GENES))


@pytest.mark.parametrize("share", [0.02, 0.08, 0.3])
def test_finds_the_share_where_the_cells_are_the_soup(share: float) -> None:
    table = ambient(mixed(share=share, cells=2000), n_bootstrap=100).table
    assert table["bound"].to_numpy() == pytest.approx(share, rel=0.1)
    assert (table["missing"] == "").all()


def test_the_interval_holds_the_truth_about_as_often_as_it_says() -> None:
    tables = [ambient(mixed(seed=seed, samples=1), n_bootstrap=200).table for seed in range(120)]
    table = pd.concat(tables)
    held = table["lower"].le(SOUP) & table["upper"].ge(SOUP)
    assert 105 < held.sum() < 120  # at a rate of 0.95, others are seen in fewer than one of a hundred


def test_nothing_ambient_gives_nothing() -> None:
    table = ambient(mixed(share=0)).table
    assert (table["bound"] == 0).all()
    assert table["lower"].isna().all()
    assert table["missing"].str.contains("too few for an interval").all()


def test_sorted_cells_say_why_they_tell_nothing_unless_the_soup_is_known() -> None:
    cells = mixed(samples=1)
    pure = cells[cells.obs["epithelial"].to_numpy()].copy()
    assert "cells of other lineages" in ambient(pure).table.loc["S0", "missing"]
    assert np.isnan(ambient(pure).table.loc["S0", "bound"])
    soup = pd.Series(np.asarray(cells.X.sum(axis=0)).ravel(), GENES)
    assert ambient(pure, profile=soup).table.loc["S0", "bound"] == pytest.approx(SOUP, rel=0.15)
    assert "epithelial cells" in ambient(cells[~cells.obs["epithelial"].to_numpy()].copy()).table.loc["S0", "missing"]


def test_order_of_cells_and_genes_and_depth_change_nothing() -> None:
    cells = mixed()
    rng = np.random.default_rng(3)
    turned = cells[rng.permutation(cells.n_obs)][:, rng.permutation(cells.n_vars)].copy()
    one, two = (ambient(each).table.sort_index() for each in (cells, turned))
    pd.testing.assert_series_equal(one["bound"], two["bound"])
    twice = cells.copy()
    twice.X = cells.X * 2
    pd.testing.assert_series_equal(ambient(twice).table["bound"], ambient(cells).table["bound"])


def test_detection_by_ambient_rna_alone_is_that_of_a_poisson_count() -> None:
    cells = mixed(samples=1, cells=4000)
    table = ambient_detection(cells, ["KRT8", FOREIGN[0], "absent"], ambient(cells))
    foreign = table.loc[(FOREIGN[0], "True")]
    assert foreign["ambient"] == pytest.approx(foreign["seen"], abs=4)  # the cells do not make it
    assert table.loc[("KRT8", "False"), "ambient"] == pytest.approx(table.loc[("KRT8", "False"), "seen"], abs=4)
    assert table.loc[("KRT8", "True"), "seen"] > table.loc[("KRT8", "True"), "ambient"] + 20
    assert table.loc["absent"].isna().all(axis=None)
    share, total = 0.001, np.asarray(cells.X.sum(axis=1)).ravel()
    flat = Ambient(pd.DataFrame({"bound": [0.1]}, ["S0"]), pd.DataFrame(share, ["S0"], GENES))
    by_hand = 100 * (1 - np.exp(-share * 0.1 * total))[cells.obs["epithelial"].to_numpy()].mean()
    assert ambient_detection(cells, ["KRT8"], flat).loc[("KRT8", "True"), "ambient"] == pytest.approx(by_hand)


def test_it_is_a_bound_on_the_twin() -> None:
    twin = judged("twin")
    found = ambient(twin).table
    inside = twin.obs["epithelial"].to_numpy()
    counts = np.asarray(twin.layers["counts"].sum(axis=1)).ravel()
    truth = twin.obs["truth_ambient"][inside].sum() / counts[inside].sum()
    known = found["bound"].dropna()
    assert len(known) > 3
    assert (known > truth).all()
    assert found.loc[found.index.str.endswith("high"), "bound"].isna().all()  # sorted cells


def test_bad_input_is_one_sentence() -> None:
    cells = mixed()
    with pytest.raises(InputError, match=r"none of the .* genes of other lineages"):
        ambient(cells[:, ["KRT8", "G1"]].copy())
    del cells.obs["epithelial"]
    with pytest.raises(InputError, match="run tumour first"):
        ambient(cells)


@pytest.mark.parametrize(
    ("genes", "key", "words"), [(["nope"], "epithelial", "none of the genes"), (["KRT8"], "epitelial", "did you mean")]
)
def test_detection_names_what_is_not_there(genes: list[str], key: str, words: str) -> None:
    cells = mixed()
    with pytest.raises(InputError, match=words):
        ambient_detection(cells, genes, ambient(cells), key=key)


def test_detection_without_a_bound_is_refused() -> None:
    cells = mixed(samples=1)
    pure = cells[cells.obs["epithelial"].to_numpy()].copy()
    with pytest.raises(InputError, match="no sample has a bound"):
        ambient_detection(pure, ["KRT8"], ambient(pure))

"""The measures of realism against matrices of known shape, and against the file in the project."""

from __future__ import annotations

from typing import TYPE_CHECKING

import anndata as ad
import numpy as np
import pandas as pd
import pytest
from scipy.sparse import csr_matrix

from fxyd3.data.realism import (
    cell_quality,
    classifier_auroc,
    classifier_tests,
    gene_correlations,
    gene_trends,
    main,
    programme_correlations,
    published,
    real_cells,
    simulated_cells,
    summaries,
)
from fxyd3.data.simulate import VERSION
from fxyd3.errors import InputError
from fxyd3.paths import book_file

if TYPE_CHECKING:
    from pathlib import Path

    from anndata import AnnData

GENES = pd.read_csv(book_file("data", "twin", "genes.csv"), index_col=0, keep_default_na=False).query(
    "detected_all > 0"
)
ACTIVITIES = pd.read_csv(book_file("data", "twin", "activities.csv"), index_col=0)
SHARE = GENES["epithelial"].to_numpy() / GENES["epithelial"].sum()
PHI = 0.4


def drawn(
    cells: int = 200,
    *,
    seed: int = 1,
    depth: float = 2000,
    phi: float = PHI,
    log2: np.ndarray | float = 0.0,
) -> AnnData:
    """Negative binomial cells of one library size, over the genes of the real sample."""
    rng = np.random.default_rng(seed)
    mean = depth * SHARE * np.exp2(np.broadcast_to(log2, (cells, len(SHARE))))
    counts = rng.poisson(mean * rng.gamma(1 / phi, phi, mean.shape)).astype(np.float32)
    names = pd.DataFrame(index=[f"c{i}" for i in range(cells)])
    return ad.AnnData(csr_matrix(counts), obs=names, var=pd.DataFrame(index=GENES.index.to_numpy(dtype=str)))


@pytest.fixture(scope="module")
def cells() -> AnnData:
    return drawn(400)


def test_variance_and_dropout_follow_the_closed_form_of_the_negative_binomial(cells: AnnData) -> None:
    table = gene_trends(cells).query("mean > 0.05")
    assert len(table) >= 8
    assert (table["genes"] >= 10).all()
    assert table["dropout"].to_numpy() == pytest.approx((1 + PHI * table["mean"]) ** (-1 / PHI), abs=0.03)
    expected = table["mean"] + PHI * table["mean"] ** 2
    assert table["variance"].to_numpy() == pytest.approx(expected.to_numpy(), rel=0.15)


def test_quality_measures_are_those_counted_by_hand(cells: AnnData) -> None:
    table = cell_quality(cells)
    counts = cells.X.toarray()
    total, middle = counts.sum(axis=1), table["quantile"] == 0.5
    mito = cells.var_names.str.startswith("MT-")
    assert table.loc[middle, "total_counts"].item() == np.median(total)
    assert table.loc[middle, "n_genes_by_counts"].item() == np.median((counts > 0).sum(axis=1))
    assert table.loc[middle, "pct_counts_mt"].item() == pytest.approx(
        np.median(100 * counts[:, mito].sum(axis=1) / total)
    )
    ten = 100 * np.sort(counts, axis=1)[:, -10:].sum(axis=1) / total
    assert table.loc[middle, "pct_counts_in_top_10_genes"].item() == pytest.approx(np.median(ten))
    assert table.drop(columns="quantile").apply(lambda column: column.is_monotonic_increasing).all()


def test_genes_that_vary_alone_correlate_by_chance_only(cells: AnnData) -> None:
    median = gene_correlations(cells).set_index("quantile").loc[0.5, "absolute_r"]
    assert median == pytest.approx(0.6745 / np.sqrt(cells.n_obs), rel=0.1)
    assert programme_correlations(cells)["mean_r"].abs().max() < 0.04


def test_one_activity_shows_in_its_own_programme_only() -> None:
    stressed = GENES.index.isin(ACTIVITIES.index[ACTIVITIES["programme"] == "stress"])
    activity = np.random.default_rng(2).normal(size=(400, 1))
    table = programme_correlations(drawn(400, log2=1.3 * activity * stressed)).set_index("programme")["mean_r"]
    assert table["stress"] > 0.1
    assert table.drop("stress").abs().max() < 0.04


def test_cells_of_one_kind_are_not_told_apart_whatever_their_library_sizes() -> None:
    values = [
        classifier_auroc(drawn(100, seed=seed, depth=1500), drawn(100, seed=seed + 50, depth=4500), seed=seed)
        for seed in range(6)
    ]
    assert np.mean(values) == pytest.approx(0.5, abs=3 * 0.06 / np.sqrt(6))


def test_the_further_apart_the_easier_told() -> None:
    move = np.random.default_rng(3).normal(size=len(SHARE))
    near, far = (classifier_auroc(drawn(100), drawn(100, seed=2, log2=size * move)) for size in (0.3, 1.0))
    assert 0.55 < near < far
    assert far > 0.95


def test_the_same_seed_gives_the_same_number_and_the_order_of_genes_does_not_matter() -> None:
    one, other = drawn(100), drawn(100, seed=2, phi=1.0)
    assert classifier_auroc(one, other, seed=1) == classifier_auroc(one, other, seed=1)
    assert classifier_auroc(one, other, seed=1) != classifier_auroc(one, other, seed=2)
    order = np.random.default_rng(4).permutation(one.n_vars)
    for name, table in summaries(one).items():
        pd.testing.assert_frame_equal(table, summaries(one[:, order].copy())[name], rtol=1e-5)


def test_simulated_cells_are_as_asked() -> None:
    some = simulated_cells(60, seed=3)
    assert some.n_obs == 60
    assert list(some.var_names) == list(GENES.index)
    assert set(some.obs["truth_quality"]) == {"intact"}
    assert set(some.obs["truth_type"]) == {"tumour"}
    assert set(some.obs["fraction"]) == {"unsorted"}
    assert set(some.obs["condition"]) == {"before"}


def test_the_file_is_of_this_twin_and_tells_its_own_floor() -> None:
    kept = published()
    tests = kept["classifier_tests"].set_index("comparison")
    floor = tests.loc["two halves of the real cells"]
    assert floor["lower"] < 0.5 < floor["upper"]
    assert (tests["lower"] <= tests["auroc"]).all()
    assert (tests["auroc"] <= tests["upper"]).all()
    assert f'"twin": "{VERSION}"' in book_file("data", "twin", "realism.json").read_text(encoding="utf-8")


def test_what_cannot_be_compared_is_refused_in_one_sentence(cells: AnnData) -> None:
    with pytest.raises(InputError, match="do not have the same genes"):
        classifier_auroc(cells, cells[:, ::-1])
    with pytest.raises(InputError, match="49 cells; at least 50"):
        classifier_auroc(cells, cells[:49])
    with pytest.raises(InputError, match="celltype_major"):
        real_cells(cells)
    labelled = cells[:, 1:].copy()
    labelled.obs["celltype_major"] = "Cancer Epithelial"
    with pytest.raises(InputError, match=rf"lacks 1 genes .* such as {cells.var_names[0]}"):
        real_cells(labelled)
    with pytest.raises(InputError, match="no file nowhere"):
        main("nowhere.h5ad")


@pytest.mark.real
def test_the_published_numbers_are_those_of_the_real_cells(real_data: Path) -> None:
    real = real_cells(ad.read_h5ad(real_data / "wu2021_cid4465_tnbc.h5ad"))
    kept = published()
    assert real.n_obs == 134
    for name, table in summaries(real).items():
        pd.testing.assert_frame_equal(table, kept[name], check_dtype=False, rtol=6e-4, atol=1e-6)
    again = classifier_tests(real, repeats=2).set_index("comparison")["auroc"]  # the file has twenty
    expected = kept["classifier_tests"].set_index("comparison")
    assert ((expected["lower"] <= again) & (again <= expected["upper"])).all()


def test_the_twin_differs_from_real_cells_as_the_page_says() -> None:
    real = published()
    drawn = [summaries(simulated_cells(seed=seed)) for seed in (1, 2, 3)]

    def mean(table: str, column: str, key: str, at: object) -> tuple[float, float]:
        sides = [real, *drawn]
        values = [float(side[table].set_index(key)[column].loc[at]) for side in sides]
        return values[0], float(np.mean(values[1:]))

    for programme in ("hypoxic", "mesenchymal", "cycling"):
        one, other = mean("programme_correlations", "mean_r", "programme", programme)
        assert other > 1.2 * one, "planted states hold together more"
    one, other = mean("gene_correlations", "absolute_r", "quantile", 0.5)
    assert other < 0.95 * one, "the rest is too independent"
    high = [side["gene_trends"].tail(2)["variance"].mean() for side in (real, *drawn)]
    assert np.mean(high[1:]) < 0.7 * high[0], "highly expressed genes vary too little"
    one, other = mean("cell_quality", "total_counts", "quantile", 0.95)
    assert other < one, "no long upper tail of library sizes"
    one, other = mean("cell_quality", "total_counts", "quantile", 0.05)
    assert other < one, "a few smaller cells"

"""The gate on epithelial cells and the paired pseudobulk: known truth, closed forms, invariances, a real tumour."""

from pathlib import Path

import anndata as ad
import numpy as np
import pandas as pd
import pytest
from scipy import sparse

from fxyd3.data import gene_set
from fxyd3.data.lineages import OTHER, epithelial
from fxyd3.data.simulate import twin
from fxyd3.enrichment._pseudobulk import log_cpm, signature_shift
from fxyd3.errors import InputError

EPITHELIAL = gene_set("WU2021_GARNETT_EPITHELIAL")
PROGENITOR = gene_set("LIM_MAMMARY_LUMINAL_PROGENITOR_UP")
BASAL = gene_set("LIM_MAMMARY_STEM_CELL_UP_SHORTLIST")


@pytest.fixture(scope="module")
def cohort() -> ad.AnnData:
    return twin(3000, seed=3)


@pytest.fixture(scope="module")
def null() -> ad.AnnData:
    return twin(3000, seed=3, null=True, rates={"stroma": 0.2, "immune": 0.1})


def test_the_gate_shares_no_gene_with_other_lineages_or_the_signature() -> None:
    assert not set(EPITHELIAL) & {gene for genes in OTHER.values() for gene in genes}
    assert not {*EPITHELIAL, *OTHER["stroma"]} & {*PROGENITOR}  # the gate must not choose by this signature


def test_the_gate_keeps_tumour_cells_of_every_state_and_drops_the_others(cohort: ad.AnnData) -> None:
    passed = pd.Series(epithelial(cohort), index=cohort.obs_names)
    by_type = passed.groupby(cohort.obs["truth_type"], observed=True).mean()
    assert by_type["tumour"] > 0.9
    assert by_type[["immune", "stroma"]].max() < 0.05
    tumour = cohort.obs["truth_type"] == "tumour"
    assert passed[tumour].groupby(cohort.obs["truth_state"][tumour], observed=True).mean().min() > 0.85


@pytest.mark.real
def test_the_gate_on_a_real_tumour(real_data: Path) -> None:
    """Labels of the authors, who used these genes among others: agreement is not proof."""
    tumour = ad.read_h5ad(real_data / "wu2021_cid4465_tnbc.h5ad")
    passed = pd.Series(epithelial(tumour), index=tumour.obs_names)
    share = passed.groupby(tumour.obs["celltype_major"], observed=True).mean()
    cells = tumour.obs["celltype_major"].isin(["Cancer Epithelial", "Normal Epithelial"])
    assert passed[cells].mean() > 0.9
    assert passed[~cells].mean() < 0.03
    assert share.drop(["Cancer Epithelial", "Normal Epithelial"]).max() < 0.1


def test_the_gate_asks_each_cell_alone_and_not_for_depth(cohort: ad.AnnData) -> None:
    passed = epithelial(cohort)
    order = np.random.default_rng(1).permutation(cohort.n_obs)[:500]
    part = cohort[order, np.arange(cohort.n_vars)[::-1]].copy()
    part.X = 3 * part.X.toarray()
    assert (epithelial(part) == passed[order]).all()


def test_log_counts_per_million_are_those_of_the_closed_form() -> None:
    """Samples of 1 and 3 million counts: the prior of 2 is 1 for the first and 3 for the second."""
    counts = np.array([[10, 0, 999_990], [30, 0, 2_999_970]], dtype=float)
    found = log_cpm(counts)
    assert found[:, 0] == pytest.approx(np.log2([11 / 1_000_002 * 1e6, 33 / 3_000_006 * 1e6]))
    assert found[0] == pytest.approx(found[1])  # no gene differs but for depth
    assert np.isfinite(found).all()


def test_a_planted_shift_is_found_and_counted_by_hand() -> None:
    """Deep samples in which five genes double in sorted cells of four patients."""
    rng = np.random.default_rng(1)
    names = [f"G{i}" for i in range(600)]
    level = rng.uniform(50, 60, 600)
    obs = pd.DataFrame(
        [(f"P{p}", f) for p in range(4) for f in ("unsorted", "high") for _ in range(30)],
        columns=["patient", "fraction"], index=[str(i) for i in range(240)],
    )  # fmt: skip
    fold = np.ones((240, 600))
    fold[np.ix_(obs["fraction"] == "high", range(5))] = 2
    data = ad.AnnData(rng.poisson(level * fold).astype(np.float32), obs=obs, var=pd.DataFrame(index=names))
    found = signature_shift(data, names[:5])
    size = np.array([level.sum(), (level * fold[-1]).sum()])
    assert found.per_patient["signature"].to_numpy() == pytest.approx(1 - np.log2(size[1] / size[0]), abs=0.05)
    assert found.interval.estimate == pytest.approx(1, abs=0.03)
    assert found.control.estimate == pytest.approx(-np.log2(size[1] / size[0]), abs=0.01)
    assert found.exceeded == 0
    assert found.n == 4


def test_sorted_cells_of_the_twin_carry_more_of_the_progenitor_signature(cohort: ad.AnnData) -> None:
    found = signature_shift(cohort[epithelial(cohort)], PROGENITOR)
    assert found.interval.lower > 0
    assert found.exceeded == 0
    assert abs(found.control.estimate) < 0.25 * found.interval.estimate
    assert set(found.per_patient["condition"]) == {"before"}  # sorted cells come from there only
    assert len(found.per_patient) == 12
    assert found.n == 6


@pytest.mark.parametrize("seed", range(1, 4))
def test_nothing_is_found_where_nothing_was_planted(seed: int) -> None:
    """Intervals of 95%; that one misses 0 by more than its half-width has a chance of less than 1 in 100."""
    cells = twin(1500, seed=seed, null=True)
    found = signature_shift(cells[epithelial(cells)], PROGENITOR)
    half = found.interval.upper - found.interval.estimate
    assert abs(found.interval.estimate) < 2 * half


def test_impure_samples_seem_to_differ_and_the_gate_mends_it(null: ad.AnnData) -> None:
    """Stroma carries basal genes: without the gate, unsorted cells of the null twin seem to have more of them."""
    impure = signature_shift(null, BASAL)
    gated = signature_shift(null[epithelial(null)], BASAL)
    assert impure.interval.upper < 0
    assert gated.interval.lower <= 0 <= gated.interval.upper


def test_fewer_sorted_cells_pull_all_genes_down_and_the_control_takes_it_off(null: ad.AnnData) -> None:
    cells = null[epithelial(null)]
    few = (cells.obs["fraction"] == "unsorted") | (np.random.default_rng(1).random(cells.n_obs) < 0.25)
    found = signature_shift(cells[few.to_numpy()], PROGENITOR)
    assert found.control.upper < 0
    assert found.interval.lower <= 0 <= found.interval.upper


def test_order_of_cells_and_genes_and_kind_of_matrix_do_not_matter(cohort: ad.AnnData) -> None:
    rng = np.random.default_rng(2)
    shuffled = cohort[rng.permutation(cohort.n_obs), rng.permutation(cohort.n_vars)].copy()
    shuffled.X = shuffled.X.toarray()
    one, other = (signature_shift(each, PROGENITOR).per_patient for each in (cohort, shuffled))
    pd.testing.assert_series_equal(one["signature"], other["signature"])
    assert one["control"].to_numpy() == pytest.approx(other["control"].to_numpy(), abs=0.02)  # ties fall elsewhere


def test_random_genes_are_repeatable(cohort: ad.AnnData) -> None:
    assert signature_shift(cohort, PROGENITOR, seed=4).control == signature_shift(cohort, PROGENITOR, seed=4).control
    assert signature_shift(cohort, PROGENITOR, seed=4).control != signature_shift(cohort, PROGENITOR, seed=5).control


def test_genes_sorted_on_are_left_out_and_genes_not_there_are_named(cohort: ad.AnnData) -> None:
    found = signature_shift(cohort, [*BASAL, "NOT1", "IGF1R"])
    assert found.excluded == ("NRP1", "IGF1R")
    assert found.missing == ("NOT1",)
    assert set(found.genes) == {*BASAL} - {"NRP1"}
    with_it = signature_shift(cohort, [*BASAL], exclude=())
    assert "NRP1" in with_it.genes


def test_a_gene_sorted_on_would_prove_itself(null: ad.AnnData) -> None:
    """The circle: raise NRP1 in sorted cells of the null twin, and a short list with it seems to be enriched."""
    marked = null[epithelial(null)].copy()
    counts = marked.X.tolil()
    counts[np.flatnonzero(marked.obs["fraction"] != "unsorted"), marked.var_names.get_loc("NRP1")] = 20
    marked.X = sparse.csr_matrix(counts)
    short = ["NRP1", "KRT5", "KRT14", "ITGA6", "TP63", "SNAI2", "JAG1"]
    assert signature_shift(marked, short, exclude=()).interval.lower > 0
    honest = signature_shift(marked, short).interval
    assert honest.lower <= 0 <= honest.upper


def test_small_samples_are_left_out_and_named(cohort: ad.AnnData) -> None:
    cells = cohort.obs
    drop = (cells["patient"] == "P2") & (cells["fraction"] == "NRP1-high")
    kept = ~drop | (np.cumsum(drop) <= 7)
    found = signature_shift(cohort[kept.to_numpy()], PROGENITOR)
    assert found.left_out == ("P2 before NRP1-high (7 sorted, 125 unsorted)",)
    assert len(found.per_patient) == 11
    assert found.n == 6


def test_sorted_cells_are_compared_within_their_condition_only(cohort: ad.AnnData) -> None:
    """Unsorted cells from after treatment, whatever they express, change nothing."""
    other = cohort.copy()
    after = (other.obs["condition"] == "after").to_numpy()
    counts = other.X.tolil()
    counts[after, 0] = 1000
    other.X = sparse.csr_matrix(counts)
    one, two = (signature_shift(each, PROGENITOR).per_patient["signature"] for each in (cohort, other))
    pd.testing.assert_series_equal(one, two)
    with pytest.raises(
        InputError, match="0 patients with at least 20 sorted and as many unsorted cells of one condition"
    ):
        signature_shift(cohort[after | (cohort.obs["fraction"] != "unsorted").to_numpy()], PROGENITOR)


def test_the_summary_has_an_interval_and_the_number_of_patients(cohort: ad.AnnData) -> None:
    table = signature_shift(cohort, PROGENITOR).summary()
    assert (table["lower"] < table["log2_change"]).all()
    assert table["patients"].tolist() == [6, 6]


def _logged(data: ad.AnnData) -> ad.AnnData:
    data.X = sparse.csr_matrix(data.X).log1p()
    return data


@pytest.mark.parametrize(
    ("change", "options", "message"),
    [
        (lambda d: d, {"fraction": "fractoin"}, "no column 'fractoin' in obs .did you mean 'fraction'"),
        (lambda d: d, {"patient": "donor"}, "no column 'donor'"),
        (lambda d: d, {"unsorted": "Unsorted"}, "No cell is 'Unsorted' .* .did you mean 'unsorted'"),
        (lambda d: d[d.obs["patient"].isin(["P1", "P2"])], {}, "2 patients with at least 20 sorted"),
        (lambda d: d, {"min_cells": 1000}, "0 patients with at least 1000 sorted"),
        (lambda d: d, {"genes": ["ENSG00000141510"]}, "0 of the 1 genes of the signature"),
        (lambda d: d, {"genes": ["NRP1", "KRT5", "KRT14"]}, "2 of the 3 genes"),
        (lambda d: d[:, PROGENITOR], {}, "No expressed gene is left to draw a control from"),
        (_logged, {}, "X does not hold raw counts"),
    ],
)
def test_what_cannot_be_compared_is_refused_in_one_sentence(
    cohort: ad.AnnData, change: object, options: dict[str, object], message: str
) -> None:
    data = change(cohort.copy())  # type: ignore[operator]
    with pytest.raises(InputError, match=message) as caught:
        signature_shift(data, **({"genes": PROGENITOR} | options))
    assert str(caught.value).count(". ") == 0


def test_a_gate_without_its_genes_is_refused(cohort: ad.AnnData) -> None:
    with pytest.raises(InputError, match="hold 2 of the 26 epithelial genes"):
        epithelial(cohort[:, ["EPCAM", "KRT8", "PTPRC", "ACTB"]])
    with pytest.raises(InputError, match="no gene of immune"):
        epithelial(cohort[:, [*EPITHELIAL, "COL1A1", "PECAM1"]])
    with pytest.raises(InputError, match="raw counts"):
        epithelial(_logged(cohort.copy()))

"""Paired expression: known truth, null twins, a test of cells beside it, invariances, and what is missing or wrong."""

from collections.abc import Callable

import anndata
import numpy as np
import pandas as pd
import pytest
from scipy import stats
from scipy.sparse import csr_matrix
from statsmodels.stats.multitest import multipletests

from fxyd3.data.pseudobulk import add_up, size_factors, whole_counts
from fxyd3.data.simulate import twin
from fxyd3.errors import InputError
from fxyd3.tolerance._paired import (
    NAMED,
    PairedExpression,
    cells_as_replicates,
    log_per_million,
    pair_up,
    paired_expression,
)

FOUND = ["log2fc", "lower", "upper", "p", "p_adjusted", "base_mean"]


def tumour(size: int = 3000, *, seed: int = 1, patients: int = 9, null: bool = False) -> anndata.AnnData:
    """Unsorted tumour cells of a twin, with a part of its genes: those with a planted change, and every tenth other."""
    study = twin(size, seed=seed, patients=patients, null=null, sorted_cells=0, rates={"ambient": 0})
    planted = study.var.filter(like="truth_log2fc").any(axis=1)
    kept = (planted | (np.arange(study.n_vars) % 10 == 0) | study.var_names.isin(NAMED)).to_numpy()
    return study[study.obs["truth_type"] == "tumour", kept].copy()


def uneven(study: anndata.AnnData, seed: int) -> anndata.AnnData:
    """Give every sample and gene a factor of its own (20 %), as two biopsies may have, by thinning the counts."""
    rng, own = np.random.default_rng(seed), study.copy()
    sample = pd.factorize(own.obs["sample"])[0]
    keep = np.minimum(0.5 * np.exp(rng.normal(0, 0.2, (sample.max() + 1, own.n_vars))), 1)
    row = np.repeat(np.arange(own.n_obs), np.diff(own.X.indptr))
    thinned = rng.binomial(own.X.data.astype(int), keep[sample[row], own.X.indices])
    own.X = csr_matrix((thinned.astype(np.float32), own.X.indices, own.X.indptr), shape=own.shape)
    return own


@pytest.fixture(scope="module")
def study() -> anndata.AnnData:
    return tumour()


@pytest.fixture(scope="module")
def found(study: anndata.AnnData) -> PairedExpression:
    return paired_expression(study)


def test_the_planted_rise_is_found_and_lies_in_its_interval(study: anndata.AnnData, found: PairedExpression) -> None:
    """FXYD3 follows from survival and the marker; the genes of the pump are not planted and stay."""
    truth = study.uns["truth"]["effects"]["C8"]["value"]
    row = found.named.set_index("gene").loc["FXYD3"]
    assert row["lower"] < truth < row["upper"]
    assert row["p_holm"] < 0.001
    assert (found.named.set_index("gene").loc[["ATP1A1", "ATP1B1"], "p_holm"] > 0.05).all()
    assert (found.missing, found.n) == ("", 6)
    assert found.left_out == tuple(
        f"{name} ({row.before} before, 0 after)"
        for name, row in found.samples.set_index("patient").iterrows()
        if name in ("P3", "P6", "P9")
    )


def test_changes_of_all_genes_follow_the_planted_mixtures(study: anndata.AnnData, found: PairedExpression) -> None:
    """What a gene does on average is its planted change in each state, weighed by the shares before and after."""
    states = list(study.uns["truth"]["proportions"]["before-unsorted"])
    level = np.exp2(study.var[[f"truth_log2fc_{state}" for state in states]].to_numpy())
    level = level * np.exp2([study.uns["truth"]["library_shift"][state] for state in states])
    before, after = (
        level @ [study.uns["truth"]["proportions"][f"{when}-unsorted"][state] for state in states]
        for when in ("before", "after")
    )
    wanted = pd.Series(np.log2(after / before), index=study.var_names)[found.table["gene"]].to_numpy()
    wanted = wanted - np.median(wanted)
    table = found.table.assign(wanted=wanted, off=found.table["log2fc"] - wanted)
    assert ((table["lower"] <= table["wanted"]) & (table["wanted"] <= table["upper"])).mean() > 0.93
    clear = table[table["wanted"].abs() > 0.3]
    assert np.corrcoef(clear["log2fc"], clear["wanted"])[0, 1] > 0.9
    called = table[table["p_adjusted"] < 0.05]
    assert len(called) > 20
    assert (called["wanted"].abs() < 0.02).mean() < 0.05
    assert (np.sign(called["log2fc"]) == np.sign(called["wanted"])).mean() > 0.95


def test_corrections_are_those_of_statsmodels_and_keep_to_their_own_genes(found: PairedExpression) -> None:
    table = found.table
    assert table["p_adjusted"].to_numpy() == pytest.approx(multipletests(table["p"], method="fdr_bh")[1])
    assert found.named["p_holm"].to_numpy() == pytest.approx(multipletests(found.named["p"], method="holm")[1])
    assert found.named["p"].tolist() == table.set_index("gene").loc[list(NAMED), "p"].tolist()
    assert list(found.summary()["patients"]) == [6, 6, 6]


def test_changes_of_patients_by_hand(study: anndata.AnnData, found: PairedExpression) -> None:
    row = found.per_patient.query("gene == 'ATP1A1' and patient == 'P4'").iloc[0]
    level = {}
    for when in ("before", "after"):
        own = study[(study.obs["patient"] == "P4") & (study.obs["condition"] == when)]
        count, total = own[:, "ATP1A1"].X.sum(), own.X.sum(dtype=float)
        assert row[f"counts_{when}"] == count
        level[when] = np.log2((count + 0.5) / (total + 1) * 1e6)
        assert row[when] == pytest.approx(level[when])
    assert row["change"] == pytest.approx(level["after"] - level["before"])


def test_null_twins_have_no_excess_of_calls() -> None:
    """Three null twins as they are, and with noise between samples: below five percent, and hardly a call."""
    plain, noisy, cells, calls = [], [], [], 0
    for seed in (1, 2, 3):
        own = tumour(1800, seed=seed, patients=6, null=True)
        tested = paired_expression(own).table
        spread = paired_expression(uneven(own, seed))
        plain.append((tested["p"] < 0.05).mean())
        noisy.append((spread.table["p"] < 0.05).mean())
        calls += (tested["p_adjusted"] < 0.05).sum() + (spread.table["p_adjusted"] < 0.05).sum()
        naive = cells_as_replicates(uneven(own, seed), genes=list(spread.table["gene"]))
        cells.append((naive["p"] < 0.05).mean())
    assert np.mean(plain) < 0.06
    assert 0.005 < np.mean(noisy) < 0.06
    assert calls <= 2
    assert min(cells) > 0.1  # cells as replicates: far more than they promise


def test_cells_of_more_patients_before_than_after_mislead_a_test_of_cells() -> None:
    """Null twins: patients with a complete response have cells before only, so that patients pass for treatment."""
    small = []
    for seed in (1, 2, 3):
        own = tumour(2500, seed=seed, patients=9, null=True)
        mean = np.asarray(own.X.mean(axis=0)).ravel()
        small.append((cells_as_replicates(own, genes=list(own.var_names[mean > 0.1]))["p"] < 0.05).mean())
    assert np.mean(small) > 0.055


def test_the_test_of_cells_is_welchs(study: anndata.AnnData) -> None:
    told = cells_as_replicates(study, genes=["FXYD3", "ATP1A1"])
    log = np.log1p(1e4 * study.X.toarray() / study.X.sum(axis=1))
    after = (study.obs["condition"] == "after").to_numpy()
    for gene, (_, row) in zip(["FXYD3", "ATP1A1"], told.iterrows(), strict=True):
        values = np.asarray(log)[:, study.var_names.get_loc(gene)]
        wanted = stats.ttest_ind(values[after], values[~after], equal_var=False)
        assert row["p"] == pytest.approx(wanted.pvalue, rel=1e-3)
        assert row["change"] == pytest.approx(values[after].mean() - values[~after].mean(), rel=1e-4)


def test_neither_order_nor_storage_nor_names_of_conditions_matter(
    study: anndata.AnnData, found: PairedExpression
) -> None:
    rng = np.random.default_rng(0)
    mixed = study[rng.permutation(study.n_obs)][:, rng.permutation(study.n_vars)].copy()
    dense = anndata.AnnData(study.X.toarray().astype(int), obs=study.obs.copy(), var=study.var[[]])
    dense.obs["time"] = dense.obs["condition"].map({"before": "t2", "after": "t1"}).astype(str)
    layered = anndata.AnnData(csr_matrix(study.shape), obs=study.obs, var=study.var[[]], layers={"raw": study.X})
    for again in (
        paired_expression(mixed),
        paired_expression(dense, condition="time", before="t2", after="t1"),
        paired_expression(layered, layer="raw"),
    ):
        one, other = (each.table.set_index("gene")[FOUND].sort_index() for each in (found, again))
        pd.testing.assert_frame_equal(one, other, rtol=1e-4, atol=1e-6)
        pd.testing.assert_frame_equal(found.named, again.named, rtol=1e-4)
        pd.testing.assert_frame_equal(found.per_patient, again.per_patient)
        pd.testing.assert_frame_equal(found.samples, again.samples)


def test_named_genes_that_cannot_be_tested_say_so(study: anndata.AnnData) -> None:
    own = study.copy()
    own.X = csr_matrix(own.X.multiply(own.var_names != "ATP1A1"))
    told = paired_expression(own, named=["FXYD3", "ATP1A1", "FXYD33"])
    assert told.named["gene"].tolist() == ["FXYD3", "ATP1A1", "FXYD33"]
    assert told.named["note"].tolist() == [
        "", "too few counts: 0.0 per sample, 10 are needed", "not in the data (did you mean 'FXYD3'?)",
    ]  # fmt: skip
    assert told.named["p_holm"][0] == told.named["p"][0]  # alone among the tested
    assert told.named.loc[1:, ["log2fc", "lower", "upper", "p", "p_holm"]].isna().all(axis=None)
    assert set(told.per_patient["gene"]) == {"FXYD3", "ATP1A1"}


@pytest.mark.parametrize(
    ("choose", "missing", "n"),
    [
        (lambda obs: obs["patient"].isin(["P1", "P3"]), "10 cells before and 10 after: there is 1", 1),
        (lambda obs: obs["patient"].isin(["P1", "P2", "P3"]), "there are 2", 2),
        (lambda obs: obs["condition"] == "before", "no cell is 'after' in column 'condition'", 0),
        (lambda obs: obs["patient"].isin(["P3", "P6"]), "no cell is 'after'", 0),
    ],
)  # fmt: skip
def test_few_pairs_are_described_and_not_tested(
    study: anndata.AnnData, choose: Callable[[pd.DataFrame], "pd.Series[bool]"], missing: str, n: int
) -> None:
    told = paired_expression(study[choose(study.obs)].copy())
    assert pd.Series([told.missing]).str.contains(missing).all(), told.missing
    assert told.n == n
    assert told.table[["lower", "upper", "p", "p_adjusted"]].isna().all(axis=None)
    assert told.named["p"].isna().all()
    assert len(told.table) > 100 if n else told.table.empty
    if n:
        own = told.per_patient.query("gene == 'FXYD3'")
        assert len(own) == n
        assert told.named["log2fc"][0] == pytest.approx(own["change"].mean())
        assert told.named["note"].tolist() == ["described only"] * 3


def test_shallow_counts_are_missing_not_an_error(study: anndata.AnnData) -> None:
    told = paired_expression(study, min_count=1e9)
    assert told.missing == "deeper counts: 0 genes have 1e+09 per sample on average"
    assert told.table.empty
    assert told.named["note"].str.startswith("too few counts").all()


def without_patient(own: anndata.AnnData) -> None:
    own.obs["patient"] = own.obs["patient"].astype(object)
    own.obs.iloc[0, own.obs.columns.get_loc("patient")] = None


def with_fractions(own: anndata.AnnData) -> None:
    own.X = csr_matrix(own.X) / 2


def with_a_gene_twice(own: anndata.AnnData) -> None:
    own.var_names = ["A", "A", *own.var_names[2:]]


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"patient": "patent"}, "no column 'patent' in obs.*did you mean 'patient'"),
        ({"condition": "conditon"}, "did you mean 'condition'"),
        ({"after": "After"}, "no cell is 'After' in column 'condition'.*did you mean 'after'.*after, before"),
        ({"before": "pre", "after": "post"}, "no cell is 'pre'.*there are after, before"),
        ({"after": "before"}, "both 'before'"),
        ({"layer": "counts"}, r"no counts in layers\['counts'\]"),
        ({"confidence": 1}, "confidence is 1"),
        ({"min_cells": 0}, "min_cells is 0"),
        (without_patient, "1 cells have no 'patient'"),
        (with_fractions, "X holds fractions up to .*: give the raw counts"),
        (with_a_gene_twice, "the gene A stands twice"),
    ],
)
def test_bad_requests_are_told_in_one_sentence(
    study: anndata.AnnData, changes: dict[str, object] | Callable[[anndata.AnnData], None], message: str
) -> None:
    own = study[:400].copy() if callable(changes) else study
    if callable(changes):
        changes(own)
    with pytest.raises(InputError, match=message):
        paired_expression(own, **({} if callable(changes) else changes))  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda own: cells_as_replicates(own, genes=["FXYD33"]), "FXYD33 is not among.*did you mean 'FXYD3'"),
        (lambda own: cells_as_replicates(own[own.obs["condition"] == "before"], genes=["FXYD3"]),
         "before, 0 after cells: give two"),
        (lambda own: whole_counts(anndata.AnnData(csr_matrix(own.shape))), "X holds no count above zero"),
        (lambda _: size_factors(pd.DataFrame([[0, 1], [1, 0]])), "no gene is found in every sample"),
    ],
)  # fmt: skip
def test_bad_input_elsewhere(study: anndata.AnnData, call: Callable[[anndata.AnnData], object], message: str) -> None:
    with pytest.raises(InputError, match=message):
        call(study)


def test_sums_are_exact_over_many_cells_and_pass_over_those_of_no_sample() -> None:
    rng = np.random.default_rng(1)
    counts = rng.poisson(1, (25_017, 3))
    sample = rng.integers(-1, 4, len(counts))
    wanted = [counts[sample == i].sum(axis=0).tolist() for i in range(4)]
    assert add_up(csr_matrix(counts, dtype=np.float32), sample, 4).tolist() == wanted
    large = csr_matrix(np.full((3, 1), 2**24 - 1, dtype=np.float32))
    assert add_up(large, np.zeros(3, dtype=int), 1).tolist() == [[3 * (2**24 - 1)]]


def test_patients_are_ordered_by_number_and_other_conditions_passed_over() -> None:
    obs = pd.DataFrame({"patient": ["P10", "P2", "P10", "P2", "P2"], "condition": ["a", "b", "b", "a", "middle"]})
    pairs = pair_up(obs, patient="patient", condition="condition", before="a", after="b", min_cells=1, confidence=0.9)
    assert pairs.patients == ("P2", "P10")
    assert pairs.sample.tolist() == [2, 1, 3, 0, -1]


def test_the_log_of_a_poisson_count_is_right_on_average_whatever_the_depth() -> None:
    """Samples of a tenth of the cells do not seem to lose a gene of the same share."""
    rng = np.random.default_rng(2)
    deep, shallow = (log_per_million(rng.poisson(share * 1e6 * 3e-5, 100_000), share * 1e6) for share in (1, 0.3))
    assert deep.mean() - shallow.mean() == pytest.approx(0, abs=0.015)

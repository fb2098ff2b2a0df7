"""Neighbouring explanations: each is found where it was planted, and takes nothing where it was not."""

from collections.abc import Callable

import anndata
import numpy as np
import pandas as pd
import pytest
from scipy.sparse import csr_matrix, vstack

from fxyd3.claims import t_interval
from fxyd3.data.lineages import OTHER, epithelial
from fxyd3.data.signatures import gene_set
from fxyd3.data.simulate import twin
from fxyd3.errors import InputError
from fxyd3.tolerance._neighbours import CYCLE, CYCLING, DEPTH, DYING, PLAIN, STROMA, Neighbours, neighbours
from fxyd3.tolerance._residual import residual_change

CHECKS = [PLAIN, STROMA, CYCLE, DYING, DEPTH]


@pytest.fixture(scope="module")
def whole() -> anndata.AnnData:
    """All unsorted cells of a twin in which FXYD3 marks nothing, so that its true change is none."""
    return twin(3000, seed=1, patients=6, sorted_cells=0, effect={"C5": 0.0})


@pytest.fixture(scope="module")
def study(whole: anndata.AnnData) -> anndata.AnnData:
    return whole[whole.obs["truth_type"] == "tumour"].copy()


@pytest.fixture(scope="module")
def found(study: anndata.AnnData) -> Neighbours:
    return neighbours(study)


def row(told: Neighbours, explanation: str) -> "pd.Series[float]":
    return told.table.set_index("explanation").loc[explanation]


def keep(study: anndata.AnnData, leave_out: "pd.Series[bool]", share: float) -> anndata.AnnData:
    """Leave out a share of the cells chosen."""
    drawn = np.random.default_rng(1).random(study.n_obs) < share
    return study[~(leave_out.to_numpy() & drawn)].copy()


def test_the_plain_row_is_the_residual_change(study: anndata.AnnData, found: Neighbours) -> None:
    wanted = residual_change(study)
    plain = row(found, PLAIN)
    assert tuple(plain[["gene_change", "lower", "upper"]]) == pytest.approx(wanted.interval)
    assert (plain["taken"], plain["cells_left"], plain["n"]) == (0, 100, wanted.n)
    assert np.isnan(plain["nuisance"])
    assert (found.left_out, found.missing, found.n) == (wanted.left_out, "", 4)


def test_rows_are_means_over_patients_with_students_interval(found: Neighbours) -> None:
    assert list(found.table["explanation"]) == CHECKS
    for name, own in found.per_patient.groupby("explanation"):
        told = row(found, str(name))
        assert tuple(told[["gene_change", "lower", "upper"]]) == pytest.approx(t_interval(own["gene_change"]))
        if name != PLAIN:
            assert tuple(told[["nuisance", "nuisance_lower", "nuisance_upper"]]) == pytest.approx(
                t_interval(own["nuisance"])
            )
            assert tuple(told[["taken", "taken_lower", "taken_upper"]]) == pytest.approx(t_interval(own["taken"]))
        assert told["cells_left"] <= 100
    assert found.table["reads"].str.len().min() > 30
    assert list(found.summary().columns) == ["explanation", "gene_change", "lower", "upper", "taken", "n"]


def test_nothing_is_taken_where_nothing_was_planted() -> None:
    """Null twin: no accounting moves the change of FXYD3, but for chance."""
    study = twin(6000, seed=2, patients=9, null=True, sorted_cells=0)
    told = neighbours(study[study.obs["truth_type"] == "tumour"].copy()).table.set_index("explanation")
    assert ((told["lower"] <= 0) & (told["upper"] >= 0)).all()
    assert told["taken"].abs().max() < 0.2


def test_stroma_before_treatment_raises_the_gene_and_is_taken_out(
    whole: anndata.AnnData, study: anndata.AnnData
) -> None:
    """The cells that are not tumour, all of them of before: FXYD3 rises without them falling."""
    other = whole[(whole.obs["truth_type"] != "tumour").to_numpy()].copy()
    other.obs["condition"] = "before"
    own = anndata.concat([study, other])
    told = neighbours(own)
    stroma = row(told, STROMA)
    assert row(told, PLAIN)["lower"] > row(neighbours(study), PLAIN)["gene_change"]
    assert stroma["nuisance_upper"] < -0.5
    assert stroma["taken_lower"] > 0
    alone = residual_change(study).interval
    assert alone is not None
    assert stroma["gene_change"] == pytest.approx(alone.estimate, abs=0.1)  # that of the tumour cells
    assert stroma["cells_left"] == pytest.approx(
        100 * epithelial(own)[own.obs["patient"].isin(told.per_patient["patient"])].mean()
    )


def test_fewer_cycling_cells_are_seen_and_their_rise_is_taken_out(study: anndata.AnnData) -> None:
    """FXYD3 is taken out of cycling cells, and four in five of them do not survive."""
    cycling = study.obs["truth_state"] == "cycling"
    own = study.copy()
    own.X = csr_matrix(own.X.multiply(~np.outer(cycling, own.var_names == "FXYD3")))
    own = keep(own, cycling & (own.obs["condition"] == "after"), 0.8)
    told = neighbours(own)
    cycle = row(told, CYCLE)
    assert cycle["nuisance_upper"] < -5
    assert cycle["taken_lower"] > 0
    assert abs(cycle["gene_change"]) < 0.5 * row(told, PLAIN)["gene_change"]


def test_the_rule_of_cycling_finds_the_cells_planted(study: anndata.AnnData) -> None:
    own = study[study.obs["condition"] == "before"].copy()
    own.obs["condition"] = np.where(np.arange(own.n_obs) % 2, "after", "before")
    left = neighbours(own, min_cells=1).per_patient.query("explanation == @CYCLE")
    share = own.X[:, own.var_names.isin(gene_set(CYCLING))].sum(axis=1) / own.X.sum(axis=1)
    share = pd.Series(np.asarray(share).ravel(), index=own.obs_names)
    limit = 2 * share.groupby(own.obs["patient"], observed=True).transform(lambda each: each.quantile(0.25))
    planted = (own.obs["truth_state"] == "cycling").to_numpy()
    called = (share > limit).to_numpy()
    assert len(own) - left[["cells_before", "cells_after"]].to_numpy().sum() == called.sum()
    assert called[planted].mean() > 0.85
    assert called[~planted].mean() < 0.2


def test_dying_cells_before_treatment_are_seen_and_taken_out(study: anndata.AnnData) -> None:
    """Half of the cells of before get as many mitochondrial counts again as they have counts: all shares fall."""
    own = study.copy()
    hit = ((own.obs["condition"] == "after") & (np.arange(own.n_obs) % 2 == 0)).to_numpy()
    depth = np.asarray(own.X.sum(axis=1)).ravel()
    extra = np.outer(np.where(hit, depth, 0), own.var_names == "MT-CO1").astype(np.float32)
    own.X = csr_matrix(own.X + csr_matrix(extra))
    told = neighbours(own)
    dying, clean = row(told, DYING), row(neighbours(study), DYING)
    assert dying["nuisance_lower"] > 30
    assert row(told, PLAIN)["gene_change"] < clean["gene_change"] - 0.3
    assert dying["taken_upper"] < 0
    assert dying["gene_change"] == pytest.approx(clean["gene_change"], abs=0.2)


def test_depth_weighs_cells_alike_and_its_change_is_seen() -> None:
    """Half of the cells hold twice as much of the gene, and after treatment only are ten times as deep as the rest."""
    rng = np.random.default_rng(3)
    n = 1200
    patients, times = [f"P{i}" for i in range(6)], ["before", "after"]
    obs = pd.DataFrame({"patient": rng.choice(patients, n), "condition": rng.choice(times, n)})
    obs = obs.set_axis([f"c{i}" for i in range(n)])
    rich = rng.random(n) < 0.5
    depth = np.where(rich & (obs["condition"] == "after"), 20_000, 2_000)
    share = np.where(rich, 0.02, 0.01)
    gene = rng.binomial(depth, share)
    X = np.column_stack([gene, depth - gene]).astype(np.float32)
    told = neighbours(anndata.AnnData(csr_matrix(X), obs=obs, var=pd.DataFrame(index=["FXYD3", "A"])))
    plain, even = row(told, PLAIN), row(told, DEPTH)
    assert plain["lower"] > 0.2  # the deep ones, rich in the gene, outweigh the others
    assert even["nuisance_lower"] > 1
    assert even["taken_lower"] > 0
    assert abs(even["gene_change"]) < 0.15
    assert even["cells_left"] == 100


def test_thinning_keeps_nine_in_ten_cells_of_each_sample_and_goes_by_the_seed(
    study: anndata.AnnData, found: Neighbours
) -> None:
    own = found.per_patient.set_index(["explanation", "patient"])[["cells_before", "cells_after"]]
    assert (own.loc[DEPTH] >= 0.9 * own.loc[PLAIN] - 1).all(axis=None)
    again, other = neighbours(study), neighbours(study, seed=2)
    pd.testing.assert_frame_equal(again.table, found.table)
    assert row(other, DEPTH)["gene_change"] != row(found, DEPTH)["gene_change"]
    assert row(other, CYCLE)["gene_change"] == row(found, CYCLE)["gene_change"]


def test_neither_order_nor_storage_matter(study: anndata.AnnData, found: Neighbours) -> None:
    rng = np.random.default_rng(0)
    mixed = study[rng.permutation(study.n_obs)][:, rng.permutation(study.n_vars)].copy()
    dense = anndata.AnnData(study.X.toarray().astype(int), obs=study.obs, var=study.var[[]])
    for again in (mixed, dense):
        pd.testing.assert_frame_equal(neighbours(again).per_patient, found.per_patient)


@pytest.mark.parametrize(
    ("gone", "explanation", "said"),
    [
        (
            [gene for genes in OTHER.values() for gene in genes],
            STROMA,
            "0 genes of stroma and immune cells, 5 are needed",
        ),
        (gene_set("WU2021_GARNETT_EPITHELIAL"), STROMA, "0 epithelial genes, 5 are needed"),
        (gene_set(CYCLING), CYCLE, "0 cycling genes, 5 are needed"),
        (["MT-"], DYING, "0 mitochondrial genes, 1 are needed"),
    ],
)
def test_a_check_without_its_genes_says_so(
    study: anndata.AnnData, found: Neighbours, gone: list[str], explanation: str, said: str
) -> None:
    left = ~study.var_names.str.startswith("MT-") if gone == ["MT-"] else ~study.var_names.isin(set(gone) - {"FXYD3"})
    told = neighbours(study[:, left].copy())
    lacking = row(told, explanation)
    assert lacking["reads"] == f"could not be checked: the data hold {said}"
    assert lacking[["gene_change", "lower", "taken", "cells_left"]].isna().all()
    assert lacking["n"] == 0
    assert told.table["gene_change"].notna().sum() == len(CHECKS) - 1
    assert explanation not in set(told.per_patient["explanation"])


def test_no_rule_looks_at_the_gene_itself(study: anndata.AnnData) -> None:
    """A cycling gene a hundred times higher in some cells: the same cells are called cycling, but for the totals."""
    own = study.copy()
    wild = np.random.default_rng(4).random(own.n_obs) < 0.3
    own.X = csr_matrix(own.X + csr_matrix(np.outer(200.0 * wild, own.var_names == "MKI67").astype(np.float32)))
    assert "MKI67" in gene_set(CYCLING)
    asked, other = (row(neighbours(own, gene=gene), CYCLE)["cells_left"] for gene in ("MKI67", "FXYD3"))
    assert asked == pytest.approx(row(neighbours(study), CYCLE)["cells_left"], abs=5)
    assert other < asked - 8


def test_patients_without_cells_left_are_not_counted(study: anndata.AnnData) -> None:
    """P1 keeps no cell without high mitochondrial share after treatment."""
    own = study.copy()
    hit = ((own.obs["condition"] == "after") & (own.obs["patient"] == "P1")).to_numpy()
    own.X = csr_matrix(own.X + csr_matrix(np.outer(20_000.0 * hit, own.var_names == "MT-CO1").astype(np.float32)))
    told = neighbours(own)
    assert (row(told, PLAIN)["n"], row(told, DYING)["n"]) == (4, 3)
    lost = told.per_patient.set_index(["explanation", "patient"]).loc[(DYING, "P1")]
    assert (lost["cells_after"], np.isnan(lost["gene_change"])) == (0, True)


@pytest.mark.parametrize(
    ("choose", "missing", "n"),
    [
        (lambda obs: obs["patient"].isin(["P1", "P3"]), "there is 1", 1),
        (lambda obs: obs["condition"] == "before", "cells of both times", 0),
    ],
)
def test_few_patients_are_described(
    study: anndata.AnnData, choose: Callable[[pd.DataFrame], "pd.Series[bool]"], missing: str, n: int
) -> None:
    told = neighbours(study[choose(study.obs)].copy())
    assert missing in told.missing
    assert told.n == n
    assert len(told.table) == (len(CHECKS) if n else 0)
    assert told.table[["lower", "upper"]].isna().all(axis=None)
    assert told.table["gene_change"].notna().all()


def test_an_absent_gene_is_missing(study: anndata.AnnData) -> None:
    told = neighbours(study, gene="FXYD33")
    assert told.missing.startswith("the gene FXYD33")
    assert told.table.empty


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"patient": "patints"}, "did you mean 'patient'"),
        ({"after": "post"}, "no cell is 'post'"),
        ({"layer": "raw"}, "no counts in layers"),
        ({"confidence": 95}, "confidence is 95"),
    ],
)
def test_bad_requests_are_told_in_one_sentence(
    study: anndata.AnnData, changes: dict[str, object], message: str
) -> None:
    with pytest.raises(InputError, match=message):
        neighbours(study, **changes)  # type: ignore[arg-type]


def test_counts_that_are_not_whole_are_refused(study: anndata.AnnData) -> None:
    half = anndata.AnnData(vstack([study.X]) / 3, obs=study.obs, var=study.var[[]])
    with pytest.raises(InputError, match="holds fractions"):
        neighbours(half)

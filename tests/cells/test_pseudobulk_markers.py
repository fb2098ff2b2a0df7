from collections.abc import Callable

import anndata
import numpy as np
import pandas as pd
import pytest
from scipy import stats
from scipy.sparse import csr_matrix

from fxyd3 import cells
from fxyd3.cells._pseudobulk import marker_effects
from fxyd3.data.simulate import twin
from fxyd3.errors import InputError

Simulate = Callable[..., anndata.AnnData]


@pytest.fixture(scope="module")
def tested(simulate: Simulate) -> tuple[anndata.AnnData, cells.Pseudobulk]:
    """Four planted groups in five patients, regrouped on one half and tested on the other."""
    study = simulate(1500, groups=4, patients=5, seed=4)
    kept, _ = cells.qc(study)
    cells.regroup(kept, n_groups=4, n_comps=15, n_top_genes=800, held_out=["FXYD3"])
    return kept, cells.pseudobulk_markers(kept)


def test_the_planted_change_lies_in_its_interval(tested: tuple[anndata.AnnData, cells.Pseudobulk]) -> None:
    """Signature and marker are 2^1.5 times higher in two of four groups: 1.5 less the mean of the other three."""
    study, found = tested
    assert not found.missing
    table = found.table.set_index("gene")
    planted = table.loc[table.index.str.startswith(("SIG", "FXYD3"))]
    major = study.obs.groupby("cluster_train", observed=True)["truth"].agg(lambda t: t.mode()[0])
    high = planted["group"].map(major).isin(["0", "1"])
    wanted = np.where(high, 1.5 - 0.5, -1.0)  # others: one of three high; or two of three
    covered = (planted["lower"] <= wanted) & (wanted <= planted["upper"])
    assert covered.mean() > 0.85
    assert (planted["p_adjusted"] < 0.05).mean() > 0.95
    assert "FXYD3" in table.index


def test_genes_that_were_not_planted_are_seldom_called(tested: tuple[anndata.AnnData, cells.Pseudobulk]) -> None:
    found = tested[1]
    called = found.table[found.table["p_adjusted"] < 0.05]
    change = called["log2fc"].abs()
    assert (change > 0.3).mean() > 0.95  # planted genes differ by at least half a doubling
    assert len(found.table) > 3 * len(called)


def test_samples_and_columns(tested: tuple[anndata.AnnData, cells.Pseudobulk]) -> None:
    study, found = tested
    assert found.samples.to_numpy().sum() == study.n_obs
    assert list(found.table.columns) == ["group", "gene", "log2fc", "lower", "upper", "p", "p_adjusted", "patients"]
    assert ((found.table["lower"] < found.table["log2fc"]) & (found.table["log2fc"] < found.table["upper"])).all()
    assert (found.table["p_adjusted"] >= found.table["p"]).all()
    assert (found.table["patients"] == 5).all()


def test_the_order_of_the_cells_does_not_matter(tested: tuple[anndata.AnnData, cells.Pseudobulk]) -> None:
    study, found = tested
    again = cells.pseudobulk_markers(study[::-1].copy())
    pd.testing.assert_frame_equal(found.table, again.table, rtol=1e-6)


@pytest.mark.parametrize("patients", [0, 2])
def test_without_three_patients_it_says_what_is_missing(simulate: Simulate, patients: int) -> None:
    study = simulate(400, groups=2, patients=max(patients, 1))
    if not patients:
        del study.obs["patient"]
    kept, _ = cells.qc(study)
    cells.regroup(kept, n_groups=2, n_comps=10, n_top_genes=500)
    found = cells.pseudobulk_markers(kept)
    assert found.table.empty
    assert ("--patient" if not patients else "in each of 3 patients are needed") in found.missing


def test_the_changes_planted_in_the_twin_are_found() -> None:
    """Known states, no ambient counts: changes scale with the mean strength of the patients, intervals hold them."""
    study = twin(4000, seed=2, rates={"ambient": 0})
    study = study[(study.obs["truth_type"] == "tumour") & (study.obs["truth_quality"] == "intact")]
    study = study[study.obs["condition"] == "before"].copy()
    states = study.obs["truth_state"].astype(str).unique()
    planted = study.var[[f"truth_log2fc_{state}" for state in states]].set_axis(states, axis=1)
    study.layers["counts"] = study.X
    study.var["variable_train"] = planted.any(axis=1) | (np.arange(study.n_vars) % 20 == 0)  # most of them do differ
    found = cells.pseudobulk_markers(study, key="truth_state", layer="counts", min_count=30).table
    strength = np.mean(list(study.uns["truth"]["strength"].values()))
    called = found[found["p_adjusted"] < 0.05]
    assert (~planted.any(axis=1))[called["gene"]].mean() < 0.05  # what an adjusted p-value promises
    for state, own in found.groupby("group"):
        wanted = (planted[state] - planted.drop(columns=state).mean(axis=1)).loc[own["gene"]].to_numpy() * strength
        change = np.abs(wanted) > 0.3
        slope, _ = np.polyfit(wanted[change], own["log2fc"][change], 1)
        assert slope == pytest.approx(1, abs=0.05)
        assert np.corrcoef(wanted[change], own["log2fc"][change])[0, 1] > 0.97
        assert ((own["lower"] <= wanted) & (wanted <= own["upper"])).mean() > 0.93
        assert (own["p_adjusted"][np.abs(wanted) > 0.5] < 0.05).mean() > 0.75


@pytest.fixture(scope="module")
def toy() -> anndata.AnnData:
    """Three patients; gene A is eight times higher in group 1, twice in P3's; B is the same everywhere."""
    patient, group = np.repeat(["P1", "P2", "P3"], 40), np.tile(np.repeat(["1", "2"], 20), 3)
    counts = np.full((120, 3), 40.0)
    counts[:, 0] = np.where(group == "1", np.where(patient == "P3", 2, 8), 1)
    counts[:, 2] = 400 - counts[:, 0]  # every cell of the same depth
    obs = pd.DataFrame({"patient": patient, "cluster_train": group}, index=[f"c{i}" for i in range(120)])
    own = anndata.AnnData(csr_matrix(counts), obs=obs, var=pd.DataFrame(index=["A", "B", "C"]))
    own.layers["test"] = own.X.copy()
    return own


def test_effects_of_each_patient_by_hand(toy: anndata.AnnData) -> None:
    found = marker_effects(toy, ["A", "B"])
    first = found.per_patient.query("gene == 'A' and group == '1'").set_index("patient")
    wanted = [np.log2(8.1 / 1.1)] * 2 + [np.log2(2.1 / 1.1)]
    assert first["log2fc"].tolist() == pytest.approx(wanted, rel=1e-5)
    assert first["auroc"].tolist() == [1, 1, 1]
    assert first["cells"].tolist() == [20, 20, 20]
    row = found.table.query("gene == 'A' and group == '1'").iloc[0]
    interval = stats.ttest_1samp(wanted, 0).confidence_interval()
    assert [row["log2fc"], row["log2fc_lower"], row["log2fc_upper"]] == pytest.approx(
        [np.mean(wanted), *interval], rel=1e-4
    )
    same = found.table.query("gene == 'B'")
    np.testing.assert_allclose(same["log2fc"], 0, atol=1e-6)
    assert same["auroc"].tolist() == [0.5, 0.5]
    opposite = found.per_patient.query("gene == 'A' and group == '2'")
    np.testing.assert_allclose(opposite["log2fc"], -first["log2fc"].to_numpy(), rtol=1e-6)


def test_two_patients_give_effects_and_no_interval(toy: anndata.AnnData) -> None:
    found = marker_effects(toy[toy.obs["patient"] != "P3"].copy(), ["A"])
    assert found.table["patients"].tolist() == [2, 2]
    assert found.table["log2fc"].notna().all()
    assert found.table[["log2fc_lower", "auroc_upper"]].isna().all(axis=None)


@pytest.mark.parametrize(
    ("call", "said"),
    [
        (lambda own: marker_effects(own, ["D"]), "D is not among the 3 genes"),
        (lambda own: marker_effects(own, ["A"], key="clusters_train"), "did you mean 'cluster_train'"),
        (lambda own: marker_effects(own, ["A"], layer="train"), "run regroup first"),
        (lambda own: cells.pseudobulk_markers(own, key="leiden"), r"no groups in obs\['leiden'\]"),
        (lambda own: cells.pseudobulk_markers(own, layer="train"), r"no counts in layers\['train'\]"),
    ],
)
def test_bad_input(toy: anndata.AnnData, call: Callable[[anndata.AnnData], object], said: str) -> None:
    with pytest.raises(InputError, match=said):
        call(toy)


def test_one_population_divided_anyway(simulate: Simulate) -> None:
    """Without gradients the other half keeps its rate, and the counts that made the groups do not."""
    below = {"same counts": [], "other half": [], "other half, patients": []}  # type: dict[str, list[float]]
    called = 0
    for seed in range(3):
        found = cells.calibration(cells.qc(simulate(700, groups=1, seed=seed, genes=900))[0], seed=seed)
        assert found.groups > 1
        for way in below:
            below[way].append(found.table.loc[way, "below_005"])
            assert (found.p[way] < 0.05).mean() * 100 == pytest.approx(below[way][-1])
        called += int(found.table.loc["other half, patients", "called"])
    assert min(below["same counts"]) > 8
    assert 3.5 < np.mean(below["other half"]) < 6.5
    assert 3 < np.mean(below["other half, patients"]) < 7.5
    assert called <= 6


def test_what_is_left_above_five_percent_is_depth() -> None:
    """Null twin: groups of cells of common depth keep the rate on the other half; the excess is in the others."""
    shares, leaning = [], []
    for seed in (1, 2, 3):
        study = twin(900, seed=seed, null=True)
        own, _ = cells.qc(study[study.obs["truth_type"] == "tumour"].copy())
        cells.regroup(own, n_groups=7)
        test = cells.half(own, "test", log=True)
        table = cells.naive_markers(test[:, np.asarray((test.X > 0).mean(axis=0)).ravel() > 0.03], key="cluster_train")
        depth = stats.rankdata(np.asarray(own.layers["counts"].sum(axis=1)).ravel())
        for name, found in table.groupby("group", observed=True):
            inside = (own.obs["cluster_train"] == name).to_numpy()
            shares.append(100 * (found["p"] < 0.05).mean())
            leaning.append(abs(depth[inside].mean() - depth[~inside].mean()) / len(depth))  # |AUROC of depth - 0.5|
    assert stats.spearmanr(leaning, shares).statistic > 0.6
    common = np.array(leaning) < 0.05
    assert common.sum() >= 4
    assert np.mean(np.array(shares)[common]) < 6

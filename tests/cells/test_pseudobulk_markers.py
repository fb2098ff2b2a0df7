from collections.abc import Callable

import anndata
import numpy as np
import pandas as pd
import pytest

from fxyd3 import cells

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


def test_one_population_divided_anyway(simulate: Simulate) -> None:
    """Without gradients the other half keeps its rate, and the counts that made the groups do not."""
    below = {"same counts": [], "other half": [], "other half, patients": []}  # type: dict[str, list[float]]
    called = 0
    for seed in range(3):
        found = cells.calibration(cells.qc(simulate(900, groups=1, seed=seed, genes=1500))[0], seed=seed)
        assert found.groups > 1
        for way in below:
            below[way].append(found.table.loc[way, "below_005"])
            assert (found.p[way] < 0.05).mean() * 100 == pytest.approx(below[way][-1])
        called += int(found.table.loc["other half, patients", "called"])
    assert min(below["same counts"]) > 8
    assert 3.5 < np.mean(below["other half"]) < 6.5
    assert 3 < np.mean(below["other half, patients"]) < 7.5
    assert called <= 6

"""The twin against its own truth."""

from __future__ import annotations

import subprocess
import sys
from typing import TYPE_CHECKING

import anndata as ad
import numpy as np
import pandas as pd
import pytest
from scipy.stats import mannwhitneyu

from fxyd3.data.simulate import DIALS, FRACTIONS, STATES, stored, twin, write_twin
from fxyd3.errors import InputError
from fxyd3.paths import book_file

if TYPE_CHECKING:
    from pathlib import Path

    from anndata import AnnData


@pytest.fixture(scope="module")
def one_patient() -> AnnData:
    return twin(3000, seed=5, patients=1)


@pytest.fixture(scope="module")
def null() -> AnnData:
    return twin(3000, seed=5, patients=3, null=True)


def intact(adata: AnnData) -> AnnData:
    """Whole single tumour cells."""
    return adata[(adata.obs["truth_quality"] == "intact") & (adata.obs["truth_type"] == "tumour")]


def log2_ratio(adata: AnnData, one: np.ndarray, other: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Log2 ratio of each gene's share of all counts in two groups of cells, and its standard error."""
    estimate, variance = np.zeros(adata.n_vars), np.zeros(adata.n_vars)
    for sign, cells in ((1, one), (-1, other)):
        counts = adata.X[cells].toarray().astype(float)
        size = counts.sum(axis=1, keepdims=True)
        share = counts.sum(axis=0) / size.sum()
        with np.errstate(divide="ignore", invalid="ignore"):
            estimate += sign * np.log2(share)
            variance += ((counts - size * share) ** 2).sum(axis=0) / (size.sum() * share * np.log(2)) ** 2
    return estimate, np.sqrt(variance)


def auroc(adata: AnnData, gene: str) -> tuple[float, float]:
    """AUROC for ancestral cells within patients, averaged, and its standard error were there no difference."""
    share = np.asarray(adata[:, gene].X.toarray()).ravel() / np.asarray(adata.X.sum(axis=1)).ravel()
    values, variances = [], []
    for patient in adata.obs["patient"].unique():
        mine = (adata.obs["patient"] == patient).to_numpy()
        old = adata.obs["truth_ancestral"].to_numpy()
        a, b = share[mine & old], share[mine & ~old]
        values.append(mannwhitneyu(a, b).statistic / (len(a) * len(b)))
        variances.append((len(a) + len(b) + 1) / (12 * len(a) * len(b)))
    return float(np.mean(values)), float(np.sqrt(np.mean(variances) / len(values)))


def test_has_the_shape_that_the_book_expects() -> None:
    adata = twin("tiny")
    assert adata.n_obs == 400
    assert adata.n_vars >= 8000
    assert adata.X.format == "csr"
    assert adata.X.dtype == np.float32
    assert adata.X.indices.dtype == adata.X.indptr.dtype
    assert adata.X.has_sorted_indices
    assert (adata.X.data >= 1).all()
    assert (adata.X.data % 1 == 0).all()
    assert adata.raw is None
    assert not adata.layers
    assert adata.obs_names.is_unique
    assert adata.var_names.is_unique
    assert list(adata.obs["condition"].cat.categories) == ["before", "after"]
    assert set(adata.obs["fraction"]) == set(FRACTIONS)
    assert set(adata.obs.loc[adata.obs["condition"] == "after", "fraction"]) == {"unsorted"}
    assert adata.obs["sample"].value_counts().min() >= 400 // 24
    batches = adata.obs.groupby("patient", observed=True)["batch"].agg(set)
    assert all(len(each) == 1 for each in batches)
    assert len(set.union(*batches)) == 2
    assert adata.uns["twin"]["simulated"] is True


def test_every_signature_gene_is_there() -> None:
    genes = set(twin(200).var_names)
    for line in book_file("data", "signatures.gmt").read_text(encoding="utf-8").splitlines():
        for gene in line.split("\t")[2:]:
            assert {gene, gene.replace(".", "-"), gene.replace(".", "-", 1)} & genes, gene
    assert {"FXYD3", "NRP1", "IGF1R", "ATP1A1", "ATP1B1", "CD44", "CD24", "EPCAM", "ALDH1A3", "MT-CO1"} <= genes


def test_same_seed_same_bytes_in_another_process(tmp_path: Path) -> None:
    code = (
        "import sys; from fxyd3.data.simulate import twin; import numpy as np; a = twin(1200, seed=3);"
        "np.savez(sys.argv[1], data=a.X.data, indices=a.X.indices, state=a.obs['truth_state'].cat.codes)"
    )
    subprocess.run([sys.executable, "-c", code, str(tmp_path / "other.npz")], check=True)
    here, there = twin(1200, seed=3), np.load(tmp_path / "other.npz")
    assert np.array_equal(here.X.data, there["data"])
    assert np.array_equal(here.X.indices, there["indices"])
    assert np.array_equal(here.obs["truth_state"].cat.codes, there["state"])


def test_the_same_bytes_from_two_processes_and_from_a_file(tmp_path: Path) -> None:
    one, two = twin(4200, seed=3), twin(4200, seed=3, processes=2)
    for a, b in zip(arrays(one), arrays(two), strict=True):
        assert np.array_equal(a, b)
    for ending in ("h5ad", "zarr"):
        path = write_twin(tmp_path / f"cells-simulated.{ending}", 4200, seed=3, processes=2)
        back = ad.read_h5ad(path) if ending == "h5ad" else ad.io.read_zarr(path)
        for a, b in zip(arrays(one), arrays(back), strict=True):
            assert np.array_equal(a, b)
        assert back.X.indices.dtype == back.X.indptr.dtype
        pd.testing.assert_frame_equal(back.obs, one.obs)
        pd.testing.assert_frame_equal(back.var, one.var)
        assert back.uns["truth"]["response"] == one.uns["truth"]["response"]
    assert sorted(p.name for p in tmp_path.iterdir()) == ["cells-simulated.h5ad", "cells-simulated.zarr"]


def arrays(adata: AnnData) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    return adata.X.data, adata.X.indices, adata.X.indptr


@pytest.mark.slow
def test_memory_does_not_grow_with_the_file(tmp_path: Path) -> None:
    code = (
        "import sys, resource; from fxyd3.data.simulate import write_twin; write_twin(sys.argv[1], int(sys.argv[2]));"
        "print(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024)"
    )
    peak = {}
    for cells in (5_000, 15_000):
        command = [sys.executable, "-c", code, str(tmp_path / f"{cells}-simulated.h5ad"), str(cells)]
        peak[cells] = float(subprocess.run(command, check=True, capture_output=True, text=True).stdout)
    per_cell = (peak[15_000] - peak[5_000]) / 10_000  # MiB; the counts of a cell alone take 0.008
    assert peak[15_000] + per_cell * (1_000_000 - 15_000) < 4 * 1024


def test_a_stored_twin_is_drawn_once_and_again_when_its_design_changes(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    first = stored(tmp_path, 400, seed=3)
    (path,) = tmp_path.iterdir()
    written = path.stat().st_mtime_ns
    again = stored(tmp_path, 400, seed=3)
    assert path.stat().st_mtime_ns == written
    assert np.array_equal(again.X.data, first.X.data)
    stored(tmp_path, 400, seed=4)
    stored(tmp_path, 400, seed=3, null=True)
    assert len(list(tmp_path.iterdir())) == 3
    monkeypatch.setattr(np, "__version__", "another")
    stored(tmp_path, 400, seed=3)
    left = sorted(p.name for p in tmp_path.iterdir())
    assert len(left) == 3, "the twin of the other numpy is not kept"
    assert path.name not in left


def test_a_folder_that_cannot_be_written_costs_only_time(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("not a folder")
    assert stored(tmp_path / "file", 200).n_obs == 200


def test_another_seed_is_another_cohort_with_the_same_biology() -> None:
    a, b = twin("tiny", seed=1), twin("tiny", seed=2)
    assert (a.X != b.X).nnz > 0
    assert a.uns["truth"]["strength"] != b.uns["truth"]["strength"]
    pd.testing.assert_frame_equal(a.var, b.var)
    assert a.uns["truth"]["effects"] == b.uns["truth"]["effects"]


def test_patients_do_not_change_with_the_size() -> None:
    assert twin(200).uns["truth"]["strength"] == twin("tiny").uns["truth"]["strength"]


@pytest.mark.parametrize("state", STATES[:3])
def test_planted_fold_changes_are_recovered(one_patient: AnnData, state: str) -> None:
    cells = intact(one_patient)
    labels = cells.obs["truth_state"].to_numpy()
    estimate, error = log2_ratio(cells, labels == state, labels == "hypoxic")
    planted = cells.var[f"truth_log2fc_{state}"] - cells.var["truth_log2fc_hypoxic"]
    expected = one_patient.uns["truth"]["strength"]["P1"] * planted.to_numpy()
    sure = error < 0.25
    centre = np.median(estimate[sure & (expected == 0)])
    moved = sure & (expected != 0)
    assert moved.sum() > 100
    slope = np.polyfit(expected[moved], estimate[moved] - centre, 1, w=1 / error[moved])[0]
    # ambient RNA pulls every ratio towards one: a share a of a profile that need not resemble the cells'
    assert slope == pytest.approx(1, abs=0.1)
    z = (estimate - centre - expected)[sure & (expected == 0)] / error[sure & (expected == 0)]
    assert np.mean(z**2) == pytest.approx(1, abs=0.2)


def test_fxyd3_is_planted_in_both_ancestral_states(one_patient: AnnData) -> None:
    cells = intact(one_patient)
    labels = cells.obs["truth_state"].to_numpy()
    i = cells.var_names.get_loc("FXYD3")
    expected = one_patient.uns["truth"]["strength"]["P1"] * DIALS["C5"].default
    for state in STATES[:2]:
        estimate, error = log2_ratio(cells, labels == state, labels == "mesenchymal")
        assert abs(estimate[i] - expected) < 4 * error[i] + 0.2  # 0.2: library sizes and ambient RNA
    value, _ = auroc(cells, "FXYD3")
    assert 0.65 < value < 0.95


def test_sorted_cells_carry_more_of_their_marker() -> None:
    adata = twin(6000, seed=5, patients=1)  # few cells have a count of NRP1
    cells = intact(adata)
    planted = adata.uns["truth"]["sorting_log2fc"]["NRP1-high"]["NRP1"]
    fraction = cells.obs["fraction"].to_numpy()
    estimate, error = log2_ratio(cells, fraction == "NRP1-high", fraction == "unsorted")
    i = cells.var_names.get_loc("NRP1")
    genes = pd.read_csv(book_file("data", "twin", "genes.csv"), index_col=0, keep_default_na=False)
    ambient = 0.03 * genes.loc["NRP1", "all_cells"]
    own = genes.loc["NRP1", "epithelial"] - ambient
    rise = 2 ** (adata.uns["truth"]["strength"]["P1"] * planted)
    expected = np.log2((own * rise + ambient) / (own + ambient))
    assert abs(estimate[i] - expected) < 4 * error[i] + 0.1  # 0.1: library sizes
    assert estimate[i] > 4 * error[i]


def test_library_sizes_match_the_calibration(one_patient: AnnData) -> None:
    libraries = pd.read_csv(book_file("data", "twin", "libraries.csv"), index_col=0)
    mu, sigma = libraries.loc["epithelial", "mu"], libraries.loc["epithelial", "sigma"]
    log = np.log(np.asarray(intact(one_patient).X.sum(axis=1)).ravel())
    assert abs(log.mean() - mu) < 4 * sigma / np.sqrt(len(log)) + 0.01
    assert abs(log.std() - sigma) < 4 * sigma / np.sqrt(2 * len(log)) + 0.01


def test_gene_means_match_the_calibration(null: AnnData) -> None:
    genes = pd.read_csv(book_file("data", "twin", "genes.csv"), index_col=0, keep_default_na=False)
    share = np.asarray(intact(null).X.sum(axis=0)).ravel()
    high = genes["epithelial"].to_numpy() > 1
    log = np.log2(share[high] / share.sum()) - np.log2(genes["epithelial"].to_numpy()[high] / 1e4)
    assert abs(np.median(log)) < 0.05
    assert np.std(log) < 0.35  # patients and batches move genes


def test_dying_cells_and_doublets_are_what_they_are_called(one_patient: AnnData) -> None:
    total = np.asarray(one_patient.X.sum(axis=1)).ravel()
    mito = np.asarray(one_patient[:, one_patient.var_names.str.startswith("MT-")].X.sum(axis=1)).ravel() / total
    quality = one_patient.obs["truth_quality"]
    median = pd.DataFrame({"total": total, "mito": mito}).groupby(quality.to_numpy()).median()
    assert median.loc["dying", "mito"] > 3 * median.loc["intact", "mito"]
    assert median.loc["dying", "total"] < 0.5 * median.loc["intact", "total"]
    assert median.loc["doublet", "total"] > 1.6 * median.loc["intact", "total"]
    shares = quality.value_counts(normalize=True)
    assert shares["doublet"] == pytest.approx(0.05, abs=4 * np.sqrt(0.05 / 3000))
    assert shares["dying"] == pytest.approx(0.04, abs=4 * np.sqrt(0.04 / 3000))


def test_proportions_follow_sort_and_treatment() -> None:
    adata = twin(4000, seed=2, patients=20)
    truth = adata.uns["truth"]["proportions"]
    old = {arm: sum(p for state, p in row.items() if state.startswith("ancestral")) for arm, row in truth.items()}
    logit = {arm: np.log(p / (1 - p)) for arm, p in old.items()}
    assert logit["after-unsorted"] - logit["before-unsorted"] == pytest.approx(DIALS["C4"].default)
    assert logit["before-NRP1-high"] - logit["before-unsorted"] == pytest.approx(1.1 * DIALS["C1"].default)
    arm = adata.obs["condition"].astype(str) + "-" + adata.obs["fraction"].astype(str)
    tumour = (adata.obs["truth_type"] == "tumour").to_numpy()
    seen = adata.obs.loc[tumour, "truth_ancestral"].groupby(arm[tumour].to_numpy()).mean()
    for name, share in old.items():
        assert seen[name] == pytest.approx(share, abs=0.12)  # 4 standard errors over 20 patients


def test_null_plants_nothing(null: AnnData) -> None:
    assert (null.var.filter(like="truth_log2fc_").to_numpy() == 0).all()
    rows = list(null.uns["truth"]["proportions"].values())
    assert all(row == pytest.approx(rows[0]) for row in rows)
    assert all(effect["value"] == 0 for effect in null.uns["truth"]["effects"].values())
    value, error = auroc(intact(null), "FXYD3")
    assert abs(value - 0.5) < 4 * error


def test_null_states_do_not_differ_in_any_gene() -> None:
    cells = intact(twin(2000, seed=8, patients=1, null=True))
    labels = cells.obs["truth_state"].to_numpy()
    estimate, error = log2_ratio(cells, labels == "mesenchymal", labels == "cycling")
    sure = error < 0.25
    z = estimate[sure] / error[sure]
    assert np.mean(z**2) == pytest.approx(1, abs=4 * np.sqrt(2 / sure.sum()) + 0.1)


def test_null_keeps_patients_apart(null: AnnData) -> None:
    cells = intact(null)
    labels = cells.obs["patient"].to_numpy()
    estimate, error = log2_ratio(cells, labels == "P1", labels == "P2")
    assert np.mean((estimate / error)[error < 0.25] ** 2) > 2


def test_stroma_and_immune_cells_come_with_unsorted_ones() -> None:
    adata = twin(6000, seed=2, rates={"stroma": 0.1, "immune": 0.2})
    tumour = adata.obs["truth_type"] == "tumour"
    sorted_ = adata.obs["fraction"] != "unsorted"
    assert tumour[sorted_].all()
    residual = adata.obs["response"] == "residual"
    before, after = (
        tumour[~sorted_ & residual & (adata.obs["condition"] == when)].mean() for when in ("before", "after")
    )
    assert before == pytest.approx(0.7, abs=4 * np.sqrt(0.21 / 1000))
    assert after == pytest.approx(0.49, abs=4 * np.sqrt(0.25 / 1000))
    others = adata.obs.loc[~tumour, "truth_type"].value_counts(normalize=True)
    assert others["immune"] == pytest.approx(2 / 3, abs=0.08)
    assert not adata.obs.loc[~tumour, "truth_ancestral"].any()
    total = np.asarray(adata.X.sum(axis=1)).ravel()
    share = {g: np.asarray(adata[:, g].X.todense()).ravel() / total for g in ("PTPRC", "COL1A1", "EPCAM")}
    mean = pd.DataFrame(share).groupby(adata.obs["truth_type"].to_numpy()).mean()
    assert mean["PTPRC"].idxmax() == "immune"
    assert mean["COL1A1"].idxmax() == "stroma"
    assert mean["EPCAM"].idxmax() == "tumour"
    impure = twin(6000, seed=2, rates={"impurity": 0.1}).obs
    assert (impure.loc[impure["fraction"] != "unsorted", "truth_type"] != "tumour").mean() == pytest.approx(
        0.1, abs=4 * np.sqrt(0.09 / 3000)
    )


def test_ambient_counts_are_labelled() -> None:
    soup, clean = (twin(2000, seed=6, patients=2, rates={"ambient": share}) for share in (0.2, 0.0))
    assert (clean.obs["truth_ambient"] == 0).all()
    whole = intact(soup)
    total = np.asarray(whole.X.sum(axis=1)).ravel()
    assert (whole.obs["truth_ambient"] <= total).all()
    assert whole.obs["truth_ambient"].sum() / total.sum() == pytest.approx(0.2, abs=0.01)
    # tumour cells make little of what plasma cells and T cells pour out
    foreign = np.isin(soup.var_names, ["IGKC", "CD3D", "COL1A1"])
    share = [cells.X[:, foreign].sum() / cells.X.sum() for cells in (intact(soup), intact(clean))]
    assert share[0] > 1.5 * share[1]


def test_no_tumour_cell_is_left_after_a_complete_response() -> None:
    adata = twin(2400, seed=4)
    response = adata.obs.groupby("patient", observed=True)["response"].agg(set)
    assert [response[f"P{i}"] for i in range(1, 7)] == [{"residual"}, {"residual"}, {"pCR"}] * 2
    assert adata.uns["truth"]["response"]["P3"] == "pCR"
    left = adata.obs[(adata.obs["condition"] == "after") & (adata.obs["truth_type"] == "tumour")]
    assert set(left["patient"]) == {"P1", "P2", "P4", "P5"}


def test_genes_of_a_programme_rise_and_fall_together(null: AnnData) -> None:
    cells = intact(null[null.obs["patient"] == "P1"])
    counts = cells.X.toarray().astype(float)
    size = counts.sum(axis=1, keepdims=True)
    share = counts.sum(axis=0) / size.sum()
    loading = cells.var["truth_loading"].to_numpy() * np.log(2)
    programme = cells.var["truth_programme"].to_numpy(dtype=str)

    def common(a: np.ndarray, b: np.ndarray) -> tuple[float, float]:
        """Covariance of two summed shares over their product, and its standard error."""
        x, y = ((counts[:, g].sum(axis=1) / (size[:, 0] * share[g].sum())) - 1 for g in (a, b))
        return float((x * y).mean()), float((x * y).std() / np.sqrt(len(x)))

    for name in cells.uns["truth"]["programmes"]:
        genes = np.flatnonzero((programme == name) & (share > 1e-5))
        odd, even = genes[::2], genes[1::2]
        expected = np.exp(np.outer(loading[odd], loading[even])) - 1
        weight = np.outer(share[odd], share[even])
        estimate, error = common(odd, even)
        assert abs(estimate - (expected * weight).sum() / weight.sum()) < 4 * error + 0.02, name
    free = np.flatnonzero((programme == "") & (share > 1e-5) & (share < 1e-3))
    estimate, error = common(free[::2], free[1::2])
    assert abs(estimate) < 4 * error + 0.01


def test_rates_and_proportions_are_kept() -> None:
    adata = twin(4000, seed=6, patients=12, rates={"dying": 0.2, "doublet": 0.0}, proportions={"cycling": 0.6})
    shares = adata.obs["truth_quality"].value_counts(normalize=True)
    assert shares["doublet"] == 0
    assert shares["dying"] == pytest.approx(0.2, abs=4 * np.sqrt(0.16 / 4000))
    planted = adata.uns["truth"]["proportions"]["before-unsorted"]
    assert planted["cycling"] == pytest.approx(0.6)
    assert planted["mesenchymal"] / planted["hypoxic"] == pytest.approx(30 / 27)
    assert sum(planted.values()) == pytest.approx(1)


def test_sorted_cells_are_as_many_as_asked_for() -> None:
    for asked in (0, 1000, 3000):
        adata = twin(3000, sorted_cells=asked)
        assert (adata.obs["fraction"] != "unsorted").sum() == asked


def measure(claim: str, scale: float) -> float:
    """What turning one dial should raise."""
    adata = twin(1500, seed=4, patients=1, effect={claim: scale})
    cells = intact(adata)
    old = cells.obs["truth_ancestral"].to_numpy()
    if claim == "C1":
        return float(old[cells.obs["fraction"] == "NRP1-high"].mean())
    if claim == "C4":
        return float(old[cells.obs["condition"] == "after"].mean())
    if claim == "C2":
        labels = cells.obs["truth_state"].to_numpy()
        estimate, error = log2_ratio(cells, labels == "mesenchymal", labels == "cycling")
        return float(np.mean((estimate / error)[error < 0.4] ** 2))
    estimate, _ = log2_ratio(cells, old, ~old)
    if claim == "C5":
        return float(estimate[cells.var_names.get_loc("FXYD3")])
    table = pd.read_csv(book_file("data", "twin", "programmes.csv"), index_col=0)
    progenitor = cells.var_names.isin(table.index[table["programme"] == "progenitor"])
    return float(np.median(estimate[progenitor & np.isfinite(estimate)]))


@pytest.mark.parametrize("claim", ["C1", "C2", "C3", "C4", "C5"])
def test_each_dial_turns_its_own_effect(claim: str) -> None:
    off, half, full = (measure(claim, scale) for scale in (0, 0.5, 1))
    assert off < half < full


def test_the_residue_rises_in_fxyd3_only_with_both_dials() -> None:
    def implied(**effect: float) -> float:
        return float(twin(200, effect=effect).uns["truth"]["effects"]["C8"]["value"])

    assert implied() > 0.5
    assert implied(C5=0) == pytest.approx(0, abs=0.05)  # own programmes move the library size a little
    assert implied(C4=0) == pytest.approx(0, abs=1e-9)


def test_h5ad_keeps_everything(tmp_path: Path) -> None:
    adata = twin(200, effect={"C5": 0.5})
    adata.write_h5ad(tmp_path / "twin.h5ad")
    back = ad.read_h5ad(tmp_path / "twin.h5ad")
    assert (back.X != adata.X).nnz == 0
    assert back.uns["twin"]["effect"] == {"C5": 0.5}
    assert back.uns["truth"]["effects"]["C5"]["value"] == 0.5 * DIALS["C5"].default
    pd.testing.assert_frame_equal(back.obs, adata.obs)


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        ({"size": "boook"}, "'boook'"),
        ({"size": 199}, "200 to 1,000,000"),
        ({"size": 2_000_000}, "200 to 1,000,000"),
        ({"size": 500.5}, "whole number"),
        ({"size": True}, "whole number"),
        ({"seed": -1}, "whole number from 0"),
        ({"seed": 1.5}, "whole number"),
        ({"patients": 0}, "from 1 to 20"),
        ({"patients": 21}, "at least 20"),
        ({"patients": "six"}, "whole number"),
        ({"effect": {"c5": 1}}, "did you mean C5"),
        ({"effect": {"C9": 1}}, "The dials are C1"),
        ({"effect": {"C8": 1}}, "follows from C4 and C5"),
        ({"effect": {"C5": -1}}, "from 0 to 5"),
        ({"effect": {"C5": float("nan")}}, "from 0 to 5"),
        ({"effect": {"C5": float("inf")}}, "from 0 to 5"),
        ({"effect": {"C5": "much"}}, "'much'"),
        ({"sorted_cells": 401}, "401 sorted cells of 400"),
        ({"sorted_cells": -1}, "whole number from 0"),
        ({"rates": {"dying": -0.1}}, "rate of dying is -0.1"),
        ({"rates": {"dyng": 0.1}}, "did you mean dying"),
        ({"rates": {"ambient": 0.9}}, "to 0.4"),
        ({"proportions": {"cycling": 0}}, "cycling would have no cells"),
        ({"proportions": {"cyclin": 0.1}}, "did you mean cycling"),
        ({"proportions": {"cycling": 0.7, "hypoxic": 0.7}}, "add up to 1.4"),
        ({"proportions": {"cycling": 1}}, "would have no cells"),
        ({"proportions": {"cycling": float("nan")}}, "from 0 to 1"),
        ({"processes": 0}, "number of processes"),
        ({"null": True, "effect": {"C5": 1}}, "leave out"),
    ],
)
def test_impossible_twins_are_refused_in_one_sentence(arguments: dict[str, object], says: str) -> None:
    with pytest.raises(InputError, match=says) as caught:
        twin(**{"size": "tiny", **arguments})
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize(
    ("name", "says"),
    [
        ("cells.h5ad", "cells-simulated.h5ad"),
        ("cells-simulated.csv", "end in .h5ad or .zarr"),
        ("cells-simulated", "end in .h5ad or .zarr"),
    ],
)
def test_a_file_must_say_that_it_is_simulated(tmp_path: Path, name: str, says: str) -> None:
    with pytest.raises(InputError, match=says):
        write_twin(tmp_path / name, "tiny")
    assert not list(tmp_path.iterdir())


def test_an_impossible_twin_leaves_no_file(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="did you mean C5"):
        write_twin(tmp_path / "cells-simulated.h5ad", "tiny", effect={"c5": 1})
    assert not list(tmp_path.iterdir())

"""Signatures: what is read, activity by regression and decoupler, agreement, the cycle and change with known truth."""

from pathlib import Path

import anndata
import decoupler as dc
import numpy as np
import pandas as pd
import pytest
import scanpy as sc
from scipy import stats
from scipy.sparse import csr_matrix
from statsmodels.stats.multitest import multipletests

from fxyd3.claims import t_interval
from fxyd3.data import gene_set
from fxyd3.errors import InputError
from fxyd3.tolerance._signatures import (
    PUBLISHED,
    SignatureActivity,
    cycle_confounding,
    persister_sets,
    read_signatures,
    signature_activity,
    signature_agreement,
    signature_change,
)

BY = ["patient", "condition"]


def cells_of(
    rng: np.random.Generator, sizes: dict[tuple[str, str], int], genes: int = 800, sd: float = 1.5
) -> anndata.AnnData:
    """Cells of one profile, whatever their sample; log values in ``X``."""
    level = rng.lognormal(0, sd, genes)
    n = sum(sizes.values())
    depth = 3000 * rng.lognormal(0, 0.3, n)
    counts = rng.poisson(np.outer(depth, level / level.sum())).astype(np.float32)
    obs = pd.DataFrame([sample for sample, size in sizes.items() for _ in range(size)], columns=BY)
    adata = anndata.AnnData(csr_matrix(counts), obs=obs.set_axis([f"c{i}" for i in range(n)], axis=0),
                            var=pd.DataFrame(index=[f"G{i}" for i in range(genes)]))  # fmt: skip
    adata.layers["counts"] = adata.X.copy()
    sc.pp.normalize_total(adata)
    sc.pp.log1p(adata)
    return adata


@pytest.fixture(scope="module")
def adata() -> anndata.AnnData:
    rng = np.random.default_rng(0)
    sizes = {(f"P{p}", side): size for p in range(4) for side, size in (("before", 60), ("after", 30))}
    cells = cells_of(rng, sizes)
    cells.obs["S_score"], cells.obs["G2M_score"] = rng.normal(size=(2, cells.n_obs))
    return cells


@pytest.fixture(scope="module")
def signatures() -> pd.DataFrame:
    rng = np.random.default_rng(1)
    genes = {"both": 60, "rising": 30, "falling": 20, "short": 4}
    parts = []
    for name, size in genes.items():
        weight = {"both": rng.normal(0, 1, size), "falling": -np.ones(size)}.get(name, np.ones(size))
        own = [f"G{i}" for i in rng.choice(800, size, replace=False)]
        parts.append(pd.DataFrame({"signature": name, "gene": own, "weight": weight}))
    return pd.concat([*parts, pd.DataFrame({"signature": ["both"], "gene": ["none"], "weight": [1.0]})])


@pytest.fixture(scope="module")
def found(adata: anndata.AnnData, signatures: pd.DataFrame) -> SignatureActivity:
    return signature_activity(adata, signatures, by=BY)


def made(cells: pd.DataFrame, cell_of: pd.DataFrame, samples: pd.DataFrame | None = None) -> SignatureActivity:
    """A result with these activities; the signatures share no gene."""
    long = pd.DataFrame(
        [(name, "family", f"{name}{i}", 1.0, "") for name in cells for i in range(5)],
        columns=["signature", "family", "gene", "weight", "source"],
    )
    pooled = cells.groupby([cell_of[column] for column in cell_of]).mean() if samples is None else samples
    size = cell_of.groupby(list(cell_of)).size()
    return SignatureActivity({"ulm": cells}, {"ulm": pooled}, cell_of, size, pd.DataFrame(), long, (), len(cells))


# what is read


def write(folder: Path, rows: list[tuple[str, str, float, str | None]]) -> Path:
    path = folder / "signatures.csv"
    pd.DataFrame(rows, columns=["signature", "gene", "weight", "source"]).to_csv(path, index=False)
    return path


ROWS: list[tuple[str, str, float, str | None]] = [
    ("a-2020_dtp-up", "A", 1, "doi"), ("a-2020_dtp-down", "B", 1, "doi"), ("a-2020_dtp-down", "C", 1, "doi"),
    ("b-2021_dtp-up_common", "A", 2.5, None), ("b-2021_dtp-down_common", "D", -0.5, None),
    ("c-2009_basal", "A", -1.5, "doi"), ("c-2009_basal", "D", 2, "doi"),
]  # fmt: skip


def test_rising_and_falling_genes_become_one_signed_signature(tmp_path: Path) -> None:
    table = read_signatures(write(tmp_path, ROWS))
    assert list(table) == ["signature", "family", "gene", "weight", "source"]
    assert table[["signature", "gene", "weight"]].to_numpy().tolist() == [
        ["a-2020_dtp", "A", 1], ["a-2020_dtp", "B", -1], ["a-2020_dtp", "C", -1], ["b-2021_dtp_common", "A", 2.5],
        ["b-2021_dtp_common", "D", -0.5], ["c-2009_basal", "A", -1.5], ["c-2009_basal", "D", 2],
    ]  # fmt: skip
    assert list(table["family"].unique()) == ["a-2020", "b-2021", "c-2009"]
    assert list(table["source"].unique()) == ["doi", ""]
    kept = read_signatures(write(tmp_path, ROWS), keep=["c-2009_basal", "a-2020"])
    assert list(kept["signature"].unique()) == ["c-2009_basal", "a-2020_dtp"]


@pytest.mark.parametrize(
    ("rows", "keep", "told"),
    [
        ([*ROWS, ("a-2020_dtp-up", "B", 1, "")], None, "has B both rising and falling in 'a-2020_dtp'"),
        ([*ROWS, ROWS[0]], None, "has A twice in 'a-2020_dtp-up'"),
        ([*ROWS, ("a-2020_dtp-up", "E", -1, "")], None, "weight of the wrong sign in 'a-2020_dtp-up'"),
        ([*ROWS, ("a-2020_dtp-down", "E", -1, "")], None, "weight of the wrong sign in 'a-2020_dtp-down'"),
        ([*ROWS, ("a-2020_dtp-up", "E", 0, "")], None, "no usable weight for E"),
        ([*ROWS, ("a-2020_dtp-up", "E", np.nan, "")], None, "no usable weight for E"),
        (ROWS, ["a-2020_dpt"], r"no signature 'a-2020_dpt' \(did you mean 'a-2020_dtp'\?\)"),
    ],
)
def test_bad_tables_are_told_in_one_sentence(tmp_path: Path, rows: object, keep: object, told: str) -> None:
    with pytest.raises(InputError, match=told):
        read_signatures(write(tmp_path, rows), keep=keep)  # type: ignore[arg-type]


def test_files_that_are_no_table_are_told(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="There is no file"):
        read_signatures(tmp_path / "none.csv")
    pd.DataFrame({"signature": ["a"], "genes": ["A"]}).to_csv(tmp_path / "x.csv")
    with pytest.raises(InputError, match=r"x.csv has no column 'gene' \(did you mean 'genes'\?\)"):
        read_signatures(tmp_path / "x.csv")


def test_the_sets_of_the_book_are_signed_and_complete() -> None:
    table = persister_sets()
    counted = table.groupby("signature")["weight"].agg([lambda w: (w > 0).sum(), lambda w: (w < 0).sum()])
    assert counted.loc["diapause"].tolist() == [14, 110]
    assert (counted.drop(index="diapause").iloc[:, 1] == 0).all()
    assert len(counted) == 10
    keratin = table.loc[table["signature"] == "keratin", "gene"]
    assert tuple(keratin) == gene_set("CHEMOPERSISTANCE_KRT_SIGNATURE")
    assert not table.duplicated(["signature", "gene"]).any()
    assert not table["gene"].isin(["FXYD3", "ATP1A1", "ATP1B1"]).any()


@pytest.mark.real
def test_the_published_table_gives_six_signed_families(real_data: Path) -> None:
    raw = pd.read_csv(real_data / "signatures.csv")
    table = read_signatures(real_data / "signatures.csv", keep=PUBLISHED)
    assert table["family"].nunique() == 6
    down = raw[raw["signature"] == "rehman-2021_dtp-down"]
    assert (down["weight"] == 1).all()  # the convention that is turned round
    own = table[table["signature"] == "rehman-2021_dtp"].set_index("gene")["weight"]
    assert (own[down["gene"]] == -1).all()
    assert own["MKI67"] == -1


# activity


def test_ulm_is_a_regression_on_the_signed_weights(
    adata: anndata.AnnData, signatures: pd.DataFrame, found: SignatureActivity
) -> None:
    for name in ("both", "falling"):
        own = signatures[signatures["signature"] == name].set_index("gene")["weight"]
        weight = own.reindex(adata.var_names).fillna(0)
        for cell in (0, 200):
            line = stats.linregress(weight, adata.X[cell].toarray()[0].astype(float))
            assert found.cells["ulm"][name].iloc[cell] == pytest.approx(line.slope / line.stderr, rel=1e-6)


def test_aucell_is_the_area_of_rising_less_that_of_falling_genes(
    adata: anndata.AnnData, signatures: pd.DataFrame, found: SignatureActivity
) -> None:
    own = adata[:, np.sort(adata.var_names)].copy()
    net = signatures.set_axis(["source", "target", "weight"], axis=1)
    areas = []
    for side in (net[net["weight"] > 0], net[net["weight"] < 0]):
        dc.mt.aucell(own, side, tmin=5, empty=False)
        areas.append(own.obsm["score_aucell"])
    expected = {
        "both": areas[0]["both"] - areas[1]["both"],
        "rising": areas[0]["rising"],
        "falling": -areas[1]["falling"],
    }
    for name, area in expected.items():
        np.testing.assert_allclose(found.cells["aucell"][name], area, rtol=1e-6, atol=1e-9)


def test_samples_are_measured_on_the_log_of_their_summed_counts(
    adata: anndata.AnnData, signatures: pd.DataFrame
) -> None:
    pooled = signature_activity(adata, signatures, methods=["ulm"], by=["patient"]).samples["ulm"]
    counts = np.asarray(adata.layers["counts"][(adata.obs["patient"] == "P2").to_numpy()].sum(axis=0)).ravel()
    weight = (
        signatures[signatures["signature"] == "both"].set_index("gene")["weight"].reindex(adata.var_names).fillna(0)
    )
    line = stats.linregress(weight, np.log2((counts + 0.5) / (counts.sum() + 1) * 1e6))
    assert pooled.loc["P2", "both"] == pytest.approx(line.slope / line.stderr, rel=1e-6)
    assert list(pooled.index) == ["P0", "P1", "P2", "P3"]


def test_fewer_cells_after_treatment_are_no_change() -> None:
    """One profile in all cells, and a tenth of them after: without thinning, lists of common genes would change."""
    thinned, plain = [], []
    for seed in range(8):
        rng = np.random.default_rng(seed)
        sizes = {(f"P{p}", side): size for p in range(6) for side, size in (("before", 100), ("after", 10))}
        cells = cells_of(rng, sizes, genes=1500, sd=2)
        order = np.argsort(-np.asarray(cells.layers["counts"].sum(axis=0)).ravel())
        lists = pd.DataFrame(
            [(name, f"G{i}", 1.0) for name, top in (("first", 0), ("next", 200)) for i in order[top : top + 200 : 2]],
            columns=["signature", "gene", "weight"],
        )
        table = signature_change(signature_activity(cells, lists, methods=["ulm"], by=BY)).summary()
        thinned += [*((table["lower"] > 0) | (table["upper"] < 0))]
        cells.obs["sample"] = cells.obs["patient"] + " " + cells.obs["condition"]
        each = signature_activity(cells, lists, methods=["ulm"], by=["sample"]).samples["ulm"]
        for name in each:
            change = [each.loc[f"P{p} after", name] - each.loc[f"P{p} before", name] for p in range(6)]
            _, lower, upper = t_interval(change)
            plain.append(lower > 0 or upper < 0)
    assert np.mean(thinned) <= 0.15  # 16 intervals of 95 %: 2 may miss
    assert np.mean(plain) >= 0.5


def test_cells_are_drawn_from_every_sample_alike_and_the_sums_use_all(
    adata: anndata.AnnData, signatures: pd.DataFrame, found: SignatureActivity
) -> None:
    some = signature_activity(adata, signatures, by=BY, most_cells=300)
    sizes = some.cell_of.groupby(BY).size()
    assert sizes.sum() == 300
    assert (sizes.xs("after", level="condition") == 30).all()
    before = sizes.xs("before", level="condition")
    assert before.max() - before.min() <= 1
    pd.testing.assert_frame_equal(some.samples["ulm"], found.samples["ulm"])
    pd.testing.assert_frame_equal(some.cells["ulm"], found.cells["ulm"].loc[some.cells["ulm"].index])
    assert (some.n_cells, len(found.cells["ulm"])) == (360, 360)
    other = signature_activity(adata, signatures, methods=["ulm"], by=BY, most_cells=300, seed=2)
    assert not other.cells["ulm"].index.equals(some.cells["ulm"].index)
    assert len(signature_activity(adata, signatures, methods=["ulm"], most_cells=50).cells["ulm"]) == 50


def test_short_signatures_are_named_and_what_is_kept_is_counted(found: SignatureActivity) -> None:
    assert found.left_out == ("short",)
    assert list(found.cells["ulm"]) == list(found.samples["aucell"]) == ["both", "rising", "falling"]
    assert found.coverage.loc["both"].tolist() == [61, 60, "none"]
    told = found.summary()
    assert told.loc["falling", ["genes", "present", "rising", "falling"]].tolist() == [20, 20, 0, 20]
    assert told.loc["both", "rising"] + told.loc["both", "falling"] == 60


def test_small_samples_are_not_summed_and_without_by_there_are_none(
    adata: anndata.AnnData, signatures: pd.DataFrame
) -> None:
    large = signature_activity(adata, signatures, methods=["ulm"], by=BY, min_cells=40)
    assert set(large.samples["ulm"].index.get_level_values("condition")) == {"before"}
    assert len(large.sizes) == 8
    none = signature_activity(adata, signatures, methods=["ulm"], by=BY, min_cells=400)
    assert none.samples["ulm"].shape == (0, 3)
    assert signature_change(none).missing == "three patients with cells before and after: there are 0"
    assert signature_activity(adata, signatures, methods=["ulm"]).samples["ulm"].empty


def test_neither_order_matters_nor_is_anything_written(
    adata: anndata.AnnData, signatures: pd.DataFrame, found: SignatureActivity
) -> None:
    rng = np.random.default_rng(3)
    mixed = adata[rng.permutation(adata.n_obs), rng.permutation(adata.n_vars)].copy()
    columns, kept = list(mixed.obs), set(mixed.obsm)
    other = signature_activity(mixed, signatures.sample(frac=1, random_state=1), by=["patient"])
    once = signature_activity(adata, signatures, by=["patient"])
    names = list(found.cells["ulm"])
    for method in ("ulm", "aucell"):
        cells = other.cells[method].loc[adata.obs_names, names]
        pd.testing.assert_frame_equal(cells, found.cells[method], rtol=1e-6, atol=1e-9)
        pd.testing.assert_frame_equal(other.samples[method][names], once.samples[method], rtol=1e-6, atol=1e-9)
    assert (list(mixed.obs), set(mixed.obsm)) == (columns, kept)


@pytest.mark.parametrize(
    ("change", "options", "told"),
    [
        (lambda s: s, {"methods": ["gsva"]}, "no method 'gsva': choose ulm, aucell"),
        (lambda s: s, {"methods": []}, "none given"),
        (lambda s: s, {"by": ["patients"]}, r"no column 'patients' in obs \(did you mean 'patient'\?\)"),
        (lambda s: s, {"most_cells": 0}, "most_cells is 0"),
        (lambda s: s, {"block": 0}, "block is 0"),
        (lambda s: s.assign(gene=s["gene"].str.lower()), {}, "no signature has 5 genes among the 800"),
        (lambda s: s.drop(columns="weight"), {}, "no column 'weight'"),
        (lambda s: pd.concat([s, s[:1]]), {}, "twice in 'both'"),
    ],
)
def test_bad_requests_are_told_in_one_sentence(
    adata: anndata.AnnData, signatures: pd.DataFrame, change: object, options: dict[str, object], told: str
) -> None:
    with pytest.raises(InputError, match=told):
        signature_activity(adata, change(signatures), **options)  # type: ignore[operator,arg-type]


def test_bad_cells_are_told_in_one_sentence(adata: anndata.AnnData, signatures: pd.DataFrame) -> None:
    lost = adata.copy()
    lost.obs.loc["c1", "patient"] = np.nan
    with pytest.raises(InputError, match="1 cells have no 'patient'"):
        signature_activity(lost, signatures, by=BY)
    logs = adata.copy()
    del logs.layers["counts"]
    with pytest.raises(InputError, match="does not hold raw counts"):
        signature_activity(logs, signatures, by=BY)
    assert len(signature_activity(logs, signatures, methods=["ulm"]).cells["ulm"]) == 360


# agreement


def correlated(rng: np.random.Generator, r: float, patients: int, cells: int = 150) -> SignatureActivity:
    """Three signatures; the first two correlate by ``r`` in each patient, whose means differ the other way round."""
    who = np.repeat([f"P{p}" for p in range(patients)], cells)
    values = rng.multivariate_normal([0, 0, 0], [[1, r, 0], [r, 1, 0], [0, 0, 1]], len(who))
    shift = 10 * np.repeat(rng.normal(size=patients), cells)
    frame = pd.DataFrame(values, columns=["a", "b", "c"]).assign(a=values[:, 0] + shift, b=values[:, 1] - shift)
    return made(frame, pd.DataFrame({"patient": who, "condition": "before"}))


def test_correlations_are_within_patients_with_an_interval_over_patients() -> None:
    activity = correlated(np.random.default_rng(1), 0.5, 5)
    result = signature_agreement(activity)
    assert (result.patients, result.missing) == (5, "")
    frame, who = activity.cells["ulm"], activity.cell_of["patient"]
    own = [stats.spearmanr(frame["a"][who == p], frame["b"][who == p]).statistic for p in who.unique()]
    row = result.table.iloc[0]
    assert (row["one"], row["other"], row["patients"]) == ("a", "b", 5)
    assert tuple(row[["spearman", "lower", "upper"]]) == pytest.approx(tuple(np.tanh(t_interval(np.arctanh(own)))))
    first = result.per_patient[(result.per_patient["one"] == "a") & (result.per_patient["other"] == "b")]
    assert first["spearman"].to_numpy() == pytest.approx(own)
    assert first["cells"].tolist() == [150] * 5
    square = result.summary()
    assert square.loc["a", "b"] == square.loc["b", "a"] == pytest.approx(row["spearman"])
    assert np.diag(square).tolist() == [1, 1, 1]


def test_intervals_of_correlations_hold_the_truth() -> None:
    truth = 6 / np.pi * np.arcsin(0.5 / 2)  # Spearman's correlation of normal values
    rng = np.random.default_rng(2)
    tables = [signature_agreement(correlated(rng, 0.5, 4, 60)).table for _ in range(250)]
    held = [t.loc[0, "lower"] <= truth <= t.loc[0, "upper"] for t in tables]
    none = [t.loc[1, "lower"] <= 0 <= t.loc[1, "upper"] for t in tables]
    assert 0.90 <= np.mean(held) <= 0.99  # 250 intervals of 95 %: three standard errors
    assert 0.90 <= np.mean(none) <= 0.99


def test_a_signature_turned_round_and_shared_genes(adata: anndata.AnnData, signatures: pd.DataFrame) -> None:
    both = signatures[signatures["signature"] == "both"]
    half = both[:20].assign(signature="half", weight=both["weight"][:20] * np.repeat([1, -1], 10))
    three = pd.concat([both, both.assign(signature="turned", weight=-both["weight"]), half])
    result = signature_agreement(signature_activity(adata, three, methods=["ulm"], by=BY))
    table = result.table.set_index(["one", "other"])
    assert table.loc[("both", "turned"), "spearman"] == pytest.approx(-1, abs=1e-6)
    assert table.loc[("both", "turned"), ["shared", "jaccard", "same_sign"]].tolist() == [60, 1, 0]
    assert table.loc[("both", "half"), ["shared", "same_sign"]].tolist() == [20, 10]
    assert table.loc[("both", "half"), "jaccard"] == pytest.approx(20 / 60)
    assert result.genes.to_dict() == {"both": 60, "turned": 60, "half": 20}


def test_one_patient_describes(found: SignatureActivity) -> None:
    result = signature_agreement(found, patient=None, method="aucell")
    assert result.missing == "three patients: there is 1"
    assert result.table[["lower", "upper"]].isna().all(axis=None)
    assert result.table["spearman"].notna().all()


def test_bad_requests_for_agreement_are_told(
    found: SignatureActivity, adata: anndata.AnnData, signatures: pd.DataFrame
) -> None:
    with pytest.raises(InputError, match="not measured by 'mean': choose one of ulm, aucell"):
        signature_agreement(found, method="mean")  # type: ignore[arg-type]
    with pytest.raises(InputError, match=r"does not know the column 'patients' \(did you mean 'patient'\?\)"):
        signature_agreement(found, patient="patients")
    with pytest.raises(InputError, match="no patient has 1000 cells"):
        signature_agreement(found, min_cells=1000)
    one = signature_activity(adata, signatures[signatures["signature"] == "both"], methods=["ulm"], by=BY)
    with pytest.raises(InputError, match="needs two signatures: there is 'both' only"):
        signature_agreement(one)


# the cell cycle


@pytest.fixture(scope="module")
def cycling(adata: anndata.AnnData) -> tuple[anndata.AnnData, SignatureActivity, list[str]]:
    """Two signatures without a gene in common, which both hold genes of a planted cycle."""
    rng = np.random.default_rng(5)
    phase = rng.normal(size=adata.n_obs)
    genes = [f"G{i}" for i in range(800)]
    cycle = genes[:60]
    counts = rng.poisson(2, (adata.n_obs, 800)).astype(np.float32)  # all cells of one depth
    counts[:, :60] = rng.poisson(20 * np.exp(0.4 * phase)[:, None] * np.ones(60))
    cells = anndata.AnnData(csr_matrix(np.log1p(counts)), obs=adata.obs[BY], var=pd.DataFrame(index=genes))
    cells.layers["counts"] = csr_matrix(counts)
    cells.obs["S_score"], cells.obs["G2M_score"] = phase, rng.normal(size=adata.n_obs)
    members = {"one": genes[:30] + genes[100:110], "other": genes[30:60] + genes[200:210]}
    rows = [(name, gene) for name, own in members.items() for gene in own]
    lists = pd.DataFrame(rows, columns=["signature", "gene"]).assign(weight=1.0)
    return cells, signature_activity(cells, lists, methods=["ulm"], by=["patient"]), cycle


def test_agreement_that_is_the_cycle_goes_with_it(
    cycling: tuple[anndata.AnnData, SignatureActivity, list[str]],
) -> None:
    cells, activity, genes = cycling
    result = cycle_confounding(cells, found=activity, cycle_genes=genes)
    pair = result.agreement.iloc[0]
    assert pair["spearman"] > 0.8
    assert pair["spearman"] == signature_agreement(activity).table.loc[0, "spearman"]
    assert abs(pair["regressed"]) < 0.2
    table = result.table.set_index(["signature", "score"])
    assert table["cycle_genes"].tolist() == [30] * 4
    assert table["genes"].tolist() == [40] * 4
    s, g2m = table.loc[("one", "S_score")], table.loc[("one", "G2M_score")]
    assert s["spearman"] > 0.8
    assert s["lower"] < s["spearman"] < s["upper"]
    assert abs(s["without"]) < 0.2
    assert abs(g2m["spearman"]) < 0.2
    assert list(result.both_ways()["name"]) == ["one and other"]
    assert result.both_ways().loc[0, ["plain", "regressed"]].tolist() == pair[["spearman", "regressed"]].tolist()
    assert result.summary().loc["one", "spearman S_score"] == s["spearman"]


def test_without_cycle_genes_is_the_shorter_signature(
    cycling: tuple[anndata.AnnData, SignatureActivity, list[str]],
) -> None:
    cells, activity, genes = cycling
    kept = activity.signatures[~activity.signatures["gene"].isin(genes)]
    shorter = signature_activity(cells, kept, methods=["ulm"]).cells["ulm"]["one"]
    expected = [
        np.arctanh(stats.spearmanr(shorter[own.index], own["S_score"]).statistic)
        for _, own in cells.obs.groupby("patient")
    ]
    result = cycle_confounding(cells, found=activity, cycle_genes=genes).table
    assert result.loc[0, "without"] == pytest.approx(np.tanh(np.mean(expected)))


def test_regressing_is_a_regression_in_each_patient(found: SignatureActivity, adata: anndata.AnnData) -> None:
    result = cycle_confounding(adata, found=found)
    z = []
    for _, own in adata.obs.groupby("patient"):
        design = np.column_stack([np.ones(len(own)), own[["S_score", "G2M_score"]]])
        here = found.cells["ulm"].loc[own.index, ["both", "rising"]].to_numpy()
        left = here - design @ np.linalg.solve(design.T @ design, design.T @ here)
        z.append(np.arctanh(stats.spearmanr(*left.T).statistic))
    assert result.agreement.loc[0, "regressed"] == pytest.approx(np.tanh(np.mean(z)))
    assert (result.table["cycle_genes"] == 0).all()
    np.testing.assert_allclose(result.table["without"], result.table["spearman"])


def test_a_signature_of_cycle_genes_alone_has_no_number_without_them(
    cycling: tuple[anndata.AnnData, SignatureActivity, list[str]],
) -> None:
    cells, activity, _ = cycling
    every = list(activity.signatures["gene"])
    result = cycle_confounding(cells, found=activity, cycle_genes=every, patient=None)
    assert result.table["without"].isna().all()
    assert result.table["spearman"].notna().all()
    assert result.missing == "three patients: there is 1"


def test_bad_scores_are_told(found: SignatureActivity, adata: anndata.AnnData) -> None:
    with pytest.raises(InputError, match=r"no cycle score 'S' \(did you mean 'S_score'\?\)|no cycle score 'S'"):
        cycle_confounding(adata, found=found, cycle=["S"])
    with pytest.raises(InputError, match="not among those with a cycle score"):
        cycle_confounding(adata[:100], found=found)
    spoiled = adata.copy()
    spoiled.obs.loc["c3", "S_score"] = np.nan
    with pytest.raises(InputError, match="is not finite"):
        cycle_confounding(spoiled, found=found)


# change


def changed(
    rng: np.random.Generator, *, effect: float = 0.0, slope: float = 0.0, shift: float = 0.0, patients: int = 5
) -> tuple[SignatureActivity, pd.DataFrame]:
    """Activities with an effect of treatment beside that of a cycle which treatment shifts."""
    cell_of = pd.DataFrame(
        [(f"P{p}", side) for p in range(patients) for side in ("before", "after") for _ in range(80)], columns=BY
    )
    after = (cell_of["condition"] == "after").to_numpy().astype(float)
    own = np.repeat(rng.normal(0, 0.1, patients), 160)
    cycle = rng.normal(0, 1, len(after)) + shift * after
    base = np.repeat(rng.normal(0, 2, patients), 160)
    a = base + (effect + own) * after + slope * cycle + rng.normal(0, 0.3, len(after))
    b = base + rng.normal(0, 1, len(after))
    return made(pd.DataFrame({"a": a, "b": b}), cell_of), pd.DataFrame({"score": cycle})


def test_a_change_is_students_over_patients_and_holms_over_signatures() -> None:
    activity, _ = changed(np.random.default_rng(1), effect=1.0)
    result = signature_change(activity)
    means = activity.cells["ulm"].groupby([activity.cell_of[c] for c in BY]).mean()
    change = means.xs("after", level=1) - means.xs("before", level=1)
    for measure in ("pseudobulk", "cells"):
        own = result.table[result.table["measure"] == measure].set_index("signature")
        for name in ("a", "b"):
            numbers = tuple(own.loc[name, ["change", "lower", "upper"]])
            assert numbers == pytest.approx(t_interval(change[name]))
            assert own.loc[name, "p"] == pytest.approx(stats.ttest_1samp(change[name], 0).pvalue)
        assert own["p_holm"].to_numpy() == pytest.approx(multipletests(own["p"], method="holm")[1])
    assert result.missing == ""
    assert result.table["patients"].tolist() == [5] * 4
    each = result.per_patient
    assert (each["change"] == each["after"] - each["before"]).all()
    assert result.summary()["signature"].tolist() == ["a", "b"]


@pytest.mark.parametrize(("effect", "slope"), [(0.0, 1.0), (1.0, 0.0), (0.5, -1.0)])
def test_at_equal_cycle_the_effect_of_treatment_is_left(effect: float, slope: float) -> None:
    activity, cycle = changed(np.random.default_rng(2), effect=effect, slope=slope, shift=2.0)
    ways = signature_change(activity, cycle=cycle).both_ways().set_index("name")
    assert ways.loc["a", "plain"] == pytest.approx(effect + 2 * slope, abs=0.25)
    assert ways.loc["a", "regressed"] == pytest.approx(effect, abs=0.25)
    assert ways.loc["a", "regressed_lower"] <= effect <= ways.loc["a", "regressed_upper"]


def test_many_patients_find_the_effect_at_equal_cycle_closely() -> None:
    activity, cycle = changed(np.random.default_rng(3), effect=0.4, slope=0.7, shift=1.0, patients=60)
    row = signature_change(activity, cycle=cycle).both_ways().set_index("name").loc["a"]
    assert row["regressed_lower"] <= 0.4 <= row["regressed_upper"]
    assert row["regressed_upper"] - row["regressed_lower"] < 0.1
    assert row["plain_lower"] > 0.9


def test_only_pairs_count_and_what_is_missing_is_said() -> None:
    activity, cycle = changed(np.random.default_rng(4), patients=4)
    keep = ~((activity.cell_of["patient"] == "P0") & (activity.cell_of["condition"] == "after"))
    keep &= ~((activity.cell_of["patient"] == "P1") & (activity.cell_of["condition"] == "before"))
    result = signature_change(made(activity.cells["ulm"][keep], activity.cell_of[keep]), cycle=cycle)
    assert set(result.per_patient["patient"]) == {"P2", "P3"}
    assert result.missing == "three patients with cells before and after: there are 2"
    assert result.table[["lower", "upper", "p", "p_holm"]].isna().all(axis=None)
    assert result.table["change"].notna().all()


def test_bad_requests_for_change_are_told(found: SignatureActivity, adata: anndata.AnnData) -> None:
    with pytest.raises(InputError, match=r"no cell is 'aftr' in 'condition' \(did you mean 'after'\?\)"):
        signature_change(found, after="aftr")
    with pytest.raises(InputError, match="does not know the column 'time'"):
        signature_change(found, condition="time")
    with pytest.raises(InputError, match="confidence is 2"):
        signature_change(found, confidence=2)
    with pytest.raises(InputError, match="not among those with a cycle score"):
        signature_change(found, cycle=adata.obs[["S_score"]][:10])

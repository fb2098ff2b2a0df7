"""Profiles of groups: hand-made cells, what a null gives, patients as the unit, and bad input."""

from collections.abc import Callable

import anndata
import numpy as np
import pandas as pd
import pytest
from scipy import stats

from fxyd3 import cells
from fxyd3.cells._activity import activity
from fxyd3.cells._halves import half
from fxyd3.cells._profiles import agreement, profiles, specificity
from fxyd3.errors import InputError


def _cells(group: np.ndarray, patient: np.ndarray, values: np.ndarray | None = None) -> anndata.AnnData:
    obs = pd.DataFrame(
        {"cluster": pd.Categorical(group.astype(str)), "patient": pd.Categorical(patient.astype(str))},
        index=[f"cell{i}" for i in range(len(group))],
    )
    return anndata.AnnData(np.ones((len(group), 1), np.float32) if values is None else values, obs=obs)


@pytest.fixture(scope="module")
def planted() -> tuple[anndata.AnnData, pd.DataFrame]:
    """Six patients with offsets and units of their own; group 1 is 2 SD (of the noise) above the rest in one set."""
    rng = np.random.default_rng(0)
    group, patient = rng.integers(1, 5, 6000), rng.integers(0, 6, 6000)
    unit = np.array([1, 3, 0.5, 10, 2, 7])[patient]
    noise = rng.normal(size=(6000, 3))
    noise[:, 0] += 2 * (group == 1)
    values = unit[:, None] * (noise + patient[:, None])
    own = _cells(group, patient)
    return own, pd.DataFrame(values, index=own.obs_names, columns=["up", "a", "b"])


def test_the_difference_is_that_of_the_mixture(planted: tuple[anndata.AnnData, pd.DataFrame]) -> None:
    table = profiles(*planted).set_index(["group", "set"])
    sd = np.sqrt(1 + 2**2 * 0.25 * 0.75)
    assert table.loc[("1", "up"), "difference"] == pytest.approx(2 * 0.75 / sd, abs=0.05)
    assert table.loc[("2", "up"), "difference"] == pytest.approx(-2 * 0.25 / sd, abs=0.05)
    assert table["differs"].groupby("set").sum().to_dict() == {"up": 4, "a": 0, "b": 0}
    assert (table["patients"] == 6).all()
    assert table["cells"].groupby("set").sum().tolist() == [6000, 6000, 6000]


def test_each_number_by_hand(planted: tuple[anndata.AnnData, pd.DataFrame]) -> None:
    own, values = planted
    row = profiles(own, values).set_index(["group", "set"]).loc[("3", "a")]
    each = []
    for patient in range(6):
        here = values["a"][own.obs["patient"] == str(patient)]
        each.append((here[own.obs["cluster"] == "3"].mean() - here.mean()) / here.std())
    test = stats.ttest_1samp(each, 0)
    assert row["difference"] == pytest.approx(np.mean(each))
    assert (row["lower"], row["upper"]) == pytest.approx(tuple(test.confidence_interval()))
    assert row["q"] >= test.pvalue


def test_units_offsets_and_the_order_of_cells_do_not_matter(planted: tuple[anndata.AnnData, pd.DataFrame]) -> None:
    own, values = planted
    table = profiles(own, values)
    pd.testing.assert_frame_equal(profiles(own, 5 * values - 3), table, rtol=1e-9)
    mixed = np.random.default_rng(1).permutation(own.n_obs)
    pd.testing.assert_frame_equal(profiles(own[mixed].copy(), values.iloc[mixed]), table, rtol=1e-9)


def test_more_cells_of_the_same_patients_are_no_more_evidence(planted: tuple[anndata.AnnData, pd.DataFrame]) -> None:
    own, values = planted
    twice = anndata.concat([own, own], index_unique="-")
    doubled = profiles(twice, pd.concat([values, values]).set_index(twice.obs_names))
    once = profiles(own, values)
    np.testing.assert_allclose(doubled["q"], once["q"], rtol=0.01)
    np.testing.assert_allclose(doubled["lower"], once["lower"], atol=2e-3)


def test_intervals_hold_zero_where_nothing_is_planted() -> None:
    rng = np.random.default_rng(3)
    patient = rng.integers(0, 5, 400)
    own = _cells(rng.integers(1, 3, 400), patient)
    values = pd.DataFrame(rng.normal(size=(400, 1000)) + patient[:, None], index=own.obs_names)
    table = profiles(own, values)
    first = table[table["group"] == "1"]
    missed = int(((first["lower"] > 0) | (first["upper"] < 0)).sum())
    assert stats.binomtest(missed, 1000, 0.05).pvalue > 0.01
    assert not table["differs"].any()


def test_few_patients_and_few_cells() -> None:
    rng = np.random.default_rng(4)
    group, patient = np.repeat([1, 2], 100), np.tile([0, 1, 2, 3], 50)
    group[(patient == 3) & (np.arange(200) < 92)] = 2
    own = _cells(group, patient)
    values = pd.DataFrame({"a": rng.normal(size=200), "flat": 1.0}, index=own.obs_names)
    table = profiles(own, values).set_index(["group", "set"])
    assert table.loc[("1", "a"), "patients"] == 3
    assert table.loc[("2", "a"), "patients"] == 4
    assert table.loc[("1", "flat"), "patients"] == 0
    two = own[own.obs["patient"].isin(["0", "1"])].copy()
    found = profiles(two, values.loc[two.obs_names]).set_index(["group", "set"]).loc[("1", "a")]
    assert np.isfinite(found["difference"])
    assert np.isnan([found["lower"], found["upper"], found["q"]]).all()
    assert not found["differs"]
    del two.obs["patient"]
    assert profiles(two, values.loc[two.obs_names])["patients"].max() == 1


def test_halves_are_honest_where_one_group_is_cut(simulate: Callable[..., anndata.AnnData]) -> None:
    kept, _ = cells.qc(simulate(900, groups=1))
    cells.regroup(kept, n_groups=4, n_comps=10, n_top_genes=800)
    train, test = half(kept, "train", log=True), half(kept, "test", log=True)
    level = train.to_df().groupby(kept.obs["cluster_train"], observed=True).mean()
    sets = {group: (level.loc[group] - level.drop(group).mean()).nlargest(40).index for group in level.index}
    net = pd.concat([pd.DataFrame({"source": g, "target": own, "weight": 1.0}) for g, own in sets.items()])

    def own_set(of: anndata.AnnData) -> pd.DataFrame:
        table = profiles(of, activity(of, net.reset_index(drop=True)), key="cluster_train")
        return table[table["group"] == table["set"]].reset_index(drop=True)

    naive, honest = own_set(train), own_set(test)
    assert (naive["lower"] > 0.5).all()
    assert (honest["difference"] < naive["difference"] / 4).all()
    assert not honest["differs"].any()


def test_agreement_is_that_of_ranks(planted: tuple[anndata.AnnData, pd.DataFrame]) -> None:
    table = profiles(*planted)
    turned = table.assign(difference=-table["difference"])
    cubed = table.assign(difference=table["difference"] ** 3)[:-2]
    found = agreement({"one": table, "turned": turned, "cubed": cubed}).set_index(["one", "other"])
    assert found["spearman"].tolist() == pytest.approx([-1, 1, -1])
    assert found["pairs"].tolist() == [12, 10, 10]
    assert found["same_sign"].tolist() == [0, 1, 0]


@pytest.fixture(scope="module")
def counted() -> anndata.AnnData:
    """Three patients with 20 cells in each of groups 1 and 2; the third patient disagrees on the gene."""
    patient, group = np.repeat([0, 1, 2], 40), np.tile(np.repeat([1, 2], 20), 3)
    values = np.zeros((120, 3), np.float32)
    inside = (group == 1) & (patient < 2)
    values[inside, 0] = np.tile([4.0, 0.0], 20)
    values[(group == 2) & (patient < 2), 0] = np.tile([1.0, 0, 0, 0], 10)
    values[(group == 2) & (patient == 2), 0] = 1
    values[:, 1] = 1 + (group == 2)
    own = _cells(group, patient, values)
    own.var_names = ["FXYD3", "NRP1", "EMPTY"]
    return own


def test_specificity_by_hand(counted: anndata.AnnData) -> None:
    table = specificity(counted, ["FXYD3", "NRP1", "EMPTY", "IGF1R"])
    row = table.loc["FXYD3"]
    assert row["group"] == "1"
    assert row["percent_in"] == pytest.approx((50 + 50 + 0) / 3)
    assert row["percent_out"] == pytest.approx((25 + 25 + 100) / 3)
    assert (row["highest_in"], row["patients"], row["lists"]) == (2, 3, "WU2021_SCSUBTYPE_LUMA_SC")
    assert table.loc["NRP1", ["group", "highest_in", "patients", "lists"]].tolist() == [
        "2", 3, 3, "LIM_MAMMARY_STEM_CELL_UP_SHORTLIST"
    ]  # fmt: skip
    assert table.loc[["EMPTY", "IGF1R"], "patients"].tolist() == [0, 0]
    assert table.loc[["EMPTY", "IGF1R"], "percent_in"].isna().all()


def test_specificity_says_nothing_where_every_group_is_small(counted: anndata.AnnData) -> None:
    table = specificity(counted, ["FXYD3", "NRP1"], min_cells=9999)
    assert list(table["patients"]) == [0, 0]
    assert list(table["group"]) == ["", ""]
    assert table["percent_in"].isna().all()


def test_specificity_of_sparse_shuffled_cells_is_the_same(counted: anndata.AnnData) -> None:
    from scipy.sparse import csr_matrix

    mixed = counted[np.random.default_rng(0).permutation(120)].copy()
    mixed.X = csr_matrix(mixed.X)
    pd.testing.assert_frame_equal(specificity(mixed, ["FXYD3", "NRP1"]), specificity(counted, ["FXYD3", "NRP1"]))


@pytest.mark.parametrize(
    ("call", "told"),
    [
        (lambda a, v: profiles(a, v, key="clusters"), "no 'clusters' among the annotations.*did you mean 'cluster'"),
        (lambda a, v: profiles(a, v[::-1]), "not the 6000 cells of the data in their order"),
        (lambda a, v: agreement({"one": profiles(a, v)}), "at least 2 methods: there is 1"),
        (lambda a, v: agreement({"one": profiles(a, v[["a"]]), "two": profiles(a, v[["b"]])}), "have 0 groups"),
        (lambda a, v: specificity(a, ["FXYD"]), "none of FXYD is among the 1 genes"),
        (lambda a, v: specificity(a, []), "none of no genes"),
    ],
)
def test_bad_input_in_one_sentence(planted, call, told) -> None:  # type: ignore[no-untyped-def]
    with pytest.raises(InputError, match=told):
        call(*planted)

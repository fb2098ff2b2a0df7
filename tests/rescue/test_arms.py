"""Dosing orders: closed forms, the truth of the twin and its null, invariances, and tables that cannot be judged."""

import numpy as np
import pandas as pd
import pytest
from scipy import stats

from fxyd3.claims import t_interval
from fxyd3.data.assays import ARMS
from fxyd3.data.simulate import dosing_order
from fxyd3.errors import InputError
from fxyd3.rescue._arms import DosingOrders, dosing_orders

SEEDS = range(1, 51)
BEYOND = "ancestral beyond other"
DIFFERENCE = {"ancestral": "ancestral", "other": "other", BEYOND: "difference"}


def exact(experiments: int = 3) -> pd.DataFrame:
    """Dishes without noise: drugs leave 1/2 and 1/5; of ancestral cells both leave a quarter of the product."""
    left = {
        "ancestral": [1000, 500, 200, 25, 50, 100],
        "other": [4000, 2000, 800, 400, 400, 400],
    }
    return pd.DataFrame(
        [
            (f"E{e + 1}", arm, cells, r, (e + 1) * (viable + change))
            for e in range(experiments)
            for cells, all_left in left.items()
            for arm, viable in zip(ARMS, all_left, strict=True)
            for r, change in ((1, -5), (2, 5))
        ],
        columns=["experiment", "arm", "cells", "replicate", "viable"],
    )


@pytest.fixture
def table() -> pd.DataFrame:
    return dosing_order(seed=1).table


def row(found: DosingOrders, order: str, cells: str) -> pd.Series:
    return found.interactions.set_index(["order", "cells"]).loc[(order, cells)]


def same(one: DosingOrders, two: DosingOrders) -> None:
    for name in ("fractions", "survival", "interactions", "orders", "per_experiment"):
        pd.testing.assert_frame_equal(getattr(one, name), getattr(two, name))
    assert one.interval == two.interval


@pytest.mark.parametrize("null", [False, True])
def test_intervals_hold_the_truth_of_the_twin(null: bool) -> None:
    held, off, shares, quiet = [], [], [], []
    for seed in SEEDS:
        assay = dosing_order(seed=seed, null=null)
        found = dosing_orders(assay.table)
        assert found.missing == ""
        assert found.interval is not None
        for order, cells, estimate, lower, upper, _ in found.interactions.itertuples(index=False, name=None):
            truth = assay.truth["interaction"][order][DIFFERENCE[cells]]
            held.append(lower <= truth <= upper)
            off.append(estimate - truth)
        for arm, _, lower, upper, _ in found.fractions.itertuples(index=False, name=None):
            shares.append(lower <= assay.truth["tolerant_fraction"][arm] <= upper)
        quiet.append(found.interval.upper >= 0)
    low = stats.binom.ppf(0.001, len(SEEDS), 0.95) / len(SEEDS)  # one interval in each table
    for each in (np.reshape(held, (len(SEEDS), 9)), np.reshape(shares, (len(SEEDS), 6))):
        assert (each.mean(axis=0) >= low).all()
        assert 0.92 <= each.mean() <= 0.99  # all of them
    bias = np.reshape(off, (len(SEEDS), 9))
    assert (np.abs(bias.mean(axis=0)) < 4 * bias.std(axis=0) / np.sqrt(len(SEEDS))).all()
    if null:
        assert sum(not one for one in quiet) <= stats.binom.ppf(0.99, len(SEEDS), 0.025)
    else:
        assert np.mean(quiet) <= 0.02


def test_without_noise_the_interaction_is_that_of_the_cells_drawn() -> None:
    found = dosing_orders(exact())
    for order, quarter in zip(ARMS[3:], (0.25, 0.5, 1), strict=True):
        assert row(found, order, "ancestral")["estimate"] == pytest.approx(np.log(quarter), abs=1e-12)
        assert row(found, order, "other")["estimate"] == pytest.approx(0, abs=1e-12)
        assert row(found, order, BEYOND)["estimate"] == pytest.approx(np.log(quarter), abs=1e-12)
    assert found.fractions["fraction"].tolist() == pytest.approx([1 / 5, 1 / 5, 1 / 5, 25 / 425, 50 / 450, 1 / 5])
    survival = found.survival.set_index(["arm", "cells"])["survival"]
    assert survival["both", "ancestral"] == pytest.approx(0.025)
    assert survival["glycoside", "other"] == pytest.approx(0.2)
    assert found.orders["estimate"].tolist() == pytest.approx([np.log(2), np.log(4)])
    assert found.summary().set_index(["order", "cells"]).loc[("both", BEYOND), "ratio"] == pytest.approx(0.25)


def test_intervals_run_over_experiments_on_the_scales_named(table: pd.DataFrame) -> None:
    found = dosing_orders(table)
    each = found.per_experiment
    both = each[each["arm"] == "both"]
    np.testing.assert_allclose(both["beyond"], both["tolerant"] - both["other"])
    assert found.interval == pytest.approx(t_interval(both["beyond"]))
    assert found.n == 4
    assert row(found, "both", BEYOND)[["estimate", "lower", "upper"]].tolist() == pytest.approx([*found.interval])
    chemotherapy = each[each["arm"] == "chemotherapy"]
    np.testing.assert_allclose(
        chemotherapy["fraction"],
        chemotherapy["tolerant_cells"] / (chemotherapy["tolerant_cells"] + chemotherapy["other_cells"]),
    )
    odds = t_interval(np.log(chemotherapy["tolerant_cells"] / chemotherapy["other_cells"]))
    shares = found.fractions.set_index("arm").loc["chemotherapy", ["fraction", "lower", "upper"]].astype(float)
    assert np.log(shares / (1 - shares)).tolist() == pytest.approx([*odds])
    np.testing.assert_allclose(found.summary()["lower"], np.exp(found.interactions["lower"]))


def test_sequences_are_compared_with_both_by_a_paired_test_after_holm(table: pd.DataFrame) -> None:
    found = dosing_orders(table)
    wide = found.per_experiment.pivot_table(index="experiment", columns="arm", values="beyond")
    p = [stats.ttest_rel(wide[order], wide["both"]).pvalue for order in ARMS[4:]]
    assert found.orders["p"].tolist() == pytest.approx(p)
    low, high = sorted(p)
    holm = {low: min(1, 2 * low), high: max(high, min(1, 2 * low))}
    assert found.orders["p_adjusted"].tolist() == pytest.approx([holm[value] for value in p])


def test_neither_rows_nor_names_nor_the_cells_seeded_matter(table: pd.DataFrame) -> None:
    found = dosing_orders(table)
    same(dosing_orders(table.sample(frac=1, random_state=1)), found)
    same(dosing_orders(table.drop(columns="replicate")), found)
    named = table.rename(columns={"viable": "alive", "cells": "kind"})
    again = dosing_orders(
        named.replace({"kind": {"ancestral": "A", "other": "B"}}), tolerant="A", other="B", cells="kind", viable="alive"
    )
    assert again.interval == found.interval
    assert again.beyond == "A beyond B"
    more = table.assign(viable=table["viable"] * table["experiment"].map({"E1": 2, "E2": 3, "E3": 5, "E4": 7}))
    np.testing.assert_allclose(dosing_orders(more).interactions["estimate"], found.interactions["estimate"])
    turned = dosing_orders(table, tolerant="other", other="ancestral")
    assert turned.interval is not None
    assert found.interval is not None
    assert turned.interval.estimate == pytest.approx(-found.interval.estimate)


def test_other_growth_of_one_kind_in_all_arms_is_no_interaction(table: pd.DataFrame) -> None:
    grown = table.assign(viable=table["viable"] * np.where(table["cells"] == "other", 3, 1))
    np.testing.assert_allclose(
        dosing_orders(grown).interactions["estimate"], dosing_orders(table).interactions["estimate"]
    )


def test_a_table_without_sequences_is_enough(table: pd.DataFrame) -> None:
    found, four = dosing_orders(table), dosing_orders(table[table["arm"].isin(ARMS[:4])])
    assert four.interval == found.interval
    assert four.orders.empty
    assert four.interactions["order"].unique().tolist() == ["both"]
    assert four.fractions["arm"].tolist() == list(ARMS[:4])
    assert four.missing == ""
    assert [note for note in four.notes if ARMS[4] in note] == [
        f"The arm '{ARMS[4]}' is there in none of 4 experiments."
    ]


def test_a_sequence_in_some_experiments_is_used_where_it_is(table: pd.DataFrame) -> None:
    some = table[~((table["arm"] == ARMS[5]) & (table["experiment"] == "E2"))]
    found = dosing_orders(some)
    assert found.n == 4
    assert row(found, ARMS[5], BEYOND)["n"] == 3
    assert found.orders["n"].tolist() == [4, 3]
    assert found.notes == (f"The arm '{ARMS[5]}' is there in 3 of 4 experiments.",)


def test_an_experiment_that_lacks_an_arm_does_not_count(table: pd.DataFrame) -> None:
    found = dosing_orders(table[~((table["arm"] == "glycoside") & (table["experiment"] == "E2"))])
    assert found.left_out.to_numpy().tolist() == [["E2", "no arm 'glycoside'"]]
    assert found.n == 3
    assert found.missing == ""
    same(found, dosing_orders(table[table["experiment"] != "E2"]))


def test_where_no_cell_is_left_half_a_cell_is_added_to_every_mean_and_told() -> None:
    table = exact()
    gone = (table["arm"] == "both") & (table["cells"] == "ancestral") & (table["experiment"] == "E1")
    table.loc[gone, "viable"] = 0
    found = dosing_orders(table)
    assert "half a cell is added to every mean" in found.notes[0]
    first = found.per_experiment.set_index(["experiment", "arm"]).loc["E1"]
    assert first["tolerant_cells"].tolist() == [1000.5, 500.5, 200.5, 0.5, 50.5, 100.5]
    assert first.loc["both", "tolerant"] == pytest.approx(np.log(0.5 * 1000.5 / 500.5 / 200.5))
    assert np.isfinite(found.interactions["estimate"]).all()


def test_few_experiments_are_described_and_the_claim_is_not_testable(table: pd.DataFrame) -> None:
    two = dosing_orders(table[table["experiment"].isin(["E1", "E2"])])
    assert two.missing == "three experiments with all four arms: there are 2"
    assert two.interval is not None
    one = dosing_orders(table[table["experiment"] == "E1"])
    assert one.missing == "three experiments with all four arms: there is 1"
    assert one.interval is None
    assert one.n == 1
    assert np.isfinite(one.interactions["estimate"]).all()
    assert one.interactions["lower"].isna().all()
    assert one.orders[["p", "p_adjusted"]].isna().all(axis=None)
    none = dosing_orders(table.drop(columns=["experiment", "replicate"]))
    assert none.missing.startswith("no column 'experiment'")
    assert none.interval is None


def test_experiments_that_do_not_differ_have_no_p() -> None:
    found = dosing_orders(pd.concat([exact(1).assign(experiment=name) for name in "ABC"]))
    assert found.orders["p"].isna().all()
    assert found.orders["p_adjusted"].isna().all()
    assert found.interval is not None
    assert found.interval == pytest.approx((np.log(0.25),) * 3)


def test_further_kinds_of_cells_are_left_out_and_told(table: pd.DataFrame) -> None:
    more = pd.concat([table, table[table["cells"] == "other"].assign(cells="fibroblast")])
    found = dosing_orders(more)
    assert found.notes == ("Cells 'fibroblast' are left out.",)
    same(found, dosing_orders(table))


@pytest.mark.parametrize(
    ("change", "told"),
    [
        (lambda t: t.drop(columns="arm"), "no column 'arm'"),
        (lambda t: t.drop(columns="viable"), "no column 'viable'"),
        (lambda t: t.assign(cells="other"), "no cells 'ancestral'"),
        (lambda t: t.assign(arm=t["arm"].replace("both", "bothe")), "no arm 'bothe'.*both"),
        (lambda t: t[t["arm"] != "glycoside"], "no dishes of the arm 'glycoside'"),
        (lambda t: t.assign(viable=-t["viable"]), "whole numbers, 0 or more"),
        (lambda t: t.assign(viable=t["viable"] + 0.5), "whole numbers, 0 or more"),
        (lambda t: t.assign(viable=t["viable"].where(t["arm"] != "both")), "whole numbers, 0 or more"),
        (lambda t: t.assign(viable="many"), "whole numbers, 0 or more"),
        (lambda t: pd.concat([t, t.head(1)]), "is given twice for ancestral cells"),
        (lambda t: t.iloc[1:], "give both for every dish"),
        (
            lambda t: t[(t["arm"] == "both") == (t["experiment"] == "E1")],
            "No experiment has all four arms",
        ),
    ],
)
def test_bad_input_is_told_in_one_sentence(table: pd.DataFrame, change, told: str) -> None:  # type: ignore[no-untyped-def]
    with pytest.raises(InputError, match=told) as caught:
        dosing_orders(change(table))
    assert "\n" not in str(caught.value)


def test_two_kinds_and_a_confidence_are_needed(table: pd.DataFrame) -> None:
    with pytest.raises(InputError, match="two kinds"):
        dosing_orders(table, other="ancestral")
    with pytest.raises(InputError, match="confidence"):
        dosing_orders(table, confidence=1)

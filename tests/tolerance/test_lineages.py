"""Shared clones against brute force, and what the twin planted: selected, adapted, or nothing."""

from itertools import combinations, product

import numpy as np
import pandas as pd
import pytest
from scipy.stats import binom

from fxyd3.data.simulate import lineage_barcodes
from fxyd3.errors import InputError
from fxyd3.tolerance import lineage_table, selection_coefficient, shared_barcodes
from fxyd3.tolerance._lineages import _barcodes, _cells_with, _overlap, _sharing

DRAWS = 40


def draw_arms(
    seed: int, *, times: float = 1, experiments: int = 4, clones: int = 300, founders: int = 0, even: bool = False
) -> pd.DataFrame:
    """Two arms of each experiment; a fifth of the clones survives so many times better than the others.

    With ``founders``, only so many cells survive in an arm, and grow unequally, before they are read.
    """
    rng = np.random.default_rng(seed)
    rows = []
    for e in range(experiments):
        size = np.full(clones, 1 / clones) if even else rng.dirichlet(np.ones(clones))
        left = size * np.where(rng.permutation(clones) < clones / 5, times, 1)
        for arm in ("A1", "A2"):
            grown = rng.multinomial(founders, left / left.sum()) * rng.lognormal(size=clones) if founders else left
            for condition, share, cells in (("before", size, 500), ("after", grown / grown.sum(), 200)):
                for clone, n in enumerate(rng.multinomial(cells, share)):
                    if n:
                        rows.append((f"E{e}", arm, condition, f"B{clone}", n))
    return pd.DataFrame(rows, columns=["experiment", "arm", "condition", "barcode", "cells"])


def draws(counts: list[int], size: int) -> list[set[tuple[int, int]]]:
    """All ways to draw so many cells; a cell is its clone and its number."""
    cells = [(clone, i) for clone, n in enumerate(counts) for i in range(n)]
    return [set(draw) for draw in combinations(cells, size)]


def mean_overlap(pairs: list[tuple[set[tuple[int, int]], set[tuple[int, int]]]]) -> tuple[float, float]:
    clones = [({clone for clone, _ in one}, {clone for clone, _ in other}) for one, other in pairs]
    shared, either = (float(np.mean([len(f(*pair)) for pair in clones])) for f in (set.__and__, set.__or__))
    return shared, shared / either


@pytest.mark.parametrize("sizes", [(2, 2), (3, 1)])
def test_the_expected_overlap_is_the_mean_over_all_draws(sizes: tuple[int, int]) -> None:
    arms = [[2, 1, 0, 1], [1, 1, 1, 0]]
    pairs = list(product(*map(draws, arms, sizes)))
    assert _overlap(np.array(arms), np.array(sizes)) == pytest.approx(mean_overlap(pairs))


@pytest.mark.parametrize("sizes", [(2, 2), (3, 1)])
def test_one_common_sample_before_is_divided_into_two_parts(sizes: tuple[int, int]) -> None:
    counts = [3, 2, 1]
    pairs = [pair for pair in product(*(draws(counts, size) for size in sizes)) if not pair[0] & pair[1]]
    assert _overlap(np.array([counts]), np.array(sizes)) == pytest.approx(mean_overlap(pairs))


def test_so_many_cells_hold_so_many_barcodes() -> None:
    samples = np.array([[9, 5, 3, 1, 1, 1], [4, 4, 4, 4, 2, 2]])
    for size in (1, 3, 7.5, 20):
        assert _cells_with(_barcodes(samples, size), samples, 20) == pytest.approx(size)
    assert _barcodes(samples, 20) == 6
    assert _cells_with(7, samples, 20) == 20, "no more than there are"


def test_samples_alike_before_and_after_share_alike() -> None:
    arms = np.random.default_rng(1).multinomial(80, np.full(60, 1 / 60), size=3)
    size, overlap, chance = _sharing(arms, arms)
    assert size == 80
    assert chance == pytest.approx(overlap, rel=0.02), "but for one more barcode in one arm than in another"


@pytest.mark.parametrize("founders", [0, 60])
def test_arms_share_as_chance_gives_where_nothing_was_chosen_and_more_where_it_was(founders: int) -> None:
    held, above = 0, 0
    for seed in range(20):
        neutral = shared_barcodes(draw_arms(seed, founders=founders)).interval
        held += int(neutral.lower <= 0 <= neutral.upper)
        above += int(shared_barcodes(draw_arms(seed, times=100, founders=founders)).interval.lower > 0)
    assert held >= binom.ppf(0.005, 20, 0.95)
    assert above >= 18


def test_selection_that_leaves_few_clones_is_no_lack_of_sharing() -> None:
    found = shared_barcodes(draw_arms(1, times=20, clones=60, even=True, experiments=40))
    assert found.interval.lower > 0
    same_cells = _overlap(np.full((2, 60), 10), np.array([200, 200]))[1]
    assert found.per_experiment["overlap"].max() < same_cells, "in as many cells, arms seem to share too little"


@pytest.fixture(scope="module")
def twins() -> list[tuple[pd.DataFrame, dict[str, float]]]:
    drawn = [lineage_barcodes(seed=500 + seed) for seed in range(DRAWS)]
    per_bit = 1 / np.log(2)
    return [
        (assay.table, {"cells": assay.truth["log2_survival_ratio"], "inherited": assay.truth["selection"],
                       "clones": assay.truth["log_clone_survival_ratio"] * per_bit})
        for assay in drawn
    ]  # fmt: skip


def test_intervals_hold_what_the_twin_planted(twins: list[tuple[pd.DataFrame, dict[str, float]]]) -> None:
    held = dict.fromkeys(("cells", "clones", "inherited"), 0)
    for table, truth in twins:
        found = selection_coefficient(table, founder="truth_founder").table
        for name in held:
            held[name] += int(found.loc[name, "lower"] <= truth[name] <= found.loc[name, "upper"])
    assert min(held.values()) >= binom.ppf(0.005, DRAWS, 0.95), held


def test_clones_named_by_their_cells_show_less_than_those_named_by_their_founder(
    twins: list[tuple[pd.DataFrame, dict[str, float]]],
) -> None:
    by_cells = [selection_coefficient(table).table.loc["clones", "estimate"] for table, _ in twins[:10]]
    assert 0.3 < np.mean(by_cells) < np.mean([truth["clones"] for _, truth in twins[:10]])


@pytest.mark.parametrize("selection", [0.0, 1.0])
def test_states_drawn_anew_and_states_kept_lie_at_the_ends(selection: float) -> None:
    found = selection_coefficient(lineage_barcodes(seed=7, selection=selection).table).table.loc["inherited"]
    assert found["estimate"] == pytest.approx(selection, abs=0.15)
    assert found["lower"] <= selection + 0.01


def test_where_nothing_was_planted_cells_survive_alike_as_often_as_promised() -> None:
    held = 0
    for seed in range(DRAWS):
        found = selection_coefficient(lineage_barcodes(seed=900 + seed, null=True).table).table.loc["cells"]
        held += int(found["lower"] <= 0 <= found["upper"])
    assert held >= binom.ppf(0.005, DRAWS, 0.95)


def test_the_variance_of_clones_is_none_without_selection_and_some_with_it() -> None:
    def variance(**given: float) -> np.ndarray:
        drawn = [lineage_barcodes(seed=seed, **given).table for seed in range(8)]
        return np.array([selection_coefficient(table, state="").table.loc["variance", "estimate"] for table in drawn])

    none, some = variance(selection=0.0), variance(selection=1.0)
    assert abs(none.mean()) < 3 * none.std(ddof=1) / np.sqrt(len(none))
    assert some.min() > none.max()


def test_clones_are_named_in_one_arm_and_counted_in_another_or_not_at_all() -> None:
    table = lineage_barcodes(seed=1).table
    common = table[(table["condition"] == "after") | (table["arm"] == "A1")]
    assert np.isnan(selection_coefficient(common).table.loc["clones", "estimate"])
    by_founder = selection_coefficient(common, founder="truth_founder").table.loc["clones"]
    assert by_founder["lower"] > 0, "the founder needs no second sample before"
    assert np.isfinite(selection_coefficient(common).table.loc["inherited", "estimate"])


def test_neither_order_nor_names_nor_split_rows_matter() -> None:
    table = lineage_barcodes(seed=3).table
    halves = [table.assign(cells=table["cells"] // 2), table.assign(cells=table["cells"] - table["cells"] // 2)]
    other = pd.concat(halves).sample(frac=1, random_state=2).assign(barcode=lambda t: "x" + t["barcode"])
    pd.testing.assert_frame_equal(selection_coefficient(other).table, selection_coefficient(table).table)
    pd.testing.assert_frame_equal(shared_barcodes(other).table, shared_barcodes(table).table)


def test_cells_become_a_table_and_those_without_a_barcode_are_counted() -> None:
    obs = pd.DataFrame(
        {"barcode": ["a", "a", "b", None, ""], "condition": ["before", "before", "after", "after", "before"],
         "patient": "P1", "state": ["ancestral", "other", "ancestral", "other", "other"]}
    )  # fmt: skip
    found = lineage_table(obs, barcode="barcode", condition="condition", experiment="patient", state="state")
    assert found.table["cells"].sum() == 3
    assert set(found.table["arm"]) == {"all"}
    samples = found.samples.set_index("condition")
    assert samples["captured"].to_dict() == {"before": 3, "after": 2}
    assert samples["cells"].to_dict() == {"before": 2, "after": 1}
    assert found.summary().set_index("condition").loc["after", "percent"] == 50
    with pytest.raises(InputError, match="Column 'condition' is empty in 1 rows"):
        lineage_table(obs.assign(condition=["before"] * 3 + [None, "after"]), barcode="barcode", condition="condition",
                      experiment="patient")  # fmt: skip


@pytest.mark.parametrize(
    ("spoil", "given", "told"),
    [
        (lambda t: t[t["experiment"] < "E3"], {}, "there are 2"),
        (lambda t: t[t["condition"] == "after"], {}, "no 'before' in column 'condition'"),
        (lambda t: t, {"ancestral": "ancestrel"}, "no 'ancestrel' in column 'state'.*mean 'ancestral'"),
        (lambda t: t[t["state"] == "ancestral"], {}, "all are 'ancestral'"),
        (lambda t: t, {"state": ""}, "the state of each cell"),
    ],
)
def test_what_is_missing_is_told(spoil, given, told) -> None:  # type: ignore[no-untyped-def]
    found = selection_coefficient(spoil(lineage_barcodes(seed=4).table), **given)
    assert pd.Series([found.missing]).str.contains(told).all(), found.missing


@pytest.mark.parametrize(
    ("spoil", "given", "told"),
    [
        (lambda t: t.drop(columns="state"), {}, "no column 'state'"),
        (lambda t: t.assign(cells=-2), {}, "holds -2 in row 1"),
        (lambda t: t, {"founder": "state"}, "has two founders in column 'state'"),
    ],
)
def test_bad_input_in_one_sentence(spoil, given, told) -> None:  # type: ignore[no-untyped-def]
    with pytest.raises(InputError, match=told) as caught:
        selection_coefficient(spoil(lineage_barcodes(seed=4).table), **given)
    assert "\n" not in str(caught.value)

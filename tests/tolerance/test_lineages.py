"""Shared clones against brute force, and what the twin planted: selected, adapted, or nothing."""

from itertools import combinations

import numpy as np
import pandas as pd
import pytest
from scipy.stats import binom

from fxyd3.data.simulate import lineage_barcodes
from fxyd3.errors import InputError
from fxyd3.tolerance import lineage_table, selection_coefficient, shared_barcodes
from fxyd3.tolerance._lineages import _overlap

DRAWS = 40


def draw_arms(seed: int, *, chosen: float | None, experiments: int = 4, clones: int = 300) -> pd.DataFrame:
    """Two arms of each experiment; after treatment survivors come from all clones, or from a share of them."""
    rng = np.random.default_rng(seed)
    rows = []
    for e in range(experiments):
        size = rng.dirichlet(np.ones(clones))
        kept = np.ones(clones) if chosen is None else rng.permutation(np.arange(clones) < chosen * clones)
        for arm in ("A1", "A2"):
            for condition, share, cells in (("before", size, 500), ("after", size * kept / (size @ kept), 200)):
                for clone, n in enumerate(rng.multinomial(cells, share)):
                    if n:
                        rows.append((f"E{e}", arm, condition, f"B{clone}", n))
    return pd.DataFrame(rows, columns=["experiment", "arm", "condition", "barcode", "cells"])


def test_the_expected_overlap_is_the_mean_over_all_draws() -> None:
    arms, size = np.array([[2, 1, 0, 1], [1, 1, 1, 0]]), 2
    draws = [
        [set(draw) for draw in combinations([(clone, i) for clone, n in enumerate(arm) for i in range(n)], size)]
        for arm in arms
    ]
    pairs = [({c for c, _ in one}, {c for c, _ in other}) for one in draws[0] for other in draws[1]]
    shared, either = (np.mean([len(f(a, b)) for a, b in pairs]) for f in (set.__and__, set.__or__))
    assert _overlap(arms, size) == pytest.approx((shared, shared / either))


def test_one_common_sample_before_is_divided_into_two_parts() -> None:
    counts, size = np.array([[3, 2, 1]]), 2
    cells = [(clone, i) for clone, n in enumerate(counts[0]) for i in range(n)]
    pairs = []
    for one in combinations(cells, size):
        rest = [cell for cell in cells if cell not in one]
        pairs += [({c for c, _ in one}, {c for c, _ in other}) for other in combinations(rest, size)]
    shared, either = (np.mean([len(f(a, b)) for a, b in pairs]) for f in (set.__and__, set.__or__))
    assert _overlap(counts, size) == pytest.approx((shared, shared / either))


def test_arms_share_as_chance_gives_where_nothing_was_chosen_and_more_where_it_was() -> None:
    held, above = 0, 0
    for seed in range(20):
        neutral = shared_barcodes(draw_arms(seed, chosen=None)).interval
        held += int(neutral.lower <= 0 <= neutral.upper)
        above += int(shared_barcodes(draw_arms(seed, chosen=0.2)).interval.lower > 0)
    assert held >= binom.ppf(0.005, 20, 0.95)
    assert above == 20


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

"""Clonal diversity: closed forms, brute force over all draws, and populations that lost clones or did not."""

from itertools import combinations, permutations

import numpy as np
import pandas as pd
import pytest
from scipy.stats import binom

from fxyd3.errors import InputError
from fxyd3.tolerance import hill_numbers, lineage_diversity, sample_coverage

TOY = [3, 2, 1]


def cells_of(counts: list[int]) -> list[int]:
    return [clone for clone, n in enumerate(counts) for _ in range(n)]


def read(counts: np.ndarray, condition: str, experiment: str = "E1", arm: str = "A1") -> pd.DataFrame:
    barcodes = [f"B{i:03}" for i in range(len(counts))]
    table = pd.DataFrame({"barcode": barcodes, "cells": counts, "condition": condition})
    return table[table["cells"] > 0].assign(experiment=experiment, arm=arm)


def experiments(seed: int, *, kept: float = 1.0, clones: int = 200, n: int = 4) -> pd.DataFrame:
    """Samples of 1,500 cells before and 300 after, of equal clones; a share of the clones is left."""
    rng = np.random.default_rng(seed)
    tables = []
    for i in range(n):
        before = np.full(clones, 1 / clones)
        after = np.where(np.arange(clones) < kept * clones, before, 0)
        for condition, share, cells in (("before", before, 1500), ("after", after / after.sum(), 300)):
            tables.append(read(rng.multinomial(cells, share), condition, f"E{i}"))
    return pd.concat(tables, ignore_index=True)


def test_equal_clones_count_as_many_as_there_are_whatever_the_order() -> None:
    assert hill_numbers([7] * 12, orders=(0, 0.5, 1, 2, 5)) == pytest.approx([12] * 5)


def test_hill_numbers_of_unequal_clones_by_hand() -> None:
    found = hill_numbers([8, 4, 2, 1, 1, 0])
    entropy_bits = (8 * 1 + 4 * 2 + 2 * 3 + 2 * 4) / 16
    assert found == pytest.approx([5, 2**entropy_bits, 256 / (64 + 16 + 4 + 1 + 1)])


def test_order_one_is_the_limit_of_its_neighbours_and_higher_orders_count_fewer() -> None:
    counts = [50, 30, 5, 5, 2, 1]
    below, at, above = hill_numbers(counts, orders=(1 - 1e-6, 1, 1 + 1e-6))
    assert (below + above) / 2 == pytest.approx(at, rel=1e-9)
    assert hill_numbers(counts, orders=(1 - 1e-12, 1 + 1e-15)) == pytest.approx(at, rel=1e-9), "no rounding near 1"
    assert (np.diff(hill_numbers(counts, orders=(0, 0.5, 1, 2, 3, 10))) < 0).all()


@pytest.mark.parametrize("m", [1, 2, 3, 5])
def test_rarefaction_is_the_mean_over_all_draws(m: int) -> None:
    draws = [np.bincount(draw, minlength=3) for draw in combinations(cells_of(TOY), m)]
    clones, order_one, order_two = hill_numbers(TOY, cells=m)
    assert clones == pytest.approx(np.mean([(draw > 0).sum() for draw in draws]))
    frequency = np.mean([[(draw == k).sum() for k in range(1, m + 1)] for draw in draws], axis=0)
    share = np.arange(1, m + 1) / m
    assert order_one == pytest.approx(np.exp(-(frequency * share) @ np.log(share)))
    assert order_two == pytest.approx(1 / (frequency @ share**2))


def test_coverage_by_hand_and_as_the_chance_that_a_further_cell_is_of_a_known_clone() -> None:
    assert sample_coverage([5, 2, 1, 1, 1]) == pytest.approx(1 - 3 / 10 * (9 * 3) / (9 * 3 + 2 * 1))
    assert sample_coverage([4, 1, 1]) == pytest.approx(1 - 2 / 6 * (5 * 1) / (5 * 1 + 2)), "no clone of two cells"
    assert sample_coverage([4, 4]) == 1
    orders = list(permutations(cells_of(TOY)))
    for m in (1, 2, 4):
        known = np.mean([order[m] in order[:m] for order in orders])
        assert sample_coverage(TOY, cells=m) == pytest.approx(known)


def test_fewer_cells_alone_are_no_loss_and_lost_clones_are() -> None:
    neutral, planted, raw = 0, 0, []
    for seed in range(20):
        found = lineage_diversity(experiments(seed), resamples=2).table.set_index("order")
        neutral += int(found.loc[0, "lower"] <= 0 <= found.loc[0, "upper"])
        raw.append(found.loc[0, "observed"])
        halved = lineage_diversity(experiments(seed, kept=0.5), resamples=2).table.set_index("order")
        planted += int(halved.loc[0, "lower"] <= -1 <= halved.loc[0, "upper"])
    assert min(neutral, planted) >= binom.ppf(0.005, 20, 0.95)
    assert np.mean(raw) < -0.3, "as read, clones seem lost"


def test_neither_order_nor_names_nor_split_rows_matter() -> None:
    table = experiments(1)
    found = lineage_diversity(table, resamples=5)
    halves = [table.assign(cells=table["cells"] // 2), table.assign(cells=table["cells"] - table["cells"] // 2)]
    other = pd.concat(halves).sample(frac=1, random_state=1).assign(barcode=lambda t: "clone " + t["barcode"])
    pd.testing.assert_frame_equal(lineage_diversity(other, resamples=5).table, found.table)


def test_samples_are_compared_at_one_level() -> None:
    table = experiments(2)
    by_size = lineage_diversity(table, level="size", resamples=5)
    assert by_size.common == 300
    assert set(by_size.samples["at"]) == {300}
    by_cover = lineage_diversity(table, resamples=5)
    assert by_cover.common == pytest.approx(by_cover.samples["coverage"].min())
    assert (by_cover.samples["at"] <= by_cover.samples["cells"]).all()
    after = by_size.samples[by_size.samples["condition"] == "after"]
    assert after["standardised"].to_numpy() == pytest.approx(after["observed"].to_numpy()), "the smallest stay whole"
    inside = by_size.samples["lower"].le(by_size.samples["standardised"]) & by_size.samples["upper"].ge(
        by_size.samples["standardised"]
    )
    assert inside.all()


@pytest.mark.parametrize(
    ("spoil", "told", "n"),
    [
        (lambda t: t[t["experiment"] < "E2"], "three experiments .*: there are 2", 2),
        (lambda t: t[t["condition"] == "before"], "no 'after' in column 'condition'.*there are before", 0),
        (lambda t: t.replace({"condition": {"after": "later"}}), "no 'after' in column 'condition'.*later", 0),
        (
            lambda t: t[(t["condition"] == "before") | (t["cells"] > 4)].groupby("experiment").head(30),
            "there are",
            None,
        ),
    ],
)
def test_what_is_missing_is_told(spoil, told, n) -> None:  # type: ignore[no-untyped-def]
    found = lineage_diversity(spoil(experiments(3)), resamples=2)
    assert pd.Series([found.missing]).str.contains(told).all(), found.missing
    assert n is None or found.n == n
    assert len(found.samples)


@pytest.mark.parametrize(
    ("spoil", "given", "told"),
    [
        (lambda t: t.drop(columns="arm"), {}, "no column 'arm'"),
        (lambda t: t.assign(cells=-1), {}, "holds -1 in row 1"),
        (lambda t: t.assign(cells=0.5), {}, "holds 0.5 in row 1"),
        (lambda t: t.assign(barcode=[""] * 3 + list(t["barcode"][3:]), cells=-1), {}, "holds -1 in row 4"),
        (lambda t: t.assign(cells=0), {}, "is 0 in every row"),
        (lambda t: t.assign(barcode=""), {}, "No cell has a barcode"),
        (lambda t: t.assign(arm=None), {}, "Column 'arm' is empty"),
        (lambda t: t, {"level": "depth"}, "The level is 'depth'"),
        (lambda t: t, {"orders": (-1,)}, "none below 0"),
        (lambda t: t, {"confidence": 1.0}, "The confidence is 1.0"),
        (lambda t: t, {"before": "after"}, "are both 'after'"),
        (lambda t: t, {"resamples": 1}, "1 resamples with seed 1"),
    ],
)
def test_bad_input_in_one_sentence(spoil, given, told) -> None:  # type: ignore[no-untyped-def]
    with pytest.raises(InputError, match=told) as caught:
        lineage_diversity(spoil(experiments(4)), **given)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize(
    ("counts", "given", "told"),
    [
        ([3, -1], {}, "hold -1"),
        ([3, 0.5], {}, "hold 0.5"),
        ([3, np.nan], {}, "hold nan"),
        ([0, 0], {}, "No clone has a cell"),
        ([], {}, "No clone has a cell"),
        ([3, 2], {"cells": 0}, "to draw is 0"),
    ],
)
def test_bad_counts_in_one_sentence(counts, given, told) -> None:  # type: ignore[no-untyped-def]
    for asked in (hill_numbers, sample_coverage):
        with pytest.raises(InputError, match=told):
            asked(counts, **given)


@pytest.mark.parametrize("orders", [[], [-1], [np.inf], [np.nan]])
def test_orders_are_numbers_from_zero(orders: list[float]) -> None:
    with pytest.raises(InputError, match="The orders are"):
        hill_numbers([3, 2], orders=orders)

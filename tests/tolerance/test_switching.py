"""Switching from two arms: coverage of what the twin plants, and nothing where it plants nothing."""

import pandas as pd
import pytest
from scipy.stats import binom

from fxyd3.data.simulate import time_kill
from fxyd3.errors import InputError
from fxyd3.tolerance._switching import RATES, fit_switching

DRAWS = 200


def test_intervals_hold_what_the_twin_planted() -> None:
    held = dict.fromkeys([*RATES, "share", "kill_ratio"], 0)
    for seed in range(DRAWS):
        assay = time_kill(seed=1000 + seed)
        table, truth = fit_switching(assay.table).table, dict(assay.truth["rates_per_hour"])
        truth["share"] = assay.truth["tolerant_share"]
        truth["kill_ratio"] = truth["kill_sensitive"] / truth["kill_tolerant"]
        for name in held:
            held[name] += int(table.loc[name, "lower"] <= truth[name] <= table.loc[name, "upper"])
    low, high = binom.ppf([0.005, 0.995], DRAWS, 0.95)
    assert all(low <= n <= high for n in held.values()), held


def test_where_all_cells_die_alike_the_ratio_is_one_as_often_as_promised() -> None:
    inside = 0
    for seed in range(60):
        found = fit_switching(time_kill(seed=seed, null=True).table).log2_kill_ratio
        assert found is not None
        inside += found.lower <= 0 <= found.upper
    assert inside >= binom.ppf(0.005, 60, 0.95)


def test_neither_order_nor_names_matter_and_the_numbers_are_per_hour() -> None:
    table = time_kill(seed=2).table
    found = fit_switching(table)
    renamed = table.assign(experiment=table["experiment"].map("day of {}".format)).sample(frac=1, random_state=1)
    pd.testing.assert_frame_equal(fit_switching(renamed).table, found.table, rtol=1e-4)
    slower = fit_switching(table.assign(hours=2 * table["hours"])).table
    assert slower.loc["reversion", "estimate"] == pytest.approx(found.table.loc["reversion", "estimate"] / 2, rel=1e-3)
    half_life = found.summary().loc["kill_tolerant", "half_life_hours"]
    assert half_life == pytest.approx(0.6931 / found.table.loc["kill_tolerant", "estimate"], rel=1e-3)


@pytest.mark.parametrize(
    ("spoil", "told", "n"),
    [
        (lambda t: t[t["drug"] == "on"], "an arm of tolerant-sorted cells with the drug off", 0),
        (lambda t: t.drop(columns="counted"), "a column 'counted'", 0),
        (lambda t: t[t["experiment"].isin(["E1", "E2"])], "three experiments with both arms: there are 2", 2),
        (lambda t: t[t["experiment"] == "E1"], "three experiments with both arms: there is 1", 1),
        (lambda t: t[t["experiment"] == "E1"].drop(columns="experiment"), "there is 1", 1),
    ],
)
def test_what_is_missing_is_told_and_what_can_be_had_is_given(spoil, told, n) -> None:  # type: ignore[no-untyped-def]
    found = fit_switching(spoil(time_kill(seed=3).table))
    assert told in found.missing
    assert found.n == n
    assert len(found.per_experiment) == n
    assert (found.log2_kill_ratio is None) == (n < 2)


def test_bad_input_in_one_sentence() -> None:
    table = time_kill(seed=3).table
    with pytest.raises(InputError, match=r"no column 'viable', did you mean|no column 'viable'"):
        fit_switching(table.rename(columns={"viable": "viabel"}))
    with pytest.raises(InputError, match="The confidence is 0"):
        fit_switching(table, confidence=0)

"""Kill curves over experiments: they keep what each curve says, and take the experiments for the replicates."""

import numpy as np
import pandas as pd
import pytest
from scipy.stats import binom

from fxyd3.data.simulate import time_kill
from fxyd3.errors import InputError
from fxyd3.tolerance import fit_kill, kill_curves


def test_each_curve_is_that_of_its_experiment_and_the_mean_lies_between_them() -> None:
    table = time_kill(seed=2).table
    found = kill_curves(table)
    assert found.n == len(found.per_experiment) == table["experiment"].nunique()
    assert found.missing == ""
    own = table[(table["experiment"] == "E2") & (table["drug"] == "on")]
    alone = fit_kill(own["hours"], own["viable"])
    row = found.per_experiment.set_index("experiment").loc["E2"]
    assert row["share"] == alone.table.loc["share", "estimate"]
    assert row["counts"] == len(own)
    assert found.fits["E2"]["biphasic"].mdk(0.99)["hours"] == alone.mdk(0.99)["hours"]
    for name in ("share", "mdk99"):
        values, over = found.per_experiment[name], found.table.loc[name]
        assert values.min() < over["estimate"] < values.max()
        assert over["lower"] < over["estimate"] < over["upper"]
    assert found.table.loc["mdk99", "estimate"] == pytest.approx(np.exp(np.log(found.per_experiment["mdk99"]).mean()))


def test_the_interval_holds_the_duration_that_was_planted() -> None:
    held = 0
    for seed in range(40):
        assay = time_kill(seed=3000 + seed)
        over = kill_curves(assay.table).table.loc["mdk99"]
        held += int(over["lower"] <= assay.truth["mdk99_hours"] <= over["upper"])
    low, high = binom.ppf([0.005, 0.995], 40, 0.95)
    assert low <= held <= high, held


def test_rows_in_another_order_and_experiments_renamed_change_nothing() -> None:
    table = time_kill(seed=4).table
    renamed = table.sample(frac=1, random_state=1).assign(experiment=lambda t: "day " + t["experiment"])
    pd.testing.assert_frame_equal(kill_curves(renamed).table, kill_curves(table).table, rtol=1e-3)


def test_what_cannot_be_fitted_is_left_out_and_named() -> None:
    table = time_kill(seed=5).table
    grows = (table["experiment"] == "E1") & (table["drug"] == "on")
    spoilt = table.assign(
        viable=table["viable"].where(~grows, (100 * np.exp(table["hours"] / 100)).round().astype(int))
    )
    found = kill_curves(spoilt)
    assert "The cells grow" in found.left_out.set_index("experiment").loc["E1", "why"]
    assert found.n == table["experiment"].nunique() - 1
    one = kill_curves(table[table["experiment"] == "E1"])
    assert "there is 1" in one.missing
    assert np.isnan(one.table.loc["mdk99", "lower"])
    unnamed = kill_curves(table[table["experiment"] == "E1"].drop(columns="experiment"))
    assert list(unnamed.per_experiment["experiment"]) == ["all rows"]
    assert "an arm of unsorted cells with the drug on" in kill_curves(table[table["drug"] == "off"]).missing


def test_settings_out_of_range_are_refused() -> None:
    table = time_kill(seed=5).table
    with pytest.raises(InputError, match="detection limit is 0"):
        kill_curves(table, limit=0)
    with pytest.raises(InputError, match="confidence is 2"):
        kill_curves(table, confidence=2)

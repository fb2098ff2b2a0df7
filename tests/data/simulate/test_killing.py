"""Simulated time-kill curves against closed forms and their own truth."""

from __future__ import annotations

import json
import math

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.linalg import expm

from fxyd3.data.simulate.design import ancestral_share
from fxyd3.data.simulate.dials import DIALS
from fxyd3.data.simulate.killing import MARKED, SEEDED, rate_matrix, time_kill, two_states
from fxyd3.errors import InputError

RATE = st.floats(0, 0.2)


@pytest.fixture(scope="module")
def many() -> tuple[pd.DataFrame, dict]:
    assay = time_kill(experiments=400)
    return assay.table, assay.truth


@given(RATE, RATE, st.floats(-0.2, 0.1), st.floats(-0.2, 0.1), st.floats(0, 1))
def test_the_closed_form_is_the_matrix_exponential(a: float, b: float, s: float, t: float, share: float) -> None:
    rates = rate_matrix(induction=a, reversion=b, sensitive=s, tolerant=t)
    hours = np.array([0.0, 1.0, 30.0, 100.0])
    expected = expm(rates * hours[:, None, None]) @ [1 - share, share]
    assert np.allclose(two_states(hours, [1 - share, share], rates), expected, rtol=1e-9, atol=1e-12)


def test_many_experiments_at_once_are_each_one_alone() -> None:
    a = np.array([0.001, 0.02, 0.0])
    rates = rate_matrix(induction=a, reversion=0.01, sensitive=-0.05, tolerant=[-0.01, 0.0, -0.05])
    first = np.array([[9, 1], [5, 5], [1, 0]])
    together = two_states([0, 10, 50], first, rates)
    assert together.shape == (3, 3, 2)
    for each, one, matrix in zip(together, first, rates, strict=True):
        assert np.allclose(each, two_states([0, 10, 50], one, matrix))


def test_switching_moves_cells_and_makes_none() -> None:
    rates = rate_matrix(induction=0.03, reversion=0.01, sensitive=0.0, tolerant=0.0)
    assert np.allclose(two_states([0, 5, 500], [70, 30], rates).sum(axis=1), 100)
    assert two_states([1e4], [70, 30], rates)[0] == pytest.approx([25, 75])


def test_has_two_arms_and_reads_the_marker_only_where_the_drug_cannot_change_it() -> None:
    assay = time_kill(experiments=2, hours=(48, 12, 96, 24))
    table = assay.table
    assert list(table) == ["experiment", "cells", "drug", "hours", "viable", "counted", "tolerant_counted"]
    assert list(table["hours"].unique()) == [0, 12, 24, 48, 96]
    assert (table.groupby(["experiment", "cells", "drug"]).size() == 5).all()
    read = (table["drug"] == "off") | (table["hours"] == 0)
    assert (table["counted"] == np.where(read, MARKED, 0)).all()
    assert (table["tolerant_counted"] <= table["counted"]).all()
    json.dumps(assay.truth, allow_nan=False)


def test_same_seed_same_table_other_seed_other_table() -> None:
    pd.testing.assert_frame_equal(time_kill(seed=5).table, time_kill(seed=5).table)
    assert not time_kill(seed=5).table.equals(time_kill(seed=6).table)
    assert time_kill(seed=5).truth == time_kill(seed=6).truth


def test_counts_follow_the_planted_curves(many: tuple[pd.DataFrame, dict]) -> None:
    table, truth = many
    rates = truth["rates_per_hour"]
    matrix = rate_matrix(induction=rates["induction"], reversion=rates["reversion"],
                         sensitive=-rates["kill_sensitive"], tolerant=-rates["kill_tolerant"])  # fmt: skip
    on = table[table["drug"] == "on"].groupby("hours")["viable"]
    early = on.median().index.to_numpy() <= 48  # later, experiments spread over a curve, and its mean is not its middle
    share = truth["tolerant_share"]
    expected = truth["sampled"] * SEEDED * two_states(on.median().index, [1 - share, share], matrix).sum(axis=1)
    spread = on.std().to_numpy() * 1.25 / math.sqrt(400)
    assert (np.abs(on.median() - expected)[early] < 4 * spread[early]).all()

    off = table[table["drug"] == "off"]
    marked = (off["tolerant_counted"] / off["counted"]).groupby(off["hours"])
    a, b = rates["induction"], rates["reversion"]
    balance = a / (a + b)
    assert balance == pytest.approx(truth["tolerant_share"])
    expected = balance + (truth["purity"] - balance) * np.exp(-(a + b) * marked.mean().index.to_numpy())
    assert (np.abs(marked.median() - expected) < 4 * 1.25 * marked.std() / math.sqrt(400)).all()
    doubled = (
        off[off["hours"] == 24].set_index("experiment")["viable"]
        / (off[off["hours"] == 0].set_index("experiment")["viable"])
    )
    assert np.log(doubled).mean() == pytest.approx(24 * rates["growth"], abs=4 * np.log(doubled).std() / 20)


def test_the_null_curve_is_a_single_exponential(many: tuple[pd.DataFrame, dict]) -> None:
    null = time_kill(null=True, experiments=400)
    rates = null.truth["rates_per_hour"]
    assert rates["kill_tolerant"] == rates["kill_sensitive"]
    assert null.truth["mdk99_hours"] == pytest.approx(math.log(100) / rates["kill_sensitive"])
    assert null.truth["half_life_hours"]["slow_phase"] == pytest.approx(math.log(2) / rates["kill_sensitive"])

    def bend(table: pd.DataFrame) -> tuple[float, float]:
        """Slope of the log curve early, less that late: mean over experiments and its standard error."""
        early = table[(table["drug"] == "on") & table["hours"].isin([0, 24, 48])]
        log = np.log(early.pivot_table(index="experiment", columns="hours", values="viable"))
        each = (log[48] - log[24]) / 24 - (log[24] - log[0]) / 24
        return float(each.mean()), float(each.sem())

    value, error = bend(null.table)
    assert abs(value) < 4 * error
    value, error = bend(many[0])
    assert value > 4 * error


def test_the_dial_turns_the_ratio_of_death_rates_only() -> None:
    full, half = (time_kill(effect={"C4": turn}).truth["rates_per_hour"] for turn in (1, 0.5))
    assert math.log(full["kill_sensitive"] / full["kill_tolerant"]) == pytest.approx(DIALS["C4"].default)
    assert math.log(half["kill_sensitive"] / half["kill_tolerant"]) == pytest.approx(DIALS["C4"].default / 2)
    assert {k: v for k, v in full.items() if k != "kill_tolerant"} == {
        k: v for k, v in half.items() if k != "kill_tolerant"
    }


def test_derived_truths_belong_to_the_curve() -> None:
    truth = time_kill(share=0.02, induction=0.0, reversion=0.0, hours=(24, 48, 72, 96)).truth
    slow, fast = truth["rates_per_hour"]["kill_tolerant"], truth["rates_per_hour"]["kill_sensitive"]

    def left(hours: float) -> float:
        return 0.98 * math.exp(-fast * hours) + 0.02 * math.exp(-slow * hours)

    assert left(truth["mdk99_hours"]) == pytest.approx(0.01)
    assert truth["tolerant_share_at_end"] == pytest.approx(0.02 * math.exp(-slow * 96) / left(96))
    assert truth["half_life_hours"]["slow_phase"] == pytest.approx(truth["half_life_hours"]["tolerant"])
    assert time_kill().truth["tolerant_share"] == ancestral_share()


def test_the_fastest_rates_allowed_still_make_a_table() -> None:
    assay = time_kill(null=True, kill=500 / 240, growth=20 / 240, reversion=10.0, induction=10.0)
    assert (assay.table.loc[(assay.table["drug"] == "on") & (assay.table["hours"] > 24), "viable"] == 0).all()
    json.dumps(assay.truth, allow_nan=False)


@pytest.mark.parametrize("turn", [0, 5])
def test_extreme_dials_still_have_a_time_to_kill(turn: float) -> None:
    truth = time_kill(effect={"C4": turn}).truth
    slowest = math.log(100) / truth["rates_per_hour"]["kill_tolerant"]
    assert 0 < truth["mdk99_hours"] <= slowest * (1 + 1e-9)


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        ({"kill": -0.1}, "kill rate per hour is -0.1; give a number above 0"),
        ({"kill": 0}, "above 0"),
        ({"kill": 1, "hours": (1, 2, 3, 1000)}, "kill rate per hour is 1; give a number above 0 to 0.5"),
        ({"reversion": -1}, "reversion rate per hour is -1"),
        ({"induction": -1}, "induction rate per hour is -1"),
        ({"growth": 1}, "growth rate per hour is 1"),
        ({"share": 0}, "tolerant share is 0"),
        ({"share": 1.5}, "tolerant share is 1.5"),
        ({"purity": 2}, "purity is 2"),
        ({"sampled": 0}, "sampled share of a well is 0"),
        ({"hours": (1, 2, 3)}, "at least 4, all different"),
        ({"hours": (1, 2, 3, 3)}, "all different"),
        ({"hours": (-1, 2, 3, 4)}, "hours is -1; give a number above 0"),
        ({"experiments": 0}, "number of experiments is 0"),
    ],
)
def test_impossible_curves_are_refused_in_one_sentence(arguments: dict[str, object], says: str) -> None:
    with pytest.raises(InputError, match=says) as caught:
        time_kill(**arguments)
    assert "\n" not in str(caught.value)

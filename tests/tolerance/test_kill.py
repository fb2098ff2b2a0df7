"""Kill curves: closed forms, coverage of planted rates, and what a curve cannot tell."""

import re

import numpy as np
import pytest
from scipy.optimize import brentq
from scipy.stats import binom, nbinom

from fxyd3.data.simulate import time_kill
from fxyd3.errors import InputError
from fxyd3.tolerance._kill import compare_kill, fit_kill, share_profile
from fxyd3.tolerance._likelihood import count_terms

HOURS = np.array([0, 6, 12, 18, 24, 36, 48, 72, 96, 120, 144, 168, 192, 240.0])
FAST, SLOW, SHARE = 0.06, 0.012, 0.15
DRAWS = 200


def biphasic(hours: np.ndarray, *, fast: float = FAST, slow: float = SLOW, share: float = SHARE) -> np.ndarray:
    return (1 - share) * np.exp(-fast * hours) + share * np.exp(-slow * hours)


def draw(rng: np.random.Generator, share: float = SHARE, cells: float = 2000, spread: float = 0.05) -> np.ndarray:
    mean = cells * biphasic(HOURS, share=share)
    return rng.poisson(mean * np.exp(rng.normal(0, spread, len(mean))))


def test_the_likelihood_is_that_of_the_negative_binomial_and_of_counts_that_are_only_below() -> None:
    mean, counts, spread, limit = np.array([[30.0, 4.0, 900.0]]), np.array([[25.0, 1.0, 1010.0]]), 0.2, 3.0
    size = spread**-2
    p = size / (size + mean)
    by_scipy = np.array([[nbinom.logpmf(25, size, p[0, 0]), nbinom.logcdf(2, size, p[0, 1]),
                          nbinom.logpmf(1010, size, p[0, 2])]])  # fmt: skip
    value, slope, _ = count_terms(np.log(mean), counts, np.full((1, 3), limit), np.full((1, 1), spread))
    np.testing.assert_allclose(value, by_scipy, rtol=1e-8)
    step = 1e-5
    ends = [
        count_terms(np.log(mean) + d, counts, np.full((1, 3), limit), np.full((1, 1), spread))[0] for d in (-step, step)
    ]
    np.testing.assert_allclose(slope, (ends[1] - ends[0]) / (2 * step), rtol=1e-5)


def test_noiseless_curves_give_their_parameters_back() -> None:
    counts = np.rint(1e7 * biphasic(HOURS))
    table = fit_kill(HOURS, counts).table["estimate"]
    assert table["kill_fast"] == pytest.approx(FAST, rel=1e-3)
    assert table["kill_slow"] == pytest.approx(SLOW, rel=1e-3)
    assert table["share"] == pytest.approx(SHARE, rel=1e-3)
    one = fit_kill(HOURS, np.rint(1e7 * np.exp(-0.03 * HOURS)), model="exponential")
    assert one.table.loc["kill", "estimate"] == pytest.approx(0.03, rel=1e-3)
    assert one.mdk(0.99)["hours"] == pytest.approx(np.log(100) / 0.03, rel=1e-3)


@pytest.mark.slow
def test_intervals_hold_the_planted_numbers_as_often_as_they_promise() -> None:
    truth = {"kill_fast": FAST, "kill_slow": SLOW, "share": SHARE}
    mdk99 = brentq(lambda hours: biphasic(np.array([hours]))[0] - 0.01, 0, 1000)
    held = dict.fromkeys([*truth, "mdk99"], 0)
    for seed in range(DRAWS):
        fit = fit_kill(HOURS, draw(np.random.default_rng(seed)))
        for name, planted in truth.items():
            lower, upper = fit.table.loc[name, ["lower", "upper"]].astype(float)
            held[name] += not (lower > planted or upper < planted)
        killed = fit.mdk(seed=seed)
        held["mdk99"] += int(killed["lower"] <= mdk99 <= killed["upper"])
    low, high = binom.ppf([0.005, 0.995], DRAWS, 0.95)
    assert all(low <= n <= high for n in held.values()), held


def test_the_curve_of_the_twin_without_switching_is_biphasic_and_holds_its_truth() -> None:
    """Rates vary by a tenth between experiments, so one experiment holds its truth within three of those."""
    assay = time_kill(seed=4, reversion=0, induction=0, experiments=1)
    arm = assay.table[assay.table["drug"] == "on"]
    fit = fit_kill(arm["hours"], arm["viable"])
    rates = assay.truth["rates_per_hour"]
    for name, planted in (("kill_fast", rates["kill_sensitive"]), ("kill_slow", rates["kill_tolerant"])):
        lower, upper = fit.table.loc[name, ["lower", "upper"]].astype(float)
        assert lower * np.exp(-0.3) < planted < upper * np.exp(0.3)


def test_two_slopes_are_asked_for_where_there_are_two_and_one_where_there_is_one() -> None:
    rng = np.random.default_rng(2)
    two = [compare_kill(HOURS, draw(rng))["chosen"].idxmax() for _ in range(30)]
    one = [compare_kill(HOURS, draw(rng, share=1e-9))["chosen"].idxmax() for _ in range(30)]
    assert two.count("biphasic") >= 27
    assert one.count("exponential") >= 20, "AICc takes the larger model in some of ten at random"
    table = compare_kill(HOURS, draw(rng))
    assert table["weight"].sum() == pytest.approx(1)
    assert table.loc["switching", "aicc"] == table.loc["biphasic", "aicc"]
    assert "same curve" in table.loc["switching", "reason"]


def test_runs_of_residuals_tell_that_one_slope_is_wrong() -> None:
    table = compare_kill(HOURS, np.rint(1e5 * biphasic(HOURS, share=0.02)))
    assert table.loc["exponential", "runs_p"] < 0.05


def test_a_share_that_the_times_cannot_tell_is_named() -> None:
    early = HOURS <= 24
    counts = draw(np.random.default_rng(0), share=0.01)[early]
    fit = fit_kill(HOURS[early], counts)
    assert not fit.table.loc["share", "identifiable"]
    assert any("share of tolerant cells is not identifiable" in note for note in fit.notes)
    whole = fit_kill(HOURS, draw(np.random.default_rng(0)))
    assert whole.table["identifiable"].all()
    assert whole.notes == ()


def test_switching_cannot_be_told_from_one_arm_and_says_so() -> None:
    counts = draw(np.random.default_rng(1))
    fit = fit_kill(HOURS, counts, model="switching")
    rates = ["kill_sensitive", "kill_tolerant", "share", "induction", "reversion"]
    assert not fit.table.loc[rates, "identifiable"].any()
    assert "cannot be told" in fit.notes[0]
    assert fit.log_likelihood == pytest.approx(fit_kill(HOURS, counts).log_likelihood, abs=0.5)


def test_counts_below_the_limit_say_only_that() -> None:
    counts = draw(np.random.default_rng(3))
    cut = np.where(counts < 70, 0, counts)
    told = fit_kill(HOURS, cut, limit=70)
    assert told.censored == (counts < 70).sum() > 1
    assert np.isnan(told.residuals[counts < 70]).all()
    believed = fit_kill(HOURS, cut, limit=1).table["estimate"]
    full = fit_kill(HOURS, counts).table["estimate"]
    assert told.table.loc["kill_slow", "estimate"] == pytest.approx(full["kill_slow"], rel=0.3)
    assert believed["kill_slow"] > 1.3 * full["kill_slow"], "a zero that is believed makes the cells die faster"


def test_the_profile_is_lowest_at_the_estimate_and_crosses_where_the_interval_ends() -> None:
    fit = fit_kill(HOURS, draw(np.random.default_rng(5)))
    profile = share_profile(fit, points=201)
    assert profile["share"][profile["drop"].idxmin()] == pytest.approx(fit.table.loc["share", "estimate"], rel=0.02)
    inside = profile[profile["drop"] < profile["threshold"]]["share"]
    lower, upper = fit.table.loc["share", ["lower", "upper"]].astype(float)
    assert lower == pytest.approx(inside.min(), abs=0.02)
    assert upper == pytest.approx(inside.max(), abs=0.02)


def test_order_and_units_of_time_and_more_cells_change_what_they_should() -> None:
    counts = draw(np.random.default_rng(6))
    fit = fit_kill(HOURS, counts).table["estimate"]
    turned = fit_kill(HOURS[::-1], counts[::-1]).table["estimate"]
    np.testing.assert_allclose(turned.astype(float), fit.astype(float), rtol=1e-3)
    slower = fit_kill(2 * HOURS, counts).table["estimate"]
    assert slower["kill_fast"] == pytest.approx(fit["kill_fast"] / 2, rel=1e-2)
    assert slower["share"] == pytest.approx(fit["share"], rel=1e-2)


def test_a_duration_beyond_the_times_sampled_is_marked() -> None:
    fit = fit_kill(HOURS, draw(np.random.default_rng(7)))
    assert fit.mdk(0.9)["extrapolated"] == 0
    assert fit.mdk(0.9999)["extrapolated"] == 1
    assert fit.mdk(0.9)["hours"] < fit.mdk(0.99)["hours"] < fit.mdk(0.999)["hours"]
    assert list(fit.summary().index[-2:]) == ["MDK99", "MDK99.9"]


@pytest.mark.parametrize(
    ("hours", "counts", "given", "told"),
    [
        ([0, 1, 2, 3, 4, 5], [100, 130, 170, 220, 290, 370], {}, "The cells grow, by 0.26"),
        ([-1, 1, 2, 3, 4, 5], [9, 8, 7, 6, 5, 4], {}, "A time is -1.0"),
        ([0, 1, 2, 3, 4, 5], [9, 8, -7, 6, 5, 4], {}, "count of viable cells is -7.0"),
        ([0, 1, 2, 3, 4, 5], [9, 8, 7.5, 6, 5, 4], {}, "count of viable cells is 7.5"),
        ([0, 1, 2, 3, 4, 5], [9, 8, np.nan, 6, 5, 4], {}, "count of viable cells is nan"),
        ([0, 1, 2, 3, 4, 5], [0, 0, 0, 0, 0, 0], {}, "All 6 counts lie below the detection limit of 1"),
        ([0, 1, 2, 0, 1, 2], [9, 8, 7, 9, 8, 7], {}, "3 distinct times, and a curve that is biphasic needs 5"),
        ([0, 1, 2], [9, 8], {}, "3 times and 2 counts"),
        ([0, 1, 2, 3, 4, 5], [9, 8, 7, 6, 5, 4], {"model": "triphasic"}, "no model 'triphasic'"),
        ([0, 1, 2, 3, 4, 5], [9, 8, 7, 6, 5, 4], {"limit": 0}, "detection limit is 0"),
        ([0, 1, 2, 3, 4, 5], [9, 8, 7, 6, 5, 4], {"confidence": 1}, "confidence is 1"),
    ],
)
def test_bad_input_in_one_sentence(hours, counts, given, told) -> None:  # type: ignore[no-untyped-def]
    with pytest.raises(InputError, match=re.escape(told)) as caught:
        fit_kill(hours, counts, **given)
    assert "\n" not in str(caught.value)


def test_shares_out_of_range_and_other_models_are_refused() -> None:
    fit = fit_kill(HOURS, draw(np.random.default_rng(8)), model="exponential")
    with pytest.raises(InputError, match="The share is 1"):
        fit.mdk(1.0)
    with pytest.raises(InputError, match="only a biphasic one"):
        share_profile(fit)

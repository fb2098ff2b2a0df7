"""Hill curves against closed forms, planted truth and an independent optimiser."""

import time

import numpy as np
import pandas as pd
import pytest
from scipy import stats
from scipy.optimize import curve_fit

from fxyd3.data.simulate import viability_plates
from fxyd3.errors import InputError
from fxyd3.rescue._hill import Estimate, compare_ec50, fit_curves, fit_hill
from fxyd3.rescue._quality import normalise

DOSES = np.repeat([0.0, *(10_000 / 3.0 ** np.arange(9))], 4)


def curve(dose: np.ndarray, top: float, bottom: float, ec50: float, hill: float) -> np.ndarray:
    with np.errstate(divide="ignore"):
        return np.asarray(top + (bottom - top) / (1 + (ec50 / np.asarray(dose, dtype=float)) ** hill))


def noisy(mean: np.ndarray, rng: np.random.Generator, floor: float = 0.01, share: float = 0.05) -> np.ndarray:
    return mean + np.hypot(floor, share * mean) * rng.normal(size=mean.shape)


@pytest.mark.parametrize(
    ("top", "bottom", "ec50", "hill"), [(1, 0.1, 300, 1), (1.04, 0.3, 80, 2.5), (0.97, 0.02, 1200, 0.7)]
)
def test_without_noise_the_planted_numbers_come_back(top: float, bottom: float, ec50: float, hill: float) -> None:
    found = fit_hill(DOSES, curve(DOSES, top, bottom, ec50, hill))
    ic50 = ec50 * (top / (top - 2 * bottom)) ** (1 / hill)
    truth = {"ec50": ec50, "ic50": ic50, "hill": hill, "top": top, "bottom": bottom,
             "emax": float(curve(np.array([10_000]), top, bottom, ec50, hill)[0])}  # fmt: skip
    grid = np.geomspace(10_000 / 3**8, 10_000, 20_001)
    truth["auc"] = float(np.trapezoid(curve(grid, top, bottom, ec50, hill), dx=1 / 20_000))
    for name, value in truth.items():
        estimate, lower, upper = getattr(found, name).interval
        assert estimate == pytest.approx(value, rel=1e-6), name
        assert lower - 1e-6 * value <= value <= upper + 1e-6 * value, name
    assert (found.shape, found.note) == ("curve", "")
    np.testing.assert_allclose(found.predict(DOSES), curve(DOSES, top, bottom, ec50, hill), rtol=1e-6)
    assert found.predict(0.0) == found.top.estimate


def test_an_independent_optimiser_agrees_where_noise_is_even() -> None:
    rng = np.random.default_rng(3)
    y = curve(DOSES, 1, 0.5, 250, 1.2) + 0.01 * np.clip(rng.normal(size=DOSES.size), -1.4, 1.4)
    found = fit_hill(DOSES, y)
    p, cov = curve_fit(curve, DOSES, y, p0=[1, 0.5, 200, 1])
    for each, value, error in zip(
        (found.top, found.bottom, found.ec50, found.hill), p, np.sqrt(np.diag(cov)), strict=True
    ):
        assert abs(each.estimate - value) < 0.35 * error
        half = stats.t.ppf(0.975, DOSES.size - 4) * error
        assert (each.upper - each.lower) / (2 * half) == pytest.approx(1, abs=0.25)


def test_order_scale_of_doses_and_percent_change_nothing() -> None:
    rng = np.random.default_rng(1)
    y = noisy(curve(DOSES, 1, 0.2, 300, 1), rng)
    plain = fit_hill(DOSES, y).summary()
    order = rng.permutation(DOSES.size)
    np.testing.assert_allclose(fit_hill(DOSES[order], 100 * y[order], unit="percent").summary(), plain, rtol=1e-4)
    scaled = fit_hill(DOSES / 1000, y).summary()
    scaled.loc[["ec50", "ic50"]] *= 1000
    np.testing.assert_allclose(scaled, plain, rtol=1e-4)


def test_a_failed_well_or_two_hardly_move_the_curve() -> None:
    y = noisy(curve(DOSES, 1, 0.2, 300, 1), np.random.default_rng(2))
    hit = y.copy()
    hit[[9, 22]] = 0.0, 1.6
    clean, found = fit_hill(DOSES, y), fit_hill(DOSES, hit)
    least_squares = curve_fit(curve, DOSES, hit, p0=[1, 0.2, 300, 1])[0][2]
    moved = abs(np.log(found.ec50.estimate / clean.ec50.estimate))
    assert moved < 0.08
    assert moved < abs(np.log(least_squares / clean.ec50.estimate))


@pytest.mark.parametrize(("floor", "share"), [(0.04, 0.0), (0.01, 0.06)])
def test_intervals_hold_the_truth_as_often_as_they_say(floor: float, share: float) -> None:
    rng, n = np.random.default_rng(11), 200
    table = pd.DataFrame({"plate": np.repeat(np.arange(n), DOSES.size), "cells": "a", "dose_nM": np.tile(DOSES, n)})
    mean = curve(table["dose_nM"].to_numpy(), 1, 0.15, 300, 1.1)
    table["viability"] = noisy(mean, rng, floor, share)
    found = fit_curves(table, groups=("cells",))
    few, many = stats.binom.ppf([0.005, 0.995], n, 0.95)
    for name, truth in {"ec50": 300, "ic50": 300 * (1 / 0.7) ** (1 / 1.1)}.items():
        held = ((found[f"{name}_lower"] <= truth) & (truth <= found[f"{name}_upper"])).sum()
        assert few <= held <= many, (name, held)
    assert np.exp(np.log(found["ec50"]).mean()) == pytest.approx(300, rel=0.03)


def test_flat_curves_are_called_flat_about_as_often_as_the_test_allows() -> None:
    rng, n = np.random.default_rng(5), 200
    table = pd.DataFrame({"plate": np.repeat(np.arange(n), DOSES.size), "cells": "a", "dose_nM": np.tile(DOSES, n)})
    table["viability"] = 1 + 0.05 * rng.normal(size=len(table))
    found = fit_curves(table, groups=("cells",))
    flat = found[found["shape"] == "flat"]
    assert len(flat) >= 0.88 * n
    assert flat["ec50"].isna().all()
    assert np.isinf(flat["ic50"]).all()
    assert (flat["ic50_lower"].round(6) == 10_000).all()
    assert flat["note"].str.contains(r"IC50 above the highest dose \(10,000\)").all()


def test_shapes_that_one_curve_does_not_tell_are_named() -> None:
    rng = np.random.default_rng(7)
    incomplete = fit_hill(DOSES, noisy(curve(DOSES, 1, 0.0, 20_000, 1), rng))
    assert incomplete.shape == "incomplete"
    assert np.isinf(incomplete.ic50.estimate)
    assert incomplete.ic50.lower == pytest.approx(10_000)
    assert "IC50 above the highest dose (10,000)" in incomplete.note
    partial = fit_hill(DOSES, noisy(curve(DOSES, 1, 0.6, 300, 1.5), rng))
    assert partial.shape == "curve"
    assert np.isinf(partial.ic50.estimate)
    assert partial.ec50.lower < 300 < partial.ec50.upper
    hook = curve(DOSES, 1, 0.1, 100, 1.5) + 0.5 * (DOSES > 3000)
    assert fit_hill(DOSES, noisy(hook, rng)).shape == "hook"
    assert fit_hill(DOSES, noisy(curve(DOSES, 1, 2.0, 300, 1), rng)).shape == "rising"


def test_with_experiments_the_interval_is_over_them() -> None:
    rng = np.random.default_rng(4)
    ec50 = 300 * np.exp(0.3 * rng.normal(size=5))
    days = np.repeat(np.arange(5), DOSES.size)
    y = np.concatenate([curve(DOSES, 1, 0.1, each, 1) for each in ec50])
    found = fit_hill(np.tile(DOSES, 5), y, experiment=days)
    logs = np.log(ec50)
    half = stats.t.ppf(0.975, 4) * logs.std(ddof=1) / np.sqrt(5)
    np.testing.assert_allclose(
        found.ec50.interval, np.exp([logs.mean(), logs.mean() - half, logs.mean() + half]), rtol=1e-5
    )
    assert (found.n, found.over, len(found.per_experiment)) == (5, "experiments", 5)
    assert isinstance(found.ec50, Estimate)


def test_the_ratio_planted_in_the_twin_is_found_and_the_null_is_quiet() -> None:
    for null in (False, True):
        made = viability_plates(seed=2, plates=8, null=null)
        wells = normalise(made.table, correct_edges="rim").wells
        curves = fit_curves(wells[wells["plate"].str.startswith("chemotherapy")])
        found = compare_ec50(curves, test="ancestral", against="other")
        truth = made.truth["log2_ec50_ratio"]["chemotherapy"]
        assert found.interval is not None
        assert found.interval.lower < truth < found.interval.upper
        assert (found.n, found.missing) == (8, "")
        back = compare_ec50(curves, test="other", against="ancestral").interval
        assert back is not None
        np.testing.assert_allclose(back.estimate, -found.interval.estimate)


def test_pairs_without_a_dose_are_told() -> None:
    curves = pd.DataFrame({"cells": ["a", "b"] * 4, "plate": np.repeat(list("wxyz"), 2),
                           "ec50": [2.0, 1, 4, 1, np.nan, 1, 8, 1]})  # fmt: skip
    found = compare_ec50(curves, test="a", against="b")
    assert found.n == 3
    assert found.missing == "an EC50 of both cells in 1 of 4 experiments"
    assert found.summary()["fold"][0] == pytest.approx(4)
    few = compare_ec50(curves[:2], test="a", against="b")
    assert few.interval is None
    assert few.missing.startswith("three experiments")
    with pytest.raises(InputError, match="no cells 'c'"):
        compare_ec50(curves, test="c", against="b")
    with pytest.raises(InputError, match="several curves"):
        compare_ec50(pd.concat([curves, curves]), test="a", against="b")


@pytest.mark.slow
def test_a_thousand_curves_in_seconds() -> None:
    rng, n = np.random.default_rng(0), 1000
    doses = DOSES[4:]
    table = pd.DataFrame({"plate": np.repeat(np.arange(n), doses.size), "cells": "a", "dose_nM": np.tile(doses, n)})
    table["viability"] = noisy(curve(table["dose_nM"].to_numpy(), 1, 0.15, 300, 1.1), rng)
    begun = time.process_time()
    assert len(fit_curves(table, groups=("cells",))) == n
    assert time.process_time() - begun < 20


@pytest.mark.parametrize(
    ("dose", "response", "told"),
    [
        (np.full(8, 10.0), np.ones(8), "four different doses"),
        (np.zeros(8), np.ones(8), "no dose above zero"),
        (DOSES[:-1], np.ones(DOSES.size), "one of each"),
        (-DOSES, np.ones(DOSES.size), "zero or more"),
        (DOSES, np.full(DOSES.size, np.nan), "leave them out"),
        (DOSES, curve(DOSES, 100, 10, 300, 1), "looks like percent"),
    ],
)
def test_bad_input_is_told_in_one_sentence(dose: np.ndarray, response: np.ndarray, told: str) -> None:
    with pytest.raises(InputError, match=told):
        fit_hill(dose, response)


def test_a_missing_column_and_a_wrong_confidence_are_told() -> None:
    table = pd.DataFrame({"plate": "p", "cells": "a", "drug": "d", "dose_nM": DOSES, "viability": 1.0})
    with pytest.raises(InputError, match="did you mean 'viability'"):
        fit_curves(table, response="viabilty")
    with pytest.raises(InputError, match="between 0 and 1"):
        fit_hill(DOSES, curve(DOSES, 1, 0, 300, 1), confidence=95)

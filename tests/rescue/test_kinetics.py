"""Concentrations in one compartment against closed forms and an independent solver."""

import math
from dataclasses import replace

import numpy as np
import pytest
from scipy.integrate import solve_ivp, trapezoid

from fxyd3.errors import InputError
from fxyd3.rescue._kinetics import (
    ANURIC_HALF_LIFE_HOURS,
    DIGITOXIN,
    DIGOXIN,
    Regimen,
    glycoside,
    xenograft_gap,
)


def test_clinical_ranges_are_those_of_the_facts() -> None:
    assert [round(each, 2) for each in DIGOXIN.clinical_nM] == [0.64, 2.56]
    assert [round(each) for each in DIGITOXIN.clinical_nM] == [18, 34]
    assert glycoside("digoxin") is DIGOXIN


@pytest.mark.parametrize("drug", [DIGOXIN, DIGITOXIN, replace(DIGOXIN, half_life_hours=ANURIC_HALF_LIFE_HOURS)])
def test_what_is_left_halves_with_each_half_life(drug) -> None:  # type: ignore[no-untyped-def]
    single = Regimen(drug, 1.0, doses=1)
    left = single.concentration(drug.half_life_hours * np.arange(5))
    assert left[1:] / left[:-1] == pytest.approx(0.5)
    assert single.concentration(-1e-9) == 0


def test_doses_add_up() -> None:
    hours = np.linspace(-10, 400, 300)
    many = Regimen(DIGOXIN, 1.3, doses=5, every_hours=30, starts=(-5.0,), loading=False)
    one = replace(many, doses=1)
    apart = sum(replace(one, starts=(-5.0 + 30 * i,)).concentration(hours) for i in range(5))
    assert many.concentration(hours) == pytest.approx(apart)
    assert replace(many, mean_nM=2.6).concentration(hours) == pytest.approx(2 * apart)
    assert replace(many, starts=(95.0,)).concentration(hours + 100) == pytest.approx(apart)


@pytest.mark.parametrize(("drug", "every"), [(DIGOXIN, 24.0), (DIGOXIN, 12.0), (DIGITOXIN, 24.0)])
def test_repeated_doses_reach_the_steady_state_of_the_closed_form(drug, every: float) -> None:  # type: ignore[no-untyped-def]
    long = Regimen(drug, 1.15, every_hours=every, doses=400, loading=False)
    told = long.summary().iloc[0]
    last = long.concentration(every * 399 + np.linspace(0, every - 1e-9, 20_001))
    assert last[0] == last.max() == pytest.approx(told["peak_nM"])
    assert last[-1] == last.min() == pytest.approx(told["trough_nM"])
    assert trapezoid(last, dx=1) / 20_000 == pytest.approx(1.15)
    assert told["peak_nM"] / long.concentration(0.0) == pytest.approx(told["accumulation"])


def test_a_course_agrees_with_a_solver() -> None:
    course = Regimen(DIGOXIN, 1.15, doses=4)
    left, k = 0.0, math.log(2) / 38
    for hour, rise in zip(*course.given, strict=True):
        solved = solve_ivp(lambda _, y: -k * y, (0, 24), [left + rise], t_eval=np.arange(24.0), rtol=1e-10, atol=1e-12)
        assert course.concentration(hour + solved.t) == pytest.approx(solved.y[0])
        left = solved.y[0, -1] * math.exp(-k)


def test_a_loading_dose_is_at_steady_state_at_once_and_a_later_course_only_fills_up() -> None:
    loaded = Regimen(DIGITOXIN, 25.0, doses=7, starts=(0.0, 504.0))
    told = loaded.summary().iloc[0]
    assert loaded.concentration(24.0 * np.arange(7)) == pytest.approx(told["peak_nM"])
    assert loaded.concentration(504 + 24.0 * np.arange(7)) == pytest.approx(told["peak_nM"])
    _, rises = loaded.given
    assert rises[7] < rises[0]
    assert rises[1] < rises[7], "some has gone in the time between"
    again = replace(loaded, starts=(0.0, 168.0)).given[1]
    assert again[7] == pytest.approx(again[1]), "nothing to fill up where courses follow each other"


def test_without_loading_nine_tenths_are_there_when_told() -> None:
    hours = Regimen(DIGOXIN, 1.0).summary()["hours_to_90"].item()
    slow = Regimen(DIGOXIN, 1.0, every_hours=hours / 6, doses=100, loading=False)
    before = slow.concentration(hours - 1e-9) / slow.concentration(99 * hours / 6 - 1e-9)
    assert before == pytest.approx(0.9, rel=1e-6)


def test_a_long_half_life_evens_out_the_day_and_the_range_is_told() -> None:
    slow = replace(DIGOXIN, half_life_hours=ANURIC_HALF_LIFE_HOURS)
    swing = [
        (each["peak_nM"] / each["trough_nM"]).item()
        for each in (Regimen(drug, 1.0).summary() for drug in (DIGOXIN, slow))
    ]
    assert swing == pytest.approx([2 ** (24 / 38), 2 ** (24 / 105)])
    inside = [Regimen(DIGOXIN, mean).summary()["clinical"].item() for mean in (0.5, 1.15, 2.4)]
    assert inside == [False, True, False]


def test_a_course_is_told_in_both_units_and_against_the_range() -> None:
    course = Regimen(DIGOXIN, 1.15, doses=3).course()
    assert course["hours"].iloc[0] == 0
    assert (course["nM"] / course["ng_ml"]).tolist() == pytest.approx([1.28] * len(course))
    assert set(course["clinical"]) == {"within", "below"}
    assert (Regimen(DIGOXIN, 10.0).course([0.0, 48.0])["clinical"] == "above").all()


def test_a_mouse_that_bears_more_shows_more() -> None:
    folds = np.array([1.0, 10.0, 100.0, 1000.0])
    found = xenograft_gap(folds, ec50_nM=10.0, borne_nM=2.5)
    assert found["mouse"].tolist() == pytest.approx(2.5 * folds / (10 + 2.5 * folds))
    assert found["gap"].iloc[0] == 0
    assert found["gap"].is_monotonic_increasing
    assert (found["person"] == 0.2).all()
    scaled = xenograft_gap(folds, ec50_nM=100.0, borne_nM=25.0)
    assert scaled["mouse"].tolist() == pytest.approx(found["mouse"].tolist())
    assert xenograft_gap(1e9, ec50_nM=10, hill=2)["mouse"].iloc[0] == pytest.approx(1)


@pytest.mark.parametrize(
    ("ask", "message"),
    [
        (lambda: glycoside("digoxine"), r"no glycoside 'digoxine'.*did you mean 'digoxin'.*digoxin, digitoxin"),
        (lambda: Regimen(DIGOXIN, -1.0), "mean concentration in nM is -1.0: give a number of zero or more"),
        (lambda: Regimen(DIGOXIN, math.nan), "mean concentration in nM is nan"),
        (lambda: Regimen(DIGOXIN, "1 ng"), "mean concentration in nM is '1 ng'"),
        (lambda: Regimen(replace(DIGOXIN, half_life_hours=0), 1.0), "half-life in hours is 0: give a number above"),
        (lambda: Regimen(DIGOXIN, 1.0, every_hours=0), "interval between doses in hours is 0"),
        (lambda: Regimen(DIGOXIN, 1.0, doses=2.5), "number of doses is 2.5: give a whole number above zero"),
        (lambda: Regimen(DIGOXIN, 1.0, doses=0), "number of doses is 0"),
        (lambda: Regimen(DIGOXIN, 1.0, starts=()), r"starts of the courses are \[\]"),
        (lambda: Regimen(DIGOXIN, 1.0, doses=7, starts=(0, 100)), "each at least 168 after the one before"),
        (lambda: xenograft_gap(0, ec50_nM=10), "fold of sensitivity is 0"),
        (lambda: xenograft_gap([1, 2], ec50_nM=-10), "half-effective concentration in nM is -10"),
        (lambda: xenograft_gap(1, ec50_nM=10, hill=0), "Hill slope is 0"),
        (lambda: xenograft_gap(1, ec50_nM=10, borne_nM=0), "concentration borne in nM is 0"),
    ],
)
def test_bad_input_in_one_sentence(ask, message: str) -> None:  # type: ignore[no-untyped-def]
    with pytest.raises(InputError, match=message) as told:
        ask()
    assert str(told.value).count(". ") == 0

"""Schedules against closed forms, an independent solver, the limits of the model, and the truth of the twin."""

import time
from dataclasses import replace
from itertools import pairwise

import numpy as np
import pandas as pd
import pytest
from scipy.integrate import solve_ivp
from scipy.linalg import expm
from scipy.stats import binom

from fxyd3.claims import load_claims
from fxyd3.data.simulate import time_kill
from fxyd3.errors import InputError
from fxyd3.rescue._dosing import Pulses, Schedule, orders
from fxyd3.rescue._kinetics import DIGITOXIN, DIGOXIN, Regimen
from fxyd3.rescue._schedule import ASSUMED, residual, schedule_map, simulate_schedule
from fxyd3.tolerance import fit_switching

PULSE = Pulses((0.0,), 120.0, 3300.0)
DISH = Schedule(PULSE, Pulses((-24.0,), 100.0, 20.0), until=200.0)
PERSON = Schedule(PULSE, Regimen(DIGOXIN, 5.0, doses=4, starts=(-24.0,)), until=200.0)
NO_SWITCHING = {"induction": 0.0, "reversion": 0.0}


def shares(dose: float, which: str) -> float:
    x = (dose / ASSUMED[f"{which}_ec50_nM"]) ** ASSUMED[f"{which}_hill"]
    return x / (1 + x)


def matrix(c: float, d: float) -> np.ndarray:
    """The equations as they stand in the docstring, written once more."""
    p = ASSUMED
    s = p["growth"] * (1 - c) - p["kill_sensitive"] * c - p["glycoside_kill"] * d
    t = p["growth"] * (1 - c) - p["kill_tolerant"] * c * (1 + (p["glycoside_fold"] - 1) * d) - p["glycoside_kill"] * d
    return np.array([[s - p["induction"], p["reversion"]], [p["induction"], t - p["reversion"]]])


def test_without_drug_cells_grow_by_one_exponential_and_the_share_stays_in_balance() -> None:
    course = simulate_schedule(Schedule(until=300.0), start=1000.0, step=7.0)
    assert course["total"].tolist() == pytest.approx(1000 * np.exp(0.02 * course["hours"]))
    assert course["tolerant_share"].tolist() == pytest.approx([ASSUMED["tolerant_share"]] * len(course))
    pure = simulate_schedule(Schedule(until=5000.0), rates={"tolerant_share": 0.999, "growth": 0.0}, step=500.0)
    assert pure["tolerant_share"].iloc[-1] == pytest.approx(ASSUMED["tolerant_share"])
    assert pure["total"].iloc[-1] == pytest.approx(1e6)


def test_without_switching_there_are_two_exponentials() -> None:
    course = simulate_schedule(Schedule(PULSE, until=120.0), rates=NO_SWITCHING)
    c = shares(3300.0, "chemotherapy")
    for kind, share in (("sensitive", 0.85), ("tolerant", 0.15)):
        rate = 0.02 * (1 - c) - ASSUMED[f"kill_{kind}"] * c
        assert course[kind].tolist() == pytest.approx(1e6 * share * np.exp(rate * course["hours"]))


def test_under_constant_drugs_the_slope_ends_as_the_leading_eigenvalue() -> None:
    constant = Schedule(Pulses((0.0,), 3000.0, 3300.0), Pulses((0.0,), 3000.0, 20.0), until=2000.0)
    course = simulate_schedule(constant, step=50.0)
    slope = np.diff(np.log(course["total"]))[-1] / 50
    eigen = np.linalg.eigvals(matrix(shares(3300.0, "chemotherapy"), shares(20.0, "glycoside"))).real.max()
    assert slope == pytest.approx(eigen)


@pytest.mark.parametrize("step", [1.0, 13.0, 1000.0])
def test_pulses_are_exact_whatever_the_step(step: float) -> None:
    course = simulate_schedule(DISH, step=step)
    c, d = shares(3300.0, "chemotherapy"), shares(20.0, "glycoside")
    cells = 1e6 * np.exp(0.02 * -24) * np.array([1 - ASSUMED["tolerant_share"], ASSUMED["tolerant_share"]])
    for hours, one, two in ((24, 0, d), (76, c, d), (44, c, 0), (80, 0, 0)):
        cells = expm(hours * matrix(one, two)) @ cells
    assert course[["sensitive", "tolerant"]].iloc[-1].tolist() == pytest.approx(cells, rel=1e-10)
    assert course.loc[course["hours"] == 0, "total"].item() == pytest.approx(1e6)


def test_a_decaying_glycoside_agrees_with_a_solver_whatever_the_step() -> None:
    c = shares(3300.0, "chemotherapy")
    cells = 1e6 * np.exp(0.02 * -24) * np.array([1 - ASSUMED["tolerant_share"], ASSUMED["tolerant_share"]])
    for begin, end in pairwise([-24, 0, 24, 48, 120, 200]):
        solved = solve_ivp(
            lambda t, y, on: matrix(c * on, shares(float(PERSON.glycoside.concentration(t)), "glycoside")) @ y,
            (begin, end - 1e-9), cells, args=(0 <= begin < 120,), rtol=1e-11, atol=1e-6)  # fmt: skip
        cells = solved.y[:, -1]
    ends = [simulate_schedule(PERSON, step=step)[["sensitive", "tolerant"]].iloc[-1] for step in (24.0, 12.0, 4.0, 2.0)]
    wrong = [float(abs(end.to_numpy() / cells - 1).max()) for end in ends]
    assert wrong[2] < 1e-6, "at the step that is used"
    assert ends[3].tolist() == pytest.approx(ends[2].tolist(), rel=1e-6)
    assert wrong[0] / wrong[1] == pytest.approx(16, rel=0.25), "of fourth order"


def test_neither_the_size_of_the_start_nor_the_units_matter() -> None:
    first = simulate_schedule(PERSON)
    assert simulate_schedule(PERSON, start=5.0)["total"].tolist() == pytest.approx(first["total"] / 2e5)
    tenfold = replace(PERSON, glycoside=replace(PERSON.glycoside, mean_nM=50.0))
    scaled = {"glycoside_ec50_nM": 10 * ASSUMED["glycoside_ec50_nM"]}
    assert simulate_schedule(tenfold, rates=scaled)["total"].tolist() == pytest.approx(first["total"].tolist())
    rates = ("growth", "kill_sensitive", "kill_tolerant", "induction", "reversion")
    twice = {name: ASSUMED[name] * 2 for name in rates}
    half = Schedule(Pulses((0.0,), 60.0, 3300.0), Pulses((-12.0,), 50.0, 20.0), until=100.0)
    faster, slower = simulate_schedule(half, rates=twice, step=1.0), simulate_schedule(DISH, step=2.0)
    assert faster["hours"].tolist() == pytest.approx((slower["hours"] / 2).tolist())
    assert faster["total"].tolist() == pytest.approx(slower["total"].tolist())


def test_limits_of_the_glycoside() -> None:
    arms = orders(mean_nM=20.0, chemotherapy_nM=3300.0)
    del arms["glycoside alone"]
    nothing = residual(arms, rates={"glycoside_fold": 1.0}, draws=2).table
    assert nothing["fold"].tolist() == pytest.approx([1.0] * 4), "a glycoside that does nothing"
    none = residual(orders(mean_nM=0.0, chemotherapy_nM=3300.0), draws=2).table
    assert none["fold"].tolist()[:4] == pytest.approx([1.0] * 4)
    moving = {"glycoside_fold": 1.0, "tolerant_share": (0.4, 0.3, 0.5)}
    drift = residual(arms, rates=moving, draws=20).table
    assert drift[["fold", "fold_lower", "fold_upper"]].to_numpy() == pytest.approx(1), "out of balance at the start too"
    endless = Schedule(PULSE, Pulses((0.0,), 120.0, 1e9), until=120.0)
    course = simulate_schedule(endless)  # tolerant cells then die as sensitive ones do
    c = shares(3300.0, "chemotherapy")
    assert course["total"].iloc[-1] == pytest.approx(1e6 * np.exp((0.02 * (1 - c) - 0.06 * c) * 120), rel=1e-6)
    alone = simulate_schedule(Schedule(None, endless.glycoside, 120.0), rates={"glycoside_kill": 0.03})
    assert alone["total"].iloc[-1] == pytest.approx(1e6 * np.exp((0.02 - 0.03) * 120), rel=1e-6)


def test_orders_give_the_same_drugs_at_other_hours() -> None:
    arms = orders(mean_nM=10.0, chemotherapy_nM=3300.0, cycles=2)
    assert len({arm.until for arm in arms.values()}) == 1
    assert {arm.chemotherapy for name, arm in arms.items() if name != "glycoside alone"} == {
        Pulses((0.0, 504.0), 120.0, 3300.0)
    }
    assert arms["glycoside before"].glycoside.starts == (-168.0, 336.0)
    assert arms["glycoside with"].glycoside.starts == (0.0, 504.0)
    assert arms["glycoside after"].glycoside.starts == (120.0, 624.0)
    dish = orders(None, mean_nM=10.0, chemotherapy_nM=3300.0)
    table = residual(dish, draws=2).table.set_index("schedule")
    assert table.loc[["glycoside before", "glycoside after"], "fold"].tolist() == pytest.approx([1.0, 1.0])
    assert table.loc["glycoside with", "fold"] < 0.5


def test_what_lasts_from_before_depends_on_the_half_life_and_after_does_nothing_unless_it_kills_alone() -> None:
    def before(drug) -> pd.DataFrame:  # type: ignore[no-untyped-def]
        return residual(orders(drug, mean_nM=10.0, chemotherapy_nM=3300.0), draws=2).table.set_index("schedule")

    digoxin, digitoxin = before(DIGOXIN)["fold"], before(DIGITOXIN)["fold"]
    assert digoxin["glycoside with"] < digoxin["glycoside before"] < 1
    assert digitoxin["glycoside before"] < digoxin["glycoside before"], "more of it is left when chemotherapy comes"
    assert digoxin["glycoside after"] == pytest.approx(1)
    kills = residual(orders(mean_nM=10.0, chemotherapy_nM=3300.0), rates={"glycoside_kill": 0.005}, draws=2).table
    assert kills.set_index("schedule").loc["glycoside after", "fold"] < 0.9


def test_cells_are_back_when_told() -> None:
    found = residual({"short": PERSON}, draws=2).table["regrowth_hours"].item()
    assert found > PERSON.until
    longer = replace(PERSON, until=2 * found)
    course = simulate_schedule(longer, step=0.5)
    late = course[course["hours"] > 120]
    assert np.interp(np.log(1e6), np.log(late["total"]), late["hours"]) == pytest.approx(found, rel=1e-4)
    assert residual({"long": longer}, draws=2).table["regrowth_hours"].item() == pytest.approx(found, rel=1e-6)
    assert residual({"none": Schedule(until=50.0)}, draws=2).table["regrowth_hours"].item() == 0
    never = residual({"short": PERSON}, rates={"growth": 0.0}, draws=2).table
    assert never["regrowth_hours"].item() == np.inf


def test_the_interval_of_one_rate_becomes_that_of_the_cells_left() -> None:
    rates = {**NO_SWITCHING, "tolerant_share": 1 - 1e-12, "growth": 0.0, "kill_tolerant": (0.012, 0.009, 0.016)}
    full = Schedule(Pulses((0.0,), 120.0, 1e12), until=120.0)
    found = residual({"only": full}, rates=rates, start=1.0, draws=20_000).table.iloc[0]
    assert found["left"] == pytest.approx(np.exp(-0.012 * 120))
    assert found["left_lower"] == pytest.approx(np.exp(-0.016 * 120), rel=0.02)
    assert found["left_upper"] == pytest.approx(np.exp(-0.009 * 120), rel=0.02)


def test_draws_follow_the_seed_and_are_the_same_in_all_schedules() -> None:
    rates = {"kill_tolerant": (0.012, 0.009, 0.016), "glycoside_ec50_nM": (10.0, 7.0, 14.0)}
    arms = orders(mean_nM=10.0, chemotherapy_nM=3300.0)
    first = residual(arms, rates=rates, draws=50)
    turned = residual(dict(reversed(arms.items())), rates=dict(reversed(rates.items())), draws=50,
                      against="chemotherapy alone")  # fmt: skip
    pd.testing.assert_frame_equal(
        turned.table.sort_values("schedule", ignore_index=True), first.table.sort_values("schedule", ignore_index=True)
    )
    assert not residual(arms, rates=rates, draws=50, seed=2).table["left_lower"].equals(first.table["left_lower"])
    held = residual(arms, draws=50).table
    assert (held["left_lower"] == held["left_upper"]).all(), "numbers held have no interval"
    ends = first.table.set_index("schedule")
    assert ends.loc["glycoside with", "fold_upper"] < 1
    width = np.log(ends["left_upper"] / ends["left_lower"])
    apart = np.hypot(width["chemotherapy alone"], width["glycoside before"])
    fold = ends.loc["glycoside before"]
    assert np.log(fold["fold_upper"] / fold["fold_lower"]) < apart, "all schedules see the same rates"
    assert first.missing == load_claims()["C9"].lacking != ""
    told = first.summary().set_index("schedule")
    assert told["left_share"].tolist() == pytest.approx((first.table["left"] / 1e6).tolist())
    assert told["regrowth_days_upper"].tolist() == pytest.approx((first.table["regrowth_upper"] / 24).tolist())


def test_intervals_from_fits_hold_the_truth_of_the_twin() -> None:
    arms = orders(mean_nM=10.0, chemotherapy_nM=3300.0)
    arms = {name: arms[name] for name in ("chemotherapy alone", "glycoside with")}
    held = dict.fromkeys(["left", "fold", "regrowth"], 0)
    names, n = ["kill_sensitive", "kill_tolerant", "induction", "reversion", "tolerant_share"], 80
    for seed in range(n):
        assay = time_kill(seed=9000 + seed)
        fit = fit_switching(assay.table).table.rename(index={"share": "tolerant_share"})
        rates = {name: tuple(fit.loc[name, ["estimate", "lower", "upper"]]) for name in names}
        planted = {**assay.truth["rates_per_hour"], "tolerant_share": assay.truth["tolerant_share"]}
        got = residual(arms, rates=rates).table.iloc[1]
        true = residual(arms, rates={name: planted[name] for name in names}, draws=1).table.iloc[1]
        for what, value in (("left", "left"), ("fold", "fold"), ("regrowth", "regrowth_hours")):
            held[what] += int(got[f"{what}_lower"] <= true[value] <= got[f"{what}_upper"])
    assert all(count >= binom.ppf(0.005, n, 0.95) for count in held.values()), held


def test_a_map_holds_what_single_schedules_give() -> None:
    one, two = np.geomspace(33, 33_000, 4), np.geomspace(0.1, 1000, 5)
    table = schedule_map(PERSON, chemotherapy_nM=one, glycoside_nM=two)
    assert len(table) == 20
    for _, row in table.iloc[[0, 7, 19]].iterrows():
        single = Schedule(
            replace(PULSE, nM=row["chemotherapy_nM"]), replace(PERSON.glycoside, mean_nM=row["glycoside_nM"]), 200.0
        )
        found = residual({"without": replace(single, glycoside=None), "both": single}, draws=1).table.iloc[1]
        told = ["left", "fold", "regrowth_hours"]
        assert row[told].tolist() == pytest.approx(found[told].tolist())
    assert (table.groupby("chemotherapy_nM")["left"].diff().dropna() < 0).all(), "more glycoside, fewer cells"
    assert (table.groupby("glycoside_nM")["left"].diff().dropna() < 0).all(), "more chemotherapy, fewer cells"
    assert table.loc[table["clinical"], "glycoside_nM"].unique().tolist() == pytest.approx([1.0])
    dish = schedule_map(DISH, chemotherapy_nM=[3300.0], glycoside_nM=[20.0])
    assert dish["left"].item() == pytest.approx(simulate_schedule(DISH)["total"].iloc[-1])


def test_a_map_of_25_by_25_takes_less_than_two_seconds() -> None:
    arm = orders(mean_nM=1.0, chemotherapy_nM=1.0, cycles=4)["glycoside with"]
    begun = time.process_time()
    table = schedule_map(arm, chemotherapy_nM=np.geomspace(33, 33_000, 25), glycoside_nM=np.geomspace(0.1, 1000, 25))
    assert time.process_time() - begun < 2
    assert len(table) == 625


@pytest.mark.parametrize(
    ("ask", "message"),
    [
        (lambda: Pulses((0.0,), 0, 1.0), "length of a pulse in hours is 0"),
        (lambda: Pulses((0.0,), 10, -1.0), "concentration in nM is -1.0"),
        (lambda: Pulses((0.0, 5.0), 10, 1.0), "starts of the pulses are .* at least 10 after the one before"),
        (lambda: Schedule(until=0), "end of the schedule in hours is 0"),
        (lambda: Schedule(PULSE, Pulses((600.0,), 10, 1.0)), "begins at hour 600, and the schedule ends at hour 504"),
        (lambda: simulate_schedule(PERSON, start=0), "number of cells at the start is 0"),
        (lambda: simulate_schedule(PERSON, step=0), "step in hours is 0"),
        (lambda: simulate_schedule(PERSON, rates={"kill_tolerent": 1}), r"no rate 'kill_tolerent'.*'kill_tolerant'"),
        (lambda: simulate_schedule(PERSON, rates={"growth": -1}), "rate 'growth' is -1: give a number above zero"),
        (lambda: simulate_schedule(PERSON, rates={"growth": "fast"}), "rate 'growth' is 'fast'"),
        (lambda: simulate_schedule(PERSON, rates={"glycoside_hill": 0}), "rate 'glycoside_hill' is 0"),
        (lambda: simulate_schedule(PERSON, rates={"tolerant_share": 1.0}), "is 1.0: give a number between 0 and 1"),
        (lambda: simulate_schedule(PERSON, rates={"growth": 20.0}), "grow by 20 per hour for 224 hours"),
        (lambda: residual({"a": PERSON}, rates={"growth": (0.02, 0.03, 0.04)}), "lower and the upper limit, in this"),
        (lambda: residual({"a": PERSON}, rates={"growth": (0.02, np.nan, np.nan)}), "rate 'growth' is"),
        (lambda: residual({}), "There are no schedules"),
        (lambda: residual({"alone": PERSON}, against="alon"), r"no schedule 'alon'.*'alone'"),
        (lambda: residual({"a": PERSON}, draws=0), "number of draws is 0"),
        (lambda: residual({"a": PERSON}, confidence=95), "confidence is 95"),
        (lambda: schedule_map(Schedule(PULSE), chemotherapy_nM=[1], glycoside_nM=[1]), "needs both drugs"),
        (lambda: schedule_map(PERSON, chemotherapy_nM=[0, 1], glycoside_nM=[1]), r"\(its axes are logarithmic\) is 0"),
        (lambda: orders(mean_nM=1, chemotherapy_nM=1, cycles=0), "number of cycles is 0"),
        (lambda: orders(mean_nM=1, chemotherapy_nM=1, course_days=2.5), "course in days is 2.5: give a whole number"),
        (lambda: orders(mean_nM=1, chemotherapy_nM=1, cycles=2, cycle_days=3), "so that none overlap"),
    ],
)
def test_bad_input_in_one_sentence(ask, message: str) -> None:  # type: ignore[no-untyped-def]
    with pytest.raises(InputError, match=message) as told:
        ask()
    assert str(told.value).count(". ") == 0

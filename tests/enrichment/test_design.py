"""How many wells and which doses: the calculation against closed forms, other programs and simulation."""

import math

import numpy as np
import pytest
from scipy import optimize, stats

from fxyd3.enrichment._design import (
    BEST_HITS,
    Design,
    best_dose,
    design,
    information_per_well,
    power_curves,
    simulate_power,
)
from fxyd3.errors import InputError

FREQUENCY = 1 / 133


def plan(**changes: object) -> Design:
    return design(**({"frequency": FREQUENCY, "fold": 3} | changes))  # type: ignore[arg-type]


def test_information_is_the_curvature_of_the_expected_log_likelihood() -> None:
    def expected(log_frequency: float, dose: float) -> float:
        chance, truth = (-math.expm1(-math.exp(at) * dose) for at in (log_frequency, math.log(FREQUENCY)))
        return truth * math.log(chance) + (1 - truth) * math.log1p(-chance)

    at, h = math.log(FREQUENCY), 1e-4
    for dose in (5, 80, 400):
        curvature = (expected(at + h, dose) - 2 * expected(at, dose) + expected(at - h, dose)) / h**2
        assert information_per_well(FREQUENCY, dose) == pytest.approx(-curvature, rel=1e-5)


def test_the_standard_error_is_that_of_the_regression_on_expected_counts() -> None:
    import statsmodels.api as sm

    study = plan()
    table = study.expected
    share = table["wells_positive"] / table["wells_tested"]
    sides = np.column_stack([np.ones(len(table)), table["group"] == "sorted"])
    family = sm.families.Binomial(sm.families.links.CLogLog())
    wells, offset = table["wells_tested"], np.log(table["cells_per_well"])
    with pytest.warns(match="Perfect separation"):  # expected counts are fitted without residual
        fit = sm.GLM(share, sides, family=family, offset=offset, var_weights=wells).fit()
    assert fit.params["x1"] == pytest.approx(math.log(study.fold), rel=1e-6)
    assert study.standard_error == pytest.approx(fit.bse["x1"], rel=1e-6)


def test_the_published_example_has_its_standard_error() -> None:
    """Doses and wells of the example of the ELDA program, one in 403.06, limits one in 537.74 and 302.12."""
    told = 24 * information_per_well(1 / 403.06, [50, 100, 200, 400, 800]).sum()
    assert 1 / math.sqrt(told) == pytest.approx(math.log(537.74 / 302.12) / (2 * stats.norm.ppf(0.975)), rel=1e-4)


def test_the_best_dose_tells_most_and_leaves_a_fifth_of_the_wells_empty() -> None:
    found = optimize.minimize_scalar(
        lambda cells: -float(information_per_well(FREQUENCY, cells)), bounds=(1, 2000), method="bounded",
        options={"xatol": 1e-6},
    )  # fmt: skip
    assert best_dose(FREQUENCY) == pytest.approx(found.x, rel=1e-5)
    assert math.exp(-BEST_HITS) == pytest.approx(0.203, abs=0.001)
    assert pytest.approx(2 * math.expm1(BEST_HITS)) == BEST_HITS * math.exp(BEST_HITS)


def test_ten_times_too_many_cells_are_worse_than_ten_times_too_few() -> None:
    few, best, many = information_per_well(FREQUENCY, best_dose(FREQUENCY) * np.array([0.1, 1, 10]))
    assert many < 0.001 * best < 0.1 * best < few < best


def test_only_frequency_times_dose_matters() -> None:
    one = plan(doses=[10, 40, 160])
    other = design(frequency=FREQUENCY / 7, fold=3, doses=[70, 280, 1120])
    for field in ("standard_error", "power", "fold_found", "wells_needed"):
        assert getattr(one, field) == pytest.approx(getattr(other, field))


def test_the_order_of_the_doses_does_not_matter_and_a_dose_twice_is_twice_the_wells() -> None:
    assert plan(doses=[160, 10, 40]).power == pytest.approx(plan(doses=[10, 40, 160]).power)
    assert plan(doses=[40, 40], wells=12).power == pytest.approx(plan(doses=[40], wells=24).power)


def test_enrichment_and_its_mirror_image_are_found_alike() -> None:
    up = design(frequency=0.01, fold=3, doses=[20, 60, 180])
    down = design(frequency=0.03, fold=1 / 3, doses=[20, 60, 180])
    assert up.power == pytest.approx(down.power)


def test_power_grows_with_wells_experiments_and_fold_and_falls_with_spread() -> None:
    doses = [12, 35, 110, 320]
    for name, values in {"wells": [2, 6, 24, 96], "experiments": [2, 3, 5, 9], "fold": [1.3, 1.6, 2.2, 4.0]}.items():
        powers = [plan(doses=doses, **{name: value}).power for value in values]
        assert powers == sorted(powers)
        assert powers[-1] > powers[0] + 0.2
    assert plan(spread=0.1).power > plan(spread=0.6).power


@pytest.mark.parametrize(("experiments", "fold", "wells"), [(1, 3, 24), (2, 8, 500), (3, 4, 24), (6, 2, 24)])
def test_fewest_wells_and_smallest_fold_are_where_the_wanted_power_begins(
    experiments: int, fold: float, wells: int
) -> None:
    same = {"doses": [12, 35, 110, 320, 950], "experiments": experiments}
    study = plan(fold=fold, wells=wells, **same)
    assert study.wells_needed is not None
    assert study.fold_found is not None
    assert plan(fold=fold, wells=study.wells_needed, **same).power >= 0.8
    assert plan(fold=fold, wells=study.wells_needed - 1, **same).power < 0.8
    assert plan(fold=study.fold_found, wells=wells, **same).power == pytest.approx(0.8)


def test_no_number_of_wells_mends_experiments_that_differ() -> None:
    study = plan(fold=1.5)
    assert study.wells_needed is None
    assert plan(fold=1.5, wells=10_000).power < 0.8
    assert "add experiments, not wells" in study.note


def test_the_smallest_fold_of_the_claim_is_found_as_the_published_example_says() -> None:
    """Two such assays (SE 0.15 each), one experiment: 1.8-fold, as stands with claim C1."""
    study = design(frequency=1 / 403, fold=2, doses=[50, 100, 200, 400, 800], experiments=1)
    assert study.fold_found == pytest.approx(1.8, abs=0.1)


@pytest.mark.parametrize("experiments", [2, 3, 6])
def test_the_power_is_that_of_a_t_test_on_simulated_normals(experiments: int) -> None:
    study = plan(experiments=experiments, wells=12)
    rng = np.random.default_rng(1)
    deviation = math.hypot(study.standard_error, study.spread)
    ratios = rng.normal(math.log(study.fold), deviation, (40_000, experiments))
    test = stats.ttest_1samp(ratios, 0, axis=1)
    found = ((test.pvalue < 0.05) & (test.statistic > 0)).mean()
    assert study.power == pytest.approx(found, abs=4 * math.sqrt(found * (1 - found) / 40_000))


@pytest.mark.parametrize("fold", [0.5, 2.0, 4.0])
@pytest.mark.parametrize("wells", [8, 24])
@pytest.mark.parametrize("experiments", [1, 3, 5])
def test_simulated_wells_agree_with_the_calculation(fold: float, wells: int, experiments: int) -> None:
    study = plan(fold=fold, wells=wells, experiments=experiments)
    assert study.note == "" or experiments == 1 or study.wells_needed is None
    found = simulate_power(study, n=3000, seed=2)
    error = math.sqrt(study.power * (1 - study.power) / 3000)
    assert found.estimate == pytest.approx(study.power, abs=3 * error + 0.02)  # 0.02: the normal approximation


def test_with_a_handful_of_wells_the_calculation_is_wrong_and_says_so() -> None:
    study = plan(experiments=1, wells=3, n_doses=2)
    found = simulate_power(study, n=3000)
    assert study.power > found.upper + 0.1
    assert "trust simulation only" in study.note


def test_without_a_difference_between_groups_few_simulated_studies_find_one() -> None:
    """A fold of nearly 1: the interval errs to this side in 2.5% of studies."""
    for experiments in (1, 3):
        found = simulate_power(plan(fold=1 + 1e-9, experiments=experiments), n=4000)
        assert found.lower < 0.027
        assert found.upper > 0.015


def test_a_simulation_is_repeatable_and_counts_its_studies() -> None:
    assert simulate_power(plan(), n=200, seed=5) == simulate_power(plan(), n=200, seed=5)
    assert simulate_power(plan(), n=200, seed=5) != simulate_power(plan(), n=200, seed=6)
    assert (200 * simulate_power(plan(), n=200).estimate) % 1 == pytest.approx(0)


def test_the_chance_of_all_or_no_positive_wells_is_that_of_wells_drawn_one_by_one() -> None:
    study = design(frequency=0.02, fold=4, doses=[20, 60], wells=3)
    drawn = np.random.default_rng(1)
    for group, table in study.expected.groupby("group"):
        chance = -np.expm1(-(0.02 if group == "unsorted" else 0.08) * np.array([20, 60]))
        positive = drawn.binomial(3, chance, (100_000, 2))
        assert table["wells_positive"].tolist() == pytest.approx(positive.mean(axis=0), abs=0.02)
        assert table["none_positive"].iloc[0] == pytest.approx((positive.sum(axis=1) == 0).mean(), abs=0.005)
        assert table["all_positive"].iloc[0] == pytest.approx((positive.sum(axis=1) == 6).mean(), abs=0.005)


def test_placed_doses_lie_around_the_best_ones_and_hold_when_the_guess_is_five_fold_off() -> None:
    study = plan(fold=4)
    assert min(study.doses) < best_dose(4 * FREQUENCY) < best_dose(FREQUENCY) < max(study.doses)
    table = study.wrong_guess
    error = {
        name: np.interp([0.2, 1, 5], curve["factor"], curve["standard_error"]) for name, curve in table.groupby("doses")
    }
    assert error["as planned"][1] == pytest.approx(study.standard_error, rel=1e-6)
    assert (error["as planned"][[0, 2]] < 1.25 * study.standard_error).all()
    assert error["one dose"][1] < study.standard_error  # better where the guess is right,
    assert error["one dose"][2] > 5 * study.standard_error  # and lost where it is not


def test_curves_pass_through_the_design() -> None:
    study = plan(fold=3, wells=12)
    table = power_curves(study, folds=[2, 3]).set_index(["fold", "wells"])["power"]
    assert table[3.0, 12] == pytest.approx(study.power)
    assert len(table) == 2 * 48
    assert (table.loc[2.0] < table.loc[3.0]).all()


def test_the_summary_is_one_row_that_counts_wells_and_cells() -> None:
    (row,) = plan(doses=[10, 100], wells=12, experiments=4).summary().to_dict("records")
    assert row["wells_in_all"] == 12 * 2 * 2 * 4
    assert row["sorted_cells"] == 12 * 110
    assert plan(fold=1.5).summary()["wells_needed"].isna().all()


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"frequency": 0.0}, "frequency is 0: it must lie above 0"),
        ({"frequency": 133}, "frequency is 133: it must lie above 0 and up to 1"),
        ({"frequency": math.nan}, "frequency is nan"),
        ({"fold": 1}, "fold is 1: give a number above 0 other than 1"),
        ({"fold": -2}, "fold is -2"),
        ({"fold": 500}, "more stem cells than cells: give a fold up to 133"),
        ({"doses": [10, 0]}, "dose is 0 cells per well"),
        ({"doses": [10, math.inf]}, "dose is inf"),
        ({"doses": []}, "no doses"),
        ({"wells": 0}, "number of wells is 0"),
        ({"wells": 2.5}, "number of wells is 2.5"),
        ({"experiments": 0}, "number of experiments is 0"),
        ({"n_doses": 0}, "number of doses is 0"),
        ({"step": 1}, "step between doses is 1"),
        ({"spread": -0.1}, "spread between experiments is -0.1"),
        ({"confidence": 95}, "confidence is 95"),
        ({"power": 1}, "power is 1"),
        ({"power": 0.01}, "above 0.025, which chance reaches"),
    ],
)
def test_what_cannot_be_is_refused_in_one_sentence(changes: dict[str, object], message: str) -> None:
    with pytest.raises(InputError, match=message) as caught:
        plan(**changes)
    assert str(caught.value).count(". ") == 0


def test_other_entry_points_refuse_what_cannot_be() -> None:
    with pytest.raises(InputError, match="frequency is 2"):
        best_dose(2)
    with pytest.raises(InputError, match="dose is -1"):
        information_per_well(0.1, [1, -1])
    with pytest.raises(InputError, match="fold is 500"):
        power_curves(plan(), folds=[500])
    with pytest.raises(InputError, match="number of wells is 0"):
        power_curves(plan(), wells=[0, 5])
    with pytest.raises(InputError, match="studies to simulate is 0"):
        simulate_power(plan(), n=0)


@pytest.mark.parametrize("experiments", [1, 2, 8])
def test_extreme_demands_still_have_an_answer(experiments: int) -> None:
    study = plan(fold=100, experiments=experiments, confidence=0.999, power=0.99, spread=0.001)
    assert study.wells_needed is not None
    assert plan(fold=100, doses=study.doses, experiments=experiments, confidence=0.999, power=0.99, spread=0.001,
                wells=study.wells_needed).power >= 0.99  # fmt: skip


def test_wells_that_tell_nothing_have_no_answer() -> None:
    study = plan(doses=[1_000_000], wells=6)
    assert study.standard_error == math.inf
    assert study.wells_needed is None
    assert study.power == pytest.approx(0.025, abs=1e-6)
    assert "trust simulation only" in study.note

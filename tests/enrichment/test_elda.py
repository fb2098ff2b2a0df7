"""Limiting dilution: closed forms, brute force, another regression program, invariances, coverage and speed."""

import math
import time

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import special, stats

from fxyd3.data.simulate import limiting_dilution
from fxyd3.enrichment._elda import Elda, elda, interval_coverage
from fxyd3.errors import InputError

WEB = [(50, 24, 2), (100, 24, 6), (200, 24, 9), (400, 24, 15), (800, 24, 21)]
ALL = ("wald", "score", "likelihood", "firth")
NUMBERS = ["estimate", "lower", "upper"]


def wells(rows: list[tuple[float, int, int]], group: str = "a") -> pd.DataFrame:
    return pd.DataFrame(rows, columns=["cells_per_well", "wells_tested", "wells_positive"]).assign(group=group)


def one_in(table: pd.DataFrame, method: str = "wald", confidence: float = 0.95) -> list[float]:
    (numbers,) = elda(table, confidence=confidence).summary(method)[NUMBERS].to_numpy().tolist()
    return numbers


@st.composite
def assays(draw: st.DrawFn) -> pd.DataFrame:
    """Up to six doses in steps of 1.5 to 8, with up to 30 wells each, some positive and some negative."""
    step = draw(st.floats(1.5, 8))
    tested = draw(st.lists(st.integers(1, 30), min_size=1, max_size=6))
    first = draw(st.floats(0.5, 20))
    positive = [draw(st.integers(0, n)) for n in tested]
    if sum(positive) in (0, sum(tested)):
        tested[0], positive[0] = tested[0] + 1, tested[0] if sum(positive) else 1
    return wells([(first * step**i, n, y) for i, (n, y) in enumerate(zip(tested, positive, strict=True))])


def log_likelihood(table: pd.DataFrame, log_frequency: np.ndarray) -> np.ndarray:
    dose, n, y = (table[c].to_numpy(float) for c in ("cells_per_well", "wells_tested", "wells_positive"))
    hits = np.exp(log_frequency)[:, None] * dose
    return (special.xlogy(y, -np.expm1(-hits)) - (n - y) * hits).sum(axis=1)


def information(table: pd.DataFrame, log_frequency: np.ndarray) -> np.ndarray:
    hits = np.exp(log_frequency)[:, None] * table["cells_per_well"].to_numpy()
    return (table["wells_tested"].to_numpy() * hits**2 / np.expm1(np.minimum(hits, 700))).sum(axis=1)


def ends(function: np.ndarray, grid: np.ndarray) -> list[float]:
    """Where a function on a grid first and last lies below zero, by interpolation."""
    inside = np.flatnonzero(function < 0)
    found = []
    for a, b in ((inside[0] - 1, inside[0]), (inside[-1], inside[-1] + 1)):
        found.append(float(grid[a] - function[a] * (grid[b] - grid[a]) / (function[b] - function[a])))
    return found


# closed forms


def test_one_dose_is_the_log_of_the_empty_share() -> None:
    estimate, *_ = one_in(wells([(30, 96, 35)]))
    assert estimate == pytest.approx(-30 / math.log(61 / 96))


def test_when_37_percent_stay_empty_the_dose_holds_one_stem_cell() -> None:
    empty = round(1000 * math.exp(-1))
    assert one_in(wells([(250, 1000, 1000 - empty)]))[0] == pytest.approx(250, rel=1e-3)


def test_the_exact_interval_is_clopper_and_pearsons() -> None:
    for positive in (0, 4, 12):
        low, high = stats.binomtest(positive, 12).proportion_ci(0.9, method="exact")
        _, lower, upper = one_in(wells([(20, 12, positive)]), "exact", 0.9)
        assert lower == pytest.approx(max(-20 / math.log1p(-high), 1) if high < 1 else 1)
        assert upper == pytest.approx(-20 / math.log1p(-low) if low > 0 else math.inf)


@pytest.mark.parametrize("confidence", [0.8, 0.95])
@pytest.mark.parametrize("method", ["wald", "score", "likelihood"])
def test_without_positive_wells_the_limit_is_what_chance_would_allow(method: str, confidence: float) -> None:
    table = wells([(10, 12, 0), (50, 6, 0)])
    estimate, lower, upper = one_in(table, method, confidence)
    assert estimate == upper == math.inf
    assert math.exp(-(12 * 10 + 6 * 50) / lower) == pytest.approx(1 - confidence)


@pytest.mark.parametrize("method", ["wald", "score", "likelihood"])
def test_without_empty_wells_the_limit_is_what_chance_would_allow(method: str) -> None:
    estimate, lower, upper = one_in(wells([(10, 12, 12), (50, 6, 6)]), method)
    assert estimate == lower == 1
    chance = (1 - math.exp(-10 / upper)) ** 12 * (1 - math.exp(-50 / upper)) ** 6
    assert chance == pytest.approx(0.05)


@pytest.mark.parametrize("positive", [0, 1, 6])
def test_firth_is_finite_where_all_wells_are_alike(positive: int) -> None:
    estimate, lower, upper = one_in(wells([(40, 6, positive)]), "firth")
    assert 1 < lower < estimate < upper < math.inf


def test_firth_at_one_dose_solves_its_equation() -> None:
    grid = np.linspace(-9, 1, 200_001)
    for positive in (0, 3, 6):
        table = wells([(40, 6, positive)])
        best = grid[(log_likelihood(table, grid) + np.log(information(table, grid)) / 2).argmax()]
        assert one_in(table, "firth")[0] == pytest.approx(math.exp(-best), rel=1e-3)


# brute force, and another program


@settings(max_examples=60, deadline=None)
@given(assays())
def test_estimates_and_intervals_are_those_of_the_likelihood_on_a_grid(table: pd.DataFrame) -> None:
    dose = table["cells_per_well"]
    grid = np.linspace(-math.log(dose.max()) - 12, -math.log(dose.min()) + 6, 40_001)
    told, known = log_likelihood(table, grid), information(table, grid)
    with np.errstate(divide="ignore"):
        penalised = told + np.log(known) / 2
    slope = np.gradient(told, grid)
    reach = stats.chi2.ppf(0.95, 1)
    found = elda(table).intervals().set_index("method")
    best, penalised_best = grid[told.argmax()], grid[penalised.argmax()]
    expected = {
        "likelihood": (best, *ends(2 * (told.max() - told) - reach, grid)),
        "firth": (penalised_best, *ends(2 * (penalised.max() - penalised) - reach, grid)),
    }
    with np.errstate(divide="ignore", invalid="ignore"):
        expected["score"] = (best, *ends(np.nan_to_num(slope**2 / known - reach, nan=np.inf, posinf=1e300), grid))
    half = math.sqrt(reach / np.interp(best, grid, known))
    expected["wald"] = (best, best - half, best + half)
    for method, (middle, low, high) in expected.items():
        numbers = np.maximum(np.exp([-middle, -high, -low]), 1)
        assert found.loc[method, NUMBERS].tolist() == pytest.approx(numbers.tolist(), rel=5e-3), method


def test_the_model_is_a_binomial_regression_with_offset() -> None:
    import statsmodels.api as sm

    table = limiting_dilution(seed=4, experiments=1).table
    family = sm.families.Binomial(sm.families.links.CLogLog())
    found = elda(table, group="group")
    offset = np.log(table["cells_per_well"])
    y = np.column_stack([table["wells_positive"], table["wells_tested"] - table["wells_positive"]])
    dummies = pd.get_dummies(table["group"]).astype(float)
    apart = sm.GLM(y, dummies, family=family, offset=offset).fit()
    assert found.summary()["estimate"].tolist() == pytest.approx(np.exp(-apart.params).tolist(), rel=1e-6)
    limits = np.exp(-apart.conf_int())
    assert found.summary()[["upper", "lower"]].to_numpy() == pytest.approx(limits.to_numpy(), rel=1e-6)
    together = sm.GLM(y, np.ones(len(table)), family=family, offset=offset).fit()
    assert found.difference.chi_square == pytest.approx(together.deviance - apart.deviance, rel=1e-6)
    steep = sm.GLM(y, dummies.assign(slope=offset), family=family).fit()
    wald, ratio = found.goodness_of_fit.iloc[0], found.goodness_of_fit.iloc[1]
    assert wald["slope"] == pytest.approx(steep.params["slope"], rel=1e-6)
    assert wald["statistic"] == pytest.approx((steep.params["slope"] - 1) / steep.bse["slope"], rel=1e-5)
    assert ratio["statistic"] ** 2 == pytest.approx(apart.deviance - steep.deviance, rel=1e-5)


def test_the_score_tests_are_slopes_of_the_likelihood_at_the_single_hit_fit() -> None:
    """Also where doses are so high that every well is positive for certain, and R's numbers go wrong."""
    table = wells([*WEB, (50_000, 12, 12)])
    log_f = -math.log(one_in(table)[0])
    dose, n, y = (table[c].to_numpy(float) for c in ("cells_per_well", "wells_tested", "wells_positive"))
    for test, variable in (("score (log dose)", np.log(dose)), ("score (dose)", dose)):
        hits = np.exp(log_f) * dose
        weight = n * hits**2 / np.expm1(np.minimum(hits, 700))
        from_mean = variable - (weight * variable).sum() / weight.sum()

        def at(effect: float, from_mean: np.ndarray = from_mean) -> float:
            hits = np.exp(log_f + effect * from_mean) * dose
            return float((special.xlogy(y, -np.expm1(-hits)) - (n - y) * hits).sum())

        h = 1e-4 if test == "score (log dose)" else 1e-7
        z = (at(h) - at(-h)) / (2 * h) / math.sqrt((weight * from_mean**2).sum())
        found = elda(table).goodness_of_fit.set_index("test")["statistic"]
        assert found[test] == pytest.approx(z, rel=1e-3)


# slopes


def test_the_slope_of_the_twin_is_found_and_named() -> None:
    doses = (5.0, 12, 30, 70, 160, 400)
    for cooperation, reading in ((2.0, "cooperating cells"), (0.5, "several kinds of cells or doses that differ")):
        table = limiting_dilution(seed=2, wells=96, cooperation=cooperation, experiments=1, doses=doses).table
        found = elda(table, group="group")
        assert set(found.slopes()["reading"]) == {reading}
        assert found.slopes()["slope"].mean() == pytest.approx(cooperation, rel=0.15)
        assert (found.goodness_of_fit["p"] < 1e-6).all()
        assert (np.sign(found.goodness_of_fit["statistic"]) == np.sign(cooperation - 1)).all()


def test_the_interval_of_the_slope_covers_and_single_hits_are_called_so() -> None:
    table = limiting_dilution(seed=5, experiments=300).table
    found = elda(table, group=["experiment", "group"]).slopes()
    share = (found["lower"] <= 1) & (found["upper"] >= 1)
    assert 0.935 < share.mean() < 0.965  # 900 slopes
    assert ((found["reading"] == "single hit") == share).all()
    assert ((found["p"] > 0.05) == share).all()


def test_cells_at_63_is_where_the_line_says_so() -> None:
    """At that many cells, the fitted line is at log(-log(0.37)) = 0; and with slope 1 it is one over the frequency."""
    table = limiting_dilution(seed=4, cooperation=1.6).table
    found = elda(table, group=["experiment", "group"])
    slopes = found.slopes().set_index("group")
    for name, wells_of in found.table.groupby("group"):
        slope = slopes.loc[name, "slope"]
        if np.isinf(slope):
            assert np.isnan(slopes.loc[name, "cells_at_63"])
            continue
        bent = wells_of.assign(cells_per_well=wells_of["cells_per_well"] ** slope)
        assert slopes.loc[name, "cells_at_63"] ** slope == pytest.approx(
            elda(bent).summary()["estimate"].item(), rel=1e-6
        )
    one_dose = wells([(20, 100, 63)])
    assert np.isnan(elda(one_dose).slopes()["cells_at_63"].item())


@pytest.mark.parametrize(
    ("rows", "slope", "reading"),
    [
        ([(10, 12, 5)], math.nan, "not estimable"),
        ([(10, 12, 0), (20, 12, 0)], math.nan, "not estimable"),
        ([(10, 12, 12), (20, 12, 12)], math.nan, "not estimable"),
        ([(10, 40, 0), (20, 40, 40)], math.inf, "cooperating cells"),
        ([(10, 12, 12), (20, 12, 4), (40, 12, 0)], -math.inf, "several kinds of cells or doses that differ"),
    ],
)
def test_slopes_at_the_edge(rows: list[tuple[float, int, int]], slope: float, reading: str) -> None:
    (row,) = elda(wells(rows)).slopes().to_dict("records")
    assert row["slope"] == pytest.approx(slope, nan_ok=True)
    assert row["reading"] == reading
    if math.isnan(slope):
        assert elda(wells(rows)).goodness_of_fit[["slope", "statistic", "p"]].isna().all(axis=None)


def test_limits_of_a_slope_are_where_the_profile_has_fallen() -> None:
    table = wells(WEB)
    (row,) = elda(table).slopes().to_dict("records")
    grid = np.linspace(-9, -3, 20_001)

    def profile(slope: float) -> float:
        middle = math.exp(np.log(table["cells_per_well"]).mean())
        bent = table.assign(cells_per_well=middle * (table["cells_per_well"] / middle) ** slope)
        return float(log_likelihood(bent, grid).max())

    for limit in ("lower", "upper"):
        assert 2 * (profile(row["slope"]) - profile(row[limit])) == pytest.approx(stats.chi2.ppf(0.95, 1), rel=1e-4)


# groups


def test_a_pair_is_tested_as_by_the_difference_of_two_groups() -> None:
    table = pd.concat([wells(WEB, "b"), wells([(d, n, min(n, y + 4)) for d, n, y in WEB], "a")])
    found = elda(table, group="group")
    (row,) = found.pairwise().to_dict("records")
    assert (row["group"], row["other"]) == ("a", "b")
    assert row["chi_square"] == pytest.approx(found.difference.chi_square, rel=1e-6)
    assert row["p"] == pytest.approx(found.difference.p, rel=1e-6)
    estimates = found.summary().set_index("group")["estimate"]
    assert row["fold"] == pytest.approx(estimates["b"] / estimates["a"])


def test_limits_of_a_fold_are_folds_that_the_test_just_rejects() -> None:
    one, other = wells(WEB, "a"), wells([(d, n, min(n, y + 2)) for d, n, y in WEB], "b")
    (row,) = elda(pd.concat([one, other]), group="group").pairwise().to_dict("records")
    for limit in (row["lower"], row["upper"]):
        moved = other.assign(cells_per_well=other["cells_per_well"] / limit)
        assert elda(pd.concat([one, moved]), group="group").difference.p == pytest.approx(0.05, rel=1e-4)


def test_pairs_with_wells_all_alike_have_one_end() -> None:
    table = pd.concat([wells([(10, 12, 0)], "a"), wells([(10, 12, 5)], "b"), wells([(10, 12, 12)], "c"),
                       wells([(20, 5, 0)], "d")])  # fmt: skip
    found = elda(table, group="group").pairwise().set_index(["group", "other"])
    assert found.loc[("a", "b"), "fold"] == 0 == found.loc[("a", "b"), "lower"]
    assert 0 < found.loc[("a", "b"), "upper"] < 1
    assert found.loc[("b", "c"), "fold"] == 0
    assert found.loc[("a", "c"), "upper"] < 0.1
    assert found.loc[("c", "d"), "fold"] == math.inf == found.loc[("c", "d"), "upper"]
    assert found.loc[("c", "d"), "lower"] > 1
    assert found.loc[("a", "d"), ["fold", "lower", "upper"]].isna().all()
    assert found.loc[("a", "d"), "p"] == 1


def test_pairs_are_adjusted_by_holms_method() -> None:
    from statsmodels.stats.multitest import multipletests

    found = elda(limiting_dilution(seed=1).table, group=["experiment", "group"]).pairwise()
    assert len(found) == 66
    assert found["p_holm"].to_numpy() == pytest.approx(multipletests(found["p"], method="holm")[1])


def test_one_group_has_nothing_to_compare() -> None:
    chi_square, df, p = elda(wells(WEB)).difference
    assert (chi_square, df) == (pytest.approx(0, abs=1e-9), 0)
    assert math.isnan(p)
    assert elda(wells(WEB)).pairwise().empty


def test_groups_are_named_by_one_column_or_several() -> None:
    table = limiting_dilution(seed=1).table
    assert elda(table).groups == ("all",)
    assert elda(table, group="group").groups == ("IGF1R-high", "NRP1-high", "unsorted")
    assert elda(table, group=["experiment", "group"]).groups[0] == "E1 IGF1R-high"


# invariances


@pytest.mark.parametrize("method", ALL)
def test_ten_times_the_cells_are_ten_times_the_number_that_holds_one(method: str) -> None:
    table = wells(WEB)
    scaled = one_in(table.assign(cells_per_well=10 * table["cells_per_well"]), method)
    assert scaled == pytest.approx([10 * x for x in one_in(table, method)])


def everything(found: Elda) -> list[pd.DataFrame]:
    return [found.intervals(), found.pairwise(), found.slopes(), found.goodness_of_fit, found.bootstrap(100)]


def test_neither_the_order_of_rows_nor_their_index_nor_splitting_them_matters() -> None:
    table = limiting_dilution(seed=3, experiments=1).table
    shuffled = table.sample(frac=1, random_state=1).set_index(np.zeros(len(table), dtype=int))
    half = table.assign(wells_tested=table["wells_tested"] // 2, wells_positive=table["wells_positive"] // 2)
    rest = table.assign(
        wells_tested=table["wells_tested"] - half["wells_tested"],
        wells_positive=table["wells_positive"] - half["wells_positive"],
    )
    as_is = everything(elda(table, group="group"))
    for other in (shuffled, pd.concat([half, rest]), table.assign(wells_tested=table["wells_tested"].map(float))):
        before = other.copy()
        for one, two in zip(as_is, everything(elda(other, group="group")), strict=True):
            pd.testing.assert_frame_equal(one, two)
        pd.testing.assert_frame_equal(other, before)


def test_rows_without_wells_are_left_out() -> None:
    assert one_in(wells([*WEB, (5000, 0, 0)])) == one_in(wells(WEB))


@pytest.mark.parametrize("method", ALL)
def test_extreme_doses_and_wells_do_not_break_the_fit(method: str) -> None:
    for rows in ([(1e-3, 3, 1), (1e7, 3, 3)], [(1, 100_000, 99_999)], [(1, 100_000, 1)], [(1e-6, 5, 2), (1e-5, 5, 5)]):
        found = elda(wells(rows)).frequencies(method)[["lower", "frequency", "upper"]].to_numpy()[0]
        assert np.isfinite(found).all(), rows
        assert (np.diff(found) > 0).all(), rows


# resampling, coverage, speed


def test_the_bootstrap_is_about_as_wide_as_the_likelihood_interval_where_wells_are_many() -> None:
    table = wells([(d, 40 * n, 40 * y) for d, n, y in WEB])
    (row,) = elda(table).bootstrap(4000).to_dict("records")
    estimate, lower, upper = one_in(table, "likelihood")
    assert row["estimate"] == pytest.approx(estimate)
    assert math.log(row["upper"] / row["lower"]) == pytest.approx(math.log(upper / lower), rel=0.06)
    assert elda(table).bootstrap(200, seed=3).equals(elda(table).bootstrap(200, seed=3))


def test_the_bootstrap_says_nothing_where_all_wells_are_alike() -> None:
    found = elda(wells([(10, 12, 0), (20, 12, 12)])).bootstrap(100)
    assert found[["lower", "upper"]].isna().all(axis=None)


def test_intervals_cover_with_a_usual_design() -> None:
    found = interval_coverage(frequency=1 / 133, doses=[5, 15, 45, 135, 405], wells=24, n=4000)
    assert found["coverage"].between(0.935, 0.965).all()
    assert found["coverage"].add(found["lower_misses"]).add(found["upper_misses"]).tolist() == pytest.approx([1] * 4)


def test_with_a_handful_of_wells_wald_misses_and_firth_holds() -> None:
    found = interval_coverage(frequency=0.01, doses=[10, 100, 1000], wells=3, n=4000).set_index("method")["coverage"]
    assert found["wald"] < 0.92 < 0.94 < found["firth"]


def test_coverage_is_that_of_the_intervals_one_by_one() -> None:
    plan = {"frequency": 0.02, "doses": [20, 60], "wells": [5, 9], "n": 200, "seed": 4}
    found = interval_coverage(**plan).set_index("method")
    drawn = np.random.default_rng(4).binomial([5, 9], -np.expm1(-0.02 * np.array([20, 60])), (200, 2))
    table = pd.concat([wells([(20, 5, a), (60, 9, b)], f"{i:03d}") for i, (a, b) in enumerate(drawn)])
    each = elda(table, group="group")
    for method in ALL:
        limits = each.summary(method)
        assert found.loc[method, "lower_misses"] == pytest.approx((limits["lower"] > 50).mean())
        assert found.loc[method, "upper_misses"] == pytest.approx((limits["upper"] < 50).mean())


def test_the_exact_interval_errs_on_the_safe_side() -> None:
    for frequency in (0.002, 0.01, 0.05):
        found = interval_coverage(frequency=frequency, doses=40, wells=10, methods=["exact"], n=4000)
        assert found["coverage"].item() >= 0.945


def test_a_hundred_groups_of_ten_doses_are_quick() -> None:
    rng = np.random.default_rng(1)
    dose = np.tile(np.geomspace(1, 1000, 10), 100)
    table = pd.DataFrame({"group": np.repeat(np.arange(100), 10), "cells_per_well": dose, "wells_tested": 24,
                          "wells_positive": rng.binomial(24, -np.expm1(-dose / 60))})  # fmt: skip
    elda(table.head(20), group="group").bootstrap(100)
    begin = time.process_time()
    found = elda(table, group="group")
    found.intervals()
    assert time.process_time() - begin < 1
    begin = time.process_time()
    found.bootstrap(1000)
    assert time.process_time() - begin < 3
    begin = time.process_time()
    interval_coverage(frequency=1 / 60, doses=np.geomspace(1, 1000, 10), wells=24)
    assert time.process_time() - begin < 1


# bad input


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"cells_per_well": 0}, r"Row 0 of the table has cells_per_well = 0.*: cells per well must be above 0"),
        ({"cells_per_well": -3}, "cells_per_well = -3.*must be above 0"),
        ({"cells_per_well": math.inf}, "cells_per_well = inf: it must be a number"),
        ({"wells_tested": "many"}, "wells_tested = many: it must be a number"),
        ({"wells_tested": 2.5}, "wells_tested = 2.5: wells are counted in whole numbers"),
        ({"wells_positive": -1}, "wells_positive = -1: a number of wells cannot be negative"),
        ({"wells_positive": 25}, r"wells_positive = 25: there cannot be more positive wells than tested ones"),
        ({"wells_positive": math.nan}, "wells_positive = nan: it must be a number"),
        ({"group": None}, "group = None: give it a name"),
        ({"wells_tested": 0, "wells_positive": 0}, "every row of the table has wells_tested = 0"),
    ],
)
def test_bad_wells_are_told_in_one_sentence(change: dict[str, object], message: str) -> None:
    table = wells([(50, 24, 2)]).astype(object).assign(**change)
    with pytest.raises(InputError, match=message) as told:
        elda(table, group="group")
    assert str(told.value).count(". ") == 0


def test_the_row_is_named() -> None:
    table = wells(WEB).set_index(pd.Index(["p", "q", "r", "s", "t"]))
    table.loc["s", "wells_positive"] = 30
    with pytest.raises(InputError, match="Row s of the table has wells_positive = 30"):
        elda(table)


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda t: elda(t, dose="cels_per_well"), r"no column 'cels_per_well'.*did you mean 'cells_per_well'"),
        (lambda t: elda(t.rename(columns={"wells_tested": "Wells_Tested"})), "did you mean 'Wells_Tested'"),
        (lambda t: elda(t, group="grup"), "did you mean 'group'"),
        (lambda t: elda(t.head(0)), "no rows"),
        (lambda t: elda(t, confidence=95), "confidence is 95"),
        (lambda t: elda(t).summary("wold"), r"no interval 'wold' \(did you mean 'wald'\?\)"),
        (lambda t: elda(t).summary("exact"), "for one dose, and all has 5"),
        (lambda t: elda(t).bootstrap(5), "resamples is 5"),
        (lambda t: interval_coverage(frequency=2, doses=[1], wells=3), "frequency is 2"),
        (lambda t: interval_coverage(frequency=0.1, doses=[0], wells=3), "must be above 0"),
        (lambda t: interval_coverage(frequency=0.1, doses=[1], wells=3.5), "whole numbers"),
        (lambda t: interval_coverage(frequency=0.1, doses=[1], wells=3, n=0), "simulate is 0"),
        (lambda t: interval_coverage(frequency=0.1, doses=[1, 2], wells=3, methods=["exact"]), "for one dose"),
    ],
)
def test_bad_requests_are_told_in_one_sentence(call: object, message: str) -> None:
    with pytest.raises(InputError, match=message) as told:
        call(wells(WEB))  # type: ignore[operator]
    assert str(told.value).count(". ") == 0

"""Estimators of survival against known truth, by hand, by invariances, and on bad input."""

import numpy as np
import pandas as pd
import pytest
from scipy import stats

from fxyd3.background import cox, hazard_over_time, kaplan_meier, log_rank, split_at
from fxyd3.errors import InputError


def exponential(rates: dict[str, float], n: int, seed: int, *, until: float = 6.0) -> pd.DataFrame:
    """Patients of groups with constant hazards, followed for different times, ``until`` at most."""
    rng = np.random.default_rng(seed)
    parts = []
    for name, rate in rates.items():
        event, left = rng.exponential(1 / rate, n), rng.uniform(until / 3, until, n)
        parts.append(pd.DataFrame({"time": np.minimum(event, left), "event": event <= left, "group": name}))
    return pd.concat(parts, ignore_index=True)


def test_kaplan_meier_by_hand() -> None:
    table = pd.DataFrame({"time": [1, 2, 2, 3, 4, 5], "event": [1, 1, 0, 0, 1, 0]})
    found = kaplan_meier(table, at=[0, 2, 4.5, 6])
    survival = dict(zip(found.curves["time"], found.curves["survival"], strict=True))
    assert survival[1] == pytest.approx(5 / 6)
    assert survival[2] == pytest.approx(5 / 6 * 4 / 5)  # who left at 2 was still at risk then
    assert survival[4] == pytest.approx(5 / 6 * 4 / 5 * 1 / 2)
    assert found.at_times["at_risk"].tolist() == [6, 5, 1, 0]
    assert np.isnan(found.at_times["survival"].iloc[-1])
    assert found.groups.loc[0, "median"] == 4


def test_the_interval_covers_the_truth_as_often_as_it_says() -> None:
    truth, held = np.exp(-0.3 * 2), []
    for seed in range(200):
        row = kaplan_meier(exponential({"a": 0.3}, 60, seed), at=[2]).at_times.iloc[0]
        held.append(row["lower"] <= truth <= row["upper"])
    low, high = stats.binom.interval(0.999, 200, 0.95)
    assert low <= sum(held) <= high


def test_a_wider_confidence_gives_a_wider_band() -> None:
    table = exponential({"a": 0.3}, 80, 1)
    narrow, wide = (kaplan_meier(table, at=[2], confidence=c).at_times.iloc[0] for c in (0.8, 0.99))
    assert wide["lower"] < narrow["lower"] < narrow["upper"] < wide["upper"]


def test_units_of_time_and_the_order_of_rows_do_not_matter() -> None:
    table = exponential({"a": 0.2, "b": 0.5}, 70, 2)
    other = table.sample(frac=1, random_state=1).assign(time=lambda t: t["time"] * 12)
    assert log_rank(table, by="group").p == pytest.approx(log_rank(other, by="group").p)
    ratios = [cox(each, covariates=["group"]).ratios["ratio"].item() for each in (table, other)]
    assert ratios[0] == pytest.approx(ratios[1], rel=1e-6)


def test_log_rank_keeps_its_level_and_finds_a_difference() -> None:
    null = [log_rank(exponential({"a": 0.3, "b": 0.3}, 50, seed), by="group").p for seed in range(200)]
    assert stats.binomtest(sum(p < 0.05 for p in null), 200, 0.05).pvalue > 0.001
    found = [log_rank(exponential({"a": 0.2, "b": 0.6}, 100, seed), by="group").p for seed in range(20)]
    assert max(found) < 0.01


def test_hazard_is_events_over_person_years() -> None:
    table = pd.DataFrame({"time": [0.5, 1.0, 1.5, 3.0], "event": [1, 0, 1, 0]})
    periods = hazard_over_time(table, bounds=[0, 1, 2, 4], split=2).periods
    assert periods["events"].tolist() == [1, 1, 0]
    assert periods["person_years"].tolist() == [3.5, 1.5, 1.0]
    np.testing.assert_allclose(periods["rate"], [1 / 3.5, 1 / 1.5, 0])
    assert periods["lower"].iloc[-1] == 0 < periods["upper"].iloc[-1]


def test_person_years_and_events_add_up_however_they_are_cut() -> None:
    table = exponential({"a": 0.3}, 90, 5)
    fine = hazard_over_time(table, bounds=[0, 0.5, 1, 2, 3, 4, 6], split=3).periods
    coarse = hazard_over_time(table, bounds=[0, 3, 6], split=3).periods
    for column in ("events", "person_years"):
        assert fine[column].sum() == pytest.approx(coarse[column].sum())
    assert coarse["person_years"].sum() == pytest.approx(table["time"].sum())


def test_the_exact_interval_of_a_rate_covers_and_that_of_a_ratio_does() -> None:
    rate, ratio = [], []
    for seed in range(200):
        found = hazard_over_time(exponential({"a": 0.3}, 40, seed), bounds=[0, 1, 6], split=1)
        rate.append(found.periods["lower"].iloc[0] <= 0.3 <= found.periods["upper"].iloc[0])
        ratio.append(found.ratios["lower"].item() <= 1 <= found.ratios["upper"].item())
    assert min(sum(rate), sum(ratio)) >= stats.binom.ppf(0.001, 200, 0.95)


def test_cox_finds_the_ratio_that_was_planted_and_covers_it() -> None:
    held, estimates = [], []
    for seed in range(100):
        row = cox(exponential({"a": 0.6, "b": 0.2}, 80, seed), covariates=["group"]).ratios.iloc[0]
        held.append(row["lower"] <= 3 <= row["upper"])
        estimates.append(np.log(row["ratio"]))
    assert np.mean(estimates) == pytest.approx(np.log(3), abs=0.08)
    low, high = stats.binom.interval(0.999, 100, 0.95)
    assert low <= sum(held) <= high


def test_the_check_speaks_where_hazards_cross_and_is_quiet_where_they_do_not() -> None:
    quiet = [cox(exponential({"a": 0.6, "b": 0.2}, 100, seed), covariates=["group"]).advice for seed in range(100)]
    assert stats.binomtest(sum(map(bool, quiet)), 100, 0.05).pvalue > 0.001
    rng = np.random.default_rng(1)
    late = np.where(rng.random(300) < 0.5, rng.exponential(0.5, 300), 6.0)  # half early, the others never
    crossing = pd.concat(
        [
            pd.DataFrame({"time": np.minimum(late, 6.0), "event": late < 6.0, "group": "a"}),
            exponential({"b": 0.25}, 300, 3),
        ],
        ignore_index=True,
    )
    found = cox(crossing, covariates=["group"])
    assert "changes with time" in found.advice
    early, after = (
        cox(period, covariates=["group"]).ratios["ratio"].item() for period in split_at(crossing, at=1.5).values()
    )
    assert early > 1 > after


def test_a_split_loses_no_event_and_no_time() -> None:
    table = exponential({"a": 0.3, "b": 0.3}, 60, 4)
    parts = split_at(table, at=2)
    assert sum(part["event"].sum() for part in parts.values()) == table["event"].sum()
    assert parts["early"]["time"].max() <= 2 < parts["late"]["time"].min()
    assert len(parts["early"]) == len(table)


def test_numbers_and_groups_are_told_apart() -> None:
    table = exponential({"a": 0.3, "b": 0.3, "c": 0.3}, 40, 4).assign(age=np.arange(120.0))
    found = cox(table, covariates=["group", "age"]).ratios
    assert found["covariate"].tolist() == ["a", "b", "age"]
    assert found["against"].tolist() == ["c", "c", "one less"]


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda t: kaplan_meier(t, by="nothing"), "no column 'nothing'"),
        (lambda t: kaplan_meier(t, confidence=1.0), "between 0 and 1"),
        (lambda t: kaplan_meier(t, at=[-1]), "negative"),
        (lambda t: kaplan_meier(t.iloc[:0]), "empty"),
        (lambda t: log_rank(t.assign(group="a"), by="group"), "one group only"),
        (lambda t: hazard_over_time(t, bounds=[0, 2, 1], split=2), "must rise"),
        (lambda t: hazard_over_time(t, bounds=[0, 2, 4], split=3), "no inner bound"),
        (lambda t: cox(t, covariates=[]), "no covariates"),
        (lambda t: cox(t.assign(x=1.0), covariates=["x"]), "one value only"),
        (lambda t: cox(t.assign(event=t["event"] & (t["group"] == "a")), covariates=["group"]), "does not settle"),
        (lambda t: split_at(t, at=100), "late period"),
    ],
)
def test_bad_input_gets_one_sentence(call: object, message: str) -> None:
    with pytest.raises(InputError, match=message) as stopped:
        call(exponential({"a": 0.3, "b": 0.3}, 20, 1))
    assert "\n" not in str(stopped.value)

"""Simulated recurrence against its own truth and against closed forms."""

from __future__ import annotations

import json
import math
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd
import pytest
from statsmodels.duration.hazard_regression import PHReg
from statsmodels.duration.survfunc import SurvfuncRight

from fxyd3.data.simulate import DIALS
from fxyd3.data.simulate.recurrence import recurrence_times
from fxyd3.errors import InputError

if TYPE_CHECKING:
    from pathlib import Path

    from fxyd3.data.simulate.assay import Assay


@pytest.fixture(scope="module")
def many() -> Assay:
    return recurrence_times(seed=3, patients=20_000)


def test_default_event_free_shares_are_the_published_ones() -> None:
    shares = recurrence_times().truth["event_free"]
    assert shares["pCR"]["7"] == pytest.approx(0.859)
    assert shares["residual"]["7"] == pytest.approx(0.497)


@pytest.mark.parametrize("response", ["pCR", "residual"])
def test_kaplan_meier_finds_the_planted_shares(many: Assay, response: str) -> None:
    mine = many.table[many.table["response"] == response]
    curve = SurvfuncRight(mine["years"], mine["event"])
    for year, share in many.truth["event_free"][response].items():
        last = np.searchsorted(curve.surv_times, float(year), side="right") - 1
        assert abs(curve.surv_prob[last] - share) < 4 * curve.surv_prob_se[last]


def test_hazards_are_proportional_and_peak_early(many: Assay) -> None:
    """Events per patient-year in each span of years are the planted hazards."""
    base = many.truth["baseline"]
    starts = base["from_year"]
    for response, ratio in (("pCR", 1.0), ("residual", many.truth["hazard_ratio"])):
        mine = many.table[many.table["response"] == response]
        for start, end, hazard in zip(starts, [*starts[1:], np.inf], base["hazard_per_year"], strict=True):
            events = mine.loc[(mine["years"] > start) & (mine["years"] <= end), "event"].sum()
            years = (mine["years"].clip(upper=end) - start).clip(lower=0).sum()
            assert abs(events - years * hazard * ratio) < 4 * math.sqrt(years * hazard * ratio)
    assert np.argmax(base["hazard_per_year"]) == 1


def test_follow_up_is_as_long_as_it_says(many: Assay) -> None:
    reverse = SurvfuncRight(many.table["years"], 1 - many.table["event"])
    assert reverse.quantile(0.5) == pytest.approx(many.truth["median_follow_up"], abs=0.1)
    assert many.table["years"].max() <= 8


def test_without_loss_all_are_followed_to_the_end() -> None:
    assay = recurrence_times(accrual=0, dropout=0, closing=5)
    assert assay.truth["median_follow_up"] == 5
    assert (assay.table.loc[assay.table["event"] == 0, "years"] == 5).all()
    assert (assay.table.loc[assay.table["event"] == 1, "years"] < 5).all()


def test_half_are_lost_at_the_half_life() -> None:
    truth = recurrence_times(accrual=0, closing=50, dropout=0.1).truth
    assert truth["median_follow_up"] == pytest.approx(math.log(2) / 0.1)


def test_fxyd3_is_known_in_residual_tumours_and_does_nothing(many: Assay) -> None:
    table = many.table
    assert (table["fxyd3_high"].isna() == (table["response"] == "pCR")).all()
    mine = table[table["response"] == "residual"]
    high = mine["fxyd3_high"].to_numpy(float)
    assert abs(high.mean() - 0.5) < 4 * 0.5 / math.sqrt(len(high))
    fit = PHReg(mine["years"], high[:, None], status=mine["event"]).fit()
    assert abs(fit.tvalues[0]) < 4


@pytest.mark.parametrize(("patients", "complete", "number"), [(390, 0.512, 200), (100, 0.25, 25), (10, 0.01, 1)])
def test_complete_responses_are_as_many_as_asked(patients: int, complete: float, number: int) -> None:
    assert (recurrence_times(patients=patients, complete=complete).table["response"] == "pCR").sum() == number


def test_null_patients_do_not_differ() -> None:
    assay = recurrence_times(seed=2, null=True, patients=20_000)
    assert assay.truth["log_hazard_ratio"] == 0
    assert assay.truth["event_free"]["pCR"] == assay.truth["event_free"]["residual"]
    table = assay.table
    fit = PHReg(table["years"], (table["response"] == "residual").to_numpy(float)[:, None], status=table["event"]).fit()
    assert abs(fit.tvalues[0]) < 4
    assert table["event"].mean() > 0.05


def test_the_dial_turns_recurrence() -> None:
    def relapsed(scale: float) -> float:
        table = recurrence_times(effect={"recurrence": scale}, patients=4000).table
        return float(table.loc[table["response"] == "residual", "event"].mean())

    assert relapsed(0) < relapsed(0.5) < relapsed(1) < relapsed(2)
    half = recurrence_times(effect={"recurrence": 0.5}).truth
    assert half["log_hazard_ratio"] == pytest.approx(DIALS["recurrence"].default / 2)
    # proportional hazards: the log of the event-free share, times the ratio
    assert half["event_free"]["residual"]["5"] == pytest.approx(
        recurrence_times().truth["event_free"]["pCR"]["5"] ** half["hazard_ratio"]
    )


def test_same_seed_same_table(tmp_path: Path) -> None:
    one, same, other = recurrence_times(seed=1), recurrence_times(seed=1), recurrence_times(seed=2)
    pd.testing.assert_frame_equal(one.table, same.table)
    assert not one.table.equals(other.table)
    path = one.write(tmp_path)
    assert path.name == "recurrence-simulated.csv"
    assert json.loads(path.with_suffix(".json").read_text())["truth"] == one.truth
    pd.testing.assert_frame_equal(pd.read_csv(path, dtype={"fxyd3_high": "boolean"}), one.table)


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        ({"patients": 5}, "from 10"),
        ({"patients": 50.5}, "whole number"),
        ({"complete": 0}, "0.01 to 0.99"),
        ({"complete": "half"}, "'half'"),
        ({"accrual": -1}, "accrual is -1"),
        ({"accrual": 8}, "above 8"),
        ({"closing": 2}, "closing is 2"),
        ({"dropout": float("inf")}, "dropout is inf"),
        ({"effect": {"recurence": 1}}, "did you mean recurrence"),
        ({"null": True, "effect": {"recurrence": 1}}, "leave out"),
    ],
)
def test_impossible_patients_are_refused_in_one_sentence(arguments: dict[str, object], says: str) -> None:
    with pytest.raises(InputError, match=says) as caught:
        recurrence_times(**arguments)  # type: ignore[arg-type]
    assert "\n" not in str(caught.value)

"""Survival of the ancestral states: the truth of the twin, its null, the control, and what is said to be missing."""

import math
from types import SimpleNamespace

import numpy as np
import pandas as pd
import pytest
from scipy import stats

from fxyd3.claims import Interval, Verdict, decide, load_claims, t_interval
from fxyd3.data.simulate import twin
from fxyd3.data.simulate.cells import observations
from fxyd3.data.simulate.design import ANCESTRAL, STATES, design
from fxyd3.errors import InputError
from fxyd3.tolerance._evidence import evidence_residual, evidence_survival
from fxyd3.tolerance._size import cohorts
from fxyd3.tolerance._survival import (
    AncestralSurvival,
    _deal,
    ancestral_survival,
    log2_odds_ratio,
    state_survival,
)

OLD = tuple(np.array(STATES)[ANCESTRAL])
SEEDS = range(1, 201)


def counted(obs: pd.DataFrame) -> pd.DataFrame:
    """Unsorted tumour cells by their true state."""
    own = obs[(obs["fraction"] == "unsorted") & (obs["truth_type"] == "tumour")]
    own = own.rename(columns={"truth_state": "state"}).astype({"patient": str, "condition": str, "state": str})
    return own.groupby(["patient", "condition", "state"]).size().rename("cells").reset_index()


def of_twin(seed: int = 1, **options: object) -> pd.DataFrame:
    return counted(observations(design("book", seed=seed, **options)))  # type: ignore[arg-type]


def survival(table: pd.DataFrame, **options: object) -> AncestralSurvival:
    return ancestral_survival(table, ancestral=OLD, **options)  # type: ignore[arg-type]


@pytest.fixture(scope="module")
def table() -> pd.DataFrame:
    return of_twin()


@pytest.fixture(scope="module")
def found(table: pd.DataFrame) -> AncestralSurvival:
    return survival(table)


@pytest.mark.parametrize("null", [False, True])
def test_intervals_hold_what_the_twin_planted(null: bool) -> None:
    """Four patients with residual disease, about 200 tumour cells in each sample."""
    planted = 0.0 if null else math.log2(5)
    estimates, covered, controls, verdicts = [], [], [], []
    for seed in SEEDS:
        found = survival(of_twin(seed, null=null), seed=seed)
        assert (found.n, found.missing) == (4, "")
        assert found.interval is not None
        assert found.control is not None
        estimates.append(found.interval.estimate)
        covered.append(found.interval.lower <= planted <= found.interval.upper)
        controls.append(found.control.lower <= 0 <= found.control.upper)
        verdicts.append(decide(load_claims()["C4"], evidence_survival(found, scope="the twin")))
    assert stats.binomtest(sum(covered), len(SEEDS), 0.95).pvalue > 0.01
    assert stats.binomtest(sum(controls), len(SEEDS), 0.95).pvalue > 0.01
    assert abs(np.mean(estimates) - planted) < 3 * np.std(estimates) / math.sqrt(len(SEEDS))
    if null:
        assert verdicts.count(Verdict.SUPPORTED) <= stats.binom.ppf(0.999, len(SEEDS), 0.025)
    else:
        assert verdicts.count(Verdict.SUPPORTED) >= 0.95 * len(SEEDS)


def test_the_cells_of_the_twin_are_those_of_its_observations(table: pd.DataFrame) -> None:
    pd.testing.assert_frame_equal(counted(twin("tiny").obs), counted(observations(design("tiny"))))
    assert set(table["patient"]) == {f"P{i}" for i in range(1, 7)}


def test_complete_responders_are_left_out_by_name(found: AncestralSurvival) -> None:
    assert found.left_out.to_numpy().tolist() == [["P3", "before without after"], ["P6", "before without after"]]


def test_ratios_are_log_odds_ratios_with_half_a_cell(table: pd.DataFrame, found: AncestralSurvival) -> None:
    for row in found.per_patient.to_dict("records"):
        own = table[table["patient"] == row["patient"]]
        cells = own.groupby([own["condition"], own["state"].isin(OLD)])["cells"].sum()
        a, b = cells["after", True] + 0.5, cells["after", False] + 0.5
        c, d = cells["before", True] + 0.5, cells["before", False] + 0.5
        assert row["log2_ratio"] == pytest.approx(math.log2(a * d / (b * c)))
        half = 1.959964 * math.sqrt(1 / a + 1 / b + 1 / c + 1 / d) / math.log(2)
        assert (row["lower"], row["upper"]) == pytest.approx((row["log2_ratio"] - half, row["log2_ratio"] + half))
    assert found.interval == t_interval(found.per_patient["log2_ratio"])
    assert found.control == t_interval(found.dealt["log2_ratio"])


def test_the_odds_ratio_is_the_ratio_of_survival_whatever_is_read() -> None:
    alive = np.array([[200, 800], [150, 200]]) * 1000  # 75 and 25 percent survive
    assert log2_odds_ratio(alive)[0] == pytest.approx(math.log2(3), abs=1e-3)
    read = alive // np.array([[7], [2]])  # the samples are not read to the same depth
    assert log2_odds_ratio(read)[0] == pytest.approx(math.log2(3), abs=1e-3)


def test_states_against_all_others(table: pd.DataFrame) -> None:
    found = state_survival(table)
    assert found.table["state"].tolist() == sorted(STATES)
    for row in found.table.to_dict("records"):
        alone = ancestral_survival(table, ancestral=[row["state"]])
        assert alone.interval is not None
        assert (row["estimate"], row["lower"], row["upper"]) == pytest.approx(alone.interval)
        own = found.per_patient[found.per_patient["state"] == row["state"]]["log2_ratio"]
        assert row["p"] == pytest.approx(stats.ttest_1samp(own, 0).pvalue)
    p = np.sort(found.table["p"])
    assert np.sort(found.table["p_holm"]) == pytest.approx(np.minimum(np.maximum.accumulate(p * [5, 4, 3, 2, 1]), 1))
    told = found.summary().set_index("state")
    assert told["fold"].to_numpy() == pytest.approx(2 ** found.table["estimate"].to_numpy())
    assert (told.loc[list(OLD), "fold"] > 1).all()
    assert (found.n, found.missing, len(found.left_out)) == (4, "", 2)


def test_planted_odds_ratios_of_a_state_are_covered() -> None:
    """A state that rises from share p by a factor f has odds f whatever the others, in a patient without noise."""
    drawn = cohorts(np.random.default_rng(5), patients=5, simulations=1000, change=[2.0, 2.0, 0, 0, 0])
    both = np.stack([drawn[..., :2].sum(axis=-1), drawn[..., 2:].sum(axis=-1)], axis=-1)
    ratio = log2_odds_ratio(both)[..., 0]
    half = stats.t.ppf(0.975, 4) * ratio.std(axis=-1, ddof=1) / math.sqrt(5)
    assert 0.93 <= (np.abs(ratio.mean(axis=-1) - 2) <= half).mean() <= 0.97


def test_the_control_deals_the_cells_before_treatment_only(table: pd.DataFrame, found: AncestralSurvival) -> None:
    dead = table.assign(cells=table["cells"].where(table["condition"] == "before", 40))
    assert survival(dead).control == found.control
    assert survival(table, seed=2).control != found.control
    assert list(found.dealt["patient"]) == list(found.per_patient["patient"])


def test_deals_are_random_halves() -> None:
    """Their spread is that of hypergeometric halves, averaged over five deals, and their mean is nothing."""
    many = _deal(np.tile([60, 141], (4000, 1)), seed=3)
    assert abs(many.mean()) < 4 * many.std() / math.sqrt(4000)
    one = 2 / math.log(2) * math.sqrt(1 / 60 + 1 / 141)
    assert many.std() == pytest.approx(one / math.sqrt(5), rel=0.05)
    assert np.isfinite(_deal(np.array([[1, 20], [21, 0]]), seed=1)).all()


def test_neither_order_nor_split_rows_nor_names_of_states_matter(table: pd.DataFrame, found: AncestralSurvival) -> None:
    halves = pd.concat([table.assign(cells=table["cells"] // 2), table.assign(cells=-(-table["cells"] // 2))])
    joined = table.assign(state=np.where(table["state"].isin(OLD), "ancestral", "other"))
    for other in (survival(table.sample(frac=1, random_state=1)), survival(halves), ancestral_survival(joined)):
        assert other.interval == pytest.approx(found.interval)
        assert other.control == pytest.approx(found.control)
        pd.testing.assert_frame_equal(other.per_patient, found.per_patient)
    single = ancestral_survival(joined, ancestral="ancestral")
    assert single.interval == pytest.approx(found.interval)


def test_names_of_patients_and_columns_do_not_matter(table: pd.DataFrame, found: AncestralSurvival) -> None:
    other = table.assign(patient=table["patient"].map(lambda name: f"z{9 - int(name[1:])}"))
    other = other.replace({"before": "pre", "after": "post"})
    other.columns = pd.Index(["who", "time", "kind", "n"])
    renamed = ancestral_survival(
        other, patient="who", condition="time", state="kind", count="n", ancestral=OLD, before="pre", after="post"
    )
    assert renamed.interval == pytest.approx(found.interval)
    assert renamed.left_out["why"].tolist() == ["pre without post"] * 2


def test_vanished_cells_give_a_finite_ratio_and_a_note(table: pd.DataFrame) -> None:
    gone = (table["condition"] == "after") & table["state"].isin(OLD)
    found = survival(table.assign(cells=table["cells"].mask(gone, 0)))
    assert np.isfinite(found.per_patient[["log2_ratio", "lower", "upper"]]).all(axis=None)
    assert found.interval is not None
    assert found.interval.upper < -3
    notes = state_survival(table[~gone]).table.set_index("state")["note"]
    assert notes[OLD[0]].startswith("no cells after in any patient, so that the 0.5 cells added decide")


def test_the_summary_is_in_folds(found: AncestralSurvival) -> None:
    told = found.summary()
    assert list(told) == ["what", "patients", "fold", "lower", "upper"]
    assert told["patients"].tolist() == [4, 4]
    assert found.interval is not None
    assert told.loc[0, ["fold", "lower", "upper"]].tolist() == pytest.approx([2**x for x in found.interval])


@pytest.mark.parametrize(
    ("change", "missing", "n"),
    [
        (lambda t: t[t["patient"] == "P1"], "three patients with 20 cells before and after: there are 1", 1),
        (lambda t: t[t["patient"] <= "P2"], "there are 2", 2),
        (lambda t: t[t["condition"] == "after"], "no 'before' in column 'condition': there are after", 0),
        (lambda t: t.replace(OLD[0], "Ancestral-secretary"), r"mean 'Ancestral-secretary'", 4),
        (lambda t: t[t["state"].isin(OLD)], "tumour cells in another state: all are ancestral", 0),
        (lambda t: t[~t["state"].isin(OLD) | (t["patient"] == "P3")], "ancestral cells in the patients with both", 0),
        (lambda t: t[t["state"].isin(OLD) | (t["patient"] == "P3")], "cells in another state in the patients with", 0),
    ],
)  # fmt: skip
def test_what_is_missing_is_said_and_the_rest_described(
    table: pd.DataFrame, change: object, missing: str, n: int
) -> None:
    found = survival(change(table))  # type: ignore[operator]
    assert pd.Series([found.missing]).str.contains(missing).all(), found.missing
    assert found.n == len(found.per_patient) == len(found.dealt) == n
    assert (found.interval is None) == (found.control is None) == (n < 2)
    assert len(found.summary()) == (0 if n < 2 else 2)
    evidence = evidence_survival(found, scope="all")
    assert decide(load_claims()["C4"], evidence) is Verdict.NOT_TESTABLE
    assert evidence.missing == found.missing
    state_survival(change(table)).summary()  # type: ignore[operator]


@pytest.mark.parametrize("call", [survival, state_survival])
@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"condition": "conditon"}, r"no column 'conditon' \(did you mean 'condition'\?\)"),
        ({"confidence": 0}, "confidence is 0"),
        ({"min_cells": -1}, "fewest cells of a sample are -1"),
    ],
)
def test_bad_requests_are_told_in_one_sentence(
    table: pd.DataFrame, call: object, options: dict[str, object], message: str
) -> None:
    with pytest.raises(InputError, match=message):
        call(table, **options)  # type: ignore[operator]
    with pytest.raises(InputError, match=r"holds -1 in row 1: give whole numbers of cells"):
        call(table.assign(cells=-1))  # type: ignore[operator]


def test_evidence_for_survival_is_over_patients(found: AncestralSurvival) -> None:
    evidence = evidence_survival(found, scope="unsorted tumour cells")
    assert (evidence.claim, evidence.unit, evidence.n) == ("C4", "patients", 4)
    assert (evidence.estimate, evidence.lower, evidence.upper) == found.interval
    assert evidence.control is not None
    assert (evidence.control.estimate, evidence.control.lower, evidence.control.upper) == found.control
    assert evidence.control.what == load_claims()["C4"].control.replace('"', "")
    assert decide(load_claims()["C4"], evidence) is Verdict.SUPPORTED
    stopped = evidence_survival(found, scope="all", missing="labels of the states")
    assert (stopped.estimate, stopped.missing) == (None, "labels of the states")


def test_evidence_for_residual_cells() -> None:
    found = SimpleNamespace(interval=Interval(1.5, 0.8, 2.2), control=Interval(0.0, -0.2, 0.2), n=5, missing="")
    evidence = evidence_residual(found, scope="tumour cells")
    assert (evidence.claim, evidence.unit, evidence.n) == ("C8", "patients", 5)
    assert decide(load_claims()["C8"], evidence) is Verdict.SUPPORTED
    assert evidence.control is not None
    assert evidence.control.what == load_claims()["C8"].control
    found.missing = "three patients"
    assert decide(load_claims()["C8"], evidence_residual(found, scope="")) is Verdict.NOT_TESTABLE


@pytest.mark.parametrize("make", [evidence_survival, evidence_residual])
def test_nothing_found_needs_a_reason(make: object) -> None:
    evidence = make(None, scope="all", missing="no cells after treatment")  # type: ignore[operator]
    assert (evidence.estimate, evidence.n, evidence.control) == (None, 0, None)
    with pytest.raises(InputError, match="say in `missing`"):
        make(None, scope="all")  # type: ignore[operator]

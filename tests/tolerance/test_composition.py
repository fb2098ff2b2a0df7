"""Change of composition: closed forms, an independent fit, size under the null, coverage, invariances, bad input."""

import time

import numpy as np
import pandas as pd
import pytest
from scipy import stats

from fxyd3.claims import t_interval
from fxyd3.errors import InputError
from fxyd3.tolerance._composition import (
    CompositionChange,
    chi_square_over_cells,
    composition_change,
    count_model,
    log_ratio_change,
    over_patients,
    student,
)
from fxyd3.tolerance._size import LEVEL, cohorts, null_rejections
from fxyd3.tolerance._survival import log2_odds_ratio

SIMULATIONS = 2000
KINDS = {
    "log-normal": {},
    "patients far apart": {"patient_sd": 1.0},
    "Dirichlet": {"concentration": 15.0, "patient_sd": 1.0},
}
PLANTED = np.array([2.3, 1.5, 0.0, 0.0, -1.0])
STATES = ["s1", "s2", "s3", "s4", "s5"]


def tidy(counts: np.ndarray) -> pd.DataFrame:
    """A table of one cohort, (patients, 2, states)."""
    index = pd.MultiIndex.from_product(
        [[f"P{i + 1}" for i in range(len(counts))], ["before", "after"], STATES[: counts.shape[-1]]],
        names=["patient", "condition", "state"],
    )
    return pd.Series(counts.ravel(), index=index, name="cells").reset_index()


@pytest.fixture(scope="module")
def counts() -> np.ndarray:
    return cohorts(np.random.default_rng(7), patients=5, simulations=1, change=PLANTED)[0]


@pytest.fixture(scope="module")
def found(counts: np.ndarray) -> CompositionChange:
    return composition_change(tidy(counts))


def most(simulations: int) -> int:
    """As many rejections as a test of the promised size has in all but one of 10,000 repeats."""
    return int(stats.binom.ppf(1 - 1e-4, simulations, LEVEL))


@pytest.mark.parametrize("patients", [3, 5, 10])
@pytest.mark.parametrize("kind", KINDS)
def test_tests_over_patients_keep_their_size_and_the_test_over_cells_does_not(patients: int, kind: str) -> None:
    null = cohorts(np.random.default_rng(patients), patients=patients, simulations=SIMULATIONS, **KINDS[kind])
    assert 200 <= null.sum(axis=-1).min() < 300  # unequal depth
    assert 4000 < null.sum(axis=-1).max() <= 5000
    for test in (log_ratio_change(null, 0.5), log2_odds_ratio(null)):
        rejected = (student(*over_patients(test)) < LEVEL).sum(axis=0)
        assert (rejected <= most(SIMULATIONS)).all()
        assert (rejected >= 0.03 * SIMULATIONS).all()  # and use what they are allowed
    assert ((student(*count_model(null, 0.5)) < LEVEL).sum(axis=0) <= most(SIMULATIONS)).all()
    assert ((chi_square_over_cells(null) < LEVEL).mean(axis=0) > 10 * LEVEL).all()


@pytest.mark.parametrize("patients", [3, 10])
def test_planted_changes_are_found_with_the_coverage_that_is_promised(patients: int) -> None:
    """On the scale on which samples vary: log for the log ratios, shares for the count model."""
    truth = PLANTED - PLANTED.mean()
    for noise, fit in (({}, None), ({}, count_model), ({"concentration": 60.0}, count_model)):
        drawn = cohorts(np.random.default_rng(11), patients=patients, simulations=1000, change=PLANTED, **noise)
        estimate, error, freedom = fit(drawn, 0.5) if fit else over_patients(log_ratio_change(drawn, 0.5))
        covered = (np.abs(estimate - truth) <= stats.t.ppf(0.975, freedom) * error).mean(axis=0)
        assert (covered >= 0.93).all()
        assert (covered <= (0.97 if fit is None else 0.985)).all()  # the count model is careful with few patients
        assert np.abs(estimate.mean(axis=0) - truth).max() < 0.08


def test_the_interval_is_students_over_patients(found: CompositionChange) -> None:
    for row in found.table.to_dict("records"):
        own = found.per_patient.loc[found.per_patient["state"] == row["state"], "change"]
        assert (row["change"], row["lower"], row["upper"]) == pytest.approx(t_interval(own))
        assert row["p"] == pytest.approx(stats.ttest_1samp(own, 0).pvalue)
    assert found.table["change"].sum() == pytest.approx(0)
    assert (found.n, found.missing, len(found.left_out)) == (5, "", 0)


def test_changes_are_logs_of_shares_less_their_mean(found: CompositionChange, counts: np.ndarray) -> None:
    logs = np.log2(counts + 0.5)
    centred = logs - logs.mean(axis=-1, keepdims=True)
    assert found.per_patient["change"].to_numpy() == pytest.approx((centred[:, 1] - centred[:, 0]).ravel())
    shares = counts / counts.sum(axis=-1, keepdims=True)
    assert found.table["before"].to_numpy() == pytest.approx(shares[:, 0].mean(axis=0))
    assert found.per_patient["after_share"].to_numpy() == pytest.approx(shares[:, 1].ravel())


def test_p_values_are_adjusted_over_states(found: CompositionChange) -> None:
    for start in ("", "count_"):
        p = np.sort(found.table[f"{start}p"])
        by_hand = np.minimum(np.maximum.accumulate(p * np.arange(len(p), 0, -1)), 1)
        assert np.sort(found.table[f"{start}p_holm"]) == pytest.approx(by_hand)


def test_without_overdispersion_the_count_model_is_a_log_linear_model() -> None:
    """Counts that agree too well to be overdispersed: the estimate is that of the Poisson model of statsmodels."""
    import statsmodels.api as sm

    share = np.array([[0.1, 0.2, 0.3, 0.4], [0.3, 0.2, 0.2, 0.3]])
    lean = np.array([[1.0, 1.5, 0.7, 1.0], [0.6, 1.0, 1.2, 1.0], [1.0, 1.0, 1.0, 1.4]])
    expected = share * lean[:, None] * np.array([[300, 500], [900, 400], [700, 2000]])[..., None]
    counts = np.rint(expected).astype(int)
    table = tidy(counts).assign(cells=(counts + 0.5).ravel())
    after = table["condition"] == "after"
    blocks = pd.DataFrame(
        {"ps": table["patient"] + table["state"], "pc": table["patient"].where(after, "-"),
         "cs": table["state"].where(after, "-")}
    )  # fmt: skip
    design = pd.get_dummies(blocks, dtype=float).drop(columns=["pc_-", "cs_-", "cs_s1"])
    fit = sm.GLM(table["cells"], design, family=sm.families.Poisson()).fit(tol=1e-12, maxiter=100)
    of_states = np.array([0.0, *fit.params[["cs_s2", "cs_s3", "cs_s4"]]]) / np.log(2)
    estimate, error, freedom = count_model(counts, 0.5)
    assert estimate == pytest.approx(of_states - of_states.mean(), abs=1e-5)
    assert (error < 0.05).all()
    assert ((freedom > 1) & (freedom <= 2)).all()


def test_with_patients_alike_the_count_model_is_the_paired_test() -> None:
    """Equal shares and depth: all patients weigh the same, with one degree of freedom less than patients."""
    shift = np.array([0.3, -0.3, 0.1, -0.1])
    half = np.array([1000 * np.exp(shift), 1000 * np.exp(-shift)])
    counts = np.rint(np.stack([half, half[::-1]], axis=-1).swapaxes(0, 1))  # mirrored states, so that totals agree
    estimate, error, freedom = count_model(counts, 0.5)
    mean, plain, degrees = over_patients(log_ratio_change(counts, 0.5))
    assert estimate == pytest.approx(mean, abs=1e-3)
    assert freedom == pytest.approx(degrees, rel=0.05)
    assert error == pytest.approx(plain, rel=0.1)


def test_leaving_out_one_patient_gives_the_error_of_the_count_model(counts: np.ndarray) -> None:
    without = np.array([count_model(np.delete(counts, i, axis=0), 0.5)[0] for i in range(len(counts))])
    estimate, error, freedom = count_model(counts, 0.5)
    jackknife = np.sqrt((len(counts) - 1) / len(counts) * ((without - estimate) ** 2).sum(axis=0))
    assert error == pytest.approx(jackknife, rel=0.3)  # one step towards each, with the overdispersion of all
    assert ((freedom > 1) & (freedom <= len(counts) - 1)).all()


def test_many_data_sets_at_once_give_what_each_gives() -> None:
    many = cohorts(np.random.default_rng(3), patients=4, simulations=6)
    for one, *all_at_once in zip(many, *count_model(many, 0.5), strict=True):
        for alone, together in zip(count_model(one, 0.5), all_at_once, strict=True):
            assert alone == pytest.approx(together, rel=1e-3, abs=1e-3)


def test_the_test_over_cells_is_pearsons_chi_square(found: CompositionChange, counts: np.ndarray) -> None:
    pooled = counts.sum(axis=0)
    for i, p in enumerate(found.table["cells_p"]):
        square = np.stack([pooled[:, i], pooled.sum(axis=1) - pooled[:, i]])
        assert p == pytest.approx(stats.chi2_contingency(square, correction=False).pvalue)


def test_agreement_is_of_signs_and_intervals(found: CompositionChange) -> None:
    table = found.table
    assert (table["same_sign"] == (table["change"] * table["count_change"] > 0)).all()
    meet = np.maximum(table["lower"], table["count_lower"]) <= np.minimum(table["upper"], table["count_upper"])
    assert (table["overlap"] == meet).all()
    assert table["same_sign"][np.abs(PLANTED - PLANTED.mean()) > 0.5].all()


def test_one_patient_apart_makes_the_two_disagree() -> None:
    """Eight small samples fall, a large one rises: patients weigh the same in one, and by their cells in the other."""
    counts = np.array([[[60, 40], [50, 50]]] * 8 + [[[4000, 4000], [4300, 3700]]])
    table = composition_change(tidy(counts)).table.set_index("state")
    assert table.loc["s1", "change"] < 0
    assert table.loc["s1", "count_change"] > table.loc["s1", "change"]


def test_neither_order_nor_names_nor_split_rows_matter(counts: np.ndarray, found: CompositionChange) -> None:
    table = tidy(counts)
    halves = pd.concat([table.assign(cells=table["cells"] // 2), table.assign(cells=-(-table["cells"] // 2))])
    renamed = table.rename(columns={"patient": "who", "cells": "n"}).astype({"state": "category"})
    renamed["who"] = renamed["who"].map(lambda name: f"z{9 - int(name[1:])}")
    others = (
        composition_change(table.sample(frac=1, random_state=1)),
        composition_change(halves),
        composition_change(renamed.replace({"before": "pre", "after": "post"}), patient="who", count="n", before="pre",
                           after="post"),
    )  # fmt: skip
    for other in others:
        pd.testing.assert_frame_equal(other.table, found.table, rtol=1e-4)


def test_rows_of_zero_and_other_conditions_change_nothing(counts: np.ndarray, found: CompositionChange) -> None:
    table = tidy(counts)
    more = pd.DataFrame(
        {"patient": ["P1", "P2"], "condition": ["before", "relapse"], "state": ["s1", "s9"], "cells": [0, 99]}
    )
    pd.testing.assert_frame_equal(composition_change(pd.concat([table, more])).table, found.table)


def test_patients_without_both_conditions_are_named(counts: np.ndarray) -> None:
    table = tidy(cohorts(np.random.default_rng(2), patients=8, simulations=1)[0])
    table = table[~((table["patient"] == "P2") & (table["condition"] == "after"))]
    table = table[~((table["patient"] == "P3") & (table["condition"] == "before"))]
    few = (table["patient"] == "P5") & (table["condition"] == "after")
    table.loc[few, "cells"] = [3, 0, 4, 0, 0]
    table.loc[table["patient"] == "P7", "condition"] = "relapse"
    found = composition_change(table)
    why = found.left_out.set_index("patient")["why"].to_dict()
    assert why.keys() == {"P2", "P3", "P5", "P7"}
    assert (why["P2"], why["P3"]) == ("before without after", "after without before")
    assert why["P5"].startswith("too few cells: ")
    assert why["P5"].endswith("before, 7 after (20 needed)")
    assert why["P7"] == "neither before nor after"
    assert found.n == 4
    assert set(found.per_patient["patient"]) == {"P1", "P4", "P6", "P8"}
    assert composition_change(table, min_cells=7).n == 5


@pytest.mark.parametrize(("when", "rises"), [(1, False), (0, True)])
def test_a_state_without_cells_keeps_its_row_and_says_so(when: int, rises: bool) -> None:
    counts = cohorts(np.random.default_rng(4), patients=5, simulations=1)[0]
    counts[:, when, 3] = 0
    counts[:2, when, 4] = 0
    table = composition_change(tidy(counts)).table.set_index("state")
    name = ["before", "after"][when]
    assert table.loc["s4", "note"] == f"no cells {name} in any patient, so that the 0.5 cells added decide the change"
    assert table.loc["s5", "note"] == f"no cells {name} in 2 of 5 patients"
    assert (table.loc[["s1", "s2", "s3"], "note"] == "").all()
    numbers = table.select_dtypes("number")
    assert np.isfinite(numbers).all(axis=None)
    for start in ("", "count_"):
        assert (table.loc["s4", f"{start}lower"] > 0) == rises
        assert (table.loc["s4", f"{start}upper"] < 0) == (not rises)


def test_the_cells_added_move_small_counts_only(counts: np.ndarray, found: CompositionChange) -> None:
    other = composition_change(tidy(counts), pseudo=1.0).table
    assert np.abs(other["change"] - found.table["change"]).max() < 0.1
    counts = counts.copy()
    counts[:, 1, 0] = 0
    first, second = (composition_change(tidy(counts), pseudo=pseudo).table["change"][0] for pseudo in (0.5, 0.25))
    assert second - first == pytest.approx(-0.8, abs=0.05)  # half the cells: one log2 less, of five states


def test_the_summary_is_in_folds_and_percent(found: CompositionChange) -> None:
    told = found.summary()
    assert list(told) == [
        "state", "patients", "before", "after", "fold", "lower", "upper", "p", "count_fold", "count_lower",
        "count_upper", "count_p", "note",
    ]  # fmt: skip
    assert told["fold"].to_numpy() == pytest.approx(2 ** found.table["change"].to_numpy())
    assert told["before"].sum() == pytest.approx(100)
    assert told["p"].tolist() == found.table["p_holm"].tolist()


@pytest.mark.parametrize(
    ("change", "missing", "rows"),
    [
        (lambda t: t[t["patient"] == "P1"], "three patients with 20 cells before and after: there are 1", 5),
        (lambda t: t[t["patient"] <= "P2"], "there are 2", 5),
        (lambda t: t[t["condition"] == "before"], "no 'after' in column 'condition': there are before", 0),
        (lambda t: t.replace("after", "After"), r"no 'after' .*\(did you mean 'After'\?\): there are After, before", 0),
        (lambda t: t[t["state"] == "s1"], "two states or more: there is only 's1' in column 'state'", 1),
    ],
)  # fmt: skip
def test_what_is_missing_is_said_and_the_rest_described(
    counts: np.ndarray, change: object, missing: str, rows: int
) -> None:
    found = composition_change(change(tidy(counts)))  # type: ignore[operator]
    assert pd.Series([found.missing]).str.contains(missing).all(), found.missing
    assert len(found.table) == len(found.summary()) == rows
    if found.n == 1:
        assert found.table[["lower", "count_lower", "p", "p_holm"]].isna().all(axis=None)
        assert found.table["overlap"].isna().all()
        assert found.table["count_change"].tolist() == pytest.approx(found.table["change"].tolist())
    if found.n == 2:
        assert np.isfinite(found.table[["lower", "count_lower"]]).all(axis=None)


@pytest.mark.parametrize(
    ("change", "options", "message"),
    [
        (lambda t: t, {"state": "stat"}, r"no column 'stat' \(did you mean 'state'\?\): it has patient, condition"),
        (lambda t: t, {"state": "patient"}, "have the same name"),
        (lambda t: t, {"before": "after"}, "have the same name"),
        (lambda t: t.iloc[:0], {}, "has no rows"),
        (lambda t: t.assign(cells=0), {}, "'cells' is 0 in every row"),
        (lambda t: t.assign(cells=t["cells"].where(t.index != 2, -3)), {}, "holds -3 in row 3: give whole numbers"),
        (lambda t: t.assign(cells=t["cells"] + 0.5 * (t.index == 4)), {}, r"holds \d+\.5 in row 5"),
        (lambda t: t.assign(cells=t["cells"].astype(object).where(t.index != 1, "many")), {}, "holds many in row 2"),
        (lambda t: t.assign(state=t["state"].where(t.index > 1)), {}, "Column 'state' is empty in 2 rows"),
        (lambda t: t.assign(cells=t["cells"].where(t.index > 0)), {}, "Column 'cells' is empty in 1 rows"),
        (lambda t: t, {"confidence": 95}, "confidence is 95"),
        (lambda t: t, {"pseudo": 0}, "pseudo-count is 0: it must be above 0"),
        (lambda t: t, {"min_cells": 0}, "fewest cells of a sample are 0"),
    ],
)  # fmt: skip
def test_bad_input_is_told_in_one_sentence(
    counts: np.ndarray, change: object, options: dict[str, object], message: str
) -> None:
    with pytest.raises(InputError, match=message) as raised:
        composition_change(change(tidy(counts)), **options)  # type: ignore[arg-type, operator]
    assert str(raised.value).count(". ") == 0


def test_null_rejections_teach_that_cells_are_not_replicates() -> None:
    start = time.process_time()
    table = null_rejections(patients=6).set_index("test")
    assert time.process_time() - start < 2
    assert list(table.columns) == ["rejected", "lower", "upper"]
    assert (table["lower"] <= table["rejected"]).all()
    assert (table["rejected"] <= table["upper"]).all()
    patients, cells = table.iloc[:3], table.loc["chi-square, cells as replicates"]
    assert (patients["rejected"] <= most(400) / 400).all()
    assert cells["lower"] > 0.5
    exact = stats.beta.ppf(0.025, 400 * cells["rejected"], 401 - 400 * cells["rejected"])
    assert cells["lower"] == pytest.approx(exact)
    pd.testing.assert_frame_equal(null_rejections(patients=6), table.reset_index())
    assert not null_rejections(patients=6, seed=2).equals(table.reset_index())


@pytest.mark.parametrize("options", [{"patients": 1}, {"patients": 3, "simulations": 0}])
def test_too_little_to_simulate_is_refused(options: dict[str, int]) -> None:
    with pytest.raises(InputError, match="give at least 2 and 1"):
        null_rejections(**options)

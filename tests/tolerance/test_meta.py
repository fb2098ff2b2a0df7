"""Meta-analysis against closed forms, the formulas by hand, simulated studies, and every bad input."""

import numpy as np
import pandas as pd
import pytest
from scipy import optimize, stats

from fxyd3.claims import t_interval
from fxyd3.errors import InputError
from fxyd3.tolerance._meta import MetaAnalysis, meta_analysis


def studies(effects: list[float], errors: list[float] | float) -> pd.DataFrame:
    return pd.DataFrame({"study": [f"S{i}" for i in range(len(effects))], "log2fc": effects, "se": errors})


UNEQUAL = studies([0.8, -0.3, 1.9, 0.2, 1.1], [0.2, 0.35, 0.5, 0.15, 0.3])
ALIKE = studies([0.50, 0.52, 0.49, 0.51], [0.2, 0.3, 0.25, 0.4])


def test_with_equal_errors_the_interval_is_students() -> None:
    effects = [0.8, -0.3, 1.9, 0.2, 1.1]
    found = meta_analysis(studies(effects, 0.1))
    assert found.interval == pytest.approx(t_interval(effects), rel=1e-4)
    assert found.tau2 == pytest.approx(np.var(effects, ddof=1) - 0.01, rel=1e-4)
    assert found.fixed.estimate == pytest.approx(np.mean(effects))
    assert found.studies["weight"].tolist() == pytest.approx([20] * 5)


def test_all_numbers_by_hand() -> None:
    y, v, k = UNEQUAL["log2fc"].to_numpy(), UNEQUAL["se"].to_numpy() ** 2, 5

    def mean(tau2: float) -> tuple[float, np.ndarray]:
        w = 1 / (v + tau2)
        return (w * y).sum() / w.sum(), w

    def generalised(tau2: float) -> float:
        centre, w = mean(tau2)
        return float((w * (y - centre) ** 2).sum() - (k - 1))

    found = meta_analysis(UNEQUAL)
    tau2 = optimize.brentq(generalised, 0, 100, xtol=1e-12)
    assert found.tau2 == pytest.approx(tau2, rel=1e-4)
    centre, w = mean(tau2)
    scale = (w * (y - centre) ** 2).sum() / (k - 1)
    error = np.sqrt(max(1, scale) / w.sum())
    reach = stats.t.ppf(0.975, k - 1) * error
    assert found.interval == pytest.approx((centre, centre - reach, centre + reach), rel=1e-4)
    assert found.p == pytest.approx(2 * stats.t.sf(abs(centre) / error, k - 1), rel=1e-4)
    assert found.studies["weight"].to_numpy() == pytest.approx(100 * w / w.sum(), rel=1e-4)
    further = stats.t.ppf(0.975, k - 2) * np.sqrt(tau2 + error**2)
    assert found.prediction == pytest.approx((centre, centre - further, centre + further), rel=1e-4)
    fixed, w0 = mean(0)
    q = (w0 * (y - fixed) ** 2).sum()
    assert (found.q, found.q_p) == pytest.approx((q, stats.chi2.sf(q, k - 1)))
    assert found.i2 == pytest.approx(100 * (q - (k - 1)) / q)
    assert found.fixed == pytest.approx(
        (fixed, *(fixed + s * stats.norm.ppf(0.975) / np.sqrt(w0.sum()) for s in (-1, 1)))
    )
    assert found.studies["weight_fixed"].to_numpy() == pytest.approx(100 * w0 / w0.sum())
    assert found.missing == ""


def test_studies_that_agree_too_well_do_not_narrow_the_interval() -> None:
    found = meta_analysis(ALIKE)
    assert (found.tau2, found.i2) == (0, 0)
    w = 1 / ALIKE["se"] ** 2
    own = (w * (ALIKE["log2fc"] - found.interval.estimate) ** 2).sum() / 3
    assert own < 0.01  # the scale that would make the interval ten times narrower
    reach = stats.t.ppf(0.975, 3) / np.sqrt(w.sum())
    assert found.interval.upper - found.interval.estimate == pytest.approx(reach)
    assert found.interval.estimate == pytest.approx(found.fixed.estimate)


@pytest.mark.parametrize("seed", range(5))
def test_the_interval_is_never_narrower_than_that_of_the_fixed_effect(seed: int) -> None:
    rng = np.random.default_rng(seed)
    found = meta_analysis(studies(list(rng.normal(0, rng.choice([0.05, 1]), 6)), list(rng.uniform(0.05, 1, 6))))
    assert found.interval.upper - found.interval.lower > found.fixed.upper - found.fixed.lower
    assert found.prediction is not None
    assert found.prediction.upper > found.interval.upper


def coverage(low: float, high: float, n: int = 300) -> dict[str, float]:
    """Share of simulated analyses of six studies whose intervals hold the mean, or a further study."""
    rng = np.random.default_rng(3)
    hit = {"random": 0, "fixed": 0, "prediction": 0}
    for _ in range(n):
        errors = rng.uniform(low, high, 6)
        effects = 0.7 + rng.normal(0, 0.5, 6) + rng.normal(0, errors)
        found, further = meta_analysis(studies(list(effects), list(errors))), 0.7 + rng.normal(0, 0.5)
        assert found.prediction is not None
        hit["random"] += found.interval.lower <= 0.7 <= found.interval.upper
        hit["fixed"] += found.fixed.lower <= 0.7 <= found.fixed.upper
        hit["prediction"] += found.prediction.lower <= further <= found.prediction.upper
    return {name: count / n for name, count in hit.items()}


def test_intervals_hold_the_truth_as_often_as_they_say_and_that_of_the_fixed_effect_does_not() -> None:
    exact = coverage(0.01, 0.05)
    assert 0.925 <= exact["random"] <= 0.975
    assert 0.925 <= exact["prediction"] <= 0.985
    assert exact["fixed"] < 0.3


def test_with_large_errors_the_prediction_falls_short_as_its_notes_say() -> None:
    noisy = coverage(0.1, 0.6)
    assert 0.92 <= noisy["random"] <= 0.98
    assert 0.86 <= noisy["prediction"] <= 0.94


def test_one_out_is_the_analysis_of_the_others() -> None:
    found = meta_analysis(UNEQUAL)
    assert list(found.leave_one_out["left_out"]) == list(UNEQUAL["study"])
    for i, row in found.leave_one_out.iterrows():
        rest = meta_analysis(UNEQUAL.drop(index=i))
        assert (row["estimate"], row["lower"], row["upper"]) == pytest.approx(rest.interval)
        assert row["tau2"] == pytest.approx(rest.tau2)


def numbers(found: MetaAnalysis) -> np.ndarray:
    assert found.prediction is not None
    return np.array([*found.interval, *found.fixed, *found.prediction])


def test_order_names_and_units_do_not_matter() -> None:
    first = numbers(meta_analysis(UNEQUAL))
    mixed = UNEQUAL.sample(frac=1, random_state=1).rename(
        columns={"study": "contrast", "log2fc": "change", "se": "error"}
    )
    assert numbers(meta_analysis(mixed, study="contrast", effect="change", se="error")) == pytest.approx(first)
    scaled = UNEQUAL.assign(log2fc=UNEQUAL["log2fc"] * 3, se=UNEQUAL["se"] * 3)
    assert numbers(meta_analysis(scaled)) == pytest.approx(3 * first, rel=1e-4)
    turned = numbers(meta_analysis(UNEQUAL.assign(log2fc=-UNEQUAL["log2fc"])))
    assert turned == pytest.approx(-first[[0, 2, 1, 3, 5, 4, 6, 8, 7]])


def test_two_studies_describe_and_say_what_is_missing() -> None:
    found = meta_analysis(UNEQUAL[:2])
    assert found.missing == "three studies: there are 2"
    assert found.prediction is None
    assert found.leave_one_out.empty
    assert found.interval.upper - found.interval.estimate > 12 * 0.2
    assert list(found.summary()["what"]) == ["random effects (Hartung-Knapp)", "fixed effect"]


def test_absent_studies_are_named() -> None:
    found = meta_analysis(UNEQUAL, absent=["A", "B"])
    assert found.missing == "an estimate from 2 of 7 studies (A, B)"
    assert found.absent == ("A", "B")
    assert found.interval == meta_analysis(UNEQUAL).interval
    assert len(found.summary()) == 3


def test_a_higher_confidence_is_wider() -> None:
    assert meta_analysis(UNEQUAL, confidence=0.99).interval.lower < meta_analysis(UNEQUAL).interval.lower


@pytest.mark.parametrize(
    ("table", "options", "told"),
    [
        (UNEQUAL.assign(se=[0.1, 0, 0.1, 0.1, 0.1]), {}, "standard error of S1 is 0: it must be above 0"),
        (UNEQUAL.assign(se=[0.1, 0.1, -1, 0.1, 0.1]), {}, "standard error of S2 is -1"),
        (UNEQUAL[:1], {}, "at least 2 studies: there is 1"),
        (UNEQUAL.assign(log2fc=[0.1, np.nan, 1, 1, np.inf]), {}, "no effect with its standard error for S1, S4"),
        (UNEQUAL.assign(se=["a", 1, 1, 1, 1]), {}, "for S0"),
        (UNEQUAL, {"effect": "log2FC"}, r"no column 'log2FC' \(did you mean 'log2fc'\?\)"),
        (UNEQUAL, {"study": "paper"}, "no column 'paper'"),
        (UNEQUAL.assign(study="S"), {}, "The study S stands twice"),
        (UNEQUAL, {"confidence": 95}, "confidence is 95"),
    ],
)
def test_bad_input_is_told_in_one_sentence(table: pd.DataFrame, options: dict[str, object], told: str) -> None:
    with pytest.raises(InputError, match=told):
        meta_analysis(table, **options)  # type: ignore[arg-type]

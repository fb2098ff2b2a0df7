"""How many replicates a verdict would need, against closed forms and an independent program."""

import math

import numpy as np
import pytest
from scipy import stats
from statsmodels.stats.power import TTestPower
from tests.claims.conftest import Make

from fxyd3.claims import Control, Verdict, chances, decide, load_claims, replicates_needed, spread, t_interval
from fxyd3.errors import InputError

C3 = load_claims()["C3"]  # greater: null 0, smallest 0.5


def test_the_spread_is_that_of_the_replicates(make: Make) -> None:
    values = np.array([0.2, 0.9, 1.4, 0.7, 1.1])
    found = spread(make(*t_interval(values), n=5))
    assert found.estimate == pytest.approx(values.std(ddof=1))
    assert found.lower < found.estimate < found.upper


def test_the_limits_of_the_spread_hold_as_often_as_they_say(make: Make) -> None:
    random = np.random.default_rng(3)
    held = [(s := spread(make(*t_interval(random.normal(1, 2, 6)), n=6))).lower < 2 < s.upper for _ in range(1500)]
    assert stats.binomtest(sum(held), 1500, 0.95).pvalue > 1e-3


def test_chances_are_those_of_the_noncentral_t_where_only_the_interval_decides(make: Make) -> None:
    """With an effect far above the smallest of interest the mean reaches it for sure; what is left is a t test."""
    effect, sd, n = 3.0, 3.2, 5
    exact = stats.nct.sf(stats.t.ppf(0.975, n - 1), n - 1, effect / sd * math.sqrt(n))
    assert exact == pytest.approx(TTestPower().power(effect / sd, n, 0.025, alternative="larger"), abs=1e-6)
    reached = stats.norm.sf(0.5, effect, sd / math.sqrt(n))
    found = chances(make(0.8, 0.5, 1.1), n, effect=effect, sd=sd)
    assert exact + reached - 1 - 0.02 < found[Verdict.SUPPORTED] < exact + 0.02
    assert sum(found.values()) == pytest.approx(1)


def test_chances_equal_those_of_studies_drawn_value_by_value(make: Make) -> None:
    random = np.random.default_rng(8)
    evidence = make(0.8, 0.5, 1.1)
    said = [decide(C3, make(*t_interval(random.normal(0.7, 0.5, 7)), n=7, control=None)) for _ in range(3000)]
    found = chances(evidence, 7, effect=0.7, sd=0.5)
    for verdict, share in found.items():
        assert share == pytest.approx(said.count(verdict) / 3000, abs=0.04), verdict


@pytest.mark.parametrize("effect", [0.0, 0.9])
def test_the_number_is_the_first_that_is_enough(make: Make, effect: float) -> None:
    evidence = make(0.8, -0.1, 1.7)
    right = Verdict.SUPPORTED if effect else Verdict.CONTRADICTED
    n = replicates_needed(evidence, effect=effect, sd=0.8)
    assert n is not None
    assert chances(evidence, n, effect=effect, sd=0.8)[right] >= 0.8
    assert chances(evidence, n - 1, effect=effect, sd=0.8)[right] < 0.8
    if right is Verdict.CONTRADICTED:
        exact = TTestPower().solve_power(0.5 / 0.8, alpha=0.025, power=0.8, alternative="larger")
        assert n == pytest.approx(exact, abs=1.5), "to refute is a one-sided t test against the smallest effect"


def test_more_spread_needs_more_and_the_edge_is_never_decided(make: Make) -> None:
    evidence = make(0.8, -0.1, 1.7)
    needed = [replicates_needed(evidence, effect=1.0, sd=sd) for sd in (0.3, 0.8, 2.0)]
    assert needed == sorted(needed, key=lambda n: n or 0)
    assert needed[0] != needed[2]
    assert replicates_needed(evidence, effect=0.5, sd=0.8) is None, "half the studies fall short of the smallest effect"


@pytest.mark.parametrize(
    ("evidence", "said"),
    [
        ({"missing": "three patients"}, "not testable"),
        ({"claim": "C2", "unit": "subsamples"}, "no independent replicates"),
        ({"n": 1}, "two replicates"),
        ({"control": Control("random genes", 0.8, 0.6, 1.0)}, "negative control"),
    ],
)
def test_what_cannot_be_planned_says_why(make: Make, evidence: dict[str, object], said: str) -> None:
    with pytest.raises(InputError, match=said):
        spread(make(0.8, 0.5, 1.1, **evidence))


def test_impossible_studies_are_refused(make: Make) -> None:
    evidence = make(0.8, 0.5, 1.1)
    with pytest.raises(InputError, match="at least 2 replicates"):
        chances(evidence, 1, effect=1, sd=1)
    with pytest.raises(InputError, match="at least 2 replicates"):
        chances(evidence, 4, effect=1, sd=0)
    with pytest.raises(InputError, match="between 0 and 1"):
        replicates_needed(evidence, effect=1, sd=1, power=1)
    with pytest.raises(InputError, match="no number of replicates"):
        replicates_needed(make(5, 5, 5, claim="C2", unit="subsamples"), effect=5, sd=1)

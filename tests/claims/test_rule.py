"""The decision rule, by its properties."""

import dataclasses

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from fxyd3.claims import Claim, Control, Evidence, Verdict, decide, load_claims
from fxyd3.claims.claim import Equal, Greater
from fxyd3.claims.rule import control_passes
from fxyd3.errors import InputError

CLAIMS = load_claims()
GREATER = [claim for claim in CLAIMS.values() if isinstance(claim.rule, Greater)]
DECIDABLE = [claim for claim in CLAIMS.values() if claim.id != "C9"]

numbers = st.floats(-10, 10).map(lambda x: round(x, 3))
sizes = st.floats(0, 10).map(lambda x: round(x, 3))
intervals = st.lists(numbers, min_size=3, max_size=3).map(sorted)


def evidence(claim: Claim, interval: list[float], control: list[float] | None = None, missing: str = "") -> Evidence:
    lower, estimate, upper = interval
    sham = Control("sham", control[1], control[0], control[2]) if control else None
    return Evidence(claim.id, estimate, lower, upper, 6, claim.unit, "method", "scope", sham, missing)


@pytest.mark.parametrize(
    ("name", "interval", "verdict"),
    [
        ("C3", (0.2, 0.8, 1.4), "supported"),
        ("C3", (0.2, 0.5, 1.4), "supported"),
        ("C3", (0.1, 0.49, 0.9), "inconclusive"),
        ("C3", (0.0, 0.8, 1.6), "inconclusive"),
        ("C3", (-0.2, 0.1, 0.49), "contradicted"),
        ("C3", (0.1, 0.3, 0.49), "contradicted"),
        ("C3", (-0.2, 0.1, 0.5), "inconclusive"),
        ("C3", (-2.0, -1.0, -0.5), "contradicted"),
        ("C5", (0.51, 0.7, 0.8), "supported"),
        ("C5", (0.5, 0.7, 0.8), "inconclusive"),
        ("C5", (0.4, 0.5, 0.6), "contradicted"),
        ("C2", (5, 5, 5), "supported"),
        ("C2", (4.5, 5, 5.5), "supported"),
        ("C2", (4, 5, 5), "inconclusive"),
        ("C2", (3, 4, 4), "contradicted"),
        ("C2", (6, 6, 7), "contradicted"),
        ("C2", (3, 7, 9), "inconclusive"),
        ("C9", (0.2, 0.8, 1.4), "not testable"),
    ],
)
def test_known_cases(name: str, interval: tuple[float, float, float], verdict: str) -> None:
    assert decide(CLAIMS[name], evidence(CLAIMS[name], list(interval))) == verdict


@given(st.sampled_from(DECIDABLE), intervals)
def test_evidence_gets_exactly_one_verdict_as_the_design_words_it(claim: Claim, interval: list[float]) -> None:
    lower, estimate, upper = interval
    match claim.rule:
        case Greater(null=null, smallest=smallest):
            said = {"supported": lower > null and estimate >= smallest, "contradicted": upper < smallest}
        case Equal(target=target, margin=margin):
            inside, outside = abs(lower - target) <= margin >= abs(upper - target), (upper, lower)
            said = {"supported": inside, "contradicted": outside[0] < target - margin or outside[1] > target + margin}
    assert not (said["supported"] and said["contradicted"])
    expected = next((verdict for verdict, true in said.items() if true), "inconclusive")
    assert decide(claim, evidence(claim, interval)) == expected


@given(st.sampled_from(GREATER), intervals, sizes)
def test_shifting_upward_never_makes_a_claim_worse(claim: Claim, interval: list[float], by: float) -> None:
    order = [Verdict.CONTRADICTED, Verdict.INCONCLUSIVE, Verdict.SUPPORTED]
    before = decide(claim, evidence(claim, interval))
    after = decide(claim, evidence(claim, [x + by for x in interval]))
    assert order.index(after) >= order.index(before)


@given(st.sampled_from(DECIDABLE), intervals, sizes, sizes)
def test_a_wider_interval_decides_nothing_more(claim: Claim, interval: list[float], down: float, up: float) -> None:
    lower, estimate, upper = interval
    before = decide(claim, evidence(claim, interval))
    after = decide(claim, evidence(claim, [lower - down, estimate, upper + up]))
    assert after in (before, Verdict.INCONCLUSIVE)


@given(st.sampled_from(DECIDABLE), intervals, intervals)
def test_a_control_that_passes_blocks_support_and_nothing_else(
    claim: Claim, interval: list[float], control: list[float]
) -> None:
    alone, with_control = (decide(claim, evidence(claim, interval, sham)) for sham in (None, control))
    passes = decide(claim, evidence(claim, control)) is Verdict.SUPPORTED
    assert control_passes(claim, evidence(claim, interval, control)) == passes
    blocked = passes and alone is Verdict.SUPPORTED
    assert with_control == (Verdict.INCONCLUSIVE if blocked else alone)


@given(st.sampled_from(DECIDABLE), intervals, intervals, st.integers(-6, 6))
def test_the_unit_of_measurement_does_not_matter(
    claim: Claim, interval: list[float], control: list[float], power: int
) -> None:
    factor = 2.0**power  # a power of two, so that scaling rounds nothing
    rule = claim.rule.model_copy(
        update={name: value * factor for name, value in claim.rule.model_dump(exclude={"kind"}).items()}
    )
    scaled = evidence(claim, [x * factor for x in interval], [x * factor for x in control])
    assert decide(claim.model_copy(update={"rule": rule}), scaled) == decide(claim, evidence(claim, interval, control))


@given(st.sampled_from(list(CLAIMS.values())), intervals)
def test_missing_data_are_never_a_verdict(claim: Claim, interval: list[float]) -> None:
    assert decide(claim, evidence(claim, interval, missing="needs 3 patients")) is Verdict.NOT_TESTABLE
    nothing = Evidence(claim.id, None, None, None, 0, claim.unit, "method", "scope", missing="needs 3 patients")
    assert decide(claim, nothing) is Verdict.NOT_TESTABLE


@given(st.sampled_from(DECIDABLE), intervals, st.integers(0, 50), st.floats(0.5, 0.999))
def test_only_the_numbers_decide(claim: Claim, interval: list[float], n: int, confidence: float) -> None:
    assume(n != 6)
    found = evidence(claim, interval)
    other = dataclasses.replace(found, n=n, confidence=confidence, method="another", scope="other")
    assert decide(claim, other) == decide(claim, found)


def test_evidence_for_another_claim_is_refused() -> None:
    with pytest.raises(InputError, match="C3 cannot decide C5"):
        decide(CLAIMS["C5"], evidence(CLAIMS["C3"], [0.1, 0.6, 0.9]))


def test_every_verdict_has_its_own_sign() -> None:
    assert len({verdict.icon for verdict in Verdict}) == len(Verdict) == 4

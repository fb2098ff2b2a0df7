"""Evidence that cannot be is refused; what a chapter found becomes evidence."""

import math
from dataclasses import dataclass

import pytest
from tests.claims.conftest import Make

from fxyd3.claims import Control, Evidence, Interval
from fxyd3.errors import InputError


@pytest.mark.parametrize(
    ("numbers", "other", "said"),
    [
        ((0.5, 0.6, 1.0), {}, "in its interval"),
        ((0.5, 0.1, 0.4), {}, "in its interval"),
        ((math.nan, 0.1, 0.4), {}, "finite"),
        ((0.5, 0.1, math.inf), {}, "finite"),
        ((0.5, 0.1, 1.0), {"n": -1}, "negative"),
        ((0.5, 0.1, 1.0), {"confidence": 1.0}, "between 0 and 1"),
        ((0.5, 0.1, 1.0), {"confidence": 95}, "between 0 and 1"),
        ((0.5, 0.1, 1.0), {"claim": "c3"}, "did you mean 'C3'"),
        ((0.5, 0.1, 1.0), {"claim": "sorting"}, "C1, C2"),
        ((None, None, None), {}, "missing"),
        ((0.5, None, None), {}, "missing"),
        ((0.5, 0.1, None), {}, "missing"),
    ],
)
def test_impossible_evidence_is_refused(
    make: Make, numbers: tuple[float, float, float], other: dict[str, object], said: str
) -> None:
    with pytest.raises(InputError, match=said):
        make(*numbers, **other)


def test_an_impossible_control_is_refused() -> None:
    with pytest.raises(InputError, match="negative control"):
        Control("random genes", 1.0, 0.0, 0.5)


def test_numbers_may_describe_what_cannot_be_tested(make: Make) -> None:
    described: Evidence = make(0.8, None, None, n=1, missing="needs at least 3 patients")
    assert described.estimate == 0.8


def test_an_interval_may_be_a_point(make: Make) -> None:
    assert make(5.0, 5.0, 5.0, claim="C2").lower == 5.0


@dataclass
class Result:
    interval: Interval | None
    control: Interval | None
    n: int
    missing: str


def words(found: Result | None, missing: str = "") -> Evidence:
    return Evidence.of("C3", found, method="paired", control="random genes", scope="all cells", missing=missing)


def test_a_result_becomes_evidence_in_the_unit_of_the_claim() -> None:
    made = words(Result(Interval(0.8, 0.5, 1.1), Interval(0.0, -0.1, 0.1), 6, ""))
    assert (made.estimate, made.lower, made.upper, made.n, made.unit) == (0.8, 0.5, 1.1, 6, "patients")
    assert made.control == Control("random genes", 0.0, -0.1, 0.1)


@pytest.mark.parametrize("said_by", ["result", "chapter"])
def test_what_lacks_something_keeps_no_numbers(said_by: str) -> None:
    lacks = "three patients"
    found = Result(Interval(0.8, 0.5, 1.1), None, 2, lacks if said_by == "result" else "")
    made = words(found, "" if said_by == "result" else lacks)
    assert (made.estimate, made.lower, made.upper, made.n, made.missing) == (None, None, None, 2, lacks)


def test_no_result_needs_a_reason() -> None:
    assert words(None, "needs cells").n == 0
    with pytest.raises(InputError, match="what the data lack"):
        words(None)

"""Does an analysis find what the twin planted, and nothing where it planted nothing?"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from scipy.stats import binomtest

from fxyd3.claims import Evidence, Verdict, decide, load_claims, t_interval

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable


@dataclass(frozen=True)
class Found:
    """An estimate with its 95% interval, and the planted value."""

    estimate: float
    lower: float
    upper: float
    truth: float

    @property
    def covers(self) -> bool:
        """Whether the planted value lies inside the interval."""
        return self.lower <= self.truth <= self.upper


@dataclass(frozen=True)
class Recovery:
    """One planted quantity and a standard estimator of it: ``measure(seed, null)`` simulates and estimates once."""

    what: str  # "stem-cell frequency, sorted to unsorted"
    unit: str  # "log2 ratio"
    estimator: str  # "binomial regression, complementary log-log link"
    measure: Callable[[int, bool], Found]
    claim: str = ""  # whose decision rule is counted on the null twins; empty: none


def over_units(values: Iterable[float], truth: float) -> Found:
    """Return the mean over experiments, plates or patients with its t interval."""
    return Found(*t_interval(values), truth)


def coverage(check: Recovery, n: int, *, first_seed: int = 1) -> dict[str, float | int | str]:
    """Count over ``n`` twins how often the interval holds the planted value, and how far off the estimates are."""
    found = [check.measure(seed, False) for seed in range(first_seed, first_seed + n)]
    inside = sum(f.covers for f in found)
    interval = binomtest(inside, n).proportion_ci(method="wilson")
    return {
        "what": check.what,
        "unit": check.unit,
        "estimator": check.estimator,
        "twins": n,
        "covered": inside / n,
        "covered_low": interval.low,
        "covered_high": interval.high,
        "bias": sum(f.estimate - f.truth for f in found) / n,
    }


def supported_on_null(check: Recovery, n: int, *, first_seed: int = 1) -> int:
    """Count over ``n`` null twins how often the claim's rule, without its negative control, says supported."""
    claim = load_claims()[check.claim]
    found = (check.measure(seed, True) for seed in range(first_seed, first_seed + n))
    evidence = (Evidence(claim.id, f.estimate, f.lower, f.upper, 1, claim.unit, check.estimator, "") for f in found)
    return sum(decide(claim, each) is Verdict.SUPPORTED for each in evidence)

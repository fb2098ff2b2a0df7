"""Evidence to test with."""

from collections.abc import Callable

import pytest

from fxyd3.claims import Control, Evidence

Make = Callable[..., Evidence]


@pytest.fixture(scope="session")
def make() -> Make:
    """``make(estimate, lower, upper)`` is valid evidence for C3; anything can be given another value."""

    def evidence(estimate: float | None, lower: float | None, upper: float | None, **other: object) -> Evidence:
        fields = {
            "claim": "C3", "n": 6, "unit": "patients", "method": "t interval over patients",
            "scope": "sorted cells, before treatment", "control": Control("random genes", 0.0, -0.1, 0.1),
        }  # fmt: skip
        return Evidence(estimate=estimate, lower=lower, upper=upper, **fields | other)  # type: ignore[arg-type]

    return evidence

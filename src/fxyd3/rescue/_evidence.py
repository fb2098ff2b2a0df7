"""What this chapter found, in the form that the claims are judged by."""

from typing import Protocol

from fxyd3.claims import Control, Evidence, Interval


class Found(Protocol):
    """An estimate over experiments with its negative control, as the results of this chapter hold it."""

    @property
    def interval(self) -> Interval | None:
        """Mean over experiments with its interval."""

    @property
    def control(self) -> Interval | None:
        """The same where the effect is known to be absent."""

    @property
    def n(self) -> int:
        """Experiments."""

    @property
    def missing(self) -> str:
        """What the data lack."""


def evidence_fall(found: Found | None, *, scope: str, missing: str = "", confidence: float = 0.95) -> Evidence:
    """Evidence for C6: the fall of the half-effective chemotherapy dose (see ``ec50_fall``), and its control."""
    return _over_experiments(
        "C6",
        found,
        "fall of the half-effective chemotherapy dose at the highest pump-blocker dose, in FXYD3-high cells beyond "
        "that in FXYD3-low cells of the same experiment; Hill curves, Student's interval over experiments",
        "FXYD3-low cells, dealt at random into two groups",
        scope,
        missing,
        confidence,
    )


def evidence_excess(found: Found | None, *, scope: str, missing: str = "", confidence: float = 0.95) -> Evidence:
    """Evidence for C7: killing of tolerant cells beyond Bliss independence (see ``bliss_excess``), and its control."""
    return _over_experiments(
        "C7",
        found,
        "share of tolerant cells killed by both drugs beyond Bliss independence, mean over all pairs of doses; "
        "Student's interval over experiments",
        "a drug combined with its own solvent: wells of each drug alone, dealt at random into two",
        scope,
        missing,
        confidence,
    )


def _over_experiments(
    claim: str, found: Found | None, method: str, control: str, scope: str, missing: str, confidence: float
) -> Evidence:
    missing = missing or (found.missing if found else "")
    interval = found.interval if found and not missing else None
    return Evidence(
        claim=claim,
        estimate=interval.estimate if interval else None,
        lower=interval.lower if interval else None,
        upper=interval.upper if interval else None,
        n=found.n if found else 0,
        unit="experiments",
        method=method,
        scope=scope,
        control=Control(control, *found.control) if found and found.control else None,
        missing=missing,
        confidence=confidence,
    )

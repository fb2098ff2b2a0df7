"""What this chapter found, in the form that the claims are judged by."""

from typing import Protocol

from fxyd3.claims import Control, Evidence, Interval


class Found(Protocol):
    """An estimate over patients with its negative control, as the results of this chapter hold it."""

    @property
    def interval(self) -> Interval | None:
        """Mean over patients with its interval."""

    @property
    def control(self) -> Interval | None:
        """The same where the effect is known to be absent."""

    @property
    def n(self) -> int:
        """Patients."""

    @property
    def missing(self) -> str:
        """What the data lack."""


def evidence_survival(found: Found | None, *, scope: str, missing: str = "", confidence: float = 0.95) -> Evidence:
    """Evidence for C4: survival of ancestral cells over patients (see ``ancestral_survival``), and its control."""
    return _over_patients(
        "C4",
        found,
        "odds of ancestral against all other tumour cells, after to before treatment in the same patient, half a cell "
        "added to each count; Student's interval over patients",
        "the samples taken before treatment, dealt at random into before and after",
        scope,
        missing,
        confidence,
    )


def evidence_residual(found: Found | None, *, scope: str, missing: str = "", confidence: float = 0.95) -> Evidence:
    """Evidence for C8: the change of FXYD3 in tumour cells over patients, and the same for random genes."""
    return _over_patients(
        "C8",
        found,
        "change of FXYD3 expression in tumour cells, after against before therapy in the same patient; Student's "
        "interval over patients",
        "random genes of the same mean expression",
        scope,
        missing,
        confidence,
    )


def _over_patients(
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
        unit="patients",
        method=method,
        scope=scope,
        control=Control(control, *found.control) if found and found.control else None,
        missing=missing,
        confidence=confidence,
    )

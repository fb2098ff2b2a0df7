"""What this chapter found, in the form that the claims are judged by."""

from fxyd3.claims import Evidence
from fxyd3.tolerance._residual import ResidualChange
from fxyd3.tolerance._survival import AncestralSurvival


def evidence_survival(
    found: AncestralSurvival | None, *, scope: str, missing: str = "", confidence: float = 0.95
) -> Evidence:
    """Evidence for C4: survival of ancestral cells over patients (see ``ancestral_survival``), and its control."""
    return Evidence.of(
        "C4",
        found,
        method="odds of ancestral against all other tumour cells, after to before treatment in the same patient, half "
        "a cell added to each count; Student's interval over patients",
        control="the samples taken before treatment, dealt at random into before and after",
        scope=scope,
        missing=missing,
        confidence=confidence,
    )


def evidence_residual(
    found: ResidualChange | None, *, scope: str, missing: str = "", confidence: float = 0.95
) -> Evidence:
    """Evidence for C8: the change of FXYD3 in tumour cells over patients, and the same for random genes."""
    return Evidence.of(
        "C8",
        found,
        method="change of FXYD3 expression in tumour cells, after against before therapy in the same patient; "
        "Student's interval over patients",
        control="random genes of the same mean expression",
        scope=scope,
        missing=missing,
        confidence=confidence,
    )

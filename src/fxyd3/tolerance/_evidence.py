"""What this chapter found, in the form that the claims are judged by."""

from fxyd3.claims import Evidence
from fxyd3.tolerance._residual import ResidualChange
from fxyd3.tolerance._survival import AncestralSurvival


def evidence_survival(
    found: AncestralSurvival | None, *, scope: str, missing: str = "", confidence: float = 0.95
) -> Evidence:
    """Evidence for C4: survival of ancestral cells over patients (see ``ancestral_survival``), and its control.

    Parameters
    ----------
    found
        See ``ancestral_survival``; None: nothing could be found, and ``missing`` says why.
    scope
        Which cells of which data this speaks of.
    missing
        What the data lack, if ``found`` does not know it; not empty: the evidence has no interval.
    confidence
        Of the interval in ``found``.

    Returns
    -------
    Evidence
        In the form that claims are judged by, see ``fxyd3.claims.decide``.

    Examples
    --------
    Simulated cells, and no cells:

    >>> from fxyd3.data.simulate import twin
    >>> from fxyd3.tolerance import ancestral_survival, evidence_survival, state_counts
    >>> adata = twin(600, sorted_cells=0)
    >>> tumour = adata[adata.obs["truth_type"] == "tumour"]
    >>> found = ancestral_survival(state_counts(tumour, state="truth_ancestral"), ancestral=["True"])
    >>> evidence = evidence_survival(found, scope="simulated cells")
    >>> evidence.claim, evidence.n, evidence.unit, evidence.lower > 0
    ('C4', 4, 'patients', True)
    >>> evidence_survival(None, scope="no cells", missing="no cells were given").estimate is None
    True
    """
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
    """Evidence for C8: the change of FXYD3 in tumour cells over patients, and the same for random genes.

    Parameters
    ----------
    found
        See ``residual_change``; None: nothing could be found, and ``missing`` says why.
    scope
        Which cells of which data this speaks of.
    missing
        What the data lack, if ``found`` does not know it; not empty: the evidence has no interval.
    confidence
        Of the interval in ``found``.

    Returns
    -------
    Evidence
        In the form that claims are judged by, see ``fxyd3.claims.decide``.

    Examples
    --------
    Simulated cells:

    >>> from fxyd3.data.simulate import twin
    >>> from fxyd3.tolerance import evidence_residual, residual_change
    >>> adata = twin(600, sorted_cells=0)
    >>> found = residual_change(adata[adata.obs["truth_type"] == "tumour"])
    >>> evidence = evidence_residual(found, scope="simulated cells")
    >>> evidence.claim, evidence.n, evidence.unit
    ('C8', 4, 'patients')
    >>> evidence.control.what
    'random genes of the same mean expression'
    """
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

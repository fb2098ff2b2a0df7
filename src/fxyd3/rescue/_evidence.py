"""What this chapter found, in the form that the claims are judged by."""

from fxyd3.claims import Evidence
from fxyd3.rescue._excess import BlissExcess
from fxyd3.rescue._fall import Ec50Fall


def evidence_fall(found: Ec50Fall | None, *, scope: str, missing: str = "", confidence: float = 0.95) -> Evidence:
    """Evidence for C6: the fall of the half-effective chemotherapy dose (see ``ec50_fall``), and its control.

    Parameters
    ----------
    found
        See ``ec50_fall``; None: nothing could be found, and ``missing`` says why.
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
    Simulated wells:

    >>> from fxyd3.data.simulate import two_drugs
    >>> from fxyd3.rescue import ec50_fall, evidence_fall
    >>> evidence = evidence_fall(ec50_fall(two_drugs().table), scope="simulated wells")
    >>> evidence.claim, evidence.n, evidence.unit
    ('C6', 4, 'experiments')
    """
    return Evidence.of(
        "C6",
        found,
        method="fall of the half-effective chemotherapy dose at the highest pump-blocker dose, in FXYD3-high cells "
        "beyond that in FXYD3-low cells of the same experiment; Hill curves, Student's interval over experiments",
        control="FXYD3-low cells, dealt at random into two groups",
        scope=scope,
        missing=missing,
        confidence=confidence,
    )


def evidence_excess(found: BlissExcess | None, *, scope: str, missing: str = "", confidence: float = 0.95) -> Evidence:
    """Evidence for C7: killing of tolerant cells beyond Bliss independence (see ``bliss_excess``), and its control.

    Parameters
    ----------
    found
        See ``bliss_excess``; None: nothing could be found, and ``missing`` says why.
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
    Simulated wells:

    >>> from fxyd3.data.simulate import two_drugs
    >>> from fxyd3.rescue import bliss_excess, evidence_excess
    >>> evidence = evidence_excess(bliss_excess(two_drugs().table), scope="simulated wells")
    >>> evidence.claim, evidence.n, evidence.unit
    ('C7', 4, 'experiments')
    """
    return Evidence.of(
        "C7",
        found,
        method="share of tolerant cells killed by both drugs beyond Bliss independence, mean over all pairs of doses; "
        "Student's interval over experiments",
        control="a drug combined with its own solvent: wells of each drug alone, dealt at random into two",
        scope=scope,
        missing=missing,
        confidence=confidence,
    )

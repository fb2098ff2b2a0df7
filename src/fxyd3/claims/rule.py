"""The decision rule: from evidence to one of four verdicts."""

from enum import StrEnum
from typing import Any

from fxyd3.claims.claim import Claim, Equal, Greater, Untestable
from fxyd3.claims.evidence import Evidence
from fxyd3.errors import InputError


class Verdict(StrEnum):
    """What evidence says about a claim, in the data at hand."""

    SUPPORTED = "supported"
    CONTRADICTED = "contradicted"
    INCONCLUSIVE = "inconclusive"
    NOT_TESTABLE = "not testable"

    @property
    def icon(self) -> str:
        """A sign to go with the word, never instead of it."""
        return {"supported": "✔", "contradicted": "✘", "inconclusive": "?", "not testable": "–"}[self.value]


def decide(claim: Claim, evidence: Evidence) -> Verdict:
    """Decide a claim by its own rule.

    Rule ``greater``: supported when the interval lies above ``null`` and the estimate reaches ``smallest``;
    contradicted when the interval lies below ``smallest``; else inconclusive. Rule ``equal``: supported when the
    interval lies within ``target ± margin``, contradicted when it lies wholly outside, else inconclusive. A negative
    control that is itself supported makes ``supported`` inconclusive. Where something is missing, or the rule is
    ``none``: not testable. Supporting and refuting an effect by the place of an interval follows Schuirmann 1987,
    doi:10.1007/BF01068419.

    Raises
    ------
    InputError
        When the evidence is for another claim.

    When not to use
    ---------------
    On an effect chosen after looking: the rule must stand in ``claims.yml`` first.

    Examples
    --------
    A twofold enrichment is 1 on the scale of log2; the interval of this one lies above no effect:

    >>> from fxyd3.claims import Evidence, decide, load_claims
    >>> found = Evidence("C1", 1.6, 1.2, 2.0, n=4, unit="experiments", method="made up", scope="made-up wells")
    >>> str(decide(load_claims()["C1"], found))
    'supported'
    """
    if evidence.claim != claim.id:
        raise InputError(f"Evidence for {evidence.claim} cannot decide {claim.id}: give the claim it was made for.")
    if evidence.missing or evidence.estimate is None or evidence.lower is None or evidence.upper is None:
        return Verdict.NOT_TESTABLE
    verdict = _apply(claim, evidence.estimate, evidence.lower, evidence.upper)
    return Verdict.INCONCLUSIVE if verdict is Verdict.SUPPORTED and control_passes(claim, evidence) else verdict


def control_passes(claim: Claim, evidence: Evidence) -> bool:
    """Return whether the negative control would itself be called supported, so that the method cannot tell.

    When not to use
    ---------------
    As a verdict: :func:`decide` already heeds it.
    """
    control = evidence.control
    return control is not None and (_apply(claim, control.estimate, control.lower, control.upper) is Verdict.SUPPORTED)


def _apply(claim: Claim, estimate: float, lower: float, upper: float) -> Verdict:
    supported, contradicted = passes(claim.rule, estimate, lower, upper)
    if isinstance(claim.rule, Untestable):
        return Verdict.NOT_TESTABLE
    if supported:
        return Verdict.SUPPORTED
    return Verdict.CONTRADICTED if contradicted else Verdict.INCONCLUSIVE


def passes(rule: Greater | Equal | Untestable, estimate: Any, lower: Any, upper: Any) -> tuple[Any, Any]:
    """Return whether a rule calls numbers, or arrays of them, supported, and whether contradicted.

    When not to use
    ---------------
    As a verdict: :func:`decide` also heeds what is missing and the negative control.
    """
    match rule:
        case Greater(null=null, smallest=smallest):
            return (lower > null) & (estimate >= smallest), upper < smallest
        case Equal(target=target, margin=margin):
            low, high = target - margin, target + margin
            return (low <= lower) & (upper <= high), (upper < low) | (lower > high)
        case _:
            return False, False

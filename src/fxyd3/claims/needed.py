"""What would change a verdict: how many replicates a study like this one would need, by simulation."""

from typing import NamedTuple

import numpy as np
from scipy import stats

from fxyd3.claims.claim import Claim, Greater, load_claims
from fxyd3.claims.evidence import Evidence
from fxyd3.claims.rule import Verdict, control_passes, passes
from fxyd3.errors import InputError

MOST = 1_000
STUDIES = 4_000


class Spread(NamedTuple):
    """Standard deviation between replicates, and how small and large it may be."""

    estimate: float
    lower: float
    upper: float


def spread(evidence: Evidence) -> Spread:
    """Return how far replicates lie apart, read back from Student's interval over them.

    Parameters
    ----------
    evidence
        An estimate over ``n`` replicates with its interval.

    Returns
    -------
    Spread
        On the claim's scale; the limits are those of a normal sample's standard deviation, at the evidence's
        confidence.

    Raises
    ------
    InputError
        When the claim has no rule about replicates, or there is no interval over at least two of them.

    When not to use
    ---------------
    For an interval that is no t interval over replicates, such as the number of groups over subsamples (C2).

    Examples
    --------
    >>> from fxyd3.claims import Evidence, spread
    >>> found = Evidence("C1", 1.6, 1.2, 2.0, n=4, unit="experiments", method="made up", scope="made-up wells")
    >>> round(spread(found).estimate, 2)
    0.25
    """
    if lacks := cannot_plan(evidence):
        raise InputError(f"The spread of {evidence.claim} cannot be read: {lacks}.")
    assert evidence.lower is not None  # noqa: S101 -- told by cannot_plan
    assert evidence.upper is not None  # noqa: S101
    free, level = evidence.n - 1, evidence.confidence
    half = (evidence.upper - evidence.lower) / 2
    found = half * np.sqrt(evidence.n) / stats.t.ppf((1 + level) / 2, free)
    low, high = np.sqrt(free / stats.chi2.ppf([(1 + level) / 2, (1 - level) / 2], free))
    return Spread(float(found), float(found * low), float(found * high))


def cannot_plan(evidence: Evidence) -> str:
    """Return why no number of replicates can be given for a claim; empty when it can.

    When not to use
    ---------------
    As a verdict.
    """
    claim = load_claims()[evidence.claim]
    if evidence.missing or evidence.lower is None:
        return "it is not testable with these data, and more of the same would not make it so"
    if not isinstance(claim.rule, Greater):
        return f"its interval runs over {claim.unit}, which are no independent replicates"
    if evidence.n < 2 or evidence.lower == evidence.upper:
        return "two replicates that differ are the least that tells how far replicates lie apart"
    if control_passes(claim, evidence):
        return "its negative control passes the rule, and more replicates do not mend that"
    return ""


def chances(evidence: Evidence, n: int, *, effect: float, sd: float, seed: int = 1) -> dict[Verdict, float]:
    """Return how often a study of ``n`` replicates would reach each verdict, from 4,000 simulated studies.

    A study is ``n`` values from a normal distribution, Student's interval over them, and the claim's own rule. The
    mean and the variance of the values are drawn from their exact distributions.

    Parameters
    ----------
    evidence
        Names the claim and the confidence of its interval.
    n
        Replicates of the imagined study, at least 2.
    effect, sd
        The effect taken to be true, and the standard deviation between replicates, on the claim's scale.
    seed
        Of the simulation.

    Returns
    -------
    dict of Verdict to float
        Shares of *supported*, *contradicted* and *inconclusive*; they add up to 1.

    Raises
    ------
    InputError
        With fewer than two replicates or a standard deviation that is not positive.

    References
    ----------
    Student 1908, doi:10.1093/biomet/6.1.1.

    When not to use
    ---------------
    To justify a study that is already done: power at the effect that was found says nothing that its interval does
    not say.

    Examples
    --------
    What another study of four experiments would say, if the effect were as estimated:

    >>> from fxyd3.claims import Evidence, chances
    >>> found = Evidence("C1", 1.6, 1.2, 2.0, n=4, unit="experiments", method="made up", scope="made-up wells")
    >>> {str(verdict): round(share, 1) for verdict, share in chances(found, 4, effect=1.6, sd=0.25).items()}
    {'supported': 1.0, 'contradicted': 0.0, 'inconclusive': 0.0}
    """
    if n < 2 or not sd > 0:
        raise InputError(f"A study needs at least 2 replicates that differ: n is {n}, the standard deviation {sd:g}.")
    random = np.random.default_rng(seed)
    mean = effect + sd / np.sqrt(n) * random.standard_normal(STUDIES)
    half = sd * np.sqrt(random.chisquare(n - 1, STUDIES) / (n - 1) / n)
    half *= stats.t.ppf((1 + evidence.confidence) / 2, n - 1)
    supported, contradicted = passes(load_claims()[evidence.claim].rule, mean, mean - half, mean + half)
    yes, no = float(np.mean(supported)), float(np.mean(contradicted & ~supported))
    return {Verdict.SUPPORTED: yes, Verdict.CONTRADICTED: no, Verdict.INCONCLUSIVE: 1 - yes - no}


def replicates_needed(evidence: Evidence, *, effect: float, sd: float, power: float = 0.8, seed: int = 1) -> int | None:
    """Return the fewest replicates with which a study would reach a verdict, supported or contradicted, often enough.

    Parameters
    ----------
    evidence, effect, sd, seed
        As in :func:`chances`.
    power
        Share of the simulated studies that must reach the verdict that is right for ``effect``: *supported* from
        the smallest effect of interest up, *contradicted* below it.

    Returns
    -------
    int or None
        None when 1,000 would not do, as when the effect lies at the smallest effect of interest.

    Raises
    ------
    InputError
        As :func:`chances`; or when the rule is not about an effect, or the power lies outside (0, 1).

    When not to use
    ---------------
    As a promise: the spread between replicates is itself an estimate; :func:`spread` says how rough.

    Examples
    --------
    >>> from fxyd3.claims import Evidence, replicates_needed
    >>> found = Evidence("C1", 1.6, 1.2, 2.0, n=4, unit="experiments", method="made up", scope="made-up wells")
    >>> replicates_needed(found, effect=1.6, sd=0.25)
    3
    """
    right = _right(load_claims()[evidence.claim], effect)
    if not 0 < power < 1:
        raise InputError(f"The power is {power}: it must lie between 0 and 1.")

    def enough(n: int) -> bool:
        return chances(evidence, n, effect=effect, sd=sd, seed=seed)[right] >= power

    if not enough(MOST):
        return None
    few, many = 1, MOST
    while many - few > 1:
        middle = (few + many) // 2
        few, many = (few, middle) if enough(middle) else (middle, many)
    return many


def _right(claim: Claim, effect: float) -> Verdict:
    if not isinstance(claim.rule, Greater):
        raise InputError(f"{claim.id} is not about the size of an effect, so that no number of replicates decides it.")
    return Verdict.SUPPORTED if effect >= claim.rule.smallest else Verdict.CONTRADICTED

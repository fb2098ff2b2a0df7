"""What this chapter found, in the form that the claim is judged by."""

from fxyd3.claims import Evidence
from fxyd3.enrichment._ratio import EnrichmentRatio


def evidence_enrichment(found: EnrichmentRatio | None, *, confidence: float = 0.95) -> Evidence:
    """Evidence for C1: the ratio of stem-cell frequencies over experiments, and the same for unsorted wells only.

    Examples
    --------
    Without wells the claim cannot be tested, and the evidence says what is missing:

    >>> from fxyd3.enrichment import evidence_enrichment
    >>> evidence_enrichment(None).missing
    'no limiting-dilution table was given: name one with --wells'
    """
    groups = [] if found is None else sorted({str(group) for group in found.by_group["group"]})
    return Evidence.of(
        "C1",
        found,
        method="stem-cell frequencies by binomial regression with complementary log-log link and Firth's penalty, "
        "sorted to unsorted within each experiment, averaged over the sorts; Student's interval over experiments",
        control="unsorted wells dealt at random into two groups",
        scope=f"the wells of {', '.join(groups)} and unsorted cells" if groups else "no wells",
        missing="" if found else "no limiting-dilution table was given: name one with --wells",
        confidence=confidence,
    )

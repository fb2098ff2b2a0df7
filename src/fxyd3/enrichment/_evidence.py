"""What this chapter found, in the form that the claim is judged by."""

from fxyd3.claims import Control, Evidence
from fxyd3.enrichment._ratio import EnrichmentRatio


def evidence_enrichment(found: EnrichmentRatio | None, *, confidence: float = 0.95) -> Evidence:
    """Evidence for C1: the ratio of stem-cell frequencies over experiments, and the same for unsorted wells only."""
    groups = [] if found is None else sorted({str(group) for group in found.by_group["group"]})
    interval = found.interval if found and not found.missing else None
    return Evidence(
        claim="C1",
        estimate=interval.estimate if interval else None,
        lower=interval.lower if interval else None,
        upper=interval.upper if interval else None,
        n=found.n if found else 0,
        unit="experiments",
        method="stem-cell frequencies by binomial regression with complementary log-log link and Firth's penalty, "
        "sorted to unsorted within each experiment, averaged over the sorts; Student's interval over experiments",
        scope=f"the wells of {', '.join(groups)} and unsorted cells" if groups else "no wells",
        control=Control("unsorted wells dealt at random into two groups", *found.control)
        if found and found.control
        else None,
        missing=found.missing if found else "no limiting-dilution table was given: name one with --wells",
        confidence=confidence,
    )

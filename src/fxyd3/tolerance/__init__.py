"""Who survives chemotherapy? Kill curves, persister signatures, before and after, lineages, other models."""

from fxyd3.tolerance._contrasts import (
    describe_contrasts,
    gene_over_contrasts,
    read_contrasts,
    signatures_over_contrasts,
)
from fxyd3.tolerance._meta import MetaAnalysis, meta_analysis
from fxyd3.tolerance._signatures import (
    PUBLISHED,
    Agreement,
    CycleConfounding,
    SignatureActivity,
    SignatureChange,
    cycle_confounding,
    persister_sets,
    read_signatures,
    signature_activity,
    signature_agreement,
    signature_change,
)

__all__ = [
    "PUBLISHED",
    "Agreement",
    "CycleConfounding",
    "MetaAnalysis",
    "SignatureActivity",
    "SignatureChange",
    "cycle_confounding",
    "describe_contrasts",
    "gene_over_contrasts",
    "meta_analysis",
    "persister_sets",
    "read_contrasts",
    "read_signatures",
    "signature_activity",
    "signature_agreement",
    "signature_change",
    "signatures_over_contrasts",
]

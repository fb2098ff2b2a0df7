"""How do you know that a sort enriched stem cells? Limiting dilution, flow cytometry, and the cells themselves."""

from fxyd3.data.lineages import epithelial
from fxyd3.enrichment._clean import Cleaned, clean
from fxyd3.enrichment._design import Design, best_dose, design, information_per_well, power_curves, simulate_power
from fxyd3.enrichment._elda import ChiSquare, Elda, elda, holm, interval_coverage
from fxyd3.enrichment._evidence import evidence_enrichment
from fxyd3.enrichment._fcs import Events, compensate, read_fcs, spillover_matrix
from fxyd3.enrichment._gate import Gate, gate
from fxyd3.enrichment._pseudobulk import SignatureShift, signature_shift
from fxyd3.enrichment._purity import fold_seen
from fxyd3.enrichment._ratio import EnrichmentRatio, enrichment_ratio
from fxyd3.enrichment._replicates import heterogeneity, replicates
from fxyd3.enrichment._scale import Scale
from fxyd3.enrichment._sort import FlowSort, read_sort

__all__ = [
    "ChiSquare",
    "Cleaned",
    "Design",
    "Elda",
    "EnrichmentRatio",
    "Events",
    "FlowSort",
    "Gate",
    "Scale",
    "SignatureShift",
    "best_dose",
    "clean",
    "compensate",
    "design",
    "elda",
    "enrichment_ratio",
    "epithelial",
    "evidence_enrichment",
    "fold_seen",
    "gate",
    "heterogeneity",
    "holm",
    "information_per_well",
    "interval_coverage",
    "power_curves",
    "read_fcs",
    "read_sort",
    "replicates",
    "signature_shift",
    "simulate_power",
    "spillover_matrix",
]

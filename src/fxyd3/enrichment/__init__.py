"""How do you know that a sort enriched stem cells? Limiting dilution, flow cytometry, and the cells themselves."""

from fxyd3.enrichment._design import Design, best_dose, design, information_per_well, power_curves, simulate_power
from fxyd3.enrichment._pseudobulk import SignatureShift, epithelial, signature_shift
from fxyd3.enrichment._purity import fold_seen

__all__ = [
    "Design",
    "SignatureShift",
    "best_dose",
    "design",
    "epithelial",
    "fold_seen",
    "information_per_well",
    "power_curves",
    "signature_shift",
    "simulate_power",
]

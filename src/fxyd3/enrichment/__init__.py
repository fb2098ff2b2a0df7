"""How do you know that a sort enriched stem cells? Limiting dilution, flow cytometry, and the cells themselves."""

from fxyd3.enrichment._purity import fold_seen

__all__ = ["fold_seen"]

"""From counts to named groups: the cells chapter. ``f(adata, *, ...)``; results under documented keys."""

from fxyd3.cells._ancestry import Difference, ancestry, progenitor_difference
from fxyd3.cells._cluster import cluster
from fxyd3.cells._doublets import Doublets, doublets, recovered, singlets
from fxyd3.cells._embed import Embedded, embed
from fxyd3.cells._evidence import evidence_groups, evidence_progenitors, evidence_sortability
from fxyd3.cells._halves import lacking_genes, regroup
from fxyd3.cells._markers import markers, naive_markers
from fxyd3.cells._normalise import Normalised, normalise
from fxyd3.cells._null import OneGroup, one_group
from fxyd3.cells._pseudobulk import Calibration, Pseudobulk, calibration, pseudobulk_markers
from fxyd3.cells._qc import adaptive_limits, qc
from fxyd3.cells._scope import claimed_cells
from fxyd3.cells._signature import Signature, matched_genes, signature
from fxyd3.cells._sortability import HeldOut, Sortability, auroc, held_out, sortability
from fxyd3.cells._split import split
from fxyd3.cells._stability import RESOLUTIONS, Stability, stability
from fxyd3.cells._thinning import thinned_agreement
from fxyd3.cells._tree import tree
from fxyd3.cells._tumour import Tumour, tumour

__all__ = [
    "RESOLUTIONS",
    "Calibration",
    "Difference",
    "Doublets",
    "Embedded",
    "HeldOut",
    "Normalised",
    "OneGroup",
    "Pseudobulk",
    "Signature",
    "Sortability",
    "Stability",
    "Tumour",
    "adaptive_limits",
    "ancestry",
    "auroc",
    "calibration",
    "claimed_cells",
    "cluster",
    "doublets",
    "embed",
    "evidence_groups",
    "evidence_progenitors",
    "evidence_sortability",
    "held_out",
    "lacking_genes",
    "markers",
    "matched_genes",
    "naive_markers",
    "normalise",
    "one_group",
    "progenitor_difference",
    "pseudobulk_markers",
    "qc",
    "recovered",
    "regroup",
    "signature",
    "singlets",
    "sortability",
    "split",
    "stability",
    "thinned_agreement",
    "tree",
    "tumour",
]

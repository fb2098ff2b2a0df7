"""From counts to named groups: the cells chapter. ``f(adata, *, ...)``; results under documented keys."""

from fxyd3.cells._activity import activity, coverage
from fxyd3.cells._ambient import Ambient, ambient, ambient_detection
from fxyd3.cells._ancestry import Difference, ancestry, progenitor_difference
from fxyd3.cells._cluster import cluster
from fxyd3.cells._components import Components, components
from fxyd3.cells._copy_number import CopyNumber, copy_number
from fxyd3.cells._cycle import CellCycle, CycleEffect, cell_cycle, cycle_effect
from fxyd3.cells._doublets import Doublets, doublets, recovered, singlets
from fxyd3.cells._embed import Embedded, embed
from fxyd3.cells._evidence import evidence_groups, evidence_progenitors, evidence_sortability
from fxyd3.cells._halves import half, lacking_genes, regroup
from fxyd3.cells._maps import distortion, second_map
from fxyd3.cells._markers import levels, markers, naive_markers
from fxyd3.cells._mixing import lisi, mixing
from fxyd3.cells._normalise import Normalised, normalise
from fxyd3.cells._null import OneGroup, one_group
from fxyd3.cells._paths import Paths, paths
from fxyd3.cells._potency import Potency, potency
from fxyd3.cells._profiles import agreement, profiles, specificity
from fxyd3.cells._pseudobulk import (
    Calibration,
    Effects,
    Pseudobulk,
    calibration,
    marker_effects,
    pseudobulk_markers,
)
from fxyd3.cells._qc import adaptive_limits, qc
from fxyd3.cells._scope import claimed_cells
from fxyd3.cells._signature import Signature, matched_genes, signature, signatures
from fxyd3.cells._sortability import HeldOut, Sortability, auroc, held_out, sortability
from fxyd3.cells._split import split
from fxyd3.cells._stability import RESOLUTIONS, Stability, stability
from fxyd3.cells._surface import BestSurface, best_surface, surface_genes
from fxyd3.cells._thinning import thinned_agreement
from fxyd3.cells._transform import transforms
from fxyd3.cells._tree import branches, tree
from fxyd3.cells._tumour import Tumour, tumour

__all__ = [
    "RESOLUTIONS",
    "Ambient",
    "BestSurface",
    "Calibration",
    "CellCycle",
    "Components",
    "CopyNumber",
    "CycleEffect",
    "Difference",
    "Doublets",
    "Effects",
    "Embedded",
    "HeldOut",
    "Normalised",
    "OneGroup",
    "Paths",
    "Potency",
    "Pseudobulk",
    "Signature",
    "Sortability",
    "Stability",
    "Tumour",
    "activity",
    "adaptive_limits",
    "agreement",
    "ambient",
    "ambient_detection",
    "ancestry",
    "auroc",
    "best_surface",
    "branches",
    "calibration",
    "cell_cycle",
    "claimed_cells",
    "cluster",
    "components",
    "copy_number",
    "coverage",
    "cycle_effect",
    "distortion",
    "doublets",
    "embed",
    "evidence_groups",
    "evidence_progenitors",
    "evidence_sortability",
    "half",
    "held_out",
    "lacking_genes",
    "levels",
    "lisi",
    "marker_effects",
    "markers",
    "matched_genes",
    "mixing",
    "naive_markers",
    "normalise",
    "one_group",
    "paths",
    "potency",
    "profiles",
    "progenitor_difference",
    "pseudobulk_markers",
    "qc",
    "recovered",
    "regroup",
    "second_map",
    "signature",
    "signatures",
    "singlets",
    "sortability",
    "specificity",
    "split",
    "stability",
    "surface_genes",
    "thinned_agreement",
    "transforms",
    "tree",
    "tumour",
]

"""Who survives chemotherapy? Kill curves, persister signatures, before and after, lineages, other models."""

from fxyd3.tolerance._composition import CompositionChange, composition_change
from fxyd3.tolerance._contrasts import (
    describe_contrasts,
    gene_over_contrasts,
    read_contrasts,
    signatures_over_contrasts,
)
from fxyd3.tolerance._course import course_bottleneck, course_shares, read_course
from fxyd3.tolerance._curves import KillCurves, kill_curves
from fxyd3.tolerance._diversity import LineageDiversity, hill_numbers, lineage_diversity, sample_coverage
from fxyd3.tolerance._evidence import evidence_residual, evidence_survival
from fxyd3.tolerance._growth import growth_rates, read_incucyte, serial_dilution
from fxyd3.tolerance._kill import KillFit, compare_kill, fit_kill, share_profile
from fxyd3.tolerance._lineages import (
    CloneSelection,
    Lineages,
    SharedBarcodes,
    lineage_table,
    selection_coefficient,
    shared_barcodes,
)
from fxyd3.tolerance._meta import MetaAnalysis, meta_analysis
from fxyd3.tolerance._neighbours import Neighbours, neighbours
from fxyd3.tolerance._paired import PairedExpression, cells_as_replicates, paired_expression
from fxyd3.tolerance._residual import DecomposedChange, ResidualChange, decompose_change, residual_change
from fxyd3.tolerance._scope import compared_cells, state_counts
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
from fxyd3.tolerance._size import null_rejections
from fxyd3.tolerance._survival import AncestralSurvival, StateSurvival, ancestral_survival, state_survival
from fxyd3.tolerance._switching import Switching, fit_switching

__all__ = [
    "PUBLISHED",
    "Agreement",
    "AncestralSurvival",
    "CloneSelection",
    "CompositionChange",
    "CycleConfounding",
    "DecomposedChange",
    "KillCurves",
    "KillFit",
    "LineageDiversity",
    "Lineages",
    "MetaAnalysis",
    "Neighbours",
    "PairedExpression",
    "ResidualChange",
    "SharedBarcodes",
    "SignatureActivity",
    "SignatureChange",
    "StateSurvival",
    "Switching",
    "ancestral_survival",
    "cells_as_replicates",
    "compare_kill",
    "compared_cells",
    "composition_change",
    "course_bottleneck",
    "course_shares",
    "cycle_confounding",
    "decompose_change",
    "describe_contrasts",
    "evidence_residual",
    "evidence_survival",
    "fit_kill",
    "fit_switching",
    "gene_over_contrasts",
    "growth_rates",
    "hill_numbers",
    "kill_curves",
    "lineage_diversity",
    "lineage_table",
    "meta_analysis",
    "neighbours",
    "null_rejections",
    "paired_expression",
    "persister_sets",
    "read_contrasts",
    "read_course",
    "read_incucyte",
    "read_signatures",
    "residual_change",
    "sample_coverage",
    "selection_coefficient",
    "serial_dilution",
    "share_profile",
    "shared_barcodes",
    "signature_activity",
    "signature_agreement",
    "signature_change",
    "signatures_over_contrasts",
    "state_counts",
    "state_survival",
]

"""One house style, one function per figure; each returns the axes and draws the label of its data."""

from fxyd3.plots._arms import interactions, tolerant_fraction
from fxyd3.plots._background import outcomes, persister_idea, stem_cell_idea
from fxyd3.plots._before_after import decomposition, explanations, paired_gene, volcano
from fxyd3.plots._cells import by_group, per_patient, quality, stability, umap
from fxyd3.plots._clones import clonal_diversity, clone_selection, clone_sharing
from fxyd3.plots._combination import models, surface
from fxyd3.plots._composition import composition, composition_forest, size_of_tests, survival
from fxyd3.plots._course import course_bottleneck, course_shares
from fxyd3.plots._design import design_power, dose_placement, wrong_guess
from fxyd3.plots._dose import clinical_band, dose_response, gr_against_viability
from fxyd3.plots._droplets import copy_numbers, doublets, selection
from fxyd3.plots._explorers import Explorer, explore_cells, explore_dose, explore_schedule
from fxyd3.plots._exposure import exposure, xenograft
from fxyd3.plots._flow import flow_cleaning, flow_density, flow_histograms, gate_sensitivity
from fxyd3.plots._groups import group_tree
from fxyd3.plots._house import PALETTE, STATES, TREATMENTS, VERDICTS, canvas, style
from fxyd3.plots._killing import confluence, dip_rates, kill_curve, kill_profile, tolerant_share
from fxyd3.plots._kinds import kinds_of_survival
from fxyd3.plots._markers import effect_forest, marker_dots, p_values
from fxyd3.plots._paths import agreement as path_agreement
from fxyd3.plots._paths import group_links, order_by_group
from fxyd3.plots._persisters import (
    cycle_both_ways,
    forest,
    signature_agreement_map,
    signature_change_forest,
)
from fxyd3.plots._plate import edge_effect, plate_map, plate_quality
from fxyd3.plots._profiles import profile_forest, profile_map
from fxyd3.plots._pump import pump_cell, pump_run, pump_sensitivity
from fxyd3.plots._purity import purity
from fxyd3.plots._rescue import ec50_falls, excess_map
from fxyd3.plots._schedule import residual_cells, schedule_course, schedule_window
from fxyd3.plots._scorecard import claim_forests
from fxyd3.plots._sorting import sorting_curve, sorting_forest
from fxyd3.plots._space import maps, mixing, phases, spectrum
from fxyd3.plots._speed import speed
from fxyd3.plots._survival import hazard_ratios, hazards, survival_curves
from fxyd3.plots._twin import (
    assays,
    compare_correlations,
    compare_quantiles,
    compare_trends,
    recovered,
    told_apart,
)
from fxyd3.plots._wells import (
    enrichment_per_experiment,
    log_fraction,
    positive_wells,
    slopes,
    surviving_fraction,
)

__all__ = [
    "PALETTE",
    "STATES",
    "TREATMENTS",
    "VERDICTS",
    "Explorer",
    "assays",
    "by_group",
    "canvas",
    "claim_forests",
    "clinical_band",
    "clonal_diversity",
    "clone_selection",
    "clone_sharing",
    "compare_correlations",
    "compare_quantiles",
    "compare_trends",
    "composition",
    "composition_forest",
    "confluence",
    "copy_numbers",
    "course_bottleneck",
    "course_shares",
    "cycle_both_ways",
    "decomposition",
    "design_power",
    "dip_rates",
    "dose_placement",
    "dose_response",
    "doublets",
    "ec50_falls",
    "edge_effect",
    "effect_forest",
    "enrichment_per_experiment",
    "excess_map",
    "explanations",
    "explore_cells",
    "explore_dose",
    "explore_schedule",
    "exposure",
    "flow_cleaning",
    "flow_density",
    "flow_histograms",
    "forest",
    "gate_sensitivity",
    "gr_against_viability",
    "group_links",
    "group_tree",
    "hazard_ratios",
    "hazards",
    "interactions",
    "kill_curve",
    "kill_profile",
    "kinds_of_survival",
    "log_fraction",
    "maps",
    "marker_dots",
    "mixing",
    "models",
    "order_by_group",
    "outcomes",
    "p_values",
    "paired_gene",
    "path_agreement",
    "per_patient",
    "persister_idea",
    "phases",
    "plate_map",
    "plate_quality",
    "positive_wells",
    "profile_forest",
    "profile_map",
    "pump_cell",
    "pump_run",
    "pump_sensitivity",
    "purity",
    "quality",
    "recovered",
    "residual_cells",
    "schedule_course",
    "schedule_window",
    "selection",
    "signature_agreement_map",
    "signature_change_forest",
    "size_of_tests",
    "slopes",
    "sorting_curve",
    "sorting_forest",
    "spectrum",
    "speed",
    "stability",
    "stem_cell_idea",
    "style",
    "surface",
    "survival",
    "survival_curves",
    "surviving_fraction",
    "told_apart",
    "tolerant_fraction",
    "tolerant_share",
    "umap",
    "volcano",
    "wrong_guess",
    "xenograft",
]

"""Why would blocking a sodium pump take tolerance away? The pump, doses, pairs of drugs, orders and schedules."""

from fxyd3.data.units import to_nM
from fxyd3.rescue._arms import DosingOrders, dosing_orders
from fxyd3.rescue._combine import EXPECTS, Combination, Synergy, combine, disagreement
from fxyd3.rescue._dosing import Pulses, Schedule, orders
from fxyd3.rescue._evidence import evidence_excess, evidence_fall
from fxyd3.rescue._excess import BlissExcess, bliss_excess
from fxyd3.rescue._fall import Ec50Fall, ec50_fall
from fxyd3.rescue._gr import gr_curve, gr_metrics, gr_table, gr_values
from fxyd3.rescue._hill import Ec50Ratio, HillFit, compare_ec50, fit_curves, fit_hill
from fxyd3.rescue._kinetics import DIGITOXIN, DIGOXIN, Glycoside, Regimen, glycoside, xenograft_gap
from fxyd3.rescue._layout import read_layout
from fxyd3.rescue._plate import Plate, read_plate
from fxyd3.rescue._pump import PumpLeak
from fxyd3.rescue._pump_parameters import parameters
from fxyd3.rescue._pump_run import PumpRun
from fxyd3.rescue._quality import Normalised, edge_effects, normalise, quality
from fxyd3.rescue._responses import read_plates, viability
from fxyd3.rescue._schedule import ASSUMED, ResidualCells, residual, schedule_map, simulate_schedule
from fxyd3.rescue._sensitivity import TolerancePrediction, sensitivity, tolerance_prediction
from fxyd3.rescue._share import as_share

__all__ = [
    "ASSUMED",
    "DIGITOXIN",
    "DIGOXIN",
    "EXPECTS",
    "BlissExcess",
    "Combination",
    "DosingOrders",
    "Ec50Fall",
    "Ec50Ratio",
    "Glycoside",
    "HillFit",
    "Normalised",
    "Plate",
    "Pulses",
    "PumpLeak",
    "PumpRun",
    "Regimen",
    "ResidualCells",
    "Schedule",
    "Synergy",
    "TolerancePrediction",
    "as_share",
    "bliss_excess",
    "combine",
    "compare_ec50",
    "disagreement",
    "dosing_orders",
    "ec50_fall",
    "edge_effects",
    "evidence_excess",
    "evidence_fall",
    "fit_curves",
    "fit_hill",
    "glycoside",
    "gr_curve",
    "gr_metrics",
    "gr_table",
    "gr_values",
    "normalise",
    "orders",
    "parameters",
    "quality",
    "read_layout",
    "read_plate",
    "read_plates",
    "residual",
    "schedule_map",
    "sensitivity",
    "simulate_schedule",
    "to_nM",
    "tolerance_prediction",
    "viability",
    "xenograft_gap",
]

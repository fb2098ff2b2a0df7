"""The twin: a simulated study with known truth, drawn from the small tables in ``data/twin``."""

from fxyd3.data.simulate.assay import Assay
from fxyd3.data.simulate.checks import VERSION
from fxyd3.data.simulate.design import FRACTIONS, RATES, STATES
from fxyd3.data.simulate.dials import DIALS, Dial
from fxyd3.data.simulate.flow import cell_sort
from fxyd3.data.simulate.folder import ASSAYS, write_study
from fxyd3.data.simulate.killing import time_kill
from fxyd3.data.simulate.lineages import lineage_barcodes
from fxyd3.data.simulate.orders import dosing_order
from fxyd3.data.simulate.pairs import two_drugs
from fxyd3.data.simulate.plates import viability_plates
from fxyd3.data.simulate.recurrence import recurrence_times
from fxyd3.data.simulate.study import stored, twin, write_twin
from fxyd3.data.simulate.wells import limiting_dilution, spheres

__all__ = [
    "ASSAYS",
    "DIALS",
    "FRACTIONS",
    "RATES",
    "STATES",
    "VERSION",
    "Assay",
    "Dial",
    "cell_sort",
    "dosing_order",
    "limiting_dilution",
    "lineage_barcodes",
    "recurrence_times",
    "spheres",
    "stored",
    "time_kill",
    "twin",
    "two_drugs",
    "viability_plates",
    "write_study",
    "write_twin",
]

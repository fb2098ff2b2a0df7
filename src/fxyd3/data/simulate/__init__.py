"""The twin: a simulated study with known truth, drawn from the small tables in ``data/twin``."""

from fxyd3.data.simulate.checks import VERSION
from fxyd3.data.simulate.design import FRACTIONS, RATES, STATES
from fxyd3.data.simulate.dials import DIALS, Dial
from fxyd3.data.simulate.study import stored, twin, write_twin

__all__ = ["DIALS", "FRACTIONS", "RATES", "STATES", "VERSION", "Dial", "stored", "twin", "write_twin"]

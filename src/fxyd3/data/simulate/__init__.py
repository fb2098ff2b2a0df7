"""The twin: a simulated study with known truth, drawn from the small tables in ``data/twin``."""

from fxyd3.data.simulate.cells import twin
from fxyd3.data.simulate.design import FRACTIONS, STATES
from fxyd3.data.simulate.dials import DIALS, Dial

__all__ = ["DIALS", "FRACTIONS", "STATES", "Dial", "twin"]

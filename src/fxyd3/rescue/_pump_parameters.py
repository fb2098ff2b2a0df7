"""The numbers of the pump-leak model and where each comes from; its pump, and its steady state in closed form."""

from collections.abc import Mapping
from functools import cache
from typing import TYPE_CHECKING, Any, Literal

import numpy as np
from numpy.typing import NDArray

from fxyd3.paths import book_file

if TYPE_CHECKING:
    import pandas as pd

Array = NDArray[np.float64]
Cell = Mapping[str, Any]
"""The parameters of ``PumpLeak`` by name: numbers of one cell, or arrays of many."""
Form = Literal["mouse", "human short", "human long"]

GAS, FARADAY, KELVIN = 8.314462618, 96485.33212, 273.15
SODIUM_SITE, POTASSIUM_SITE = 2 ** (1 / 3) - 1, 2**0.5 - 1  # affinity of one of three and of two equal sites
BISECTIONS = 60


def parameters() -> "pd.DataFrame":
    """Return the parameters of the pump-leak model, as they stand in ``data/pump.csv``.

    Returns
    -------
    One row per parameter, its name in ``PumpLeak`` as index: symbol, value, unit, kind ("source": read in the source
    named; "assumption": no source was read), low, high (range over which it is swept), source.

    When not to use
    ---------------
    As measurements of a breast cancer cell: no row is one.

    Examples
    --------
    One that is an assumption, and one that was read in a source:

    >>> from fxyd3.rescue import parameters
    >>> parameters().loc[["sodium_out", "k_on"], ["value", "unit", "kind"]]
                  value             unit        kind
    name
    sodium_out  145.000               mM  assumption
    k_on          0.166  per nM and hour      source
    """
    import pandas as pd

    return pd.read_csv(book_file("data", "pump.csv"), comment="#", index_col="name")


@cache
def defaults() -> dict[str, float]:
    """Return the value of each parameter."""
    return {str(name): float(value) for name, value in parameters()["value"].items()}


@cache
def swept() -> dict[str, tuple[float, float]]:
    """Return low and high of each parameter."""
    return {str(name): (float(low), float(high)) for name, low, high in parameters()[["low", "high"]].itertuples()}


def thermal_mV(celsius: float) -> float:  # noqa: N802
    """Thermal voltage RT/F, in mV."""
    return 1000 * GAS * (celsius + KELVIN) / FARADAY


def affinity_factors(form: Form, fold: Any) -> tuple[Any, Any, Any]:
    """Factors of the half-activating sodium, and of potassium at negative voltage and near 0 mV, under FXYD3."""
    return (1 / fold, 1.0, fold) if form == "human long" else (fold, fold, fold)


def pump_rate(cell: Cell, sodium: Any, voltage: Any) -> Any:
    """Net current of the pump, uA/cm2, none blocked: of one cell, or of many at once."""
    near_zero = 1 / (1 + np.exp((cell["switch_mv"] - voltage) / cell["switch_width_mv"]))
    half = cell["k_half"] + (cell["k_half_depolarised"] - cell["k_half"]) * near_zero
    filled = (sodium / (sodium + SODIUM_SITE * cell["na_half"])) ** 3
    return cell["pump_max"] * filled * (cell["potassium_out"] / (cell["potassium_out"] + POTASSIUM_SITE * half)) ** 2


def steady(cell: Cell) -> dict[str, Array]:
    """Steady state of many cells at once, charge inside neglected (about 1e-5 of the ions).

    At a given pump rate it has a closed form (Kay 2017, doi:10.3389/fcell.2017.00041); the rate that the pump has in
    it is found by bisection. Returns sodium, potassium, chloride (mM), voltage (mV), volume (pL; NaN: none).
    """
    low = np.zeros(np.broadcast_shapes(*(np.shape(value) for value in cell.values())))
    high = low + cell["pump_max"]
    for _ in range(BISECTIONS):
        rate = (low + high) / 2
        at = _at_rate(cell, rate)
        more = pump_rate(cell, at["sodium"], at["voltage"]) > rate
        low, high = np.where(more, rate, low), np.where(more, high, rate)
    return _at_rate(cell, (low + high) / 2)


def _at_rate(cell: Cell, rate: Array) -> dict[str, Array]:
    thermal = thermal_mV(cell["temperature_c"])
    na = cell["sodium_out"] * np.exp(-3 * rate / (cell["g_na"] * thermal))
    k = cell["potassium_out"] * np.exp(2 * rate / (cell["g_k"] * thermal))
    z, out = cell["impermeant_charge"], cell["sodium_out"] + cell["potassium_out"]
    under = 4 * z**2 * out**2 + 4 * (1 - z**2) * out * (na + k)
    factor = 2 * (1 - z) * (na + k) / (np.sqrt(np.maximum(under, 0)) - 2 * z * out)  # exp(voltage / thermal)
    impermeant = 2 * out - (na + k) / factor - out * factor
    there = (under >= 0) & (impermeant > 0)
    volume = np.where(there, cell["impermeant_fmol"] / np.where(there, impermeant, 1), np.nan)
    return {"sodium": na / factor, "potassium": k / factor, "chloride": out * factor,
            "voltage": thermal * np.log(factor), "volume": volume}  # fmt: skip

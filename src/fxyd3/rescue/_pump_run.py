"""The pump-leak cell over time: what flows, and whether all of it is accounted for."""

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray
from scipy import integrate

from fxyd3.errors import InputError
from fxyd3.rescue._pump_parameters import FARADAY, pump_rate, thermal_mV

if TYPE_CHECKING:
    import pandas as pd

    from fxyd3.rescue._pump import PumpLeak

Array = NDArray[np.float64]

FLUX = 3.6e4 / FARADAY  # fmol per hour, of 1 uA/cm2 through 1 um2
CHARGE = 1e-2 / FARADAY  # fmol, of 1 mV across 1 uF/cm2 of 1 um2
CHARGING = 3.6e6  # mV per hour, of 1 uA/cm2 on 1 uF/cm2
WATER = 6.48e-5  # pL per hour, of 1 mM through 1 um/s of 1 um2
SWOLLEN, DEPOLARISED = 1.2, 0.5
LOST = 1e-9
POINTS = 241
VOLTAGE_SCALE = 25.0  # mV


@dataclass(frozen=True, eq=False)
class PumpRun:
    """A cell followed over time; see ``PumpLeak.run``.

    Attributes
    ----------
    table
        One row per time: hours, sodium_mM, potassium_mM, chloride_mM (inside), volume (times that at rest), voltage_mV,
        pump (current, share of that at rest), blocked (share of the pumps that do not work).
    events
        Hours until the cell is ``swollen`` to 1.2 times its volume at rest, and ``depolarised`` to half its voltage at
        rest; NaN: not crossed within the run.
    conservation
        Largest imbalance at any step: of ``sodium``, ``potassium``, ``chloride`` (amount inside less all that came in,
        share of the largest amount), and of ``charge`` (of the ions less that on the membrane, share of all ions).
    steps
        Of the integration.

    Examples
    --------
    A model cell, followed for two hours after half of its pumps are blocked:

    >>> from fxyd3.rescue import PumpLeak
    >>> run = PumpLeak().run(2, block=0.5)
    >>> run.table[["hours", "potassium_mM", "blocked"]].iloc[[0, -1]].round(1)
         hours  potassium_mM  blocked
    0      0.0         140.2      0.5
    240    2.0         127.2      0.5
    >>> bool(run.conservation.max() < 1e-9)
    True
    """

    table: "pd.DataFrame"
    events: "pd.Series[float]"
    conservation: "pd.Series[float]"
    steps: int
    _end: Array
    _bound: float
    _intact: float

    def summary(self) -> "pd.Series[float]":
        """Return the last row of ``table`` and the ``events`` (as swollen_hours, depolarised_hours)."""
        import pandas as pd

        end: pd.Series[float] = pd.concat([self.table.iloc[-1], self.events.add_suffix("_hours")]).rename("end")
        return end


def follow(
    cell: "PumpLeak", rest: Array, hours: float, *, block: float, glycoside: float, loss: float, start: PumpRun | None
) -> PumpRun:
    """Follow a cell from rest (amounts, mV, pL) or from the end of another run; see ``PumpLeak.run``."""
    import pandas as pd

    for name, value in (("glycoside_nM", glycoside), ("loss_per_hour", loss)):
        if not (math.isfinite(value) and value >= 0):
            raise InputError(f"{name} is {value}: give 0 or more.")
    if not (math.isfinite(hours) and hours > 0):
        raise InputError(f"The run lasts {hours} hours: give more than 0.")
    begin, bound, intact = (rest, 0.0, 1.0) if start is None else (start._end, start._bound, start._intact)
    away = cell.k_on * glycoside + cell.k_off
    level = cell.k_on * glycoside / away if away else 0.0

    def working(time: float) -> tuple[float, float]:
        """Share of the pumps that hold a glycoside, and share not destroyed."""
        left = cell.protected + max(intact - cell.protected, 0.0) * math.exp(-loss * time)
        return level + (bound - level) * math.exp(-away * time), min(left, intact)

    def change(time: float, y: Array) -> list[float]:
        held, left = working(time)
        return flows(cell, y.tolist(), (1 - block) * (1 - held) * left)

    def swollen(_: float, y: Array) -> float:
        return float(y[4] / rest[4] - SWOLLEN)

    def depolarised(_: float, y: Array) -> float:
        return float(y[3] / rest[3] - DEPOLARISED)

    scale = np.array([*rest[:3], VOLTAGE_SCALE, rest[4], *rest[:3], rest[0]])
    solved = integrate.solve_ivp(
        change, (0.0, hours), np.concatenate([begin, np.zeros(4)]), method="LSODA", rtol=1e-7, atol=1e-8 * scale,
        events=(swollen, depolarised), dense_output=True,
    )  # fmt: skip
    if not solved.success:
        raise ArithmeticError(f"The integration stopped at {solved.t[-1]:.3g} hours: {solved.message}")
    kept = conservation(cell, solved.y)
    if not (kept < LOST).all():
        raise ArithmeticError(f"The integration lost {kept.idxmax()}: {kept.max():.2g} of it, beyond {LOST:g}.")
    times = np.linspace(0.0, hours, POINTS)
    y = solved.sol(times)
    held, left = np.array([working(time) for time in times]).T
    free, own = (1 - block) * (1 - held) * left, vars(cell)
    pumped = free * pump_rate(own, y[0] / y[4], y[3]) / pump_rate(own, rest[0] / rest[4], rest[3])
    table = pd.DataFrame(
        {"hours": times, "sodium_mM": y[0] / y[4], "potassium_mM": y[1] / y[4], "chloride_mM": y[2] / y[4],
         "volume": y[4] / rest[4], "voltage_mV": y[3], "pump": pumped, "blocked": 1 - free}
    )  # fmt: skip
    first = [float(each[0]) if len(each) else math.nan for each in solved.t_events]
    return PumpRun(
        table=table,
        events=pd.Series(first, index=["swollen", "depolarised"]),
        conservation=kept,
        steps=len(solved.t) - 1,
        _end=solved.y[:5, -1],
        _bound=float(held[-1]),
        _intact=float(left[-1]),
    )


def flows(cell: "PumpLeak", y: list[float], working: float) -> list[float]:
    """Change per hour of sodium, potassium, chloride (fmol), mV, pL; then the leaks of the ions, and what is pumped."""
    volume = max(y[4], 1e-9)
    sodium, potassium, chloride = (max(amount, 1e-9) / volume for amount in y[:3])
    voltage, thermal, out = y[3], thermal_mV(cell.temperature_c), cell.sodium_out + cell.potassium_out
    leak_na = cell.g_na * (thermal * math.log(cell.sodium_out / sodium) - voltage)
    leak_k = cell.g_k * (thermal * math.log(cell.potassium_out / potassium) - voltage)
    leak_cl = cell.g_cl * (thermal * math.log(out / chloride) + voltage)
    pump = working * float(pump_rate(vars(cell), sodium, voltage))
    through = FLUX * cell.area_um2
    excess = sodium + potassium + chloride + cell.impermeant_fmol / volume - 2 * out
    return [
        through * (leak_na - 3 * pump), through * (leak_k + 2 * pump), through * leak_cl,
        CHARGING / cell.capacitance * (leak_na + leak_k - leak_cl - pump),
        WATER * cell.water_permeability * cell.area_um2 * excess,
        through * leak_na, through * leak_k, through * leak_cl, through * pump,
    ]  # fmt: skip


def conservation(cell: "PumpLeak", y: Array) -> "pd.Series[float]":
    """Largest imbalance over the steps of ``y``, shape (9, steps); see ``PumpRun``."""
    import pandas as pd

    came = np.array([y[5] - 3 * y[8], y[6] + 2 * y[8], y[7]])
    off = np.abs(y[:3] - y[:3, :1] - came).max(axis=1) / y[:3].max(axis=1)
    ions = y[:3].sum(axis=0) + cell.impermeant_fmol
    net = y[0] + y[1] - y[2] + cell.impermeant_charge * cell.impermeant_fmol
    charge = float((np.abs(net - CHARGE * cell.capacitance * cell.area_um2 * y[3]) / ions).max())
    return pd.Series([*off, charge], index=["sodium", "potassium", "chloride", "charge"])

"""One animal cell that pumps and leaks: sodium, potassium, chloride, volume and voltage, with the pump blocked."""

import math
from dataclasses import dataclass, field, fields, replace
from typing import TYPE_CHECKING, Self, get_args

import numpy as np
from numpy.typing import NDArray
from scipy import optimize

from fxyd3.errors import InputError
from fxyd3.rescue._pump_parameters import Form, affinity_factors, defaults, pump_rate, steady, thermal_mV
from fxyd3.rescue._pump_run import CHARGE, FLUX, WATER, PumpRun, flows, follow

if TYPE_CHECKING:
    import pandas as pd

Array = NDArray[np.float64]

NOT_NEGATIVE = ("protected", "k_on", "k_off")
UNBOUND = (
    "{what} leaves no steady state: nothing holds the sodium out, the impermeant anions draw in salt and water (the "
    "Donnan effect), and the cell swells without bound; {remedy}."
)


def _read(name: str) -> float:
    value: float = field(default_factory=lambda: defaults()[name])
    return value


@dataclass(frozen=True)
class PumpLeak:
    """A cell whose sodium pump works against its leaks. All defaults stand in ``data/pump.csv``; see ``parameters``.

    Sodium, potassium and chloride leak through constant conductances; the pump carries three sodium out and two
    potassium in; water follows the osmotic difference; voltage is the net charge inside over the capacitance of the
    membrane (the charge-difference formulation). The medium is large: it does not change.

    Attributes
    ----------
    sodium_out, potassium_out
        Medium, mM; chloride balances their charge, and nothing else is dissolved.
    g_na, g_k, g_cl
        Conductances, mS/cm2.
    pump_max
        Net current (one charge per cycle) of the saturated pump, uA/cm2.
    na_half, k_half
        Sodium inside, potassium outside, at which the pump runs at half of its rate, mM.
    k_half_depolarised, switch_mv, switch_width_mv
        ``k_half`` turns into ``k_half_depolarised`` above ``switch_mv``.
    impermeant_fmol, impermeant_charge
        What cannot leave: amount, and mean charge.
    area_um2, capacitance, water_permeability, temperature_c
        Membrane (um2, uF/cm2, um/s) and temperature.
    k_on, k_off
        Binding of a glycoside to the pump, per nM and hour, and its release, per hour.
    protected
        Share of the pumps that oxidation cannot reach.

    Raises
    ------
    InputError
        For a value that is missing, out of range, or leaves the membrane without leak.

    References
    ----------
    Kay 2017, doi:10.3389/fcell.2017.00041 (the model and its steady state). Düsterwald 2018,
    doi:10.7554/eLife.39575 (its use for a question on a cell).

    When not to use
    ---------------
    To predict the death of a cell, or its volume after hours of block: real cells regulate volume by cotransport and
    channels that open, which the model leaves out (human glioblastoma cells under 1 uM ouabain swelled only for some
    hours and lost about half of their potassium in a day: doi:10.1186/1471-2407-14-716). To read a dose for a person:
    binding was measured for ouabain, on membranes of red cells.

    Examples
    --------
    A model cell at rest; where half of its pumps are blocked, sodium rises and potassium falls:

    >>> from fxyd3.rescue import PumpLeak
    >>> cell = PumpLeak()
    >>> cell.rest()[["sodium_mM", "potassium_mM", "voltage_mV"]].round()
    sodium_mM        10.0
    potassium_mM    140.0
    voltage_mV      -66.0
    dtype: float64
    >>> change = cell.rest(block=0.5) - cell.rest()
    >>> bool(change["sodium_mM"] > 0), bool(change["potassium_mM"] < 0)
    (True, True)
    """

    sodium_out: float = _read("sodium_out")
    potassium_out: float = _read("potassium_out")
    g_na: float = _read("g_na")
    g_k: float = _read("g_k")
    g_cl: float = _read("g_cl")
    pump_max: float = _read("pump_max")
    na_half: float = _read("na_half")
    k_half: float = _read("k_half")
    k_half_depolarised: float = _read("k_half_depolarised")
    switch_mv: float = _read("switch_mv")
    switch_width_mv: float = _read("switch_width_mv")
    impermeant_fmol: float = _read("impermeant_fmol")
    impermeant_charge: float = _read("impermeant_charge")
    area_um2: float = _read("area_um2")
    capacitance: float = _read("capacitance")
    water_permeability: float = _read("water_permeability")
    temperature_c: float = _read("temperature_c")
    k_on: float = _read("k_on")
    k_off: float = _read("k_off")
    protected: float = _read("protected")

    def __post_init__(self) -> None:
        for name in (each.name for each in fields(self)):
            value = getattr(self, name)
            if not math.isfinite(value):
                raise InputError(f"{name} is {value}: give a number.")
            if name in ("g_na", "g_k", "g_cl") and value <= 0:
                raise InputError(f"{name} is {value:g}: each ion needs a leak; give more than 0.")
            if name in NOT_NEGATIVE and value < 0:
                raise InputError(f"{name} is {value:g}: give 0 or more.")
            signed = ("impermeant_charge", "switch_mv", "temperature_c", "pump_max")
            if name not in (*NOT_NEGATIVE, *signed) and value <= 0:
                raise InputError(f"{name} is {value:g}: give more than 0.")
        if self.protected > 1:
            raise InputError(f"protected is {self.protected:g}: it is a share of the pumps, 0 to 1.")
        if not 0 <= self.temperature_c <= 50:
            raise InputError(f"temperature_c is {self.temperature_c:g}: give degrees Celsius, 0 to 50.")
        if self.impermeant_charge >= 0:
            raise InputError(
                f"impermeant_charge is {self.impermeant_charge:g}: give the mean charge of anions, below 0."
            )
        if self.pump_max <= 0:
            raise InputError(UNBOUND.format(what=f"A pump_max of {self.pump_max:g}", remedy="give more than 0"))

    def with_fxyd3(self, form: Form, *, fold: float = 1.5, protected: float = 0.0) -> Self:
        """Return the cell with FXYD3 on all of its pumps.

        Parameters
        ----------
        form
            "mouse" and "human short" lower the affinity for sodium and for potassium. "human long" lowers that for
            potassium near 0 mV only, and raises that for sodium.
        fold
            By which factor each; only the directions were measured, so this is an assumption to be swept.
        protected
            Share of the pumps that FXYD3 shields from oxidation; an assumption too.

        Returns
        -------
        PumpLeak

        Raises
        ------
        InputError
            For an unknown form, a fold below 1, or a share out of range.

        When not to use
        ---------------
        To tell mouse from human short: the same directions were measured, and no sizes are known here.
        """
        if form not in get_args(Form):
            raise InputError(f"There is no form '{form}' of FXYD3: choose one of {', '.join(get_args(Form))}.")
        if not (math.isfinite(fold) and fold >= 1):
            raise InputError(f"The fold is {fold}: give 1 (no change) or more.")
        sodium, potassium, depolarised = affinity_factors(form, fold)
        return replace(
            self,
            na_half=sodium * self.na_half,
            k_half=potassium * self.k_half,
            k_half_depolarised=depolarised * self.k_half_depolarised,
            protected=protected,
        )

    def rest(self, *, block: float = 0.0) -> "pd.Series[float]":
        """Return the steady state, found as the root of all fluxes, with a share of the pumps blocked for good.

        Returns
        -------
        sodium_mM, potassium_mM, chloride_mM, impermeant_mM (inside), voltage_mV, volume_pL, pump_current (net, uA/cm2),
        pump (share of the saturated rate of all pumps).

        Raises
        ------
        InputError
            For a block outside 0 to 1, or where there is no steady state.

        When not to use
        ---------------
        For what a cell looks like after some hours: see ``run``.
        """
        import pandas as pd

        at, working = self._rest(block), 1 - block
        volume = at[4]
        current = working * float(pump_rate(vars(self), at[0] / volume, at[3]))
        inside = [at[0], at[1], at[2], self.impermeant_fmol]
        names = ("sodium_mM", "potassium_mM", "chloride_mM", "impermeant_mM")
        told = {name: amount / volume for name, amount in zip(names, inside, strict=True)}
        rest = {"voltage_mV": at[3], "volume_pL": volume, "pump_current": current, "pump": current / self.pump_max}
        return pd.Series(told | rest, dtype=float)

    def run(
        self, hours: float, *, block: float = 0.0, glycoside_nM: float = 0.0, loss_per_hour: float = 0.0,
        start: PumpRun | None = None,
    ) -> PumpRun:  # fmt: skip
        """Follow the cell over time.

        Parameters
        ----------
        hours
            How long.
        block
            Share of the pumps stopped at once, for as long as the run lasts.
        glycoside_nM
            Free concentration in the medium; it binds and leaves slowly, by ``k_on`` and ``k_off``.
        loss_per_hour
            Rate at which oxidation destroys pumps that are not ``protected``; an assumption.
        start
            An earlier run, whose end is the start: glycoside already bound stays so (for washing out); else rest.

        Returns
        -------
        PumpRun

        Raises
        ------
        InputError
            For hours not above 0, a block outside 0 to 1, or a negative concentration or rate.
        ArithmeticError
            Should an ion or charge be lost beyond 1e-9 relative.

        Notes
        -----
        Amounts, voltage and volume are integrated with LSODA, the fluxes of each ion beside them: what is inside is
        held against what came in, at each step.

        When not to use
        ---------------
        Where the medium is small against the cells, or the cell divides.
        """
        _range("block", block)
        return follow(
            self, self._rest(0.0), hours, block=block, glycoside=glycoside_nM, loss=loss_per_hour, start=start
        )

    def _rest(self, block: float) -> Array:
        """Amounts (fmol), voltage (mV) and volume (pL) at which all fluxes vanish and the charge fits the voltage."""
        _range("block", block)
        if block == 1:
            raise InputError(
                UNBOUND.format(what="A full block of the pump", remedy="block less, or follow it with run")
            )
        near = steady({**vars(self), "pump_max": (1 - block) * self.pump_max})
        if not np.isfinite(near["volume"]):
            raise InputError("These parameters leave no steady state: see parameters() for their range.")
        thermal, big = thermal_mV(self.temperature_c), self.impermeant_fmol

        def off(at: Array) -> list[float]:
            amounts, voltage, volume = np.exp(at[:3]).tolist(), thermal * at[3], math.exp(at[4])
            flow = flows(self, [*amounts, voltage, volume], 1 - block)
            net = amounts[0] + amounts[1] - amounts[2] + self.impermeant_charge * big
            through = FLUX * self.area_um2 * thermal
            return [
                flow[0] / (through * self.g_na), flow[1] / (through * self.g_k), flow[2] / (through * self.g_cl),
                (net - CHARGE * self.capacitance * self.area_um2 * voltage) / big,
                flow[4] / (WATER * self.water_permeability * self.area_um2 * 2 * self.sodium_out),
            ]  # fmt: skip

        volume = float(near["volume"])
        amounts = [math.log(float(near[name]) * volume) for name in ("sodium", "potassium", "chloride")]
        found = optimize.root(off, [*amounts, float(near["voltage"]) / thermal, math.log(volume)], tol=1e-14)
        if np.abs(found.fun).max() > 1e-9:
            raise InputError("No steady state was found for these parameters: see parameters() for their range.")
        x = found.x
        return np.array([*np.exp(x[:3]), thermal * x[3], math.exp(x[4])])


def _range(name: str, share: float) -> None:
    if not 0 <= share <= 1:
        raise InputError(f"The {name} is {share}: it is a share of the pumps, 0 to 1.")

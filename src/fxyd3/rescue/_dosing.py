"""Which drug is there when: pulses as in a dish, courses as in a person, and both drugs in different orders."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike

from fxyd3.errors import InputError
from fxyd3.rescue._kinetics import DIGOXIN, Array, Glycoside, Regimen, check, check_starts

Concentrations = tuple[Array, Array]


@dataclass(frozen=True)
class Pulses:
    """A drug that is there at one concentration for some hours, then washed out: as in a dish.

    Attributes
    ----------
    starts
        Hours at which it is added, rising; below zero: before chemotherapy.
    hours
        How long it stays.
    nM
        Concentration.

    Raises
    ------
    InputError
        For a number that cannot be, or pulses that overlap.

    When not to use
    ---------------
    For a drug in a person, which decays: see ``Regimen``.

    Examples
    --------
    Two hours at 100 nM, given twice:

    >>> from fxyd3.rescue import Pulses
    >>> drug = Pulses(starts=(0.0, 24.0), hours=2.0, nM=100.0)
    >>> drug.concentration([0, 1, 12, 25]).tolist()
    [100.0, 100.0, 0.0, 100.0]
    """

    starts: tuple[float, ...]
    hours: float
    nM: float  # noqa: N815

    def __post_init__(self) -> None:
        check("length of a pulse in hours", self.hours)
        check("concentration in nM", self.nM, zero=True)
        check_starts("pulses", self.starts, self.hours)

    @property
    def changes(self) -> Array:
        """Hours at which the concentration jumps."""
        starts = np.asarray(self.starts, dtype=float)
        return np.concatenate([starts, starts + self.hours])

    def concentration(self, hours: ArrayLike) -> Array:
        """Return the concentration in nM at some hours, in their shape."""
        since = np.asarray(hours, dtype=float)[..., None] - np.asarray(self.starts)
        return np.asarray(self.nM * ((since >= 0) & (since < self.hours)).any(axis=-1))


@dataclass(frozen=True)
class Schedule:
    """Which drug is there when, and how long one watches. Hour zero is when the cells at the start are counted.

    Attributes
    ----------
    chemotherapy
        Pulses, or None.
    glycoside
        Pulses (a dish), a ``Regimen`` (a person), or None.
    until
        Hours at which the cells left are counted; no drug is there later.

    Raises
    ------
    InputError
        Where ``until`` is not above zero or a drug begins after it.

    Examples
    --------
    Chemotherapy for two days in a dish, and two days more until cells are counted:

    >>> from fxyd3.rescue import Pulses, Schedule
    >>> schedule = Schedule(chemotherapy=Pulses(starts=(0.0,), hours=48.0, nM=500.0), until=96.0)
    >>> schedule.begin, schedule.times(step=24).tolist()
    (0.0, [0.0, 24.0, 48.0, 72.0, 96.0])
    """

    chemotherapy: Pulses | None = None
    glycoside: Pulses | Regimen | None = None
    until: float = 504.0

    def __post_init__(self) -> None:
        check("end of the schedule in hours", self.until)
        for drug in (self.chemotherapy, self.glycoside):
            if drug is not None and drug.starts[-1] >= self.until:
                raise InputError(
                    f"A drug begins at hour {drug.starts[-1]:g}, and the schedule ends at hour {self.until:g}: "
                    "set until to a later hour."
                )

    def seen(self, hours: Array) -> Concentrations:
        """Return the concentrations of chemotherapy and glycoside at some hours, nM, in their shape."""
        both = (self.chemotherapy, self.glycoside)
        one, two = (np.zeros_like(hours) if drug is None else drug.concentration(hours) for drug in both)
        return one, two

    @property
    def begin(self) -> float:
        """Hour of the first drug, or zero where none comes before it."""
        drugs = (self.chemotherapy, self.glycoside)
        return min([0.0, *(float(drug.starts[0]) for drug in drugs if drug is not None)])

    def times(self, step: float, begin: float | None = None) -> Array:
        """Return the hours at which a drug changes, and others between them, at most ``step`` apart.

        From ``begin`` on, which may be earlier than that of the schedule.
        """
        check("step in hours", step)
        drugs = [drug.changes for drug in (self.chemotherapy, self.glycoside) if drug is not None]
        begin = self.begin if begin is None else begin
        every = np.concatenate([np.arange(begin, self.until, step), [0.0, self.until], *drugs])
        return np.unique(np.round(every[every <= self.until], 9))


def orders(
    drug: Glycoside | None = DIGOXIN,
    *,
    mean_nM: float,
    chemotherapy_nM: float,
    pulse_hours: float = 120.0,
    course_days: int = 7,
    cycles: int = 1,
    cycle_days: int = 21,
) -> dict[str, Schedule]:
    """Lay out the same amounts of two drugs in different orders. No order here is advice.

    Chemotherapy is given at the same hours everywhere, first at hour zero. A course of the glycoside ends as each pulse
    begins ("glycoside before"), begins with it ("glycoside with"), or begins as it ends ("glycoside after"). Cells are
    counted at one hour in all: when the last course of the last of these ends.

    Parameters
    ----------
    drug
        In a person, daily doses with a loading dose, see ``Regimen``; None: in a dish, at one concentration, and washed
        out.
    mean_nM
        Of the glycoside.
    chemotherapy_nM, pulse_hours
        Of each pulse.
    course_days
        Of the glycoside.
    cycles, cycle_days
        How often all is repeated, and after how many days.

    Returns
    -------
    Schedules by name: "chemotherapy alone", "glycoside before", "glycoside with", "glycoside after", "glycoside alone"
    (at the hours of "with").

    Raises
    ------
    InputError
        For a number that cannot be, or cycles that overlap.

    When not to use
    ---------------
    To plan a treatment: the lengths are examples.

    Examples
    --------
    Hours at which the glycoside is added to a dish in each order (a simulation, no advice):

    >>> from fxyd3.rescue import orders
    >>> schedules = orders(None, mean_nM=10, chemotherapy_nM=500, pulse_hours=48, course_days=2)
    >>> {name: each.glycoside.starts for name, each in schedules.items() if each.glycoside}
    {'glycoside before': (-48.0,), 'glycoside with': (0.0,), 'glycoside after': (48.0,), 'glycoside alone': (0.0,)}
    """
    for what, days in (("course in days", course_days), ("number of cycles", cycles), ("cycle in days", cycle_days)):
        check(what, days, whole=True)
    course = 24.0 * course_days
    pulses = 24.0 * cycle_days * np.arange(cycles, dtype=np.float64)
    until = float(pulses[-1]) + pulse_hours + course

    def given(at: Array) -> Pulses | Regimen:
        starts = tuple(at.tolist())
        return Regimen(drug, mean_nM, doses=course_days, starts=starts) if drug else Pulses(starts, course, mean_nM)

    killing = Pulses(tuple(pulses.tolist()), pulse_hours, chemotherapy_nM)
    return {
        "chemotherapy alone": Schedule(killing, None, until),
        "glycoside before": Schedule(killing, given(pulses - course), until),
        "glycoside with": Schedule(killing, given(pulses), until),
        "glycoside after": Schedule(killing, given(pulses + pulse_hours), until),
        "glycoside alone": Schedule(None, given(pulses), until),
    }

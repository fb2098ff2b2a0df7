"""Cardiac glycosides in a person: concentration over time in one compartment, beside the clinical plasma range."""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.special import expit

from fxyd3.data.report import nearest
from fxyd3.data.units import NM_PER_NG_ML
from fxyd3.errors import InputError

if TYPE_CHECKING:
    import pandas as pd

Array = NDArray[np.float64]


@dataclass(frozen=True)
class Glycoside:
    """A cardiac glycoside as it is in plasma: total drug, free and bound to protein.

    Attributes
    ----------
    name
        "digoxin" or "digitoxin".
    half_life_hours
        Of its elimination.
    clinical_ng_ml
        Ends of the plasma range in use, ng/mL.
    nM_per_ng_ml
        Factor from ng/mL to nM.

    Examples
    --------
    Without urine the half-life of digoxin is longer:

    >>> from dataclasses import replace
    >>> from fxyd3.rescue import glycoside
    >>> digoxin = glycoside("digoxin")
    >>> digoxin.half_life_hours, replace(digoxin, half_life_hours=105.0).half_life_hours
    (38.0, 105.0)
    >>> [round(end, 2) for end in digoxin.clinical_nM]
    [0.64, 2.56]
    """

    name: str
    half_life_hours: float
    clinical_ng_ml: tuple[float, float]
    nM_per_ng_ml: float  # noqa: N815

    @property
    def clinical_nM(self) -> tuple[float, float]:  # noqa: N802
        """Ends of the plasma range in use, nM."""
        low, high = self.clinical_ng_ml
        return low * self.nM_per_ng_ml, high * self.nM_per_ng_ml


DIGOXIN = Glycoside("digoxin", 38.0, clinical_ng_ml=(0.5, 2.0), nM_per_ng_ml=NM_PER_NG_ML["digoxin"])
DIGITOXIN = Glycoside(
    "digitoxin", half_life_hours=168.0, clinical_ng_ml=(14.0, 26.0), nM_per_ng_ml=NM_PER_NG_ML["digitoxin"]
)
GLYCOSIDES = {each.name: each for each in (DIGOXIN, DIGITOXIN)}
ANURIC_HALF_LIFE_HOURS = 105.0  # of digoxin, where the kidneys make no urine


def glycoside(name: str) -> Glycoside:
    """Return what is known of a cardiac glycoside in plasma.

    Parameters
    ----------
    name
        "digoxin" or "digitoxin". Another half-life: ``dataclasses.replace(glycoside("digoxin"), half_life_hours=105)``.

    Returns
    -------
    Glycoside

    Raises
    ------
    InputError
        For another name.

    Notes
    -----
    ==========================  ========================================================================================
    digoxin, 0.5 to 2.0 ng/mL   secondary sources: lower end of the target in heart failure, and the level above which
                                toxicity is usual (a third of toxic cases lie below it)
    1.28 nM per ng/mL           secondary source
    half-life 38 h              secondary source; 105 h without urine
    digitoxin, 14 to 26 ng/mL   secondary source; nM by a molar mass of 764.9
    half-life 168 h             secondary source
    ==========================  ========================================================================================

    When not to use
    ---------------
    To choose a dose or to read a blood level: numbers from secondary sources, for a simulation.

    Examples
    --------
    Ends of the plasma range in use, ng/mL:

    >>> from fxyd3.rescue import glycoside
    >>> glycoside("digoxin").clinical_ng_ml
    (0.5, 2.0)
    """
    if name not in GLYCOSIDES:
        raise InputError(
            f"There is no glycoside '{name}'{nearest(name, list(GLYCOSIDES))}: there are {', '.join(GLYCOSIDES)}."
        )
    return GLYCOSIDES[name]


@dataclass(frozen=True)
class Regimen:
    """A glycoside given in repeated doses that keep a mean concentration: one compartment, first-order elimination.

    A dose is told by the mean that it keeps when repeated for ever, so that neither a volume of distribution nor a
    bioavailability is needed: each raises the concentration by ``mean * log(2) / half_life * every_hours``.

    Attributes
    ----------
    drug
        See ``glycoside``.
    mean_nM
        Mean concentration at steady state, nM.
    every_hours
        Between doses of a course.
    doses
        Of a course.
    starts
        Hours at which courses begin, rising; below zero: before chemotherapy.
    loading
        Whether the first dose of a course fills up at once what steady state holds; without it, steady state is
        reached to 90% after 3.3 half-lives.

    Raises
    ------
    InputError
        For a number that cannot be.

    References
    ----------
    Yousef 2024, doi:10.3390/biomedicines12081843 (superposition of doses, and where it fails).

    When not to use
    ---------------
    To choose a dose for anybody. For the hours after a dose in detail: each dose is there at once, while a real one is
    absorbed first and spreads slowly into tissue. Binding to protein is left out too.

    Examples
    --------
    Daily doses that keep a mean of 1.5 nM (a simulation, no advice):

    >>> from fxyd3.rescue import DIGOXIN, Regimen
    >>> regimen = Regimen(DIGOXIN, mean_nM=1.5, doses=5)
    >>> regimen.summary()[["peak_nM", "trough_nM", "accumulation", "clinical"]].round(1)
       peak_nM  trough_nM  accumulation  clinical
    0      1.9        1.2           2.8      True
    >>> regimen.course([0, 12, 240])[["hours", "nM", "clinical"]].round(1)
       hours   nM clinical
    0      0  1.9   within
    1     12  1.5   within
    2    240  0.1    below
    """

    drug: Glycoside
    mean_nM: float  # noqa: N815
    every_hours: float = 24.0
    doses: int = 14
    starts: tuple[float, ...] = (0.0,)
    loading: bool = True

    def __post_init__(self) -> None:
        check("mean concentration in nM", self.mean_nM, zero=True)
        check("half-life in hours", self.drug.half_life_hours)
        check("interval between doses in hours", self.every_hours)
        check("number of doses", self.doses, whole=True)
        check_starts("courses", self.starts, self.doses * self.every_hours)

    @property
    def given(self) -> tuple[Array, Array]:
        """Hours at which doses are given, and by how many nM each raises the concentration."""
        k = self._rate
        rise = self.mean_nM * k * self.every_hours
        full = rise / -math.expm1(-k * self.every_hours)
        times, rises = np.empty(0), np.empty(0)
        for start in self.starts:
            own = np.full(self.doses, rise)
            if self.loading:
                own[0] = max(full - float(self._sum(np.asarray(start), times, rises)), rise)
            times = np.append(times, start + self.every_hours * np.arange(self.doses))
            rises = np.append(rises, own)
        return times, rises

    @property
    def changes(self) -> Array:
        """Hours at which the concentration bends or jumps."""
        return self.given[0]

    def concentration(self, hours: ArrayLike) -> Array:
        """Return the concentration in nM at some hours, in their shape; a dose counts from its own hour on."""
        return self._sum(np.asarray(hours, dtype=float), *self.given)

    def course(self, hours: ArrayLike | None = None) -> "pd.DataFrame":
        """Return the concentration over time: hours, nM, ng_ml, clinical ("below", "within" or "above" the range).

        Without ``hours``, every hour from the first dose until two half-lives after the last.
        """
        import pandas as pd

        if hours is None:
            hours = np.arange(self.starts[0], self.changes[-1] + 2 * self.drug.half_life_hours + 1)
        nM = self.concentration(hours)
        low, high = self.drug.clinical_nM
        clinical = np.where(nM < low, "below", np.where(nM > high, "above", "within"))
        return pd.DataFrame({"hours": hours, "nM": nM, "ng_ml": nM / self.drug.nM_per_ng_ml, "clinical": clinical})

    def summary(self) -> "pd.DataFrame":
        """Return the steady state that doses repeated for ever would reach, one row.

        Columns: drug, half_life_hours, every_hours, mean_nM, peak_nM, trough_nM, accumulation (peak to the first dose,
        ``1 / (1 - exp(-k every_hours))``), hours_to_90 (to 90% of it without a loading dose), clinical (bool: peak and
        trough both within the clinical range).
        """
        import pandas as pd

        accumulation = 1 / -math.expm1(-self._rate * self.every_hours)
        peak = self.mean_nM * self._rate * self.every_hours * accumulation
        trough = peak * math.exp(-self._rate * self.every_hours)
        low, high = self.drug.clinical_nM
        row = {
            "drug": self.drug.name,
            "half_life_hours": self.drug.half_life_hours,
            "every_hours": self.every_hours,
            "mean_nM": self.mean_nM,
            "peak_nM": peak,
            "trough_nM": trough,
            "accumulation": accumulation,
            "hours_to_90": math.log(10) / self._rate,
            "clinical": low <= trough and peak <= high,
        }
        return pd.DataFrame([row])

    @property
    def _rate(self) -> float:
        return math.log(2) / self.drug.half_life_hours

    def _sum(self, hours: Array, times: Array, rises: Array) -> Array:
        since = hours[..., None] - times
        left = np.exp(-self._rate * np.maximum(since, 0))
        return np.asarray((np.where(since < 0, 0.0, left) * rises).sum(axis=-1))


def xenograft_gap(
    folds: float | Sequence[float],
    *,
    ec50_nM: float,
    hill: float = 1.0,
    borne_nM: float = DIGOXIN.clinical_nM[1],
) -> "pd.DataFrame":
    """Work out what a human tumour in a mouse would see, if mouse cells were so many times less sensitive.

    A person bears a glycoside up to some concentration, because the pumps of heart and nerve are blocked too. If the
    pumps of a mouse were ``folds`` times less sensitive, it would bear that many times the concentration, and so would
    the human tumour cells in it see it. The fold is the reader's "if": none is taken for true here.

    Parameters
    ----------
    folds
        How many times less sensitive the cells of the host are; a number, or several to sweep.
    ec50_nM, hill
        Half-effective concentration and Hill slope in the human tumour cells.
    borne_nM
        What a person bears; if not given, the upper end of the clinical range of digoxin.

    Returns
    -------
    One row per fold: fold, borne_nM (by the mouse), person, mouse (share of the full effect on the human tumour cells
    at what a person and what the mouse bears), gap (mouse less person).

    Raises
    ------
    InputError
        For a number that is not above zero.

    References
    ----------
    Calderon-Montano 2014, doi:10.1155/2014/794930 (tumour inhibition in xenografts may be such an artefact).

    When not to use
    ---------------
    To correct an experiment: what a mouse bears depends on more than the affinity of its pumps.

    Examples
    --------
    Share of the full effect on a made-up tumour, if mouse cells were equally, ten and a hundred times less sensitive:

    >>> from fxyd3.rescue import xenograft_gap
    >>> xenograft_gap([1, 10, 100], ec50_nM=10)[["fold", "person", "mouse"]].round(2)
        fold  person  mouse
    0    1.0     0.2   0.20
    1   10.0     0.2   0.72
    2  100.0     0.2   0.96
    """
    import pandas as pd

    fold = np.atleast_1d(np.asarray(folds, dtype=float))
    for each in fold:
        check("fold of sensitivity", float(each))
    check("half-effective concentration in nM", ec50_nM)
    check("Hill slope", hill)
    check("concentration borne in nM", borne_nM)
    person = effect(borne_nM, ec50_nM, hill)
    mouse = effect(borne_nM * fold, ec50_nM, hill)
    return pd.DataFrame(
        {"fold": fold, "borne_nM": borne_nM * fold, "person": float(person), "mouse": mouse, "gap": mouse - person}
    )


def effect(concentration: ArrayLike, ec50: ArrayLike, hill: ArrayLike) -> Array:
    """Return the share of the full effect at a concentration, by a Hill function."""
    with np.errstate(divide="ignore"):
        return np.asarray(expit(hill * np.log(np.asarray(concentration) / ec50)))


def check(what: str, value: float, *, zero: bool = False, whole: bool = False) -> None:
    """Raise InputError unless a number is finite, and above zero (``zero``: or zero; ``whole``: and an integer)."""
    kind = (int, np.integer) if whole else (int, float, np.number)
    if not isinstance(value, kind) or not math.isfinite(value) or value < 0 or (value == 0 and not zero):
        raise InputError(
            f"The {what} is {value!r}: give a {'whole ' * whole}number {'of zero or more' if zero else 'above zero'}."
        )


def check_starts(what: str, starts: Sequence[float], apart: float) -> None:
    """Raise InputError unless there are starts, rising, and so far apart that nothing overlaps."""
    at = np.asarray(starts, dtype=float)
    if not at.size or not np.isfinite(at).all() or (np.diff(at) < apart - 1e-9).any():
        raise InputError(
            f"The starts of the {what} are {list(starts)}: give hours, rising, each at least {apart:g} after the one "
            "before, so that none overlap."
        )

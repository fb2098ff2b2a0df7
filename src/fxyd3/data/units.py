"""Concentrations in nM."""

import numpy as np
from numpy.typing import ArrayLike, NDArray

from fxyd3.data.report import nearest
from fxyd3.errors import InputError

Array = NDArray[np.float64]
MOLAR = {"M": 1e9, "mM": 1e6, "uM": 1e3, "nM": 1.0, "pM": 1e-3}
MASS = {"ng/mL": 1.0, "ug/mL": 1e3, "mg/L": 1e3, "ug/L": 1.0}
NM_PER_NG_ML = {"digoxin": 1.28, "digitoxin": 1 / 0.7649}


def to_nM(values: ArrayLike, unit: str, *, drug: str = "") -> Array:  # noqa: N802
    """Convert concentrations to nM.

    Parameters
    ----------
    values
        Concentrations, any shape; 0 is no drug.
    unit
        M, mM, uM, nM, pM, or ng/mL, ug/mL, ug/L, mg/L; "µ" is read as "u". The case counts: mM is not MM.
    drug
        For a mass per volume: "digoxin" or "digitoxin", whose molar masses are known here.

    Returns
    -------
    float64, in the shape given.

    Raises
    ------
    InputError
        For an unknown unit, a mass per volume of a drug without known molar mass, or a value that is negative or not
        finite.

    When not to use
    ---------------
    To turn a dose given to a person (mg) into a concentration: see ``fxyd3.rescue.Regimen``.

    Examples
    --------
    >>> from fxyd3.rescue import to_nM
    >>> to_nM([0.1, 1], "uM").round(1).tolist()
    [100.0, 1000.0]
    >>> to_nM([1.0], "ng/mL", drug="digoxin").round(2).tolist()
    [1.28]
    """
    name = unit.strip().replace("\u00b5", "u").replace("\u03bc", "u")
    known = MOLAR | MASS
    if name not in known:
        raise InputError(f"The unit '{unit}' is unknown{nearest(name, known)}: it is one of {', '.join(known)}.")
    given = np.asarray(values, dtype=float)
    bad = given[~(np.isfinite(given) & (given >= 0))]
    if bad.size:
        raise InputError(f"The concentration {bad.flat[0]:g} {unit} cannot be: give numbers of zero or more.")
    if name in MOLAR:
        return np.asarray(given * MOLAR[name])
    if drug not in NM_PER_NG_ML:
        told = f"'{drug}'{nearest(drug, NM_PER_NG_ML)}" if drug else "a drug without a name"
        raise InputError(
            f"{unit} of {told} cannot be converted, since a molar mass is known only of {', '.join(NM_PER_NG_ML)}: "
            "give the concentrations in nM."
        )
    return np.asarray(given * MASS[name] * NM_PER_NG_ML[drug])

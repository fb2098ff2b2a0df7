"""Responses as shares of the control."""

from typing import Literal, get_args

import numpy as np
from numpy.typing import ArrayLike, NDArray

from fxyd3.data.report import few, nearest
from fxyd3.errors import InputError

Array = NDArray[np.float64]
Unit = Literal["share", "percent"]
MOST_SHARE, LEAST_PERCENT = 10.0, 3.0


def as_share(values: ArrayLike, *, unit: Unit = "share", what: str = "response") -> Array:
    """Return responses as shares of the control, and refuse values that contradict the unit.

    Parameters
    ----------
    values
        Responses, any shape, with those of low doses or controls among them; missing values stay missing.
    unit
        "share" (1 is the control) or "percent" (100 is the control).
    what
        Name of the values in messages.

    Returns
    -------
    float64, in the shape given; not clipped: above 1 and below 0 are noise, which a fit needs.

    Raises
    ------
    InputError
        For another unit, infinite values, shares above 10 (these look like percent), and percent that never exceed 3
        (these look like shares).

    When not to use
    ---------------
    On raw readings: normalise these to controls first.

    Examples
    --------
    Percent of the control, as shares of it:

    >>> from fxyd3.rescue import as_share
    >>> as_share([100, 55, 20], unit="percent").round(2).tolist()
    [1.0, 0.55, 0.2]
    """
    if unit not in get_args(Unit):
        raise InputError(f"The unit of the {what} is '{unit}'{nearest(unit, get_args(Unit))}: it is share or percent.")
    given = np.asarray(values, dtype=float)
    if np.isinf(given).any():
        raise InputError(f"The {what} holds infinite values: {few(given[np.isinf(given)])}. Leave them out.")
    top = float(np.nanmax(given)) if np.isfinite(given).any() else 1.0
    if unit == "share" and top > MOST_SHARE:
        raise InputError(f"The {what} reaches {top:g}, which looks like percent: give unit='percent'.")
    if unit == "percent" and 0 < top <= LEAST_PERCENT:
        raise InputError(f"The {what} reaches only {top:g}, which looks like shares, not percent: give unit='share'.")
    return given / 100 if unit == "percent" else given

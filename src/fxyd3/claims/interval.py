"""Intervals over replicates that chapters share."""

from collections.abc import Iterable
from typing import NamedTuple

import numpy as np
from scipy import stats

from fxyd3.errors import InputError


class Interval(NamedTuple):
    """An estimate and its interval."""

    estimate: float
    lower: float
    upper: float


def t_interval(values: Iterable[float], confidence: float = 0.95) -> Interval:
    """Return the mean of independent replicates with Student's t interval.

    Parameters
    ----------
    values
        One value for each replicate (patient, plate, experiment), at least two.
    confidence
        Between 0 and 1.

    Returns
    -------
    Interval
        ``estimate``, ``lower``, ``upper``, in the unit of the values.

    Raises
    ------
    InputError
        With fewer than two values, a value that is not finite, or a confidence outside (0, 1).

    References
    ----------
    Student 1908, doi:10.1093/biomet/6.1.1.

    When not to use
    ---------------
    On cells: cells of one patient are not independent. On a handful of very skewed values: transform them first.

    Examples
    --------
    >>> from fxyd3.claims import t_interval
    >>> found = t_interval([1.0, 2.0, 3.0])
    >>> round(found.estimate, 2), round(found.lower, 2), round(found.upper, 2)
    (2.0, -0.48, 4.48)
    """
    sample = np.asarray([*values], dtype=float)
    if sample.size < 2:
        raise InputError(f"An interval needs at least 2 replicates: there is {sample.size}.")
    if not np.isfinite(sample).all():
        raise InputError("An interval needs finite values: leave out replicates without an estimate and say so.")
    if not 0 < confidence < 1:
        raise InputError(f"The confidence is {confidence}: it must lie between 0 and 1.")
    half = stats.t.ppf((1 + confidence) / 2, sample.size - 1) * sample.std(ddof=1) / np.sqrt(sample.size)
    mean = sample.mean()
    return Interval(float(mean), float(mean - half), float(mean + half))

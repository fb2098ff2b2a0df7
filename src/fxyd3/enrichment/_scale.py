"""Scales on which dim and bright events can be seen together."""

from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import ArrayLike, NDArray

from fxyd3.errors import InputError

Floats = NDArray[np.float64]
Method = Literal["logicle", "arcsinh"]
DECADES = 4.5
COFACTOR = 150.0  # usual for fluorescence from a cytometer
FEWEST_NEGATIVE = 20


@dataclass(frozen=True)
class Scale:
    """A scale for fluorescence: linear around zero, logarithmic far from it; it runs from 0 to 1 at the top.

    Attributes
    ----------
    method
        ``"logicle"`` or ``"arcsinh"``.
    top
        Value that is shown at 1.
    width
        Of logicle: decades in the linear region on each side of zero.

    References
    ----------
    Parks 2006, doi:10.1002/cyto.a.20258; Moore & Parks 2012, doi:10.1002/cyto.a.22030 (logicle, as in flowutils).

    When not to use
    ---------------
    For scatter: it is positive and spans one or two decades.
    """

    method: Method = "logicle"
    top: float = 262_144.0
    width: float = 0.5

    def __post_init__(self) -> None:
        if self.method not in ("logicle", "arcsinh"):
            raise InputError(f"There is no scale '{self.method}': choose logicle or arcsinh.")
        if not (self.top > 0 and np.isfinite(self.top)):
            raise InputError(f"The top of the scale is {self.top:g}: it must be above 0.")
        if not 0 <= self.width <= DECADES / 2:
            raise InputError(f"The width of the scale is {self.width:g}: it must lie from 0 to {DECADES / 2:g}.")

    @classmethod
    def of(cls, values: ArrayLike, *, method: Method = "logicle", top: float = 262_144.0) -> "Scale":
        """Choose the width from the events below zero, so that nearly all of them lie in the linear region.

        The width is ``(4.5 - log10(top / |r|)) / 2``, where r is the 5th percentile of the events below zero (Parks
        2006); half a decade where there are fewer than 20 of them.
        """
        seen = np.asarray(values, dtype=np.float64)
        below = seen[seen < 0]
        if len(below) < FEWEST_NEGATIVE:
            return cls(method, top)
        width = (DECADES - np.log10(top / abs(np.quantile(below, 0.05)))) / 2
        return cls(method, top, float(np.clip(width, 0, DECADES / 2)))

    def __call__(self, values: ArrayLike) -> Floats:
        """Return values on the scale; any shape."""
        from flowutils import transforms

        given = np.asarray(values, dtype=np.float64)
        if self.method == "arcsinh":
            return np.asarray(np.arcsinh(given / COFACTOR) / np.arcsinh(self.top / COFACTOR))
        scaled = transforms.logicle(given.ravel(), None, t=self.top, m=DECADES, w=self.width, a=0)
        return np.asarray(scaled).reshape(given.shape)

    def inverse(self, scaled: ArrayLike) -> Floats:
        """Return the values that lie at places on the scale; any shape."""
        from flowutils import transforms

        given = np.asarray(scaled, dtype=np.float64)
        if self.method == "arcsinh":
            return np.asarray(COFACTOR * np.sinh(given * np.arcsinh(self.top / COFACTOR)))
        values = transforms.logicle_inverse(given.ravel(), None, t=self.top, m=DECADES, w=self.width, a=0)
        return np.asarray(values).reshape(given.shape)

"""What a design must keep; each check raises one sentence that says what, the value given, and what is allowed."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import numpy as np

from fxyd3.errors import InputError

if TYPE_CHECKING:
    from collections.abc import Sequence

VERSION = "2"  # of the twin: another one draws other numbers
MOST_SEED = 2**32 - 1


def whole(what: str, value: object, low: int, high: int) -> int:
    """Return ``value`` as an int if it is a whole number from ``low`` to ``high``; raises InputError."""
    fits = isinstance(value, int | np.integer) and not isinstance(value, bool) and low <= value <= high
    if not fits:
        raise InputError(f"The twin's {what} is {value!r}; give a whole number from {low:,} to {high:,}.")
    return int(value)  # type: ignore[call-overload, no-any-return]


def number(what: str, value: object, low: float = 0.0, high: float = math.inf, *, above: bool = False) -> float:
    """Return ``value`` as a float if it is finite, from ``low`` (``above``: more than it) to ``high``."""
    if isinstance(value, int | float | np.number) and not isinstance(value, bool):
        inside = low < value <= high if above else low <= value <= high
        if math.isfinite(value) and inside:
            return float(value)
    least = f"above {low:g}" if above else f"from {low:g}"
    raise InputError(
        f"The twin's {what} is {value!r}; give a number {least}{f' to {high:g}' if high < math.inf else ''}."
    )


def numbers(what: str, values: Sequence[float], low: float = 0.0, high: float = math.inf, *, above: bool = False,
            least: int = 1) -> tuple[float, ...]:  # fmt: skip
    """Check each of ``values`` with `number`, and that there are at least ``least`` of them, all different."""
    checked = tuple(number(what, value, low, high, above=above) for value in values)
    if len(checked) < least or len(set(checked)) < len(checked):
        raise InputError(f"The twin's {what} is {list(values)!r}; give at least {least}, all different.")
    return checked

"""What a chapter found on a claim."""

import math
from collections.abc import Mapping
from dataclasses import dataclass, field
from difflib import get_close_matches
from typing import Protocol, Self

from fxyd3.claims.claim import load_claims
from fxyd3.claims.interval import Interval
from fxyd3.errors import InputError


@dataclass(frozen=True)
class Control:
    """The negative control: the same estimand where the effect is known to be absent, with its interval.

    Raises
    ------
    InputError
        When the numbers are not finite or the estimate lies outside its interval.
    """

    what: str
    estimate: float
    lower: float
    upper: float

    def __post_init__(self) -> None:
        _check_interval("the negative control", self.estimate, self.lower, self.upper)


class Found(Protocol):
    """An estimate over replicates with its negative control, as the results of chapters hold it."""

    @property
    def interval(self) -> Interval | None:
        """Mean over replicates with its interval."""

    @property
    def control(self) -> Interval | None:
        """The same where the effect is known to be absent."""

    @property
    def n(self) -> int:
        """Replicates: patients, experiments."""

    @property
    def missing(self) -> str:
        """What the data lack."""


@dataclass(frozen=True)
class Evidence:
    """An estimate with its interval, and what it speaks of.

    Attributes
    ----------
    claim
        Id, for example ``"C3"``.
    estimate, lower, upper
        The estimate and its interval on the claim's scale; None where ``missing`` says why.
    n, unit
        How many replicates of which unit, for example 6 patients. Never cells.
    method
        One line in plain words.
    scope
        Which cells of which data this speaks of.
    control
        The negative control.
    missing
        What the data lack; not empty: the claim is not testable, and numbers are a description only.
    confidence
        Of the interval, between 0 and 1.
    details
        Further numbers worth keeping.

    Raises
    ------
    InputError
        For an unknown claim, numbers that are not finite, an estimate outside its interval, a confidence outside
        (0, 1), a negative n, or no interval without a reason in ``missing``.

    When not to use
    ---------------
    For an interval over cells: cells of one patient are not replicates.
    """

    claim: str
    estimate: float | None
    lower: float | None
    upper: float | None
    n: int
    unit: str
    method: str
    scope: str
    control: Control | None = None
    missing: str = ""
    confidence: float = 0.95
    details: Mapping[str, float | int | str] = field(default_factory=dict)

    @classmethod
    def of(
        cls,
        claim: str,
        found: Found | None,
        *,
        method: str,
        control: str,
        scope: str,
        missing: str = "",
        confidence: float = 0.95,
    ) -> Self:
        """Put what a chapter found into the form that a claim is judged by, in the unit of the claim.

        Parameters
        ----------
        claim, method, scope, confidence
            As the attributes.
        found
            The result; None where the question could not be asked: ``missing`` then says why.
        control
            What the negative control is, in words.
        missing
            What the data lack, if the result does not know it.
        """
        missing = missing or (found.missing if found else "")
        interval = found.interval if found and not missing else None
        return cls(
            claim=claim,
            estimate=interval.estimate if interval else None,
            lower=interval.lower if interval else None,
            upper=interval.upper if interval else None,
            n=found.n if found else 0,
            unit=load_claims()[claim].unit,
            method=method,
            scope=scope,
            control=Control(control, *found.control) if found and found.control else None,
            missing=missing,
            confidence=confidence,
        )

    def __post_init__(self) -> None:
        known = load_claims()
        if self.claim not in known:
            near = get_close_matches(self.claim.upper(), known, n=1)
            hint = f" (did you mean '{near[0]}'?)" if near else ""
            raise InputError(f"There is no claim '{self.claim}'{hint}: the claims are {', '.join(known)}.")
        where = f"the evidence for {self.claim}"
        if not 0 < self.confidence < 1:
            raise InputError(f"The confidence of {where} is {self.confidence}: it must lie between 0 and 1.")
        if self.n < 0:
            raise InputError(f"The number of {self.unit} in {where} is {self.n}: it cannot be negative.")
        if self.estimate is not None and self.lower is not None and self.upper is not None:
            _check_interval(where, self.estimate, self.lower, self.upper)
        elif not self.missing:
            raise InputError(f"There is no estimate with an interval in {where}: say in `missing` what the data lack.")


def _check_interval(where: str, estimate: float, lower: float, upper: float) -> None:
    if not all(map(math.isfinite, (estimate, lower, upper))):
        raise InputError(f"The numbers of {where} must be finite: {estimate} [{lower}, {upper}].")
    if not lower <= estimate <= upper:
        raise InputError(f"The estimate of {where} must lie in its interval: {estimate} [{lower}, {upper}].")

"""The design of the cohort: states, sorted fractions, samples, who responds, and what spoils the cells."""

from __future__ import annotations

import difflib
import math
from dataclasses import dataclass
from types import MappingProxyType
from typing import TYPE_CHECKING, Any, TypedDict

import numpy as np

from fxyd3.data.simulate.checks import MOST_SEED, VERSION, number, whole
from fxyd3.data.simulate.dials import planted
from fxyd3.errors import InputError

if TYPE_CHECKING:
    from collections.abc import Mapping

Array = np.ndarray[Any, Any]

SIZES = {"tiny": 400, "book": 6_000, "atlas": 200_000}
SMALLEST, LARGEST, PER_PATIENT, MOST_PATIENTS = 200, 1_000_000, 20, 500

STATES = ("ancestral-secretory", "ancestral-quiescent", "mesenchymal", "hypoxic", "cycling")
ANCESTRAL = np.array([True, True, False, False, False])
PROPORTIONS = np.array([0.08, 0.07, 0.30, 0.27, 0.28])  # of unsorted tumour cells before treatment
OTHERS = ("stroma", "immune")
FRACTIONS = ("NRP1-high", "IGF1R-high", "unsorted")
PULL = np.array([1.1, 0.9, 0.0])  # how strongly each fraction follows dial C1
ARMS = (("before", 0), ("before", 1), ("before", 2), ("after", 2))  # condition, fraction: four samples per patient
RATES = MappingProxyType(
    {
        "dying": 0.04,  # of the cells
        "doublet": 0.05,  # of the cells
        "ambient": 0.03,  # of each cell's counts
        "stroma": 0.05,  # of unsorted cells before treatment
        "immune": 0.05,  # likewise
        "impurity": 0.0,  # stroma and immune cells in a sorted fraction: its gate leaves them out
    }
)
MOST_RATE = 0.4


class Options(TypedDict, total=False):
    """What a twin can be asked for, beside its size; see `twin`."""

    seed: int
    null: bool
    effect: Mapping[str, float] | None
    patients: int
    sorted_cells: int | None
    proportions: Mapping[str, float] | None
    rates: Mapping[str, float] | None


@dataclass(frozen=True)
class Design:
    """A checked design; hashable, so that a process can draw its cohort from it alone."""

    size: str | int
    cells: int
    seed: int
    null: bool
    effect: tuple[tuple[str, float], ...]
    patients: int
    sorted_cells: int
    proportions: tuple[float, ...]
    rates: tuple[tuple[str, float], ...]

    @property
    def dials(self) -> dict[str, float]:
        """The size of each planted effect in its own unit."""
        return planted(null=self.null, effect=dict(self.effect))

    @property
    def rate(self) -> dict[str, float]:
        """The rates by name."""
        return dict(self.rates)

    @property
    def names(self) -> list[str]:
        """The patients."""
        return [f"P{i + 1}" for i in range(self.patients)]

    @property
    def complete(self) -> Array:
        """Which patients have a complete response: every third, since studies of residual disease hold few."""
        return np.asarray(np.arange(self.patients) % 3 == 2)

    def about(self) -> dict[str, Any]:
        """Return what was asked for, as it stands in ``uns["twin"]``."""
        return {
            "simulated": True,
            "version": VERSION,
            "size": self.size,
            "cells": self.cells,
            "seed": self.seed,
            "null": self.null,
            "effect": dict(self.effect),
            "patients": self.patients,
            "sorted_cells": self.sorted_cells,
            "proportions": dict(zip(STATES, self.proportions, strict=True)),
            "rates": self.rate,
        }


def design(
    size: str | int = "book",
    *,
    seed: int = 1,
    null: bool = False,
    effect: Mapping[str, float] | None = None,
    patients: int = 6,
    sorted_cells: int | None = None,
    proportions: Mapping[str, float] | None = None,
    rates: Mapping[str, float] | None = None,
) -> Design:
    """Check a design; parameters and errors are those of `twin`."""
    cells = _cells(size)
    planted(null=null, effect=effect)
    checked = whole("seed", seed, 0, MOST_SEED)
    most = min(cells // PER_PATIENT, MOST_PATIENTS)
    try:
        people = whole("number of patients", patients, 1, most)
    except InputError as error:
        raise InputError(f"{str(error)[:-1]} (of {cells:,} cells, each needs at least {PER_PATIENT}).") from None
    if sorted_cells is not None and whole("number of sorted cells", sorted_cells, 0, LARGEST) > cells:
        raise InputError(f"The twin cannot have {sorted_cells:,} sorted cells of {cells:,}; give {cells:,} at most.")
    return Design(
        size=size if isinstance(size, str) else cells,
        cells=cells,
        seed=checked,
        null=null,
        effect=tuple((claim, float(multiple)) for claim, multiple in (effect or {}).items()),
        patients=people,
        sorted_cells=cells // 2 if sorted_cells is None else int(sorted_cells),
        proportions=_proportions(proportions or {}, cells),
        rates=_rates(rates or {}),
    )


def ancestral_share(log_odds: float = 0.0) -> float:
    """Return the share of ancestral cells, ``log_odds`` above that of unsorted cells before treatment.

    ``log_odds`` is, for example, ``PULL[fraction] * dials["C1"]`` for a sorted fraction, or ``dials["C4"]`` after
    treatment. Both ancestral states move together, and no state is moved against the others.
    """
    share = float(PROPORTIONS[ANCESTRAL].sum())
    return 1 / (1 + math.exp(-(math.log(share / (1 - share)) + log_odds)))


def unit(x: Array) -> Array:
    """Scale the last axis to sum to one."""
    return np.asarray(x / x.sum(axis=-1, keepdims=True))


def _cells(size: str | int) -> int:
    if isinstance(size, str):
        if size not in SIZES:
            raise InputError(f"There is no twin of size {size!r}; use {', '.join(SIZES)} or a number of cells.")
        return SIZES[size]
    return whole("size", size, SMALLEST, LARGEST)


def _proportions(given: Mapping[str, float], cells: int) -> tuple[float, ...]:
    """Return the share of each state; those not named share the rest as they do by default."""
    for state in given:
        _known("state", state, STATES)
    shares = {state: number(f"share of {state}", share, 0, 1) for state, share in given.items()}
    rest = {state: p for state, p in zip(STATES, PROPORTIONS, strict=True) if state not in shares}
    left = 1 - sum(shares.values())
    if left < -1e-9 or (not rest and left > 1e-9):
        raise InputError(f"The twin's shares of the states add up to {1 - left:g}; they must add up to 1.")
    shares |= {state: max(left, 0.0) * p / sum(rest.values()) for state, p in rest.items()}
    for state, share in shares.items():
        if share * cells < 1:
            raise InputError(
                f"The state {state} would have no cells: its share is {share:g} of {cells:,}; "
                f"leave each state at least {1 / cells:g}."
            )
    return tuple(float(shares[state]) for state in STATES)


def _rates(given: Mapping[str, float]) -> tuple[tuple[str, float], ...]:
    for name in given:
        _known("rate", name, RATES)
    checked = {name: number(f"rate of {name}", value, 0, MOST_RATE) for name, value in given.items()}
    return tuple((RATES | checked).items())


def _known(what: str, name: str, names: Mapping[str, float] | tuple[str, ...]) -> None:
    if name not in names:
        near = difflib.get_close_matches(str(name), names, n=1)
        hint = f"did you mean {near[0]}? " if near else ""
        raise InputError(f"The twin has no {what} {name!r}; {hint}There are {', '.join(names)}.")

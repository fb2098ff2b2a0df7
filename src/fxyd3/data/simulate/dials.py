"""The dials: what the twin plants, in which unit, how much when nothing is said, and why that much."""

from __future__ import annotations

import difflib
import math
from dataclasses import dataclass
from types import MappingProxyType
from typing import TYPE_CHECKING

from fxyd3.errors import InputError

if TYPE_CHECKING:
    from collections.abc import Mapping

MOST = 5.0  # times the default: as far as a dial can be turned


@dataclass(frozen=True)
class Dial:
    """One planted effect: what it is, its unit, its size when nothing is said, and why that size.

    Examples
    --------
    Those of the twin stand in ``DIALS``:

    >>> from fxyd3.data.simulate import DIALS
    >>> DIALS["C5"].name, DIALS["C5"].unit
    ('FXYD3 in both ancestral states', 'log2 fold change')
    """

    name: str
    unit: str
    default: float
    reason: str


DIALS: Mapping[str, Dial] = MappingProxyType(
    {
        "C1": Dial(
            "ancestral cells in a sorted fraction against unsorted",
            "log odds ratio (times 1.1 for NRP1-high, 0.9 for IGF1R-high)",
            2.0,
            "from 15% to more than half: a sort worth its name, yet not pure",
        ),
        "C2": Dial(
            "each state's own programme",
            "multiple of the log2 fold changes in programmes.csv",
            1.0,
            "about threefold per gene: clusters that a good analysis finds and a poor one merges",
        ),
        "C3": Dial(
            "progenitor programme in both ancestral states",
            "multiple of the log2 fold changes in programmes.csv",
            1.0,
            "a little over twofold per gene, in a set of 58",
        ),
        "C4": Dial(
            "survival of ancestral cells through chemotherapy against the others",
            "log ratio (of survival, of half-effective doses, of death rates)",
            math.log(5.0),
            "fivefold: a few percent of cells become a large part of the residue",
        ),
        "C5": Dial(
            "FXYD3 in both ancestral states",
            "log2 fold change",
            2.3,
            "fivefold on a gene read once or twice a cell: a good marker, not a perfect one",
        ),
        "C6": Dial(
            "fall of the half-effective chemotherapy dose under a pump blocker, in FXYD3-high cells beyond FXYD3-low",
            "log2 fold change (of the MuSyC potency shift)",
            2.0,
            "fourfold: two steps of a two-fold dose series, found by a good assay and missed by a coarse one",
        ),
        "C7": Dial(
            "killing of tolerant cells by both drugs at full effect, beyond independence",
            "log ratio of the survivors that independence predicts to those left",
            math.log(4.0),
            "three in four of the cells that independent drugs would spare: clear at full dose, diluted over a matrix",
        ),
        "recurrence": Dial(
            "hazard of recurrence with residual disease against complete response",
            "log hazard ratio",
            math.log(math.log(0.497) / math.log(0.859)),
            "event-free at 7 years: 49.7% without and 85.9% with complete response, in the chemotherapy arm of "
            "KEYNOTE-522 (from a summary of the long follow-up)",
        ),
    }
)


def planted(*, null: bool = False, effect: Mapping[str, float] | None = None) -> dict[str, float]:
    """Return the size of each planted effect in its own unit.

    Parameters
    ----------
    null
        Plant nothing.
    effect
        Multiples of the defaults by dial, from 0 to 5; those not named stay at 1.

    Raises
    ------
    InputError
        For an unknown dial, a multiple out of range, or a null twin with effects.

    Notes
    -----
    When not to use: to read what a finished twin planted; that stands in its ``truth``.
    """
    given = effect or {}
    if null and given:
        raise InputError("A null twin plants no effect; leave out either null or effect.")
    for claim, multiple in given.items():
        if claim == "C8":
            raise InputError("The twin has no dial for C8, which follows from C4 and C5; turn one of those.")
        if claim not in DIALS:
            near = difflib.get_close_matches(str(claim), [*DIALS, *map(str.lower, DIALS)], n=1, cutoff=0.5)
            hint = f"did you mean {near[0].upper() if near[0].upper() in DIALS else near[0]}? " if near else ""
            raise InputError(f"The twin has no dial {claim!r}; {hint}The dials are {', '.join(DIALS)}.")
        number = isinstance(multiple, int | float) and not isinstance(multiple, bool)
        if not number or not 0 <= multiple <= MOST:
            raise InputError(
                f"The twin's effect {claim} is {multiple!r}; give a multiple of its default from 0 to {MOST:.0f}."
            )
    return {claim: 0.0 if null else float(given.get(claim, 1.0)) * dial.default for claim, dial in DIALS.items()}

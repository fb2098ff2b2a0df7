"""What was recognised, mended or found wrong in a data set."""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import asdict, dataclass, field
from difflib import get_close_matches
from typing import TYPE_CHECKING, Any, Literal

from fxyd3.errors import InputError

if TYPE_CHECKING:
    from collections.abc import Iterable

Level = Literal["recognised", "mended", "wrong"]


@dataclass(frozen=True)
class Finding:
    """One thing found in a data set.

    Attributes
    ----------
    level
        "recognised", "mended" or "wrong".
    what
        What it is, as a sentence without a stop.
    remedy
        What the reader can do about it; may be empty.

    Examples
    --------
    What a report says of one thing:

    >>> from fxyd3.data import Finding
    >>> finding = Finding("wrong", "There are no raw counts", "give them as layers['counts']")
    >>> finding.level, finding.remedy
    ('wrong', "give them as layers['counts']")
    """

    level: Level
    what: str
    remedy: str = ""


@dataclass(frozen=True)
class Report:
    """What :func:`fxyd3.data.prepare` or :func:`fxyd3.data.examine` found.

    Attributes
    ----------
    source, hash, simulated
        Name for people, sha256 of the input (empty if not known), and whether the data are simulated.
    n_cells, n_genes
        After the selection of cells and the mending of genes.
    counts_from
        ``"X"``, ``"layers['counts']"`` or ``"raw"``; empty when no raw counts were found.
    symbols
        ``"symbols"`` or ``"ensembl"``; empty when the genes could not be named.
    roles
        Role to the column of the data that plays it; ``levels`` holds what occurs in each of them.
    select
        The expression that chose the cells; empty: all.
    findings
        In the order in which they were found.
    genes
        Gene names as they stand in ``var_names``.

    Examples
    --------
    On a small twin:

    >>> from fxyd3.data import examine
    >>> report = examine("twin:tiny")
    >>> report.n_cells, report.patients, report.conditions, report.simulated
    (400, 6, ['before', 'after'], True)
    """

    source: str
    hash: str = ""
    simulated: bool = False
    n_cells: int = 0
    n_genes: int = 0
    counts_from: str = ""
    symbols: str = ""
    roles: Mapping[str, str] = field(default_factory=dict)
    levels: Mapping[str, list[str]] = field(default_factory=dict)
    select: str = ""
    findings: tuple[Finding, ...] = ()
    genes: frozenset[str] = field(default=frozenset(), repr=False)

    @property
    def patients(self) -> int:
        """Number of patients; 0 when no column names the patient."""
        return len(self.levels.get("patient", []))

    @property
    def conditions(self) -> list[str]:
        """Levels of the treatment condition; empty when no column names it."""
        return self.levels.get("condition", [])

    @property
    def fractions(self) -> list[str]:
        """Sorted fractions; empty when no column names them."""
        return self.levels.get("fraction", [])

    def to_dict(self) -> dict[str, Any]:
        """Return the report as JSON-ready values; the gene names are left out."""
        told = asdict(self) | {"findings": [asdict(finding) for finding in self.findings], "patients": self.patients}
        del told["genes"]
        return told

    def facts(self) -> dict[str, Any]:
        """Return what :func:`fxyd3.claims.testability` needs to know of the data."""
        return {
            "symbols": self.symbols == "symbols",
            "genes": set(self.genes),
            "patients": self.patients,
            "roles": dict(self.roles),
            "levels": {role: list(levels) for role, levels in self.levels.items()},
            "cells": self.n_cells,
        }


class DataError(InputError):
    """Bad input in two halves, so that a report can set them apart: what is wrong, and what to do."""

    def __init__(self, what: str, remedy: str) -> None:
        super().__init__(what, remedy)
        self.what = what
        self.remedy = remedy

    def __str__(self) -> str:
        return f"{self.what}: {self.remedy}."


class Findings:
    """Findings as they come; `strict` raises at the first wrong one, otherwise it is noted and the checks go on."""

    def __init__(self, *, strict: bool) -> None:
        self.strict = strict
        self.found: list[Finding] = []

    def recognised(self, what: str, remedy: str = "") -> None:
        """Note what was recognised."""
        self.found.append(Finding("recognised", what, remedy))

    def mended(self, what: str, remedy: str = "") -> None:
        """Note what was changed."""
        self.found.append(Finding("mended", what, remedy))

    @contextmanager
    def step(self) -> Iterator[None]:
        """Run one check; a wrong finding ends the block."""
        try:
            yield
        except DataError as error:
            if self.strict:
                raise
            self.found.append(Finding("wrong", error.what, error.remedy))


def few(names: "Iterable[object]", most: int = 5) -> str:
    """Name the first few of many, for a sentence."""
    shown = list(names)
    return ", ".join(map(str, shown[:most])) + (", ..." if len(shown) > most else "")


def nearest(name: str, options: "Iterable[str]") -> str:
    """Return `` (did you mean 'x'?)`` for the option that is spelled most alike, else nothing."""
    by_folded = {option.casefold(): option for option in options}
    near = get_close_matches(name.casefold(), by_folded, n=1)
    return f" (did you mean '{by_folded[near[0]]}'?)" if near else ""

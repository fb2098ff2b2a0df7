"""A claim of the paper: one estimand, one rule fixed before looking, one negative control."""

from functools import cache
from pathlib import Path
from typing import Annotated, Literal

from pydantic import (
    BaseModel,
    ConfigDict,
    Field,
    FiniteFloat,
    PositiveFloat,
    model_validator,
)

from fxyd3.files import read_entries
from fxyd3.paths import book_file


class _Part(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class Greater(_Part):
    """The effect is above ``null`` and reaches ``smallest``, the smallest effect of interest."""

    kind: Literal["greater"]
    null: FiniteFloat
    smallest: FiniteFloat

    @model_validator(mode="after")
    def _is_an_effect(self) -> "Greater":
        if self.smallest <= self.null:
            raise ValueError(f"smallest ({self.smallest:g}) must be above null ({self.null:g})")
        return self


class Equal(_Part):
    """The value is ``target``, give or take ``margin``."""

    kind: Literal["equal"]
    target: FiniteFloat
    margin: PositiveFloat


class Untestable(_Part):
    """No data that the book can read would decide."""

    kind: Literal["none"]


class Needs(_Part):
    """What data must have for a claim to be testable.

    Attributes
    ----------
    symbols
        Gene symbols, not Ensembl ids alone.
    genes
        Genes that must be there.
    signature
        A set of ``data/signatures.gmt`` of which at least five genes must be there; empty: none.
    sorted
        Cells sorted on NRP1 or IGF1R: a column of fractions, or the word of the user that all cells are.
    conditions, patients
        The fewest treatment conditions and patients.
    tables, experiments
        Assay tables, and the fewest independent experiments in each.
    """

    symbols: bool = False
    genes: tuple[str, ...] = ()
    signature: str = ""
    sorted: bool = False
    conditions: int = Field(0, ge=0)
    patients: int = Field(0, ge=0)
    tables: tuple[str, ...] = ()
    experiments: int = Field(0, ge=0)


Text = Annotated[str, Field(min_length=1)]


class Claim(_Part):
    """One claim and how it is decided; an entry of ``data/claims.yml``.

    Attributes
    ----------
    id, claim, source, doi, chapter
        Name, the claim in plain words, where the paper makes it, and the chapter that tests it.
    estimand, scale, unit
        What is estimated, on which scale, and the unit of replication that ``n`` counts.
    rule, why
        The decision rule, and the reason for its smallest effect of interest or margin.
    control
        The negative control: the same estimand where the effect is known to be absent.
    needs, lacking
        What data must have, and the words for it where only words can say it.
    """

    id: Annotated[str, Field(pattern=r"^C[1-9]$")]
    claim: Text
    source: Text
    doi: Text
    chapter: Text
    estimand: Text
    scale: Text
    unit: Text
    rule: Annotated[Greater | Equal | Untestable, Field(discriminator="kind")]
    why: Text
    control: Text
    needs: Needs
    lacking: str = ""

    @model_validator(mode="after")
    def _says_what_is_lacking(self) -> "Claim":
        if not self.lacking and (self.needs.tables or isinstance(self.rule, Untestable)):
            raise ValueError("lacking must say in words what data the claim waits for")
        return self


@cache
def load_claims(path: Path | None = None) -> dict[str, Claim]:
    """Read the claims, by id.

    Parameters
    ----------
    path
        A claims file; the book's own ``data/claims.yml`` if not given.

    Raises
    ------
    InputError
        When the file cannot be read or an entry is not a claim; the entry and the field are named.

    When not to use
    ---------------
    To try another rule on evidence that is already there: a rule chosen after the result decides nothing.
    """
    return read_entries(path or book_file("data", "claims.yml"), Claim, what="claims file", key="id")

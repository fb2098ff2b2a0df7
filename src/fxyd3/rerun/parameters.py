"""The parameters of a run: one pydantic model for each chapter, checked before any kernel starts.

A chapter lists the same names, types, defaults and help in its cells tagged `annotations` and `parameters`; a test
keeps them equal.
"""

from collections.abc import Mapping
from difflib import get_close_matches
from typing import Any, Self, TypeVar

from pydantic import BaseModel, ConfigDict, Field, ValidationError, field_validator, model_validator

from fxyd3.data.assays import ASSAYS
from fxyd3.errors import InputError

Model = TypeVar("Model", bound=BaseModel)
NO_CELLS = "none"  # as `data`: a run on assay tables alone
TABLE_PARAMETERS = (*(kind.parameter for kind in ASSAYS.values()), "contrasts")
ROLES = ("patient", "sample", "batch", "condition", "fraction", "cell_type")


class AnnotationParameters(BaseModel):
    """How the reader's own cells are read: chapters list these in a cell of their own, before the others."""

    model_config = ConfigDict(extra="forbid", frozen=True, strict=True)

    genes: str = Field("", description="table of gene ids and symbols; empty: none")
    obs: str = Field("", description="table of cell annotations joined by cell name; empty: none")
    select: str = Field("", description="which cells to use, an expression on the annotations; empty: all")
    patient: str = Field("", description="column that names the patient; empty: guessed")
    sample: str = Field("", description="column that names the sample; empty: guessed")
    batch: str = Field("", description="column that names the batch; empty: guessed")
    condition: str = Field("", description="column that tells before from after treatment; empty: guessed")
    fraction: str = Field("", description="column that names the sorted fraction; empty: guessed")
    cell_type: str = Field("", description="column that names the cell type; empty: guessed")
    unsorted: str = Field("unsorted", description="level of the fraction column that was not sorted")
    enriched: bool = Field(False, description="all cells come from an NRP1 or IGF1R sort")


class StudyParameters(AnnotationParameters):
    """What every chapter needs to know: which data, and how to read them."""

    data: str = Field(
        "twin",
        description='"twin", "none" (tables only), a catalogue name, a file or folder, or several separated by commas',
    )
    out: str = Field("", description="run folder; empty: runs/ and the name of the data")
    seed: int = Field(1, ge=0, le=2**32 - 1, description="seed of every random step")

    @model_validator(mode="before")
    @classmethod
    def _tables_alone_bring_no_cells(cls, values: dict[str, Any]) -> dict[str, Any]:
        """Own assay tables are not mixed with the twin's cells unless that is asked for."""
        own = any(values.get(name) for name in TABLE_PARAMETERS)
        return {"data": NO_CELLS} | values if own else values

    @field_validator("data")
    @classmethod
    def _data_is_named(cls, value: str) -> str:
        if not value.strip():
            raise ValueError('it is empty; give "twin", a catalogue name or a file')
        return value

    @property
    def without_cells(self) -> bool:
        """Whether the run has no cells, only assay tables."""
        return self.data.strip() == NO_CELLS

    def tables(self) -> dict[str, str]:
        """Return the reader's own assay tables that were named: path by kind."""
        named = {kind.name: getattr(self, kind.parameter, "") for kind in ASSAYS.values()}
        if getattr(self, "layout", ""):
            del named["viability_plates"]  # raw files of a plate reader are no table
        return {name: path for name, path in named.items() if path}

    def own_tables(self) -> bool:
        """Whether the reader named any table of their own."""
        return any(getattr(self, name, "") for name in TABLE_PARAMETERS)

    def choices(self) -> dict[str, Any]:
        """Return the choices of analysis: parameters that differ from their defaults, files and columns apart."""
        given = {"data", "out", "genes", "obs", "cohort", "layout", "signatures", *ROLES, *TABLE_PARAMETERS}
        fields = {name: field for name, field in type(self).model_fields.items() if name not in given}
        return {n: value for n, field in fields.items() if (value := getattr(self, n)) != field.default}

    def roles(self) -> dict[str, str]:
        """Return the columns that were named, by role."""
        return {role: getattr(self, role) for role in ROLES if getattr(self, role)}


class BackgroundParameters(StudyParameters):
    """Chapter 1, background."""

    cohort: str = Field("", description="table of patients: time, event, er; empty: two public cohorts")
    cut_off: float = Field(10.0, gt=0, description="receptor content from which a tumour of GBSG2 is positive (fmol)")
    split: float = Field(3.0, gt=0, description="years at which early recurrence ends and late begins")
    confidence: float = Field(0.95, ge=0.5, le=0.999, description="confidence of the intervals")


class EnrichmentParameters(StudyParameters):
    """Chapter 2, enriching cancer stem cells."""

    wells: str = Field("", description="limiting-dilution table; empty: the twin's if the data are the twin, else none")
    flow: str = Field(
        "",
        description="sample sheet of FCS files, or their folder; empty: the twin's if the data are the twin, else none",
    )
    control: str = Field("isotype", description="control that sets the gates: isotype or fmo")
    gate_quantile: float = Field(0.99, ge=0.5, le=0.9999, description="share of the control's events below the gate")
    stem_signature: str = Field(
        "LIM_MAMMARY_LUMINAL_PROGENITOR_UP",
        min_length=1,
        description="gene set from data/signatures.gmt asked in sorted cells",
    )
    confidence: float = Field(0.95, ge=0.5, le=0.999, description="confidence of the intervals")

    @field_validator("control")
    @classmethod
    def _control_is_known(cls, value: str) -> str:
        if value not in ("isotype", "fmo"):
            raise ValueError(f"it is '{value}', but must be isotype or fmo")
        return value


class CellsParameters(StudyParameters):
    """Chapter 3, single-cell clustering."""

    min_genes: int = Field(200, ge=1, description="genes detected, the fewest a cell may have")
    max_mito: float = Field(20.0, gt=0, le=100, description="mitochondrial counts, the most a cell may have (percent)")
    adaptive: bool = Field(False, description="use each sample's own thresholds instead of the two fixed ones")
    remove_doublets: bool = Field(True, description="leave out droplets called doublets")
    tumour: str = Field("epithelial", description="which cells to keep: epithelial (by signature) or all")
    n_top_genes: int = Field(2000, ge=10, description="variable genes to use")
    n_comps: int = Field(30, ge=2, le=500, description="principal components")
    n_neighbors: int = Field(15, ge=3, le=500, description="neighbours per cell, the cell itself included")
    resolution: float = Field(0.0, ge=0, le=50, description="fineness of the groups; 0: chosen by stability")
    n_subsamples: int = Field(20, ge=2, le=1000, description="subsamples that measure stability")
    signature: str = Field(
        "LIM_MAMMARY_LUMINAL_PROGENITOR_UP",
        min_length=1,
        description="gene set that names ancestral groups, from data/signatures.gmt",
    )
    marker: str = Field("FXYD3", min_length=1, description="gene that may sort the ancestral cells")
    n_ancestral: int = Field(2, ge=1, le=50, description="groups to name ancestral")

    @field_validator("tumour")
    @classmethod
    def _tumour_is_known(cls, value: str) -> str:
        if value not in ("epithelial", "all"):
            raise ValueError(f"it is '{value}', but must be epithelial or all")
        return value


class ToleranceParameters(StudyParameters):
    """Chapter 4, drug tolerance."""

    kill: str = Field("", description="time-kill table; empty: the twin's if the data are the twin, else none")
    barcodes: str = Field(
        "", description="table of lineage barcodes; empty: the twin's if the data are the twin, else none"
    )
    barcode_column: str = Field("", description="column of the cells that holds lineage barcodes; empty: none")
    contrasts: str = Field("", description="tables of differential expression, drug against none; empty: none")
    signatures: str = Field("", description="table of persister signatures; empty: those of data/signatures.gmt")
    before: str = Field("before", min_length=1, description="level of the condition column before treatment")
    after: str = Field("after", min_length=1, description="level of the condition column after treatment")
    detection: int = Field(1, ge=1, description="fewest viable cells that the assay can tell from none")
    min_cells: int = Field(10, ge=1, description="tumour cells that a patient must have before and after")
    named_genes: str = Field(
        "FXYD3, ATP1A1, ATP1B1", min_length=1, description="genes named in advance for the test before and after"
    )


class RescueParameters(StudyParameters):
    """Chapter 5, glycoside rescue."""

    plates: str = Field(
        "", description="table of viability plates; empty: the twin's if the data are the twin, else none"
    )
    layout: str = Field(
        "", description="layout of plates; given, plates names the reader's raw files or their folder; empty: none"
    )
    kill: str = Field("", description="time-kill table; empty: the twin's if the data are the twin, else none")
    combination: str = Field("", description="two-drug table; empty: the twin's if the data are the twin, else none")
    orders: str = Field("", description="table of dosing orders; empty: the twin's if the data are the twin, else none")
    glycoside: str = Field("glycoside", min_length=1, description="name of the glycoside in the table of plates")
    tolerant: str = Field("ancestral", min_length=1, description="tolerant cells in the tables of plates and orders")
    other: str = Field("other", min_length=1, description="the cells that they are compared with there")
    high: str = Field("FXYD3-high", min_length=1, description="cells with much FXYD3 in the two-drug table")
    low: str = Field("FXYD3-low", min_length=1, description="cells with little FXYD3 in the two-drug table")
    resamples: int = Field(200, ge=2, le=10_000, description="bootstrap samples of each two-drug surface")

    @model_validator(mode="after")
    def _layout_has_plates(self) -> Self:
        if self.layout and not self.plates:
            raise ValueError("a layout describes the reader's raw files: name them with plates")
        return self


class ScorecardParameters(StudyParameters):
    """The scorecard, which only reads what the chapters of this and of other runs found."""

    compare: str = Field(
        "", description="other runs to set beside this one, folders or ledger.json files; empty: those of data/ledgers"
    )


class TwinParameters(StudyParameters):
    """The page on the twin, which needs the seed alone."""


class RunParameters(
    ScorecardParameters,
    RescueParameters,
    ToleranceParameters,
    CellsParameters,
    EnrichmentParameters,
    BackgroundParameters,
):
    """All that `fxyd3 run` takes: the parameters of every chapter, and how to run them."""

    cores: int = Field(2, ge=1, le=1024, description="processes at once")


def validate(model: type[Model], values: Mapping[str, Any], *, where: str = "") -> Model:
    """Check parameters, and say in one sentence what is wrong.

    Parameters
    ----------
    model
        The pydantic model to check against.
    values
        Parameter values by name.
    where
        Where the values come from, for the message (a file name); empty for the command line or a chapter.

    Raises
    ------
    InputError
        For an unknown name (the nearest valid one is given), a wrong type or a value out of range.
    """
    try:
        return model.model_validate(dict(values))
    except ValidationError as error:
        first = error.errors()[0]
    name = str(first["loc"][0]) if first["loc"] else "?"
    place = f" in {where}" if where else ""
    if first["type"] == "extra_forbidden":
        raise InputError(unknown_name(name, model.model_fields, place)) from None
    wanted = first["msg"].removeprefix("Value error, ").removeprefix("Input should be ").removeprefix("a valid ")
    if first["type"].startswith("value_error"):
        raise InputError(f"Parameter '{name}'{place}: {wanted}.") from None
    raise InputError(f"Parameter '{name}'{place} is {first['input']!r}, but must be {wanted}.") from None


def unknown_name(name: str, known: Mapping[str, object], place: str = "") -> str:
    """Return the sentence for an unknown parameter, with the nearest valid name."""
    near = get_close_matches(name, known, n=1)
    advice = f"did you mean '{near[0]}'?" if near else "valid names are " + ", ".join(sorted(known)) + "."
    return f"Unknown parameter '{name}'{place}: {advice}"

"""The reader's own assay tables: which there are, their columns, and how they are read."""

import csv
import math
import re
from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any, TextIO

from fxyd3.data.reading import reading
from fxyd3.data.report import DataError, Finding, Findings, few, nearest
from fxyd3.data.units import MASS, MOLAR, to_nM
from fxyd3.errors import InputError
from fxyd3.files import read_json
from fxyd3.paths import book_file

if TYPE_CHECKING:
    import pandas as pd
    from pandera.pandas import DataFrameSchema

    from fxyd3.data.simulate import Assay

ABSENT = {"", "na", "nan", "n/a"}
TABLES = (".csv", ".tsv", ".txt")
WORKBOOKS = (".xlsx", ".xls", ".xlsm", ".ods", ".numbers")
ROLES = ("blank", "control", "positive", "drug", "time_zero", "empty")
ARMS = ("none", "chemotherapy", "glycoside", "both", "chemotherapy then glycoside", "glycoside then chemotherapy")
UNITS = (*MOLAR, *MASS)
SAMPLES = r"unstained|isotype|stained|(single|fmo)-\S.*"


@dataclass(frozen=True)
class AssayKind:
    """One kind of assay table.

    Attributes
    ----------
    name
        Such as ``"limiting_dilution"``: the word of claims, templates, and of the function in
        `fxyd3.data.simulate` that draws the twin's.
    parameter
        The parameter of a run that names the reader's table, such as ``"wells"``.
    what
        What it is, for people.
    schema
        Makes its pandera schema; each column says in its description what it holds.
    synonyms
        Other column names that are understood.
    files
        The column that names files beside the table; empty: none.
    doses
        Columns of doses in nM, and the column that names their drug (empty: none). They may stand in the file in other
        units, such as ``dose_uM`` or ``dose_ng_mL``.
    """

    name: str
    parameter: str
    what: str
    schema: Callable[[], "DataFrameSchema"]
    synonyms: Mapping[str, str] = field(default_factory=dict)
    files: str = ""
    doses: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class AssayTable:
    """An assay table that keeps its schema.

    Attributes
    ----------
    name
        Its kind.
    table
        The columns of the schema, in its order: text (str), whole numbers (int64) and numbers (float64). Optional
        columns that the file lacks are left out.
    path
        Folder of the table and of the files it names.
    source, hash, simulated
        Name of the file, sha256 of it and of the files it names, and whether they say that they are simulated.
    findings
        What was recognised and mended.
    """

    name: str
    table: "pd.DataFrame"
    path: Path
    source: str
    hash: str
    simulated: bool
    findings: tuple[Finding, ...] = ()

    @property
    def label(self) -> str:
        """What every figure of this table carries: where it comes from, and whether it is simulated."""
        return data_label(self.source, simulated=self.simulated)

    @property
    def about(self) -> dict[str, Any]:
        """What is known of the table, JSON-ready: what, source, hash, simulated, rows, findings."""
        return {
            "what": ASSAYS[self.name].what, "source": self.source, "hash": self.hash, "simulated": self.simulated,
            "rows": len(self.table), "findings": [asdict(finding) for finding in self.findings],
        }  # fmt: skip


def data_label(source: str, *, simulated: bool) -> str:
    """Return what a figure says of its data: ``Simulated data (twin)`` or ``Measured data:`` and their name."""
    return "Simulated data (twin)" if simulated else f"Measured data: {source}"


def _limiting_dilution() -> "DataFrameSchema":
    from pandera.pandas import Check, Column, DataFrameSchema

    columns = {
        "experiment": Column(
            str, required=False, description="independent experiment (optional; without it all rows are one)"
        ),
        "group": Column(str, description="which cells: the sorted fraction, or unsorted"),
        "cells_per_well": Column(
            float, Check.gt(0, error="must be above zero"), description="dose: mean number of cells put into a well"
        ),
        "wells_tested": Column(
            int, Check.ge(0, error="cannot be negative"), description="wells at this dose (whole number)"
        ),
        "wells_positive": Column(
            int, Check.ge(0, error="cannot be negative"), description="wells among them with growth (whole number)"
        ),
    }
    possible = Check(
        lambda table: table["wells_positive"] <= table["wells_tested"],
        error="wells_positive cannot be above wells_tested",
    )
    return DataFrameSchema(columns, checks=possible)


def _cell_sort() -> "DataFrameSchema":
    from pandera.pandas import Check, Column, DataFrameSchema

    columns = {
        "file": Column(
            str,
            Check(lambda files: ~files.duplicated(), error="must be named once only"),
            description="FCS file, beside the table",
        ),
        "sample": Column(
            str,
            Check.str_matches(
                f"^({SAMPLES})$", error="must be unstained, single-MARKER, isotype, fmo-MARKER or stained"
            ),
            description="unstained, single-MARKER, isotype, fmo-MARKER or stained; MARKER as in the file, such as NRP1",
        ),
        "replicate": Column(
            int,
            Check.ge(1, error="must be 1 or more"),
            description="independent sort that the file belongs to (1, 2, ...)",
        ),
        "stain": Column(
            str, required=False, nullable=True, description="what is in the tube, in your words (optional)"
        ),
    }
    return DataFrameSchema(columns)


def _time_kill() -> "DataFrameSchema":
    from pandera.pandas import Check, Column, DataFrameSchema

    def counts(what: str, *, required: bool = True) -> Column:
        return Column(int, Check.ge(0, error="cannot be negative"), required=required, description=what)

    columns = {
        "experiment": Column(
            str, required=False, description="independent experiment (optional; without it all rows are one)"
        ),
        "cells": Column(str, description="which cells: unsorted, or tolerant-sorted for those sorted as tolerant"),
        "drug": Column(str, Check.isin(["on", "off"], error="must be on or off"), description="on or off"),
        "hours": Column(
            float, Check.ge(0, error="cannot be negative"), description="time since the drug was added, in hours"
        ),
        "viable": counts("viable cells counted in the sample (whole number)"),
        "counted": counts("cells read for a marker of tolerance (whole number; optional)", required=False),
        "tolerant_counted": counts("cells among them that have the marker (optional)", required=False),
    }
    possible = Check(
        lambda table: table.get("tolerant_counted", 0) <= table.get("counted", table["viable"]),
        error="tolerant_counted cannot be above counted",
    )
    return DataFrameSchema(columns, checks=possible)


def _lineage_barcodes() -> "DataFrameSchema":
    from pandera.pandas import Check, Column, DataFrameSchema

    columns = {
        "experiment": Column(str, description="independent barcoded population"),
        "arm": Column(str, description="part of it that was treated apart from the others"),
        "condition": Column(str, description="before or after treatment"),
        "barcode": Column(str, description="barcode of the clone, the same in all arms of an experiment"),
        "state": Column(str, required=False, description="state of the cells: ancestral or another (optional)"),
        "cells": Column(int, Check.ge(0, error="cannot be negative"), description="cells read (whole number)"),
    }
    return DataFrameSchema(columns)


def _viability_plates() -> "DataFrameSchema":
    from pandera.pandas import Check, Column, DataFrameSchema

    zero = Check.ge(0, error="cannot be negative")
    columns = {
        "experiment": Column(
            str, required=False, description="independent experiment (optional; without it each plate is one)"
        ),
        "plate": Column(str, description="plate that the well is on"),
        "row": Column(str, required=False, description="row of the well: A, B, ... (optional, with column)"),
        "column": Column(
            int, Check.ge(1, error="must be 1 or more"), required=False, description="column of the well: 1, 2, ..."
        ),
        "role": Column(
            str,
            Check.isin(ROLES, error=f"must be one of {', '.join(ROLES)}"),
            required=False,
            description=f"{', '.join(ROLES[:-1])} or {ROLES[-1]} (optional; without it a dose of 0 is a control)",
        ),
        "cells": Column(str, description="which cells; none in blanks"),
        "drug": Column(str, description="drug in the well; none without"),
        "dose_nM": Column(float, zero, description="its dose in nM, 0 without; or dose_uM, dose_ng_mL, ..."),
        "hours": Column(
            float, zero, required=False, description="from adding the drug to reading, in hours (optional)"
        ),
        "luminescence": Column(float, description="reading in proportion to living cells, in any unit"),
    }
    return DataFrameSchema(columns)


def _two_drugs() -> "DataFrameSchema":
    from pandera.pandas import Check, Column, DataFrameSchema

    zero = Check.ge(0, error="cannot be negative")
    columns = {
        "experiment": Column(str, description="independent experiment"),
        "plate": Column(str, required=False, description="plate that the well is on (optional)"),
        "cells": Column(str, description="which cells, such as FXYD3-high and FXYD3-low"),
        "chemotherapy_nM": Column(float, zero, description="dose of chemotherapy in nM, 0 without; or chemotherapy_uM"),
        "glycoside_nM": Column(
            float, zero, description="dose of the glycoside in nM, 0 without; or glycoside_uM, glycoside_ng_mL, ..."
        ),
        "replicate": Column(int, required=False, description="well of this pair of doses (optional)"),
        "viability": Column(float, zero, description="living cells in any unit, background subtracted"),
        "glycoside": Column(
            str,
            required=False,
            nullable=True,
            description="its name (optional; needed for ng/mL: digoxin or digitoxin)",
        ),
    }
    return DataFrameSchema(columns)


def _dosing_order() -> "DataFrameSchema":
    from pandera.pandas import Check, Column, DataFrameSchema

    columns = {
        "experiment": Column(str, description="independent experiment"),
        "arm": Column(
            str,
            Check.isin(ARMS, error=f"must be one of {', '.join(ARMS)}"),
            description=f"{', '.join(ARMS[:-1])} or {ARMS[-1]}",
        ),
        "cells": Column(str, description="which cells: ancestral or other"),
        "replicate": Column(int, required=False, description="dish of this arm (optional)"),
        "viable": Column(
            int, Check.ge(0, error="cannot be negative"), description="living cells counted (whole number)"
        ),
    }
    return DataFrameSchema(columns)


def sorted_cells() -> "DataFrameSchema":
    """Return the schema of an annotation table for cells of sorted fractions (``data/templates/sorted_cells.csv``)."""
    from pandera.pandas import Column, DataFrameSchema

    columns = {
        "cell": Column(unique=True, description="name of the cell, as in the study"),
        "patient": Column(description="patient that the cell comes from"),
        "sample": Column(
            required=False, nullable=True, description="sample, such as a patient's biopsy before treatment"
        ),
        "fraction": Column(description="what the cell was sorted for; unsorted if it was not sorted"),
        "condition": Column(required=False, nullable=True, description="before or after treatment"),
    }
    return DataFrameSchema(columns)


def contrasts() -> "DataFrameSchema":
    """Return the schema of tables of differential expression (``data/templates/contrasts.csv``), as DESeq2 names them.

    They are read by ``fxyd3.tolerance.read_contrasts``.
    """
    from pandera.pandas import Check, Column, DataFrameSchema

    def number(what: str, **more: Any) -> Column:
        return Column(float, nullable=True, description=what, **more)

    columns = {
        "contrast": Column(
            str, required=False, description="what is compared, MODEL_DRUG_VS_CONTROL; without it, the file's name"
        ),
        "gene": Column(str, description="symbol"),
        "baseMean": number("mean of the normalised counts"),
        "log2FoldChange": number("change under the drug, log2, not shrunken"),
        "lfcSE": number("its standard error", checks=Check.gt(0, error="must be above 0")),
        "stat": number("Wald statistic"),
        "pvalue": number("p-value"),
        "padj": number("adjusted p-value"),
    }
    return DataFrameSchema(columns)


def persister_signatures() -> "DataFrameSchema":
    """Return the schema of a table of signatures (``data/templates/persister_signatures.csv``).

    It is read by ``fxyd3.tolerance.read_signatures``.
    """
    from pandera.pandas import Check, Column, DataFrameSchema

    columns = {
        "signature": Column(str, description="name of the signature; five genes of it or more must be in the cells"),
        "gene": Column(str, description="symbol"),
        "weight": Column(
            float,
            Check.ne(0, error="cannot be zero"),
            description="above 0 if it rose in survivors, below 0 if it fell",
        ),
        "source": Column(str, required=False, nullable=True, description="where it was published (optional)"),
    }
    return DataFrameSchema(columns)


def check_sorted_cells(table: "pd.DataFrame", source: str) -> None:
    """Hold an annotation table in the form of its template to the schema; a table of another form is left alone.

    Parameters
    ----------
    table
        As read, one row per line below the header.
    source
        Name of the file, for the message.

    Raises
    ------
    InputError
        For a cell, patient or fraction that is missing, or a cell that occurs twice, with its line.
    """
    from pandera.errors import SchemaError

    if not {"cell", "patient", "fraction"} <= set(table.columns):
        return
    try:
        sorted_cells().validate(table)
    except SchemaError as error:
        line, column = int(error.failure_cases["index"].max()) + 2, error.schema.name
        twice = error.check == "field_uniqueness"
        told = f"names the cell '{table[column].iloc[line - 2]}' twice" if twice else f"has no {column}"
        remedy = "give one row for each cell" if twice else "fill it, or leave the line out"
        raise DataError(f"{source}, line {line}, {told}", remedy) from None


READINGS = dict.fromkeys(("reading", "signal", "response", "viability", "rlu"), "luminescence")
ELDA_WEB = {"dose": "cells_per_well", "tested": "wells_tested", "response": "wells_positive"}
ASSAYS = {
    kind.name: kind
    for kind in (
        AssayKind("limiting_dilution", "wells", "limiting-dilution table", _limiting_dilution, synonyms=ELDA_WEB),
        AssayKind("cell_sort", "flow", "sample sheet of a cell sort", _cell_sort, files="file"),
        AssayKind("time_kill", "kill", "time-kill table", _time_kill),
        AssayKind("lineage_barcodes", "barcodes", "table of lineage barcodes", _lineage_barcodes),
        AssayKind(
            "viability_plates", "plates", "table of viability plates", _viability_plates,
            synonyms=READINGS, doses={"dose_nM": "drug"},
        ),
        AssayKind(
            "two_drugs", "combination", "two-drug table", _two_drugs,
            doses={"chemotherapy_nM": "", "glycoside_nM": "glycoside"},
        ),
        AssayKind("dosing_order", "orders", "table of dosing orders", _dosing_order),
    )
}  # fmt: skip


def read_assay(name: str, path: str | Path) -> AssayTable:
    """Read an assay table and check it against its schema.

    Parameters
    ----------
    name
        The kind, a name in `ASSAYS`.
    path
        A table (csv, tsv, with commas, tabs or semicolons, also gzipped), or a folder that holds one table of the kind.
        Column names may differ in case, spaces, dots and underscores. With semicolons, numbers may have decimal commas.
        Doses in another unit, named in the column (``dose_uM``), are converted to nM.

    Raises
    ------
    InputError
        At the first thing that is wrong, with its line: no such file or column, a value that is missing, no number or
        impossible, a file that the table names and that is not beside it.

    When not to use
    ---------------
    For counts of cells: those are read by `fxyd3.data.read`.
    """
    from fxyd3.data.sources import fingerprint

    kind = assay_kind(name)
    path = Path(path).expanduser()
    if path.is_dir():
        path = _only_table(path, kind)
    found = Findings(strict=True)
    text, units = _read(path, kind, found)
    table = _in_nM(_checked(text, path, kind), units, path, kind)
    files = _files_beside(table[kind.files], path) if kind.files else []
    found.recognised(f"{path.name}: {kind.what}, {len(table):,} row{'s' * (len(table) > 1)}")
    return AssayTable(
        name, table.reset_index(drop=True), path.parent, path.name, fingerprint([path, *files]),
        _is_simulated(path, files, name), tuple(found.found),
    )  # fmt: skip


def assay_kind(name: str) -> AssayKind:
    """Return a kind of assay table by its name; raises InputError for an unknown one."""
    if name not in ASSAYS:
        raise InputError(f"There is no assay table '{name}'{nearest(name, ASSAYS)}: there are {', '.join(ASSAYS)}.")
    return ASSAYS[name]


def twin_assay(name: str, *, seed: int = 1, null: bool = False) -> "Assay":
    """Return the twin's assay of a kind."""
    from fxyd3.data import simulate

    assay: Assay = getattr(simulate, assay_kind(name).name)(seed=seed, null=null)
    return assay


def templates() -> list[Path]:
    """Return the tables to start from, with the page that explains their columns."""
    return sorted(book_file("data", "templates").iterdir())


def _read(path: Path, kind: AssayKind, found: Findings) -> tuple["pd.DataFrame", dict[str, str]]:
    """Read the columns of the schema as text, and the units of doses; the index is the line in the file."""
    import pandas as pd
    from pandas.api.types import is_numeric_dtype

    names, separator, rows = _lines(path)
    known = _known_columns(names, kind)
    units = {known[name]: unit for name, (_, unit) in _dose_columns(names, kind, path.name).items()}
    schema = kind.schema()
    for old, new in known.items():
        if old != new:
            how = "converted to" if new in units else "read as"
            found.mended(f"{path.name}: the column '{old}' is {how} {new}")
    twice = [new for new in known.values() if list(known.values()).count(new) > 1 or names.count(new) > 1]
    if twice:
        raise DataError(f"{path.name} has two columns for {twice[0]}", "leave one of them")
    wanted = [column for column, what in schema.columns.items() if what.required]
    for column in wanted:
        if column not in known.values():
            raise DataError(
                f"{path.name} has no column '{column}'{nearest(column, names)}",
                f"its first line must name the columns {', '.join(wanted)}",
            )
    unused = [name for name in names if name and name not in known]
    if unused:
        found.recognised(f"{path.name}: the columns {few(unused)} are not used")
    if not rows:
        raise DataError(f"{path.name} has no rows below its header", "give the whole table")
    for line, row in rows.items():
        if len(row) != len(names):
            raise DataError(
                f"Line {line} of {path.name} has {len(row)} values where the header has {len(names)}",
                "give one value for each column, and put text that holds a separator in quotes",
            )
    text = pd.DataFrame.from_dict(rows, orient="index", columns=names, dtype=object).rename(columns=known)
    if separator == ";":
        numbers = [column for column in known.values() if is_numeric_dtype(schema.columns[column].dtype.type)]
        text[numbers] = text[numbers].map(lambda value: value.replace(",", "."))
    return text[[column for column in schema.columns if column in text]], units


def _lines(path: Path) -> tuple[list[str], str, dict[int, list[str]]]:
    """Return the names in the header, the separator, and the values by line; lines without any value are left out."""
    from fxyd3.data.tables import opened

    if path.suffix.lower() in WORKBOOKS:
        raise DataError(f"{path.name} is a workbook", "save the sheet as CSV and give that file")
    with reading(path, "table"), opened(path) as handle:
        names, separator = _header(handle)
        reader = csv.reader(handle, delimiter=separator, strict=True)
        values = ((reader.line_num + 1, [value.strip() for value in row]) for row in reader)
        rows = {line: row for line, row in values if any(row)}
    return names, separator, rows


def _header(handle: TextIO) -> tuple[list[str], str]:
    line = handle.readline()
    separator = max("\t;,", key=line.count)
    return [name.strip() for name in next(csv.reader([line], delimiter=separator), [])], separator


def _known_columns(names: list[str], kind: AssayKind) -> dict[str, str]:
    """Return the names in a header that mean a column of the schema, and which."""
    meanings = {_fold(column): column for column in kind.schema().columns} | dict(kind.synonyms)
    doses = {name: column for name, (column, _) in _dose_columns(names, kind).items()}
    return {name: meanings[_fold(name)] for name in names if _fold(name) in meanings} | doses


def _dose_columns(names: list[str], kind: AssayKind, source: str = "") -> dict[str, tuple[str, str]]:
    """Return the columns of doses in another unit than nM, with what they are and their unit.

    With a source, a unit that is unknown raises InputError.
    """
    units = {_fold(unit): unit for unit in UNITS}
    found = {}
    for name in names:
        for column in kind.doses:
            base = _fold(column).removesuffix("nm")
            unit = _fold(name).removeprefix(base)
            if not _fold(name).startswith(base) or _fold(name) == _fold(column):
                continue
            if unit in units:
                found[name] = column, units[unit]
            elif source and column not in names:
                raise DataError(
                    f"{source} has the column '{name}', whose unit is unknown{nearest(unit, units)}",
                    f"name it {base}nM, {base}uM or {base}ng_mL",
                )
    return found


def _fold(name: str) -> str:
    return re.sub(r"[\s._()\[\]/-]+", "_", re.sub("[\u00b5\u03bc]", "u", name)).strip("_").casefold()


def _in_nM(table: "pd.DataFrame", units: Mapping[str, str], path: Path, kind: AssayKind) -> "pd.DataFrame":  # noqa: N802
    """Convert doses to nM."""
    for column, unit in units.items():
        drugs = table.get(kind.doses[column])
        names = [""] * len(table) if drugs is None else list(drugs.str.casefold())
        for line, dose, drug in zip(table.index, table[column], names, strict=True):
            try:
                table.loc[line, column] = to_nM(dose, unit, drug=drug) if dose else 0.0
            except InputError as error:
                raise InputError(f"Line {line} of {path.name}: {error}") from None
    return table


def _checked(text: "pd.DataFrame", path: Path, kind: AssayKind) -> "pd.DataFrame":
    """Turn text into numbers where the schema has numbers, and check it; the first fault is told with its line."""
    from pandas.api.types import is_integer_dtype, is_numeric_dtype
    from pandera.errors import SchemaError

    schema = kind.schema()
    table = text.copy()
    for column in table:
        what = schema.columns[column]
        for line, value in zip(text.index, text[column], strict=True):
            if not what.nullable and value.casefold() in ABSENT:
                raise DataError(f"Line {line} of {path.name} has no {column}", "fill it, or leave the line out")
        if is_numeric_dtype(what.dtype.type):
            whole = is_integer_dtype(what.dtype.type)
            table[column] = [
                _number(value, whole, f"Line {line} of {path.name} has {column} = '{value}'")
                for line, value in text[column].items()
            ]
    try:
        return schema.validate(table)
    except SchemaError as error:
        fault = error
    line, rule = int(fault.failure_cases["index"].min()), str(fault.check.error)
    told = [fault.schema.name] if fault.schema.name else [column for column in schema.columns if column in rule]
    values = " and ".join(f"{column} = {text.loc[line, column]}" for column in told)
    raise DataError(f"Line {line} of {path.name} has {values}", rule if len(told) > 1 else f"it {rule}")


def _number(value: str, whole: bool, told: str) -> float:
    try:
        number = float(value)
    except ValueError:
        number = math.nan
    if not math.isfinite(number) or (whole and number != round(number)):
        raise DataError(told, "it must be a whole number" if whole else "it must be a number")
    return int(number) if whole else number


def _only_table(folder: Path, kind: AssayKind) -> Path:
    """Return the one table in a folder that has the columns of the kind."""
    from fxyd3.data.tables import opened

    wanted = [column for column, what in kind.schema().columns.items() if what.required]

    def fits(path: Path) -> bool:
        with reading(path, "table"), opened(path) as handle:
            return set(wanted) <= set(_known_columns(_header(handle)[0], kind).values())

    tables = sorted(p for p in folder.iterdir() if p.name.lower().removesuffix(".gz").endswith(TABLES))
    fitting = [path for path in tables if fits(path)]
    if len(fitting) == 1:
        return fitting[0]
    if fitting:
        raise DataError(
            f"The folder {folder} holds several tables that may be the {kind.what} ({few(p.name for p in fitting)})",
            "name the one you mean",
        )
    raise DataError(
        f"The folder {folder} holds no {kind.what}",
        f"put a CSV there with the columns {', '.join(wanted)}",
    )


def _files_beside(names: "pd.Series[str]", path: Path) -> list[Path]:
    """Return the files that a table names; each must be there."""
    files = [path.parent / name for name in names]
    for line, file in zip(names.index, files, strict=True):
        if not file.is_file():
            there = [p.name for p in path.parent.iterdir()]
            raise DataError(
                f"Line {line} of {path.name} names the file '{file.name}', which is not in {path.parent}"
                f"{nearest(file.name, there)}",
                "put it there, or mend its name",
            )
    return files


def _is_simulated(path: Path, files: list[Path], name: str) -> bool:
    """Tell whether a table or a file it names says that it is simulated; a template left as it came counts as that."""
    beside = read_json(path.with_name(path.name.removesuffix(".gz")).with_suffix(".json")).get("twin")
    if isinstance(beside, dict) and beside.get("simulated"):
        return True
    template = book_file("data", "templates", f"{name}.csv")
    if template.is_file() and path.read_bytes() == template.read_bytes():
        return True
    return any("simulated" in file.name.casefold() or _begins_simulated(file) for file in (path, *files))


def _begins_simulated(path: Path) -> bool:
    """Tell whether the first lines of a file, where an FCS file describes itself, hold the word."""
    with path.open("rb") as handle:
        return b"simulated" in handle.read(1 << 14).lower()

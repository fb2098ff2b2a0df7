"""What each well of a plate holds, written well by well or in a few lines of ranges."""

import re
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

from fxyd3.data.assays import ROLES
from fxyd3.data.reading import reading
from fxyd3.data.report import few, nearest
from fxyd3.errors import InputError

if TYPE_CHECKING:
    import pandas as pd

SHAPES = ((2, 3), (3, 4), (4, 6), (6, 8), (8, 12), (16, 24), (32, 48))  # 6 to 1,536 wells
DIRECTIONS = ("left to right", "right to left", "top to bottom", "bottom to top")
COLUMNS = ("plate", "row", "column", "role", "cells", "drug", "dose_nM", "hours")
KNOWN = ("wells", "role", "cells", "drug", "dose", "top_dose", "dilution", "along", "unit", "hours", "plate")
WORKBOOKS = (".xlsx", ".xls", ".xlsm", ".ods", ".numbers")
WELL = re.compile(r"([A-Za-z]{1,2})0*([1-9]\d*)")


def row_letters(number: int) -> str:
    """Return the letters of a row counted from 0: A to Z, then AA to AF."""
    return (chr(64 + number // 26) if number >= 26 else "") + chr(65 + number % 26)


def row_number(letters: str) -> int:
    """Return the number of a row, counted from 0, from its letters; -1 for what is none."""
    return ROWS.get(letters.strip().upper(), -1)


ROWS = {row_letters(i): i for i in range(SHAPES[-1][0])}


def plate_shape(rows: int, columns: int) -> tuple[int, int]:
    """Return the smallest plate with so many rows and columns, as (rows, columns)."""
    for shape in SHAPES:
        if rows <= shape[0] and columns <= shape[1]:
            return shape
    raise InputError(f"No plate has {rows} rows and {columns} columns: the largest has 32 (A to AF) and 48.")


def well_at(text: str) -> tuple[int, int]:
    """Return row and column, counted from 0, of a well such as ``A1`` or ``A01``.

    Raises
    ------
    InputError
        When it is none.
    """
    match = WELL.fullmatch(text.strip())
    row = row_number(match[1]) if match else -1
    if not match or row < 0:
        raise InputError(f"'{text}' is not a well: write letters and a number, such as A1, B12 or AF48.")
    return row, int(match[2]) - 1


def read_layout(layout: "str | Path | pd.DataFrame") -> "pd.DataFrame":
    """Read what each well of a plate holds.

    One line describes one well or many, so that a table with a row per well and a template of a few lines are the same
    format::

        wells,    role,    cells,      drug,        top_dose, dilution, along,         unit
        B2:D10,   drug,    MDA-MB-231, doxorubicin, 10,       3,        left to right, uM
        B11:D12,  control, MDA-MB-231, ,            ,         ,         ,
        A12 E12,  blank,   ,           ,            ,         ,         ,

    Parameters
    ----------
    layout
        A text table (comma, semicolon or tab), a YAML list of such entries, or a DataFrame. Columns: ``wells`` (``A1``,
        ``A1:D12``, or several separated by spaces) or ``well``, or ``row`` and ``column``; ``role`` (blank, control,
        positive, drug, time_zero, empty; without it: drug where there is a dose); ``cells``; ``drug``; ``dose``, or
        ``top_dose`` with ``dilution`` (the factor from dose to dose) and ``along`` (where the dose falls: "left to
        right", the default, "right to left", "top to bottom", "bottom to top"); ``unit`` of the dose; ``hours`` from
        adding the drug to reading; ``plate`` (name; empty: every plate).

    Returns
    -------
    pandas.DataFrame
        One row per well that is named: plate (str, "" for every plate), row (str), column (int64), role, cells and drug
        (str, "none" without), dose_nM (float64, 0 without drug), hours (float64, NaN where not said).

    Raises
    ------
    InputError
        For a missing file, a workbook, an unknown column, role, direction or unit, a well that is none or stands in
        the layout twice, drug wells without a dose or a unit, and a dose or a dilution that cannot be.

    When not to use
    ---------------
    For mixtures of two drugs in one well: they need two doses, as a combination table has.

    Examples
    --------
    Two lines for six wells of a made-up plate:

    >>> import pandas as pd
    >>> from fxyd3.rescue import read_layout
    >>> lines = pd.DataFrame({"wells": ["A1:A3", "B1:B3"], "role": ["control", "drug"], "cells": "line",
    ...                       "drug": ["", "dox"], "top_dose": ["", 9], "dilution": ["", 3], "unit": ["", "uM"]})
    >>> read_layout(lines)[["row", "column", "role", "dose_nM"]]
      row  column     role  dose_nM
    0   A       1  control      0.0
    1   A       2  control      0.0
    2   A       3  control      0.0
    3   B       1     drug   9000.0
    4   B       2     drug   3000.0
    5   B       3     drug   1000.0
    """
    import pandas as pd

    table = layout.copy() if isinstance(layout, pd.DataFrame) else _read(Path(layout))
    table = table.rename(columns=lambda name: str(name).strip().casefold()).rename(columns={"well": "wells"})
    if "wells" not in table and {"row", "column"} <= set(table):
        table["wells"] = table["row"].astype(str).str.strip() + table["column"].astype(str).str.strip()
        table = table.drop(columns=["row", "column"])
    if "wells" not in table:
        raise InputError(
            "The layout has no column 'wells' (nor 'row' and 'column')"
            f"{nearest('wells', table.columns)}: it says which wells a line is about, such as B2:D10."
        )
    for name in [str(name) for name in table.columns if name not in KNOWN]:
        raise InputError(
            f"The layout has an unknown column '{name}'{nearest(name, KNOWN)}: there may be {', '.join(KNOWN)}."
        )
    lines = table.astype(object).where(table.notna(), "").to_dict("records")
    wells = [well for line in lines for well in _wells({str(k): str(v).strip() for k, v in line.items()})]
    if not wells:
        raise InputError("The layout names no well: give one line or more, such as 'B2:D10,drug'.")
    found = pd.DataFrame(wells, columns=["_row", *COLUMNS[:1], *COLUMNS[2:], "_unit"])
    found["row"] = found["_row"].map(row_letters)
    _check_once(found)
    found["dose_nM"] = _in_nM(found)
    return found[list(COLUMNS)].astype({"column": "int64", "dose_nM": "float64", "hours": "float64"})


def _read(path: Path) -> "pd.DataFrame":
    import pandas as pd
    import yaml

    if path.suffix.lower() in WORKBOOKS:
        raise InputError(f"{path.name} is a workbook: save its sheet as CSV and give that file.")
    with reading(path, "layout"):
        text = path.read_text(encoding="utf-8-sig")
        if path.suffix.lower() in (".yml", ".yaml"):
            entries = yaml.safe_load(text)
            if not isinstance(entries, list) or not all(isinstance(entry, dict) for entry in entries):
                raise InputError(f"{path.name} must be a list of entries such as `- {{wells: A1, role: blank}}`.")
            return pd.DataFrame(entries, dtype=object)
        head = text.lstrip().split("\n", 1)[0]
        separator = max("\t;,", key=head.count)
        table = pd.read_csv(path, sep=separator, dtype=str, encoding="utf-8-sig", skipinitialspace=True)
        return table.dropna(how="all")
    raise AssertionError  # pragma: no cover


def _wells(line: dict[str, str]) -> Iterator[tuple[object, ...]]:
    """Yield each well of one line, with its dose in the unit of the line."""
    where, role = line["wells"], line.get("role", "").casefold().replace(" ", "_").replace("-", "_")
    numbers = {name: _number(line, name) for name in ("dose", "top_dose", "dilution", "hours")}
    dose, top = numbers["dose"], numbers["top_dose"]
    if dose is not None and top is not None:
        raise InputError(f"The layout gives {where} both a dose and a top_dose: keep one of them.")
    if not role and (dose or top is not None):
        role = "drug"
    if role not in ROLES:
        raise InputError(
            f"The layout calls {where} '{line.get('role', '')}'{nearest(role, ROLES)}: a role is one of "
            f"{', '.join(ROLES)}."
        )
    if role == "drug" and not (top is not None or dose is not None):
        raise InputError(f"The layout gives the drug wells {where} no dose: fill 'dose', or 'top_dose' and 'dilution'.")
    if (top is not None and top <= 0) or (dose is not None and (dose < 0 or (dose == 0 and role == "drug"))):
        raise InputError(
            f"The layout gives {where} the dose {dose if top is None else top:g}: a dose of a drug lies above zero, "
            "and wells without drug are controls."
        )
    if role != "drug" and (dose or top):
        raise InputError(f"The layout gives {where} a dose but calls it '{role}': wells with a dose are 'drug'.")
    if role == "drug" and not line.get("drug"):
        raise InputError(f"The layout does not say which drug is in {where}: fill the column 'drug'.")
    if role == "drug" and not line.get("unit"):
        raise InputError(f"The layout gives {where} a dose without a unit: fill the column 'unit', such as uM.")
    factor = numbers["dilution"]
    if top is not None and (factor is None or factor <= 1):
        raise InputError(
            f"The layout dilutes {where} {factor or 0:g}-fold: 'dilution' is the factor from one dose to the next, "
            "above 1."
        )
    along = line.get("along", "").casefold() or DIRECTIONS[0]
    if along not in DIRECTIONS:
        raise InputError(
            f"In the layout the dose in {where} falls '{along}'{nearest(along, DIRECTIONS)}: write one of "
            f"{', '.join(DIRECTIONS)}."
        )
    treated = role == "drug"
    named = (role, (line.get("cells") or "none"), line["drug"] if treated else "none")
    hours = float("nan") if numbers["hours"] is None else numbers["hours"]
    for row, column, step in _expand(where, along):
        amount = (dose if top is None else top / (factor or 1) ** step) if treated else 0.0
        yield row, line.get("plate", ""), column + 1, *named, amount, hours, line.get("unit", "") if treated else ""


def _expand(where: str, along: str) -> Iterator[tuple[int, int, int]]:
    """Yield row, column and how often the dose has been diluted, for each well of some ranges."""
    ranges = re.sub(r"\s*[:\-–]\s*", ":", where).replace(",", " ").replace(";", " ").split()
    for each in ranges:
        ends = [well_at(end) for end in each.split(":")]
        if len(ends) > 2:
            raise InputError(f"'{each}' in the layout is not a range of wells: write its two corners, such as B2:D10.")
        (top, bottom), (left, right) = (sorted((ends[0][i], ends[-1][i])) for i in (0, 1))
        for row in range(top, bottom + 1):
            for column in range(left, right + 1):
                step = (column - left, right - column, row - top, bottom - row)[DIRECTIONS.index(along)]
                yield row, column, step


def _number(line: dict[str, str], name: str) -> float | None:
    text = line.get(name, "")
    try:
        number = float(text.replace(",", ".")) if text else None
    except ValueError:
        number = float("inf")
    if number is not None and not abs(number) < float("inf"):
        raise InputError(f"The layout gives {line['wells']} the {name} '{text}', which is not a number.")
    return number


def _check_once(found: "pd.DataFrame") -> None:
    named = found["row"] + found["column"].astype(str)
    anywhere = found["plate"] == ""
    twice = found.duplicated(["plate", "row", "column"]) | (~anywhere & named.isin(named[anywhere]))
    if twice.any():
        raise InputError(
            f"The layout names {few(named[twice].unique(), 3)} more than once: describe each well in one line."
        )


def _in_nM(found: "pd.DataFrame") -> "pd.Series[float]":  # noqa: N802
    from fxyd3.data.units import to_nM

    doses = found["dose_nM"].astype(float)
    for (unit, drug), own in found[found["_unit"] != ""].groupby(["_unit", "drug"]):
        doses[own.index] = to_nM(own["dose_nM"].to_numpy(dtype=float), str(unit), drug=str(drug))
    return doses

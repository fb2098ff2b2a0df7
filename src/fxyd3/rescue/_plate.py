"""Plate readers' files, and the response of each well."""

import csv
import re
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from fxyd3.data.reading import reading
from fxyd3.data.report import Finding, few
from fxyd3.errors import InputError
from fxyd3.rescue._layout import COLUMNS, SHAPES, WELL, WORKBOOKS, plate_shape, read_layout, row_letters, row_number

if TYPE_CHECKING:
    import pandas as pd

WELL_NAMES = ("well", "well id", "well position", "position", "well name")
VALUE_NAMES = ("value", "reading", "luminescence", "lum", "rlu", "signal", "absorbance", "od", "fluorescence", "rfu")
Cells = dict[tuple[int, int], str]


@dataclass(frozen=True, eq=False)
class Plate:
    """One plate as it was read; see ``read_plate``.

    Attributes
    ----------
    wells
        One row per well of the plate: plate (str), row (str), column (int64), role ("blank", "control", "positive",
        "drug", "time_zero", "empty"), cells, drug (str, "none" without), dose_nM, hours, reading (float64, NaN where
        missing).
    source
        Name of the file.
    shape
        Rows and columns of the plate.
    notes
        What was found odd while reading.

    Examples
    --------
    From a made-up file with one well in a line:

    >>> from pathlib import Path
    >>> from tempfile import TemporaryDirectory
    >>> import pandas as pd
    >>> from fxyd3.rescue import read_plate
    >>> layout = pd.DataFrame({"wells": ["A1:B1", "A2:A3"], "role": ["blank", "control"], "cells": ["", "line"]})
    >>> readings = pd.DataFrame({"Well": ["A1", "B1", "A2", "A3"], "Value": [100, 102, 900, 1100]})
    >>> with TemporaryDirectory() as folder:
    ...     readings.to_csv(Path(folder) / "day1.csv", index=False)
    ...     plate = read_plate(Path(folder) / "day1.csv", layout)
    >>> plate.source, plate.shape, plate.notes
    ('day1.csv', (2, 3), ())
    """

    wells: "pd.DataFrame"
    source: str
    shape: tuple[int, int]
    notes: tuple[Finding, ...] = ()

    def summary(self) -> "pd.DataFrame":
        """Return the wells and mean reading by what they hold: role, cells, drug, wells, missing, mean."""
        used = self.wells[self.wells["role"] != "empty"]
        grouped = used.groupby(["role", "cells", "drug"])["reading"]
        told = grouped.agg(wells="size", missing=lambda own: own.isna().sum(), mean="mean")
        return told.reset_index()


def read_plate(
    path: str | Path,
    layout: "str | Path | pd.DataFrame",
    *,
    plate: str = "",
    hours: float = float("nan"),
    grid: int | None = None,
) -> Plate:
    """Read one plate as the reader wrote it, and name what its wells hold.

    Understood are grids (a line of column numbers, then rows that begin with their letters), alone or within the lines
    of a longer export, and long tables with a column of wells and one of values; separated by commas, tabs or
    semicolons; with decimal points or commas; for 6 to 1,536 wells.

    Parameters
    ----------
    path
        Text file.
    layout
        See ``read_layout``. Wells that it does not name are empty.
    plate
        Name of the plate; empty: the name of the file without its ending.
    hours
        From adding the drug to reading, where the layout does not say it.
    grid
        Which grid to read, counted from 1, where a file holds several.

    Returns
    -------
    Plate
        A well whose value is a word, such as ``OVRFLW``, is missing and told in ``notes``.

    Raises
    ------
    InputError
        For a missing file, a workbook, a file without a plate or with several, rows beyond the plate, wells that occur
        twice, commas that may be decimal or mark thousands, and a layout that names wells not on the plate; and as
        ``read_layout``.

    When not to use
    ---------------
    For images or flow cytometry; for kinetic exports with one line per time, which are growth curves, not plates.

    Examples
    --------
    A made-up plate of six wells, written as a grid:

    >>> from pathlib import Path
    >>> from tempfile import TemporaryDirectory
    >>> import pandas as pd
    >>> from fxyd3.rescue import read_plate
    >>> layout = pd.DataFrame({"wells": ["A1:B1", "A2:A3", "B2:B3"], "role": ["blank", "control", "drug"],
    ...                        "cells": ["", "line", "line"], "drug": ["", "", "dox"], "dose": ["", "", 10],
    ...                        "unit": ["", "", "nM"]})
    >>> grid = pd.DataFrame([[100, 900, 1100], [102, 500, 300]], index=["A", "B"], columns=[1, 2, 3])
    >>> with TemporaryDirectory() as folder:
    ...     grid.to_csv(Path(folder) / "day1.csv")
    ...     plate = read_plate(Path(folder) / "day1.csv", layout)
    >>> plate.summary()
          role cells  drug  wells  missing    mean
    0    blank  none  none      2        0   101.0
    1  control  line  none      2        0  1000.0
    2     drug  line   dox      2        0   400.0
    """
    import pandas as pd

    path = Path(path)
    content, shape = _cells(path, grid)
    readings = {at: _number(text) for at, text in content.items()}
    name = plate or path.stem
    named = read_layout(layout)
    named = named[named["plate"].isin(["", name])]
    if named.empty:
        raise InputError(f"The layout describes no well of plate '{name}': check the names in its column 'plate'.")
    outside = named[(named["row"].map(row_number) >= shape[0]) | (named["column"] > shape[1])]
    if len(outside):
        raise InputError(
            f"The layout names {few(outside['row'] + outside['column'].astype(str), 3)}, not on a plate of "
            f"{shape[0]} rows and {shape[1]} columns such as {path.name}: correct the layout."
        )
    every = [(row, column) for row in range(shape[0]) for column in range(shape[1])]
    wells = pd.DataFrame({
        "row": [row_letters(row) for row, _ in every],
        "column": np.array([column + 1 for _, column in every], dtype=np.int64),
        "reading": [readings.get(at, np.nan) for at in every],
    })  # fmt: skip
    wells = wells.merge(named.drop(columns="plate"), on=["row", "column"], how="left").assign(plate=name)
    wells["hours"] = wells["hours"].fillna(hours)
    wells = wells.fillna({"role": "empty", "cells": "none", "drug": "none", "dose_nM": 0.0})
    words = [content.get(at, "") for at in every]
    return Plate(wells[[*COLUMNS, "reading"]], path.name, shape, _notes(wells, words))


def _notes(wells: "pd.DataFrame", words: list[str]) -> tuple[Finding, ...]:
    found = []
    used, read = wells["role"] != "empty", wells["reading"].notna()
    lost = [f"{row}{column} '{word}'" for row, column, word, bad in
            zip(wells["row"], wells["column"], words, used & ~read, strict=True) if bad]  # fmt: skip
    if lost:
        found.append(
            Finding("mended", f"{len(lost)} wells hold no number and are missing: {few(lost)}",
                    "where the reader was over its range, read the plate again with a lower gain")
        )  # fmt: skip
    extra = int((~used & read).sum())
    if extra:
        found.append(Finding("recognised", f"{extra} wells with a reading are not in the layout", "they are left out"))
    return tuple(found)


def _cells(path: Path, grid: int | None) -> tuple[Cells, tuple[int, int]]:
    """Return the text of each well, counted from 0, and the shape of the plate."""
    text = _text(path)
    for separator in "\t;,":
        rows = [[cell.strip() for cell in row] for row in csv.reader(text.splitlines(), delimiter=separator)]
        grids = [(title, cells, shape) for title, cells, shape in _grids(rows, path.name)
                 if any(np.isfinite(_number(cell.replace(",", "."))) for cell in cells.values())]  # fmt: skip
        if grids and grid is None and len(grids) > 1:
            titles = few((f"{i} '{title}'" for i, (title, _, _) in enumerate(grids, 1)), 6)
            raise InputError(f"{path.name} holds {len(grids)} grids ({titles}): say which to read, such as grid=1.")
        if grids and not 1 <= (grid or 1) <= len(grids):
            raise InputError(f"{path.name} holds {len(grids)} grids: there is no grid {grid}.")
        found = grids[(grid or 1) - 1][1:] if grids else _long(rows, path.name)
        if found:
            cells, shape = found
            return _with_points(cells, path.name) if separator != "," else cells, shape
    raise InputError(
        f"{path.name} is not a plate: give a grid (column numbers 1 to 12 above, letters A to H at the left) or a "
        "table with the columns Well and Value."
    )


def _text(path: Path) -> str:
    workbook = InputError(f"{path.name} is a workbook: save the sheet of the plate as CSV and give that file.")
    if path.suffix.lower() in WORKBOOKS:
        raise workbook
    with reading(path, "plate"):
        raw = path.read_bytes()
        if raw.startswith(b"PK\x03\x04"):
            raise workbook
        if raw.startswith((b"\xff\xfe", b"\xfe\xff")):
            return raw.decode("utf-16")
        try:
            return raw.decode("utf-8-sig")
        except UnicodeDecodeError:
            return raw.decode("latin-1")
    raise AssertionError  # pragma: no cover


def _grids(rows: list[list[str]], source: str) -> list[tuple[str, Cells, tuple[int, int]]]:
    """Return the title (the last text above), cells and shape of each grid."""
    found, title = [], ""
    for i, row in enumerate(rows):
        start = _header(row)
        if start < 0:
            title = " ".join(filter(None, row)) or title
            continue
        width = len(row) - start - sum(1 for cell in row[start:] if not cell)
        shape = next((each for each in SHAPES if each[1] == width), None)
        if shape is None:
            raise InputError(
                f"{source} has a grid of {width} columns in line {i + 1}, which no plate has: give all columns, such "
                "1 to 12."
            )
        cells: Cells = {}
        for number, line in enumerate(rows[i + 1 :], start=i + 2):
            letters = line[start - 1] if len(line) >= start else ""
            at = row_number(letters)
            if at < 0:
                break
            if at >= shape[0]:
                raise InputError(
                    f"{source} has a row {letters.upper()} in line {number}, beyond a plate of {width} columns, which "
                    f"ends at {row_letters(shape[0] - 1)}: check its column numbers."
                )
            if (at, 0) in cells:
                raise InputError(f"{source} has row {letters.upper()} twice in one grid, in line {number}: keep one.")
            values = [*line[start : start + width], *[""] * width][:width]
            cells |= {(at, column): value for column, value in enumerate(values)}
        found.append((title, cells, shape))
    return found


def _header(row: list[str]) -> int:
    """Return where 1, 2, 3, ... begins in a line that ends with it; -1 where it does not."""
    filled = [cell for cell in row if cell]
    start = next((i for i, cell in enumerate(row) if cell == "1"), -1)
    numbers = [cell for cell in row[max(start, 0) :] if cell]
    alone = len(filled) - len(numbers) <= 1
    counted = len(numbers) >= 3 and numbers == [str(i + 1) for i in range(len(numbers))]
    return start if start > 0 and alone and counted else -1


def _long(rows: list[list[str]], source: str) -> tuple[Cells, tuple[int, int]] | None:
    """Return the wells of a long table; None where there is no such table."""
    for i, row in enumerate(rows):
        names = [cell.casefold() for cell in row]
        well = next((names.index(name) for name in WELL_NAMES if name in names), -1)
        if well < 0 or len(row) < 2:
            continue
        others = [j for j in range(len(row)) if j != well and names[j]]
        values = [j for j in others if names[j] in VALUE_NAMES] or others
        if len(values) != 1:
            raise InputError(
                f"{source} has several columns that may hold the readings ({few(row[j] for j in values)}): keep one, "
                "and name it Value."
            )
        cells: Cells = {}
        for line in rows[i + 1 :]:
            match = WELL.fullmatch(line[well]) if len(line) > well else None
            if not match:
                break
            at = row_number(match[1]), int(match[2]) - 1
            if at in cells:
                raise InputError(f"{source} has well {line[well]} twice: keep one row for each well.")
            if at[0] < 0:
                raise InputError(f"{source} has well {line[well]}, whose row no plate has: the last is AF.")
            cells[at] = line[values[0]] if len(line) > values[0] else ""
        if cells:
            return cells, plate_shape(max(row for row, _ in cells) + 1, max(column for _, column in cells) + 1)
    return None


def _with_points(cells: Cells, source: str) -> Cells:
    """Write decimal commas as points, where they can only be that."""
    commas = [text for text in cells.values() if re.fullmatch(r"-?\d+,\d+", text)]
    if commas and all(re.fullmatch(r"-?[1-9]\d{0,2},\d{3}", text) for text in commas):
        raise InputError(
            f"{source} holds numbers such as {commas[0]}, whose comma may be decimal or mark thousands: save it "
            "without marks of thousands and with decimal points."
        )
    return {at: text.replace(",", ".") if re.fullmatch(r"-?\d+,\d+(e[+-]?\d+)?", text.lower()) else text
            for at, text in cells.items()}  # fmt: skip


def _number(text: str) -> float:
    """Return the number in a cell; NaN for anything else, such as OVRFLW, inf or >1e6."""
    try:
        number = float(text)
    except ValueError:
        return float("nan")
    return number if np.isfinite(number) else float("nan")

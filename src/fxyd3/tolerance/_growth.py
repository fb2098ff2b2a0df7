"""Growth of cells under a drug from images: the area they cover over time, and its rate."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from fxyd3.claims import t_interval
from fxyd3.data.report import few, nearest
from fxyd3.errors import InputError

if TYPE_CHECKING:
    import pandas as pd

FEWEST_TIMES = 3
HEAD = ("Date Time", "Elapsed")
WELL = r"[A-Za-z]{1,2}\d{1,2}"


def read_incucyte(path: str | Path) -> "pd.DataFrame":
    r"""Read an export of percent confluence of an IncuCyte imager: one column per well, one row per time.

    Parameters
    ----------
    path
        Text as the imager exports it, tab-separated; lines before the header are passed over.

    Returns
    -------
    One row per well and time: well ("B2"), row ("B"), column (int), hours (since the first image), confluence (percent
    of the image that cells cover), sorted by well and time.

    Raises
    ------
    InputError
        If there is no such file, it has no table with the columns ``Date Time`` and ``Elapsed`` and wells, or a value
        is no percentage.

    When not to use
    ---------------
    On exports of counts of nuclei, which are no percentages.

    Examples
    --------
    Two made-up images of one well:

    >>> from pathlib import Path
    >>> from tempfile import TemporaryDirectory
    >>> import pandas as pd
    >>> from fxyd3.tolerance import read_incucyte
    >>> images = pd.DataFrame({"Date Time": ["1/1/2025 8:00", "1/1/2025 12:00"], "Elapsed": [0, 4], "B2": [10.0, 11.5]})
    >>> with TemporaryDirectory() as folder:
    ...     images.to_csv(Path(folder) / "plate.txt", sep="\t", index=False)
    ...     table = read_incucyte(Path(folder) / "plate.txt")
    >>> table
      well row  column  hours  confluence
    0   B2   B       2    0.0        10.0
    1   B2   B       2    4.0        11.5
    """
    import pandas as pd

    path = Path(path)
    try:
        lines = path.read_text(encoding="utf-8-sig").splitlines()
    except (OSError, UnicodeDecodeError) as error:
        raise InputError(f"{path.name} cannot be read as text ({error}): give the exported .txt file.") from None
    skip = next((i for i, line in enumerate(lines) if line.startswith("\t".join(HEAD))), None)
    if skip is None:
        raise InputError(f"{path.name} has no line with '{HEAD[0]}' and '{HEAD[1]}': export all wells, tab-separated.")
    wide = pd.read_csv(path, sep="\t", skiprows=skip)
    wells = [str(name) for name in wide.columns if pd.Series([name]).str.fullmatch(WELL).all()]
    if not wells or wide.empty:
        raise InputError(f"{path.name} has {len(wells)} wells and {len(wide)} times: export all wells, tab-separated.")
    long = wide.melt(id_vars="Elapsed", value_vars=wells, var_name="well", value_name="confluence")
    long = long.rename(columns={"Elapsed": "hours"}).apply(
        lambda own: own if own.name == "well" else _number(own, path)
    )
    bad = ~long["confluence"].between(0, 100)
    if bad.any():
        at = long[bad].iloc[0]
        raise InputError(f"{path.name} holds {at['confluence']:g} in well {at['well']}: give percent, from 0 to 100.")
    place = long["well"].str.extract(r"([A-Za-z]+)(\d+)")
    long = long.assign(row=place[0].str.upper(), column=place[1].astype(int))
    long["well"] = long["row"] + long["column"].astype(str)
    found: pd.DataFrame = long[["well", "row", "column", "hours", "confluence"]]
    return found.sort_values(["row", "column", "hours"], ignore_index=True)


def _number(values: "pd.Series[float]", path: Path) -> "pd.Series[float]":
    import pandas as pd

    found = pd.to_numeric(values, errors="coerce").astype(float)
    if found.isna().any():
        raise InputError(f"{path.name} lacks a number in column '{values.name}', row {int(found.isna().argmax()) + 1}.")
    return found


def serial_dilution(
    cells: Mapping[str, Sequence[str]], *, columns: Sequence[int], top: float, fold: float, control: int
) -> "pd.DataFrame":
    """Return the layout of a plate whose dose falls from column to column.

    Parameters
    ----------
    cells
        Rows of the plate by name of the cells, such as ``{"MDA-MB-231": "BCD"}``.
    columns
        Columns with drug, the highest dose first.
    top, fold
        Highest dose, and how many times smaller each next one is (above 1).
    control
        Column without drug.

    Returns
    -------
    One row per well: row, column, cells, dose (0: none), in the unit of ``top``.

    Raises
    ------
    InputError
        For a dose or a fold out of range, or a row that two kinds of cells share.

    When not to use
    ---------------
    For doses that are not laid out along columns: make the table yourself.

    Examples
    --------
    Three doses from 10, each a fifth of the one before, and a column without drug:

    >>> from fxyd3.tolerance import serial_dilution
    >>> serial_dilution({"line": "B"}, columns=[2, 3, 4], top=10, fold=5, control=5)
      row  column cells  dose
    0   B       2  line  10.0
    1   B       3  line   2.0
    2   B       4  line   0.4
    3   B       5  line   0.0
    """
    import pandas as pd

    if not (top > 0 and fold > 1):
        raise InputError(f"The highest dose is {top} and falls {fold}-fold: give one above 0 and a fold above 1.")
    rows = [row for named in cells.values() for row in named]
    if len(rows) != len(set(rows)):
        raise InputError(f"Two kinds of cells share a row of the plate: {few(rows, 12)}.")
    doses = {column: top / fold**i for i, column in enumerate(columns)} | {control: 0.0}
    return pd.DataFrame(
        [(row, column, name, dose) for name, named in cells.items() for row in named for column, dose in doses.items()],
        columns=["row", "column", "cells", "dose"],
    )


def growth_rates(
    table: "pd.DataFrame", *, start: float = 8.0, ceiling: float = 80.0, confidence: float = 0.95
) -> "pd.DataFrame":
    """Measure the rate of growth under each dose: the slope of log2 area over time, for each well.

    After the drug had time to act the slope is the drug-induced proliferation (DIP) rate of the area: positive where
    it grows, 0 where it stays, negative where it is lost.

    Parameters
    ----------
    table
        cells, dose, well (or row and column), hours, confluence; rows without cells are passed over.
    start
        Hours from which on images count. What happens before is the drug entering, and cells settling.
    ceiling
        Images in which the area is larger (percent) do not count: cells that touch stop growing, drug or not.
    confidence
        Of the intervals, Student's over wells.

    Returns
    -------
    One row per cells and dose: cells, dose, wells, times (images used, the fewest of a well), rate (log2 per day),
    lower, upper, relative (to no drug; NaN without it or if that does not grow). Limits are NaN with one well.

    Raises
    ------
    InputError
        For a column that is not there, a confidence out of range, or no well with three images in the window.

    Notes
    -----
    Wells of a plate are technical replicates: the interval speaks of this plate, not of other experiments.

    References
    ----------
    Harris 2016, doi:10.1038/nmeth.3852 (DIP rate).

    When not to use
    ---------------
    As a measure of death. Area is what cells cover, living or dead; dead cells may stay in place, living ones spread or
    shrink, and cells that die as fast as others divide look like cells that rest. A rate needs images until it no
    longer changes, which for many drugs takes days.

    Examples
    --------
    Made-up images; the area doubles once a day without drug, and half as fast with it:

    >>> import numpy as np
    >>> import pandas as pd
    >>> from fxyd3.tolerance import growth_rates
    >>> hours = np.arange(0, 49, 4)
    >>> wells = [("B", 2, 0, 1.0), ("C", 2, 0, 1.0), ("B", 3, 10, 0.5), ("C", 3, 10, 0.5)]
    >>> table = pd.concat(
    ...     pd.DataFrame({"cells": "line", "row": row, "column": column, "dose": dose, "hours": hours,
    ...                   "confluence": 10 * 2 ** (rate * hours / 24)})
    ...     for row, column, dose, rate in wells
    ... )
    >>> growth_rates(table)[["dose", "wells", "rate", "relative"]].round(2)
       dose  wells  rate  relative
    0     0      2   1.0       1.0
    1    10      2   0.5       0.5
    """
    import pandas as pd

    if not 0 < confidence < 1:
        raise InputError(f"The confidence is {confidence}: it must lie between 0 and 1.")
    for column in ("cells", "dose", "row", "column", "hours", "confluence"):
        if column not in table:
            raise InputError(f"The table has no column '{column}'{nearest(column, list(map(str, table.columns)))}.")
    used = table[(table["hours"] >= start) & table["confluence"].between(0, ceiling, inclusive="right")]
    used = used.dropna(subset=["cells", "dose"])
    keys = ["cells", "dose", "row", "column"]
    fitted = []
    for name, own in used.groupby(keys, sort=True):
        days = own["hours"].to_numpy(dtype=float) / 24
        if len(np.unique(days)) >= FEWEST_TIMES:
            slope = np.polyfit(days, np.log2(own["confluence"].to_numpy(dtype=float)), 1)[0]
            fitted.append((*name, len(days), slope))
    if not fitted:
        raise InputError(
            f"No well has {FEWEST_TIMES} images from {start:g} hours on with an area of up to {ceiling:g} percent: "
            "set start or ceiling to what the images allow."
        )
    wells = pd.DataFrame(fitted, columns=[*keys, "times", "rate"])
    rows = []
    for (cells, dose), own in wells.groupby(["cells", "dose"], sort=True):
        mean = (own["rate"].mean(), np.nan, np.nan)
        ends = t_interval(own["rate"], confidence) if len(own) > 1 else mean
        rows.append((cells, dose, len(own), own["times"].min(), *ends))
    rates = pd.DataFrame(rows, columns=["cells", "dose", "wells", "times", "rate", "lower", "upper"])
    without = rates[rates["dose"] == 0].set_index("cells")["rate"]
    control = rates["cells"].map(without.where(without > 0))
    return rates.assign(relative=rates["rate"] / control)

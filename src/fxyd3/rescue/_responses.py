"""Viability from a folder of readers' files, or from a table of wells with or without their places."""

from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from fxyd3.errors import InputError
from fxyd3.rescue._layout import row_letters
from fxyd3.rescue._plate import read_plate
from fxyd3.rescue._quality import Correction, normalise

if TYPE_CHECKING:
    import pandas as pd

ENDINGS = (".csv", ".tsv", ".txt")


def read_plates(path: str | Path, layout: "str | Path | pd.DataFrame") -> "pd.DataFrame":
    """Read the files of one or many plates, as readers wrote them, with what their wells hold.

    Parameters
    ----------
    path
        A file, or a folder of files that end in csv, tsv or txt; the layout may lie among them.
    layout
        See ``read_layout``; its column ``plate`` names files without their ending.

    Returns
    -------
    One row per well of all plates, as in ``read_plate(...).wells``.

    Raises
    ------
    InputError
        For a folder without such files, and as ``read_plate``.

    When not to use
    ---------------
    For a table that has a row for each well and names what it holds: that needs no layout.

    Examples
    --------
    Two made-up plates of six wells with one layout:

    >>> from pathlib import Path
    >>> from tempfile import TemporaryDirectory
    >>> import pandas as pd
    >>> from fxyd3.rescue import read_plates
    >>> layout = pd.DataFrame({"wells": ["A1:B1", "A2:A3", "B2:B3"], "role": ["blank", "control", "drug"],
    ...                        "cells": ["", "line", "line"], "drug": ["", "", "dox"], "dose": ["", "", 10],
    ...                        "unit": ["", "", "nM"]})
    >>> grid = pd.DataFrame([[100, 900, 1100], [102, 500, 300]], index=["A", "B"], columns=[1, 2, 3])
    >>> with TemporaryDirectory() as folder:
    ...     grid.to_csv(Path(folder) / "day1.csv")
    ...     grid.to_csv(Path(folder) / "day2.csv")
    ...     wells = read_plates(folder, layout)
    >>> wells.groupby("plate").size().to_dict()
    {'day1': 6, 'day2': 6}
    """
    import pandas as pd

    path = Path(path).expanduser()
    files = [path]
    if path.is_dir():
        own = Path(layout).expanduser().resolve() if isinstance(layout, str | Path) else None
        files = sorted(each for each in path.iterdir() if each.suffix.lower() in ENDINGS and each.resolve() != own)
    if not files:
        raise InputError(f"The folder {path} holds no plates: put the reader's files there, as csv, tsv or txt.")
    return pd.concat([read_plate(each, layout).wells for each in files], ignore_index=True)


def viability(wells: "pd.DataFrame", *, correct_edges: Correction = "none") -> "pd.DataFrame":
    """Return the viability of each well, of plates or of a tidy table.

    Parameters
    ----------
    wells
        plate, cells, drug, dose_nM and a reading (reading or luminescence); where they are known also row and column,
        role and experiment. Without row and column edges cannot be seen, and blanks may be missing (the readings are
        then taken to be free of background). Without role, a dose of 0 is a control. Without experiment, each plate is
        one.
    correct_edges
        As in ``normalise``; other than "none" needs row and column.

    Returns
    -------
    The treated wells and their controls: the columns given, with experiment, role and viability (share of the controls
    of the same plate and cells; float64).

    Raises
    ------
    InputError
        As ``normalise``.

    When not to use
    ---------------
    Where controls and treated wells were read on plates of their own: name them as one plate only if nothing else
    differs between them.

    Examples
    --------
    Made-up wells, without a place on the plate:

    >>> import pandas as pd
    >>> from fxyd3.rescue import viability
    >>> wells = pd.DataFrame({"plate": "P1", "cells": "line", "drug": ["none", "none", "dox", "dox"],
    ...                       "dose_nM": [0, 0, 10, 100], "reading": [900, 1100, 500, 250]})
    >>> viability(wells)[["role", "dose_nM", "viability"]]
          role  dose_nM  viability
    0  control      0.0       0.90
    1  control      0.0       1.10
    2     drug     10.0       0.50
    3     drug    100.0       0.25
    """
    table = wells.copy()
    if "experiment" not in table:
        table["experiment"] = table["plate"]
    if "role" not in table:
        table["role"] = np.where(table["dose_nM"] > 0, "drug", "control")
    placed = {"row", "column"} <= set(table)
    if not placed and correct_edges != "none":
        raise InputError("Edges cannot be corrected without the columns row and column: add them.")
    blank = None if (table["role"] == "blank").any() else 0.0
    if not placed:  # each well gets a place of its own, from which nothing is read
        order = table.groupby("plate").cumcount()
        if (order >= 32 * 48).any():
            raise InputError("A plate has more than 1,536 wells: name plates apart in the column 'plate'.")
        table["row"], table["column"] = order // 48, order % 48 + 1
        table["row"] = [row_letters(row) for row in table["row"]]
    found = normalise(table, blank=blank, correct_edges=correct_edges).wells
    found = found[found["role"].isin(["drug", "control"])]
    return found[found["viability"].notna()].drop(columns=[] if placed else ["row", "column", "rim"])

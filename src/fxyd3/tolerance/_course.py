"""A course of many days under a drug: groups, cell cycle and clones of the cells that were captured."""

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from fxyd3.data.report import few, nearest
from fxyd3.errors import InputError
from fxyd3.tolerance._diversity import Level, diversity_of_samples

if TYPE_CHECKING:
    import pandas as pd

FROM = {"sample": "sample", "cluster": "cluster", "cell_cycle": "phase", "lineage_barcode": "barcode"}
UNTREATED = "untreated"


def read_course(path: str | Path) -> "pd.DataFrame":
    """Read the annotation of the cells of a time course, as the authors of the 5-FU study keep it.

    Parameters
    ----------
    path
        CSV with a row per cell and the columns sample ("MM468_5FU1_day33": line, arm and day; "MM468_chemonaive":
        without drug), cluster, cell_cycle and lineage_barcode (empty where none was read); others are passed over.

    Returns
    -------
    One row per cell: sample, arm ("5FU1", "untreated"), day (int), cluster, phase, barcode (NaN: none).

    Raises
    ------
    InputError
        If the file cannot be read, a column is missing, or a name of a sample tells no day.

    References
    ----------
    Marsolier 2022, doi:10.1038/s41588-022-01047-6.

    When not to use
    ---------------
    For expression: see ``fxyd3.data.load``.

    Examples
    --------
    Two made-up cells, the second without a barcode:

    >>> from pathlib import Path
    >>> from tempfile import TemporaryDirectory
    >>> import pandas as pd
    >>> from fxyd3.tolerance import read_course
    >>> made_up = pd.DataFrame({"sample": ["LINE_chemonaive", "LINE_5FU1_day33"], "cluster": ["C1", "C2"],
    ...                         "cell_cycle": ["S", "G1"], "lineage_barcode": ["ACGT", None]})
    >>> with TemporaryDirectory() as folder:
    ...     made_up.to_csv(Path(folder) / "cells.csv", index=False)
    ...     course = read_course(Path(folder) / "cells.csv")
    >>> course[["arm", "day", "cluster", "phase", "barcode"]]
             arm  day cluster phase barcode
    0  untreated    0      C1     S    ACGT
    1       5FU1   33      C2    G1     NaN
    """
    import pandas as pd

    path = Path(path)
    try:
        cells = pd.read_csv(path, dtype=dict.fromkeys(FROM, str))
    except (OSError, ValueError) as error:
        raise InputError(f"{path.name} cannot be read as a table ({error}): give the CSV of the cells.") from None
    for column in FROM:
        if column not in cells:
            raise InputError(f"{path.name} has no column '{column}'{nearest(column, list(map(str, cells.columns)))}.")
    cells = cells[list(FROM)].rename(columns=FROM)
    place = cells["sample"].str.extract(r"_(?P<arm>[^_]+)_day(?P<day>\d+)$")
    naive = cells["sample"].str.endswith("_chemonaive")
    unknown = place["day"].isna() & ~naive
    if unknown.any():
        names = few(sorted(set(cells.loc[unknown, "sample"])))
        raise InputError(f"{path.name}: the samples {names} tell no day: name them LINE_ARM_dayN or LINE_chemonaive.")
    return cells.assign(arm=place["arm"].where(~naive, UNTREATED), day=place["day"].where(~naive, "0").astype(int))


def course_shares(course: "pd.DataFrame", *, by: str = "cluster", confidence: float = 0.95) -> "pd.DataFrame":
    """Return which share of the captured cells of each sample each group (or phase) has.

    Parameters
    ----------
    course
        See ``read_course``.
    by
        Column: "cluster" or "phase".
    confidence
        Of Wilson's intervals. They cover which cells were captured from this culture; there is one culture for each
        arm and day, so that nothing tells how others would differ.

    Returns
    -------
    One row per sample and value, also where no cell has it: arm, day, ``by``, cells (of it), captured, share, lower,
    upper; by day.

    Raises
    ------
    InputError
        For a column that is not there, or a confidence out of range.

    References
    ----------
    Wilson 1927, doi:10.1080/01621459.1927.10502953.

    When not to use
    ---------------
    As survival. A group that holds all cells of a late sample may have lost few cells, or grown from one.

    Examples
    --------
    Made-up cells, ten of each sample:

    >>> import pandas as pd
    >>> from fxyd3.tolerance import course_shares
    >>> course = pd.DataFrame({"arm": ["untreated"] * 10 + ["5FU1"] * 10, "day": [0] * 10 + [33] * 10,
    ...                        "cluster": ["C1"] * 9 + ["C2"] + ["C1"] * 2 + ["C2"] * 8})
    >>> course_shares(course)[["arm", "cluster", "cells", "share", "lower", "upper"]].round(2)
             arm cluster  cells  share  lower  upper
    0  untreated      C1      9    0.9   0.60   0.98
    1  untreated      C2      1    0.1   0.02   0.40
    2       5FU1      C1      2    0.2   0.06   0.51
    3       5FU1      C2      8    0.8   0.49   0.94
    """
    import pandas as pd
    from statsmodels.stats.proportion import proportion_confint

    if by not in course:
        raise InputError(f"There is no column '{by}'{nearest(by, list(map(str, course.columns)))}.")
    if not 0 < confidence < 1:
        raise InputError(f"The confidence is {confidence}: it must lie between 0 and 1.")
    wide = pd.crosstab([course["day"], course["arm"]], course[by]).reset_index()
    counted = wide.melt(id_vars=["day", "arm"], var_name=by, value_name="cells").sort_values(["day", "arm", by])
    captured = counted.groupby(["day", "arm"])["cells"].transform("sum")
    lower, upper = proportion_confint(counted["cells"], captured, 1 - confidence, method="wilson")
    share = counted["cells"] / captured
    ends = {"lower": np.minimum(lower, share), "upper": np.maximum(upper, share)}  # at 0 and 1 they end in rounding
    found = counted.assign(captured=captured, share=share, **ends)
    return found[["arm", "day", by, "cells", "captured", "share", "lower", "upper"]].reset_index(drop=True)


def course_bottleneck(
    course: "pd.DataFrame", *, orders: Sequence[float] = (0, 2), level: Level = "size", fewest: int = 100,
    confidence: float = 0.95, resamples: int = 100, seed: int = 1,
) -> "pd.DataFrame":  # fmt: skip
    """Return how many clones each sample holds, as read and at a number of cells common to all.

    Parameters
    ----------
    course
        See ``read_course``; cells without a barcode are passed over.
    orders, level, fewest, confidence, resamples, seed
        As in ``lineage_diversity``.

    Returns
    -------
    One row per sample and order: arm, day, order, cells (with a barcode), barcodes, coverage, observed, at,
    standardised, lower, upper (NaN where a sample has too few cells); by day.

    Raises
    ------
    InputError
        If no cell has a barcode, or for settings out of range.

    References
    ----------
    Chao 2014, doi:10.1890/13-0133.1.

    When not to use
    ---------------
    To tell selection from chance: a small founding number lowers diversity as well. Where the share of cells whose
    barcode is read differs between samples by clone.

    Examples
    --------
    Made-up cells: 20 clones of three cells each before, two clones of 20 cells after:

    >>> import pandas as pd
    >>> from fxyd3.tolerance import course_bottleneck
    >>> course = pd.DataFrame({"arm": ["untreated"] * 60 + ["5FU1"] * 40, "day": [0] * 60 + [33] * 40,
    ...                        "barcode": [f"B{i % 20}" for i in range(60)] + [f"B{i % 2}" for i in range(40)]})
    >>> found = course_bottleneck(course, orders=(2,), fewest=20)
    >>> found[["arm", "barcodes", "observed", "at", "standardised"]].round(1)
             arm  barcodes  observed    at  standardised
    0  untreated        20      20.0  40.0          17.2
    1       5FU1         2       2.0  40.0           2.0
    """
    cells = course.dropna(subset=["barcode"])
    if cells.empty:
        raise InputError("No cell has a barcode: give the course with barcoded cells.")
    counted: pd.Series[int] = cells.groupby(["arm", "day", "barcode"]).size()
    found, _ = diversity_of_samples(
        counted, orders=orders, level=level, fewest=fewest, confidence=confidence, resamples=resamples, seed=seed
    )
    return found.sort_values(["day", "arm", "order"], ignore_index=True).astype({"day": np.int64})

"""Whether replicates of a limiting dilution agree."""

from typing import TYPE_CHECKING

import numpy as np
from scipy import special

from fxyd3.enrichment._elda import COLUMNS, check_confidence, check_wells, elda, holm, lay_out
from fxyd3.enrichment._single_hit import ratio

if TYPE_CHECKING:
    import pandas as pd

OUTLIER = 0.05


def replicates(
    table: "pd.DataFrame",
    *,
    replicate: str = "experiment",
    group: str = "group",
    dose: str = COLUMNS[0],
    tested: str = COLUMNS[1],
    positive: str = COLUMNS[2],
    confidence: float = 0.95,
) -> "pd.DataFrame":
    """Compare each replicate with all others of its group.

    Parameters
    ----------
    table
        Limiting dilution, see ``elda``.
    replicate, group
        Columns.
    dose, tested, positive, confidence
        As in ``elda``.

    Returns
    -------
    DataFrame
        One row per group and replicate: group, replicate, estimate, lower, upper (cells per stem cell, Wald), fold
        (frequency relative to the other replicates together), p (likelihood ratio, from the wells alone), p_holm (over
        the replicates of the group), outlier (bool: p_holm below 0.05). A group with one replicate has fold and p NaN.

    Raises
    ------
    InputError
        As ``elda``.

    References
    ----------
    Hu & Smyth 2009, doi:10.1016/j.jim.2009.06.008.

    When not to use
    ---------------
    To throw replicates away: experiments differ more than wells do, and with many wells every one is an outlier. Look
    for a reason in the notebook (a count of cells, a batch of medium). One wild replicate makes the others look wild
    too; the smallest p names it.

    Examples
    --------
    >>> from fxyd3.data.simulate import limiting_dilution
    >>> from fxyd3.enrichment import replicates
    >>> found = replicates(limiting_dilution(seed=1).table)
    >>> found[["group", "replicate", "fold", "outlier"]].head(2).round(2)
            group replicate  fold  outlier
    0  IGF1R-high        E1  0.86    False
    1  IGF1R-high        E2  0.89    False
    """
    import pandas as pd

    checked = check_wells(table, dose=dose, tested=tested, positive=positive, keys=[group, replicate])
    check_confidence(confidence)
    tables = []
    for name, rows in checked.groupby(group, observed=True):
        each = rows.groupby([replicate, COLUMNS[0]], observed=True)[list(COLUMNS[1:])].sum().reset_index()
        names, wells = lay_out(each, replicate)
        found = elda(rows, group=replicate, confidence=confidence).summary()
        found = found.rename(columns={"group": "replicate"})
        found.insert(0, "group", name)
        if len(names) > 1:
            others = [np.delete(np.arange(len(names)), i) for i in range(len(names))]
            rest = wells[np.array(others)].reshape(len(names), -1)
            log_fold, chi_square = ratio(wells, rest)
            p = special.chdtrc(1, chi_square)
            found = found.assign(fold=np.exp(log_fold), p=p, p_holm=holm(p))
        else:
            found = found.assign(fold=np.nan, p=np.nan, p_holm=np.nan)
        tables.append(found.assign(outlier=found["p_holm"] < OUTLIER))
    return pd.concat(tables, ignore_index=True)


def heterogeneity(
    table: "pd.DataFrame",
    *,
    replicate: str = "experiment",
    group: str = "group",
    dose: str = COLUMNS[0],
    tested: str = COLUMNS[1],
    positive: str = COLUMNS[2],
) -> "pd.DataFrame":
    """Test in each group whether its replicates have one frequency.

    Parameters
    ----------
    table, replicate, group, dose, tested, positive
        As in ``replicates``.

    Returns
    -------
    DataFrame
        One row per group: group, replicates (int), chi_square (likelihood ratio), df, p; NaN with one replicate.

    Raises
    ------
    InputError
        As ``elda``.

    References
    ----------
    Hu & Smyth 2009, doi:10.1016/j.jim.2009.06.008.

    When not to use
    ---------------
    As leave to add up the wells of all experiments when p is large: experiments stay the units.

    Examples
    --------
    >>> from fxyd3.data.simulate import limiting_dilution
    >>> from fxyd3.enrichment import heterogeneity
    >>> heterogeneity(limiting_dilution(seed=1).table).round(2)
            group  replicates  chi_square  df     p
    0  IGF1R-high           4        2.57   3  0.46
    1   NRP1-high           4       10.21   3  0.02
    2    unsorted           4       14.01   3  0.00
    """
    import pandas as pd

    checked = check_wells(table, dose=dose, tested=tested, positive=positive, keys=[group, replicate])
    rows = [
        (name, wells[replicate].nunique(), *elda(wells, group=replicate).difference)
        for name, wells in checked.groupby(group, observed=True)
    ]
    return pd.DataFrame(rows, columns=["group", "replicates", "chi_square", "df", "p"])

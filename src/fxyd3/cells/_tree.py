"""How groups divide as the resolution rises."""

import numpy as np
import pandas as pd

from fxyd3.errors import InputError


def tree(labels: pd.DataFrame) -> pd.DataFrame:
    """Follow the cells of each group to the groups of the next finer resolution.

    Parameters
    ----------
    labels
        Cells x resolutions, ascending; groups as whole numbers from 1. See ``Stability.labels``.

    Returns
    -------
    One row per pair of groups that share cells, at neighbouring resolutions: ``resolution`` and ``group``, ``finer``
    (the next resolution) and ``into`` (its group), ``cells`` shared, ``share`` of the finer group that comes from this
    one. A finer group made of several (no share near 1) is a sign that the division is not a clean tree.

    Raises
    ------
    InputError
        If there are fewer than 2 resolutions, or no cells.

    Notes
    -----
    When not to use: as a lineage. Groups that divide on this tree need not descend from each other.

    References
    ----------
    Zappia 2018, doi:10.1093/gigascience/giy083 (clustering trees).

    Examples
    --------
    Six cells, divided into two and into three groups:

    >>> import pandas as pd
    >>> from fxyd3 import cells
    >>> labels = pd.DataFrame({0.2: [0, 0, 0, 1, 1, 1], 0.5: [0, 0, 0, 1, 1, 2]})
    >>> cells.tree(labels)
       resolution  group  finer  into  cells  share
    0         0.2      0    0.5     0      3    1.0
    1         0.2      1    0.5     1      2    1.0
    2         0.2      1    0.5     2      1    1.0
    """
    _check(labels)
    rows = []
    for coarse, fine in zip(labels.columns[:-1], labels.columns[1:], strict=True):
        shared = pd.crosstab(labels[coarse].to_numpy(), labels[fine].to_numpy())
        cells = shared.to_numpy()
        for group, into in np.argwhere(cells):
            rows.append(
                {
                    "resolution": coarse, "group": int(shared.index[group]),
                    "finer": fine, "into": int(shared.columns[into]),
                    "cells": int(cells[group, into]), "share": cells[group, into] / cells[:, into].sum(),
                }
            )  # fmt: skip
    return pd.DataFrame(rows, columns=["resolution", "group", "finer", "into", "cells", "share"])


def branches(labels: pd.DataFrame) -> pd.DataFrame:
    """List the groups of every resolution, and how well each holds together at the others.

    Parameters
    ----------
    labels
        As for ``tree``.

    Returns
    -------
    One row per group: ``resolution``, ``group``, ``cells``, and ``held``, the stability index of SC3 (0 to 1). At each
    other resolution the group falls into some groups: the mean share it has of these, divided by their number; then
    the mean over the other resolutions. 1 is a group that is the same everywhere.

    Raises
    ------
    InputError
        As for ``tree``.

    Notes
    -----
    The index is severe: one stray cell counts as a whole group fallen into.

    When not to use: to choose the number of groups. Neighbouring resolutions agree on noise as well.

    References
    ----------
    Kiselev 2017, doi:10.1038/nmeth.4236 (SC3).

    Examples
    --------
    Six cells, divided into two and into three groups:

    >>> import pandas as pd
    >>> from fxyd3 import cells
    >>> labels = pd.DataFrame({0.2: [0, 0, 0, 1, 1, 1], 0.5: [0, 0, 0, 1, 1, 2]})
    >>> cells.branches(labels)
       resolution  group  cells      held
    0         0.2      0      3  1.000000
    1         0.2      1      3  0.500000
    2         0.5      0      3  1.000000
    3         0.5      1      2  0.666667
    4         0.5      2      1  0.333333
    """
    _check(labels)
    rows = []
    for resolution in labels.columns:
        others = [labels[other] for other in labels.columns if other != resolution]
        held = pd.concat([_held(labels[resolution], other) for other in others], axis=1).mean(axis=1)
        cells = labels[resolution].value_counts().sort_index()
        rows.append(pd.DataFrame({"resolution": resolution, "group": cells.index, "cells": cells.array, "held": held}))
    return pd.concat(rows, ignore_index=True)


def _held(own: "pd.Series[int]", other: "pd.Series[int]") -> "pd.Series[float]":
    shared = pd.crosstab(own.to_numpy(), other.to_numpy())
    index: pd.Series[float] = (shared / shared.sum()).sum(axis=1) / np.square((shared > 0).sum(axis=1))
    return index


def _check(labels: pd.DataFrame) -> None:
    if labels.shape[1] < 2 or not len(labels):
        raise InputError(
            f"the labels hold {len(labels)} cells at {labels.shape[1]} resolutions: give some cells at 2 or more "
            "resolutions."
        )

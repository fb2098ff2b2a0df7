"""How groups divide as the resolution rises."""

import numpy as np
import pandas as pd


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

    Notes
    -----
    When not to use: as a lineage. Groups that divide on this tree need not descend from each other.

    References
    ----------
    Zappia 2018, doi:10.1093/gigascience/giy083 (clustering trees).
    """
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

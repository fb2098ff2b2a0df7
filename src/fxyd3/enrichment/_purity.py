"""What the purity of a sort does to a frequency."""

import numpy as np
from numpy.typing import ArrayLike, NDArray

from fxyd3.errors import InputError


def fold_seen(fold: float, purity: ArrayLike, *, share: float) -> NDArray[np.float64]:
    """Return the enrichment that an assay sees when a sort is not pure.

    A sorted tube with purity p holds positive cells (p) and negative ones (1 - p). Positive cells hold ``fold`` times
    the stem cells of unsorted ones; what is left for negative cells follows, as unsorted cells are a mixture of both.

    Parameters
    ----------
    fold
        Stem-cell frequency of the positive cells, relative to unsorted ones.
    purity
        Share of positive cells in the sorted tube, from 0 to 1; any shape.
    share
        Share of positive cells before the sort, between 0 and 1.

    Returns
    -------
    ndarray of float64, of the shape of ``purity``
        Stem-cell frequency of the sorted tube relative to unsorted cells: 1 where the purity equals ``share``.

    Raises
    ------
    InputError
        For a share outside (0, 1), a purity outside 0 to 1, or a fold that the share forbids: if a tenth of the cells
        are positive, they cannot hold more than ten times the stem cells.

    When not to use
    ---------------
    To correct a measured enrichment: the purity of a tube is itself an estimate, and so is the share.

    Examples
    --------
    A fourfold enrichment, seen in a tube that is half pure and in a pure one:

    >>> from fxyd3.enrichment import fold_seen
    >>> fold_seen(4, [0.5, 1.0], share=0.1).round(2).tolist()
    [2.33, 4.0]
    """
    if not 0 < share < 1:
        raise InputError(f"The share of positive cells is {share:g}: it must lie between 0 and 1.")
    pure = np.asarray(purity, dtype=float)
    if not ((pure >= 0) & (pure <= 1)).all():
        raise InputError("The purity of a sort must lie from 0 to 1: give a share, not a percentage.")
    if not 0 <= fold * share <= 1:
        raise InputError(
            f"Positive cells are {share:.0%} of all, so they hold at most {1 / share:.3g} times the stem cells: "
            f"a fold of {fold:g} cannot be."
        )
    negative = (1 - share * fold) / (1 - share)
    return pure * fold + (1 - pure) * negative

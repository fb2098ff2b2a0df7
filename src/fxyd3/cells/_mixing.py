"""Whether batches mix and groups stay apart, before and after differences are taken out."""

from typing import TYPE_CHECKING

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike, NDArray

from fxyd3.cells._graph import Floats
from fxyd3.data.report import nearest
from fxyd3.errors import InputError

if TYPE_CHECKING:
    from anndata import AnnData


def lisi(points: Floats, labels: ArrayLike, *, perplexity: int = 30) -> NDArray[np.float64]:
    """Count how many labels a cell effectively meets among its neighbours.

    The inverse Simpson index of the labels of ``3 * perplexity`` neighbours, weighed by a Gaussian kernel whose width
    gives every cell the same effective number of them.

    Parameters
    ----------
    points
        Cells x components.
    labels
        One per cell: batches, patients or groups.
    perplexity
        The effective number of neighbours.

    Returns
    -------
    One value per cell, float64: 1 where all neighbours carry one label, the number of labels where all are equally
    frequent.

    Raises
    ------
    InputError
        If a label is missing, there is not one per cell, or there are too few cells for the perplexity.

    Notes
    -----
    The kernel takes distances, not their squares, and leaves out the cell itself; computed by harmonypy.

    When not to use: to compare batches of unequal composition. A batch without a cell type cannot mix there, and should
    not; an expected value below the number of labels is then right.

    References
    ----------
    Korsunsky 2019, doi:10.1038/s41592-019-0619-0.

    Examples
    --------
    Cells whose neighbours are of two kinds, half and half, meet about two labels:

    >>> import numpy as np
    >>> from fxyd3 import cells
    >>> labels = np.where(np.arange(200) % 2 == 0, "A", "B")
    >>> float(cells.lisi(np.eye(200), labels).mean().round(1))
    2.0
    """
    import harmonypy

    code, _ = pd.factorize(np.asarray(labels))
    if len(code) != len(points):
        raise InputError(f"there are {len(code)} labels for {len(points)} cells: give one label per cell.")
    if (code < 0).any():
        raise InputError(
            f"{int((code < 0).sum())} of {len(code)} labels are missing: fill them or leave those cells out."
        )
    if not 2 <= perplexity < (len(points) - 1) / 3:
        raise InputError(
            f"perplexity is {perplexity} but there are {len(points)} cells: choose from 2 to "
            f"{max((len(points) - 2) // 3, 2)}, or keep more cells."
        )
    found: NDArray[np.float64] = harmonypy.compute_lisi(
        np.asarray(points), pd.DataFrame({"label": code}), ["label"], perplexity=perplexity
    )
    return found[:, 0]


def mixing(
    adata: "AnnData",
    *,
    batch: str,
    group: str,
    before: str = "X_pca",
    after: str = "X_harmony",
    max_cells: int = 2000,
    seed: int = 1,
) -> pd.DataFrame:
    """Measure, before and after correction, how well batches mix within groups and groups stay apart.

    Parameters
    ----------
    adata
        With both spaces in ``obsm`` and both columns in ``obs``.
    batch, group
        Columns of ``obs``: what should mix, and what should not.
    before, after
        The spaces to compare.
    max_cells
        Measured on at most so many cells, drawn at random, the same in both spaces.
    seed
        Of the draw.

    Returns
    -------
    Rows ``before`` and ``after``; all columns but ``n`` are float64, and higher is better in each:

    - ``iLISI``, 0 (batches apart) to 1 (batches equally frequent around the median cell).
    - ``cLISI``, 0 (groups equally frequent around the median cell) to 1 (groups apart).
    - ``silhouette_batch``, 1 less the silhouette width of the batches regardless of sign, mean over the cells of a
      group, then over groups; 1 is mixed. Groups of one batch are left out; not a number if all are.
    - ``silhouette_group``, the mean silhouette width of the groups brought from -1..1 to 0..1.
    - ``n``, int64, cells measured.

    Raises
    ------
    InputError
        If a space or a column is missing, a column has one level only, or there are too few cells.

    Notes
    -----
    The groups are usually found in the space ``after``. They then follow its borders by construction: ``cLISI`` and
    ``silhouette_group`` flatter that space, and a fall from ``before`` to ``after`` would be the more telling. Groups
    known from elsewhere, such as sorted fractions, do not flatter. Likewise ``iLISI`` cannot tell a batch difference
    that was taken out from a biological one that went with it.

    The values describe one embedding of these cells; they carry no interval, because the unit would be the batch.

    When not to use: as the only reason to correct, or to choose the method that scores highest. Most mixed is not most
    true.

    References
    ----------
    Korsunsky 2019, doi:10.1038/s41592-019-0619-0 (LISI). Luecken 2022, doi:10.1038/s41592-021-01336-8 (the scaling).

    Examples
    --------
    >>> from fxyd3 import cells
    >>> from fxyd3.data.simulate import twin
    >>> adata, _ = cells.qc(twin(600))
    >>> adata = adata[adata.obs["truth_type"] == "tumour"].copy()
    >>> _ = cells.normalise(adata)
    >>> _ = cells.embed(adata, umap=False)
    >>> _ = cells.cluster(adata, resolution=0.5)
    >>> list(cells.mixing(adata, batch="batch", group="cluster").columns)
    ['iLISI', 'cLISI', 'silhouette_batch', 'silhouette_group', 'n']
    """
    for space in (before, after):
        if space not in adata.obsm:
            raise InputError(
                f"there is no space {space!r} in obsm{nearest(space, adata.obsm)}: run embed with a batch column first."
            )
    for column in (batch, group):
        if column not in adata.obs:
            raise InputError(f"there is no column {column!r} in obs{nearest(column, adata.obs)}: name one that is.")
        if adata.obs[column].nunique() < 2:
            raise InputError(f"the column {column!r} has fewer than two levels: there is nothing to mix or part.")
    rng = np.random.default_rng(seed)
    drawn = np.sort(rng.choice(adata.n_obs, min(max_cells, adata.n_obs), replace=False))
    obs = adata.obs.iloc[drawn]
    rows = {
        name: _scores(np.asarray(adata.obsm[space])[drawn], obs[batch], obs[group])
        for name, space in (("before", before), ("after", after))
    }
    return pd.DataFrame.from_dict(rows, orient="index").assign(n=len(drawn))


def _scores(points: Floats, batch: "pd.Series[str]", group: "pd.Series[str]") -> dict[str, float]:
    from sklearn.metrics import silhouette_samples, silhouette_score

    within = []
    for _, inside in group.reset_index(drop=True).groupby(group.to_numpy(), observed=True):
        at = inside.index.to_numpy()
        own = batch.iloc[at].to_numpy()
        if 1 < len(np.unique(own)) < len(own):
            within.append(float(np.mean(1 - np.abs(silhouette_samples(points[at], own)))))
    batches, groups = batch.nunique(), group.nunique()
    return {
        "iLISI": (float(np.median(lisi(points, batch))) - 1) / (batches - 1),
        "cLISI": (groups - float(np.median(lisi(points, group)))) / (groups - 1),
        "silhouette_batch": float(np.mean(within)) if within else np.nan,
        "silhouette_group": (float(silhouette_score(points, group)) + 1) / 2,
    }

"""Activity of gene sets in each cell or sample, by decoupler and in blocks."""

import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Literal

import numpy as np
import pandas as pd

from fxyd3.errors import InputError

if TYPE_CHECKING:
    from anndata import AnnData

BLOCK = 1_000  # cells made dense at a time: 1,000 x 10,000 genes are 80 MB


def coverage(adata: "AnnData", sets: pd.DataFrame) -> pd.DataFrame:
    """Count the genes of each set that the data have.

    Returns
    -------
    One row per set, in the order of ``sets``: ``genes``, ``present`` (int), ``missing`` (symbols, comma-separated).

    When not to use
    ---------------
    To judge a set by its size: a present gene may still be detected in hardly any cell.

    Examples
    --------
    >>> from fxyd3 import cells
    >>> from fxyd3.data import gene_sets
    >>> from fxyd3.data.simulate import twin
    >>> adata, _ = cells.qc(twin(600))
    >>> adata = adata[adata.obs["truth_type"] == "tumour"].copy()
    >>> cells.coverage(adata, gene_sets()).columns.tolist()
    ['genes', 'present', 'missing']
    """
    present = sets["target"].isin(adata.var_names)
    return pd.DataFrame(
        [
            {"set": str(name), "genes": len(own), "present": int(present[own.index].sum()),
             "missing": ", ".join(own["target"][~present[own.index]])}
            for name, own in sets.groupby("source", sort=False)
        ]
    ).set_index("set")  # fmt: skip


def in_blocks(
    adata: "AnnData", net: pd.DataFrame, *, method: Literal["ulm", "aucell"], block: int = BLOCK
) -> pd.DataFrame:
    """Run a method of decoupler on a block of rows at a time, with the genes sorted by name.

    Parameters
    ----------
    adata
        Log values in ``X``, cells or samples in rows; nothing is written.
    net
        ``source``, ``target``, ``weight``: rows whose gene is in the data, and at least one of each set.
    method
        ``ulm`` (uses the weights) or ``aucell`` (does not).
    block
        Rows made dense at a time. Memory grows with it (about 4 x 8 bytes x genes x block); the results do not depend
        on it.

    Returns
    -------
    One row per row of ``adata``, one column per set in the order of ``net`` (float64).

    Raises
    ------
    InputError
        If ``block`` is less than 1, a value is not finite, or a row has no counts.

    References
    ----------
    Badia-i-Mompel 2022, doi:10.1093/bioadv/vbac016 (decoupler).

    When not to use
    ---------------
    On lists that have not been checked against the genes: see ``coverage``.
    """
    from anndata import AnnData
    from scipy.sparse import csr_matrix

    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # tqdm names a missing notebook widget
        import decoupler as dc

    if block < 1:
        raise InputError(f"block is {block}: give 1 cell or more; {BLOCK:,} is usual.")
    values = csr_matrix(adata.X)
    if not np.isfinite(values.data).all():
        raise InputError("a value of the matrix is not finite: run qc and normalise on the raw counts again.")
    silent = np.flatnonzero(values.getnnz(axis=1) == 0)
    if len(silent):
        raise InputError(
            f"{len(silent)} of {adata.n_obs} cells have no counts, such as {adata.obs_names[silent[0]]}: run qc first."
        )
    by_name = np.argsort(adata.var_names.to_numpy(str))
    genes = pd.DataFrame(index=adata.var_names[by_name])
    run = {"ulm": dc.mt.ulm, "aucell": dc.mt.aucell}[method]
    parts = []
    for start in range(0, adata.n_obs, block):
        rows = slice(start, start + block)
        part = AnnData(values[rows][:, by_name], obs=pd.DataFrame(index=adata.obs_names[rows]), var=genes)
        with _one_thread():
            run(part, net, tmin=1, empty=False)
        parts.append(part.obsm[f"score_{method}"])
    scores: pd.DataFrame = pd.concat(parts)[list(net["source"].unique())]
    return scores


@contextmanager
def _one_thread() -> Iterator[None]:
    """Keep decoupler from starting threads anew for each cell, which takes ten times as long as the work itself."""
    import numba

    before = numba.get_num_threads()
    numba.set_num_threads(1)
    try:
        yield
    finally:
        numba.set_num_threads(before)

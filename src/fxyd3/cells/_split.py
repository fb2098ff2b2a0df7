"""Two independent halves of the same counts."""

from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import csr_matrix

from fxyd3.errors import InputError

if TYPE_CHECKING:
    from anndata import AnnData

Floats = NDArray[np.float64]


def split(adata: "AnnData", *, fraction: float = 0.5, seed: int = 1) -> Floats:
    """Split every count in two, so that groups are made on one half and tested on the other.

    A negative-binomial count of mean ``m`` and size ``b`` becomes two independent ones, of mean ``fraction * m`` and
    size ``fraction * b`` and the rest, when each count is divided by a beta-binomial draw with parameters
    ``fraction * b`` and ``(1 - fraction) * b``. Writes ``layers["train"]`` and ``layers["test"]`` (CSR, float32, whole
    numbers; they add up to ``layers["counts"]``) and ``var["size"]``.

    Parameters
    ----------
    adata
        Raw counts in ``layers["counts"]``, cells x genes.
    fraction
        Expected share of the counts in ``train``, between 0 and 1.
    seed
        Of the draw.

    Returns
    -------
    The size ``b`` of each gene; infinite for a gene no more variable than Poisson.

    Raises
    ------
    InputError
        If ``fraction`` is not between 0 and 1, or there are no raw counts.

    Notes
    -----
    The size is found by moments with each cell's total as its exposure, over all cells. Differences between groups
    then count as spread: the size comes out too small and the halves somewhat opposed, which makes a test on the second
    half cautious, not keen. Independence holds as far as the negative binomial does.

    When not to use: for data without whole-number counts.

    References
    ----------
    Neufeld 2023, doi:10.48550/arXiv.2307.12985 (negative-binomial count splitting); Neufeld 2024,
    doi:10.48550/arXiv.2301.07276 (data thinning).

    Examples
    --------
    >>> from fxyd3 import cells
    >>> from fxyd3.data.simulate import twin
    >>> adata, _ = cells.qc(twin(600))
    >>> adata = adata[adata.obs["truth_type"] == "tumour"].copy()
    >>> _ = cells.split(adata)
    >>> halves = adata.layers["train"] + adata.layers["test"]
    >>> bool((halves != adata.layers["counts"]).nnz == 0)
    True
    """
    if not 0 < fraction < 1:
        raise InputError(f"fraction is {fraction}: give a share between 0 and 1, such as 0.5.")
    if "counts" not in adata.layers:
        raise InputError('there are no raw counts in layers["counts"]: run qc first.')
    counts = csr_matrix(adata.layers["counts"])
    size = gene_sizes(counts, np.asarray(counts.sum(axis=1, dtype=np.float64)).ravel())
    rng = np.random.default_rng(seed)
    whole = counts.data.astype(np.int64)
    of_gene = size[counts.indices]
    share = np.full(len(whole), fraction)
    spread = np.isfinite(of_gene)
    share[spread] = rng.beta(fraction * of_gene[spread], (1 - fraction) * of_gene[spread])
    train = rng.binomial(whole, share)
    for name, values in (("train", train), ("test", whole - train)):
        half = csr_matrix((values.astype(np.float32), counts.indices.copy(), counts.indptr.copy()), shape=counts.shape)
        half.eliminate_zeros()
        adata.layers[name] = half
    adata.var["size"] = size
    return size


def gene_sizes(counts: csr_matrix, total: Floats) -> Floats:
    """Fit ``var = mean + mean**2 / size`` per gene by moments, each cell's mean in proportion to its total.

    Infinite for a gene no more variable than Poisson.
    """
    exposure = total / total.mean()
    cells = counts.shape[0]
    mean = np.asarray(counts.sum(axis=0), dtype=np.float64).ravel() / cells
    squares = np.asarray(counts.multiply(counts).sum(axis=0), dtype=np.float64).ravel()
    cross = np.asarray(counts.T @ exposure).ravel()
    exposure2 = float(exposure @ exposure)
    # Expected sum of (x - s m)^2 is m * sum(s) + m^2 * sum(s^2) / size.
    excess = squares - 2 * mean * cross + mean**2 * exposure2 - mean * cells
    size = np.full(len(mean), np.inf)
    np.divide(mean**2 * exposure2, excess, out=size, where=excess > 0)
    return size

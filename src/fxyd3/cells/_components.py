"""How many principal components carry more than noise."""

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from fxyd3.errors import InputError

if TYPE_CHECKING:
    from anndata import AnnData

MOST_GENES = 4000  # the work grows with the cube of their number


@dataclass(frozen=True)
class Components:
    """Eigenvalues of the covariance of the variable genes, two edges of noise, and how many components pass each."""

    eigenvalues: NDArray[np.float64]
    marchenko_pastur: float
    permuted: float
    n_marchenko_pastur: int
    n_permuted: int
    cells: int
    genes: int


def components(adata: "AnnData", *, permutations: int = 3, max_cells: int = 1500, seed: int = 1) -> Components:
    """Find how many principal components of the variable genes stand above noise, by two rules.

    The permuted edge is the one to report: the largest eigenvalue once each gene's values are permuted among the
    cells, the highest of a few permutations. It keeps every gene's own distribution and assumes no other; noise alone
    passes it once in ``permutations + 1`` times. The Marchenko-Pastur edge is the largest eigenvalue of independent
    noise with one variance for all genes, that variance taken from the median eigenvalue.

    Parameters
    ----------
    adata
        Log values in ``X``, ``var["highly_variable"]``; see ``normalise``.
    permutations
        Permutations of the cells.
    max_cells
        Measured on at most so many cells, drawn at random. Edges and eigenvalues come from the same cells; with fewer
        cells the edges rise and small components are lost in them.
    seed
        Of the draw and the permutations.

    Returns
    -------
    Components
        ``eigenvalues``, float64, falling, of the covariance (the unit is that of squared log values), as many as
        there can be; ``marchenko_pastur`` and ``permuted``, the edges; ``n_marchenko_pastur`` and ``n_permuted``, the
        leading components above them; ``cells`` and ``genes`` measured.

    Raises
    ------
    InputError
        If no variable genes are marked, fewer than three cells or genes remain, or no permutation is asked for.

    Notes
    -----
    The two differ for two reasons. Log values are not Gaussian, and genes do not share one variance: a gene of large
    variance that goes with no other still makes an eigenvalue above the bulk, and the median, set by the many quiet
    genes, puts the Marchenko-Pastur edge too low. It then counts such genes as components. The permuted edge contains
    them, but also the variance that a true component gives its genes, which a permutation scatters and does not
    remove; it errs on the side of fewer.
    On log counts the two numbers can lie hundreds apart; the number used should stand between them.

    Neither counts biology: depth, cycle and patients make components as well. A number above the edges costs little,
    since noise beyond them is spread thin over cells; a number below them loses what rare groups have of their own.

    When not to use: on values scaled to unit variance per gene, or on corrected components; to choose the number that
    gives the groups hoped for.

    References
    ----------
    Gavish 2017, doi:10.1109/TIT.2017.2653801 (the median as the measure of noise).
    Buja 1992, doi:10.1207/s15327906mbr2704_2 (parallel analysis).

    Examples
    --------
    >>> from fxyd3 import cells
    >>> from fxyd3.data.simulate import twin
    >>> adata, _ = cells.qc(twin(600))
    >>> adata = adata[adata.obs["truth_type"] == "tumour"].copy()
    >>> _ = cells.normalise(adata)
    >>> found = cells.components(adata, permutations=1)
    >>> found.permuted <= found.marchenko_pastur
    False
    """
    from scipy.linalg import eigvalsh

    if "highly_variable" not in adata.var:
        raise InputError('no variable genes are marked in var["highly_variable"]: run normalise first.')
    if permutations < 1:
        raise InputError(f"permutations is {permutations}: give 1 or more; 3 is usual.")
    chosen = adata.var["highly_variable"].to_numpy(dtype=bool)
    rng = np.random.default_rng(seed)
    drawn = np.sort(rng.choice(adata.n_obs, min(max_cells, adata.n_obs), replace=False))
    rows = adata.X[drawn][:, chosen]
    values = np.asarray(rows.toarray() if hasattr(rows, "toarray") else rows, dtype=np.float32)
    cells, genes = values.shape
    if min(cells, genes) < 3:
        raise InputError(
            f"{cells} cells and {genes} variable genes are too few for components: keep at least 3 of each."
        )
    if genes > MOST_GENES:
        raise InputError(f"{genes} genes are marked as variable: choose at most {MOST_GENES} with n_top_genes.")
    values -= values.mean(axis=0)
    found = np.maximum(eigvalsh(_gram(values))[::-1][: min(cells - 1, genes)], 0).astype(np.float64)
    shuffled = [_largest(rng.permuted(values, axis=0), rng) for _ in range(permutations)]
    pastur, permuted = _noise_edge(found, cells - 1, genes), max(shuffled)
    over_pastur, over_permuted = (int((found > edge).sum()) for edge in (pastur, permuted))
    return Components(found, pastur, permuted, over_pastur, over_permuted, cells, genes)


def _gram(values: NDArray[np.float32]) -> NDArray[np.float32]:
    """Return the smaller of the two matrices that share the covariance's eigenvalues above zero."""
    cells, genes = values.shape
    product = values.T @ values if genes < cells else values @ values.T
    product /= cells - 1
    return product


def _largest(values: NDArray[np.float32], rng: np.random.Generator) -> float:
    from scipy.sparse.linalg import eigsh

    gram = _gram(values)
    start = rng.normal(size=len(gram)).astype(np.float32)
    return float(eigsh(gram, k=1, v0=start, tol=1e-4, return_eigenvectors=False)[0])


def _noise_edge(eigenvalues: NDArray[np.float64], freedom: int, genes: int) -> float:
    """Scale the Marchenko-Pastur law so that its median meets that of the eigenvalues; return its upper edge."""
    scale = max(genes / freedom, 1)
    ratio = min(genes / freedom, freedom / genes)
    angle = (np.arange(20_000) + 0.5) * np.pi / 20_000
    x = 1 + ratio - 2 * np.sqrt(ratio) * np.cos(angle)
    mass = np.cumsum(np.sin(angle) ** 2 / x)
    middle = scale * float(np.interp(0.5, mass / mass[-1], x))
    noise = float(np.median(eigenvalues)) / middle
    return noise * (1 + float(np.sqrt(genes / freedom))) ** 2

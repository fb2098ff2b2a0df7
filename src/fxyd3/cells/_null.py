"""Counts of one population, fitted to the cells: what stability must beat."""

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import csr_matrix

from fxyd3.cells._split import gene_sizes
from fxyd3.errors import InputError

if TYPE_CHECKING:
    from anndata import AnnData

Floats = NDArray[np.float64]

ROUNDS, FITTED = 4, 600


@dataclass(frozen=True)
class OneGroup:
    """A population with gradients and without groups, in the variable genes.

    ``mean`` (counts in a cell of total ``target``), ``size`` (of the negative binomial, infinite for Poisson) and
    ``loadings`` (genes x gradients, natural-log units) are the model; ``total`` the totals of the cells it was fitted
    to.
    """

    mean: Floats
    size: Floats
    loadings: Floats
    total: Floats
    target: float

    def draw(self, cells: int, rng: np.random.Generator) -> Floats:
        """Draw new cells, cells x genes, and give their log values as ``normalise`` makes them."""
        total = rng.choice(self.total, cells)
        gradient = rng.standard_normal((cells, self.loadings.shape[1])) @ self.loadings.T
        gradient -= (self.loadings**2).sum(axis=1) / 2
        expected = np.exp(gradient) * self.mean * (total / self.target)[:, None]
        noisy = np.isfinite(self.size)
        expected[:, noisy] *= rng.standard_gamma(self.size[noisy], (cells, int(noisy.sum()))) / self.size[noisy]
        return np.log1p(rng.poisson(expected) * (self.target / total)[:, None])

    def space(self, cells: int, rng: np.random.Generator) -> Floats:
        """Draw new cells and find their principal components, as many as there are gradients."""
        from sklearn.decomposition import PCA

        values = self.draw(cells, rng).astype(np.float32)
        components = PCA(self.loadings.shape[1], svd_solver="randomized", random_state=int(rng.integers(2**31)))
        found: Floats = components.fit_transform(values).astype(np.float64)
        return found


def one_group(adata: "AnnData", *, seed: int = 1) -> OneGroup:
    """Fit one population that has the gradients of the cells, but no groups.

    Each gene is negative binomial, around a mean that moves with as many Gaussian gradients as there are principal
    components. The gradients carry the covariance of the cells in the space where groups are sought, beyond noise; the
    negative binomial carries what is left of each gene's spread. Cells in groups have means, spreads and covariance
    too, and these are kept: only the gaps between groups are lost.

    Parameters
    ----------
    adata
        With ``layers["counts"]``, log values in ``X``, ``var["highly_variable"]``, ``varm["PCs"]`` and the space named
        by ``uns["fxyd3_space"]``; see ``embed``.
    seed
        Of the draws that correct the width of the gradients.

    Raises
    ------
    InputError
        If there are no counts or components.

    Notes
    -----
    The width of each gradient starts from the slope by which a gene's expected log value follows the logarithm of its
    mean (the mean effect of one count more, exact for Poisson counts). It is then corrected four times, each by 600
    drawn cells, until these spread along the components as the cells do.

    When not to use: as simulated cells for anything but this null; see :func:`fxyd3.data.simulate.twin`.

    References
    ----------
    Grabski 2023, doi:10.1038/s41592-023-01933-9, tests groups against one Poisson-lognormal population in this spirit.

    Examples
    --------
    >>> from fxyd3 import cells
    >>> from fxyd3.data.simulate import twin
    >>> adata, _ = cells.qc(twin(600))
    >>> adata = adata[adata.obs["truth_type"] == "tumour"].copy()
    >>> _ = cells.normalise(adata)
    >>> _ = cells.embed(adata, n_comps=15, batch=(), umap=False)
    >>> population = cells.one_group(adata)
    >>> type(population).__name__
    'OneGroup'
    """
    if "counts" not in adata.layers or "PCs" not in adata.varm or "fxyd3_space" not in adata.uns:
        raise InputError("a population cannot be fitted without counts and components: run normalise and embed first.")
    chosen = adata.var["highly_variable"].to_numpy()
    counts = csr_matrix(adata.layers["counts"])
    total = np.asarray(counts.sum(axis=1, dtype=np.float64)).ravel()
    target = float(np.median(total))
    counts = csr_matrix(counts[:, chosen], dtype=np.float64)
    mean = np.asarray(counts.sum(axis=0)).ravel() / total.sum() * target
    spread = 1 + 1 / gene_sizes(counts, total)

    values, axes = np.linalg.eigh(np.cov(adata.obsm[adata.uns["fxyd3_space"]], rowvar=False))
    noise = _noise(adata, chosen)
    wanted = np.maximum(values - noise, 0)
    directions = np.asarray(adata.varm["PCs"], dtype=np.float64)[chosen] @ axes
    loadings = directions * np.sqrt(wanted) / _slope(counts, mean, target / total)[:, None]
    rng = np.random.default_rng(seed)
    for _ in range(ROUNDS):
        drawn = OneGroup(mean, _size(spread, loadings), loadings, total, target).draw(FITTED, rng)
        shown = (drawn @ directions).var(axis=0) - noise
        loadings = loadings * np.sqrt(np.clip(wanted / np.maximum(shown, 1e-12), 0.5, 2))
    return OneGroup(mean, _size(spread, loadings), loadings, total, target)


def _noise(adata: "AnnData", chosen: NDArray[np.bool_]) -> float:
    """Find the variance per direction that the principal components leave over."""
    values = csr_matrix(adata.X)[:, chosen]
    whole = float(values.multiply(values).mean() - (np.asarray(values.mean(axis=0)) ** 2).mean())
    genes, held = values.shape[1], np.asarray(adata.obsm["X_pca"], dtype=np.float64).var(axis=0)
    left_over: float = (whole * genes - float(held.sum())) / (genes - len(held))
    return max(left_over, 0.0)


def _slope(counts: csr_matrix, mean: Floats, factor: Floats) -> Floats:
    """Find by how much a gene's mean log value rises when the logarithm of its mean does."""
    one_more = counts.copy()
    scale = np.repeat(factor, np.diff(counts.indptr))
    one_more.data = np.log1p(scale / (1 + scale * counts.data)) - np.log1p(scale)
    rise = np.log1p(factor).mean() + np.asarray(one_more.mean(axis=0)).ravel()
    slope: Floats = np.maximum(mean * rise, 1e-12)
    return slope


def _size(spread: Floats, loadings: Floats) -> Floats:
    """Find the size of each gene's negative binomial once the gradients have their share of its spread."""
    left = spread / np.exp(np.minimum((loadings**2).sum(axis=1), 50)) - 1
    size: Floats = np.divide(1, left, out=np.full(len(left), np.inf), where=left > 1e-6)
    return size

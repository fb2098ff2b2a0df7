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

ROUNDS, FITTED = 4, 1000


@dataclass(frozen=True)
class OneGroup:
    """A population without groups, in the variable genes: ``draw`` gives the log values of new cells of it.

    ``mean`` (counts in a cell of median depth), ``size`` (of the negative binomial) and ``loadings`` (genes x
    components, natural-log units) are the model; ``total`` and ``target`` the depths of the cells it was fitted to.
    """

    mean: Floats
    size: Floats
    loadings: Floats
    total: Floats
    target: float

    def draw(self, cells: int, rng: np.random.Generator) -> Floats:
        """Draw cells x genes, log values as ``normalise`` makes them."""
        depth = rng.choice(self.total, cells)
        gradient = rng.standard_normal((cells, self.loadings.shape[1])) @ self.loadings.T
        gradient -= (self.loadings**2).sum(axis=1) / 2
        expected = self.mean * np.exp(gradient) * (depth / self.target)[:, None]
        noisy = np.isfinite(self.size)
        expected[:, noisy] *= rng.gamma(self.size[noisy], 1 / self.size[noisy], (cells, int(noisy.sum())))
        return np.log1p(rng.poisson(expected) * (self.target / depth)[:, None])


def one_group(adata: "AnnData", *, seed: int = 1) -> OneGroup:
    """Fit one population with the gradients of the cells, but no groups.

    Each gene is negative binomial, around a mean that moves with as many Gaussian gradients as there are principal
    components. The gradients carry the cells' covariance beyond noise; the negative binomial carries what is left of
    each gene's spread. A real population of groups has the same means, spreads and covariance, but not the gaps.

    Parameters
    ----------
    adata
        With ``layers["counts"]``, log values in ``X``, and ``varm["PCs"]``; see ``embed``.
    seed
        Of the draws that correct the gradients.

    Raises
    ------
    InputError
        If there are no counts or components.

    Notes
    -----
    The width of each gradient starts from the slope by which a gene's expected log value follows the logarithm of its
    mean (for a Poisson count, the mean effect of one count more), and is then corrected four times until drawn cells
    spread along the components as the cells do.

    When not to use: as a simulation of cells for anything but the null; see :func:`fxyd3.data.simulate.twin` for that.

    References
    ----------
    Grabski 2023, doi:10.1038/s41592-023-01933-9, tests clusters against one population in the same spirit.
    """
    if "counts" not in adata.layers or "PCs" not in adata.varm:
        raise InputError("a population cannot be fitted: there are no counts or components; run normalise and embed.")
    chosen = adata.var["highly_variable"].to_numpy()
    counts = csr_matrix(adata.layers["counts"])
    total = np.asarray(counts.sum(axis=1, dtype=np.float64)).ravel()
    target = float(np.median(total))
    own = counts[:, chosen]
    mean = np.asarray(own.sum(axis=0, dtype=np.float64)).ravel() / total.sum() * target
    one_more = csr_matrix(own, dtype=np.float64, copy=True)
    factor = np.repeat(target / total, np.diff(one_more.indptr))
    one_more.data = np.log1p(factor / (1 + factor * one_more.data)) - np.log1p(factor)
    slope = mean * (np.log1p(target / total).mean() + np.asarray(one_more.mean(axis=0)).ravel())

    directions = np.asarray(adata.varm["PCs"], dtype=np.float64)[chosen]
    log_values = csr_matrix(adata.X)[:, chosen]
    scores = np.asarray(log_values @ directions)
    whole = np.asarray(log_values.multiply(log_values).mean(axis=0)).ravel()
    whole -= np.asarray(log_values.mean(axis=0)).ravel() ** 2
    variance = scores.var(axis=0)
    noise = max(float(whole.sum() - variance.sum()) / (len(whole) - len(variance)), 0.0)
    wanted = np.maximum(variance - noise, 0)
    spread = 1 + 1 / gene_sizes(own, total)
    loadings = directions * np.sqrt(wanted) / np.maximum(slope, 1e-12)[:, None]
    rng = np.random.default_rng(seed)
    for _ in range(ROUNDS):
        model = OneGroup(mean, _left(spread, loadings), loadings, total, target)
        shown = (model.draw(FITTED, rng) @ directions).var(axis=0) - noise
        loadings = loadings * np.sqrt(np.clip(wanted / np.maximum(shown, 1e-12), 0.5, 2))
    return OneGroup(mean, _left(spread, loadings), loadings, total, target)


def _left(spread: Floats, loadings: Floats) -> Floats:
    """Find the size of each gene's negative binomial once the gradients have their share of its spread."""
    shared = np.minimum((loadings**2).sum(axis=1), 50)
    left = spread / np.exp(shared) - 1
    size: Floats = np.divide(1, left, out=np.full(len(left), np.inf), where=left > 1e-6)
    return size

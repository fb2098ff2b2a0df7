"""Passes over the rows of a count matrix. Each adds up over blocks of rows, in the same order on any number of cores.

The kernels are compiled at the first use on a machine and kept. scanpy does the same steps; these read the matrix once
per step and hold no second copy of it (see ``benchmarks/speed.py``).
"""

from typing import Any

import numpy as np
from numba import njit, prange
from numpy.typing import NDArray
from scipy.interpolate import CubicSpline
from scipy.sparse import csr_matrix

Floats = NDArray[np.float64]
Flags = NDArray[np.bool_]

BLOCKS = 8
GRAM_BLOCKS = 4  # each holds a square of the variable genes
KNOTS = 512


def keep(counts: csr_matrix, rows: Flags, columns: Flags) -> csr_matrix:
    """Copy the rows and columns that are marked, and nothing else."""
    place = np.where(columns, np.cumsum(columns) - 1, -1).astype(np.int32)
    chosen = np.flatnonzero(rows)
    ends = np.concatenate([[0], np.cumsum(_count(counts.indptr, counts.indices, chosen, place))])
    indices = np.empty(ends[-1], dtype=np.int32)
    data = np.empty(ends[-1], dtype=counts.data.dtype)
    _copy(counts.indptr, counts.indices, counts.data, chosen, place, ends, indices, data)
    kept = csr_matrix((int(rows.sum()), int(columns.sum())), dtype=counts.dtype)
    kept.indptr, kept.indices, kept.data = _index(ends), indices, data
    return kept


def detected(counts: csr_matrix, rows: Flags) -> NDArray[np.int64]:
    """Count, for each gene, the marked cells that hold it."""
    found: NDArray[np.int64] = _detected(counts.indptr, counts.indices, np.flatnonzero(rows), counts.shape[1]).sum(0)
    return found


def log_values(counts: csr_matrix, factor: Floats) -> csr_matrix:
    """Return ``log(1 + factor * count)`` as float32; the pattern of nonzeros is shared with ``counts``, not copied."""
    values = np.empty(counts.nnz, dtype=np.float32)
    _log_values(counts.indptr, counts.data, factor, values)
    shared = csr_matrix(counts.shape, dtype=np.float32)
    shared.indptr, shared.indices, shared.data = counts.indptr, counts.indices, values
    return shared


def residual_variance(counts: csr_matrix, rows: Flags, *, theta: float) -> Floats:
    """Find each gene's variance of analytic Pearson residuals in the marked cells, clipped at the root of their number.

    Cells without the gene are most of the matrix. Their residual depends on the gene's total alone, given the totals of
    the cells, so its sum over cells is a smooth function of one number: it is computed at 512 totals and joined by a
    spline (relative error about 1e-9), and only nonzero counts are visited one by one.
    """
    chosen = np.flatnonzero(rows)
    genes = counts.shape[1]
    of_gene = _sums(counts.indptr, counts.indices, counts.data, chosen, genes).sum(axis=0)
    of_cell = _totals(counts.indptr, counts.data, chosen)
    total, clip = of_cell.sum(), float(np.sqrt(len(chosen)))
    there = of_gene > 0
    variance = np.zeros(genes)
    if not there.any():
        return variance
    ends = np.log(of_gene[there].min()), np.log(of_gene[there].max())
    knots = np.linspace(ends[0] - 0.1, ends[1] + 0.1, KNOTS)
    first, second = np.empty(KNOTS), np.empty(KNOTS)
    for i, knot in enumerate(knots):
        mean = np.exp(knot) / total * of_cell
        zero = np.maximum(-np.sqrt(mean / (1 + mean / theta)), -clip)
        first[i], second[i] = zero.sum(), zero @ zero
    at = np.log(of_gene[there])
    sums = np.zeros((2, genes))
    sums[0, there], sums[1, there] = CubicSpline(knots, first)(at), CubicSpline(knots, second)(at)
    sums += _residuals(
        counts.indptr, counts.indices, counts.data, chosen, of_cell, of_gene / total, theta, clip, genes
    ).sum(axis=0)
    variance[there] = (sums[1] / len(chosen) - (sums[0] / len(chosen)) ** 2)[there]
    return variance


def covariance(values: csr_matrix) -> tuple[Floats, Floats]:
    """Return the column means and the covariance matrix (columns x columns) of a sparse matrix."""
    rows, columns = values.shape
    gram = _gram(values.indptr, values.indices, values.data, columns).sum(axis=0)
    gram += np.triu(gram, 1).T
    mean = np.asarray(values.sum(axis=0, dtype=np.float64)).ravel() / rows
    return mean, (gram - rows * np.outer(mean, mean)) / (rows - 1)


def _index(ends: NDArray[np.int64]) -> NDArray[np.integer[Any]]:
    return ends if ends[-1] > np.iinfo(np.int32).max else ends.astype(np.int32)


@njit(parallel=True, cache=True)
def _count(indptr, indices, chosen, place):  # type: ignore[no-untyped-def]
    number = np.zeros(len(chosen), dtype=np.int64)
    for i in prange(len(chosen)):
        row = chosen[i]
        for k in range(indptr[row], indptr[row + 1]):
            number[i] += place[indices[k]] >= 0
    return number


@njit(parallel=True, cache=True)
def _copy(indptr, indices, data, chosen, place, ends, out_indices, out_data):  # type: ignore[no-untyped-def]
    for i in prange(len(chosen)):
        row = chosen[i]
        at = ends[i]
        for k in range(indptr[row], indptr[row + 1]):
            if place[indices[k]] >= 0:
                out_indices[at] = place[indices[k]]
                out_data[at] = data[k]
                at += 1


@njit(parallel=True, cache=True)
def _detected(indptr, indices, chosen, genes):  # type: ignore[no-untyped-def]
    out = np.zeros((BLOCKS, genes), dtype=np.int64)
    for block in prange(BLOCKS):
        for i in range(block * len(chosen) // BLOCKS, (block + 1) * len(chosen) // BLOCKS):
            for k in range(indptr[chosen[i]], indptr[chosen[i] + 1]):
                out[block, indices[k]] += 1
    return out


@njit(parallel=True, cache=True)
def _sums(indptr, indices, data, chosen, genes):  # type: ignore[no-untyped-def]
    out = np.zeros((BLOCKS, genes))
    for block in prange(BLOCKS):
        for i in range(block * len(chosen) // BLOCKS, (block + 1) * len(chosen) // BLOCKS):
            for k in range(indptr[chosen[i]], indptr[chosen[i] + 1]):
                out[block, indices[k]] += data[k]
    return out


@njit(parallel=True, cache=True)
def _totals(indptr, data, chosen):  # type: ignore[no-untyped-def]
    out = np.zeros(len(chosen))
    for i in prange(len(chosen)):
        for k in range(indptr[chosen[i]], indptr[chosen[i] + 1]):
            out[i] += data[k]
    return out


@njit(parallel=True, cache=True)
def _log_values(indptr, data, factor, out):  # type: ignore[no-untyped-def]
    for i in prange(len(factor)):
        for k in range(indptr[i], indptr[i + 1]):
            out[k] = np.log1p(factor[i] * data[k])


@njit(parallel=True, cache=True)
def _residuals(indptr, indices, data, chosen, of_cell, share, theta, clip, genes):  # type: ignore[no-untyped-def]
    out = np.zeros((BLOCKS, 2, genes))
    for block in prange(BLOCKS):
        for i in range(block * len(chosen) // BLOCKS, (block + 1) * len(chosen) // BLOCKS):
            for k in range(indptr[chosen[i]], indptr[chosen[i] + 1]):
                gene = indices[k]
                mean = share[gene] * of_cell[i]
                spread = np.sqrt(mean + mean * mean / theta)
                there = min(max((data[k] - mean) / spread, -clip), clip)
                absent = max(-mean / spread, -clip)
                out[block, 0, gene] += there - absent
                out[block, 1, gene] += there * there - absent * absent
    return out


@njit(parallel=True, cache=True)
def _gram(indptr, indices, data, columns):  # type: ignore[no-untyped-def]
    rows = len(indptr) - 1
    out = np.zeros((GRAM_BLOCKS, columns, columns))
    for block in prange(GRAM_BLOCKS):
        for i in range(block * rows // GRAM_BLOCKS, (block + 1) * rows // GRAM_BLOCKS):
            for k in range(indptr[i], indptr[i + 1]):
                own = np.float64(data[k])
                row = out[block, indices[k]]
                for m in range(k, indptr[i + 1]):
                    row[indices[m]] += own * data[m]
    return out

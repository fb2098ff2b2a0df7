"""Tests of every gene for every group against the rest, straight from the sparse matrix."""

from dataclasses import dataclass
from typing import Any

import numpy as np
from numba import njit, prange
from numpy.typing import NDArray
from scipy import stats
from scipy.sparse import csr_matrix

from fxyd3.errors import InputError

Floats = NDArray[np.float64]

GENES_AT_ONCE = 500


@dataclass(frozen=True)
class Ranked:
    """What distinguishes each group from the rest: arrays of groups x genes.

    ``auroc`` is the probability that a cell of the group exceeds another one, ties counting half; ``z`` and
    ``p_wilcoxon`` the rank-sum test with correction for ties; ``t`` and ``p_t`` Welch's test of the log values;
    ``level_in`` and ``level_out`` the means on the scale of counts (``exp(x) - 1``); ``percent_in`` and ``percent_out``
    the cells in which the gene is detected.
    """

    auroc: Floats
    z: Floats
    p_wilcoxon: Floats
    t: Floats
    p_t: Floats
    level_in: Floats
    level_out: Floats
    percent_in: Floats
    percent_out: Floats

    def log2fc(self, pseudo: float) -> Floats:
        """Return the log2 fold change of the levels, with ``pseudo`` added to both."""
        change: Floats = np.log2((self.level_in + pseudo) / (self.level_out + pseudo))
        return change


def rank_genes(values: csr_matrix, codes: NDArray[np.integer[Any]]) -> Ranked:
    """Compare each group with the rest by ranks, means and shares, for all genes in one pass.

    Parameters
    ----------
    values
        Cells x genes, not negative; log values, ``log(1 + count)`` of scaled counts.
    codes
        Group of each cell, from 0; every number up to the largest must occur, none may be negative.

    Returns
    -------
    Statistics of every group and gene; they do not depend on the number of threads.

    Raises
    ------
    InputError
        With fewer than two groups, a group of fewer than two cells, a cell without group, or a negative value.

    Notes
    -----
    Genes are taken 500 at a time, so that no second copy of the matrix is held. The nonzero values of a gene are
    sorted; its zeros are one block of ties below them. The numbers are those of ``scanpy.tl.rank_genes_groups``
    (``wilcoxon`` with ``tie_correct=True``, and ``t-test``).

    When not to use: for p-values that are to be believed. Cells of one patient are not independent, and groups made on
    the same counts differ by construction; see ``pseudobulk_markers`` and ``regroup``.

    References
    ----------
    Wilcoxon 1945, doi:10.2307/3001968. Hanley 1982, doi:10.1148/radiology.143.1.7063747 (area under the ROC curve).
    """
    rows = csr_matrix(values)
    rows.sort_indices()
    if len(codes) and codes.min() < 0:
        raise InputError(f"{int((codes < 0).sum())} cells have no group: leave them out first.")
    size = np.bincount(codes).astype(np.float64)
    if len(size) < 2 or size.min() < 2:
        raise InputError(
            f"{len(size)} groups, the smallest of {int(size.min()) if len(size) else 0} cells, cannot be compared: "
            "give two or more groups of two or more cells, or change the resolution."
        )
    if rows.nnz and rows.data.min() < 0:
        raise InputError("a value is negative: give log values of counts, not scaled ones.")
    n, genes = rows.shape
    starts = np.arange(0, genes + GENES_AT_ONCE, GENES_AT_ONCE).clip(max=genes)
    starts = np.unique(starts)
    sums = np.zeros((6, len(size), genes))
    _blocks(rows.indptr, rows.indices, rows.data, codes.astype(np.int64), size, starts, sums)
    rank_sum, ties = sums[0], sums[5, 0]
    inside, outside = size[:, None], n - size[:, None]
    auroc = (rank_sum - inside * (inside + 1) / 2) / (inside * outside)
    spread = np.sqrt((1 - ties / (n**3 - n)) * inside * outside * (n + 1) / 12)
    z = np.divide(rank_sum - inside * (n + 1) / 2, spread, out=np.zeros_like(rank_sum), where=spread > 0)

    total = sums.sum(axis=1, keepdims=True)[1:5]
    of_group, of_rest = sums[1:5] / inside, (total - sums[1:5]) / outside
    varies = [
        np.maximum(part[1] - part[0] ** 2, 0) * number / (number - 1)
        for part, number in ((of_group, inside), (of_rest, outside))
    ]
    with np.errstate(divide="ignore", invalid="ignore"):
        t, p_t = stats.ttest_ind_from_stats(
            of_group[0], np.sqrt(varies[0]), inside, of_rest[0], np.sqrt(varies[1]), outside, equal_var=False
        )
    constant = ~np.isfinite(t)
    return Ranked(
        auroc=auroc, z=z, p_wilcoxon=2 * stats.norm.sf(np.abs(z)),
        t=np.where(constant, 0, t), p_t=np.where(constant, 1, p_t),
        level_in=of_group[2], level_out=of_rest[2], percent_in=100 * of_group[3], percent_out=100 * of_rest[3],
    )  # fmt: skip


@njit(cache=True)
def _from(indices, start, end, gene):  # type: ignore[no-untyped-def]
    """Find the first place between ``start`` and ``end`` whose gene is ``gene`` or later."""
    while start < end:
        middle = (start + end) // 2
        if indices[middle] < gene:
            start = middle + 1
        else:
            end = middle
    return start


@njit(parallel=True, cache=True)
def _blocks(indptr, indices, data, codes, size, starts, out):  # type: ignore[no-untyped-def]
    """Fill ``out``: per group and gene rank sum, sum, sum of squares, sum on the count scale, cells; and tie terms."""
    n = len(codes)
    for block in prange(len(starts) - 1):
        low, high = starts[block], starts[block + 1]
        number = np.zeros(high - low + 1, dtype=np.int64)
        begin = np.empty(n, dtype=np.int64)
        for row in range(n):
            begin[row] = _from(indices, indptr[row], indptr[row + 1], low)
            k = begin[row]
            while k < indptr[row + 1] and indices[k] < high:
                number[indices[k] - low + 1] += 1
                k += 1
        ends = np.cumsum(number)
        at = ends.copy()
        value = np.empty(ends[-1], dtype=data.dtype)
        group = np.empty(ends[-1], dtype=np.int32)
        for row in range(n):
            k = begin[row]
            while k < indptr[row + 1] and indices[k] < high:
                gene = indices[k] - low
                value[at[gene]] = data[k]
                group[at[gene]] = codes[row]
                at[gene] += 1
                k += 1
        for gene in range(high - low):
            own, kind = value[ends[gene] : ends[gene + 1]], group[ends[gene] : ends[gene + 1]]
            zeros = n - len(own)
            column = low + gene
            for g in range(len(size)):
                out[0, g, column] = size[g] * (zeros + 1) / 2
            tied = float(zeros) ** 3 - zeros
            order = np.argsort(own)
            i = 0
            while i < len(own):
                j = i
                while j < len(own) and own[order[j]] == own[order[i]]:
                    j += 1
                rank = zeros + (i + j + 1) / 2
                tied += float(j - i) ** 3 - (j - i)
                for m in range(i, j):
                    x, g = np.float64(own[order[m]]), kind[order[m]]
                    out[0, g, column] += rank - (zeros + 1) / 2
                    out[1, g, column] += x
                    out[2, g, column] += x * x
                    out[3, g, column] += np.expm1(x)
                    out[4, g, column] += 1
                i = j
            out[5, 0, column] = tied

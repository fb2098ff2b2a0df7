"""Find the raw counts of a data set, wherever they stand."""

from collections.abc import Iterator
from typing import Any

import anndata as ad
import numpy as np
import numpy.typing as npt
import pandas as pd
from scipy import sparse

from fxyd3.data.report import DataError, Findings

VALUES_AT_ONCE = 4_000_000
LARGEST_LOG = 30  # log of any count that a cell can hold is far below


def find_counts(
    adata: ad.AnnData, keep: npt.NDArray[np.bool_] | None, found: Findings, where: str
) -> tuple[sparse.csr_matrix, str, pd.DataFrame]:
    """Return the raw counts of the kept cells, where they stood, and the annotations of their genes.

    Looked for in ``X``, ``layers["counts"]`` and ``raw``, in this order. The counts may share memory with `adata`.

    Raises
    ------
    InputError
        When none of them holds whole numbers from zero up.
    """
    candidates: list[tuple[str, Any, pd.DataFrame]] = [("X", adata.X, adata.var)]
    if "counts" in adata.layers:
        candidates.append(("layers['counts']", adata.layers["counts"], adata.var))
    if adata.raw is not None:
        extra = adata.var[adata.var.columns.difference(adata.raw.var.columns)]
        candidates.append(
            ("raw", adata.raw.X, adata.raw.var.join(extra) if adata.var_names.is_unique else adata.raw.var)
        )
    problems: list[str] = []
    for place, matrix, var in candidates:
        X = matrix if keep is None or matrix is None else matrix[keep]
        problem = "is empty" if X is None else _problem(X)
        if not problem:
            told = f"raw counts stand in {place}"
            if problems:
                found.mended(f"{told}, which was taken because {'; '.join(problems)}")
            else:
                found.recognised(told)
            return as_csr(X), place, var
        problems.append(f"{place} {problem}")
    elsewhere = [name for name, layer in adata.layers.items() if name != "counts" and not _problem(layer)]
    raise DataError(
        f"No raw counts in {where}, since {' and '.join(problems)}",
        f"copy layers['{elsewhere[0]}'], which holds whole numbers, to layers['counts']" if elsewhere
        else "give the raw counts (whole numbers, before normalisation) in X, layers['counts'] or raw",
    )  # fmt: skip


def _blocks(X: Any) -> Iterator[npt.NDArray[Any]]:
    values = X.data if sparse.issparse(X) else np.asarray(X)
    at_once = max(1, VALUES_AT_ONCE // max(1, int(np.prod(values.shape[1:]))))
    for start in range(0, len(values), at_once):
        yield values[start : start + at_once]


def _problem(X: Any) -> str:
    """Say why a matrix does not hold raw counts; empty when it does. No copy of the matrix is made."""
    low, high, whole = 0.0, 0.0, True
    for block in _blocks(X):
        least, most = float(block.min(initial=0)), float(block.max(initial=0))
        if not np.isfinite([least, most]).all():
            return "holds missing or infinite values (NaN)"
        low, high = min(low, least), max(high, most)
        whole = whole and bool((block == np.rint(block)).all())
    if low < 0:
        return f"holds negative values (down to {low:.3g}), as scaled or centred data do"
    if high == 0:
        return "holds no count above zero"
    if whole:
        return ""
    if high < LARGEST_LOG:
        return f"holds fractions up to {high:.3g}, as log-normalised data do"
    return f"holds fractions up to {high:,.6g}, as normalised (CPM, TPM), corrected or expected counts do"


def as_csr(X: Any) -> sparse.csr_matrix:
    """Return counts as float32 CSR without explicit zeros or repeated entries; indices and indptr of one dtype."""
    if sparse.issparse(X):
        counts = sparse.csr_matrix(X, dtype=np.float32)
    else:
        counts = sparse.vstack([sparse.csr_matrix(block, dtype=np.float32) for block in _blocks(X)], format="csr")
    if not counts.has_canonical_format or np.count_nonzero(counts.data) < counts.nnz:
        counts = counts.copy()
        counts.sum_duplicates()
        counts.eliminate_zeros()
    return sparse.csr_matrix((counts.data, counts.indices, counts.indptr), shape=counts.shape)

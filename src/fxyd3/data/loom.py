"""Loom files: genes in rows, cells in columns, stored dense."""

from pathlib import Path

import anndata as ad
import h5py
import numpy as np
import pandas as pd
from scipy import sparse

from fxyd3.data.report import DataError, few

VALUES_AT_ONCE = 8_000_000


def read_loom(path: Path) -> ad.AnnData:
    """Read the main matrix of a loom file in blocks of genes, straight to sparse; other layers are not read.

    Raises
    ------
    InputError
        When the file names no genes or no cells.
    """
    with h5py.File(path) as file:
        matrix = file["matrix"]
        at_once = max(1, VALUES_AT_ONCE // max(1, matrix.shape[1]))
        blocks = [
            sparse.csr_matrix(matrix[start : start + at_once], dtype=np.float32)
            for start in range(0, matrix.shape[0], at_once)
        ]
        var = _named(file["row_attrs"], ("Gene", "gene_name", "gene_names", "var_names", "Accession"), "genes")
        obs = _named(file["col_attrs"], ("CellID", "cell_names", "obs_names", "barcode"), "cells")
    return ad.AnnData(sparse.vstack(blocks).T.tocsr(), obs=obs, var=var)


def _named(attributes: h5py.Group, usual: tuple[str, ...], what: str) -> pd.DataFrame:
    columns = {name: dataset.asstr()[:] if dataset.dtype.kind in "SO" else dataset[:]
               for name, dataset in attributes.items() if dataset.ndim == 1}  # fmt: skip
    name = next((name for name in usual if name in columns), None)
    if name is None:
        raise DataError(
            f"The loom file does not name its {what} (it has {few(columns)})", f"add the attribute {usual[0]}"
        )
    return pd.DataFrame(columns, index=pd.Index(columns[name], dtype=object)).drop(columns=name)

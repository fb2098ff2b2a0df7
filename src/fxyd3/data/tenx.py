"""Matrices as 10x Genomics writes them: an HDF5 file, or a folder of three files (renamed, as GEO delivers them)."""

import re
from pathlib import Path

import anndata as ad
import numpy as np
import pandas as pd
from scipy import io, sparse

from fxyd3.data.reading import reading
from fxyd3.data.report import DataError, few
from fxyd3.data.tables import opened

MATRIX = re.compile(r"(?P<prefix>.*?)(matrix|sparse)\.mtx(\.gz)?$")


def read_h5(path: Path) -> tuple[ad.AnnData, list[str]]:
    """Read a 10x HDF5 file (version 2 or 3); returns gene expression, and what was left out."""
    import scanpy as sc

    return _expression_only(sc.read_10x_h5(path, gex_only=False))


def read_folder(folder: Path, *, prefix: str | None = None) -> dict[str, tuple[ad.AnnData, list[str]]]:
    """Read each 10x matrix of a folder, with its notes, by the name of its sample.

    Parameters
    ----------
    folder
        Holds ``matrix.mtx``, ``features.tsv`` or ``genes.tsv``, and ``barcodes.tsv``, each perhaps with ``.gz``; their
        common prefix names the sample. One table of features without prefix of its own serves all samples.
    prefix
        Only the sample with this prefix; None: all.

    Raises
    ------
    InputError
        When a file is missing, or the files disagree in their sizes.
    """
    matrices = {match["prefix"]: path for path in sorted(folder.iterdir()) if (match := MATRIX.match(path.name))}
    if prefix is not None:
        matrices = {prefix: matrices[prefix]}
    if not matrices:
        inner = sorted(path.parent.name for path in folder.glob("*/*.mtx*"))
        raise DataError(
            f"The folder {folder} holds no matrix.mtx",
            f"name the folder inside it ({few(inner, 3)})"
            if inner
            else "name a folder with matrix.mtx, features.tsv and barcodes.tsv",
        )
    if len(matrices) == 1:
        return {
            folder.name if p in ("", "count_matrix_") else p.rstrip("_-."): _read(m, p) for p, m in matrices.items()
        }
    return {p.rstrip("_-.") or folder.name: _read(m, p) for p, m in matrices.items()}


def _read(matrix: Path, prefix: str) -> tuple[ad.AnnData, list[str]]:
    genes = pd.DataFrame([line.split("\t") for line in _lines(_beside(matrix, prefix, ("features", "genes")))])
    cells = [line.split("\t")[0] for line in _lines(_beside(matrix, prefix, ("barcodes",)))]
    with reading(matrix, "matrix in Matrix Market format"):
        counts = io.mmread(matrix)
    if counts.shape == (len(genes), len(cells)):
        counts = counts.T
    elif counts.shape != (len(cells), len(genes)):
        raise DataError(
            f"{matrix.name} has {counts.shape[0]:,} rows and {counts.shape[1]:,} columns, but there are "
            f"{len(genes):,} genes and {len(cells):,} cells beside it",
            "give the three files of the same sample",
        )
    var = pd.DataFrame(index=pd.Index(genes[min(1, genes.shape[1] - 1)], name=None))
    for column, name in ((0, "gene_ids"), (2, "feature_types")):
        if genes.shape[1] > max(column, 1):
            var[name] = genes[column].to_numpy()
    return _expression_only(ad.AnnData(sparse.csr_matrix(counts, dtype=np.float32), pd.DataFrame(index=cells), var))


def _beside(matrix: Path, prefix: str, kinds: tuple[str, ...]) -> Path:
    """Find the table that belongs to a matrix: with its prefix, else the only one of its kind in the folder."""
    endings = [f"{kind}.tsv{gz}" for kind in kinds for gz in ("", ".gz")]
    own = [matrix.with_name(prefix + ending) for ending in endings]
    shared = [path for ending in endings for path in matrix.parent.glob(f"*{ending}")] if "features" in kinds else []
    found = [path for path in own if path.is_file()] or (shared if len(shared) == 1 else [])
    if not found:
        raise DataError(
            f"There is no {prefix}{kinds[0]}.tsv beside {matrix.name}",
            "put the three files of a sample into one folder",
        )
    return found[0]


def _lines(path: Path) -> list[str]:
    with reading(path, "table"), opened(path) as handle:
        return [line.rstrip("\r\n").replace('"', "") for line in handle if line.strip()]


def _expression_only(adata: ad.AnnData) -> tuple[ad.AnnData, list[str]]:
    if "feature_types" not in adata.var:
        return adata, []
    kinds = adata.var["feature_types"].value_counts()
    others = kinds.drop("Gene Expression", errors="ignore")
    if others.empty:
        return adata, []
    if "Gene Expression" not in kinds:
        raise DataError(
            f"The features are {few(kinds.index)}, none of them Gene Expression", "give the gene expression matrix"
        )
    told = ", ".join(f"{count:,} {kind}" for kind, count in others.items())
    return adata[:, adata.var["feature_types"] == "Gene Expression"].copy(), [
        f"kept Gene Expression only; left out {told} features"
    ]

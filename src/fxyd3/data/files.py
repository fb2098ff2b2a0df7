"""Read every usual format into one AnnData, sparse all the way."""

import warnings
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import anndata as ad
import h5py
import pandas as pd

from fxyd3.data import loom, tables, tenx
from fxyd3.data.assays import check_sorted_cells
from fxyd3.data.counts import find_counts
from fxyd3.data.genes import merge_genes
from fxyd3.data.reading import reading
from fxyd3.data.report import DataError, Findings, few

TABLES = (".csv", ".tsv", ".txt", ".csv.gz", ".tsv.gz", ".txt.gz")
HDF5 = (".h5ad", ".h5", ".hdf5", ".loom")
INSTEAD = {
    ".rds": "save it from R as .h5ad, with zellkonverter::writeH5AD(Seurat::as.SingleCellExperiment(x), 'x.h5ad')",
    ".rdata": "load it in R and save it as .h5ad, with zellkonverter::writeH5AD(x, 'x.h5ad')",
    ".h5seurat": "save it from R as .h5ad, with SeuratDisk::Convert('x.h5seurat', dest = 'h5ad')",
    ".xlsx": "save the sheet as .csv",
    ".xls": "save the sheet as .csv",
    ".tar": "unpack it and name the folder",
    ".tgz": "unpack it and name the folder",
    ".tar.gz": "unpack it and name the folder",
    ".zip": "unpack it and name the folder",
    ".fastq.gz": "count the reads per gene and cell first, as with Cell Ranger",
    ".bam": "count the reads per gene and cell first, as with Cell Ranger",
}


def read(source: str | Path | Sequence[str | Path], *, obs: str = "") -> ad.AnnData:
    """Read cells from one file or folder, or from several (one sample each).

    Parameters
    ----------
    source
        ``.h5ad``; ``.zarr``; ``.loom``; 10x ``.h5``; a 10x folder (``matrix.mtx``, ``features.tsv`` or ``genes.tsv``,
        ``barcodes.tsv``, packed or not, also with a prefix for each sample, and with ``metadata.csv`` beside); a table
        of counts ``.csv``, ``.tsv`` or ``.txt``, packed with gzip or not, genes in rows or in columns.
    obs
        Table of cell annotations, joined by cell name; empty: none.

    Returns
    -------
    AnnData
        Cells x genes; text and 10x formats, and dense matrices of ``.h5ad`` files, as sparse float32. Several samples
        keep their raw counts on the genes that all of them have, and are told apart by ``obs["sample"]``. What was
        found on the way stands in ``uns["fxyd3"]["recognised"]`` and ``["mended"]``, from where
        :func:`fxyd3.data.prepare` reports it.

    Raises
    ------
    InputError
        For a file that is absent, empty, cut short, of another format than its name says, or inconsistent in itself.

    When not to use
    ---------------
    For data larger than memory, and for a whole study: :func:`fxyd3.data.load` also checks counts and names genes.

    Examples
    --------
    A made-up table of counts, genes in rows:

    >>> from pathlib import Path
    >>> from tempfile import TemporaryDirectory
    >>> import pandas as pd
    >>> from fxyd3.data import read
    >>> counts = pd.DataFrame({"c1": [0, 3], "c2": [2, 1], "c3": [5, 0]}, index=["FXYD3", "ATP1A1"])
    >>> with TemporaryDirectory() as folder:
    ...     counts.to_csv(Path(folder) / "P1.csv.gz")
    ...     cells = read(Path(folder) / "P1.csv.gz")
    >>> cells.shape, cells.var_names.tolist()
    ((3, 2), ['FXYD3', 'ATP1A1'])
    """
    paths = [Path(source)] if isinstance(source, str | Path) else [Path(path) for path in source]
    if not paths:
        raise DataError("No file was named", "name a file or a folder of counts")
    named = [sample for path in paths for sample in _samples(path)]
    adata = named[0][1] if len(named) == 1 else _together(paths, named)
    beside = paths[0] / "metadata.csv"
    if len(paths) == 1 and beside.is_file():
        annotate(adata, beside)
    if obs:
        annotate(adata, Path(obs))
    return adata


def _samples(path: Path) -> list[tuple[str, ad.AnnData]]:
    name = path.name.lower()
    with reading(path, "data set"):
        if path.is_dir() and not _is_zarr(path):
            return [(sample, _noted(*read)) for sample, read in tenx.read_folder(path).items()]
        if match := tenx.MATRIX.match(path.name):
            return [(s, _noted(*read)) for s, read in tenx.read_folder(path.parent, prefix=match["prefix"]).items()]
    ending = next((e for e in (*TABLES, *HDF5, ".zarr", *INSTEAD) if name.endswith(e)), "")
    sample = path.name[: len(name) - len(ending)]
    if path.is_dir():
        with reading(path, "zarr store"):
            return [(sample, ad.io.read_zarr(path))]
    if ending in HDF5:
        with reading(path, f"{ending} file"):
            return [(sample, _read_hdf5(path))]
    if ending in TABLES:
        with reading(path, "table of counts"):
            return [(sample, tables.read_counts(path))]
    with reading(path, "data set"):
        raise DataError(
            f"{path.name} has a format that is not read here",
            INSTEAD.get(ending, "give .h5ad, .zarr, .loom, 10x .h5, a 10x folder, or a table .csv, .tsv or .txt"),
        )


def _is_zarr(path: Path) -> bool:
    return any((path / name).is_file() for name in ("zarr.json", ".zgroup"))


def _read_hdf5(path: Path) -> ad.AnnData:
    """Read an HDF5 file by what is inside, whatever its ending."""
    with h5py.File(path) as file:
        dense = [key for key in ("X", "raw/X") if isinstance(file.get(key), h5py.Dataset)]
        if "row_attrs" in file and "col_attrs" in file:
            return loom.read_loom(path)
        is_10x = "matrix" in file or any(
            "barcodes" in group for group in file.values() if isinstance(group, h5py.Group)
        )
        if not is_10x and not {"obs", "var"} <= file.keys():
            raise DataError(
                f"{path.name} is an HDF5 file of no known layout (it holds {few(list(file))})",
                "give .h5ad, .loom or 10x .h5",
            )
    return _noted(*tenx.read_h5(path)) if is_10x else ad.read_h5ad(path, as_sparse=dense, chunk_size=1000)


def _noted(adata: ad.AnnData, mended: list[str]) -> ad.AnnData:
    _note(adata, "mended", *mended)
    return adata


def _note(adata: ad.AnnData, level: str, *notes: str) -> None:
    about: dict[str, Any] = adata.uns.setdefault("fxyd3", {})
    about[level] = list(dict.fromkeys([*about.get(level, []), *notes]))


def _together(paths: list[Path], named: list[tuple[str, ad.AnnData]]) -> ad.AnnData:
    """Concatenate samples, on the genes that all of them have."""
    names = [name for name, _ in named]
    if len(set(names)) < len(names) and len(paths) == len(names):
        names = [f"{path.resolve().parent.name}_{name}" for path, name in zip(paths, names, strict=True)]
    if len(set(names)) < len(names):
        raise DataError(f"Two samples have the same name ({few(names)})", "give each file a name of its own")
    given = [part for _, part in named]
    notes = {
        level: [n for part in given for n in part.uns.get("fxyd3", {}).get(level, [])]
        for level in ("recognised", "mended")
    }
    parts = [_counts_only(name, part, notes["mended"]) for name, part in zip(names, given, strict=True)]
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", message="Observation names are not unique")  # mended below
        adata = ad.concat(parts, join="inner", merge="same")
    if adata.n_vars == 0:
        raise DataError("The samples have no gene in common", "give samples whose genes are named alike")
    adata.obs = pd.concat([part.obs for part in parts])
    if not adata.obs_names.is_unique:
        adata.obs_names = adata.obs["sample"].astype(str) + "_" + adata.obs_names.astype(str)
        notes["mended"].append("cell names occur in more than one sample: the sample was put before them")
    everywhere = len(set().union(*(part.var_names for part in parts)))
    notes["recognised"].append(
        f"{len(parts)} samples, with the {adata.n_vars:,} genes that all of them have (of {everywhere:,})"
    )
    for level, said in notes.items():
        _note(adata, level, *said)
    adata.uns["fxyd3"]["simulated"] = any(is_simulated(part) for part in given)
    return adata


def is_simulated(adata: ad.AnnData) -> bool:
    """Tell whether data are, or were made from, the twin."""
    return "twin" in adata.uns or bool(adata.uns.get("fxyd3", {}).get("simulated", False))


def _counts_only(name: str, adata: ad.AnnData, notes: list[str]) -> ad.AnnData:
    """Return the raw counts of a sample, on genes with unique names: only those can be brought into one order."""
    found = Findings(strict=True)
    X, _, var = find_counts(adata, None, found, name)
    X, var = merge_genes(X, var, found)
    notes.extend(f"{name}: {finding.what}" for finding in found.found if finding.level == "mended")
    return ad.AnnData(X, obs=adata.obs.assign(sample=name), var=var)


def annotate(adata: ad.AnnData, path: Path) -> None:
    """Join a table of cell annotations by cell name, in place; how many cells matched is noted.

    The column that holds most of the cell names is taken for them. A column that `obs` already has is replaced.

    Raises
    ------
    InputError
        When no cell matches, or a cell occurs twice in the table.
    """
    with reading(path, "table of cell annotations"):
        table = tables.read_annotations(path)
    check_sorted_cells(table, path.name)
    cells = adata.obs_names.astype(str)
    names = max(table.columns, key=lambda column: int(cells.isin(table[column].astype(str)).sum()))
    matched = int(cells.isin(table[names].astype(str)).sum())
    if not matched:
        raise DataError(
            f"None of the cells (such as {cells[0]!r}) stands in {path.name} (such as {table.iloc[0, 0]!r})",
            "give the table with the same cell names",
        )
    table = table.set_index(table[names].astype(str)).drop(columns=names)
    if not table.index.is_unique:
        twice = table.index[table.index.duplicated()]
        raise DataError(f"{path.name} names the cell '{twice[0]}' twice", "give one row for each cell")
    joined = table.reindex(cells).set_axis(adata.obs_names, axis=0)
    adata.obs = pd.concat([adata.obs.drop(columns=joined.columns, errors="ignore"), joined], axis=1)
    _note(adata, "recognised", f"{matched:,} of {len(cells):,} cells annotated from {path.name}")
